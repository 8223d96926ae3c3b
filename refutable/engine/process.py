"""Server processes, as their supervisor sees them: started, spoken to, listened to, ended."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from refutable.engine import frames, limits, machine
from refutable.engine.dump import dumped
from refutable.engine.frames import Frame
from refutable.errors import UsageError

ONE_THREAD = (
    "BLIS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""Environment variables: sums are added in the same order whatever the number of workers."""
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "from refutable.engine.server import main; main()"
)


@dataclass(frozen=True)
class Job:
    """A piece of work.

    task: `module:function`; args: JSON. limit: seconds that it, or a part of it that ticks, may
    take, not counting those in which it waits for a core. seed: of the global generators. key:
    what it is to whoever gives it.
    """

    task: str
    args: Mapping[str, Any]
    limit: float
    seed: int = 0
    key: Any = None


@dataclass
class Work:
    """A job under way.

    deadline: None while it waits for what another process makes. process: the one that does it, 0
    until that is known. before: how long its threads had waited for a core when the time of the job
    began; seen: by now, those that have ended included, as they were seen last; look: when to see
    it again. granted: seconds that the job was given beyond its limit, as it has waited so long.
    """

    job: Job
    started: float
    deadline: float | None
    notice: float
    look: float
    process: int
    before: dict[int, float]
    stopped: float | None = None
    left: float = 0.0
    granted: float = 0.0
    seen: dict[int, float] = field(default_factory=dict)

    @classmethod
    def begun(cls, job: Job, process: int) -> Work:
        """A job that begins now."""
        now = time.monotonic()
        return cls(
            job, now, now + job.limit, now + limits.FIRST_NOTICE, now + job.limit / limits.LOOKS,
            process, machine.waits(process),
        )  # fmt: skip

    def ticked(self) -> None:
        """A part of the job begins, with a limit of its own."""
        self.deadline = time.monotonic() + self.job.limit
        self.before, self.seen, self.granted = machine.waits(self.process), {}, 0.0

    def is_overdue(self, now: float) -> bool:
        """Whether the time of the job is over; what it waited for a core is added first."""
        if self.deadline is None or self.stopped is not None:
            return False
        if now <= min(self.look, self.deadline):
            return False
        self.look = now + self.job.limit / limits.LOOKS
        waited = self._waited()
        if now <= self.deadline:
            return False
        more = min(waited, limits.LONGEST_WAIT * self.job.limit) - self.granted
        if more < 0.01 * self.job.limit:  # a choice: so that it ends, as grants become ever smaller
            return True
        self.granted += more
        self.deadline += more
        return now > self.deadline

    def _waited(self) -> float:
        """Seconds that it has waited for a core, with all that it started: one after the other."""
        self.seen |= machine.waits(self.process)
        return sum(waited - self.before.get(task, 0.0) for task, waited in self.seen.items())

    def why_stopped(self) -> str:
        """In words, which limit was met."""
        why = f"it was stopped after {self.job.limit:g} s"
        if self.granted:
            why += f", not counting {self.granted:.2g} s in which it waited for a core"
        if self.granted >= limits.LONGEST_WAIT * self.job.limit:
            why += ", which is as long as anything may"
        return why


class Server:
    """A process that serves, and the thread that listens to it."""

    def __init__(self, setup: Mapping[str, Any], heard: queue.SimpleQueue[Any]) -> None:
        self.work: dict[int, Work] = {}
        self.children: dict[int, int] = {}
        self.ready = self.forks = self.gone = False
        self.started = time.monotonic()
        self.ended: float | None = None
        self.dump: IO[bytes] | None = None
        if sys.platform != "win32":
            with contextlib.suppress(OSError):
                self.dump = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the server
        number = None if self.dump is None else self.dump.fileno()
        command = [sys.executable, *_flags(), "-c", _START, json.dumps(sys.path)]
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=None if _is_open(2) else subprocess.DEVNULL,
                env=os.environ | dict.fromkeys(ONE_THREAD, "1") | {"PYTHONHASHSEED": "0"},
                **_group(number),
            )
        except OSError as problem:
            raise UsageError(f"cannot start {sys.executable}: {problem}") from problem
        assert self.process.stdout is not None
        output = self.process.stdout

        def listen() -> None:
            frame: Frame | None = None
            with output, contextlib.suppress(OSError):
                try:
                    while (frame := frames.read(output)) is not None:
                        heard.put((self, frame))
                except ValueError:  # user code wrote into the pipe, or this side has closed it
                    self.kill()
            heard.put((self, None))

        threading.Thread(target=listen, daemon=True).start()
        self.send(Frame(0, {**setup, "dump": number}))

    def send(self, frame: Frame) -> None:
        """Say something; one that is gone does not hear it, which is noticed elsewhere."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.write(frame.packed())
            self.process.stdin.flush()

    def where(self) -> str:
        """The stack that a process left which does the work itself."""
        return dumped(self.dump)

    def begin(self, slot: int, job: Job) -> None:
        """Have a job done."""
        doing = self.children.get(slot, 0) if self.forks else self.process.pid
        self.work[slot] = Work.begun(job, doing)
        body = {"task": job.task, "args": job.args, "limit": job.limit, "seed": job.seed}
        self.send(Frame(slot, {"job": body}))

    def has_forked(self, slot: int, process: int) -> None:
        """What a slot does is done by this process from now on, which has waited for no core."""
        self.children[slot] = process
        if slot in self.work:
            self.work[slot].process, self.work[slot].before = process, {}

    def kill(self) -> None:
        """End it and what it started, at once."""
        if sys.platform == "win32":
            ended = ["taskkill", "/F", "/T", "/PID", str(self.process.pid)]
            subprocess.run(ended, capture_output=True, check=False)
        else:
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()

    def close(self) -> None:
        """Let it end what it runs, and end; at once when it does not."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self.kill()
            self.process.wait()
            if self.dump is not None:
                self.dump.close()


def _group(number: int | None) -> dict[str, Any]:
    """A group of its own, which no Ctrl-C reaches; on POSIX, with one more descriptor."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True, "pass_fds": () if number is None else (number,)}


def _flags() -> list[str]:
    """What this interpreter was started with that a process like it needs, too."""
    flags = ["-B"] if sys.dont_write_bytecode else []
    flags += ["-O"] * sys.flags.optimize
    return flags + (["-X", "utf8"] if sys.flags.utf8_mode else [])


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def death(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"its process exited with status {code} before it had answered"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"its process was ended by {name}"
