"""The catalogue: every claim with its source and its kinds of evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from refutable.records.contents import Entry
from refutable.records.paper import Theorem
from refutable.reports.terminal import said
from refutable.text import many

WIDE = 110
"""Columns from which on a claim takes one line; below, what it says gets a line of its own."""


def row(claim: Entry) -> dict[str, Any]:
    """A claim as `claims list --json` shows it."""
    return {
        "id": claim.id,
        "title": claim.title,
        "provenance": claim.provenance.value,
        "paper": claim.paper,
        "kinds": [kind.value for kind in claim.kinds],
        "assumptions": claim.assumptions,
        "rests_on": claim.rests_on,
        "original_of": claim.original_of,
        "file": claim.file,
        "line": claim.line,
    }


def show(claims: Sequence[Entry], not_checked: Mapping[str, str], console: Console) -> None:
    """Print claims, and what is not checked."""
    (_show_lines if console.width < WIDE else _show_table)(claims, console)
    if not_checked:
        console.print()
        console.print(said("Not checked", "bold"))
    for what, reason in not_checked.items():
        console.print(said(f"- {what}: {reason}"))


def _show_table(claims: Sequence[Entry], console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("claim", "what it says", "source", "checked by"):
        table.add_column(name, no_wrap=name == "claim")
    for claim in claims:
        table.add_row(
            said(claim.id), said(claim.title), said(_source(claim)), ", ".join(claim.kinds)
        )
    console.print(table)


def _show_lines(claims: Sequence[Entry], console: Console) -> None:
    for claim in claims:
        rest = said(f"{_source(claim)}; {', '.join(claim.kinds)}")
        console.print(said(claim.id, "bold") + Text("  ") + rest)
        console.print(Padding(said(claim.title), (0, 0, 0, 2)))


def _source(claim: Entry) -> str:
    if claim.original_of:
        return f"first form of {claim.original_of}, refuted"
    reconstructed = claim.paper and claim.provenance.value == "reconstructed"
    return (claim.paper or claim.provenance.value) + (" (reconstructed)" if reconstructed else "")


def coverage(theorems: Sequence[Theorem]) -> Iterator[str]:
    """The theorems of a paper, a line each, and how many of them have a claim."""
    several = len({theorem.file for theorem in theorems}) > 1
    for theorem in theorems:
        place = f"{theorem.file} line {theorem.line}" if several else f"line {theorem.line}"
        called = " ".join(filter(None, (theorem.name or theorem.kind, theorem.number)))
        title = f" ({theorem.title})" if theorem.title else ""
        label = theorem.label or "without a label"
        yield f"{place}: {called}, {label}{title}: {', '.join(theorem.claims) or 'no claim'}"
        for id in theorem.unknown:
            yield f"    names {id}, which is no claim of these"
    covered = sum(bool(theorem.claims) for theorem in theorems)
    share = f" ({covered / len(theorems):.0%})" if theorems else ""
    of, have = many(len(theorems), "theorem"), "has" if covered == 1 else "have"
    yield f"{covered} of {of} {have} a claim{share}."
