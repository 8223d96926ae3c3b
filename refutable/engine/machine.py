"""Machine: how many cores there are for this process, and how many others keep busy."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

QUOTA = "/sys/fs/cgroup/cpu.max"
"""What a container may use of the machine: microseconds of work in so many, or `max`."""


def cores() -> int:
    """Cores that this process may use; where a system cannot tell, all that there are."""
    there = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        there = len(os.sched_getaffinity(0))
    quota = _quota()
    return there if quota is None else max(1, min(there, round(quota)))


def _quota() -> float | None:
    """Cores' worth of time that a container may use; None without a limit."""
    with contextlib.suppress(OSError, ValueError):
        spent, every = Path(QUOTA).read_text(encoding="ascii").split()
        return None if spent == "max" else int(spent) / int(every)
    return None


@dataclass(frozen=True)
class Moment:
    """How much work the cores had done at a moment, in seconds. own: for some processes."""

    at: float
    done: float
    own: float


def moment(*processes: int) -> Moment | None:
    """What the cores of this process have done so far; None where the system does not say.

    processes: those, beside this one, whose work is not that of others.
    """
    if not hasattr(os, "sched_getaffinity"):
        return None
    try:
        ticks = os.sysconf("SC_CLK_TCK")
        mine = {f"cpu{number}" for number in os.sched_getaffinity(0)}
        lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
        parts = [line.split() for line in lines if line.split(" ")[0] in mine]
        done = sum(sum(map(int, part[1:4])) + sum(map(int, part[6:8])) for part in parts)
        own = sum(_spent(process) for process in (os.getpid(), *processes))
    except (OSError, ValueError, IndexError):
        return None
    return Moment(time.monotonic(), done / ticks, own / ticks)


def _spent(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    user, system = fields.rpartition(")")[2].split()[11:13]
    return int(user) + int(system)


def waits(process: int) -> dict[int, float]:
    """Seconds for which threads of a process were ready to run while others had the cores.

    By thread, also of the processes that it started and that still run. Empty where the system
    does not say.
    """
    found: dict[int, float] = {}
    tasks = Path(f"/proc/{process}/task")
    try:
        listed = os.listdir(tasks)
    except OSError:
        return {}
    for task in listed:
        with contextlib.suppress(OSError, ValueError, IndexError):  # it may end at any moment
            delay = (tasks / task / "schedstat").read_text("ascii").split()[1]
            found[int(task)] = int(delay) / 1e9
            for started in (tasks / task / "children").read_text("ascii").split():
                found |= waits(int(started))
    return found


def worth(since: Moment | None, now: Moment | None, most: int) -> int:
    """How many processes are worth it, of `most`: one for every core that others left idle.

    At least one. Where nothing is known of what others do, all.
    """
    if since is None or now is None or now.at - since.at < 0.1:
        return most
    others = ((now.done - since.done) - (now.own - since.own)) / (now.at - since.at)
    return max(1, min(most, round(most - others)))
