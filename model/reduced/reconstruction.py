"""Reduced reconstruction dynamics: one masked query's row of Q (Definitions 2.4, 2.5, 3.1).

The latents of the many other local areas enter by the law of large numbers (exact for constant
latents). Mask counts fluctuate as they do in training; `counts="mean"` puts them at their mean, the
limit of large areas (claim tier.reduced). For K > 1 clusters meet through the positions.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from refutable.model.reduced import coupling, fluctuating, mean_counts
from refutable.model.reduced.clock import RTOL, State, integrate, require_tractable
from refutable.model.reduced.counts import areas_of
from refutable.model.setting import Setting, SettingError
from refutable.model.shapes import Array, Float
from refutable.model.trajectory import Event, QueryKind, Series, Trajectory, events

TINY = 1e-320  # stands for 0 inside a logarithm
PHI_1, PHI_N = 0, 1
STATES = 7
"""Φ_1, Φ_n, Φ_m, Υ_1, Υ_n, Υ_m, Υ_p: the state of a query, and the first of its rate sums. In both
Φ_m and Υ_m of the other areas of every further size come last."""
ATTENTION_1, ATTENTION_N, MISSING = 7, 8, 9

MaskCounts = Literal["fluctuating", "mean"]
Sums = Callable[[State], tuple[float, ...]]


class MaeRates(NamedTuple):
    """What drives a masked query's row of Q at one state, and what the query attends to.

    alpha_*: -∂L/∂Φ towards the feature of the global, of the own and of one other local area;
    beta_*: -∂L/∂Υ towards one patch of these areas, the mean over masks (Definition 3.1), and
    beta_self towards the query itself. For a global query own and global coincide. Attentions are
    means over latents and masks; loss_gap is L_p - L*_p.
    """

    alpha_global: float
    alpha_own: float
    alpha_other: float
    beta_global: float
    beta_own: float
    beta_other: float
    beta_self: float
    global_attention: float
    own_attention: float
    loss_gap: float


def rate_sums(
    setting: Setting, query: QueryKind, counts: MaskCounts = "fluctuating", size: int | None = None
) -> Sums:
    """The rates of one cluster's query as functions of its state, without Pr(p masked)/K.

    See `fluctuating.rate_sums`, which also says what is refused; mean counts know no other sizes.
    """
    if counts == "fluctuating":
        return fluctuating.rate_sums(setting, query, size)
    if size not in (None, setting.C_s):
        raise SettingError(f"with counts at their mean a local area has C_s patches, not {size}")
    return mean_counts.rate_sums(setting, query)


def masked_share(setting: Setting, counts: MaskCounts) -> float:
    """Pr(p masked): M/P, or γ at large P."""
    return setting.M / setting.P if counts == "fluctuating" else setting.gamma


def mae_rates(
    setting: Setting,
    query: QueryKind,
    *,
    phi_global: float = 0.0,
    phi_own: float = 0.0,
    phi_other: float = 0.0,
    upsilon_global: float = 0.0,
    upsilon_own: float = 0.0,
    upsilon_other: float = 0.0,
    upsilon_self: float = 0.0,
    counts: MaskCounts = "fluctuating",
) -> MaeRates:
    """Rates at the given correlations, per unit of t (claims grad.own, grad.other, grad.position).

    For a global query phi_own and upsilon_own count; phi_global and upsilon_global are ignored.
    Raises SettingError for an unknown query, one alone in its area, or P beyond 1e300.
    """
    require_tractable(setting, 1.0)
    state = (
        phi_global, phi_own, phi_other, upsilon_global, upsilon_own, upsilon_other, upsilon_self
    )  # fmt: skip
    a_1, a_n, a_m, b_1, b_n, b_m, b_p, attention_1, attention_n, missing, *_ = rate_sums(
        setting, query, counts
    )(state)
    if query == "global":
        a_1, b_1, attention_1 = a_n, b_n, attention_n
    masked = masked_share(setting, counts)
    rate, C_n = masked / setting.K, setting.C_s if query == "local" else setting.C_1
    return MaeRates(
        alpha_global=rate * a_1,
        alpha_own=rate * a_n,
        alpha_other=rate * a_m * (setting.C_s / setting.P),
        beta_global=rate * b_1 / setting.C_1,
        beta_own=rate * b_n / C_n,
        beta_other=rate * b_m / setting.P,
        beta_self=rate * b_p / setting.P,
        global_attention=attention_1,
        own_attention=attention_n,
        loss_gap=0.5 * masked * missing,
    )


class Rows:
    """Rows of Q that move together: that of the query asked for, and of those that it meets.

    Where clusters are coupled it meets itself and others, as local or global ones, in the other
    clusters. States are laid end to end in units of their expected sizes over log P, so that one
    tolerance fits all; with a negative gap what is global stays below 1 by P^Δ (claims
    local+.positions-small, local-.positions-small).
    """

    def __init__(
        self, setting: Setting, query: QueryKind, counts: MaskCounts, size: int | None
    ) -> None:
        """Raise SettingError for what `rate_sums` refuses."""
        self.setting, self.masked = setting, masked_share(setting, counts)
        self.rate = self.masked / setting.K
        sums = rate_sums(setting, query, counts, size)
        self.own = setting.C_s if query == "local" else setting.C_1
        if counts == "fluctuating":
            self.own = areas_of(setting, query, size).own
        rows: list[coupling.Met] = [(query, self.own)]
        if counts == "fluctuating" and coupling.is_coupled(setting):
            met = coupling.met_as(setting)
            rows += [row for row in met if row not in rows]
            self._met = [rows.index(row) for row in met]
            self._seen = [coupling.overlap(setting, *row) for row in rows]
        self._sums = [sums, *(rate_sums(setting, kind, counts, own) for kind, own in rows[1:])]
        self.hold = min(1.0, setting.C_1 / setting.P * (setting.C_1 / setting.C_s))
        units = [self._units(kind, own, counts) for kind, own in rows]
        self.units = list(itertools.chain(*units))
        ends = list(itertools.accumulate(map(len, units), initial=0))
        self._rows = [slice(*pair) for pair in itertools.pairwise(ends)]

    def _units(self, query: QueryKind, own: int, counts: MaskCounts) -> list[float]:
        """Expected sizes of a row's state over log P."""
        setting, sizes = self.setting, [self.setting.C_s]
        if counts == "fluctuating":
            sizes = [kind.size for kind in areas_of(setting, query, own).kinds]
        phi_m, *further = (size / setting.P for size in sizes)
        key = 1 / setting.P
        return [
            self.hold, 1.0, phi_m, self.hold / setting.C_1, 1 / own, key, key,
            *itertools.chain(*((phi, key) for phi in further)),
        ]  # fmt: skip

    @property
    def start(self) -> list[float]:
        """Q = 0."""
        return [0.0] * len(self.units)

    def sums(self, x: State) -> list[tuple[float, ...]]:
        """The rate sums of every row, the asked one first."""
        flat = [unit * value for unit, value in zip(self.units, x, strict=True)]
        if len(self._sums) == 1:
            return [self._sums[0](flat)]
        states = [flat[row] for row in self._rows]
        met = [states[row] for row in self._met]
        return [
            sums(coupling.with_other_clusters(self.setting, seen, state, met))
            for sums, seen, state in zip(self._sums, self._seen, states, strict=True)
        ]

    def velocity(self, sums: list[tuple[float, ...]]) -> list[float]:
        """dx/dt over Pr(p masked)/K."""
        found = []
        for a_1, a_n, a_m, b_1, b_n, b_m, b_p, _, _, _, *further in sums:
            found += [a_1 / self.hold, a_n, a_m, b_1 / self.hold, b_n, b_m, b_p, *further]
        return found


