"""Pool: the supervising side; starts the processes that run what users wrote, and outlives them.

It never imports a source and unpickles nothing. What it is told is JSON; what takes too long is
ended, together with all that it started; what ends by itself is reported, and the rest goes on.
"""

from __future__ import annotations

import contextlib
import queue
import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from refutable.engine import frames, limits, machine
from refutable.engine.agenda import Agenda
from refutable.engine.frames import Frame
from refutable.engine.process import Job as Job
from refutable.engine.process import Server, Work, death
from refutable.errors import UsageError

PATIENCE = 10.0
"""Seconds that a server gets to end a child, before it is ended itself."""
SHORT = 0.1
"""Seconds up to which work is short: where most of it is what starting and ending takes, a second
worker would only be in the way of the first."""
REMEMBERED = 16
"""How many pieces of work are looked at to tell whether they are worth another worker."""


def at_once(spent: Collection[tuple[float, float]], running: Iterable[float], workers: int) -> int:
    """How many pieces of work may be under way: one, and one for each that takes its time.

    spent: seconds inside and around each of the last pieces. running: seconds for which those under
    way have run. All workers may work once work takes longer than to begin and to end it.
    """
    if len(spent) < REMEMBERED:
        return workers
    inside, around = map(sum, zip(*spent, strict=True))
    if inside > around:
        return workers
    return min(workers, 1 + sum(seconds > SHORT for seconds in running))


@dataclass(frozen=True)
class Started:
    """A job has begun."""

    job: Job


@dataclass(frozen=True)
class Running:
    """A job takes its time, in seconds."""

    job: Job
    seconds: float


@dataclass(frozen=True)
class Ended:
    """A job has ended.

    value: what its task returned, unless failure says what it raised, or stopped how it came to an
    end: `time` when its limit was over, `died` when its process ended; why: in words. where: the
    stack at that moment, innermost call first, as far as it is known. files: the marks of what it
    read.
    """

    job: Job
    seconds: float
    value: Any = None
    failure: Mapping[str, Any] | None = None
    stopped: Literal["time", "died"] | None = None
    why: str = ""
    where: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


Happening = Started | Running | Ended


