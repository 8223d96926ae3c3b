r"""Theorems of a LaTeX source, with the numbers that LaTeX gives them, and which have claims.

A theorem has a claim where `\claim{ID}` stands in it or up to the next one (claims.sty defines the
command), or where a claim names its label, or its number, as its place in the paper.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from refutable.paper.counters import SECTIONS, Counters
from refutable.paper.source import Source, group, option, read
from refutable.records.contents import Entry
from refutable.records.paper import Theorem

USUAL = ("theorem", "lemma", "proposition", "corollary", "conjecture", "fact")
"""Environments that a class or a package may have declared elsewhere; their numbers are unknown."""
_SETTING = ("definition", "remark", "example", "assumption", "notation", "note", "question")
"""Environments that are declared as theorems are, and state nothing that could be false."""
_SAID = re.compile(
    r"\\(?P<begin>begin)\s*\{(?P<environment>[^{}]+)\}"
    r"|\\(?P<command>newtheorem|declaretheorem|newcounter|numberwithin|counterwithin|setcounter"
    r"|addtocounter|stepcounter|refstepcounter|appendix|renewcommand|documentclass"
    rf"|{'|'.join(SECTIONS)})(?![A-Za-z@])(?P<star>\s*\*)?"
)
_LABEL = re.compile(r"\\label\s*\{([^}]+)\}|\\(begin|end)\s*\{[^}]*\}")
_CLAIM = re.compile(r"\\claim(?:verdict)?\s*\{([^}]+)\}")
_WITHIN = ("numberwithin", "within", "parent")
_SHARED = ("sibling", "numberlike", "sharenumber", "sharecounter")


def theorems(path: Path, entries: Sequence[Entry]) -> tuple[list[Theorem], tuple[str, ...]]:
    r"""The theorems of a paper, in order, with the claims among these that they have.

    Beside them, in words, what the paper reads and is not there: its theorems are not among them. A
    command of the paper's own that stands for `\begin{theorem}` is not seen through. UsageError
    when a file cannot be read.
    """
    source = read(path)
    ends = len(source.text)
    return [
        _theorem(source, path, begun, following.at if following else ends, entries)
        for begun, following in itertools.pairwise([*_Walk(source.text).begun(), None])
        if begun
    ], source.missing


@dataclass(frozen=True)
class _Begun:
    """A theorem that begins: where, where its text begins, and what it is called."""

    at: int
    text: int
    kind: str
    title: str | None
    name: str | None
    number: str | None


@dataclass
class _Walk:
    """A text read from its beginning, with the counters as they stand.

    kinds: the environments that are theorems, as they are printed; counted: their counters.
    """

    text: str
    kinds: dict[str, str | None] = field(default_factory=lambda: dict.fromkeys(USUAL))
    counted: dict[str, str] = field(default_factory=dict)
    counters: Counters = field(default_factory=lambda: Counters(None))

    def begun(self) -> Iterator[_Begun]:
        """The theorems that begin."""
        for found in _SAID.finditer(self.text):
            if found["begin"]:
                yield from self._begins(found)
            else:
                self._says(found["command"], found["star"] is not None, found.end())

    def _begins(self, found: re.Match[str]) -> Iterator[_Begun]:
        kind, at = found["environment"], found.end()
        title, at = option(self.text, at)
        if kind.rstrip("*") == "restatable":  # of thm-restate: {restatable}[title]{kind}{command}
            kind, at = group(self.text, at)
            at = group(self.text, at)[1]
        plain = kind if kind in self.kinds else kind.removesuffix("*")
        if plain.removesuffix("*") in _SETTING:
            self._count(plain)
        elif plain in self.kinds:
            number = self._count(plain) if plain == kind else None
            yield _Begun(found.start(), at, plain, title, self.kinds[plain], number)

    def _count(self, kind: str) -> str | None:
        if kind not in self.counted:
            return None
        self.counters.step(self.counted[kind])
        return self.counters.number(self.counted[kind])

    def _says(self, command: str, star: bool, at: int) -> None:
        if command == "appendix":
            self.counters.appendix()
        elif command in SECTIONS:
            if not star:
                self.counters.step(command)
        elif command == "documentclass":
            self.counters = Counters(group(self.text, option(self.text, at)[1])[0])
        elif command == "newtheorem":
            self._newtheorem(star, at)
        elif command == "declaretheorem":
            self._declaretheorem(at)
        else:
            self._changes(command, star, at)

    def _newtheorem(self, star: bool, at: int) -> None:
        r"""`\newtheorem{kind}[shared]{Name}[within]`."""
        kind, at = group(self.text, at)
        shared, at = option(self.text, at)
        name, at = group(self.text, at)
        within, _ = option(self.text, at)
        self._declare(kind, name, shared=shared, within=within, numbered=not star)

    def _declaretheorem(self, at: int) -> None:
        r"""`\declaretheorem[name=..., numberwithin=..., sibling=..., numbered=no]{kind,...}`."""
        given, at = option(self.text, at)
        kinds, _ = group(self.text, at)
        options = {
            name.strip(): value.strip(" {}")
            for name, _, value in (part.partition("=") for part in (given or "").split(","))
        }
        for kind in map(str.strip, kinds.split(",")):
            self._declare(
                kind,
                options.get("name", options.get("title", kind.capitalize())),
                shared=next((options[key] for key in _SHARED if key in options), None),
                within=next((options[key] for key in _WITHIN if key in options), None),
                numbered=options.get("numbered") != "no",
            )

    def _declare(
        self, kind: str, name: str, *, shared: str | None, within: str | None, numbered: bool
    ) -> None:
        self.kinds[kind] = name
        counter = self.counted.get(shared, shared) if shared else kind
        if not numbered:
            return
        if not shared:
            self.counters.new(kind)
            if within:
                self.counters.number_within(kind, within)
        self.counted[kind] = counter

    def _changes(self, command: str, star: bool, at: int) -> None:
        """A counter is set, or printed otherwise."""
        named, after = group(self.text, option(self.text, at)[1])
        value, _ = group(self.text, option(self.text, after)[1])
        if command == "renewcommand":
            if named.strip().startswith(r"\the"):
                self.counters.print_as(named.strip().removeprefix(r"\the"), value)
        elif command == "newcounter":
            self.counters.new(named)
            within, _ = option(self.text, after)
            if within is not None:
                self.counters.reset_with(named, within)
        elif command in ("stepcounter", "refstepcounter"):
            self.counters.step(named)
        elif command in ("numberwithin", "counterwithin"):
            bind = self.counters.reset_with if star else self.counters.number_within
            bind(named, value)
        elif re.fullmatch(r"\s*-?\d+\s*", value):
            (self.counters.set if command == "setcounter" else self.counters.add)(named, int(value))


def _theorem(
    source: Source, main: Path, begun: _Begun, end: int, entries: Sequence[Entry]
) -> Theorem:
    after = source.text[begun.text : end]
    body = re.split(rf"\\end\s*\{{(?:restatable|{re.escape(begun.kind)})\*?\}}", after)[0]
    label = _label(body)
    known = {entry.id for entry in entries}
    named = dict.fromkeys(_CLAIM.findall(f"{begun.title or ''}{after}"))
    placed = [e.id for e in entries if e.paper is not None and _is_place(e.paper, begun, label)]
    file, line = source.place(begun.at)
    return Theorem(
        kind=begun.kind,
        label=label,
        title=begun.title,
        line=line,
        claims=tuple(dict.fromkeys([*(id for id in named if id in known), *placed])),
        unknown=tuple(id for id in named if id not in known),
        number=begun.number,
        name=begun.name,
        file=file.relative_to(main.parent).as_posix() if file != main else main.name,
    )


def _label(body: str) -> str | None:
    """The label of a theorem itself, not of a formula or an item in it."""
    depth = 0
    for found in _LABEL.finditer(body):
        if found[1] and depth == 0:
            return found[1]
        depth += {"begin": 1, "end": -1}.get(found[2] or "", 0)
    return None


def _is_place(paper: str, begun: _Begun, label: str | None) -> bool:
    """Whether a claim's place in the paper is a theorem: its label, or `Theorem 4.1` and more."""
    if label is not None and paper == label:
        return True
    if begun.number is None:
        return False
    names = "|".join(re.escape(name) for name in (begun.kind, begun.name) if name)
    return bool(
        re.match(rf"(?:{names})[\s~]+{re.escape(begun.number)}(?!\.?\w)", paper, re.IGNORECASE)
    )
