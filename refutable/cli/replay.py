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
        "claims replay report my.claim/property --pytest",
        "claims replay audit my.claim/dial --script",
    ),
)
@click.argument("folder_", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("witness")
@click.option("--pytest", "form", flag_value="pytest",
              help="Print a test of the witness in place of running it.")  # fmt: skip
@click.option("--script", "form", flag_value="script",
              help="Print a script that measures the witness, in place of running it.")  # fmt: skip
@options.module
def command(folder_: Path, witness: str, form: str | None, modules: tuple[str, ...]) -> None:
    """Run one stored counterexample again: FIXED, FAILS or ERROR.

    WITNESS is CLAIM/KIND of a failing leg in DIR/results.json, or CLAIM/DIAL of a break in
    DIR/atlas.json. Its claims are looked for where the run found them, unless --module names
    another file or package. Exit 0 when fixed, 1 when it still fails, 2 when it cannot be run.
    """
    from refutable import replay as replaying
    from refutable import reproduce

    if form is not None:
        kept: reproduce.Form = "pytest" if form == "pytest" else "script"
        streams.say(reproduce.reproduced(folder_, witness, modules, kept), end="")
        return
    outcome, lines = replaying.replay(folder_, witness, modules)
    for line in lines:
        streams.say(line)
    streams.say(outcome)
    raise SystemExit({"FIXED": 0, "FAILS": 1, "ERROR": 2}[outcome])
