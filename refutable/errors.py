"""Errors with a line of their own: bad requests, and packages that a leg needs and cannot find."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from typing import Any


class UsageError(Exception):
    """Bad input: shown as one line on stderr, exit code 2."""


DISTRIBUTIONS = {
    "PIL": "pillow", "flint": "python-flint", "skimage": "scikit-image",
    "sklearn": "scikit-learn", "z3": "z3-solver",
}  # fmt: skip
"""Names of packages in the index that differ from those that they are imported by."""


class MissingPackageError(ModuleNotFoundError):
    """A package that is not installed: what needs it is not run, and says so."""

    def __init__(self, package: str, purpose: str) -> None:
        super().__init__(f"{package} is not installed, and {purpose} needs it", name=package)


class MissingFileError(MissingPackageError):
    """Files that were not given: what needs them is not run, and says which would do."""

    def __init__(self, text: str) -> None:
        ModuleNotFoundError.__init__(self, text)


def needed(module: str, package: str, purpose: str) -> Any:
    """Import a module that only some legs use.

    package: its name in the index. purpose: what uses it, for the message.
    Raises MissingPackageError when the module itself is absent, not when something in it is broken.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as problem:
        if problem.name and module.split(".")[0] == problem.name.split(".")[0]:
            raise MissingPackageError(package, purpose) from None
        raise


def nearest(word: str, known: Iterable[str]) -> str:
    """' Did you mean X?' with the nearest known words, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(close)}?" if close else ""


def said(problem: BaseException) -> str:
    """An exception's type and text, also where the text cannot be made."""
    try:
        text = str(problem)
    except BaseException as another:
        text = f"its text raises {type(another).__name__}"
    return f"{type(problem).__name__}: {text}" if text else type(problem).__name__
