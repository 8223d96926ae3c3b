r"""Source: what LaTeX reads, as one text, with the file and line of each place in it.

What is read by `\input`, `\include` and `\subfile` stands in its place. What LaTeX does not set is
blank: comments, verbatim text, `\iffalse ... \fi`, bodies of definitions, and what follows the end.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from refutable.errors import UsageError
from refutable.records.documents import content, is_there

_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%.*")
_READS = re.compile(r"\\(?:input|include|subfile)\s*\{([^{}]+)\}|\\input\s+([^\s\\{}]+)")
_ENDS = re.compile(r"\\endinput(?![A-Za-z@])|\\end\s*\{document\}")
_VERBATIM = re.compile(
    r"\\begin\s*\{(verbatim\*?|Verbatim|lstlisting|minted|comment|filecontents\*?)\}"
    r".*?\\end\s*\{\1\}"
    r"|\\verb\*?([^A-Za-z*\s]).*?\2",
    re.DOTALL,
)
_CONDITIONAL = re.compile(
    r"\\(if(?!f(?![A-Za-z@])|thenelse)[A-Za-z@]*|else|fi)(?![A-Za-z@])"  # \iff is an arrow
)
_DEFINES = re.compile(
    r"\\(?:(?P<two>(?:re)?newcommand|providecommand|DeclareRobustCommand)"
    r"|(?P<three>(?:re)?newenvironment|(?:New|Renew|Provide|Declare)DocumentCommand)"
    r"|(?P<four>(?:New|Renew|Provide|Declare)DocumentEnvironment)|(?P<one>[gex]?def))"
    r"(?![A-Za-z@])\*?"
)
_GROUPS = {"one": 1, "two": 2, "three": 3, "four": 4}
"""How many groups a definition has, its name in braces included."""
_NAME = re.compile(r"\s*\{?\s*(\\[A-Za-z@]+|\\.)(?:#\d|\s)*(?!\})")
_OPENS_GROUP = re.compile(r"\s*\{")
_OPENS_OPTION = re.compile(r"\s*\[")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)


@dataclass(frozen=True)
class Source:
    """A text, and where its parts come from. missing: what it reads and is not there, with where.

    parts: where each begins in the text, its file, and the line of that file it begins in.
    """

    text: str
    parts: tuple[tuple[int, Path, int], ...]
    missing: tuple[str, ...] = ()

    def place(self, at: int) -> tuple[Path, int]:
        """The file, and its line, of a place in the text."""
        number = bisect.bisect_right([start for start, _, _ in self.parts], at) - 1
        start, path, line = self.parts[number]
        return path, line + self.text.count("\n", start, at)


def read(path: Path) -> Source:
    """A source with all that it reads. UsageError for a file that cannot be read, or reads itself.

    As LaTeX does, it looks for files from the folder of the main one.
    """
    missing: list[str] = []
    texts, parts, length = [], [], 0
    for text, file, line in _pieces(path, path.parent, (path.resolve(),), missing):
        parts.append((length, file, line))
        texts.append(text)
        length += len(text)
    text = "".join(texts)
    for not_set in (_switched_off, _definitions):
        text = _blank(text, not_set(text))
    return Source(text, tuple(parts), tuple(missing))


def _pieces(
    path: Path, root: Path, within: tuple[Path, ...], missing: list[str]
) -> Iterator[tuple[str, Path, int]]:
    """The parts of a file in order, those of what it reads in between."""
    text = "\n".join(_COMMENT.sub(r"\1", line) for line in content(path).splitlines()) + "\n"
    text = _blank(text, (found.span() for found in _VERBATIM.finditer(text)))
    ends = _ENDS.search(text)
    text = text[: ends.start()] if ends else text
    done = 0
    for found in _READS.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        file = _file(root, (found[1] or found[2]).strip())
        yield text[done : found.start()], path, text.count("\n", 0, done) + 1
        done = found.end()
        if file is None:
            missing.append(f"{path} line {line} reads {found[1] or found[2]}, which is not there")
            continue
        if file.resolve() in within:
            raise UsageError(f"{path} line {line} reads {file}, by which it is read")
        yield from _pieces(file, root, (*within, file.resolve()), missing)
    yield text[done:], path, text.count("\n", 0, done) + 1


def _file(root: Path, name: str) -> Path | None:
    """The file that LaTeX takes for a name: with .tex where it has to be added."""
    return next((p for p in (root / f"{name}.tex", root / name) if is_there(p)), None)


def _definitions(text: str) -> Iterator[tuple[int, int]]:
    r"""Where something is defined, but for how a counter is printed, by `\thecounter`."""
    for found in _DEFINES.finditer(text):
        at, groups = found.end(), _GROUPS[str(found.lastgroup)]
        name = _NAME.match(text, at)
        if name and name[1].startswith(r"\the"):
            continue
        if name and "{" not in name[0]:
            at, groups = name.end(), max(groups - 1, 1)
        for _ in range(groups):
            while _OPENS_OPTION.match(text, at):
                _, at = option(text, at)
            _, at = group(text, at)
        yield found.start(), at


def _switched_off(text: str) -> Iterator[tuple[int, int]]:
    r"""Where `\iffalse` stands, up to its `\else` or `\fi`."""
    depth, start = 0, -1
    for found in _CONDITIONAL.finditer(text):
        word = found[1]
        if start < 0:
            if word == "iffalse":
                start, depth = found.start(), 1
            continue
        depth += word.startswith("if") - (word == "fi")
        if depth == 0 or (depth == 1 and word == "else"):
            yield start, found.end()
            start = -1


def group(text: str, at: int) -> tuple[str, int]:
    """What stands in braces next, and where it has ended; nothing where there are none."""
    opened = _OPENS_GROUP.match(text, at)
    if opened is None:
        return "", at
    end = _closing(text, opened.end() - 1)
    return text[opened.end() : end - 1], end


def option(text: str, at: int) -> tuple[str | None, int]:
    """What stands in brackets next, braces within it whole, and where it has ended."""
    opened = _OPENS_OPTION.match(text, at)
    if opened is None:
        return None, at
    end = opened.end()
    while end < len(text) and text[end] != "]":
        end = _closing(text, end) if text[end] == "{" else end + 1
    return " ".join(text[opened.end() : end].split()), end + 1


def _closing(text: str, at: int) -> int:
    """Where the group that opens at this place has ended; the end of the text where it does not."""
    depth = 0
    for found in _BRACE.finditer(text, at):
        depth += (found[0] == "{") - (found[0] == "}")
        if depth == 0 and found[0] == "}":
            return found.end()
    return len(text)


def _blank(text: str, places: Iterable[tuple[int, int]]) -> str:
    """The text with blanks there; lines stay."""
    for start, end in places:
        text = text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]
    return text
