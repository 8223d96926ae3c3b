"""Scaling evidence: exponents and constants fitted on a ladder of P, with interval and drift."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from claims.checking.gap import Gap, at_most, equal

EXPONENT_TOLERANCE = 0.005
"""A quarter of 0.02, the error of an exponent that must be rejected."""
CONFIDENCE = 0.99


@dataclass(frozen=True)
class PowerFit:
    """log y = constant + exponent·log P + log_power·log log P, fitted by least squares.

    half_width: of the 99 % interval of the exponent. drift: exponent on the upper half of the
    ladder minus that on the lower half.
    """

    exponent: float
    constant: float
    half_width: float
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
    return PowerFit(
        exponent=float(line.slope),
        constant=float(line.intercept),
        # No spread is no uncertainty; linregress has 0/0 there.
        half_width=float(quantile * line.stderr) if np.ptp(y) else 0.0,
        drift=float(drift),
    )


def power_law(
    name: str,
    log_P: Sequence[float],
    log_y: Sequence[float],
    exponent: float,
    *,
    log_power: float = 0,
    tolerance: float = EXPONENT_TOLERANCE,
    why: str = "a quarter of the 0.02 by which a wrong exponent must be rejected",
) -> Iterator[Gap]:
    """The measured power of P is `exponent`, known to within the tolerance, and has settled.

    log_power: known power of log P, divided out and not absorbed in the tolerance.
    """
    fit = fit_power(log_P, log_y, log_power=log_power)
    yield equal(f"{name}: exponent", fit.exponent, exponent, tolerance, why)
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


def limit(
    name: str,
    log_P: Sequence[float],
    values: Sequence[float],
    predicted: float,
    *,
    tolerance: float,
    why: str,
) -> Iterator[Gap]:
    """The value at the top of the ladder is the predicted limit; the error shrinks on the way."""
    errors = np.abs(np.asarray(values, dtype=float) - predicted)
    top = int(np.argmax(np.asarray(log_P)))
    bottom = int(np.argmin(np.asarray(log_P)))
    yield equal(
        f"{name}: at P = 1e{log_P[top] / math.log(10):.3g}", values[top], predicted, tolerance, why
    )
    yield at_most(
        f"{name}: error shrinks",
        float(errors[top]),
        float(errors[bottom]),
        tolerance / 10,
        "the error at the top of the ladder is no larger than at its foot "
        "(up to a tenth of the tolerance, where both are at the integrator's accuracy)",
    )
