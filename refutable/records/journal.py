"""Journal: one line per finished piece of work, flushed as it ends, so that none is ever lost."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar

from filelock import FileLock, Timeout

from refutable.errors import UsageError
from refutable.records.documents import SCHEMA_VERSION, require_schema_version

LOCK, HOLDER = ".lock", ".writer"
"""Files of a folder: held while it is written, and who holds it."""
RESULTS = "results.jsonl"
"""The journal of a run."""

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")

_held: dict[tuple[str, int], int] = {}


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """The only writer of a folder, in this process and all others; may be nested.

    UsageError that says who writes when another does, and for a folder that cannot be written.
    """
    _require_folder(folder)
    mine = str(folder.resolve()), threading.get_ident()
    if mine in _held:
        _held[mine] += 1
        try:
            yield
        finally:
            _held[mine] -= 1
        return
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
        while not _stands(lock, folder / LOCK):  # whoever held it has just removed the file
            lock.release()
            lock.acquire(timeout=0)
    except Timeout:
        raise UsageError(f"{folder} is being written by {_holder(folder)}; wait for it") from None
    except OSError as problem:
        raise UsageError(f"cannot write in {folder}: {problem.strerror or problem}") from problem
    _held[mine] = 1
    try:
        with contextlib.suppress(OSError):
            (folder / HOLDER).write_text(
                f"process {os.getpid()} on {platform.node() or 'this machine'}", encoding="utf-8"
            )
        yield
    finally:
        del _held[mine]
        for name in (HOLDER, LOCK):
            with contextlib.suppress(OSError):  # a system may not remove what is open
                (folder / name).unlink()
        lock.release()


def _stands(lock: FileLock, path: Path) -> bool:
    """Whether the file that is locked is still the one that others would lock."""
    number = getattr(getattr(lock, "_context", None), "lock_file_fd", None)
    try:
        return number is None or os.path.samestat(os.fstat(number), path.stat())
    except OSError:
        return False


def _holder(folder: Path) -> str:
    try:
        return " ".join((folder / HOLDER).read_text(encoding="utf-8").split()) or "another run"
    except (OSError, ValueError):
        return "another run"


def _require_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"--out {folder} is not a folder") from None
    except (OSError, ValueError) as problem:
        said = getattr(problem, "strerror", None) or problem
        raise UsageError(f"cannot make {folder}: {said}") from problem
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write in {folder}")


def stored(path: Path) -> tuple[list[dict[str, Any]], bool]:
    """Entries of a journal that are as they were written; whether the last line was cut off.

    None of a file that is not there. UsageError for one that another schema version wrote.
    """
    entries: list[dict[str, Any]] = []
    if not path.exists():
        return entries, False
    data = path.read_bytes()
    for line in data.split(b"\n"):
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not isinstance(entry, dict):
            continue
        if isinstance(entry.get("schema_version"), int):
            require_schema_version(entry, path)
        if entry.pop("sha256", None) == _digest(entry):
            entries.append(entry)
    return entries, bool(data) and not data.endswith(b"\n")


def counting(
    entries: Iterable[dict[str, Any]],
    fingerprint: str,
    read: Callable[[Mapping[str, Any]], tuple[K, R] | None],
) -> Iterator[tuple[dict[str, Any], K, R]]:
    """Entries that count under a fingerprint, each with what it is of and its record.

    read: as of Journal.
    """
    for entry in entries:
        if entry.get("fingerprint") != fingerprint:
            continue
        try:
            found = read(entry)
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
            continue
        if found is not None:
            yield entry, *found


class Journal(Generic[K, R]):
    """A file of JSON lines in a folder, open for appending; to be opened inside `writing`.

    read: from an entry to what it is of and its record; None, or an error of reading, for one that
    does not count any more. finished: what an earlier run has finished under this fingerprint,
    which stands for everything that decides a result but the files that each entry names. Lines
    with another fingerprint stay and are ignored, as is a line that was cut off by a crash, is not
    as it was written, or is none of ours.
    UsageError for a file that cannot be written, or that another schema version wrote.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        fingerprint: str,
        read: Callable[[Mapping[str, Any]], tuple[K, R] | None],
    ) -> None:
        self.fingerprint = fingerprint
        self.path = folder / name
        try:
            self.entries, cut_off = stored(self.path)
            self._file: BinaryIO = self.path.open("ab")
        except OSError as problem:
            raise UsageError(f"cannot write {self.path}: {problem.strerror}") from problem
        if cut_off:
            self._file.write(b"\n")  # so that the next line starts on its own
        counted = counting(self.entries, fingerprint, read)
        self.finished: dict[K, R] = {work: record for _, work, record in counted}

    def add(self, entry: Mapping[str, Any]) -> None:
        """Append an entry and flush it to disk. UsageError when the disk does not take it."""
        marked = {"schema_version": SCHEMA_VERSION, "fingerprint": self.fingerprint, **entry}
        line = json.dumps(marked | {"sha256": _digest(marked)}, allow_nan=False)
        try:
            self._file.write(line.encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as problem:
            raise UsageError(f"cannot write {self.path}: {problem.strerror}") from problem

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):  # what it did not take was said by `add`
            self._file.close()


def _digest(entry: Mapping[str, Any]) -> str:
    text = json.dumps(entry, sort_keys=True)  # ASCII: surrogates are escaped
    return hashlib.sha256(text.encode()).hexdigest()
