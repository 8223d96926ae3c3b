"""Contrastive learning: four numbers hold the shared row, and few counts the population.

Source: none; derived here. Beside cl.rank-one it is what gradient descent on the exact population
stands on (`exact_collapse`): the rates that balls sum over counts are those of every view.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from refutable import property as properties
from refutable.claim import Claim, Context, Evidence, Provenance
from refutable.claims import assumptions
from refutable.gap import Gap, at_most
from refutable.model import ball_contrastive, correlations, enumeration, gradients
from refutable.model.ball_descent import precision
from refutable.model.data import Floats
from refutable.model.setting import Contrastive, Keys, Latents, Setting
from refutable.prove.balls import ball

lumping = Claim(
    id="cl.lumping",
    title="Alike areas share one rate, and counts of visible patches give it",
    statement=(
        r"\text{one row, }z\text{ constant},\ C_m=C_s,\ "
        r"\Phi_{v_{k,j}}\in\{\Phi_1,\Phi_m\},\ \Upsilon_q\in\{\Upsilon_1,\Upsilon_m\}:\ "
        r"\alpha_1,\alpha_m,\beta_1,\beta_m\text{ are alike too, and with }v=|\mathcal U\cap"
        r"\mathcal P_{k,1}|,\ A_1=A_1(v),\ A_m=b(v)u_m:\ "
        r"\mathrm{Sim}=z^2(A_1A_1'+bb'\textstyle\sum_mu_mu_m')"
        r"\text{; hence from }Q=0\text{ four numbers hold }Q"
    ),
    provenance=Provenance.DERIVED,
    assumptions=(
        "orthonormal features",
        "orthonormal positions",
        "fixed identity value matrix",
        "uniform masking",
        "population gradient",
        "contrastive details",
    ),
    rests_on=("cl.rank-one", "cl.gradient-feature", "cl.gradient-position"),
)


@dataclass(frozen=True)
class State:
    """A population, and any row that treats alike areas alike."""

    setting: Setting
    phi: tuple[float, float]
    upsilon: tuple[float, float]


MOST_VIEWS = 25_000
"""Pairs of views with negatives that a case may enumerate."""


def _fits(C_1: int, C_s: int, areas: int, M: int, K: int, negatives: int) -> bool:
    P = C_1 + areas * C_s
    masks = math.comb(P, M) if M < P else MOST_VIEWS
    return masks * (K * masks) ** (1 + negatives) <= MOST_VIEWS


POPULATIONS = [
    sizes
    for sizes in itertools.product(
        range(1, 5), range(1, 4), range(1, 4), range(1, 5), (1, 2, 3), (1, 2)
    )
    if sizes[0] + sizes[1] * sizes[2] >= 3 and _fits(*sizes)
]
"""C_1, C_s, how many local areas, M, K, N_c."""


@st.composite
def states(draw: st.DrawFn) -> State:
    """Any of these populations, under the readings that lump, and any row."""
    C_1, C_s, areas, M, K, negatives = draw(st.sampled_from(POPULATIONS))
    keys: Keys = draw(st.sampled_from(["feature", "feature+position"]))
    P = C_1 + areas * C_s
    setting = Setting.of_sizes(
        P,
        C_1,
        C_s,
        gamma=(M + 0.25) / P,
        K=K,
        latents=Latents.constant(draw(st.sampled_from([0.75, 1.0, 1.5]))),
        placement=draw(st.sampled_from(["contiguous", "random"])),
        shared_partition=keys != "feature" or draw(st.booleans()),
        contrastive=Contrastive(
            tau=draw(st.sampled_from([0.25, 1.0, 4.0])), negatives=negatives, keys=keys
        ),
    )
    anything = st.floats(-3, 3)
    upsilon = (draw(anything), draw(anything)) if keys != "feature" else (0.0, 0.0)
    return State(setting, (draw(anything), draw(anything)), upsilon)


def in_balls(state: State) -> tuple[Floats, float]:
    """α_1, α_m, β_1, β_m, and mean A_1 over views, by counts."""
    with precision(128):
        phi, upsilon = (tuple(map(ball, part)) for part in (state.phi, state.upsilon))
        alpha, beta, attention = ball_contrastive.Population(state.setting).rates(phi, upsilon)
        return np.array([float(x) for x in (*alpha, *beta)]), float(attention)


def on_every_view(state: State) -> tuple[Floats, float]:
    """Least and largest of the same rates over areas and keys, (4, 2), and mean A_1."""
    setting = state.setting
    views = enumeration.views(setting, int(setting.contrastive.negatives))
    inside = setting.area_of[0] == 0
    first = np.arange(setting.features) % setting.areas == 0
    phi, upsilon = (
        np.where(where, *values)[None]
        for where, values in ((first, state.phi), (inside, state.upsilon))
    )
    alpha, beta, _ = gradients.contrastive(setting, views, phi, upsilon)
    parts = (alpha[:, first], alpha[:, ~first], beta[:, inside], beta[:, ~inside])
    A = correlations.area_attention(setting, views.first, phi, upsilon)[:, 0, 0]
    return np.array([[part.min(), part.max()] for part in parts]), float(views.first.weights @ A)


ROUNDING = 1e-12
"""Relative: float64 sums of at most MOST_VIEWS products."""
REGIMES = (
    "K = 1",
    "K > 1",
    "shared partition",
    "one local area",
    "several patches masked",
    "most patches masked",
    "one negative",
    "several negatives",
    "τ < 1",
    "τ > 1",
    "z ≠ 1",
    "keys = feature",
    "keys = feature+position",
)


@lumping.leg("property", require=REGIMES)
def counts_against_every_view(context: Context) -> Evidence:
    """Rates in balls by counts, against closed forms on every view, for any such row."""

    def gaps(state: State) -> Iterator[Gap]:
        (rates, attention), (expected, mean) = in_balls(state), on_every_view(state)
        unit = max(state.setting.latents.U, 1) * state.setting.latents.U**2 / state.setting.P
        why = "rounding of float64 only, relative to max(1, z)z²/P, the order of a row's gradient"
        off = np.abs(expected - rates[:, None]).max() / unit
        yield at_most("largest difference of a rate", float(off), 0, ROUNDING, why)
        why = "rounding of float64 only"
        yield at_most("difference of mean A_1", abs(attention - mean), 0, ROUNDING, why)

    return properties.search(
        context,
        states(),
        gaps,
        examples=context.at(quick=80, full=400),
        regimes_of=lambda state: assumptions.regimes_of(state.setting),
        require=REGIMES,
    )


lumping.mistake(
    ball_contrastive.pulls,
    "the pull of the loss is doubled",
    lambda original: lambda *given: tuple(2 * g for g in original(*given)),
)
lumping.mistake(
    ball_contrastive.of_cluster,
    "a negative is of the sample's cluster once in K + 1 times",
    lambda original: lambda setting, same: original(setting.replace(K=setting.K + 1), same),
)
lumping.mistake(
    ball_contrastive.counts,
    "masks that show least of the global area are left out",
    lambda original: lambda setting: dict(list(original(setting).items())[:-1]),
)
lumping.mistake(
    ball_contrastive.Population,
    "the temperature is taken for 1",
    lambda original: (
        lambda setting: original(
            setting.replace(contrastive=dataclasses.replace(setting.contrastive, tau=1.0))
        )
    ),
)
lumping.mistake(
    ball_contrastive.sets_of,
    "two views that show the same are counted twice",
    lambda original: (
        lambda law, size: (
            (chosen, chance * (2 if len({*chosen}) < size else 1))
            for chosen, chance in original(law, size)
        )
    ),
)

CLAIMS = (lumping,)
