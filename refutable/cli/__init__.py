"""The command line: one file per verb, each imported when it is called; it sees all packages."""

from __future__ import annotations

import importlib
import os
import sys
from concurrent.futures import BrokenExecutor

import click

from refutable.errors import UsageError

VERBS = {
    "list": "The catalogue: what is claimed, where it comes from and how it is checked.",
    "explain": "One claim: statement, source, assumptions, what it rests on, how it is checked.",
    "verify": "Check claims, and write results and reports.",
    "audit": "Bend assumptions, and find where each claim breaks.",
    "selftest": "Plant every mistake and show which are caught: the kill table.",
    "replay": "Run one stored counterexample again: FIXED, FAILS or ERROR.",
    "trace": "One configuration's dynamics, with the predicted events beside the measured ones.",
    "figures": "Draw the paper's pictures on its own data model, as SVG.",
    "diff": "What changed from run A to run B: folders, or their results.json.",
    "report": "Render the reports of a folder again from its stored results.",
    "doctor": "Versions, threads, the cache of runs, and what is missing.",
}
"""Every verb and what it does; its file in this folder defines it as `command`."""


def command_of(verb: str) -> click.Command:
    """The command of a verb, imported now."""
    command: click.Command = importlib.import_module(f"refutable.cli.{verb}").command
    return command


class Verbs(click.Group):
    """A group whose commands are imported when they are called, and not to list them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, in the order of VERBS."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb; none for another word."""
        return command_of(cmd_name) if cmd_name in VERBS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs with one line each."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="refutable")
def cli() -> None:
    """Check the theorems on self-supervised vision transformers by running them.

    The paper: 'A Theoretical Analysis of Self-Supervised Learning for Vision Transformers'.

    SELECT picks claims: ids with globs ('local+.*'), kind:scaling, provenance:stated.
    Exit codes: 0 all selected claims hold, 1 some do not, 2 the request cannot be met.
    """


def main() -> None:
    """Run the command line; bad input is one line on stderr and exit code 2."""
    try:
        cli.main(standalone_mode=False)
    except UsageError as problem:
        _refuse(str(problem))
    except ValueError as problem:
        if not isinstance(problem, _setting_errors()):
            raise
        _refuse(str(problem))
    except click.exceptions.Abort:
        raise SystemExit(130) from None
    except click.ClickException as problem:
        _refuse(problem.format_message())
    except MemoryError as problem:
        _refuse(f"out of memory: {problem or 'take a smaller P, or fewer --workers'}")
    except BrokenExecutor:
        _refuse(
            "a worker process died, perhaps for want of memory; with --out, what is finished is "
            "kept, and the same command continues, with fewer --workers if need be"
        )
    except OSError as problem:
        if isinstance(problem, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(141) from None
        _refuse(str(problem))


def _setting_errors() -> tuple[type[ValueError], ...]:
    """What the model raises for settings that the definitions exclude, once it is loaded."""
    setting = sys.modules.get("refutable.model.setting")
    return (setting.SettingError,) if setting else ()


def _refuse(message: str) -> None:
    click.echo(f"claims: {' '.join(message.split())}", err=True)
    raise SystemExit(2)
