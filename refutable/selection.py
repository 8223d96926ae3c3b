"""Selection: the words that pick claims and legs, read once and used wherever claims are picked."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from refutable.claim import Kind, Provenance
from refutable.errors import UsageError, nearest


@dataclass(frozen=True)
class Selection:
    """What words like 'local+.*', kind:scaling or provenance:stated pick; all when there are none.

    Ids add up; of the kinds, and of the provenances, any one named is enough.
    """

    patterns: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    provenances: tuple[Provenance, ...] = ()

    @classmethod
    def parse(cls, words: Sequence[str]) -> Selection:
        """Read words. UsageError for an unknown kind or provenance."""
        patterns: list[str] = []
        kinds: list[Kind] = []
        provenances: list[Provenance] = []
        for word in words:
            field, colon, value = word.partition(":")
            if colon and field == "kind":
                kinds.append(Kind(_member(value, Kind, "kind")))
            elif colon and field == "provenance":
                provenances.append(Provenance(_member(value, Provenance, "provenance")))
            else:
                patterns.append(word)
        return cls(tuple(patterns), tuple(kinds), tuple(provenances))

    def legs(self, id: str, kinds: Iterable[Kind], provenance: Provenance) -> tuple[Kind, ...]:
        """Which of a claim's legs are picked; none when the claim is not."""
        if self.patterns and not any(fnmatch.fnmatchcase(id, p) for p in self.patterns):
            return ()
        if self.provenances and provenance not in self.provenances:
            return ()
        return tuple(kind for kind in kinds if not self.kinds or kind in self.kinds)


def _member(value: str, choices: type[Kind] | type[Provenance], what: str) -> str:
    allowed = [choice.value for choice in choices]
    if value not in allowed:
        raise UsageError(
            f"unknown {what} {value!r}.{nearest(value, allowed)} Allowed: {', '.join(allowed)}."
        )
    return value
