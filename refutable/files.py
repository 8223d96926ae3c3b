"""Files: what a piece of work read, so that a stored result is known to be out of date.

An audit hook sees every file that Python opens and every folder that it lists. What a C library
opens by itself, what a child process reads, whether a file merely exists and what the environment
says is not seen: a leg declares such files, and variables as `$NAME`, with `reads=`.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from refutable.failure import PAPER, TOOL, is_users

LARGEST = 256 * 2**20
"""Bytes up to which a file is known by its content; beyond, by size and time of change."""
ABSENT = "absent"
VARIABLE = "$"
"""What the name of a variable of the environment begins with, among paths."""

_OF_THE_SYSTEM = ("/proc/", "/dev/", "/sys/")
_open: list[tuple[set[str], set[str]]] = []
"""Paths read and written, for every `watched` that is open; the innermost is filled."""


def install() -> None:
    """Watch this process from now on; a hook cannot be removed again."""
    sys.addaudithook(_hook)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if not _open or event not in ("open", "os.listdir", "os.scandir"):
        return
    try:
        path = os.fsdecode(args[0]) if not isinstance(args[0], int | None) else None
        if path is None:
            return
        if os.path.basename(path).startswith("<"):
            return  # code without a file, of which a traceback asks for lines
        path = os.path.abspath(path)
        read, written = _open[-1]
        if event != "open":
            if not _imports(sys._getframe(1).f_code.co_filename):
                read.add(os.path.join(path, ""))
            return
        mode, flags = args[1], args[2]
        writes = (
            bool(set(mode) & set("wax+"))
            if isinstance(mode, str)
            else bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        )
        (written if writes else read).add(path)
    except Exception:  # a path that cannot be named cannot be opened, either
        return


def _imports(filename: str) -> bool:
    """Whether code of the import system lists a folder: it looks into every one on the path."""
    standard = filename.replace(os.sep, "/")
    return standard.startswith("<frozen") or "/importlib/" in standard or "/pkgutil" in standard


@contextlib.contextmanager
def watched() -> Iterator[dict[str, str]]:
    """Fill what is yielded, when leaving, with the marks of all that was read inside."""
    found: dict[str, str] = {}
    read, written = set[str](), set[str]()
    before = list(_open)
    _open[:] = [(read, written)]
    try:
        yield found
    finally:
        _open[:] = before
        with unwatched():
            found |= marks(_sources(read - written))


@contextlib.contextmanager
def unwatched() -> Iterator[None]:
    """What is read inside decides no verdict, such as an entry of the cache."""
    before = list(_open)
    _open.clear()
    try:
        yield
    finally:
        _open[:] = before


def declare(paths: Iterable[str]) -> None:
    """Say that files are read that the hook does not see, or variables of the environment."""
    if _open:
        _open[-1][0].update(p if p.startswith(VARIABLE) else os.path.abspath(p) for p in paths)


def _sources(paths: Iterable[str]) -> Iterator[str]:
    """Files that are the user's; of compiled modules, their sources."""
    for path in paths:
        source = path
        if path.endswith(".pyc"):
            with contextlib.suppress(ValueError):
                source = importlib.util.source_from_cache(path)
        if is_users(source) and not source.startswith(_OF_THE_SYSTEM):
            yield source


def marks(paths: Iterable[str]) -> dict[str, str]:
    """The marks of files and folders, by path."""
    return {path: mark(path) for path in sorted(set(paths))}


def mark(path: str) -> str:
    """What tells one content of a file, a folder's list of names or a variable from another."""
    try:
        if path.startswith(VARIABLE):
            value = os.environ[path.removeprefix(VARIABLE)]
            return hashlib.sha256(value.encode(errors="surrogateescape")).hexdigest()
        if path.endswith(("/", os.sep)):
            return hashlib.sha256("\0".join(sorted(os.listdir(path))).encode(
                errors="surrogateescape")).hexdigest()  # fmt: skip
        status = os.stat(path)
        if status.st_size > LARGEST or not os.path.isfile(path):
            return f"{status.st_size} bytes of {status.st_mtime_ns}"
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except (KeyError, OSError, ValueError):
        return ABSENT


def of_tool() -> str:
    """The mark of the tool itself: all its files, but for those of the paper."""
    root, digest = Path(TOOL), hashlib.sha256()
    apart = [root / name for name in ("claims", "model", "reports")]
    for file in sorted(root.rglob("*.py")):
        if not any(folder in file.parents for folder in apart):
            digest.update(f"{file.relative_to(root)} {mark(str(file))}\n".encode())
    return digest.hexdigest()


def unchanged(stored: Mapping[str, str], known: dict[str, str]) -> bool:
    """Whether all files are as they were. known: marks found before, to be added to."""
    for path, then in stored.items():
        if path not in known:
            known[path] = mark(path)
        if known[path] != then:
            return False
    return True


def of_sources(
    packages: Iterable[ModuleType], modules: Iterable[ModuleType], read: Mapping[str, str]
) -> dict[str, str]:
    """The marks of all that decides what sources say, whichever part of them is imported.

    packages: the sources; of one that is a package, all Python files count. modules: all that are
    loaded; those count that are neither installed nor the tool's. read: marks of what importing
    them read.
    """
    folders = {os.path.dirname(_place(package)) for package in packages if _is_package(package)}
    places = {_place(module): str(module.__name__) for module in modules}
    if any(place.startswith(PAPER) for place in places):
        folders |= {folder.rstrip(os.sep) for folder in PAPER}
    inside = tuple(os.path.join(folder, "") for folder in folders)
    found = {path: then for path, then in read.items() if path not in places}
    found |= {
        name: mark(place)
        for place, name in places.items()
        if is_users(place) and not place.startswith(inside)
    }
    for folder in folders:
        for path in sorted(Path(folder).rglob("*.py")):
            name = f"{os.path.basename(folder)}/{path.relative_to(folder).as_posix()}"
            found[name] = mark(str(path))
    return {name: then for name, then in found.items() if not name.startswith(inside)}


def _place(module: ModuleType) -> str:
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) else "<none>"


def _is_package(module: ModuleType) -> bool:
    return hasattr(module, "__path__") and _place(module) != "<none>"
