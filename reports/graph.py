"""The graph of claims: what rests on what, laid out by chapter."""

from __future__ import annotations

import graphlib
from collections.abc import Sequence
from dataclasses import dataclass

from refutable.claim import Grade, Verdict
from refutable.records.results import ClaimRecord, Results
from refutable.reports import escaping, words

WIDTH, HEIGHT, ACROSS, DOWN = 168, 20, 186, 32
"""Of a node, and from one to the next, in pixels."""
MARGIN, COLUMNS = 250, 5
"""Room for the title of a chapter, and nodes in a row."""
SHAPES = {
    Verdict.HOLDS: ("([", "])"),
    Verdict.FAILS: ("{{", "}}"),
    Verdict.ERROR: ("{{", "}}"),
}
"""Brackets of a node in Mermaid; other verdicts are rectangles."""


@dataclass(frozen=True)
class Node:
    """A claim at its place."""

    claim: ClaimRecord
    x: int
    y: int

    @property
    def grade(self) -> str:
        """The strongest grade of a claim that holds; empty for any other."""
        return _strongest(self.claim)


@dataclass(frozen=True)
class Layout:
    """Chapters from top to bottom with their nodes, edges (from what is rested on) as SVG paths.

    chapters: (title, y). edges: (from, to, path), by the places of the two in `nodes`.
    """

    nodes: tuple[Node, ...]
    edges: tuple[tuple[int, int, str], ...]
    chapters: tuple[tuple[str, int], ...]
    width: int
    height: int


def _strongest(claim: ClaimRecord) -> str:
    held = claim.verdict is Verdict.HOLDS and claim.grades
    return claim.grades[0].value if held else ""


def edges_of(claims: Sequence[ClaimRecord]) -> list[tuple[str, str]]:
    """From every claim to those that rest on it; claims left out of the run are left out."""
    carries: dict[str, list[str]] = {claim.id: [] for claim in claims}
    for claim in claims:
        for other in dict.fromkeys(claim.rests_on):
            if other in carries:
                carries[other].append(claim.id)
    return [(id, above) for id, resting in carries.items() for above in resting]


def _floors(claims: Sequence[ClaimRecord]) -> dict[str, int]:
    """How many claims lie below each, one on the other, at most.

    Raises ValueError when claims rest on each other in a circle.
    """
    sorter = graphlib.TopologicalSorter({claim.id: () for claim in claims})
    for below, above in edges_of(claims):
        sorter.add(above, below)
    sorter.prepare()
    floors: dict[str, int] = {}
    while layer := sorter.get_ready():
        floor = max(floors.values(), default=-1) + 1
        floors |= dict.fromkeys(layer, floor)
        sorter.done(*layer)
    return floors


def layout(results: Results) -> Layout:
    """A band per chapter, as wide as a page; in it claims after those that they rest on."""
    floor = _floors(results.claims)
    bands: dict[str, list[ClaimRecord]] = {}
    for claim in results.claims:
        bands.setdefault(claim.chapter, []).append(claim)
    left = MARGIN if any(bands) else 8
    place: dict[str, tuple[int, int]] = {}
    chapters, row = [], 0
    for title, members in bands.items():
        chapters.append((title, _top(row)))
        for number, claim in enumerate(sorted(members, key=lambda claim: floor[claim.id])):
            down, across = divmod(number, COLUMNS)
            place[claim.id] = (left + across * ACROSS, _top(row + down))
        row += 1 + (len(members) - 1) // COLUMNS
    nodes = tuple(Node(claim, *place[claim.id]) for claim in results.claims)
    numbers = {claim.id: i for i, claim in enumerate(results.claims)}
    edges = tuple(
        (numbers[a], numbers[b], _path(place[a], place[b])) for a, b in edges_of(results.claims)
    )
    most = max(map(len, bands.values()), default=1)
    return Layout(nodes, edges, tuple(chapters), left + min(most, COLUMNS) * ACROSS, _top(row) + 2)


def _top(row: int) -> int:
    return 6 + row * DOWN


def _path(start: tuple[int, int], end: tuple[int, int]) -> str:
    """A curve from below or beside a node to above or beside another."""
    (x1, y1), (x2, y2) = start, end
    if y1 == y2:
        forward = x1 < x2
        a, b = (x1 + WIDTH if forward else x1), (x2 if forward else x2 + WIDTH)
        y = y1 + HEIGHT // 2
        return f"M{a},{y}Q{(a + b) // 2},{y - 16} {b},{y}"
    down = y1 < y2
    a, b = (y1 + HEIGHT if down else y1), (y2 if down else y2 + HEIGHT)
    bend = (a + b) // 2
    x1, x2 = x1 + WIDTH // 2, x2 + WIDTH // 2
    return f"M{x1},{a}C{x1},{bend} {x2},{bend} {x2},{b}"


def mermaid(results: Results) -> str:
    """The graph as a Mermaid flowchart; nodes are numbered, as ids may hold what it reserves."""
    number = {claim.id: f"n{i}" for i, claim in enumerate(results.claims)}
    lines = ["flowchart LR"]
    for claim in results.claims:
        left, right = SHAPES.get(claim.verdict, ("[", "]"))
        text = f"{words.MARKS[claim.verdict]} {escaping.mermaid(claim.id)}"
        grade = _strongest(claim) or "none"
        lines.append(f'  {number[claim.id]}{left}"{text}"{right}:::{grade}')
    for start, end in edges_of(results.claims):
        lines.append(f"  {number[start]} --> {number[end]}")
    borders = {
        Grade.PROVED.value: "stroke-width:3px",
        Grade.SEARCHED.value: "stroke-width:2px",
        Grade.TRAINED.value: "stroke-width:2px,stroke-dasharray:6 2",
        Grade.FITTED.value: "stroke-width:2px,stroke-dasharray:2 2",
        "none": "stroke-width:1px",
    }
    lines += [f"  classDef {grade} {border}" for grade, border in borders.items()]
    return "\n".join(lines)
