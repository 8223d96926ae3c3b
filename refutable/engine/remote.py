"""Remote: what a worker of a cluster does, which stands by the processes that run its share.

A worker imports no source and runs no leg itself: it keeps a pool of its own, as a run on one
machine does, so that limits, state and clean ends are the same wherever a leg runs.
"""

from __future__ import annotations

import importlib.metadata
import json
import threading
from collections.abc import Mapping
from typing import Any

from refutable import check, files
from refutable.engine.pool import Job, Pool, ask
from refutable.errors import UsageError

_here = threading.local()
"""The pool of each thread of a worker, which does one piece of work at a time."""
_all: list[Pool] = []


def versions() -> dict[str, str]:
    """What decides a verdict on this machine, and what talks to the others."""
    return check.environment() | {
        "distributed": importlib.metadata.version("distributed"),
        "refutable": files.of_tool()[:12],
    }


def unit(setup: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any]:
    """A piece of work, done here: what came of it, or `refused`, why this worker cannot do it."""
    try:
        pool = _pool(setup)
    except UsageError as problem:
        return {"refused": str(problem)}
    ended = ask(pool, Job(**job))
    return {
        "seconds": ended.seconds,
        "value": ended.value,
        "failure": ended.failure and dict(ended.failure),
        "stopped": ended.stopped,
        "why": ended.why,
        "where": ended.where,
        "files": dict(ended.files),
    }


def _pool(setup: Mapping[str, Any]) -> Pool:
    """The pool for these sources. UsageError where they are not what they are for the client."""
    name = json.dumps(setup, sort_keys=True)
    if getattr(_here, "name", None) != name:
        _drop()
        pool = Pool(
            setup["sources"],
            load=[(task, args) for task, args in setup["load"]],
            import_limit=setup["import_limit"],
        )
        differing = [
            file
            for file in sorted({*pool.files, *setup["files"]})
            if pool.files.get(file) != setup["files"].get(file)
        ]
        if differing:
            pool.close()
            raise UsageError(f"{differing[0]} is not the same file there")
        _here.name, _here.pool = name, pool
        _all.append(pool)
    found: Pool = _here.pool
    return found


def _drop() -> None:
    pool = getattr(_here, "pool", None)
    _here.name = _here.pool = None
    if pool is not None:
        _all.remove(pool)
        pool.close()


def release() -> None:
    """End the processes of this worker, whose client is done."""
    global _here
    while _all:
        _all.pop().close()
    _here = threading.local()
