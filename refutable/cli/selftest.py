"""claims selftest: plant mistakes, and show which are caught."""

from __future__ import annotations

import click

from refutable import streams
from refutable.claim import Profile, Verdict
from refutable.cli import options
from refutable.cli.examples import examples
from refutable.errors import UsageError
from refutable.shard import WHOLE, Shard
from refutable.text import many


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
@options.scheduler
@options.limit
@click.option(
    "--shard", metavar="I/N",
    help="Plant in part I of N of the claims alone; all is caught where it is in every part.",
)  # fmt: skip
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
    scheduler: str | None,
    limit: float | None,
    shard: str | None,
    mutations: int | None,
    modules: tuple[str, ...],
) -> None:
    """Plant every mistake and show which are caught: the kill table.

    A mistake is killed when a leg that holds without it fails with it. Exit 1 if one is not, if
    a claim has none or does not hold, or if a random mutation survives and no reason is given.
    """
    from refutable import run
    from refutable.reports import kill_table
    from refutable.selftest import planted

    sources = options.sources(modules)
    part = WHOLE if shard is None else Shard.parse(shard)
    with run.opened(
        sources, select, workers=options.worker_count(workers), scheduler=scheduler
    ) as (outline, pool):
        named = [id for id, _ in outline.catalogue.pick(select)]
        entries = [outline.catalogue.entry(id) for id in part.dealt(named)]
        if not entries:
            raise UsageError(f"shard {part} of {many(len(named), 'claim')} is empty")
        ids = tuple(entry.id for entry in entries)
        results = run.Checking(outline, pool, ids, profile, seed, limit).results()
        sound = planted.sound_legs(results)
        kills = []
        for kill in planted.bite_all(sound, outline, pool, profile, seed, limit):
            streams.say(f"{kill.claim}: {kill.mistake}: {kill.bite.outcome.value}", err=True)
            kills.append(kill)
        kill_table.show_mistakes(kills, options.console())
        if mutations is None:
            mutations = 300 if profile == "deep" else 0
        mutated = []
        if mutations:
            from refutable.selftest import mutants  # with SymPy, which others spare

            mutated = mutants.search(sound, pool, mutations, profile, seed, limit)
            kill_table.show_mutations(mutated, options.console())
    doubtful = [claim.id for claim in results.claims if claim.verdict is not Verdict.HOLDS]
    if doubtful:
        streams.say(f"Without any mistake these do not hold, either: {', '.join(doubtful)}")
    toothless = [entry.id for entry in entries if not entry.mistakes]
    if toothless:
        streams.say(f"These have no planted mistake: {', '.join(toothless)}")
    holes = [kill for kill in kills if not kill.refuted]
    holes += [kill for kill in mutated if kill.unexplained]
    raise SystemExit(int(bool(holes or doubtful or toothless)))
