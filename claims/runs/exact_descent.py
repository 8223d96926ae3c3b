"""Gradient descent on the exact population, in balls: what it proves of a training at one size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from refutable.certificate import Certificate
from refutable.claims.runs import descent_script
from refutable.claims.runs.region import rounded_up
from refutable.gap import Gap, at_least, at_most, identical
from refutable.model import ball_descent
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind
from refutable.prove.recording import decimal
from refutable.reuse import shared

STEP = Fraction(1)
"""η. Half the inverse curvature bound 2/B of loss.descent at the sizes used."""
SIZES = (
    Setting.of_sizes(64, 32, 8, kappa_c=5 / 6, kappa_s=1 / 2),
    Setting.of_sizes(64, 16, 8, kappa_c=2 / 3, kappa_s=1 / 2),
    Setting.of_sizes(72, 48, 6, kappa_c=0.9, kappa_s=0.4, gamma=0.75),
    Setting.of_sizes(60, 12, 6, kappa_c=0.6, kappa_s=0.4, gamma=0.25),
)
"""C_1²/(P·C_s) = 2, 1/2, 5.3, 0.4."""


def sign_of(setting: Setting) -> str:
    """The regime of a small size: by C_1²/(P·C_s), its own measure of the gap's sign."""
    is_positive = setting.P * setting.C_s < setting.C_1**2
    return "Δ > 0" if is_positive else "Δ < 0"


@dataclass(frozen=True)
class Proved:
    """Decided statements on one training; steps are None where the event does not come.

    switch: first step with |α_1| ≤ α_n, if |α_1| > α_n at first. behind: at how many steps from the
    first on |α_1| > α_n without a break. half: first with mean A_n ≥ ½.
    Bounds are upper or lower ends of balls: of α_n over all steps, of α_1 before `switch` (of all
    steps without one), of the loss gap at the last step, of |Σ_q Υ_q| (which holds 0 throughout).
    undecided: comparisons that the balls leave open. ends: lines of a script on the last state,
    and its largest radius.
    """

    switch: int | None
    behind: int
    half: int | None
    least_own_rate: float
    largest_global_rate: float
    loss_gap: float
    sums_to_0: bool
    undecided: int
    ends: tuple[str, ...]
    radius: float


@shared.run_once
def proved(setting: Setting, query: QueryKind, steps: int) -> Proved:
    """Run `steps` steps and decide every event by disjoint balls."""
    switch = half = None
    leads = False
    undecided = behind = 0
    own = arb("inf")
    global_ = arb("-inf")
    sums_to_0, last = True, None
    for seen in ball_descent.descend(setting, query, STEP, steps):
        alpha_n, alpha_1, _ = seen.alpha
        ahead = alpha_n + alpha_1  # α_n - |α_1|: α_1 < 0
        undecided += ahead.contains(0) + (seen.own_attention - arb("0.5")).contains(0)
        behind += behind == seen.steps and bool(ahead < 0)
        if query == "local":
            if seen.steps == 0:
                leads = bool(ahead < 0)
            elif leads and switch is None and ahead > 0:
                switch = seen.steps
            if not leads or switch is None:
                global_ = arb(max(global_.upper(), alpha_1.upper()))
        if half is None and seen.own_attention > arb("0.5"):
            half = seen.steps
        own = arb(min(own.lower(), alpha_n.lower()))
        sums_to_0 = sums_to_0 and seen.shift.contains(0)
        last = seen
    assert last is not None
    return Proved(
        switch=switch,
        behind=behind,
        half=half,
        least_own_rate=-rounded_up(-own),
        largest_global_rate=rounded_up(global_),
        loss_gap=rounded_up(last.loss_gap.upper()),
        sums_to_0=sums_to_0,
        undecided=undecided,
        ends=descent_script.ends(last),
        radius=descent_script.widest(last),
    )


def name_of(setting: Setting, query: QueryKind) -> str:
    """How a training is called in gaps."""
    return (
        f"{query} query, P = {setting.P}, C_1 = {setting.C_1}, C_s = {setting.C_s}, "
        f"γ = {setting.gamma:g}"
    )


def decided(name: str, found: Proved) -> Iterator[Gap]:
    """What holds of every training: balls are disjoint, Φ_n never falls, Υ sums to 0."""
    yield identical(
        f"{name}: comparisons left open", found.undecided == 0, True, "balls are disjoint or not"
    )
    yield at_least(
        f"{name}: smallest α_n at any step", Fraction(found.least_own_rate), 0, 0, "Φ_n never falls"
    )
    yield identical(f"{name}: Σ_q Υ_q is 0", found.sums_to_0, True, "every ball holds 0")


def order_of_events(setting: Setting, epsilon: float, steps: int) -> Iterator[Gap]:
    """Of a local query: T_1 before T_½ and Φ_1 falling until then, or no T_1, by the gap's sign."""
    found, name = proved(setting, "local", steps), name_of(setting, "local")
    proof = certificate(setting, "local", found, epsilon, steps)
    yield identical(f"{name}: T_½ comes", found.half is not None, True, DISJOINT, certificate=proof)
    comes = found.switch is not None
    expected = sign_of(setting) == "Δ > 0"
    yield identical(f"{name}: T_1 comes", comes, expected, DISJOINT)
    if found.switch is not None and found.half is not None:
        yield identical(f"{name}: T_1 < T_½", found.switch < found.half, True, "in whole steps")
        led = f"{name}: steps up to T_1 at which |α_1| > α_n"
        yield identical(led, found.behind, found.switch, DISJOINT)
    before = "at any step up to T_1" if expected else "at any step"
    yield at_most(
        f"{name}: largest α_1 {before}", Fraction(found.largest_global_rate), 0, 0, "Φ_1 falls"
    )


DISJOINT = "balls of the two rates, or of A_n and ½, are disjoint"


def said(found: Proved, query: QueryKind, steps: int, epsilon: float) -> Iterator[str]:
    """The same, as the lines of a script."""
    yield f"(first halfway {found.half})" if found.half is not None else ""
    yield f"(least alpha_n {_decimal(found.least_own_rate)})"
    if query == "local":
        if found.switch is not None:
            yield f"(first ahead {found.switch})"
        before = steps + 1 if found.switch is None else found.switch
        yield f"(greatest alpha_1 {_decimal(found.largest_global_rate)} {before})"
    yield from found.ends
    yield f"(last reached {_decimal(epsilon - found.loss_gap)})"


def _decimal(number: float) -> str:
    return decimal(arb(number), 12)


def within(setting: Setting, query: QueryKind, found: Proved, epsilon: float, steps: int) -> Gap:
    """L_p - L*_p at the last step is at most ε; and a file of the training."""
    return at_most(
        f"{name_of(setting, query)}: L_p - L*_p after {steps} steps",
        Fraction(found.loss_gap),
        Fraction(epsilon),
        0,
        "the theorem's ε; the upper end of a ball that holds the exact loss",
        certificate=certificate(setting, query, found, epsilon, steps),
    )


def certificate(
    setting: Setting, query: QueryKind, found: Proved, epsilon: float, steps: int
) -> Certificate:
    """A file of the training, with all that was decided."""
    lines, gap = said(found, query, steps, epsilon), Fraction(repr(epsilon))
    return descent_script.certificate(setting, query, STEP, steps, gap, lines, found.radius)
