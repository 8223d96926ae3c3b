"""claims diff: what changed from one run to another."""

from __future__ import annotations

from pathlib import Path

import click

from refutable import streams
from refutable.cli import options
from refutable.cli.examples import examples
from refutable.records.documents import plain
from refutable.records.results import Results
from refutable.reports import difference


@click.command(
    "diff",
    epilog=examples(
        "claims diff before after",
        "claims diff before/results.json after --format markdown --strict",
    ),
)
@click.argument("before", metavar="A", type=click.Path(path_type=Path))
@click.argument("after", metavar="B", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text",
              show_default=True)  # fmt: skip
@click.option("--moved", type=float, default=10.0, show_default=True, metavar="POINTS",
              callback=options.number("--moved", 0, 1e6),
              help="Report closeness that changed by more percentage points.")  # fmt: skip
@click.option("--strict", is_flag=True, help="Exit 1 also when a leg's evidence is missing now.")
@options.as_json
def command(
    before: Path, after: Path, form: str, moved: float, strict: bool, as_json: bool
) -> None:
    """What changed from run A to run B: folders, or their results.json.

    Exit 1 when a claim held and no longer does, or is gone. What a profile or a selection left out
    of one run is shown as not comparable, and is neither better nor worse.
    """
    from refutable.records import compare

    found = compare.compare(_read(before), _read(after), moved=moved / 100)
    if as_json:
        streams.say_json(plain(found))
    elif form == "markdown":
        streams.say(difference.markdown(found), end="")
    else:
        difference.show(found, options.console())
    raise SystemExit(int(bool(found.regressions or (strict and found.weakened))))


def _read(side: Path) -> Results:
    return Results.read(side / options.RESULTS if side.is_dir() else side)
