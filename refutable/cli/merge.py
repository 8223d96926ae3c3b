"""claims merge: make the whole run of its shards."""

from __future__ import annotations

from pathlib import Path

import click

from refutable.claim import Verdict
from refutable.cli import conclusion, options
from refutable.cli.examples import examples
from refutable.errors import UsageError
from refutable.records import baseline
from refutable.records.counting import Counting


@click.command(
    "merge",
    epilog=examples(
        "claims merge shard-1 shard-2 shard-3 --out report",
        "claims merge shard-1 shard-2 --json --baseline claims.toml",
    ),
)
@click.argument("folders", metavar="DIR...", nargs=-1, required=True,
                type=click.Path(path_type=Path))  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path), default=None,
    help="Folder for journal, results and reports of the whole.",
)  # fmt: skip
@options.as_json
@conclusion.allow
@conclusion.strict
@conclusion.accept
def command(
    folders: tuple[Path, ...],
    out: Path | None,
    as_json: bool,
    allowed: frozenset[Verdict],
    strict: bool,
    accepted: Path | None,
) -> None:
    """Make the whole run of its shards, in whatever order they are named.

    Results are those of a run without --shard but for times. Nothing is checked again. Exit codes
    as for verify; 2 when shards are missing, there twice, or of runs that differ in seed, profile,
    selection, versions or code.
    """
    from refutable import merge
    from refutable.records.journal import writing

    conclusion.require_place(out)
    if out is not None and any(out.resolve() == folder.resolve() for folder in folders):
        raise UsageError(f"--out {out} is one of the shards; name a folder for the whole")
    whole = merge.merged(folders, options.command_line())
    catalogue = whole.outline.catalogue
    entries = dict(baseline.read(accepted, catalogue.entries())) if accepted else {}
    if out is not None:
        with writing(out):
            whole.keep(out)
    raise SystemExit(
        conclusion.conclude(whole.results, entries, Counting(allowed, strict), out, as_json)
    )
