"""Scaling evidence: exponents and constants fitted on a ladder of P, with interval and drift.

A ladder is judged where its law has set in. Smaller rungs may be given beside it: they enter no
fit and no gap, but show from which P on the law is met within a tenth (`Series.settled_from`).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from refutable.gap import Gap, at_most, equal
from refutable.series import Series

Floats = NDArray[np.float64]
Rungs = tuple[Sequence[float], Sequence[float]]
"""x of rungs and what was measured there; NaN where that does not exist."""

EXPONENT_TOLERANCE = 0.005
"""A quarter of 0.02, the error of an exponent that must be rejected."""
CONFIDENCE = 0.99
NONE_BELOW: Rungs = ((), ())


@dataclass(frozen=True)
class PowerFit:
    """log y = constant + exponent·log P + log_power·log log P, fitted by least squares.

    half_width, constant_half_width: of the 99 % intervals of exponent and constant. drift: exponent
    on the upper half of the ladder minus that on the lower half.
    """

    exponent: float
    constant: float
    half_width: float
    constant_half_width: float
    drift: float


def fit_power(log_P: Sequence[float], log_y: Sequence[float], *, log_power: float = 0) -> PowerFit:
    """Fit y ~ P^e (log P)^log_power. ValueError with fewer than 6 rungs or non-finite values."""
    x = np.asarray(log_P, dtype=float)
    y = np.asarray(log_y, dtype=float)
    if log_power:
        y = y - log_power * np.log(x)
    if len(x) < 6 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError(f"a ladder needs at least 6 finite rungs, not {list(y)}")
    line = stats.linregress(x, y)
    half = len(x) // 2
    drift = stats.linregress(x[half:], y[half:]).slope - stats.linregress(x[:half], y[:half]).slope
    quantile = stats.t.ppf(0.5 + CONFIDENCE / 2, len(x) - 2)
    spread = bool(np.ptp(y))  # none is no uncertainty; linregress has 0/0 there
    return PowerFit(
        exponent=float(line.slope),
        constant=float(line.intercept),
        half_width=float(quantile * line.stderr) if spread else 0.0,
        constant_half_width=float(quantile * line.intercept_stderr) if spread else 0.0,
        drift=float(drift),
    )


def _mean(values: Floats) -> tuple[float, float]:
    """Mean, and the half-width of its 99 % interval by Student's t."""
    if len(values) < 2 or not np.ptp(values):
        return float(values.mean()), 0.0
    quantile = stats.t.ppf(0.5 + CONFIDENCE / 2, len(values) - 1)
    return float(values.mean()), float(quantile * stats.sem(values))


def power_law(
    name: str,
    log_P: Sequence[float],
    log_y: Sequence[float],
    exponent: float,
    *,
    log_power: float = 0,
    tolerance: float = EXPONENT_TOLERANCE,
    why: str = "a quarter of the 0.02 by which a wrong exponent must be rejected",
    x_label: str = "log P",
    below: Rungs = NONE_BELOW,
) -> Iterator[Gap]:
    """The measured power of P is `exponent`, known to within the tolerance, and has settled.

    log_power: known power of log P, divided out and not absorbed in the tolerance. x_label: what
    the ladder climbs if it is not log P. below: smaller rungs, shown and not judged.
    """
    fit = fit_power(log_P, log_y, log_power=log_power)
    series = _power_series(name, log_P, log_y, exponent, log_power, fit, x_label, below)
    yield dataclasses.replace(
        equal(f"{name}: exponent", fit.exponent, exponent, tolerance, why), series=series
    )
    yield at_most(
        f"{name}: interval half-width",
        fit.half_width,
        tolerance,
        0,
        f"{CONFIDENCE:.0%} interval of the fit; a wider one could not reject a wrong exponent",
    )
    yield at_most(
        f"{name}: drift",
        abs(fit.drift),
        tolerance,
        0,
        "upper half of the ladder against the lower half: the fit has settled",
    )


def _power_series(
    name: str,
    log_P: Sequence[float],
    log_y: Sequence[float],
    exponent: float,
    log_power: float,
    fit: PowerFit,
    x_label: str,
    below: Rungs,
) -> Series:
    """The ladder beside the claimed power, whose constant is that of the judged rungs."""
    x_judged, y_judged = np.asarray(log_P, dtype=float), np.asarray(log_y, dtype=float)

    def power(x: Floats) -> Floats:
        return exponent * x + (log_power * np.log(x) if log_power else 0.0)

    constant, half_width = _mean(y_judged - power(x_judged))
    x, y = _joined(below, x_judged, y_judged)
    law = constant + power(x)
    return Series(
        name=name,
        x_label=x_label,
        x=tuple(x.tolist()),
        measured=tuple(y.tolist()),
        predicted=tuple(law.tolist()),
        residuals=tuple(np.expm1(np.clip(y - law, -700, 700)).tolist()),
        is_log=True,
        judged_from=float(x_judged.min()),
        exponent=fit.exponent,
        exponent_half_width=fit.half_width,
        constant=constant,
        constant_half_width=half_width,
        drift=fit.drift,
    )


def _joined(below: Rungs, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Smaller rungs and the judged ones, in increasing order."""
    all_x = np.concatenate([np.asarray(below[0], dtype=float), x])
    all_y = np.concatenate([np.asarray(below[1], dtype=float), y])
    order = np.argsort(all_x, kind="stable")
    return all_x[order], all_y[order]


def limit(
    name: str,
    log_P: Sequence[float],
    values: Sequence[float],
    predicted: float,
    *,
    tolerance: float,
    why: str,
    below: Rungs = NONE_BELOW,
) -> Iterator[Gap]:
    """The value at the top of the ladder is the predicted limit; the error shrinks on the way.

    below: smaller rungs, shown and not judged.
    """
    x, y = np.asarray(log_P, dtype=float), np.asarray(values, dtype=float)
    errors = np.abs(y - predicted)
    top, bottom = int(np.argmax(x)), int(np.argmin(x))
    yield dataclasses.replace(
        equal(
            f"{name}: at P = 1e{log_P[top] / math.log(10):.3g}",
            values[top],
            predicted,
            tolerance,
            why,
        ),
        series=limit_series(name, x, y, predicted, below),
    )
    yield at_most(
        f"{name}: error shrinks",
        float(errors[top]),
        float(errors[bottom]),
        tolerance / 10,
        "the error at the top of the ladder is no larger than at its foot "
        "(up to a tenth of the tolerance, where both are at the integrator's accuracy)",
    )


def limit_series(
    name: str,
    log_P: Sequence[float] | Floats,
    values: Sequence[float] | Floats,
    predicted: float,
    below: Rungs = NONE_BELOW,
) -> Series:
    """What tends to a limit along a ladder, beside the limit."""
    x, y = np.asarray(log_P, dtype=float), np.asarray(values, dtype=float)
    order = np.argsort(x, kind="stable")
    half = len(x) // 2
    constant, half_width = _mean(y[order][half:])
    all_x, all_y = _joined(below, x, y)
    return Series(
        name=name,
        x_label="log P",
        x=tuple(all_x.tolist()),
        measured=tuple(all_y.tolist()),
        predicted=(predicted,) * len(all_x),
        residuals=tuple(((all_y - predicted) / (abs(predicted) or 1.0)).tolist()),
        is_log=False,
        judged_from=float(x.min()),
        constant=constant,
        constant_half_width=half_width,
        drift=constant - float(y[order][:half].mean()) if half else 0.0,
    )
