"""Contrastive gradient descent on the exact population, in balls: what it proves at one size."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import get_args

from flint import arb
from hypothesis import strategies as st

from refutable.certificate import Certificate
from refutable.claim import Case, Undecided
from refutable.claims.runs import collapse_script, contrastive
from refutable.claims.runs.exact_descent import sign_of
from refutable.claims.runs.region import rounded_up
from refutable.gap import Gap, at_least, at_most, identical
from refutable.model import ball_contrastive
from refutable.model.setting import Contrastive, Keys, Latents, Setting
from refutable.prove.recording import decimal
from refutable.reuse import shared

POSITIONS: Keys = "feature+position"
SIZES = (
    Setting.of_sizes(
        12, 8, 2, kappa_c=0.9, kappa_s=0.3, K=3, latents=Latents.constant(1.25),
        shared_partition=True, contrastive=Contrastive(tau=2.0, negatives=1, keys=POSITIONS),
    ),
    Setting.of_sizes(
        11, 5, 3, kappa_c=0.65, kappa_s=0.45, K=2, gamma=0.4, latents=Latents.constant(0.8),
        contrastive=Contrastive(tau=0.5, negatives=1),
    ),
    Setting.of_sizes(
        7, 3, 2, kappa_c=0.6, kappa_s=0.4, K=2, gamma=0.3, latents=Latents.constant(1.25),
        shared_partition=True, contrastive=Contrastive(tau=2.0, negatives=1, keys=POSITIONS),
    ),
    Setting.of_sizes(
        12, 8, 2, kappa_c=0.9, kappa_s=0.3, K=3, gamma=0.6, contrastive=Contrastive(negatives=2)
    ),
    Setting.of_sizes(
        10, 4, 2, kappa_c=0.6, kappa_s=0.4, K=2, gamma=0.3,
        contrastive=Contrastive(tau=2.0, negatives=2),
    ),
    Setting.of_sizes(
        14, 8, 2, kappa_c=0.8, kappa_s=0.3, K=3, contrastive=Contrastive(tau=0.5, negatives=1)
    ),
    Setting.of_sizes(
        24, 18, 3, kappa_c=0.9, kappa_s=0.35, K=2, contrastive=Contrastive(negatives=1)
    ),
)  # fmt: skip
"""C_1²/(P·C_s) = 2.7, 0.8, 0.6, 2.7, 0.8, 2.3, 4.5."""
NEXT_ORDER = Fraction(3, 2)
"""On leading terms, for what comes next: of order C_1/P, which is no small number here."""
MISSED = Fraction(1, 20)
"""1 - A_1 in the end: the reduced dynamics with mean counts pass it at two thirds of the time."""


@dataclass(frozen=True)
class Drawn:
    """Sizes of a population that is drawn: C_1, C_s, how many local areas, and M."""

    C_1: int
    C_s: int
    areas: int
    M: int

    @property
    def P(self) -> int:
        """All patches."""
        return self.C_1 + self.areas * self.C_s

    @property
    def vectors(self) -> int:
        """What a view may show of the local areas."""
        return (self.C_s + 1) ** self.areas

    @property
    def is_positive(self) -> bool:
        """Whether the sizes stand for Δ > 0."""
        return self.P * self.C_s < self.C_1**2

    @property
    def collapses(self) -> bool:
        """Whether the global area is the largest, in every view, and not half of it at first."""
        shown = self.P - self.M
        return self.C_s < self.C_1 and 0 < self.M < self.C_1 and 2 * shown * self.C_1 < self.P**2


DRAWN = tuple(
    sizes
    for sizes in itertools.starmap(
        Drawn, itertools.product(range(3, 15), range(1, 5), (1, 2, 3), range(1, 14))
    )
    if sizes.collapses and sizes.vectors <= 16
)
"""What a descent takes a tenth of a second for."""
BY_SIGN = tuple(
    tuple(sizes for sizes in DRAWN if sizes.is_positive is sign) for sign in (True, False)
)


@st.composite
def populations(draw: st.DrawFn) -> Setting:
    """Any of these sizes with constant latents, few clusters, and one or two negatives."""
    sizes = draw(st.sampled_from(draw(st.sampled_from(BY_SIGN))))
    keys = draw(st.sampled_from(get_args(Keys)))
    details = Contrastive(
        tau=draw(st.sampled_from([0.5, 1.0, 2.0, 4.0])),
        negatives=draw(st.sampled_from([1, 2] if sizes.vectors <= 9 else [1])),
        keys=keys,
    )
    return Setting.of_sizes(
        sizes.P,
        sizes.C_1,
        sizes.C_s,
        gamma=(sizes.M + 0.25) / sizes.P,
        K=draw(st.integers(2, 4)),
        latents=Latents.constant(draw(st.sampled_from([0.75, 1.0, 1.25]))),
        shared_partition=keys == POSITIONS,
        contrastive=details,
    )


def step_of(setting: Setting) -> Fraction:
    """η: eight units KP/z⁴ of the time in which training goes on."""
    return 8 * setting.K * setting.P / Fraction(repr(setting.latents.L)) ** 4


def steps_of(setting: Setting) -> int:
    """Steps in the time that trained models are given, which the reduced dynamics say."""
    details = replace(setting.contrastive, keys="feature")
    time = contrastive.training_time(setting.replace(contrastive=details))
    return math.ceil(time / step_of(setting))


def dominated_by(setting: Setting) -> Fraction:
    """|Φ_m|/Φ_1 at most: γ(C_s/C_1)² from their own likeness, b/(1-a) from pooling all other keys.

    a, b are the shares (1-γ)C_1/P and (1-γ)C_s/P; mean counts have dΦ_m/dΦ_1 → -b/(1-a).
    """
    seen = Fraction(setting.P - setting.M, setting.P)
    share_1, share_s = (seen * Fraction(C, setting.P) for C in (setting.C_1, setting.C_s))
    leading = max((1 - seen) * Fraction(setting.C_s, setting.C_1) ** 2, share_s / (1 - share_1))
    return NEXT_ORDER * leading


@dataclass(frozen=True)
class Proved:
    """Decided statements on one training of `steps` steps.

    half: first step with mean A_1 ≥ ½, None where that does not come. Bounds are lower or upper
    ends of balls: of α_1 over all steps, of Φ_m/Φ_1 after each, of 1 - A_1 at the last one.
    undecided: comparisons that the balls leave open. sums_to_0: every ball of Σ_q Υ_q holds 0.
    ends: lines of a script on the last state, and its largest radius.
    """

    steps: int
    half: int | None
    least_rate: float
    least_ratio: float
    greatest_ratio: float
    missed: float
    undecided: int
    sums_to_0: bool
    ends: tuple[str, ...]
    radius: float


@shared.run_once
def proved(setting: Setting, steps: int) -> Proved:
    """Descend by so many steps and decide every event by disjoint balls."""
    eta = step_of(setting)
    step = arb(eta.numerator) / eta.denominator
    half, undecided, sums_to_0, last = None, 0, True, None
    rate, low, high = arb("inf"), arb("inf"), arb("-inf")
    for seen in ball_contrastive.descend(setting, eta, steps):
        undecided += seen.alpha[0].contains(0) + (seen.attention - arb("0.5")).contains(0)
        if half is None and seen.attention > arb("0.5"):
            half = seen.steps
        after = [x + step * alpha for x, alpha in zip(seen.phi, seen.alpha, strict=True)]
        ratio = after[1] / after[0]
        rate = arb(min(rate, seen.alpha[0].lower()))
        low, high = arb(min(low, ratio.lower())), arb(max(high, ratio.upper()))
        sums_to_0 = sums_to_0 and seen.shift.contains(0)
        last = seen
    assert last is not None
    return Proved(
        steps=steps,
        half=half,
        least_rate=-rounded_up(-rate),
        least_ratio=-rounded_up(-low),
        greatest_ratio=rounded_up(high),
        missed=rounded_up((1 - last.attention).upper()),
        undecided=undecided,
        sums_to_0=sums_to_0,
        ends=collapse_script.ends(last),
        radius=collapse_script.widest(last),
    )


def name_of(setting: Setting) -> str:
    """How a training is called in gaps."""
    details = setting.contrastive
    return (
        f"P = {setting.P}, C_1 = {setting.C_1}, C_s = {setting.C_s}, K = {setting.K}, "
        f"N_c = {details.negatives:g}, τ = {details.tau:g}, keys {details.keys}"
    )


def collapsed(setting: Setting) -> Iterator[Gap | Case | Undecided]:
    """What is decided of the training at one of the sizes."""
    yield Case(regimes_of(setting))
    yield from decided(setting, f"{name_of(setting)}: ")


def decided(setting: Setting, name: str = "") -> Iterator[Gap | Undecided]:
    """A_1 passes ½ and comes close to 1, Φ_1 never falls and dominates, Υ sums to 0.

    name: how the training is called in gaps.
    """
    found = proved(setting, steps_of(setting))
    if found.undecided:
        yield Undecided(f"{name}signs", f"{found.undecided} comparisons that balls leave open")
        return
    yield identical(
        f"{name}T_½ comes", found.half is not None, True, "balls of A_1 and ½ are disjoint",
        certificate=certificate(setting, found),
    )  # fmt: skip
    yield at_least(
        f"{name}smallest α_1 at any step", Fraction(found.least_rate), 0, 0, "Φ_1 never falls"
    )
    yield at_most(
        f"{name}1-A_1 at the end, mean over views",
        Fraction(found.missed),
        MISSED,
        0,
        "what the reduced dynamics pass at two thirds of the time; the upper end of a ball",
    )
    yield at_most(
        f"{name}largest |Φ_m|/Φ_1 after any step",
        Fraction(max(-found.least_ratio, found.greatest_ratio)),
        dominated_by(setting),
        0,
        "slopes of the two leading terms of Φ_m (cl.locals-stay), and half of that for what comes "
        "next, of order C_1/P, which at these sizes is no small number",
    )
    yield identical(f"{name}Σ_q Υ_q is 0", found.sums_to_0, True, "every ball holds 0")


def regimes_of(setting: Setting) -> tuple[str, ...]:
    """What a training shows: the sign that its sizes stand for, and which constants are not 1."""
    has = {
        "z ≠ 1": setting.latents.L != 1,
        "τ ≠ 1": setting.contrastive.tau != 1,
        "γ ≠ ½": setting.gamma != 0.5,
        "positions in the keys": setting.contrastive.keys == POSITIONS,
        "several negatives": setting.contrastive.negatives > 1,
    }
    return (sign_of(setting), *(name for name, holds in has.items() if holds))


def said(found: Proved) -> Iterator[str]:
    """The same, as the lines of a script."""
    yield f"(first halfway {found.half})" if found.half is not None else ""
    yield f"(least alpha_1 {_decimal(found.least_rate)})"
    yield f"(least ratio {_decimal(found.least_ratio)})"
    yield f"(greatest ratio {_decimal(found.greatest_ratio)} {found.steps + 1})"
    yield from found.ends


def _decimal(number: float) -> str:
    return decimal(arb(number), 12)


def certificate(setting: Setting, found: Proved) -> Certificate:
    """A file of the training, with all that was decided."""
    lines = said(found)
    return collapse_script.certificate(setting, step_of(setting), found.steps, lines, found.radius)
