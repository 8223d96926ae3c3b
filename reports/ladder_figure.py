"""A ladder as a small picture: how far a measurement is from its law, rung by rung.

The page styles it, and its script shows the values of a rung under the pointer.
"""

from __future__ import annotations

import itertools
import math

from markupsafe import Markup

from refutable.records.results import SeriesRecord

WIDTH, HEIGHT, LEFT, RIGHT, TOP, FOOT = 330, 130, 46, 320, 16, 100
FLOOR = 1e-6
"""Residuals below this are drawn here: the integrator's accuracy."""
BAND = 0.1
"""The share of a law within which a measurement counts as settled."""


def svg(series: SeriesRecord) -> Markup:
    """|residual| over the ladder on a log scale, the band of 10 %, and where judging begins."""
    rungs = [
        (x, max(abs(r), FLOOR), measured)
        for x, r, measured in zip(series.x, series.residuals, series.measured, strict=True)
        if math.isfinite(r)
    ]
    low, high = (end((x for x, _, _ in rungs), default=0.0) for end in (min, max))
    half = high / 2 - low / 2  # where the whole may be too large for a float
    if not half:
        return Markup("")
    top = max(0.0, math.log10(max(r for _, r, _ in rungs)))
    bottom = math.log10(FLOOR)

    def across(x: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * ((x / 2 - low / 2) / half), 1)

    def down(r: float) -> float:
        return round(TOP + (FOOT - TOP) * (top - math.log10(r)) / (top - bottom), 1)

    unit, scale = series.x_label, 1.0
    if unit.startswith("log "):
        unit, scale = f"log₁₀ {unit.removeprefix('log ')}", math.log(10)
    judged = Markup("")
    if low < series.judged_from < high:
        judged = Markup('<path class="judged" d="M{:g},{}V{}"/>').format(
            across(series.judged_from), TOP, FOOT
        )
    return Markup(
        '<svg class="plot ladder" viewBox="0 0 {w} {h}" aria-hidden="true" data-m="{measured}">'
        '{frame}{judged}<path class="line" d="{line}"/>'
        '<text x="{left}" y="{foot}">{first:.3g}</text>'
        '<text class="end" x="{right}" y="{foot}">{last:.3g}</text>'
        '<text class="mid" x="{middle}" y="{foot}">{unit}</text></svg>'
    ).format(
        w=WIDTH, h=HEIGHT, left=LEFT, right=RIGHT, foot=FOOT + 14, middle=(LEFT + WIDTH) // 2,
        frame=frame(down(BAND)) if top else Markup('<use href="#ladder"/>'), judged=judged,
        first=low / scale, last=high / scale, unit=unit,
        line=_line([(round(across(x)), round(down(r))) for x, r, _ in rungs]),
        measured=" ".join(f"{measured:.3g}" for *_, measured in rungs),
    )  # fmt: skip


def frame(band: float | None = None) -> Markup:
    """Axes, and the band below a height; without one the frame of most ladders, drawn once a page.

    Those are the ladders that nowhere miss their law by more than itself.
    """
    usual = TOP + (FOOT - TOP) * math.log10(BAND) / math.log10(FLOOR)
    return Markup(
        '<g{id}><path class="band" d="M{left},{band:g}H{right}V{foot}H{left}z"/>'
        '<path class="limit" d="M{left},{band:g}H{right}"/>'
        '<path class="axis" d="M{left},{top}V{foot}H{right}"/>'
        '<text class="end" x="{label}" y="{text:g}">10 %</text>'
        '<text class="end" x="{label}" y="{foot}">1e-6</text>'
        '<text x="0" y="10">distance from the law</text></g>'
    ).format(
        id=Markup(' id="ladder"') if band is None else "", left=LEFT, right=RIGHT, foot=FOOT,
        top=TOP, label=LEFT - 4, band=round(band or usual, 1), text=round(band or usual, 1) + 3,
    )  # fmt: skip


def _line(points: list[tuple[int, int]]) -> str:
    """A line through points as a path, each from the one before it."""
    steps = [(x - a, y - b) for (a, b), (x, y) in itertools.pairwise(points)]
    return " ".join(f"{x},{y}" for x, y in [points[0], *steps]).join(("m", ""))