def mae(
    setting: Setting,
    query: QueryKind,
    *,
    loss_gap: float = 1e-3,
    log_t_max: float | None = None,
    rtol: float = RTOL,
    counts: MaskCounts = "fluctuating",
    size: int | None = None,
) -> Trajectory:
    """Reduced gradient flow of one masked query from Q = 0 until L_p - L*_p = loss_gap.

    Latents are averaged over their law, rates carry Pr(p masked)/K, L_p is the mean over clusters
    (Definitions 2.5, 3.1; claims local+.*, local-.*, global.*). log t never decreases, but stands
    still to double precision while Φ_n jumps. half has log_t = -inf when the mean own attention is
    one half at the start already; it is None where hidden own areas keep that mean below.
    log_t_max: natural logarithm of the time to give up at (then done is None); by default some 1e13
    times the time that theory expects. size: of a local query's own area, C_s unless given.
    Raises SettingError for an unknown query, one alone in its area, a size that no local area has,
    P beyond 1e300, or a loss_gap not below the initial one.
    """
    require_tractable(setting, loss_gap)
    rows = Rows(setting, query, counts, size)

    @functools.lru_cache(maxsize=2)  # the watches ask for the same state
    def at(*x: float) -> list[tuple[float, ...]]:
        return rows.sums(x)

    def gap(sums: tuple[float, ...]) -> float:
        return 0.5 * rows.masked * sums[MISSING]

    start = at(*rows.start)
    if gap(start[0]) <= loss_gap:
        raise SettingError(f"loss_gap must be below the initial {gap(start[0])}")
    unit = 1 / (setting.latents.U * max(abs(a_1) + a_n for a_1, a_n, *_ in start))
    pull = setting.latents.U * unit

    def flow(x: State) -> tuple[list[float], float]:
        sums = rows.sums(x)
        pace = pull * max(abs(a_1) + a_n for a_1, a_n, *_ in sums)
        return [unit * v for v in rows.velocity(sums)], pace

    def lead_of_global(y: State) -> float:
        a_1, a_n, *_ = at(*y[:-1])[0]
        return math.log(max(abs(a_1), TINY) / a_n)

    def short_of_half(y: State) -> float:
        return 0.5 - at(*y[:-1])[0][ATTENTION_N]

    def loss_left(y: State) -> float:
        return math.log(gap(at(*y[:-1])[0]) / loss_gap)

    local, (a_1, a_n, *_) = query == "local", start[0]
    switches = local and abs(a_1) > a_n
    watches = [lead_of_global] * switches + [short_of_half, loss_left]
    if log_t_max is None:
        expected = math.log(setting.P / rows.own / (1 - setting.gamma) / rows.rate)
        log_t_max = expected - math.log(loss_gap) + 30
    log_unit = math.log(unit / rows.rate)
    run = integrate(flow, len(rows.units), log_unit, watches, log_t_max, rtol)

    def moment(crossing: tuple[float, Float[Array, "n"]] | None) -> Event | None:
        if crossing is None:
            return None
        log_t, (x_1, x_n, *_) = crossing
        return Event(log_t, float(rows.hold * x_1 if local else x_n), float(x_n))

    switch, half, done = [None] * (not switches) + [moment(c) for c in run.crossings]
    if start[0][ATTENTION_N] >= 0.5:
        half = Event(-math.inf, 0.0, 0.0)
    found = np.array([at(*x)[0] for x in run.path.tolist()])
    series = _series(rows, query, run.path, found)
    return Trajectory(
        setting=setting, objective="mae", query=query, engine="reduced",
        log_t=run.log_t, switch=switch, half=half, done=done, **series,
    )  # fmt: skip


