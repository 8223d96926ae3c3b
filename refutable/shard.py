"""Shard: one of several equal parts of a run, so that machines that share nothing divide it.

Which part a piece of work belongs to depends on what is asked alone, never on how long anything
took somewhere, so that every machine divides in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from refutable.errors import UsageError

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True)
class Shard:
    """Part `number` of `of`, counted from 1. UsageError for a part that there is not."""

    number: int = 1
    of: int = 1

    def __post_init__(self) -> None:
        """Refuse a part of nothing, or beyond the last."""
        if not 1 <= self.number <= self.of:
            raise UsageError(f"a shard is one of 1/{self.of} to {self.of}/{self.of}, not {self}")

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read `3/8`. UsageError for anything else."""
        if not re.fullmatch(r"[0-9]{1,6}/[0-9]{1,6}", text):
            raise UsageError(f"--shard takes one part of several, such as 3/8, not {text!r}")
        number, of = map(int, text.split("/"))
        if of == 0:
            raise UsageError(f"--shard {text} divides by nothing; the first of one is 1/1")
        return cls(number, of)

    def dealt(self, units: Sequence[T]) -> list[T]:
        """The units of this shard, when all are dealt out like cards: the first to the first."""
        return list(units[self.number - 1 :: self.of])

    def block(self, units: Sequence[T]) -> list[T]:
        """The units of this shard, when all are cut into equal pieces: neighbours stay together."""
        first, last = (len(units) * number // self.of for number in (self.number - 1, self.number))
        return list(units[first:last])


WHOLE = Shard()
"""All of a run."""
