"""Failure: what broke a piece of work, described without trusting what broke it."""

from __future__ import annotations

import contextlib
import inspect
import os
import re
import sys
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

LONGEST = 8_000
"""Characters of a traceback that are kept, its end."""
CONFIGURATION = "configuration"
"""Attribute of an exception: what a search had drawn when it was raised."""

TOOL = str(Path(__file__).parent) + os.sep
PAPER = tuple(f"{TOOL}{name}{os.sep}" for name in ("claims", "model"))
"""Folders of what is checked when nothing else is named; it ships with the tool."""
_INSTALLED = tuple(
    {path for name, path in sysconfig.get_paths().items() if name.endswith(("lib", "scripts"))}
)


def named(file: str | Path) -> str:
    """A source file as records name it, which go to other machines: by no folder of this one.

    Below the working directory, else below the folder that holds its package, else by its name.
    """
    text = os.fspath(file)
    if not os.path.isabs(text):  # typed into a notebook, or none at all
        return text
    # Strings alone: what broke a leg may have put another name in place of one that pathlib calls.
    with contextlib.suppress(OSError):  # the working directory may be gone
        here = os.getcwd().rstrip(os.sep)
        if here and text.startswith(here + os.sep):
            return text.removeprefix(here + os.sep).replace(os.sep, "/")
    folder, _, name = text.rpartition(os.sep)
    while folder and os.path.isfile(folder + os.sep + "__init__.py"):
        folder, _, package = folder.rpartition(os.sep)
        name = f"{package}/{name}"
    return name


def is_users(file: str) -> bool:
    """Whether a file is neither of Python, nor installed, nor of this tool."""
    if file.startswith("<"):
        return False
    if "site-packages" in file or "dist-packages" in file or file.startswith(_INSTALLED):
        return False
    return not file.startswith(TOOL) or file.startswith(PAPER)


def caller() -> str | None:
    """The innermost line of a user's code that is running now, as FILE:LINE, `named`."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not is_users(frame.f_code.co_filename):
        frame = frame.f_back
    return f"{named(frame.f_code.co_filename)}:{frame.f_lineno}" if frame is not None else None


def home(function: Callable[..., Any]) -> tuple[str, int] | None:
    """The file and line where a user's function begins."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None or not is_users(code.co_filename):
        return None
    return code.co_filename, code.co_firstlineno


_FRAME = re.compile(r'(?<=^  )File "([^"\n]+)"', re.MULTILINE)
"""Where a frame of a traceback is, as the interpreter writes it."""


def named_in(text: str) -> str:
    """A traceback, or a dump of a stack, with its files `named`."""
    return _FRAME.sub(lambda frame: f'File "{named(frame[1])}"', text)


def describe(problem: BaseException, at_home: tuple[str, int] | None = None) -> dict[str, Any]:
    """Type, message, place, traceback and drawn configuration, as a FailureRecord holds them.

    at_home: a file and line of a user's. The place is looked for there first, and is there when no
    code of a user's is on the way, as when a leg has returned what breaks later.
    """
    try:
        message = str(problem)
    except BaseException as second:  # a text that cannot be made does not hide that something broke
        message = f"a message that raises {type(second).__name__}"
    try:
        frames = list(traceback.extract_tb(problem.__traceback__))
        text = "".join(traceback.TracebackException.from_exception(problem).format())
    except BaseException:
        frames, text = [], ""
    theirs = [frame for frame in frames if is_users(frame.filename)]
    wanted = [f for f in theirs if at_home is not None and f.filename == at_home[0]]
    innermost = next(reversed(wanted or theirs or frames), None)
    place = (innermost.filename, innermost.lineno) if innermost else None
    if not theirs and at_home is not None:
        place = at_home
    drawn = getattr(problem, "__dict__", {}).get(CONFIGURATION)
    return {
        "type": type(problem).__qualname__,
        "message": message,
        "file": named(place[0]) if place else None,
        "line": place[1] if place else None,
        "traceback": named_in(text)[-LONGEST:],
        "configuration": drawn if isinstance(drawn, dict | None) else {"drawn": drawn},
    }