class Pool:
    """Processes that have imported the sources, and run jobs.

    load: functions `module:function` of the sources, each with arguments, that import what is to be
    worked on; what they return, JSON, is `loaded`. workers: None for one on each core that others
    leave idle while the sources are imported. files: the marks of the modules and files that
    importing read.
    UsageError when the sources cannot be imported, or importing them exits, crashes or hangs.
    """

    def __init__(
        self,
        sources: Sequence[str],
        *,
        load: Sequence[tuple[str, Mapping[str, Any]]],
        workers: int | None = 1,
        import_limit: float = limits.IMPORT,
    ) -> None:
        self.sources, self.import_limit = tuple(sources), import_limit
        self.workers = workers or 1
        self._spent: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)
        self._setup = {
            "sources": self.sources, "load": tuple(load), "memory": limits.memory(),
        }  # fmt: skip
        self._heard: queue.SimpleQueue[tuple[Server, Frame | None]] = queue.SimpleQueue()
        self._servers: list[Server] = []
        self._made: dict[str, Frame] = {}
        self._making: dict[str, tuple[Server, int]] = {}
        self._waiting: dict[str, deque[tuple[Server, int]]] = {}
        self._going_on: deque[tuple[str, Server, int]] = deque()
        self._agenda = Agenda()
        self._suspects: deque[Job] = deque()
        self._broken = ""
        self._begun = 0.0
        self.loaded: list[Any] = []
        self.files: Mapping[str, str] = {}
        self._loading = 0.0
        server = self._start()
        before = None if workers else machine.moment(server.process.pid)
        try:
            while not server.ready:
                for _ in self._listen():
                    pass
                if self._broken:
                    raise UsageError(self._broken)
        except BaseException:
            self.close()
            raise
        if not workers:
            now = machine.moment(server.process.pid)
            self.workers = machine.worth(before, now, machine.cores())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes."""
        while self._servers:
            self._servers.pop().close()
        self._making.clear()
        self._waiting.clear()
        self._going_on.clear()

    def run(self, jobs: Iterable[Job]) -> Iterator[Happening]:
        """Do jobs, as many at a time as there are workers, and tell what happens.

        One that waits for what another makes is not at work: where a server forks, a further job
        begins in its stead. Every job ends, in one way or another, and so do those that are added
        meanwhile.
        """
        self._agenda.add(jobs)
        self._begun = time.monotonic()
        try:
            while self._agenda or self._suspects or any(s.work for s in self._servers):
                yield from self._dispatch()
                yield from self._listen()
        finally:
            if self._agenda or self._suspects or any(s.work for s in self._servers):
                list(self._agenda.drained())
                self._suspects.clear()
                self.close()  # stopped in the middle: what is under way is given up

    def first(self, jobs: Iterable[Job]) -> None:
        """More jobs, before those that nobody has begun; for whoever hears what `run` tells."""
        self._agenda.before(jobs)

    # ------------------------------------------------------------------------------ processes

    def _start(self) -> Server:
        server = Server(self._setup, self._heard)
        self._servers.append(server)
        return server

    def _free(self) -> Iterator[tuple[Server, int]]:
        """Where work can begin now; starts processes where more are worth it."""
        alive = [server for server in self._servers if not server.gone]
        ready = [server for server in alive if server.ready]
        if not alive:
            self._start()
            return
        under_way, most = len(self._under_way()), self._most()
        for server in ready:
            slots = 2 * self.workers if server.forks else 1  # a choice: as many may wait as work
            for slot in range(slots):
                if slot not in server.work and under_way < most:
                    under_way += 1
                    yield server, slot
        waiting = len(self._agenda)
        alone = bool(ready) and not ready[0].forks and len(ready) == len(alive)
        if alone and len(alive) < most and waiting and self._worth_another(ready):
            self._start()

    def _worth_another(self, ready: Sequence[Server]) -> bool:
        """Whether the work has taken as long already as it takes to start a process."""
        at_work = all(server.work for server in ready)
        return at_work and time.monotonic() - self._begun > self._loading

    def _under_way(self) -> list[Work]:
        """The jobs that are at work, and wait for nothing that another makes."""
        works = [work for server in self._servers for work in server.work.values()]
        return [work for work in works if work.deadline is not None]

    def _most(self) -> int:
        if self._suspects:
            return 1
        now = time.monotonic()
        running = [now - work.started for work in self._under_way()]
        return at_once(self._spent, running, self.workers)

    def _dispatch(self) -> Iterator[Started]:
        if self._broken:
            return
        while self._going_on and len(self._under_way()) < self._most():
            key, server, slot = self._going_on.popleft()
            work = server.work[slot]
            work.deadline = time.monotonic() + work.left
            self._wanted(key, server, slot)
        for server, slot in self._free():
            job = self._next()
            if job is None:
                return
            server.begin(slot, job)
            yield Started(job)

    def _next(self) -> Job | None:
        return self._suspects.popleft() if self._suspects else self._agenda.next()

    # ------------------------------------------------------------------------------ messages

    def _listen(self) -> Iterator[Happening]:
        """Wait for what happens next, and handle it."""
        now = time.monotonic()
        wait = max(0.0, min(1.0, min(self._alarms(), default=now + 1.0) - now))
        with contextlib.suppress(queue.Empty):
            server, frame = self._heard.get(timeout=wait)
            yield from self._hear(server, frame)
            while True:
                server, frame = self._heard.get_nowait()
                yield from self._hear(server, frame)
        yield from self._watch_the_clock()
        if self._broken:
            for job in [*self._agenda.drained(), *self._suspects]:
                yield Ended(job, 0.0, stopped="died", why=self._broken)
            self._suspects.clear()

    def _alarms(self) -> Iterator[float]:
        now = time.monotonic()
        for server in self._servers:
            if not server.ready:
                yield server.started + self.import_limit
            due = self._agenda or self._going_on
            if self.workers > 1 and due:  # until it is no short work any more
                ripe = (work.started + SHORT for work in server.work.values())
                yield from (alarm for alarm in ripe if alarm > now)
            for work in server.work.values():
                yield work.notice
                if work.stopped is not None:
                    yield work.stopped + PATIENCE
                elif work.deadline is not None:
                    yield min(work.look, work.deadline)

    def _hear(self, server: Server, frame: Frame | None) -> Iterator[Happening]:
        if server.gone:
            return
        if frame is None:
            yield from self._lost(server)
            return
        body, slot = frame.body, frame.slot
        if server.ready and not server.forks and not frames.is_of_work(body):
            server.kill()  # user code wrote into the pipe
        elif "loaded" in body:
            server.ready, server.forks = True, body["forks"]
            self._loading = time.monotonic() - server.started
            if not self.loaded:
                self.loaded, self.files = body["loaded"], body["files"]
        elif "refused" in body:
            self._broken = body["refused"]
            self._drop(server)
        elif "process" in body:
            server.has_forked(slot, body["process"])
        elif slot not in server.work:
            return  # an afterthought of what was stopped
        elif "tick" in body:
            server.work[slot].ticked()
        elif "want" in body:
            self._wanted(body["want"], server, slot)
        elif "made" in body:
            self._handed_over(body["made"], body["files"], frame.blob)
        elif "died" in body:
            why = (
                "it closed the pipe through which it answers, or wrote into it"
                if body["mute"]
                else ""
            )
            yield self._ended(server, slot, why or death(body["died"]), body["where"])
        else:
            work = server.work.pop(slot)
            seconds = time.monotonic() - work.started
            self._spent.append((body["spent"], max(0.0, seconds - body["spent"])))
            self._release(server, slot)
            if body["last"] and not server.forks:
                self._drop(server)
            yield Ended(
                work.job, seconds, body.get("value"), body.get("failure"), files=body["files"]
            )

    def _ended(self, server: Server, slot: int, why: str, where: str) -> Ended:
        """A job whose process has ended, by itself or because its time was over."""
        work = server.work.pop(slot)
        self._release(server, slot)
        seconds = time.monotonic() - work.started
        if work.stopped is not None:
            why = work.why_stopped()
            return Ended(work.job, seconds, stopped="time", why=why, where=where)
        return Ended(work.job, seconds, stopped="died", why=why, where=where)

    def _lost(self, server: Server) -> Iterator[Ended]:
        """A server has ended: with it what it did itself, or all its children."""
        code = server.process.wait()
        if not server.ready:
            self._broken = self._broken or (
                f"importing {', '.join(self.sources)} ends the process: {death(code)}"
            )
        where = server.where()
        if len(server.work) > 1:  # one of them did it: each is tried again by itself
            for slot in list(server.work):
                self._suspects.append(server.work.pop(slot).job)
                self._release(server, slot)
        for slot in list(server.work):
            yield self._ended(server, slot, death(code), where)
        self._drop(server)

    def _drop(self, server: Server) -> None:
        server.gone = True
        if server in self._servers:
            self._servers.remove(server)
        server.kill()
        server.close()

    def _watch_the_clock(self) -> Iterator[Happening]:
        now = time.monotonic()
        for server in list(self._servers):
            if not server.ready and now > server.started + self.import_limit:
                self._broken = (
                    f"importing {', '.join(self.sources)} takes longer than {self.import_limit:g} s"
                )
                self._drop(server)
                continue
            if server.process.poll() is not None and server.ended is None:
                server.ended = now
            if server.ended is not None and now > server.ended + 1.0:
                yield from self._lost(server)  # though a process that it left holds the pipe
                continue
            for slot, work in list(server.work.items()):
                if work.stopped is not None and now > work.stopped + PATIENCE:
                    server.kill()
                elif work.is_overdue(now):
                    work.stopped = now
                    if server.forks:
                        server.send(Frame(slot, {"stop": True}))
                    else:
                        server.kill()
                elif now > work.notice:
                    work.notice = now + limits.NEXT_NOTICE
                    yield Running(work.job, now - work.started)

    # ------------------------------------------------------------------------------ shared runs

    def _wanted(self, key: str, server: Server, slot: int) -> None:
        """A process asks for a run: it gets it, waits for it, or is to make it."""
        if key in self._made:
            made = self._made[key]
            server.send(Frame(slot, made.body, made.blob))
        elif key in self._making:
            work = server.work[slot]
            if work.deadline is not None:
                work.left, work.deadline = work.deadline - time.monotonic(), None
            self._waiting.setdefault(key, deque()).append((server, slot))
        else:
            self._making[key] = (server, slot)
            server.send(Frame(slot, {"found": False}))

    def _handed_over(self, key: str, read: Mapping[str, str] | None, data: bytes) -> None:
        """A run was made; None when it could not be, or cannot be handed over."""
        if read is not None:
            self._made[key] = Frame(0, {"found": True, "files": read}, data)
        self._go_on(key)

    def _go_on(self, key: str) -> None:
        """Nobody makes this run any more: who waits for it gets it, or makes it, when it is due."""
        self._making.pop(key, None)
        waiting = self._waiting.pop(key, deque())
        self._going_on.extend((key, server, slot) for server, slot in waiting)

    def _release(self, server: Server, slot: int) -> None:
        """What a slot was making when it ended must be made by another."""
        for waiting in self._waiting.values():
            with contextlib.suppress(ValueError):
                waiting.remove((server, slot))
        self._going_on = deque(one for one in self._going_on if one[1:] != (server, slot))
        for key in [key for key, maker in self._making.items() if maker == (server, slot)]:
            self._go_on(key)


def ask(pool: Pool, job: Job) -> Ended:
    """What comes of a single job."""
    ends = [event for event in pool.run([job]) if isinstance(event, Ended)]
    return ends[0]
