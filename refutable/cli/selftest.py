"""claims selftest: plant mistakes, and show which are caught."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from rich.table import Table

from refutable import streams
from refutable.claim import Profile, Verdict
from refutable.cli import options
from refutable.cli.examples import examples
from refutable.reports.terminal import said
from refutable.run import Checking, opened
from refutable.selftest import planted

if TYPE_CHECKING:
    from refutable.selftest.mutants import Spoiled


@click.command(
    "selftest",
    epilog=examples(
        "claims selftest 'thm4.*'", "claims selftest --module my_claims.py --mutations 100"
    ),
)
@options.select
@options.profile
@options.seed
@options.workers
@options.limit
@click.option(
    "--mutations", type=click.IntRange(0), default=None,
    help="Also spoil this many statements at random [default: 300 in profile deep, else 0].",
)  # fmt: skip
@options.module
def command(
    select: tuple[str, ...],
    profile: Profile,
    seed: int,
    workers: str,
    limit: float | None,
    mutations: int | None,
    modules: tuple[str, ...],
) -> None:
    """Plant every mistake and show which are caught: the kill table.

    Exit 1 if one survives, a random mutation does and its claim does not say why, or a claim does
    not hold even without a mistake.
    """
    sources = options.sources(modules)
    with opened(sources, select, workers=options.worker_count(workers)) as (outline, pool):
        ids = [id for id, _ in outline.catalogue.pick(select)]
        table = _kill_table("planted mistake")
        survived = total = 0
        for id, mistake, bite in planted.bite_all(ids, outline, pool, profile, seed, limit):
            streams.say(f"{id}: {mistake.title}: {bite.outcome}", err=True)
            total += 1
            survived += bite.outcome != "killed"
            _add_bite(table, id, mistake.title, bite)
        options.console().print(table)
        streams.say(f"{total - survived} of {total} planted mistakes killed.")
        if mutations is None:
            mutations = 300 if profile == "deep" else 0
        if mutations:
            from refutable.selftest import mutants as mutating  # with SymPy, which others spare

            found = mutating.search(ids, pool, mutations, profile, seed, limit)
            survived += sum(spoiled.unexplained for spoiled in found)
            _show_mutations(found)
        unspoiled = Checking(outline, pool, select, profile, seed, limit).results()
    doubtful = [c.id for c in unspoiled.claims if c.verdict is not Verdict.HOLDS]
    if doubtful:
        streams.say(f"Without any mistake these do not hold, either: {', '.join(doubtful)}")
    raise SystemExit(int(bool(survived or doubtful)))


def _show_mutations(found: Sequence[Spoiled]) -> None:
    """The mutants that no leg refuted, each with its reason, and how many were."""
    table = _kill_table("mutation")
    for spoiled in found:
        if spoiled.bite.outcome == "survived":
            mutant = spoiled.mutant
            _add_bite(table, mutant.claim, f"{mutant.target}: {mutant.spoil}", spoiled.bite)
            table.add_row("", said(spoiled.why or "not explained", "dim"))
    options.console().print(table)
    outcomes = Counter(spoiled.bite.outcome for spoiled in found)
    unexplained = sum(spoiled.unexplained for spoiled in found)
    streams.say(
        f"{len(found)} random mutations: {outcomes['killed']} killed, {outcomes['error']} noticed "
        f"by an error, {outcomes['survived']} survived ({unexplained} of them unexplained), "
        f"{outcomes['did not apply']} changed nothing."
    )


def _kill_table(what: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("claim", what, "outcome", "caught by"):
        table.add_column(name, no_wrap=name == "claim")
    return table


def _add_bite(table: Table, id: str, what: str, bite: planted.Bite) -> None:
    style = "green" if bite.outcome == "killed" else "bold red"
    caught = bite.leg.value if bite.leg else ""
    table.add_row(said(id), said(what), said(bite.outcome, style), caught)
