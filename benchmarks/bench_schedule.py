"""Schedule: how well many workers would be used, by what each piece of work took on this machine.

    python -m benchmarks schedule

Nothing is run: work is handed out by the agenda of runs, the longest first, as `claims verify`
and `claims audit` recorded it (durations.json in the folder of the cache). The efficiency is the
work over the workers' time until the last is done; it cannot exceed what the longest piece of work
alone allows, which is shown beside it.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence

from refutable.claim import PROFILES
from refutable.engine.agenda import Agenda
from refutable.engine.process import Job
from refutable.reuse import durations

WORKERS = (1, 2, 8, 64)


def jobs_of(recorded: Mapping[str, float]) -> dict[str, list[tuple[Job, float]]]:
    """Pieces of work with their seconds, by run: the longest first, dials of an audit together."""
    runs: dict[str, list[tuple[Job, float]]] = defaultdict(list)
    for name, seconds in recorded.items():
        source, profile, *rest = name.split(" ")
        if source != "refutable.claims" or profile not in PROFILES:
            continue
        audit = rest[0] == "audit"
        run = f"{'audit' if audit else 'verify'} --profile {profile}"
        runs[run].append((Job(name, {}, 0.0, group=rest[2] if audit else ""), seconds))
    for work in runs.values():
        of_group: dict[str, float] = defaultdict(float)
        for job, seconds in work:
            of_group[job.group] += seconds
        work.sort(key=lambda pair: (-of_group[pair[0].group], -pair[1]))
    return dict(runs)


def makespan(work: Sequence[tuple[Job, float]], workers: int) -> float:
    """Seconds until the last worker is done."""
    agenda, took = Agenda(), {job.task: seconds for job, seconds in work}
    agenda.add(job for job, _ in work)
    free = [(0.0, number) for number in range(workers)]
    last = 0.0
    while (job := agenda.next(free[0][1])) is not None:
        now, number = heapq.heappop(free)
        last = max(last, now + took[job.task])
        heapq.heappush(free, (now + took[job.task], number))
    return last


def main() -> None:
    """Print the efficiency for each run that was recorded, by number of workers."""
    runs = jobs_of(durations.recall())
    if not runs:
        print("nothing is recorded: run claims verify, or claims audit, first")
    for name, work in sorted(runs.items()):
        total, longest = sum(s for _, s in work), max(work, key=lambda pair: pair[1])
        print(f"claims {name}: {len(work)} pieces of work, {total:.0f} s in all")
        print(f"  longest: {longest[1]:.1f} s, {' '.join(longest[0].task.split(' ')[2:])}")
        for workers in WORKERS:
            span = makespan(work, workers)
            bound = min(1.0, total / workers / longest[1])
            print(
                f"  {workers:3} workers: {span:8.1f} s, efficiency {total / workers / span:4.2f} "
                f"(at most {bound:4.2f}, by the longest)"
            )


if __name__ == "__main__":
    main()
