"""The flow of one query over laws of counts and latents, as equations for `claims-recheck`.

They are written a third time: `model.reduced` has them in floats, `model.ball_fluctuating` in
balls. A case is one value of the own and of the global latent and of both areas' visible counts,
with its chance; in `flow_script`'s notation, correlations are in units of 1/U, σ = U(Φ_n - Φ_1).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from refutable.certificate import Certificate
from refutable.claims.mae import flow_script
from refutable.claims.mae.flow_script import Constant, Equations, Root
from refutable.model.ball_events import Enclosure
from refutable.model.ball_fluctuating import SHARP, areas_around
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind

STATE = (*flow_script.STATE, "ups_p")
MOMENTS = {"m0": "on_{j}", "m1": "z_{j}*on_{j}", "m2": "zon_{j}**2", "m3": "z_{j}*zon_{j}**2"}
"""E of what stands over the latents of the other areas, with e^{Υ_m} in each factor."""
OF_LATENT = {
    "on_{j}": "exp(z_{j}/z_U*phi_m + ups_m)",
    "zon_{j}": "z_{j}*on_{j}",
    "first_{j}": "exp(z_{j}/z_U*phi_1 + ups_1)",
    "own_{j}": "exp(z_{j}/z_U*phi_n + ups_n)",
}
SHARED = {
    "e_1": "exp(ups_1)", "e_n": "exp(ups_n)", "e_m": "exp(ups_m)", "e_p": "exp(ups_p)",
    "dark_p": "e_p*per_P",
}  # fmt: skip
OF_CASE = {
    "W_{i}": "g_{i}*first_{g}",
    "crowd_{i}": "o_{i}*m0 + od_{i}*e_m",
    "d_{i}": "W_{i} + crowd_{i} + gd_{i}*e_1 + nd_{i}*e_n + dark_p",
    "over_{i}": "1/d_{i}",
    "x_{i}": "W_{i}*over_{i}",
    "B_{i}": "1/(1 + n_{i}*own_{n}*over_{i})",
    "A_{i}": "n_{i}*own_{n}*over_{i}*B_{i}",
    "push_{i}": "z_{g}**2*x_{i}",
    "squares_{i}": "sq_{i}*m2*over_{i}**2",
    "leak_{i}": "push_{i}*x_{i} + squares_{i}",
    "by_{i}": "c_{i}*B_{i}**2",
    "turn_{i}": "z_{n}**2*A_{i}",
    "up_{i}": "by_{i}*A_{i}*(z_{n}**2 + leak_{i})",
    "seen_by_1_{i}": "push_{i}*(A_{i} + B_{i}*(1 - x_{i})) + turn_{i}",
    "down_{i}": "by_{i}*x_{i}*(seen_by_1_{i} - squares_{i}*B_{i})",
    "dark_{i}": "by_{i}*over_{i}*(leak_{i}*B_{i} - turn_{i})",
}
"""W_n/d = n·own/d is what A_n/(1 - A_n) is; with no visible own patch n = 0, hence A = 0, B = 1."""
SUMS = {
    "own_rate": "z_{n}*up_{i}",
    "global_rate": "z_{g}*down_{i}",
    "pull_n": "up_{i}",
    "pull_1": "down_{i}",
    "a_m": "share_{i}*m1*dark_{i} - by_{i}*over_{i}**2*square_{i}*m3",
    "b_1": "gd_{i}*e_1*dark_{i}",
    "b_n": "nd_{i}*e_n*dark_{i}",
    "b_m": "crowd_{i}*dark_{i} - by_{i}*squares_{i}",
    "b_p": "dark_{i}",
    "att": "c_{i}*A_{i}",
    "missing": "by_{i}*(seen_{i}*z_{n}**2 + leak_{i})",
}
"""E over the cases."""
RATES = {"up": "z_U*own_rate", "down": "z_U*global_rate", "unit": "1/(up + down)"}
REST = {"half": "(1 - att)/att - 1", "done": "missing*masked/2/loss_gap - 1"}
SLOPES = {
    "phi_m": "z_U*each*a_m*unit",
    "ups_1": "(b_1 - pull_1)*unit*per_1",
    "ups_n": "(b_n + pull_n)*unit*per_n",
    "ups_m": "b_m*unit*per_m",
    "time": "per_time*unit",
    "ups_p": "e_p*b_p*unit*per_self",
}
ALONE = {"ups_1": "(b_1*unit - fall/z_U**2)*per_1", "ups_n": "(b_n*unit + rise/z_U**2)*per_n"}
"""One latent: the pulls on visible keys are those of the features, and do not swell."""


@dataclass(frozen=True)
class Case:
    """Latents by number, chance, counts over P, whether an own patch is visible.

    own, first, others: visible keys, each beside those that are masked. squares: E Σ u_m² over P².
    share, square: of one other area, E u_m/C_s, and E u_m²/C_s over P.
    """

    own_latent: int
    first_latent: int
    chance: Fraction
    seen: bool
    own: Fraction
    own_dark: Fraction
    first: Constant
    first_dark: Constant
    others: Constant
    others_dark: Constant
    squares: Constant
    share: Constant
    square: Constant

    @property
    def constants(self) -> Iterator[tuple[str, Constant]]:
        """By the names in the formulas."""
        names = ("c", "seen", "n", "nd", "g", "gd", "o", "od", "sq", "share", "square")
        values = (
            self.chance, int(self.seen), self.own, self.own_dark, self.first, self.first_dark,
            self.others, self.others_dark, self.squares, self.share, self.square,
        )  # fmt: skip
        yield from zip(names, values, strict=True)


def drawn(N: int, K: int, n: int, u: int) -> Fraction:
    """The chance that of n drawn of N, K of them marked, u are marked."""
    numbers = [Fraction(n - i, N - i) for i in range(u)]
    numbers += [Fraction(N - n - i, N - u - i) for i in range(K - u)]
    return math.comb(K, u) * math.prod(numbers, start=Fraction(1))


def counted(setting: Setting, query: QueryKind) -> Iterator[Case]:
    """Every own count; the global one given it at its mean ± its deviation; all latents."""
    P, V, areas = setting.P, setting.P - setting.M, areas_around(setting, query)
    own, rest = areas.own - 1, areas.global_ + areas.others
    for (i, q), (j, p) in _latents(setting, query):
        for u in range(max(0, V - rest), min(own, V) + 1):
            left = V - u
            mean = Fraction(left * areas.global_, rest)
            variance = mean * Fraction(areas.others * (rest - left), rest * (rest - 1))
            sharp = variance <= SHARP * mean**2
            chance = q * p * drawn(P - 1, own, V, u)
            for sign in (0,) if sharp else (-1, 1):
                first = Root(mean, sign, variance)
                others = Root(left - mean, -sign, variance)
                pairs = Fraction(areas.pairs, areas.others * (areas.others - 1))
                pair = Fraction(areas.each - 1, areas.others - 1)
                yield Case(
                    i, j, chance if sharp else chance / 2, u > 0,
                    Fraction(u, P), Fraction(own - u, P),
                    first.over(P), first.short_of(areas.global_).over(P),
                    others.over(P), others.short_of(areas.others).over(P),
                    others.with_pairs(pairs).over(P**2),
                    others.over(areas.others),
                    others.with_pairs(pair).over(areas.others * P),
                )  # fmt: skip


def at_mean(setting: Setting, query: QueryKind) -> Iterator[Case]:
    """All latents, and every count at its mean."""
    dark, areas = Fraction(repr(setting.gamma)), areas_around(setting, query)
    seen = 1 - dark
    own, first, others, each = (
        Fraction(n, setting.P) for n in (areas.own, areas.global_, areas.others, areas.each)
    )
    for (i, q), (j, p) in _latents(setting, query):
        yield Case(
            i, j, q * p, True, seen * own, dark * own, seen * first, dark * first,
            seen * others, dark * others, seen**2 * others * each, seen, seen**2 * each,
        )  # fmt: skip


def _latents(
    setting: Setting, query: QueryKind
) -> Iterator[tuple[tuple[int, Fraction], tuple[int, Fraction]]]:
    """Own and global latent, each with its chance; a global query has one global area alone."""
    law = [(i, Fraction(repr(q))) for i, q in enumerate(setting.latents.probabilities)]
    yield from itertools.product(law, law if query == "local" else [(0, Fraction(1))])


def equations(
    setting: Setting, query: QueryKind, loss_gap: Fraction, *, mean: bool = False
) -> Equations:
    """Of fluctuating counts, or of counts at their mean."""
    P, areas, latents = setting.P, areas_around(setting, query), setting.latents
    cases = list((at_mean if mean else counted)(setting, query))
    U, dark = Fraction(repr(latents.U)), Fraction(repr(setting.gamma))
    joint = setting.K if setting.shared_partition and not mean else 1
    own = areas.own if mean else areas.own - 1
    constants: dict[str, Constant] = {
        "z_U": U, "loss_gap": loss_gap, "each": Fraction(areas.each, P),
        "masked": dark if mean else Fraction(setting.M, P),
        "per_P": Fraction(0) if mean else Fraction(1, P),
        "per_1": Fraction(joint, max(areas.global_, 1)), "per_n": Fraction(joint, own),
        "per_m": Fraction(joint, areas.others),
        "per_self": Fraction(0) if mean else Fraction(joint, P),
        "per_time": U**4 * (1 - dark) * Fraction(areas.own, P),
    }  # fmt: skip
    constants |= {f"z_{j}": Fraction(repr(z)) for j, z in enumerate(latents.values)}
    constants |= {f"q_{j}": Fraction(repr(q)) for j, q in enumerate(latents.probabilities)}
    for i, case in enumerate(cases):
        constants |= {f"{name}_{i}": value for name, value in case.constants}
    numbers = range(len(latents.values))
    weights = dict(SHARED)
    weights |= {k.format(j=j): v.format(j=j) for j in numbers for k, v in OF_LATENT.items()}
    for name, term in MOMENTS.items():
        weights[name] = " + ".join(f"q_{j}*({term.format(j=j)})" for j in numbers)
    for i, case in enumerate(cases):
        at = {"i": i, "n": case.own_latent, "g": case.first_latent}
        weights |= {k.format(**at): v.format(**at) for k, v in OF_CASE.items()}
    for name, term in SUMS.items():
        weights[name] = " + ".join(
            f"({term.format(i=i, n=case.own_latent, g=case.first_latent)})"
            for i, case in enumerate(cases)
        )
    alone = ALONE if latents.is_constant else {}
    return Equations(constants, STATE, weights | RATES, REST, SLOPES | alone)


def certificate(
    setting: Setting, query: QueryKind, loss_gap: Fraction, found: Enclosure, *, mean: bool = False
) -> Certificate:
    """How the flow was enclosed, and a file that holds the path and its events."""
    of = equations(setting, query, loss_gap, mean=mean)
    return flow_script.certificate_of(of, query, found)
