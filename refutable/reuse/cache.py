"""Cache: expensive runs kept on disk by content, so that no training is ever made twice.

An entry is found again by the function, its arguments, the source of the packages that decide its
result and the versions of the libraries; it is JSON with a checksum, never a pickle, since a folder
may be shared. Anything damaged or foreign is made again, with a warning. A full disk costs the
entry, not the run.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from filelock import FileLock

from refutable import chance, files
from refutable.errors import UsageError
from refutable.plain import jsonable
from refutable.records.documents import put
from refutable.reuse import shared

A = ParamSpec("A")
R = TypeVar("R")

FOLDER = "CLAIMS_CACHE_DIR"
"""Environment variable: where entries are kept; empty switches the cache off."""
LIMIT = "CLAIMS_CACHE_LIMIT"
"""Environment variable: how many MiB may be kept."""
DEFAULT_LIMIT = 256
CHECKED_EVERY = 64
"""Writes between two looks at the size."""
VERSIONS = ("numpy", "scipy", "torch")

_writes = 0


class CacheWarning(UserWarning):
    """An entry that could not be used or kept."""


def folder() -> Path | None:
    """Where entries are kept; None when the cache is off."""
    named = os.environ.get(FOLDER)
    if named is not None:
        return Path(named) if named else None
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "refutable"


def limit() -> int:
    """How many bytes may be kept. UsageError when the environment says something else."""
    text = os.environ.get(LIMIT, str(DEFAULT_LIMIT))
    try:
        size = int(text)
    except ValueError:
        size = 0
    if size < 1:
        raise UsageError(f"{LIMIT} must be a whole number of MiB of at least 1, not {text!r}")
    return size * 2**20


def kept(
    *, depends_on: Sequence[str], decode: Callable[[Any], R]
) -> Callable[[Callable[A, R]], Callable[A, R]]:
    """Keep what a function of repr-stable arguments returns.

    depends_on: packages or modules whose source decides the result. decode: makes a result again
    from its JSON (`property.jsonable` of it). Inside `shared.nothing_shared` nothing is read
    or kept, or a planted mistake would not show.
    """

    def decorate(function: Callable[A, R]) -> Callable[A, R]:
        memory: dict[str, R] = {}

        @functools.wraps(function)
        def remembered(*args: A.args, **kwargs: A.kwargs) -> R:
            if shared.bypassed():
                return function(*args, **kwargs)
            said = (
                f"{function.__module__}.{function.__qualname__}{args!r}{sorted(kwargs.items())!r}"
            )
            key = hashlib.sha256(f"{said}\n{_code(tuple(depends_on))}".encode()).hexdigest()
            if key not in memory:
                with chance.own(int(key[:15], 16)):
                    memory[key] = _through(key, lambda: function(*args, **kwargs), decode)
            return memory[key]

        return remembered

    return decorate


def _through(key: str, make: Callable[[], R], decode: Callable[[Any], R]) -> R:
    """Read the entry, or make the result and keep it."""
    place = folder()
    if place is None:
        return make()
    path = place / f"{key}.json"
    try:
        with files.unwatched():
            place.mkdir(parents=True, exist_ok=True)
            lock = FileLock(place / f"{key}.lock")
            lock.acquire()
    except OSError as problem:
        _warn(f"cannot use {place}: {problem.strerror or problem}")
        return make()
    try:
        if path.exists():
            try:
                result = decode(_read(path))
            except Exception as problem:  # damaged or foreign, whatever it raises
                _warn(f"{path} cannot be used ({problem}); it is made again")
            else:
                with contextlib.suppress(OSError):  # another user's entry of a shared folder
                    os.utime(path)  # last used now
                return result
        result = make()
        _write(path, result)
        return result
    finally:
        with contextlib.suppress(OSError):
            (place / f"{key}.lock").unlink()  # while it is held, or two could hold it
        lock.release()


def _read(path: Path) -> Any:
    with files.unwatched():
        entry = json.loads(path.read_text(encoding="utf-8"))
    text = json.dumps(entry["value"], sort_keys=True)
    if hashlib.sha256(text.encode()).hexdigest() != entry["sha256"]:
        raise ValueError("its checksum is wrong")
    return entry["value"]


def _write(path: Path, result: Any) -> None:
    global _writes
    value = json.loads(json.dumps(jsonable(result)))
    text = json.dumps(value, sort_keys=True)
    entry = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "value": value}
    try:
        with files.unwatched():
            put(path, json.dumps(entry))
    except OSError as problem:
        _warn(f"cannot keep {path}: {problem.strerror or problem}")
        return
    _writes += 1
    if _writes % CHECKED_EVERY == 1:  # the first write, too: most processes make few
        _make_room(path.parent)


def _make_room(place: Path) -> None:
    """Remove the entries that were used longest ago until the limit is met."""
    entries = sorted(_entries(place), key=lambda entry: entry[2])
    size = sum(entry[1] for entry in entries)
    for path, bytes_, _ in entries:
        if size <= limit():
            return
        path.unlink(missing_ok=True)
        size -= bytes_


def _ours(place: Path, ending: str) -> Iterator[Path]:
    """Files of the cache; whatever else lies in the folder is somebody's."""
    return (p for p in place.iterdir() if re.fullmatch(rf"[0-9a-f]{{64}}\.{ending}", p.name))


def _entries(place: Path) -> list[tuple[Path, int, float]]:
    found = []
    for path in _ours(place, "json"):
        try:
            status = path.stat()
        except OSError:
            continue  # another process has just removed it
        found.append((path, status.st_size, status.st_mtime))
    return found


def _warn(text: str) -> None:
    warnings.warn_explicit(text, CacheWarning, "claims", 1)  # one line, wherever it comes from


@functools.cache
def _code(packages: tuple[str, ...]) -> str:
    """A digest of the source of packages and of the versions that decide a run."""
    digest = hashlib.sha256(platform.python_version().encode())
    for name in VERSIONS:
        digest.update(f"{name} {importlib.metadata.version(name)}".encode())
    for package in packages:
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        files = sorted(origin.parent.rglob("*.py")) if origin.name == "__init__.py" else [origin]
        for file in files:
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Usage:
    """What the cache holds; bytes and entries."""

    folder: Path | None
    entries: int
    bytes: int
    limit: int


def usage() -> Usage:
    """What the cache holds now."""
    place = folder()
    entries = _entries(place) if place and place.is_dir() else []
    return Usage(place, len(entries), sum(entry[1] for entry in entries), limit())


def clear() -> Usage:
    """Remove every entry, and no other file; returns what was removed."""
    removed = usage()
    if removed.folder is not None and removed.folder.is_dir():
        for ending in ("json", "lock", r"json\.[0-9a-f]{16}\.partial"):
            for path in list(_ours(removed.folder, ending)):
                path.unlink(missing_ok=True)
    return removed
