"""Worker: does one piece of work after another in this process, and answers with JSON.

A task is a function, named `module:function`, of the sources and JSON arguments, that returns JSON.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from refutable import chance, failure, files
from refutable.engine import state
from refutable.engine.frames import Frame
from refutable.reuse import shared

_at_work: list[Worker] = []


def tick() -> None:
    """Say that a part of a long piece of work begins: its time limit starts again."""
    for worker in _at_work:
        worker.say({"tick": True})


def _seed(number: int) -> None:
    """Seed the shared generators, and the one with which SymPy looks for counterexamples."""
    chance.seed(number)
    sympy = sys.modules.get("sympy.core.random")
    if sympy is not None and hasattr(sympy, "seed"):
        sympy.seed(number)


class Worker:
    """Does what it is told, until the process cannot be used again.

    slot: its number in what it sends. sources: modules that are imported already. initial: the
    state that every piece of work finds, None where the process ends after one. send, receive: the
    way to the supervisor.
    """

    def __init__(
        self,
        slot: int,
        sources: Sequence[str],
        initial: state.State | None,
        send: Callable[[Frame], None],
        receive: Callable[[], Frame | None],
    ) -> None:
        self.slot, self.sources, self.initial = slot, tuple(sources), initial
        self._send, self._receive = send, receive
        self._process = os.getpid()
        self._made: dict[str, shared.Made] = {}

    def do(self, job: Mapping[str, Any]) -> bool:
        """Do one piece of work and answer; whether this process can do another."""
        began = time.monotonic()
        shared.begin(self)
        _seed(job["seed"])
        _at_work[:] = [self]
        answer: dict[str, Any] = {}
        with files.watched() as read:
            try:
                module, _, name = job["task"].partition(":")
                task = getattr(importlib.import_module(module), name)
                answer["value"] = task(self.sources, **job["args"])
            except BaseException as problem:  # the boundary: whatever it raises is the answer
                answer["failure"] = failure.describe(problem)
        _at_work.clear()
        spent = time.monotonic() - began
        self._leave_if_copied()
        clean = self.initial is not None and self.initial.restore()
        rest = {"files": read | shared.files_read(), "last": not clean, "spent": spent}
        try:
            self.say(answer | rest)
        except (TypeError, ValueError, RecursionError) as problem:  # what it returned is no JSON
            self.say({"failure": failure.describe(problem)} | rest)
        return clean

    def _leave_if_copied(self) -> None:
        """Of a leg that forked, and whose child went on, only the parent's end is judged."""
        if os.getpid() != self._process:
            os._exit(0)

    def say(self, body: Mapping[str, Any], blob: bytes = b"") -> None:
        """Tell the supervisor."""
        self._leave_if_copied()
        self._send(Frame(self.slot, body, blob))

    def find(self, key: str) -> shared.Made | None:
        """A run that this process or another has made; None when it is to be made here."""
        if key not in self._made:
            self.say({"want": key})
            reply = self._receive()
            if reply is None:  # whoever was asked is gone
                os._exit(1)
            if not reply.body["found"]:
                return None
            self._made[key] = shared.Made(reply.blob, reply.body["files"])
        return self._made[key]

    def keep(self, key: str, made: shared.Made | None) -> None:
        """Hand a run over; None when there is nothing to hand over."""
        if made is None:
            self.say({"made": key, "files": None})
            return
        self._made[key] = made
        self.say({"made": key, "files": dict(made.files)}, made.data)
