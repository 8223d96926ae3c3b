"""claims verify: check claims, and write results and reports."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from refutable import streams
from refutable.claim import Profile, Verdict
from refutable.cli import conclusion, options
from refutable.cli.examples import examples
from refutable.errors import UsageError
from refutable.records import baseline, history
from refutable.records import certificates as certificate_files
from refutable.records.counting import Counting
from refutable.records.results import Results
from refutable.shard import WHOLE, Shard


@click.command(
    "verify",
    epilog=examples(
        "claims verify",
        "claims verify 'thm4.*' --profile full --out report",
        "claims verify --module my_claims.py --strict",
        "claims verify --baseline claims.toml --allow not-run",
        "claims verify --profile full --durations 10",
        "claims verify --seeds 200 --profile full --out soak",
        "claims verify --profile full --shard 3/8 --out shard-3",
    ),
)
@options.select
@options.profile
@options.seed
@options.seeds
@options.workers
@options.scheduler
@options.device
@options.limit
@click.option(
    "--out", type=click.Path(path_type=Path), default=None,
    help="Folder for journal, results and reports; a stopped run continues there.",
)  # fmt: skip
@options.shard
@options.durations
@options.as_json
@conclusion.allow
@conclusion.strict
@conclusion.accept
@click.option("--write-baseline", type=click.Path(path_type=Path), metavar="FILE.toml",
              help="Write what this run would have to accept; you give the reasons.")  # fmt: skip
@click.option("--history", "kept", type=click.Path(path_type=Path), metavar="FILE.jsonl",
              help="Add this run to a file of runs; the page shows what changed.")  # fmt: skip
@click.option("--certificates", type=click.Path(path_type=Path), metavar="DIR",
              help="Write what was proved as scripts, for `claims-recheck DIR`.")  # fmt: skip
@options.checkpoints
@options.images
@options.heads
@options.module
def command(
    select: tuple[str, ...],
    profile: Profile,
    seed: int,
    seeds: int | None,
    workers: str,
    scheduler: str | None,
    limit: float | None,
    out: Path | None,
    shard: str | None,
    durations: int,
    as_json: bool,
    allowed: frozenset[Verdict],
    strict: bool,
    accepted: Path | None,
    write_baseline: Path | None,
    kept: Path | None,
    certificates: Path | None,
    checkpoints: Path | None,
    images: Path | None,
    heads: int | None,
    modules: tuple[str, ...],
) -> None:
    """Check claims, and write results and reports.

    Exit code 0 when every selected claim holds or is accepted by the baseline, else 1.
    """
    from refutable import run  # what it takes to check, after it was asked for
    from refutable.cli import progress
    from refutable.events import Event, RunStarted

    sources = options.sources(modules) + options.given(checkpoints, images, heads, select)
    part = None if shard is None else Shard.parse(shard)
    for name, asked in (("--shard", part), ("--seeds", seeds)):
        if asked and out is None:
            raise UsageError(f"{name} needs --out: what is not kept cannot be put together")
    if seeds and out:
        of_one_run = {
            "--baseline": accepted, "--write-baseline": write_baseline, "--history": kept,
            "--certificates": certificates, "--durations": durations,
            "--allow": allowed, "--strict": strict,
        }  # fmt: skip
        if named := [name for name, value in of_one_run.items() if value]:
            raise UsageError(f"--seeds compares verdicts, and does not go with {', '.join(named)}")
        asked_for = {
            "sources": sources, "profile": profile, "workers": options.worker_count(workers),
            "limit": limit, "shard": part or WHOLE, "scheduler": scheduler,
        }  # fmt: skip
        raise SystemExit(_soak(select, range(seed, seed + seeds), out, as_json, asked_for))
    _require_free(write_baseline, accepted)
    if certificates:
        certificate_files.require_empty(certificates)
    conclusion.require_place(out)
    if kept is not None:
        history.read(kept)  # a damaged one is refused before anything is run
        options.require_folder(kept, "--history")
    entries: dict[str, baseline.Entry] = {}

    def on_event(event: Event) -> None:
        if isinstance(event, RunStarted) and accepted:
            entries.update(baseline.read(accepted, event.outline.catalogue.entries()))
        shown.event(event)

    with progress.shown(out) as shown:
        found = run.verify(
            select,
            sources=sources,
            profile=profile,
            seed=seed,
            workers=options.worker_count(workers),
            scheduler=scheduler,
            limit=limit,
            out=out,
            command=options.command_line(),
            shard=part,
            on_event=on_event,
        )
    if certificates:
        streams.say(certificate_files.write(found, certificates), err=True)
    code = conclusion.conclude(
        found, entries, Counting(allowed, strict), out, as_json, write_baseline, kept
    )
    conclusion.show_durations(found, durations)
    raise SystemExit(code)


def _soak(
    select: tuple[str, ...], seeds: range, out: Path, as_json: bool, asked: Mapping[str, Any]
) -> int:
    """Check many seeds and show what they come to; 1 when a verdict depends on the seed."""
    from refutable.cli import progress
    from refutable.reports import soak as table
    from refutable.soak import soak

    def on_seed(results: Results) -> None:
        streams.say(f"seed {results.run.seed}: {results.run.seconds:.0f} s", err=True)

    with progress.shown(out) as shown:
        record = soak(
            select, seeds, out=out, command=options.command_line(),
            on_event=shown.event, on_seed=on_seed, **asked,
        )  # fmt: skip
    if as_json:
        options.print_json(record)
    else:
        table.show(record, options.console())
    return int(bool(record.flips))


def _require_free(write_baseline: Path | None, accepted: Path | None) -> None:
    """UsageError when a baseline cannot be written, before anything is run."""
    if write_baseline and write_baseline != accepted and write_baseline.exists():
        raise UsageError(f"{write_baseline} exists; to bring it up to date, also --baseline it")
    if write_baseline:
        options.require_folder(write_baseline, "--write-baseline")
