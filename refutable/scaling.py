"""Scaling evidence: exponents and limits read from a ladder of sizes, with interval and drift.

A ladder is judged where its law has set in. Smaller rungs may be given beside it: they enter no
fit and no gap, but show from which size on the law is met within a tenth (`Series.settled_from`).
What a ladder must be is said in `refutable.rungs`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from refutable import ledger
from refutable.gap import Gap, at_most, equal
from refutable.rungs import Floats, Ladder, Numbers, place, scatters, unmeasured
from refutable.rungs import rungs as rungs
from refutable.rungs import sizes as sizes
from refutable.series import Series
from refutable.tally import Tally
from refutable.trend import CONFIDENCE, Trend

Rungs = tuple[Numbers, Numbers]
"""x of rungs and what was measured there; NaN where that does not exist."""

EXPONENT_TOLERANCE = 0.005
"""A quarter of 0.02, the error of an exponent that must be rejected."""
EXPONENT_WHY = "a quarter of the 0.02 by which a wrong exponent must be rejected"
SURELY = 2
"""Half-widths of a 99 % interval beyond which noise does not explain an error: one run in 1000."""
STEADY = 1e-6
"""Slopes that differ by less than this share of what they miss are one slope, but for rounding."""
NONE_BELOW: Rungs = ((), ())
LOG_SIZE = "log x"
"""What a ladder climbs when nothing else is said."""


class Law(Iterator[Gap]):
    """The gaps of a law of scaling. A leg has to take them all: `yield from power_law(...)`."""

    def __init__(self, name: str, gaps: Iterator[Gap]) -> None:
        self._gaps = gaps
        self._entry = ledger.entered(
            f"the law of scaling {name!r} was made, and not all of its gaps were asked for: "
            "write `yield from`"
        )

    def __next__(self) -> Gap:
        """The next gap."""
        try:
            return next(self._gaps)
        except StopIteration:
            self._entry.take()
            raise


@dataclass(frozen=True)
class PowerFit:
    """log y = constant + exponent·x + log_power·log x, fitted by least squares; x = log size.

    half_width: of the 99 % interval of the exponent. drift: exponent on the upper half of the
    ladder minus that on the lower half, with the half-width of its interval.
    """

    exponent: float
    half_width: float
    drift: float
    drift_half_width: float = 0.0


def fit_power(x: Numbers, log_y: Numbers, *, log_power: float = 0) -> PowerFit:
    """Fit y ~ size^e x^log_power, x = log size.

    ValueError with fewer than 6 rungs, non-finite values, or sizes that are not distinct.
    """
    ladder = Ladder.of("a power law", x, log_y)
    if ladder.doubt is not None:
        raise ValueError(f"a power law: {ladder.doubt.undecided}")
    if not np.isfinite(ladder.y).all():
        raise ValueError(f"a power law is fitted to finite values, not {ladder.y.tolist()}")
    return _fit(ladder.x, ladder.y, log_power)


def _fit(x: Floats, y: Floats, log_power: float) -> PowerFit:
    if log_power:
        if x.min() <= 0:
            raise ValueError("a power of log size needs sizes above 1")
        y = y - log_power * np.log(x)
    line = stats.linregress(x, y)
    half = len(x) // 2
    lower, upper = stats.linregress(x[:half], y[:half]), stats.linregress(x[half:], y[half:])
    left_over = sum(
        float(((y[part] - fit.intercept - fit.slope * x[part]) ** 2).sum())
        for part, fit in ((slice(half), lower), (slice(half, None), upper))
    )
    variance = left_over / (len(x) - 4)
    spread = sum(
        1 / float(((x[p] - x[p].mean()) ** 2).sum()) for p in (slice(half), slice(half, None))
    )
    quantile = float(stats.t.ppf(0.5 + CONFIDENCE / 2, len(x) - 2))
    moves = bool(np.ptp(y))  # nothing that moves is no uncertainty; linregress has 0/0 there
    return PowerFit(
        exponent=float(line.slope),
        half_width=quantile * float(line.stderr) if moves else 0.0,
        drift=float(upper.slope - lower.slope),
        drift_half_width=float(stats.t.ppf(0.5 + CONFIDENCE / 2, len(x) - 4))
        * math.sqrt(variance * spread),
    )


def _mean(values: Floats) -> tuple[float, float]:
    """Mean, and the half-width of its 99 % interval by Student's t."""
    if len(values) < 2 or not np.ptp(values):
        return float(values.mean()), 0.0
    quantile = stats.t.ppf(0.5 + CONFIDENCE / 2, len(values) - 1)
    return float(values.mean()), float(quantile * stats.sem(values))


