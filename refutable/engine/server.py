"""Server: the process that imports the sources, and runs or forks what works on them.

It is started by the pool, never by hand. On Linux it imports once and then only forks: a child of
its own for every piece of work, or, for sources that say `LEGS_SHARE_A_PROCESS = True`, a child per
slot that goes on until something cannot be put back. Elsewhere, or when importing left threads
behind that a fork would lose, it does the work itself, one piece after the other.
"""

from __future__ import annotations

import importlib
import io
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO, NoReturn

from refutable import catalogue as catalogues
from refutable import files, seal
from refutable.check import one_thread
from refutable.engine import forking, frames, limits, state
from refutable.engine.dump import dumping
from refutable.engine.frames import Frame
from refutable.engine.streams import PRINTED, Prints
from refutable.engine.worker import Worker
from refutable.errors import UsageError, said

ISOLATION = "CLAIMS_ISOLATION"
"""Environment variable: `restore` forgoes forking, as where a system cannot fork."""
SHARE = "LEGS_SHARE_A_PROCESS"
"""Name in a module: its legs may follow each other in one process, whose state is put back."""


def main() -> NoReturn:
    """Import what the first frame names, then work until the supervisor closes the pipe."""
    process = os.getpid()
    incoming, outgoing, prints = _take_streams()
    files.install()
    first = frames.read(incoming)
    if first is None:
        os._exit(0)
    setup = first.body
    forking.die_with_parent(signal.SIGKILL if sys.platform != "win32" else 0)
    limits.restrict(setup["memory"])

    def send(frame: Frame) -> None:
        outgoing.write(frame.packed())
        outgoing.flush()

    try:
        with files.watched() as read:
            loaded = [_call(name, args, setup) for name, args in setup["load"]]
        body: dict[str, Any] = {"loaded": loaded}
    except UsageError as problem:
        body = {"refused": str(problem)}
    except BaseException as problem:  # the boundary: user code was imported
        body = {"refused": f"cannot import {', '.join(setup['sources'])}: {said(problem)}"}
    if os.getpid() != process:  # user code forked when it was imported, and its child went on
        os._exit(0)
    if "refused" in body:
        send(Frame(0, body))
        os._exit(0)
    with one_thread():
        forks, shares = _forks(), _shares(setup["sources"])
        initial = None if forks and not shares else _state(shares)
        packages = [catalogues.module_of(source) for source in setup["sources"]]
        marks = files.of_sources(packages, _real_modules(), read)
        send(Frame(0, body | {"files": marks, "forks": forks}))
        if forks and not shares:
            seal.prepare()
        if forks and sys.platform == "linux":
            forking.die_with_parent(0)
            forking.Forker(setup["sources"], initial, incoming, outgoing, shares, prints).run()
        _alone(setup["sources"], initial, incoming, send, prints, setup["dump"])
    os._exit(0)


def _call(name: str, args: Mapping[str, Any], setup: Mapping[str, Any]) -> Any:
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)(tuple(setup["sources"]), **args)


def _real_modules() -> Sequence[Any]:
    return [module for module in list(sys.modules.values()) if type(module) is type(sys)]


def _take_streams() -> tuple[io.FileIO, BinaryIO, Prints]:
    """The pipes to the supervisor, out of the way of user code; what that prints goes to stderr."""
    incoming = os.fdopen(os.dup(0), "rb", buffering=0)  # what follows a frame is not taken along
    outgoing = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    prints = Prints()
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the whole process
    sys.stdout = sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(prints, 1),
        encoding="utf-8", errors="backslashreplace", line_buffering=True, write_through=True,
    )  # fmt: skip
    return incoming, outgoing, prints


def _forks() -> bool:
    """Whether this process can be forked: on Linux, with no thread but this one."""
    if not sys.platform.startswith("linux") or os.environ.get(ISOLATION) == "restore":
        return False
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return threading.active_count() == 1


def _state(shares: bool) -> state.State:
    """The state to be put back; of sources that are not known to respect it, all modules' names."""
    for library in ("numpy", "mpmath", "flint"):
        state.loaded(library)
    return state.State(state.watched_modules() if shares else list(_real_modules()))


def _shares(sources: Sequence[str]) -> bool:
    return all(vars(catalogues.module_of(source)).get(SHARE) is True for source in sources)


# ------------------------------------------------------------------------- work in this process


def _alone(
    sources: Sequence[str],
    initial: state.State | None,
    incoming: io.FileIO,
    send: Callable[[Frame], None],
    prints: Prints,
    dump: int | None,
) -> None:
    """Do the work here; a thread watches the pipe, so that nothing goes on for nobody."""
    arrived: queue.SimpleQueue[Frame] = queue.SimpleQueue()
    clear_away = forking.adopt()

    def listen() -> None:
        while (frame := frames.read(incoming)) is not None:
            arrived.put(frame)
        clear_away()  # what left the group of this process
        if hasattr(os, "killpg"):
            os.killpg(os.getpgrp(), signal.SIGKILL)  # this process has a group of its own
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    if initial is not None:
        initial.threads += 1
    worker = Worker(0, sources, initial, send, arrived.get)
    with dumping(None if dump is None else os.fdopen(dump, "wb", closefd=False)) as arm:
        while True:
            job = arrived.get().body["job"]
            prints.left = PRINTED
            arm(job["limit"])
            if not worker.do(job):
                return
