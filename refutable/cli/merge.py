"""claims merge: make the whole run, or the whole atlas, of its shards."""

from __future__ import annotations

from pathlib import Path

import click

from refutable.claim import Verdict
from refutable.cli import conclusion, options
from refutable.cli.examples import examples
from refutable.errors import UsageError
from refutable.records import baseline, shards
from refutable.records.counting import Counting
from refutable.records.documents import is_there


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
    """Make the whole run, or atlas, of its shards, in whatever order.

    Results are those of a run without --shard but for times. Nothing is checked again. Exit codes
    as for verify; 2 when shards are missing, there twice, or of runs that differ in seed, profile,
    selection, versions or code.
    """
    from refutable import merge
    from refutable.auditing import parts
    from refutable.records.journal import writing
    from refutable.reports import folder as folder_of_reports

    conclusion.require_place(out)
    if out is not None and any(out.resolve() == folder.resolve() for folder in folders):
        raise UsageError(f"--out {out} is one of the shards; name a folder for the whole")
    if not any(is_there(folder / shards.FILE) for folder in folders) and any(
        parts.is_part(folder) for folder in folders
    ):
        if accepted or allowed or strict:
            raise UsageError("--baseline, --allow and --strict are of verdicts; this is an audit")
        atlas = parts.merged(folders, options.command_line())
        if out is not None:
            with writing(out):
                folder_of_reports.write_atlas(atlas, out)
        raise SystemExit(conclusion.show_atlas(atlas, out, as_json))
    whole = merge.merged(folders, options.command_line())
    catalogue = whole.outline.catalogue
    entries = dict(baseline.read(accepted, catalogue.entries())) if accepted else {}
    if out is not None:
        with writing(out):
            whole.keep(out)
    raise SystemExit(
        conclusion.conclude(whole.results, entries, Counting(allowed, strict), out, as_json)
    )