def _joined(below: Rungs, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Smaller rungs and the judged ones, in increasing order."""
    all_x = np.concatenate([np.asarray(below[0], dtype=float), x])
    all_y = np.concatenate([np.asarray(below[1], dtype=float), y])
    order = np.argsort(all_x, kind="stable")
    return all_x[order], all_y[order]


def power_law(
    name: str,
    x: Numbers,
    log_y: Numbers,
    exponent: float,
    *,
    log_power: float = 0,
    tolerance: float = EXPONENT_TOLERANCE,
    why: str = EXPONENT_WHY,
    x_label: str = LOG_SIZE,
    below: Rungs = NONE_BELOW,
) -> Law:
    """The measured power of the size is `exponent`, known to within the tolerance, and has settled.

    x: logarithm of the size on each rung, which x_label names (`log P`); log_y: logarithm of what
    was measured. log_power: known power of x, divided out and not absorbed in the tolerance. below:
    smaller rungs, shown and not judged. With too few rungs, too short a span or too wide an
    interval the gaps are undecided. The iterator has to be exhausted: `yield from power_law(...)`.
    ValueError, once asked for gaps, for rungs that are not finite and distinct, one for each value.
    """
    claimed = _Power(exponent, log_power, tolerance, why, x_label)
    return Law(name, _power_gaps(name, x, log_y, claimed, below))


@dataclass(frozen=True)
class _Power:
    """What is claimed of a power."""

    exponent: float
    log_power: float
    tolerance: float
    why: str
    label: str


def _power_gaps(
    name: str,
    x: Numbers,
    log_y: Numbers,
    claimed: _Power,
    below: Rungs,
) -> Iterator[Gap]:
    ladder = Ladder.of(name, x, log_y)
    short = unmeasured(ladder, claimed.label, claimed.exponent) or ladder.doubt
    if short is not None:
        yield short
        return
    fit = _fit(ladder.x, ladder.y, claimed.log_power)
    advice = _advice(ladder, claimed)
    shown = ladder.shown(claimed.label, advice)
    tolerance, off = claimed.tolerance, abs(fit.exponent - claimed.exponent)
    drift, noisy = abs(fit.drift), scatters(np.diff(ladder.slopes))
    wide = (
        f"the exponent {fit.exponent:.4g} is known to ±{fit.half_width:.2g} only, and "
        f"±{tolerance:g} is needed: {advice}"
    )
    unsettled = (
        f"the exponent drifts by {drift:.2g} ± {fit.drift_half_width:.2g} from half to half, and "
        f"{tolerance:g} is allowed: {advice}"
    )
    main = equal(
        f"{name}: exponent",
        fit.exponent,
        claimed.exponent,
        tolerance,
        claimed.why + _unnoticed(ladder.x, claimed),
        series=_power_series(ladder, claimed, fit, below),
        witness=shown,
        remarks=ladder.remarks(claimed.label),
        undecided=wide if noisy and tolerance < off <= SURELY * fit.half_width else None,
    )
    still = ladder.tally(math.nan, 0).measured if not claimed.log_power else None
    tally = dataclasses.replace(
        main.comparisons, instances=len(ladder.x), nothing=False, measured=still, predicted=None
    )
    yield dataclasses.replace(main, tally=tally)
    yield at_most(
        f"{name}: interval half-width",
        fit.half_width,
        tolerance,
        0,
        f"{CONFIDENCE:.0%} interval of the fit; a wider one could not reject a wrong exponent",
        witness=shown,
        undecided=wide if fit.half_width > tolerance else None,
    )
    yield at_most(
        f"{name}: drift",
        drift,
        tolerance,
        0,
        "upper half of the ladder against the lower half: the fit has settled",
        witness=shown,
        undecided=unsettled
        if noisy and tolerance < drift <= SURELY * fit.drift_half_width
        else None,
    )


def _advice(ladder: Ladder, claimed: _Power) -> str:
    """What to do about a law that is not met, from the slopes between rungs."""
    law = claimed.log_power * np.log(ladder.x) if claimed.log_power else 0.0
    slopes = np.diff(ladder.y - law) / np.diff(ladder.x)
    errors = np.abs(slopes - claimed.exponent)
    named = "local slopes" + (
        ", the power of the logarithm divided out," if claimed.log_power else ""
    )
    if np.ptp(slopes) < STEADY * errors.min():
        return f"the {named} are {slopes[-1]:.4g} throughout: it is another power than claimed"
    if scatters(np.diff(slopes)):
        return f"more rungs, or less noise: the {named} scatter"
    moves = f"the {named} go from {slopes[0]:.4g} to {slopes[-1]:.4g}"
    if errors[-1] < errors[0]:
        return f"start higher: {moves}, towards {claimed.exponent:.4g}"
    return f"{moves}, and not towards {claimed.exponent:.4g}"


def _unnoticed(x: Floats, claimed: _Power) -> str:
    """What the ladder could not tell from the claimed law, in words."""
    if x.min() <= 0:
        return ""
    logs, half = np.log(x), len(x) // 2
    shift = abs(float(stats.linregress(x, logs).slope))
    drift = abs(
        float(stats.linregress(x[half:], logs[half:]).slope)
        - float(stats.linregress(x[:half], logs[:half]).slope)
    )
    power = claimed.tolerance / max(shift, drift)
    return f"; a factor ({claimed.label})^{power:.1g} would not be noticed"


def _power_series(ladder: Ladder, claimed: _Power, fit: PowerFit, below: Rungs) -> Series:
    """The ladder beside the claimed power, whose constant is that of the judged rungs."""

    def power(x: Floats) -> Floats:
        slow = np.full_like(x, math.nan)
        np.log(x, out=slow, where=x > 0)
        return claimed.exponent * x + (claimed.log_power * slow if claimed.log_power else 0.0)

    constant, half_width = _mean(ladder.y - power(ladder.x))
    x, y = _joined(below, ladder.x, ladder.y)
    law = constant + power(x)
    return Series(
        name=ladder.name,
        x_label=claimed.label,
        x=tuple(x.tolist()),
        measured=tuple(y.tolist()),
        predicted=tuple(law.tolist()),
        residuals=tuple(np.expm1(np.clip(y - law, -700, 700)).tolist()),
        is_log=True,
        judged_from=float(ladder.x[0]),
        exponent=fit.exponent,
        exponent_half_width=fit.half_width,
        constant=constant,
        constant_half_width=half_width,
        drift=fit.drift,
    )


def limit(
    name: str,
    x: Numbers,
    values: Numbers,
    predicted: float,
    *,
    tolerance: float,
    why: str,
    x_label: str = LOG_SIZE,
    below: Rungs = NONE_BELOW,
) -> Law:
    """The values tend to the predicted one as the size grows: all rungs have a say.

    At the top of the ladder the value is within the tolerance. On the upper half it does not move
    away again by more than that. And it is still on its way there, or has arrived: where its steps
    lead when they go on to shrink as they did is nearer to the limit by a tenth of what is left, or
    within a quarter of the tolerance. What has stopped elsewhere, or passes by, fails. Values that
    scatter by more than the tolerance, too few rungs or too short a span leave it undecided; noise
    about a true limit is called false with a chance of 0.02 on six rungs, where it may look like a
    smooth course, and of 1e-3 on eight or more.
    x: logarithm of the size on each rung, which x_label names (`log P`). below: smaller rungs,
    shown and not judged. The iterator has to be exhausted: `yield from limit(...)`.
    ValueError, once asked for gaps, for rungs that are not finite and distinct, one for each value.
    """
    claimed = _Limit(predicted, tolerance, why, x_label)
    return Law(name, _limit_gaps(name, x, values, claimed, below))


@dataclass(frozen=True)
class _Limit:
    """What is claimed of a limit."""

    value: float
    tolerance: float
    why: str
    label: str


def _limit_gaps(
    name: str,
    x: Numbers,
    values: Numbers,
    claimed: _Limit,
    below: Rungs,
) -> Iterator[Gap]:
    ladder = Ladder.of(name, x, values)
    short = unmeasured(ladder, claimed.label, claimed.value) or ladder.doubt
    if short is not None:
        yield short
        return
    tolerance = claimed.tolerance
    trend = Trend.of(ladder, claimed.value, tolerance)
    shown = ladder.shown(claimed.label, trend.advice)
    top = float(ladder.y[-1])
    yield equal(
        f"{name}: at {place(claimed.label, float(ladder.x[-1]))}",
        top,
        claimed.value,
        tolerance,
        claimed.why,
        series=limit_series(name, ladder.x, ladder.y, claimed.value, below, claimed.label),
        witness=shown,
        remarks=ladder.remarks(claimed.label),
        undecided=trend.doubt(abs(top - claimed.value), tolerance, tolerance),
        tally=ladder.tally(claimed.value, tolerance),
    )
    yield at_most(
        f"{name}: moves away by",
        trend.away,
        0,
        tolerance,
        "on the upper half of the ladder, from where it was nearest to the limit",
        witness=shown,
        undecided=trend.doubt(trend.away, tolerance, tolerance),
        tally=Tally(instances=len(ladder.x), aimed_at_zero=True),
    )
    yield at_most(
        f"{name}: distance left where it leads",
        trend.left,
        trend.allowed,
        0,
        "its steps on the upper half, if they go on to shrink as they did, lead nearer to the "
        "limit by a tenth of what is left at the top, or to within a quarter of the tolerance",
        witness=shown,
        undecided=trend.doubt(trend.left, trend.allowed, tolerance),
    )


def limit_series(
    name: str,
    x: Numbers,
    values: Numbers,
    predicted: float,
    below: Rungs = NONE_BELOW,
    x_label: str = LOG_SIZE,
) -> Series:
    """What tends to a limit along a ladder, beside the limit."""
    xs, ys = np.asarray(x, dtype=float), np.asarray(values, dtype=float)
    order = np.argsort(xs, kind="stable")
    half = len(xs) // 2
    constant, half_width = _mean(ys[order][half:])
    all_x, all_y = _joined(below, xs, ys)
    return Series(
        name=name,
        x_label=x_label,
        x=tuple(all_x.tolist()),
        measured=tuple(all_y.tolist()),
        predicted=(predicted,) * len(all_x),
        residuals=tuple(((all_y - predicted) / (abs(predicted) or 1.0)).tolist()),
        is_log=False,
        judged_from=float(xs.min()),
        constant=constant,
        constant_half_width=half_width,
        drift=constant - float(ys[order][:half].mean()) if half else 0.0,
    )
