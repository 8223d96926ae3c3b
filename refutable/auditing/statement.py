"""Statement: what an audit tries of a claim, on one model; and all that a module offers to try."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refutable import chance
from refutable.auditing.dial import Dial
from refutable.claim import Profile, derive_seed
from refutable.gap import Gap

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Base = Mapping[str, Any]
Check = Callable[[Base, Mapping[str, float], int, Profile], Iterable[Gap]]


def replicate_seed(root_seed: int, replicate: int = 0) -> int:
    """The seed of a replicate of an audit, the same for all statements, so that they share runs."""
    return derive_seed(root_seed, "audit", str(replicate)) % 2**31


@dataclass(frozen=True, kw_only=True)
class Statement:
    """The finite statement of a claim, checked on one model.

    claim: id. measured: the statement in words. bases: JSON-ready configurations at all of which it
    must hold. check: gaps at a base, with dials turned, under a seed. Statements with an equal base
    are tried there in one process, under the same seeds, so that what they train is trained once.
    untestable: why a dial cannot be tried, or None. foreseen: whether the theory says that it holds
    at a base with dials turned, None where it says nothing; shown beside what is found, and no part
    of it. simpler: bases on which a witness is looked for, simplest first. main: audited in profile
    quick, too. costly: takes minutes for each dial, and is audited where it is selected, or in
    profile deep. random: whether the seed matters.
    """

    claim: str
    measured: str
    bases: tuple[Base, ...]
    check: Check
    untestable: Callable[[str], str | None] = lambda _: None
    foreseen: Callable[[Base, Mapping[str, float]], bool | None] = lambda *_: None
    simpler: Callable[[Base], SearchStrategy[Base]] | None = None
    main: bool = False
    costly: bool = False
    random: bool = True

    def gaps(
        self, base: Base, turned: Mapping[str, float], seed: int, profile: Profile
    ) -> tuple[Gap, ...]:
        """What the check finds; what it draws depends on the seed alone, whatever ran before."""
        with chance.own(seed):
            return tuple(self.check(base, turned, seed, profile))


@dataclass(frozen=True)
class Audit:
    """What a module offers as AUDIT: dials, and the statements that are tried on them.

    beside: audits of other models, whose statements are tried under their own dials alone.
    """

    dials: tuple[Dial, ...]
    statements: tuple[Statement, ...]
    beside: tuple[Audit, ...] = ()

    @property
    def parts(self) -> tuple[Audit, ...]:
        """The audits to be tried, each by itself: this one and those beside it."""
        return (self, *(part for other in self.beside for part in other.parts))

    @property
    def by_claim(self) -> dict[str, Statement]:
        """The statements of all parts by the claims that they are about."""
        return {statement.claim: statement for part in self.parts for statement in part.statements}

    def at(
        self,
        claim: str,
        base: Base,
        dials: Mapping[str, float],
        *,
        profile: Profile = "quick",
        seed: int = 0,
    ) -> tuple[Gap, ...]:
        """The gaps of a claim's statement at a base, with dials turned, run here.

        claim: its id. base, dials, profile, seed: those of a break that `claims replay --script`
        prints. KeyError for a claim of which there is no statement.
        """
        return self.by_claim[claim].gaps(base, dials, seed, profile)
