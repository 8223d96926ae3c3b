"""Mapping: which claims of one paper, or theory, are those of another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from refutable.errors import UsageError, nearest
from refutable.records.documents import tables
from refutable.records.results import ClaimRecord, Results


def read(path: Path) -> dict[str, str]:
    """Ids of one run and the ids of another that they correspond to, each id at most once.

    UsageError for a file that is no such table.
    """
    found = tables(path)
    for one, other in found.items():
        if not isinstance(other, str):
            raise UsageError(
                f'{path}: "{one}" must name one claim; an id with dots stands in quotes: '
                '"a.b" = "c.d"'
            )
    twice = [id for id in found.values() if list(found.values()).count(id) > 1]
    if twice:
        raise UsageError(f"{path}: two claims correspond to {twice[0]!r}")
    return found


def matched(one: Results, other: Results, named: Mapping[str, str]) -> tuple[Results, Results]:
    """Both runs with the claims that correspond alone, under the ids of the second.

    UsageError for an id that its run does not have.
    """
    for results, ids in ((one, named.keys()), (other, named.values())):
        known = [claim.id for claim in results.claims]
        for id in ids:
            if id not in known:
                hint = nearest(id, known)
                raise UsageError(f"the map names {id!r}, which is in no run.{hint}")
    renamed = [_renamed(claim, named) for claim in one.claims if claim.id in named]
    kept = [claim for claim in other.claims if claim.id in named.values()]
    return _with(one, renamed), _with(other, [_renamed(claim, {}) for claim in kept])


def _renamed(claim: ClaimRecord, named: Mapping[str, str]) -> ClaimRecord:
    """A claim under its new id, without ties to claims of its own paper."""
    update = {"id": named.get(claim.id, claim.id), "rests_on": (), "blocked_by": ()}
    return claim.model_copy(update=update | {"original_of": None})


def _with(results: Results, claims: Iterable[ClaimRecord]) -> Results:
    ordered = tuple(sorted(claims, key=lambda claim: claim.id))
    return results.model_copy(update={"claims": ordered})
