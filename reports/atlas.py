"""The atlas as a table: claims against dials, how far each assumption can be bent."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from refutable import text as texts
from refutable.auditing.atlas import Atlas, DialRecord, Margin, Outcome, PairRecord
from refutable.records.documents import is_there
from refutable.records.gap import GapRecord
from refutable.reports import escaping
from refutable.reports.escaping import code
from refutable.reports.terminal import said as shown
from refutable.text import many

MARKS = {
    Margin.ROBUST: "✓",
    Margin.BREAKS: "◐",
    Margin.LOAD_BEARING: "✗",
    Margin.UNTESTABLE: "–",
    Margin.UNDECIDED: "?",
}

OUTCOMES = dict.fromkeys(Outcome, "?") | {Outcome.HOLDS: "✓", Outcome.BREAKS: "✗"}
"""Marks of what came of a value that was tried."""

MEANINGS = {
    Margin.ROBUST: "holds at every value scanned, to the dial's end",
    Margin.BREAKS: "holds up to a value, and no longer at a larger one",
    Margin.LOAD_BEARING: "breaks at the first value scanned away from the assumption",
    Margin.UNTESTABLE: "cannot be tried; the reason is given",
    Margin.UNDECIDED: "seeds disagree, a run failed, or it does not hold even as assumed",
}

STYLES = {
    Margin.ROBUST: "green",
    Margin.BREAKS: "yellow",
    Margin.LOAD_BEARING: "bold red",
    Margin.UNTESTABLE: "dim",
    Margin.UNDECIDED: "bold yellow",
}


def value(dial: DialRecord, number: float | None) -> str:
    """A position of a dial: its label where it is a switch."""
    if number is None:
        return ""
    return dial.labels.get(f"{number:g}", f"{number:.3g}")


def said(pair: PairRecord, dial: DialRecord) -> str:
    """The finding in a few words: 'robust to 0.9', 'breaks in 0.2 .. 0.3'."""
    if pair.verdict is Margin.ROBUST:
        return f"robust to {value(dial, pair.holds_to)}"
    if pair.verdict is Margin.BREAKS:
        return f"breaks in {value(dial, pair.holds_to)} .. {value(dial, pair.breaks_at)}"
    if pair.verdict is Margin.LOAD_BEARING:
        return f"load-bearing, breaks by {value(dial, pair.breaks_at)}"
    return pair.verdict.value


def foreseen(pair: PairRecord, dial: DialRecord) -> str:
    """What the theory said: 'as foreseen', 'foreseen to hold'; empty where it says nothing."""
    if not pair.foreseen:
        return ""
    if all(trial.outcome is trial.foreseen for trial in pair.foreseen):
        return "as foreseen"
    at = next((t.value for t in pair.foreseen if t.foreseen is Outcome.BREAKS), None)
    return "foreseen to hold" if at is None else f"foreseen to break by {value(dial, at)}"


def agreement(atlas: Atlas) -> str:
    """'The theory, where it says something, ...', or empty when it never does."""
    totals = atlas.totals
    if not totals.foreseen:
        return ""
    return (
        f"Of {many(totals.foreseen, 'value')} away from the assumptions the theory says what "
        f"happens, and is right on {totals.agreeing}."
    )


def part(pair: PairRecord, dial: DialRecord) -> float | None:
    """The part of the dial's range, from the value as assumed, up to which the claim held.

    On a logarithmic scale where the values scanned, but for a 0, span more than a factor of 30.
    """
    if pair.holds_to is None:
        return None
    first, last = dial.scanned[0], dial.scanned[-1]
    if first == last:
        return None
    nonzero = [abs(value) for value in dial.scanned if value]
    floor = min(nonzero) / 10  # where a 0 stands, and what is closer to it

    def place(value: float) -> float:
        return math.log(max(abs(value), floor) / floor)

    wide = len(nonzero) > 1 and floor > 0 and max(nonzero) / 30 > min(nonzero)
    if wide and place(first) != place(last):
        return (place(pair.holds_to) - place(first)) / (place(last) - place(first))
    return (pair.holds_to - first) / (last - first)


def of(folder: Path | None) -> Atlas | None:
    """The atlas that lies in a folder of reports."""
    path = folder / "atlas.json" if folder else None
    return Atlas.read(path) if path and is_there(path) else None


def rows(atlas: Atlas) -> Iterator[tuple[DialRecord, PairRecord]]:
    """Pairs with their dials, dial by dial."""
    for dial in atlas.dials:
        for pair in atlas.pairs:
            if pair.dial == dial.name:
                yield dial, pair


def tried(atlas: Atlas) -> Iterator[tuple[DialRecord, PairRecord]]:
    """Pairs that could be tried, with their dials, dial by dial."""
    return ((d, pair) for d, pair in rows(atlas) if pair.verdict is not Margin.UNTESTABLE)


def by_assumption(atlas: Atlas) -> list[tuple[str, list[tuple[DialRecord, PairRecord]]]]:
    """What could be tried of each assumption, the narrowest margin first."""
    found: dict[str, list[tuple[DialRecord, PairRecord]]] = {}
    for dial, pair in tried(atlas):
        found.setdefault(dial.assumption, []).append((dial, pair))
    return [
        (assumption, sorted(pairs, key=lambda one: _width(one[1], one[0])))
        for assumption, pairs in found.items()
    ]


def _width(pair: PairRecord, dial: DialRecord) -> float:
    found = part(pair, dial)
    return 0.0 if found is None else found


def broke(pair: PairRecord) -> str:
    """The gap that broke, in words, where a witness holds one."""
    gap = (pair.witness or {}).get("gap")
    try:
        return GapRecord.model_validate(gap).said
    except ValidationError:
        return ""


def place(pair: PairRecord) -> dict[str, Any]:
    """Where it broke: the witness but for the gap."""
    return {name: value for name, value in (pair.witness or {}).items() if name != "gap"}


def replay(folder: Path, pair: PairRecord) -> str:
    """The command that runs a break again."""
    return texts.command(["claims", "replay", str(folder), f"{pair.claim}/{pair.dial}"])


def bent(atlas: Atlas, claim: str) -> list[tuple[DialRecord, PairRecord]]:
    """What was found of one claim's assumptions, where something could be tried."""
    return [(dial, pair) for dial, pair in tried(atlas) if pair.claim == claim]


