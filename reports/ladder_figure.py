"""A ladder as a small picture: how far a measurement is from its law, rung by rung."""

from __future__ import annotations

import math

from markupsafe import Markup

from refutable.records.results import SeriesRecord

WIDTH, HEIGHT, LEFT, BOTTOM = 300, 96, 44, 18
FLOOR = 1e-6
"""Residuals below this are drawn here: the integrator's accuracy."""
BAND = 0.1
"""The share of a law within which a measurement counts as settled."""


def svg(series: SeriesRecord) -> Markup:
    """|residual| over the ladder on a log scale, and the 10 % line. The page styles it."""
    points = [
        (float(x), max(abs(float(r)), FLOOR))
        for x, r in zip(series.x, series.residuals, strict=True)
        if math.isfinite(float(r))
    ]
    if len(points) < 2 or points[0][0] == points[-1][0]:
        return Markup("")
    low, high = points[0][0], points[-1][0]
    top = max(0.0, math.log10(max(r for _, r in points)))
    bottom = math.log10(FLOOR)

    def at(x: float, r: float) -> tuple[float, float]:
        across = LEFT + (WIDTH - LEFT - 8) * (x - low) / (high - low)
        down = 6 + (HEIGHT - BOTTOM - 12) * (top - math.log10(r)) / (top - bottom)
        return round(across), round(down, 1)

    line = " ".join(f"{a:g},{b:g}" for a, b in (at(*point) for point in points))
    _, band = at(low, BAND)
    unit, ends = series.x_label, (low, high)
    if unit.startswith("log "):
        ends = (low / math.log(10), high / math.log(10))
        unit = f"log₁₀ {unit.removeprefix('log ')}"
    return Markup(
        '<svg class="ladder" width="{w}" height="{h}" role="img" '
        'aria-label="distance from its law along the ladder">'
        '<path class="band" d="M{left},{band}H{right}"/>'
        '<text class="end" x="{label}" y="{band_text:g}">10 %</text>'
        '<text class="end" x="{label}" y="{floor}">1e-6</text>'
        '<polyline points="{line}"/>'
        '<text x="{left}" y="{foot}">{first:.3g}</text>'
        '<text class="end" x="{right}" y="{foot}">{last:.3g}</text>'
        '<text class="mid" x="{middle}" y="{foot}">{unit}</text></svg>'
    ).format(
        w=WIDTH, h=HEIGHT, left=LEFT, right=WIDTH - 8, band=band,
        band_text=band + 3, label=LEFT - 4, floor=HEIGHT - BOTTOM - 3, line=line,
        foot=HEIGHT - 4, first=ends[0], last=ends[1], middle=(LEFT + WIDTH) // 2, unit=unit,
    )  # fmt: skip
