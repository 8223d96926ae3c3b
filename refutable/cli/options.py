"""Options that several verbs share, how they are read, and where output goes."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from rich.console import Console

from refutable import device as devices
from refutable import streams
from refutable.catalogue import DEFAULT_SOURCES
from refutable.claim import LARGEST_SEED, LONGEST_LIMIT, PROFILES
from refutable.engine import machine
from refutable.errors import UsageError
from refutable.records.documents import Record, plain
from refutable.text import many

NARROWEST, FOR_FILES = 40, 120
"""Widths of the page: the least that makes sense, and that of what is written into a file."""
RESULTS = "results.json"


def _seconds(_: click.Context, __: click.Parameter, value: float | None) -> float | None:
    """Seconds that a clock can be set to; a NaN is none, and neither is infinity."""
    if value is None or 0 < value <= LONGEST_LIMIT:
        return value
    raise click.BadParameter(f"{value:g} is not in the range 0<x<={LONGEST_LIMIT:g}.")


profile = click.option(
    "--profile", type=click.Choice(PROFILES), default="quick", show_default=True,
    help="How much effort to spend.",
)  # fmt: skip
seed = click.option(
    "--seed",
    type=click.IntRange(0, LARGEST_SEED),
    default=0,
    show_default=True,
    help="The root seed.",
)
module = click.option(
    "--module", "modules", multiple=True, metavar="FILE_OR_PACKAGE",
    help="Claims of your own in place of the paper's: a Python file, a package's folder or a "
    "module, with CLAIMS.",
)  # fmt: skip
workers = click.option(
    "--workers", default="auto", show_default=True, metavar="N|auto",
    help="Processes, auto for one on each idle core; verdicts do not depend on it.",
)  # fmt: skip
limit = click.option(
    "--limit", type=float, metavar="SECONDS", callback=_seconds,
    help="How long a leg may take that names no limit of its own, waits for a core not counted "
    "[default: 30 s in profile quick, 30 min in full, 6 h in deep].",
)  # fmt: skip
shard = click.option(
    "--shard", metavar="I/N",
    help="Check part I of N alone, as on one of N machines; `claims merge` makes the whole.",
)  # fmt: skip
scheduler = click.option(
    "--scheduler", metavar="ADDRESS|local:N",
    help="Have a Dask cluster do the work, or N processes of one on this machine.",
)  # fmt: skip
device = click.option(
    "--device", type=click.Choice((devices.CPU, devices.CUDA, devices.AUTO)), expose_value=False,
    callback=lambda _context, _option, asked: devices.choose(asked) if asked else None,
    help="Where models are trained that allow it; auto: on a GPU where there is one "
    f"[default: {devices.VARIABLE}, or cpu].",
)  # fmt: skip
seeds = click.option(
    "--seeds", type=click.IntRange(2), metavar="N",
    help="Check what draws at random under N seeds, from --seed on: does chance turn a verdict?",
)  # fmt: skip
durations = click.option(
    "--durations", type=click.IntRange(0), default=0, metavar="N",
    help="Also show the N pieces of work that took longest, and how much of the whole they are.",
)  # fmt: skip
select = click.argument("select", nargs=-1)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")


checkpoints = click.option(
    "--checkpoints", type=click.Path(path_type=Path), metavar="DIR",
    help="Published vision transformers: safetensors, or torch files of tensors alone.",
)  # fmt: skip
images = click.option(
    "--images", type=click.Path(path_type=Path), metavar="DIR",
    help="Images of your own: networks are looked at on them, or without --checkpoints trained.",
)  # fmt: skip
heads = click.option(
    "--heads", type=click.IntRange(1), metavar="N",
    help="Heads of checkpoints whose width does not tell.",
)  # fmt: skip


def sources(modules: tuple[str, ...]) -> tuple[str, ...]:
    """The modules whose claims are meant."""
    return modules or DEFAULT_SOURCES


PUBLISHED, OWN = "refutable.claims.figures.published", "refutable.claims.figures.own"
"""Modules of claims about published networks, and about the user's images: in no catalogue unless
they are asked for."""
ASKED_FOR = {"fig3.published": PUBLISHED, "fig3.one-layer.own": OWN, "fig3.vit.own": OWN}


def given(
    checkpoints: Path | None,
    images: Path | None,
    heads: int | None,
    select: Sequence[str] = (),
    *,
    crops: bool = True,
) -> tuple[str, ...]:
    """The module of claims about what the user gives, when something is; its processes find it.

    Also when such a claim is selected by its id, so that it can say which files would do. crops:
    whether images are cut into crops where they are all that is given. UsageError for folders that
    are not there, networks without images, and images of which no crops can be taken.
    """
    if checkpoints is None and images is None and heads is None:
        return tuple({ASKED_FOR[each]: None for each in select if each in ASKED_FOR})
    if checkpoints is None and heads is not None:
        raise UsageError("--heads is about --checkpoints, and none are given")
    if images is None:
        raise UsageError("--checkpoints needs --images: what the networks are to look at")
    for place in filter(None, (checkpoints, images)):
        if not place.is_dir():
            raise UsageError(f"there is no folder {place}")
    from refutable.claims.figures import image_sets, published
    from refutable.model.transformers.images import ImageProblem, identified

    os.environ[image_sets.VARIABLE] = str(images.absolute())
    if checkpoints is None:
        try:
            if crops:
                identified(images)
        except ImageProblem as problem:
            raise UsageError(str(problem)) from None
        return (OWN,)
    os.environ[published.CHECKPOINTS] = str(checkpoints.absolute())
    os.environ[published.HEADS] = str(heads or "")
    return (PUBLISHED,)


def require_folder(file: Path, option: str) -> None:
    """UsageError when there is no folder for the file that an option writes."""
    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent} for {option}")


def console() -> Console:
    """Standard output: as wide as the terminal or as COLUMNS says, otherwise wide for a file."""
    return Console(width=None if sys.stdout.isatty() else _columns())


def _columns() -> int:
    """COLUMNS where it is a number that a page can be set in."""
    text = os.environ.get("COLUMNS", "")
    given = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
    return given if given >= NARROWEST else FOR_FILES


def command_line() -> str:
    """The command as it was given, to be shown with what it found."""
    return shlex.join(["claims", *sys.argv[1:]])


def print_json(document: Record) -> None:
    """Print a record on stdout, strict and in one line."""
    streams.say_json(plain(document))


def worker_count(text: str) -> int | None:
    """A number of processes; None for `auto`, as many as there are cores that others leave idle.

    UsageError for one that makes no sense on this machine.
    """
    available = machine.cores()
    if text == "auto":
        return None
    most = 4 * available  # each takes some 300 MB
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise UsageError(
            f"--workers must be auto, or a whole number from 1 to {most} on "
            f"{many(available, 'core')}, not {text!r}"
        )
    return int(text)


def number(name: str, low: float, high: float) -> Callable[..., float | None]:
    """A callback that refuses numbers outside of a range."""

    def read(_: click.Context, __: click.Parameter, value: float | None) -> float | None:
        if value is not None and not low <= value <= high:  # NaN fails this, too
            raise UsageError(f"{name} must lie in [{low:g}, {high:g}], not {value}")
        return value

    return read
