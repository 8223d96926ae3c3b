"""The command line: one file per verb, each imported when it is called; it sees all packages."""

from __future__ import annotations

import importlib
import sys
import traceback

import click

from refutable import streams
from refutable import text as texts
from refutable.cli.examples import examples
from refutable.errors import UsageError

LONGEST = 1000
"""Characters of a message."""

VERBS = {
    "new": "A commented file of claims that runs: a leg of each kind, and one claim that fails.",
    "list": "The catalogue: what is claimed, where it comes from and how it is checked.",
    "explain": "One claim: statement, source, assumptions, what it rests on, how it is checked.",
    "verify": "Check claims, and write results and reports.",
    "merge": "Make the whole run, or atlas, of its shards, in whatever order.",
    "audit": "Bend assumptions, and find where each claim breaks.",
    "selftest": "Plant every mistake and show which are caught: the kill table.",
    "replay": "Run one stored counterexample again: FIXED, FAILS or ERROR.",
    "trace": "One configuration's dynamics, with the predicted events beside the measured ones.",
    "figures": "Draw the paper's pictures as SVG.",
    "diff": "What changed from run A to run B, or over several: folders, or their results.json.",
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


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "claims list 'thm4.*'",
        "claims explain thm4.4",
        "claims verify --out report",
        "claims verify --module my_claims.py --allow undecided",
    ),
)
@click.version_option(package_name="refutable")
def cli() -> None:
    """Check theorems by running them.

    The claims are those of 'A Theoretical Analysis of Self-Supervised Learning for Vision
    Transformers' unless --module names others.

    SELECT picks claims: ids with globs ('local+.*'), kind:scaling, provenance:derived.

    Exit codes: 0 every selected claim holds, or is accepted by a baseline; 1 one fails, is vacuous,
    in error, undecided or not run; 2 the request cannot be met; 130 and 143 after Ctrl-C and
    SIGTERM.
    """


JUDGED = ("verify", "merge", "audit", "selftest", "diff", "replay")
"""Verbs whose exit code is a verdict, which stands even where nobody could be told."""


def main() -> None:
    """Run the command line; bad input is one line on stderr and exit code 2."""
    streams.guard()
    code = _code()
    judged = any(word in JUDGED for word in sys.argv[1:2])
    raise SystemExit(streams.settled(code, is_verdict=judged))


def _code() -> int:
    """Run a command, and say what its exit code is."""
    try:
        cli.main(standalone_mode=False)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except UsageError as problem:
        return _refused(str(problem))
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        return 130
    except click.ClickException as problem:
        return _refused(problem.format_message())
    except MemoryError as problem:
        return _refused(f"out of memory: {problem or 'take a smaller P, or fewer --workers'}")
    except OSError as problem:
        return _refused(str(problem))
    except Exception as problem:  # a fault of this program is no verdict on a claim
        if sys.flags.dev_mode:
            raise
        *_, (frame, line) = traceback.walk_tb(problem.__traceback__)
        place = f"{frame.f_code.co_filename}:{line}"
        said = f"{type(problem).__name__}: {problem} (at {place}); python -X dev shows more"
        return _refused(f"this is a fault of claims itself: {said}")
    return 0


def _refused(message: str) -> int:
    print(f"claims: {texts.line(message, LONGEST)}", file=sys.stderr)
    return 2
