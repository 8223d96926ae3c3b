"""A timeline of a run: which leg ran when, in which of its processes, and which took longest."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from refutable.records.results import ClaimRecord, LegRecord, Results

WIDTH, LEFT, LANE = 1000, 70, 22
MOST = 400
"""Legs that are drawn, the longest; shorter ones would be thinner than a line."""


@dataclass(frozen=True)
class Bar:
    """A leg and its claim."""

    claim: ClaimRecord
    leg: LegRecord


def longest(results: Results, most: int = 10) -> list[Bar]:
    """The legs that took longest, the longest first."""
    found = [Bar(claim, leg) for claim in results.claims for leg in claim.legs if leg.seconds > 0]
    return sorted(found, key=lambda bar: -bar.leg.seconds)[:most]


def svg(results: Results) -> Markup:
    """A lane per process, a bar per leg; empty where nothing says when legs ran."""
    drawn = [bar for bar in longest(results, MOST) if bar.leg.started is not None]
    if not drawn:
        return Markup("")
    lanes = sorted({bar.leg.worker or 0 for bar in drawn})
    end = max((bar.leg.started or 0) + bar.leg.seconds for bar in drawn) or 1.0
    scale = (WIDTH - LEFT - 10) / end
    bars = Markup().join(
        Markup(
            '<rect class="k-{kind}" x="{x:.1f}" y="{y}" width="{w:.1f}" height="{h}">'
            "<title>{id} [{kind}], {s:.2f} s</title></rect>"
        ).format(
            kind=bar.leg.kind.value, id=bar.claim.id, s=bar.leg.seconds, h=LANE - 4,
            x=LEFT + (bar.leg.started or 0) * scale, w=max(bar.leg.seconds * scale, 0.6),
            y=4 + lanes.index(bar.leg.worker or 0) * LANE,
        )
        for bar in drawn
    )  # fmt: skip
    names = Markup().join(
        Markup('<text class="end" x="{}" y="{}">process {}</text>').format(
            LEFT - 6, 17 + row * LANE, lane + 1
        )
        for row, lane in enumerate(lanes)
    )
    foot = 8 + len(lanes) * LANE
    return Markup(
        '<svg class="plot timeline" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" '
        'aria-label="legs over the time of the run, by process">{bars}{names}'
        '<path class="axis" d="M{left},{foot}H{right}"/><text x="{left}" y="{words}">0</text>'
        '<text class="end" x="{right}" y="{words}">{end:.3g} s after the start</text></svg>'
    ).format(
        w=WIDTH, h=foot + 18, bars=bars, names=names, left=LEFT, right=WIDTH - 10, foot=foot,
        words=foot + 13, end=end,
    )  # fmt: skip
