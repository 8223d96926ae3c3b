"""One point: the gaps at one setting of several dials, and at a stored witness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from refutable.auditing.cell import of_grids, statement_on
from refutable.auditing.dial import find
from refutable.auditing.selection import PLAN, Plan, choose
from refutable.auditing.statement import replicate_seed
from refutable.claim import Profile
from refutable.engine import limits
from refutable.engine.pool import Job, Pool, ask
from refutable.engine.worker import tick
from refutable.errors import UsageError
from refutable.outline import DESCRIBE, Outline
from refutable.records.results import GapRecord
from refutable.run import said_of

POINT, AGAIN = "refutable.auditing.point:point_task", "refutable.auditing.point:again_task"
TASKS: list[tuple[str, Mapping[str, Any]]] = [(DESCRIBE, {"chosen": False}), (PLAN, {})]


def at_point(
    select: Sequence[str],
    point: Mapping[str, float],
    sources: Sequence[str],
    profile: Profile,
    seed: int,
    *,
    limit: float | None = None,
) -> Iterator[tuple[str, Mapping[str, Any], list[GapRecord] | str]]:
    """The statements at one setting of several dials: (claim, base, gaps or why there are none).

    UsageError for an unknown dial, a value out of its range, dials that cannot go together, and
    whatever a statement does at this point but to answer.
    """
    with Pool(sources, load=TASKS) as pool:
        outline, plan = Outline.read(pool.loaded[0]), Plan.read(pool.loaded[1])
        for name, value in point.items():
            find(plan.by_name, name).require(value)
        statements, _ = choose(outline.catalogue, plan, select, (), tuple(point), profile)
        statements = [s for s in statements if set(point) <= set(s.dials)]
        if not statements:
            raise UsageError(f"no statement is tried under all of {', '.join(point)}")
        replicate = replicate_seed(seed)
        turned = ", ".join(f"{name} = {value:g}" for name, value in point.items())
        for statement in statements:
            args = {
                "claim": statement.claim, "point": dict(point), "seed": replicate,
                "profile": profile,
            }  # fmt: skip
            ended = ask(pool, Job(POINT, args, limit or limits.SECONDS[profile], replicate))
            if ended.value is None:
                broke = ended.failure or {}
                said = broke.get("message") or broke.get("type") or said_of(ended)
                raise UsageError(f"{statement.claim} at {turned}: {said}")
            for found in ended.value:
                gaps = [GapRecord.model_validate(gap) for gap in found["gaps"]]
                yield statement.claim, found["base"], found["reason"] or gaps


def point_task(
    sources: Sequence[str], claim: str, point: Mapping[str, float], seed: int, profile: Profile
) -> list[dict[str, Any]]:
    """A statement at a point, in a process of the engine: for every base, its gaps as JSON."""
    statement = statement_on(tuple(sources), claim)
    reason = next((r for n in point if (r := statement.untestable(n))), None)
    turned = of_grids(sources, point)
    rows = []
    for base in statement.bases:
        tick()
        gaps = () if reason else statement.gaps(base, turned, seed, profile)
        records = [GapRecord.of(gap).model_dump(mode="json") for gap in gaps]
        rows.append({"base": dict(base), "reason": reason, "gaps": records})
    return rows


def again(
    witness: Mapping[str, Any], claim: str, sources: Sequence[str], profile: Profile
) -> list[GapRecord] | str:
    """The gaps at a stored witness, or why there are none."""
    with Pool(sources, load=TASKS) as pool:
        plan = Plan.read(pool.loaded[1])
        if claim not in {statement.claim for statement in plan.statements}:
            return f"{claim!r} is not audited any more"
        for name in witness["dials"]:
            if name not in plan.by_name:
                return f"there is no dial {name!r} any more"
        seed = int(witness["seed"])
        args = {
            "claim": claim, "base": dict(witness["base"]), "point": dict(witness["dials"]),
            "seed": seed, "profile": profile,
        }  # fmt: skip
        ended = ask(pool, Job(AGAIN, args, limits.SECONDS[profile], seed))
        if ended.value is None:
            return said_of(ended)
        return [GapRecord.model_validate(gap) for gap in ended.value]


def again_task(
    sources: Sequence[str], claim: str, base: Any, point: Any, seed: int, profile: Profile
) -> list[dict[str, Any]]:
    """A statement at a witness, in a process of the engine: its gaps as JSON."""
    turned = of_grids(sources, point)
    gaps = statement_on(tuple(sources), claim).gaps(base, turned, seed, profile)
    return [GapRecord.of(gap).model_dump(mode="json") for gap in gaps]
