"""claims explain: one claim, and how it was last judged."""

from __future__ import annotations

from pathlib import Path

import click

from refutable import catalogue as catalogues
from refutable import streams
from refutable.cli import options
from refutable.cli.examples import examples
from refutable.records.documents import is_there
from refutable.records.results import Results, TableRecord
from refutable.reports import explain


@click.command(
    "explain",
    epilog=examples(
        "claims explain thm4.4", "claims explain my.claim --module my_claims.py --results report"
    ),
)
@click.argument("claim_id", metavar="ID")
@click.option(
    "--results", "--out", "out", type=click.Path(path_type=Path), default=Path("report"),
    show_default=True, help="Folder whose results.json holds the last verdict.",
)  # fmt: skip
@options.module
def command(claim_id: str, out: Path, modules: tuple[str, ...]) -> None:
    """One claim: statement, source, assumptions, what it rests on, how it is checked."""
    named = options.given(None, None, None, (claim_id,))
    catalogue = catalogues.load(options.sources(modules) + named)
    entry = catalogue.entry(claim_id)
    tables = catalogue[claim_id].tables if entry.tables else ()
    path = out / options.RESULTS
    stored = Results.read(path).claims if is_there(path) else ()
    last = next((record for record in stored if record.id == entry.id), None)
    computed = [TableRecord.of(compute()) for compute in tables]
    width = options.console().width
    streams.say("\n".join(explain.lines(entry, computed, last, out, width, modules)))
