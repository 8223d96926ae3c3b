"""claims verify: check claims, and write results and reports."""

from __future__ import annotations

from pathlib import Path

import click

from refutable.claim import Profile, Verdict
from refutable.cli import conclusion, options
from refutable.cli.examples import examples
from refutable.errors import UsageError
from refutable.records import baseline, history
from refutable.records import certificates as certificate_files
from refutable.records.counting import Counting
from refutable.shard import Shard


@click.command(
    "verify",
    epilog=examples(
        "claims verify",
        "claims verify 'thm4.*' --profile full --out report",
        "claims verify --module my_claims.py --strict",
        "claims verify --baseline claims.toml --allow not-run",
        "claims verify --profile full --durations 10",
        "claims verify --profile full --shard 3/8 --out shard-3",
    ),
)
@options.select
@options.profile
@options.seed
@options.workers
@options.scheduler
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

    sources = options.sources(modules) + options.published(checkpoints, images, heads)
    part = None if shard is None else Shard.parse(shard)
    if part and out is None:
        raise UsageError("--shard needs --out: what is not kept cannot be merged")
    _require_free(write_baseline, accepted)
    if certificates:
        certificate_files.require_empty(certificates)
    conclusion.require_place(out)
    if kept is not None:
        history.read(kept)  # a damaged one is refused before anything is run
        if not kept.parent.is_dir():
            raise UsageError(f"there is no folder {kept.parent} for --history")
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
        click.echo(certificate_files.write(found, certificates), err=True)
    code = conclusion.conclude(
        found, entries, Counting(allowed, strict), out, as_json, write_baseline, kept
    )
    conclusion.show_durations(found, durations)
    raise SystemExit(code)


def _require_free(write_baseline: Path | None, accepted: Path | None) -> None:
    """UsageError when a baseline cannot be written, before anything is run."""
    if write_baseline and write_baseline != accepted and write_baseline.exists():
        raise UsageError(f"{write_baseline} exists; to bring it up to date, also --baseline it")
    if write_baseline and not write_baseline.parent.is_dir():
        raise UsageError(f"there is no folder {write_baseline.parent} for --write-baseline")
