"""Contrastive learning on ladders of P: the settings of the reduced dynamics, and their runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from refutable import scaling
from refutable.claim import Context
from refutable.claims.runs import next_order as orders
from refutable.claims.runs.next_order import INTEGRATION
from refutable.gap import Gap, at_most, equal
from refutable.model import reduced
from refutable.model.setting import Contrastive, Latents, Setting, SettingError, power_of_ten
from refutable.model.trajectory import Event, Trajectory
from refutable.reuse import shared

SHAPES = {"Δ > 0": ((0.9, 0.3), (0.6, 0.1)), "Δ < 0": ((0.6, 0.3), (0.65, 0.4))}
"""(κ_c, κ_s) by the sign of the information gap; the sizes are separated by at least P^0.25."""
DIGITS = scaling.rungs(40, 100, 6)
"""The ladder P = 10^k: at its foot P^{κ_s-κ_c}, the slowest correction, is at most 1e-8."""
LOW_DIGITS = (2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 28)
"""Powers of ten below the ladder, where its laws set in; shown and not judged."""
ALL_SHAPES = tuple(shape for shapes in SHAPES.values() for shape in shapes)


def rung(digits: float, shape: tuple[float, float], **changes: Any) -> Setting:
    """The setting with P = 10^digits and constants c_1, c_s that are not 1."""
    kappa_c, kappa_s = shape
    fields: dict[str, Any] = {"gamma": 0.4, "K": 8, "c_1": 0.7, "c_s": 2.0, **changes}
    return Setting(P=power_of_ten(digits), kappa_c=kappa_c, kappa_s=kappa_s, **fields)


def log_P(digits: Iterable[float]) -> list[float]:
    """Natural logarithms of the rungs P = 10^k."""
    return [k * math.log(10) for k in digits]


def on_ladder(base: Setting, shape: tuple[float, float]) -> list[Setting]:
    """The setting on every rung."""
    kappa_c, kappa_s = shape
    return [base.replace(P=power_of_ten(k), kappa_c=kappa_c, kappa_s=kappa_s) for k in DIGITS]


def label(setting: Setting) -> str:
    """What of a setting of a ladder differs from others."""
    law = f"{setting.latents.L:.3g}..{setting.latents.U:.3g}"
    return f"κ_c = {setting.kappa_c}, κ_s = {setting.kappa_s}, K = {setting.K}, z = {law}"


def power_law(
    context: Context,
    name: str,
    ladder: Sequence[Setting],
    log_measure: Callable[[Setting], float],
    exponent: float,
    *,
    log_power: float = 0,
) -> Iterator[Gap]:
    """On the ladder the logarithm measured has this exponent; see `scaling.power_law`."""
    yield from scaling.power_law(
        name,
        [s.log_P for s in ladder],
        [log_measure(s) for s in ladder],
        exponent,
        log_power=log_power,
        below=_below(context, ladder[0], log_measure),
        x_label="log P",
    )


def limit(
    context: Context,
    name: str,
    ladder: Sequence[Setting],
    measure: Callable[[Setting], float],
    predicted: float,
    *,
    floor: float = INTEGRATION,
) -> Iterator[Gap]:
    """On the ladder what is measured tends to this, up to the next order in P; see `scaling.limit`.

    floor: what is left when that has vanished: of a run of the reduced dynamics, its integration.
    """
    log_P, values = [s.log_P for s in ladder], [measure(s) for s in ladder]
    order, errors = next_order(ladder[0]), [value - predicted for value in values]
    tolerance, why = orders.at_the_top(log_P, errors, order, floor)
    yield from scaling.limit(
        name,
        log_P,
        values,
        predicted,
        tolerance=tolerance,
        why=why,
        below=_below(context, ladder[0], measure),
        x_label="log P",
    )


def next_order(setting: Setting) -> float:
    """The power of P in the leading corrections: C_1/P, C_s/C_1 and 1/C_s."""
    kappa_c, kappa_s = setting.kappa_c, setting.kappa_s
    return -min(1 - kappa_c, kappa_c - kappa_s, kappa_s)


def extrapolated(values: list[float]) -> float:
    """The limit log P → ∞ along the ladder of values that are a series in 1/log P."""
    if not math.isfinite(sum(values)):
        return math.inf
    x = 1 / np.array(log_P(DIGITS))
    return float(np.polynomial.Polynomial.fit(x, values, 2, domain=[0, float(x.max())])(0))


def approach(name: str, values: list[float], predicted: float) -> Iterator[Gap]:
    """The limit along the ladder of values whose error is a series in 1/log P."""
    yield equal(
        f"{name}, extrapolated to log P → ∞",
        extrapolated(values),
        predicted,
        0.004,
        "quadratic in 1/log P: the cubic term is about (front width)³ < 0.004 here",
        series=scaling.limit_series(name, log_P(DIGITS), values, predicted, x_label="log P"),
    )
    yield at_most(
        f"{name}: error shrinks",
        abs(values[-1] - predicted),
        abs(values[0] - predicted),
        0,
        "the error at P = 1e100 is less than at P = 1e40",
    )


def _below(context: Context, base: Setting, measure: Callable[[Setting], float]) -> scaling.Rungs:
    """What is measured at small P; NaN where it does not exist."""
    found = []
    for digits in context.at(quick=(), full=LOW_DIGITS):
        try:
            found.append(measure(base.replace(P=power_of_ten(digits))))
        except (SettingError, ArithmeticError, ValueError):
            found.append(math.nan)
    return log_P(LOW_DIGITS[: len(found)]), found


MANY = Contrastive(negatives=math.inf)
CONSTANT = rung(DIGITS[0], ALL_SHAPES[0], latents=Latents.constant(1.0), contrastive=MANY)
OTHER = CONSTANT.replace(
    latents=Latents.constant(1.3), K=3, contrastive=Contrastive(negatives=5, tau=0.7)
)
MIXED = CONSTANT.replace(
    latents=Latents.constant(1.3),
    K=3,
    gamma=0.7,
    contrastive=Contrastive(negatives=math.inf, tau=0.7),
)
"""Nothing is as in CONSTANT: z and τ are not 1, at which a law may be right by accident."""
RANDOM = CONSTANT.replace(latents=Latents.uniform(0.5, 1.5), c_1=1.0)


@shared.run_once
def collapse(setting: Setting) -> Trajectory:
    """The reduced run until long after the transition (constant latents), or until just after it.

    The loss gap (C_1/P)²/10¹² is reached at some 10¹² times the transition time.
    """
    if setting.latents.is_constant:
        return reduced.cl(setting, loss_gap=1e-12 * (setting.C_1 / setting.P) ** 2)
    late = (3 - 2 * setting.kappa_c) * setting.log_P + math.log(setting.K) + 3
    return reduced.cl(setting, loss_gap=1e-9, log_t_max=late)


def happened(event: Event | None) -> Event:
    """The event; an error when the run ended before it."""
    if event is None:
        raise ArithmeticError("the run ended before the event")
    return event


def transition(setting: Setting) -> Event:
    """The first time with Attn_{p→𝒫_{k,1}} = 1/2 on average."""
    return happened(collapse(setting).half)


def shapes_of(context: Context) -> tuple[tuple[float, float], ...]:
    """Exponents of the ladders: both signs of the gap in every profile."""
    return context.at(quick=(ALL_SHAPES[0], *ALL_SHAPES[2:3]), full=ALL_SHAPES)


def many_negatives(context: Context) -> Iterator[list[Setting]]:
    """Ladders of constant latents and N_c → ∞: both signs of the gap in every profile."""
    for shape in context.at(quick=(), full=ALL_SHAPES):
        yield on_ladder(CONSTANT, shape)
    for shape in (ALL_SHAPES[0], ALL_SHAPES[2]):
        yield on_ladder(MIXED, shape)


def ladders(context: Context) -> Iterator[list[Setting]]:
    """Ladders of constant latents, some of few negatives: both signs of the gap."""
    yield from many_negatives(context)
    for shape in context.at(quick=(), full=(ALL_SHAPES[0], ALL_SHAPES[2])):
        yield on_ladder(OTHER, shape)
