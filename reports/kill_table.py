"""The kill table: what became of planted mistakes and of mutations, and what that comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from refutable.records.kills import Kill, Outcome
from refutable.reports.terminal import said
from refutable.text import many

MEANINGS = {
    Outcome.KILLED: "a leg that holds without it fails with it",
    Outcome.SURVIVED: "no leg fails with it",
    Outcome.ERROR: "a leg broke, which refutes nothing",
    Outcome.NOT_REACHED: "no leg called what it spoils",
    Outcome.DID_NOT_APPLY: "it changed nothing, or there is nothing of that name",
    Outcome.NOT_SOUND: "no leg holds without it, so that none could refute it",
}


def show_mistakes(kills: Sequence[Kill], console: Console) -> None:
    """Print every planted mistake, and how many were killed."""
    console.print(_table("planted mistake", kills))
    console.print(said(f"{_refuted(kills)} of {many(len(kills), 'planted mistake')} killed."))
    _explain((kill for kill in kills if not kill.refuted), console)


def show_mutations(kills: Sequence[Kill], console: Console) -> None:
    """Print the mutations that survived, each with its excuse, and what became of all."""
    survived = [kill for kill in kills if kill.bite.outcome is Outcome.SURVIVED]
    console.print(_table("mutation", survived))
    outcomes = Counter(kill.bite.outcome for kill in kills)
    unexplained = sum(kill.unexplained for kill in kills)
    counted = [
        f"{outcomes[Outcome.KILLED]} killed",
        f"{outcomes[Outcome.ERROR]} noticed by an error",
        f"{outcomes[Outcome.SURVIVED]} survived ({unexplained} of them unexplained)",
        f"{outcomes[Outcome.DID_NOT_APPLY]} changed nothing",
    ]
    if outcomes[Outcome.NOT_SOUND]:
        counted.append(f"{outcomes[Outcome.NOT_SOUND]} of claims that do not hold")
    console.print(said(f"{many(len(kills), 'random mutation')}: {', '.join(counted)}."))


def _refuted(kills: Iterable[Kill]) -> int:
    return sum(kill.refuted for kill in kills)


def _table(what: str, kills: Iterable[Kill]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("claim", what, "outcome", "leg"):
        table.add_column(name, no_wrap=name == "claim")
    for kill in kills:
        bite = kill.bite
        style = "green" if kill.refuted else "bold red"
        leg = bite.leg.value if bite.leg else ""
        table.add_row(said(kill.claim), said(kill.mistake), said(bite.outcome, style), leg)
        excuse = kill.excused or ("not explained" if what == "mutation" else bite.why)
        if excuse:
            table.add_row("", said(excuse, "dim"))
    return table


def _explain(kills: Iterable[Kill], console: Console) -> None:
    """What the outcomes mean that are not kills."""
    there = {kill.bite.outcome for kill in kills}
    for outcome, meaning in MEANINGS.items():
        if outcome in there:
            console.print(said(f"{outcome.value}: {meaning}", "dim"))
