"""The console: one line per claim, then what went wrong, then the counts."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from refutable.claim import Verdict
from refutable.records.results import ClaimRecord, Results
from refutable.reports import words

STYLES = {
    Verdict.HOLDS: "green",
    Verdict.FAILS: "bold red",
    Verdict.ERROR: "bold red",
    Verdict.VACUOUS: "bold yellow",
    Verdict.UNDECIDED: "bold yellow",
    Verdict.NOT_RUN: "dim",
}


def show(results: Results, console: Console) -> None:
    """Print the table, the troubles and the counts of a run."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("claim", no_wrap=True)
    table.add_column("what it says", ratio=1)
    table.add_column("verdict", no_wrap=True)
    table.add_column("closeness", justify="right", no_wrap=True)
    table.add_column("grade", no_wrap=True)
    for claim in results.claims:
        style = STYLES[claim.verdict]
        table.add_row(
            escape(claim.id),
            escape(claim.title),
            f"[{style}]{words.verdict(claim)}[/]",
            words.closeness(claim),
            words.grades(claim),
        )
    console.print(table)
    console.print()
    for claim in results.claims:
        _show_trouble(claim, console)
    totals = results.totals
    console.print(f"[bold]{totals.claims} claims: {words.counts(results)}.[/]", highlight=False)
    console.print(
        f"{totals.legs} legs of evidence, {totals.cases:,} cases, {results.run.seconds:.0f} s; "
        f"profile {results.run.profile}, seed {results.run.seed}; "
        f"probability of a false alarm {totals.false_alarm:.1g}.",
        highlight=False,
    )
    partial = [claim.id for claim in results.claims if words.left_out(claim)]
    if partial:
        console.print(
            f"{len(partial)} claims have legs that this run left out; "
            "`--profile full` and no kind: selection run them all.",
            highlight=False,
        )
    console.print(f"[dim]{words.CLOSENESS}[/]", highlight=False)


def _show_trouble(claim: ClaimRecord, console: Console) -> None:
    for leg in claim.legs:
        if leg.verdict in (Verdict.HOLDS, Verdict.NOT_RUN):
            continue
        head = f"{claim.id} [{leg.kind.value}] {leg.verdict.value}"
        console.print(f"[{STYLES[leg.verdict]}]{escape(head)}[/]", highlight=False)
        for line in words.trouble(leg):
            console.print(f"    {escape(' '.join(line.split()))}", highlight=False)
        if leg.witness:
            console.print(f"    witness: {escape(str(leg.witness))}", highlight=False)
        console.print()
    if claim.accepted:
        console.print(
            f"{escape(claim.id)} {escape(words.acceptance(claim.accepted))}\n", highlight=False
        )
    if claim.blocked_by:
        console.print(
            f"{escape(claim.id)} rests on what does not hold: "
            f"{escape(', '.join(claim.blocked_by))}",
            highlight=False,
        )
        console.print()
