"""claims replay: run one stored counterexample again."""

from __future__ import annotations

from pathlib import Path

import click

from refutable import streams
from refutable.cli import options
from refutable.cli.examples import examples


@click.command(
    "replay",
    epilog=examples(
        "claims replay report thm4.1/scaling",
        "claims replay report my.claim/exact",
    ),
)
@click.argument("folder_", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("witness")
@options.module
def command(folder_: Path, witness: str, modules: tuple[str, ...]) -> None:
    """Run one stored counterexample again: FIXED, FAILS or ERROR.

    WITNESS is CLAIM/KIND of a failing leg in DIR/results.json, or CLAIM/DIAL of a break in
    DIR/atlas.json. Its claims are looked for where the run found them, unless --module names
    another file or package. Exit 0 when fixed, 1 when it still fails, 2 when it cannot be run.
    """
    from refutable import replay as replaying

    outcome, lines = replaying.replay(folder_, witness, modules)
    for line in lines:
        streams.say(line)
    streams.say(outcome)
    raise SystemExit({"FIXED": 0, "FAILS": 1, "ERROR": 2}[outcome])