def descend(
    setting: Setting,
    query: QueryKind,
    *,
    step: float,
    steps: int,
    loss_gap: float | None = None,
    size: int | None = None,
) -> Trajectory:
    """Gradient descent in the reduced dynamics: every step's state, for trained models' comparison.

    step: η. Entry i is the state after i + 1 steps. Events are interpolated between steps; done is
    that of loss_gap. Refuses what `mae` refuses.
    """
    require_tractable(setting, 1.0 if loss_gap is None else loss_gap)
    rows, x, path, found = Rows(setting, query, "fluctuating", size), [], [], []
    x = rows.start
    for _ in range(steps + 1):
        sums = rows.sums(x)
        path.append(x)
        found.append(sums[0])
        x = [u + step * rows.rate * v for u, v in zip(x, rows.velocity(sums), strict=True)]
    log_t, (a_1, a_n, *_) = np.log(step * np.arange(1, steps + 1)), found[0]
    series = _series(rows, query, np.array(path[1:]), np.array(found[1:]))
    switches = query == "local" and abs(a_1) > a_n
    switch, half, done = events(log_t, series, switches=switches, loss_gap=loss_gap)
    return Trajectory(
        setting=setting, objective="mae", query=query, engine="reduced",
        log_t=log_t, switch=switch, half=half, done=done, **series,
    )  # fmt: skip


def _series(
    rows: Rows, query: QueryKind, path: Float[Array, "T x"], found: Float[Array, "T sums"]
) -> dict[str, Series]:
    """The series of a `Trajectory` from the asked row's states and rate sums, (T, ...) each."""
    phi_1, phi_n, phi_m, ups_1, ups_n, ups_m, _ = (path * np.array(rows.units)).T[:STATES]
    a_1, a_n, att_1, att_n, missing = found.T[[PHI_1, PHI_N, ATTENTION_1, ATTENTION_N, MISSING]]
    if query == "global":
        phi_1, ups_1, a_1, att_1 = phi_n, ups_n, a_n, att_n
    return {
        "phi_global": phi_1,
        "phi_own": phi_n,
        "phi_other": phi_m,
        "upsilon_own": ups_n,
        "upsilon_global": ups_1,
        "upsilon_other": ups_m,
        "rate_global": rows.rate * a_1,
        "rate_own": rows.rate * a_n,
        "own_attention": att_n,
        "global_attention": att_1,
        "loss_gap": 0.5 * rows.masked * missing,
    }
