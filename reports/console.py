"""The console: one line per claim, then what went wrong, then the counts.

Everything is printed as text objects: nothing that a record says is taken for a style.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from refutable import text as texts
from refutable.claim import Verdict
from refutable.records.results import ClaimRecord, LegRecord, Results, Run
from refutable.reports import opening, witness, words
from refutable.reports.terminal import said

STYLES = {
    Verdict.HOLDS: "green",
    Verdict.FAILS: "bold red",
    Verdict.ERROR: "bold red",
    Verdict.VACUOUS: "bold yellow",
    Verdict.UNDECIDED: "bold yellow",
    Verdict.NOT_RUN: "dim",
}

MOST = 12
"""Gaps of a leg that do not hold; the rest is counted."""
LAST = 4
"""Lines of a traceback."""


WIDE = 100
"""Columns from which on a claim takes one row; below, what it says gets a line of its own."""


def show(results: Results, console: Console, folder: Path | None = None) -> None:
    """Print the table, the troubles and the counts of a run. folder: where its results are kept."""
    (_show_table if console.width >= WIDE else _show_lines)(results, console)
    console.print()
    for claim in results.claims:
        _show_trouble(claim, results.run, console, folder)
    _show_remarks(results, console)
    totals = results.totals
    console.print(said(f"{words.many(totals.claims, 'claim')}: {words.counts(results)}.", "bold"))
    console.print(
        said(
            f"{words.many(totals.legs, 'leg')} of evidence, {words.many(totals.cases, 'case')}, "
            f"{results.run.seconds:.0f} s; "
            f"profile {results.run.profile}, seed {results.run.seed}; "
            f"probability of a false alarm {totals.false_alarm:.1g}."
        )
    )
    remarked = words.remarked(results)
    if remarked:
        console.print(said(f"{remarked}."))
    missing = words.not_installed(results)
    for line in missing:
        console.print(said(line))
    partial = [claim.id for claim in results.claims if claim.left_out]
    if partial and not missing:
        console.print(
            said(
                f"{words.many(len(partial), 'claim has', 'claims have')} "
                "legs that this run left out; "
                "`--profile full` and no kind: selection run them all."
            )
        )
    console.print(said(words.CLOSENESS, "dim"))


def _show_table(results: Results, console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("claim", no_wrap=True)
    table.add_column("what it says", ratio=1)
    table.add_column("verdict")
    table.add_column("closeness", justify="right", no_wrap=True)
    table.add_column("grade")
    for claim in results.claims:
        table.add_row(said(claim.id, most=100), said(claim.title, most=200), *_judged(claim))
    console.print(table)


def _show_lines(results: Results, console: Console) -> None:
    """A claim in two lines, of which the first says how it was judged."""
    for claim in results.claims:
        judged = Text("  ").join(part for part in _judged(claim) if part)
        console.print(said(claim.id, "bold", 100) + Text("  ") + judged)
        console.print(Padding(said(claim.title, most=200), (0, 0, 0, 2), expand=False))


def _judged(claim: ClaimRecord) -> tuple[Text, Text, Text]:
    return (
        said(words.verdict(claim), STYLES[claim.verdict], 200),
        said(words.closeness(claim)),
        said(words.grades(claim)),
    )


def _show_trouble(claim: ClaimRecord, run: Run, console: Console, folder: Path | None) -> None:
    for leg in claim.legs:
        if not leg.verdict.is_trouble:
            continue
        head = f"{claim.id} [{leg.kind.value}] {leg.verdict.value}"
        console.print(said(head, STYLES[leg.verdict]))
        for line in _details(leg):
            console.print(Padding(said(line), (0, 0, 0, 4), expand=False))
        commands = {
            "see it again": opening.replay(folder, claim, leg),
            "check again": words.again(run, claim, leg),
        }
        for label, command in commands.items():
            if command:  # on a line of its own, however long: it is to be pasted
                shown = Text(f"    {label}: ") + Text(texts.visible(command))
                console.print(shown, soft_wrap=True)
        console.print()
    if claim.accepted:
        console.print(said(f"{claim.id} {words.acceptance(claim.accepted)}"))
        console.print()
    if claim.blocked_by:
        below = ", ".join(claim.blocked_by)
        console.print(said(f"{claim.id} rests on what does not hold: {below}"))
        console.print()


def _details(leg: LegRecord) -> list[str]:
    """What keeps a leg from holding, where it broke, and with which configuration."""
    lines = words.trouble(leg, MOST)
    place = words.place(leg)
    if place:
        lines.append(f"at {place}")
    lines += [f"| {line}" for line in words.traceback(leg, LAST)]
    drawn = words.drawn(leg)
    if drawn:
        lines.append(f"drawn: {drawn}")
    return lines + witness.lines(leg)


def _show_remarks(results: Results, console: Console) -> None:
    """Remarks, those beside a verdict first, then those that its claim foresaw."""
    for title, found in (("Remarks", words.remarks), ("Foreseen remarks", words.expected)):
        lines = [(claim.id, remark) for claim in results.claims for remark in found(claim)]
        if not lines:
            continue
        console.print(said(title, "bold"))
        for id, remark in lines:
            console.print(Padding(said(f"{id} {remark}"), (0, 0, 0, 4), expand=False))
        console.print()
