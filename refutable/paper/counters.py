r"""Counters: the numbers that LaTeX gives to sections and theorems, from what a source says.

Each counter has a value, the counters that it sets back, and a way in which it is printed, such as
`\thesection.\arabic{theorem}`.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Callable

SECTIONS = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph")
_WITH_CHAPTERS = ("book", "report", "memoir", "scrbook", "scrreprt", "amsbook")
"""Classes whose sections are numbered within chapters."""
_PRINTED = re.compile(r"\\(arabic|Alph|alph|Roman|roman)\s*\{(\w+\*?)\}|\\the(\w+)|([^\\{}])")


class Counters:
    """All counters of a document as they stand. document_class: whether it has chapters."""

    def __init__(self, document_class: str | None) -> None:
        top = "chapter" if document_class in _WITH_CHAPTERS else "section"
        self._top = top
        self._known = {*SECTIONS}
        self._values: defaultdict[str, int] = defaultdict(int)
        self._within: dict[str, str] = {}
        self._printed: dict[str, str] = {"part": r"\Roman{part}", top: rf"\arabic{{{top}}}"}
        chain = SECTIONS[SECTIONS.index(top) :]
        for outer, inner in itertools.pairwise(chain):
            self.number_within(inner, outer)

    def new(self, counter: str) -> None:
        """A counter, as of a kind of theorem."""
        self._known.add(counter)
        self._values[counter] = 0
        self._printed[counter] = rf"\arabic{{{counter}}}"

    def number_within(self, counter: str, outer: str) -> None:
        """From now on a counter starts anew with another one, whose number stands before it."""
        self._within[counter] = outer
        self._printed[counter] = rf"\the{outer}.\arabic{{{counter}}}"

    def reset_with(self, counter: str, outer: str) -> None:
        """From now on a counter starts anew with another one."""
        self._within[counter] = outer

    def print_as(self, counter: str, body: str) -> None:
        r"""What `\thecounter` says from now on."""
        self._printed[counter] = body

    def set(self, counter: str, value: int) -> None:
        """Give a counter a value."""
        self._values[counter] = value

    def add(self, counter: str, more: int) -> None:
        """Add to a counter, and set nothing back."""
        self._values[counter] += more

    def step(self, counter: str) -> None:
        """Count one more, and set back what is counted within."""
        self.add(counter, 1)
        self._set_back(counter)

    def _set_back(self, *outer: str) -> None:
        """outer: what is counted more, and what within it is set back, down to the last of them."""
        for counter, around in self._within.items():
            if around == outer[-1] and counter not in outer:
                self._values[counter] = 0
                self._set_back(*outer, counter)

    def appendix(self) -> None:
        """Chapters, or sections, are counted anew, by letters."""
        self._values[self._top] = 0
        self._set_back(self._top)
        self._printed[self._top] = rf"\Alph{{{self._top}}}"

    def number(self, counter: str) -> str | None:
        """A counter as it is printed; None where that is not understood.

        So it is where not all that counts is seen, as of equations, and pages.
        """
        return self._number(counter, ())

    def _number(self, counter: str, within: tuple[str, ...]) -> str | None:
        body = self._printed.get(counter, rf"\arabic{{{counter}}}")
        if counter in within or _PRINTED.sub("", body).strip("{}"):
            return None
        parts = []
        for form, own, other, text in _PRINTED.findall(body):
            if form:
                parts.append(_FORMS[form](self._values[own]) if own in self._known else None)
            elif other:
                parts.append(self._number(other, (*within, counter)))
            else:
                parts.append(text)
        known = [part for part in parts if part is not None]
        return "".join(known) if len(known) == len(parts) else None


def _letter(value: int) -> str | None:
    return chr(ord("A") + value - 1) if 1 <= value <= 26 else None


def _roman(value: int) -> str:
    found = ""
    for size, mark in ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
                       (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"),
                       (1, "I")):  # fmt: skip
        found += mark * (value // size)
        value %= size
    return found


_FORMS: dict[str, Callable[[int], str | None]] = {
    "arabic": str,
    "Alph": _letter,
    "alph": lambda value: (found := _letter(value)) and found.lower(),
    "Roman": _roman,
    "roman": lambda value: _roman(value).lower(),
}
