"""claims report: render stored results again."""

from __future__ import annotations

from pathlib import Path

import click

from refutable import streams
from refutable.cli import options
from refutable.cli.examples import examples
from refutable.errors import UsageError
from refutable.records.results import Results
from refutable.reports import folder


@click.command(
    "report",
    epilog=examples(
        "claims report report",
        "claims report report --format latex,csv",
        "claims report report --format badge",
    ),
)
@click.argument("results", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--format", "formats", default=",".join(folder.FORMATS), show_default=True,
              metavar="NAMES", help="Comma-separated; sarif, latex, badge on request.")  # fmt: skip
def command(results: Path, formats: str) -> None:
    """Render the reports of a folder again from its stored results."""
    names = formats.split(",")
    known = [*folder.FORMATS, *folder.ON_REQUEST]
    for name in names:
        if name not in known:
            raise UsageError(f"unknown format {name!r}; allowed: {', '.join(known)}")
    for path in folder.write(Results.read(results / options.RESULTS), results, names):
        streams.say(path)
