"""claims diff: what changed from one run to another, or over several."""

from __future__ import annotations

from pathlib import Path

import click

from refutable import streams
from refutable.cli import options
from refutable.cli.examples import examples
from refutable.errors import UsageError
from refutable.records import history, mapping
from refutable.records.documents import is_there, plain
from refutable.records.history import Past
from refutable.records.results import Results
from refutable.reports import difference, trend


@click.command(
    "diff",
    epilog=examples(
        "claims diff before after",
        "claims diff before/results.json after --format markdown --strict",
        "claims diff monday tuesday wednesday --format html > changes.html",
        "claims diff history.jsonl",
        "claims diff one-paper other-paper --map same-claims.toml",
    ),
)
@click.argument("runs", metavar="A B...", nargs=-1, required=True,
                type=click.Path(path_type=Path))  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "markdown", "html"]), default="text",
              show_default=True)  # fmt: skip
@click.option("--moved", type=float, default=10.0, show_default=True, metavar="POINTS",
              callback=options.number("--moved", 0, 1e6),
              help="Report closeness that changed by more percentage points.")  # fmt: skip
@click.option("--map", "correspondence", type=click.Path(path_type=Path), metavar="FILE",
              help='TOML, "claim of A" = "claim of B": compare these, of two papers or theories.',
              )  # fmt: skip
@click.option("--strict", is_flag=True, help="Exit 1 also when a leg's evidence is missing now.")
@options.as_json
def command(
    runs: tuple[Path, ...],
    form: str,
    moved: float,
    correspondence: Path | None,
    strict: bool,
    as_json: bool,
) -> None:
    """What changed from run A to run B, or over several: folders, or their results.json.

    Exit 1 when a claim held and no longer does, or is gone. What a profile or a selection left out
    of one run is shown as not comparable, and is neither better nor worse. Of more than two runs,
    the oldest first, or of a file that `verify --history` keeps, every claim that changed is shown
    over all of them, and flaky ones are named. Two runs without a claim in common need --map,
    which says which correspond; those that it does not name are left out.
    """
    if len(runs) == 1 and is_there(runs[0]) and runs[0].suffix == ".jsonl":
        raise SystemExit(_over(history.read(runs[0]), form, as_json))
    if len(runs) < 2:
        raise UsageError("give two runs or more, or one file that `verify --history` keeps")
    from refutable.records import compare

    read = _corresponding([_read(run) for run in runs], correspondence)
    *_, before, after = read
    past = [Past.of(one) for one in read]
    if len(runs) > 2 and form != "html":
        raise SystemExit(_over(past, form, as_json))
    found = compare.compare(before, after, moved=moved / 100)
    if as_json:
        streams.say_json(plain(found))
    elif form == "markdown":
        streams.say(difference.markdown(found), end="")
    elif form == "html":
        from refutable.reports import html

        streams.say(html.changes(found, past), end="")
    else:
        difference.show(found, options.console())
    worse = len(runs) > 2 and any(course.is_worse for course in history.courses(past))
    raise SystemExit(int(worse or bool(found.regressions or (strict and found.weakened))))


def _over(past: tuple[Past, ...] | list[Past], form: str, as_json: bool) -> int:
    """Show claims over runs; 1 when one held in an earlier run and does not in the last."""
    if len(past) < 2:
        raise UsageError("a history of one run has nothing to compare")
    if form != "text":
        raise UsageError(f"--format {form} takes folders of runs; a history is shown as text")
    if as_json:
        streams.say_json([plain(course) for course in history.courses(past)])
    else:
        trend.show(past, options.console())
    return int(any(course.is_worse for course in history.courses(past)))


def _corresponding(read: list[Results], correspondence: Path | None) -> list[Results]:
    """Two runs with the claims that a map names, or any runs, which may share no claim."""
    if correspondence is not None:
        if len(read) != 2:
            raise UsageError("--map compares two runs")
        return list(mapping.matched(read[0], read[1], mapping.read(correspondence)))
    common = set.intersection(*({claim.id for claim in one.claims} for one in read))
    if len(read) == 2 and not common:
        streams.say(
            "claims: the runs have no claim in common, so that all of the first one's are gone; "
            "--map FILE says which correspond",
            err=True,
        )
    return read


def _read(side: Path) -> Results:
    return Results.read(side / options.RESULTS if side.is_dir() else side)
