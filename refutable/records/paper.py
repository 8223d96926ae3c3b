"""Paper: a theorem of a LaTeX source, and the claims that it has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Theorem:
    """One theorem of a paper. claims: ids of its claims; unknown: ids that no claim has.

    kind: the environment; name: as it is printed, such as Lemma. number: as it is printed; None
    where there is none, or it is decided by a class that is not looked into.
    """

    kind: str
    label: str | None
    title: str | None
    line: int
    claims: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    number: str | None = None
    name: str | None = None
    file: str = ""
