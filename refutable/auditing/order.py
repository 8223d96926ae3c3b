"""Order: what of an audit is begun first, by what earlier audits took on this machine.

It decides when everything is done, and no verdict.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from refutable.auditing.cell import Point
from refutable.auditing.effort import EFFORT
from refutable.claim import Profile
from refutable.engine.pool import Job


def name_of(key: Point | tuple[str, str], sources: Sequence[str], profile: Profile) -> str:
    """What a job of an audit is of, as it is called among all that ever ran on this machine."""
    return " ".join((*sources, profile, "audit", *map(str, key)))


def longest_first(
    jobs: Iterable[Job], known: Mapping[str, float], sources: Sequence[str], profile: Profile
) -> list[Job]:
    """Points of grids, those first that begin the longest chain of work.

    A chain is a point of the grid, the bisections that follow it and the witness that is simplified
    after them; these take as long as the longest that is known of the dial. known: seconds by name.
    """
    names = [(job, name_of(job.key, sources, profile)) for job in jobs]
    grid = {name for _, name in names}
    step, witness = defaultdict[str, float](float), defaultdict[str, float](float)
    prefix = " ".join((*sources, profile, "audit", ""))
    for name, took in known.items():
        if not name.startswith(prefix) or name in grid:
            continue
        *_, dial = name.rsplit(" ", 1)
        if name.startswith("{", len(prefix)):  # a base: a point, and no pair
            dial = name.rsplit(" ", 3)[1]
            step[dial] = max(step[dial], took)
        else:
            witness[dial] = max(witness[dial], took)
    bisections = EFFORT[profile].bisections

    def chain(job: Job, name: str) -> float:
        dial = job.key.dial if isinstance(job.key, Point) else job.key[1]
        return known.get(name, 0.0) + bisections * step[dial] + witness[dial]

    return [job for job, _ in sorted(names, key=lambda named: -chain(*named))]
