"""Shared runs: an expensive run is made once and serves every claim that is measured on it.

Within a process runs are remembered in memory. Inside `store(folder)` they are also kept on disk,
so that workers share them; a lock lets the second worker wait instead of training the same model
twice. Planted mistakes run inside `nothing_shared`, or a remembered run would hide them.
"""

from __future__ import annotations

import functools
import hashlib
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from filelock import FileLock

from refutable.records.documents import put

A = ParamSpec("A")
R = TypeVar("R")

_memory: dict[str, Any] = {}
_folder: Path | None = None
_bypassed = False


def run_once(function: Callable[A, R]) -> Callable[A, R]:
    """Make a function of hashable, repr-stable arguments run once per run of the checker."""

    @functools.wraps(function)
    def shared(*args: A.args, **kwargs: A.kwargs) -> R:
        name = f"{function.__module__}.{function.__qualname__}{args!r}{sorted(kwargs.items())!r}"
        if name in _memory:
            return _memory[name]
        if _folder is None:
            _memory[name] = function(*args, **kwargs)
            return _memory[name]
        path = _folder / hashlib.sha256(name.encode()).hexdigest()
        with FileLock(path.with_suffix(".lock")):
            if path.exists():
                _memory[name] = pickle.loads(path.read_bytes())
            else:
                _memory[name] = function(*args, **kwargs)
                put(path, pickle.dumps(_memory[name]))
        return _memory[name]

    return shared


@contextmanager
def store(folder: Path | None) -> Iterator[None]:
    """Share runs through this folder while inside."""
    global _folder
    before, _folder = _folder, folder
    try:
        yield
    finally:
        _folder = before


@contextmanager
def nothing_shared() -> Iterator[None]:
    """Forget every shared run while inside, and what was run inside when leaving."""
    global _folder, _memory, _bypassed
    before = _folder, _memory, _bypassed
    _folder, _memory, _bypassed = None, {}, True
    try:
        yield
    finally:
        _folder, _memory, _bypassed = before


def bypassed() -> bool:
    """Whether a mistake may be planted now, so that nothing may be taken from another run."""
    return _bypassed
