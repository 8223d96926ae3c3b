"""One point: the gaps at one setting of several dials, and at a stored witness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from refutable import check
from refutable.auditing.dial import find
from refutable.auditing.selection import choose, load
from refutable.auditing.statement import Base, replicate_seed
from refutable.claim import Profile
from refutable.errors import UsageError
from refutable.gap import Gap


def at_point(
    select: Sequence[str],
    point: Mapping[str, float],
    sources: Sequence[str],
    profile: Profile,
    seed: int,
) -> Iterator[tuple[str, Base, list[Gap] | str]]:
    """The statements at one setting of several dials: (claim, base, gaps or why there are none).

    UsageError for an unknown dial, a value out of its range, or dials that cannot go together.
    """
    catalogue, found = load(sources)
    by_name = found.by_name
    for name, value in point.items():
        find(by_name, name).require(value)
    statements, _ = choose(catalogue, found, select, (), (), profile)
    replicate = replicate_seed(seed)
    for statement in statements:
        reason = next((r for n in point if (r := statement.untestable(n))), None)
        for base in statement.bases:
            if reason:
                yield statement.claim, base, reason
                continue
            try:
                with check.one_thread():
                    gaps = list(statement.check(base, point, replicate, profile))
            except Exception as problem:  # whatever a run raises, there is no answer
                turned = ", ".join(f"{name} = {value:g}" for name, value in point.items())
                said = str(problem) or type(problem).__name__
                raise UsageError(f"{statement.claim} at {turned}: {said}") from problem
            yield statement.claim, base, gaps


def again(
    witness: Mapping[str, Any], claim: str, sources: Sequence[str], profile: Profile
) -> list[Gap]:
    """The gaps at a stored witness. LookupError when its claim or dial is not audited any more."""
    _, found = load(sources)
    statement = next((s for s in found.statements if s.claim == claim), None)
    if statement is None:
        raise LookupError(f"{claim!r} is not audited any more")
    for name in witness["dials"]:
        if name not in found.by_name:
            raise LookupError(f"there is no dial {name!r} any more")
    with check.one_thread():
        return list(
            statement.check(witness["base"], witness["dials"], int(witness["seed"]), profile)
        )
