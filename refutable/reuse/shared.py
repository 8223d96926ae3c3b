"""Shared runs: an expensive run is made once and serves every claim that is measured on it.

Within one process runs are remembered. Where legs run in several processes, a store hands what one
of them has made to the others, as bytes: every leg gets a copy of its own, so that none can change
what another finds, and a run draws from a seed of its own, whichever leg happens to make it.
Planted mistakes run inside `nothing_shared`, or a remembered run would hide them.
"""

from __future__ import annotations

import functools
import hashlib
import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec, Protocol, TypeVar

from refutable import chance, files

A = ParamSpec("A")
R = TypeVar("R")


@dataclass(frozen=True)
class Made:
    """A run as it is handed over. files: the marks of what it read."""

    data: bytes
    files: Mapping[str, str]


class Store(Protocol):
    """Where runs are handed over."""

    def find(self, key: str) -> Made | None:
        """A run that was made already; None when it is to be made here, and then kept."""

    def keep(self, key: str, made: Made | None) -> None:
        """Hand a run over; None when it could not be made, or cannot be handed over."""


_memory: dict[str, Any] = {}
_store: Store | None = None
_bypassed = False
_used: list[dict[str, str]] = [{}]
"""Marks of files that the runs used so far have read: of this leg, and of runs being made."""


def run_once(function: Callable[A, R]) -> Callable[A, R]:
    """Make a function of hashable, repr-stable arguments run once per run of the checker."""

    @functools.wraps(function)
    def shared(*args: A.args, **kwargs: A.kwargs) -> Any:  # R, as it was kept
        name = f"{function.__module__}.{function.__qualname__}{args!r}{sorted(kwargs.items())!r}"
        if name not in _memory:
            key = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
            _memory[name] = _through(key, lambda: function(*args, **kwargs))
        return _memory[name]

    return shared


def _through(key: str, make: Callable[[], R]) -> R:
    """What is made, or what another process made."""
    if _store is None:
        with chance.own(int(key[:15], 16)):
            return make()
    found = _store.find(key)
    if found is None:
        made = None
        _used.append({})
        try:
            with chance.own(int(key[:15], 16)), files.watched() as read:
                result = make()
            data = _pickled(result)
            if data is not None:
                made = Made(data, read | _used[-1])
        finally:
            read_inside = _used.pop()
            _store.keep(key, made)
        if made is None:
            _used[-1].update(read | read_inside)
            return result
        found = made
    _used[-1].update(found.files)
    copy: R = pickle.loads(found.data)
    return copy


def _pickled(result: object) -> bytes | None:
    try:
        return pickle.dumps(result)
    except Exception:  # whatever its parts raise, it cannot be handed over
        return None


def begin(store: Store | None) -> None:
    """A leg begins: what it shares goes through a store, and it remembers nothing of others."""
    global _store
    _store = store
    _memory.clear()
    _used[:] = [{}]


def files_read() -> dict[str, str]:
    """The marks of what the runs have read that were used since `begin`."""
    return dict(_used[0])


@contextmanager
def nothing_shared() -> Iterator[None]:
    """Forget every shared run while inside, and what was run inside when leaving."""
    global _store, _memory, _bypassed
    before = _store, _memory, _bypassed
    _store, _memory, _bypassed = None, {}, True
    try:
        yield
    finally:
        _store, _memory, _bypassed = before


def bypassed() -> bool:
    """Whether a mistake may be planted now, so that nothing may be taken from another run."""
    return _bypassed
