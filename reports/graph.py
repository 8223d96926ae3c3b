"""The graph of claims: what rests on what, laid out in layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx

from refutable.claim import Grade, Verdict
from refutable.records.results import ClaimRecord, Results
from refutable.reports import escaping, words

WIDTH, HEIGHT, ACROSS, DOWN = 168, 20, 208, 26
"""Of a node, and from one to the next, in pixels."""
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
    """Nodes in layers from left to right, edges (from what is rested on) as SVG paths."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str, str], ...]
    width: int
    height: int


def _strongest(claim: ClaimRecord) -> str:
    held = claim.verdict is Verdict.HOLDS and claim.grades
    return claim.grades[0].value if held else ""


def graph_of(claims: Sequence[ClaimRecord]) -> nx.DiGraph:
    """An edge from every claim to those that rest on it; claims left out of the run are left out.

    Raises ValueError when claims rest on each other in a circle.
    """
    graph = nx.DiGraph()
    known = {claim.id for claim in claims}
    graph.add_nodes_from(claim.id for claim in claims)
    graph.add_edges_from(
        (other, claim.id) for claim in claims for other in claim.rests_on if other in known
    )
    if not nx.is_directed_acyclic_graph(graph):
        raise ValueError("claims rest on each other in a circle")
    return graph


def layout(results: Results) -> Layout:
    """Layers by longest path; within a layer by the mean place of what a claim rests on."""
    by_id = {claim.id: claim for claim in results.claims}
    graph = graph_of(results.claims)
    place: dict[str, tuple[int, int]] = {}
    deepest = 0
    for column, layer in enumerate(nx.topological_generations(graph)):
        order = {id: i for i, id in enumerate(by_id)}

        def height(id: str, order: dict[str, int] = order) -> tuple[float, int]:
            heights = [place[other][1] for other in graph.predecessors(id)]
            return (sum(heights) / len(heights) if heights else 0.0, order[id])

        for row, id in enumerate(sorted(layer, key=height)):
            place[id] = (8 + column * ACROSS, 8 + row * DOWN)
            deepest = max(deepest, row)
    nodes = tuple(Node(by_id[id], x, y) for id, (x, y) in place.items())
    edges = []
    for start, end in graph.edges:
        (x1, y1), (x2, y2) = place[start], place[end]
        a, b = (x1 + WIDTH, y1 + HEIGHT // 2), (x2, y2 + HEIGHT // 2)
        bend = (a[0] + b[0]) // 2
        edges.append((start, end, f"M{a[0]},{a[1]}C{bend},{a[1]} {bend},{b[1]} {b[0]},{b[1]}"))
    columns = 1 + max((x for x, _ in place.values()), default=0) // ACROSS
    return Layout(nodes, tuple(edges), columns * ACROSS, 16 + (deepest + 1) * DOWN)


def mermaid(results: Results) -> str:
    """The graph as a Mermaid flowchart; nodes are numbered, as ids may hold what it reserves."""
    number = {claim.id: f"n{i}" for i, claim in enumerate(results.claims)}
    lines = ["flowchart LR"]
    for claim in results.claims:
        left, right = SHAPES.get(claim.verdict, ("[", "]"))
        text = f"{words.MARKS[claim.verdict]} {escaping.mermaid(claim.id)}"
        grade = _strongest(claim) or "none"
        lines.append(f'  {number[claim.id]}{left}"{text}"{right}:::{grade}')
    for start, end in graph_of(results.claims).edges:
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
