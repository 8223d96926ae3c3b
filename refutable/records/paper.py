r"""Paper: the theorems of a LaTeX source, and which of them have claims.

A theorem has a claim where `\claim{ID}` stands in it or up to the next one (claims.sty defines the
command), or where a claim names its label as the place in the paper.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from refutable.records.contents import Entry
from refutable.records.documents import content

USUAL = ("theorem", "lemma", "proposition", "corollary", "conjecture", "fact")
"""Environments that a class or a package may have declared elsewhere."""
_DECLARED = re.compile(r"\\(?:newtheorem|declaretheorem)\*?\s*(?:\[[^]]*\])?\s*\{([^}]+)\}")
_LABEL = re.compile(r"\\label\s*\{([^}]+)\}")
_CLAIM = re.compile(r"\\claim(?:verdict)?\s*\{([^}]+)\}")
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%.*")
_SETTING = ("definition", "remark", "example", "assumption", "notation", "note", "question")
"""Environments that are declared as theorems are, and state nothing that could be false."""


@dataclass(frozen=True)
class Theorem:
    """One theorem of a paper. claims: ids of its claims; unknown: ids that no claim has."""

    kind: str
    label: str | None
    title: str | None
    line: int
    claims: tuple[str, ...]
    unknown: tuple[str, ...] = ()


def theorems(path: Path, entries: Sequence[Entry]) -> list[Theorem]:
    r"""The theorems of a LaTeX file, in order, with the claims among these that they have.

    What the file reads by `\input` is not looked into. UsageError when it cannot be read.
    """
    text = "\n".join(_COMMENT.sub(r"\1", line) for line in content(path).splitlines())
    kinds = {*USUAL, *_DECLARED.findall(text)} - {*_SETTING}
    names = "|".join(sorted(map(re.escape, kinds)))
    begins = list(re.finditer(rf"\\begin\s*\{{({names})\*?\}}\s*(?:\[([^]]*)\])?", text))
    ends = [*(begin.start() for begin in begins[1:]), len(text)]
    return [
        _theorem(begin, text[begin.end() : end], text.count("\n", 0, begin.start()) + 1, entries)
        for begin, end in zip(begins, ends, strict=True)
    ]


def _theorem(begin: re.Match[str], after: str, line: int, entries: Sequence[Entry]) -> Theorem:
    kind, title = begin.groups()
    body = after.partition(f"\\end{{{kind}")[0]
    label = next(iter(_LABEL.findall(body)), None)
    known = {entry.id for entry in entries}
    named = dict.fromkeys(_CLAIM.findall(after))
    by_label = [entry.id for entry in entries if label is not None and entry.paper == label]
    return Theorem(
        kind=kind,
        label=label,
        title=title,
        line=line,
        claims=tuple(dict.fromkeys([*(id for id in named if id in known), *by_label])),
        unknown=tuple(id for id in named if id not in known),
    )
