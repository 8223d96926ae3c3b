"""claims new: a file of claims to start from, or a project around one."""

from __future__ import annotations

from pathlib import Path

import click

from refutable import streams
from refutable.cli.examples import examples
from refutable.errors import UsageError


@click.command(
    "new",
    epilog=examples(
        "claims new my_theorem",
        "claims new my_theorem --project",
        "claims new my_theorem --from pytest test_descent.py",
    ),
)
@click.argument("name")
@click.argument("tests", required=False, type=click.Path(path_type=Path))
@click.option("--from", "origin", type=click.Choice(["template", "pytest"]), default="template",
              show_default=True, help="A commented file, or the tests of TESTS.")  # fmt: skip
@click.option("--project", is_flag=True,
              help="Write a folder with pyproject.toml, a workflow and a baseline.")  # fmt: skip
def command(name: str, tests: Path | None, origin: str, project: bool) -> None:
    """A commented file of claims that runs: a leg of each kind, and one claim that fails.

    NAME is that of the file, NAME.py, and what the ids begin with. --from pytest rewrites the tests
    of the file TESTS that use Hypothesis as claims: assertions become gaps, and what is left to be
    said is marked TODO. What is there already is left as it is, with exit code 2.
    """
    from refutable.starting.files import out_of_reach, started

    if (origin == "pytest") != (tests is not None):
        raise UsageError("--from pytest takes a file of tests: claims new NAME TESTS --from pytest")
    written = started(name, Path(), tests=tests, project=project)
    for path in written:
        streams.say(f"wrote {path}")
    home = out_of_reach() if project else None
    if home is not None:
        streams.say(
            f"refutable came from {home}, where CI finds none: name its repository in "
            'pyproject.toml, as in "refutable @ git+https://.../refutable@main"'
        )
    place = f"cd {name} && " if project else ""
    streams.say(f"Next: {place}claims verify --module {name}.py --out report")
