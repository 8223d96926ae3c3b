"""Cluster: a pool whose work is done by the workers of a Dask cluster, on this machine or others.

What is sent is JSON: the name of a task, its arguments, and what came of it. Dask itself packs that
with pickle, and runs what anybody who reaches its scheduler sends: a cluster is as trustworthy as
its network.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import queue
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent import futures
from dataclasses import dataclass
from typing import Any

from refutable import failure
from refutable.engine import limits, remote
from refutable.engine.pool import Ended, Happening, Job, Pool, Running, Started
from refutable.errors import MissingPackageError, UsageError, needed

CONNECTING = 10.0
"""Seconds within which a scheduler answers."""
JOINING = 60.0
"""Seconds within which the first worker joins."""
PATIENCE = 10.0
"""Seconds within which a worker hands over what it has finished."""
KILLS = 3
"""How many workers a piece of work may end before it is given up."""
CANCELLED = (asyncio.CancelledError, futures.CancelledError)
"""What Dask raises of a result that nobody has any more."""


@dataclass
class _Sent:
    """A job under way. place: the worker that it was given to, and which of its threads."""

    job: Job
    place: tuple[str, int]
    started: float
    notice: float


class Cluster(Pool):
    """A pool that imports the sources here, to say what they hold, and has all work done elsewhere.

    scheduler: the address of one that runs, such as `tcp://node:8786`, or `local:N` for N processes
    on this machine. UsageError, in one line, for one that does not answer, without workers, or with
    workers that have other versions or other code.
    """

    def __init__(
        self,
        scheduler: str,
        sources: Sequence[str],
        *,
        load: Sequence[tuple[str, Mapping[str, Any]]],
        import_limit: float = limits.IMPORT,
    ) -> None:
        count = local(scheduler)
        self.scheduler = scheduler
        try:
            self._dask = needed("distributed", "distributed", "--scheduler")
        except MissingPackageError:
            raise UsageError(
                "--scheduler needs the package distributed: pip install 'refutable[cluster]'"
            ) from None
        super().__init__(sources, load=load, import_limit=import_limit)
        Pool.close(self)  # it has said what there is
        self._setup_there = {
            "sources": list(self.sources),
            "load": [[task, dict(args)] for task, args in load],
            "import_limit": import_limit,
            "files": dict(self.files),
        }
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._own: Any = None
        self._client: Any = None
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        try:
            self._connect(count)
            self._require_alike()
        except BaseException:
            self.close()
            raise
        self.workers = len(self._places())

    def _connect(self, count: int | None) -> None:
        address = self.scheduler
        if count is not None:
            self._own = self._dask.LocalCluster(
                n_workers=count, threads_per_worker=1, processes=True, memory_limit=0,
                dashboard_address=":0", silence_logs=logging.CRITICAL,
            )  # fmt: skip
            address = self._own.scheduler_address
        try:
            self._client = self._dask.Client(address, timeout=CONNECTING, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as problem:
            said = str(problem).split("\n")[0] or type(problem).__name__
            raise UsageError(f"no scheduler answers at {address}: {said}") from problem
        try:
            self._client.wait_for_workers(1, timeout=JOINING)
        except TimeoutError as problem:
            raise UsageError(
                f"no worker has joined the scheduler at {address} within {JOINING:g} s"
            ) from problem

    def _require_alike(self) -> None:
        """UsageError, naming the worker and the version, unless all have what is here."""
        try:
            found = self._client.run(remote.versions)
        except Exception as problem:  # the boundary: whatever is installed there
            said = f"{type(problem).__name__}: {problem}".split("\n")[0]
            raise UsageError(f"a worker of {self.scheduler} cannot be used: {said}") from problem
        here = remote.versions()
        for worker, there in sorted(found.items()):
            for name in sorted({*here, *there}):
                if here.get(name) != there.get(name):
                    raise UsageError(
                        f"worker {worker} has another version: {name} is "
                        f"{there.get(name, 'missing')} there and {here.get(name, 'missing')} here"
                    )

    def _places(self) -> list[tuple[str, int]]:
        """Where work can be done: each worker, once for each of its threads."""
        try:
            workers = self._client.scheduler_info(n_workers=-1)["workers"]
        except (OSError, TimeoutError) as problem:
            raise self._gone() from problem
        return [(name, n) for name in sorted(workers) for n in range(workers[name]["nthreads"])]

    def close(self) -> None:
        """Let workers end what they run for this client; a cluster of this machine ends, too."""
        Pool.close(self)
        client, self._client = getattr(self, "_client", None), None
        own, self._own = getattr(self, "_own", None), None
        if client is not None:
            with contextlib.suppress(Exception):  # a scheduler that is gone holds nothing
                if client.status == "running":
                    client.run(remote.release)
            with contextlib.suppress(Exception):
                client.close(timeout=2)
        if own is not None:
            with contextlib.suppress(Exception):
                own.close(timeout=5)

    def run(self, jobs: Iterable[Job]) -> Iterator[Happening]:
        """Do jobs, one at a time in each thread of each worker, and tell what happens.

        What a worker was doing that is lost is done again by another, unless it has ended three.
        UsageError when the scheduler or all workers are lost, or a worker has other code.
        """
        sent: dict[Any, _Sent] = {}
        self._agenda.add(jobs)
        lost: list[Job] = []
        seen = time.monotonic()
        try:
            while self._agenda or sent:
                places = self._places()
                if places:
                    seen = time.monotonic()
                elif time.monotonic() > seen + JOINING:
                    raise UsageError(f"all workers of {self.scheduler} are gone")
                for future, work in list(sent.items()):
                    if work.place not in places:
                        del sent[future]
                        yield from self._again(work, lost)
                taken = {work.place for work in sent.values()}
                for place in places:
                    if place not in taken and (job := self._agenda.next()) is not None:
                        self._send(job, place, sent)
                        if not _times(job, lost):
                            yield Started(job)
                yield from self._collect(sent, lost)
        finally:
            list(self._agenda.drained())
            if sent and self._client is not None:  # stopped in the middle
                with contextlib.suppress(Exception):
                    self._client.cancel(list(sent), force=True)

    def _send(self, job: Job, place: tuple[str, int], sent: dict[Any, _Sent]) -> None:
        body = {f.name: getattr(job, f.name) for f in dataclasses.fields(job) if f.name != "key"}
        body["args"] = dict(job.args)
        future = self._client.submit(
            remote.unit, self._setup_there, body, pure=False, workers=[place[0]]
        )
        now = time.monotonic()
        sent[future] = _Sent(job, place, now, now + limits.FIRST_NOTICE)
        future.add_done_callback(self._done.put)

    def _again(self, work: _Sent, lost: list[Job]) -> Iterator[Ended]:
        """A worker is lost: what it did is to be done again, or has ended too many of them."""
        lost.append(work.job)
        if _times(work.job, lost) < KILLS:
            self._agenda.before([work.job])
            return
        why = f"each of the {KILLS} workers that were to do it ended before it had answered"
        yield Ended(work.job, time.monotonic() - work.started, stopped="died", why=why)

    def _collect(self, sent: dict[Any, _Sent], lost: list[Job]) -> Iterator[Happening]:
        """Wait for what ends next, and say what takes its time."""
        with contextlib.suppress(queue.Empty):
            future = self._done.get(timeout=1.0)
            if future in sent:
                yield from self._came_of(future, sent.pop(future), lost)
        if self._client.status != "running":
            raise self._gone()
        now = time.monotonic()
        for work in sent.values():
            if now > work.notice:
                work.notice = now + limits.NEXT_NOTICE
                yield Running(work.job, now - work.started)

    def _came_of(self, future: Any, work: _Sent, lost: list[Job]) -> Iterator[Ended]:
        try:
            found = future.result(timeout=PATIENCE)
        except (*CANCELLED, TimeoutError, OSError, self._dask.KilledWorker):
            if self._client.status != "running":
                raise self._gone() from None
            yield from self._again(work, lost)  # its worker ended before it could hand over
        except Exception as problem:  # the boundary: of the worker's own, not of a leg
            seconds = time.monotonic() - work.started
            yield Ended(work.job, seconds, failure=failure.describe(problem))
        else:
            if "refused" in found:
                raise UsageError(f"worker {work.place[0]} cannot be used: {found['refused']}")
            yield Ended(work.job, **found)

    def _gone(self) -> UsageError:
        return UsageError(
            f"the scheduler at {self.scheduler} is gone; with --out, what is finished is kept, and "
            "the same command continues"
        )


def _times(job: Job, lost: Sequence[Job]) -> int:
    """How many workers were lost that were to do this very job."""
    return sum(other is job for other in lost)


def local(scheduler: str) -> int | None:
    """How many processes `local:N` asks for; None for an address. UsageError for neither."""
    kind, colon, rest = scheduler.partition(":")
    if kind == "local":
        if not (rest.isascii() and rest.isdigit() and 1 <= int(rest) <= 1024):
            raise UsageError(f"--scheduler local:N takes a number of processes, not {scheduler!r}")
        return int(rest)
    if not colon or not rest:
        raise UsageError(
            f"--scheduler takes the address of a Dask scheduler, such as tcp://node:8786, or "
            f"local:N, not {scheduler!r}"
        )
    return None


def opened(
    scheduler: str | None,
    sources: Sequence[str],
    *,
    load: Sequence[tuple[str, Mapping[str, Any]]],
    workers: int | None = 1,
    import_limit: float = limits.IMPORT,
) -> Pool:
    """The pool of a run: processes of this machine, or a cluster where a scheduler is named."""
    if scheduler is None:
        return Pool(sources, load=load, workers=workers, import_limit=import_limit)
    return Cluster(scheduler, sources, load=load, import_limit=import_limit)