def show(atlas: Atlas, console: Console) -> None:
    """Print the table, what is undecided, and the counts."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("assumption", "dial", "claim", "finding", "theory"):
        table.add_column(name, no_wrap=name in ("dial", "claim"))
    table.add_column("note", ratio=1)
    last = ("", "")
    for dial, pair in tried(atlas):
        place = (dial.assumption, dial.name)
        style = STYLES[pair.verdict]
        table.add_row(
            shown(dial.assumption if place[0] != last[0] else ""),
            shown(dial.name if place != last else ""),
            shown(pair.claim),
            shown(f"{MARKS[pair.verdict]} {said(pair, dial)}", style),
            shown(foreseen(pair, dial)),
            shown(pair.note or ""),
        )
        last = place
    console.print(table)
    console.print()
    console.print(shown(f"{counts(atlas)}.", "bold"))
    console.print(
        shown(
            f"{many(atlas.totals.trials, 'value')} tried, {atlas.run.seconds:.0f} s; profile "
            f"{atlas.run.profile}, seed {atlas.run.seed}. {agreement(atlas)}"
        )
    )


def counts(atlas: Atlas) -> str:
    """'183 pairs of claim and dial: 90 robust, ...'."""
    found = [f"{n} {margin.value}" for margin, n in atlas.totals.verdicts.items() if n]
    return f"{many(atlas.totals.pairs, 'pair')} of claim and dial: {', '.join(found)}"


def markdown(atlas: Atlas) -> str:
    """A section per assumption: a row per dial, a column per claim."""
    claims = list(dict.fromkeys(pair.claim for pair in atlas.pairs))
    by_place = {(pair.claim, pair.dial): pair for pair in atlas.pairs}
    lines = [
        f"{counts(atlas)}. Profile `{atlas.run.profile}`, seed {atlas.run.seed}. "
        f"{agreement(atlas)}",
        "",
    ]
    lines += [f"- **{MARKS[m]} {m.value}**: {text}" for m, text in MEANINGS.items()]
    for assumption in dict.fromkeys(dial.assumption for dial in atlas.dials):
        lines += ["", f"### {escaping.markdown(assumption)}", ""]
        lines.append("| dial | " + " | ".join(f"{code(claim)}" for claim in claims) + " |")
        lines.append("|---" * (1 + len(claims)) + "|")
        for dial in atlas.dials:
            if dial.assumption != assumption:
                continue
            about = escaping.markdown(f"{dial.title} ({dial.source})")
            cells = [f"{code(dial.name)}: {about}"]
            for claim in claims:
                pair = by_place.get((claim, dial.name))
                cells.append(escaping.markdown(_finding(pair, dial)) if pair else "")
            lines.append("| " + " | ".join(cells) + " |")
    notes = [(dial, pair) for dial, pair in rows(atlas) if pair.note]
    if notes:
        lines += ["", "### Notes", ""]
        grouped: dict[str, list[str]] = {}
        for dial, pair in notes:
            where = f"{code(pair.claim)} / {code(dial.name)}"
            grouped.setdefault(pair.note or "", []).append(where)
        for note, places in grouped.items():
            lines.append(f"- {escaping.markdown(note)}: {', '.join(places)}")
    return "\n".join(lines) + "\n"


def margins(atlas: Atlas) -> Iterator[str]:
    """A table of Markdown of what could be tried, a row for each claim and dial."""
    yield "| assumption | dial | claim | finding | theory | note |"
    yield "|---|---|---|---|---|---|"
    for dial, pair in tried(atlas):
        cells = (
            escaping.markdown(dial.assumption),
            code(dial.name),
            code(pair.claim),
            escaping.markdown(f"{MARKS[pair.verdict]} {said(pair, dial)}"),
            escaping.markdown(foreseen(pair, dial)),
            escaping.markdown(pair.note or ""),
        )
        yield f"| {' | '.join(cells)} |"


def _finding(pair: PairRecord, dial: DialRecord) -> str:
    theory = foreseen(pair, dial)
    return f"{MARKS[pair.verdict]} {said(pair, dial)}" + (f" ({theory})" if theory else "")
