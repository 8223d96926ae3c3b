"""Forking: on Linux, children that find everything imported, one for every piece of work."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import select
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import IO, BinaryIO, NoReturn

from refutable.check import warm
from refutable.engine import frames, state
from refutable.engine.dump import dumped, dumping
from refutable.engine.frames import Frame, Parser
from refutable.engine.streams import PRINTED, Prints
from refutable.engine.worker import Worker

PDEATHSIG, SUBREAPER = 1, 36
"""Of prctl(2)."""


def prctl(option: int, value: int) -> None:
    """Ask something of the Linux kernel; elsewhere, nothing."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def die_with_parent(number: int) -> None:
    """Be sent a signal when the process that started this one ends; 0 for none."""
    prctl(PDEATHSIG, number)


def adopt() -> Callable[[], None]:
    """From now on what children of this process leave behind is its own, where Linux offers that.

    Returns what ends every child that this process does not have yet.
    """
    prctl(SUBREAPER, 1)
    known = set(_children())

    def clear_away() -> None:
        if sys.platform == "linux":
            for pid in set(_children()) - known:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)

    return clear_away


def _children() -> list[int]:
    """Processes whose parent is this one, as far as the system says."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as listed:
            return [int(pid) for pid in listed.read().split()]
    except OSError:
        return []


if sys.platform == "linux":

    @dataclass
    class _Child:
        """A child at work. ended: readable when it has ended, where the kernel offers that."""

        pid: int
        channel: socket.socket
        ended: int | None
        parser: Parser = field(default_factory=Parser)
        at_work: bool = False
        retires: bool = False
        mute: bool = False

    class Forker:
        """Forks children, passes messages on, and cleans up behind them."""

        def __init__(
            self,
            sources: Sequence[str],
            initial: state.State | None,
            incoming: io.FileIO,
            outgoing: BinaryIO,
            shares: bool,
            prints: Prints,
        ) -> None:
            self.sources, self.initial, self.shares, self.prints = sources, initial, shares, prints
            self.incoming, self.outgoing = incoming, outgoing
            self.children: dict[int, _Child] = {}
            self.parser = Parser()
            self.dumps: dict[int, IO[bytes]] = {}
            self._clear_away = adopt()
            warm()
            gc.collect()
            gc.freeze()  # so that collecting garbage in a child copies nothing of this

        def run(self) -> NoReturn:
            """Serve until the supervisor closes the pipe."""
            try:
                while True:
                    self._wait()
            except (EOFError, OSError):  # the supervisor is gone
                pass
            finally:
                for slot in list(self.children):
                    self._end(slot)
                self._clear_away()
                os._exit(0)

        def _wait(self) -> None:
            poll = select.poll()
            poll.register(self.incoming, select.POLLIN)
            owners: dict[int, int] = {}
            blind = False
            for slot, child in self.children.items():
                owners[child.channel.fileno()] = slot
                poll.register(child.channel, select.POLLIN)
                if child.ended is None:
                    blind = True
                else:
                    owners[child.ended] = slot
                    poll.register(child.ended, select.POLLIN)
            for number, _ in poll.poll(20 if blind else None):
                if number == self.incoming.fileno():
                    data = os.read(number, 2**20)
                    if not data:
                        raise EOFError
                    for frame in self.parser.feed(data):
                        self._told(frame)
            for slot in list(self.children):
                self._look(slot)

        def _told(self, frame: Frame) -> None:
            """What the supervisor says: to stop a child, or something to pass on."""
            slot = frame.slot
            if "stop" in frame.body:
                if slot in self.children:
                    os.kill(self.children[slot].pid, signal.SIGKILL)
                return
            if "job" in frame.body:
                if slot not in self.children:
                    self.children[slot] = self._fork(slot)
                    self._say(Frame(slot, {"process": self.children[slot].pid}))
                self.children[slot].at_work = True
            child = self.children.get(slot)
            if child is not None:
                with contextlib.suppress(OSError):  # it has ended, which is noticed later
                    child.channel.sendall(frame.packed())

        def _look(self, slot: int) -> None:
            """Pass on what a child says, and notice when it has ended."""
            child = self.children[slot]
            ended = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            while True:
                try:
                    data = child.channel.recv(2**20, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    break
                except OSError:
                    data = b""
                if not data:
                    if not child.retires:  # which has answered, and waits to be ended
                        ended = ended or self._ending(child)
                        child.mute = ended is None  # it lives, and cannot answer any more
                    break
                try:
                    for frame in child.parser.feed(data):
                        self._pass_on(slot, child, frame)
                except ValueError:  # user code wrote into the pipe
                    child.mute = True
                if child.mute:
                    break
            if ended is not None or child.retires or child.mute:
                self._end(slot)

        def _pass_on(self, slot: int, child: _Child, frame: Frame) -> None:
            """What a child says, under its own number. ValueError for what no child says."""
            if not child.at_work or not frames.is_of_work(frame.body):
                raise ValueError
            if "value" in frame.body or "failure" in frame.body:
                child.at_work, child.retires = False, frame.body["last"] or not self.shares
            self._say(Frame(slot, frame.body, frame.blob))

        def _ending(self, child: _Child) -> os.waitid_result | None:
            """How a child ends whose channel is closed: at once, unless it closed that itself."""
            for _ in range(100):
                found = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                if found is not None:
                    return found
                time.sleep(0.005)
            return None

        def _say(self, frame: Frame) -> None:
            self.outgoing.write(frame.packed())
            self.outgoing.flush()

        def _end(self, slot: int) -> None:
            """A child has ended, or is to end now; so does whatever it started."""
            child = self.children.pop(slot)
            with contextlib.suppress(OSError):
                os.kill(child.pid, signal.SIGKILL)
            _, status = os.waitpid(child.pid, 0)
            with contextlib.suppress(OSError):
                os.killpg(child.pid, signal.SIGKILL)
            child.channel.close()
            if child.ended is not None:
                os.close(child.ended)
            if child.at_work:
                code = os.waitstatus_to_exitcode(status)
                where = dumped(self.dumps.get(slot))
                self._say(Frame(slot, {"died": code, "mute": child.mute, "where": where}))
            if not self.children:
                self._clear_away()

        def _fork(self, slot: int) -> _Child:
            if slot not in self.dumps:
                with contextlib.suppress(OSError):
                    self.dumps[slot] = tempfile.TemporaryFile()  # noqa: SIM115 - kept open
            ours, theirs = socket.socketpair()
            server = os.getpid()
            pid = os.fork()
            if pid:
                theirs.close()
                ended = None
                if hasattr(os, "pidfd_open"):
                    with contextlib.suppress(OSError):
                        ended = os.pidfd_open(pid)
                return _Child(pid, ours, ended)
            try:
                ours.close()
                self._be_child(slot, theirs, server)
            except BaseException:  # of this file, not of a leg: say so before leaving
                traceback.print_exc()
            finally:
                os._exit(1)

        def _be_child(self, slot: int, channel: socket.socket, server: int) -> None:
            os.setsid()
            die_with_parent(signal.SIGKILL)
            if os.getppid() != server:
                return
            for child in self.children.values():
                child.channel.close()
                if child.ended is not None:
                    os.close(child.ended)
            os.close(self.incoming.fileno())
            os.close(self.outgoing.fileno())
            prctl(SUBREAPER, 0)
            stream = channel.makefile("rb")
            worker = Worker(
                slot, self.sources, self.initial,
                lambda frame: channel.sendall(frame.packed()), lambda: frames.read(stream),
            )  # fmt: skip
            with dumping(self.dumps.get(slot)) as arm:
                while (frame := frames.read(stream)) is not None:
                    self.prints.left = PRINTED
                    arm(frame.body["job"]["limit"])
                    if not worker.do(frame.body["job"]) or not self.shares:
                        frames.read(stream)  # wait to be ended
                        return
