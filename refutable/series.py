"""Series: what was measured along a ladder, beside its law. Read by reports, judged by gaps."""

from __future__ import annotations

from dataclasses import dataclass

WITHIN = 0.1
"""A measurement has settled when it is within this part of its law."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """One quantity along a ladder.

    x: what the ladder climbs, increasing, for instance log P (x_label). measured, predicted: the
    quantity and its law there, as logarithms when is_log. residuals: relative to the law (absolute
    where the law is 0). judged_from: the first x that counts for the gaps; smaller ones only show
    where the law sets in. exponent: fitted, as is constant (of a power law at its claimed exponent;
    the limit otherwise, the mean of the upper half), each with the half-width of its 99 % interval.
    drift: upper half of the judged ladder less the lower half, of the exponent or of the limit.
    """

    name: str
    x_label: str
    x: tuple[float, ...]
    measured: tuple[float, ...]
    predicted: tuple[float, ...]
    residuals: tuple[float, ...]
    is_log: bool
    judged_from: float
    constant: float
    constant_half_width: float
    drift: float
    exponent: float | None = None
    exponent_half_width: float | None = None

    @property
    def settled_from(self) -> float | None:
        """The smallest x from which on every residual is within WITHIN; None when not at the top.

        A rung where nothing could be measured has not settled.
        """
        found = None
        for x, residual in zip(reversed(self.x), reversed(self.residuals), strict=True):
            if not abs(residual) <= WITHIN:
                break
            found = x
        return found
