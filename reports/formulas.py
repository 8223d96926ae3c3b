"""Formulas: a statement in LaTeX as HTML with MathML, which browsers draw without the network."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Literal

from latex2mathml.converter import convert

_UNKNOWN = re.compile(r">\s*\\[A-Za-z]+")
"""A command that the converter left as it was."""

_OPERATORS = re.compile(r"\\arg(?![A-Za-z])")
_WHOLE = re.compile(r"\\(left|begin)(?![A-Za-z])")
_DOLLARS = re.compile(r"\$(.*?)\$", re.DOTALL)

Piece = tuple[Literal["text", "math"], str]


def pieces(statement: str) -> Iterator[Piece]:
    r"""Text and mathematics in turn.

    A statement with dollars is text with mathematics between them. One without is mathematics,
    whose \text{...} outside of any braces is taken out, so that long statements can be wrapped;
    fences and environments, which may not be torn apart, keep it whole.
    """
    if "$" in statement:
        for number, part in enumerate(_DOLLARS.split(statement)):
            yield ("math" if number % 2 else "text"), part
        return
    rest = statement
    while not _WHOLE.search(rest) and (place := _text_at_top(rest)) is not None:
        start, end = place
        yield "math", rest[:start]
        yield "text", rest[start + len(r"\text{") : end]
        rest = rest[end + 1 :]
    yield "math", rest


def _text_at_top(latex: str) -> tuple[int, int] | None:
    r"""Where the first \text{...} outside of braces begins, and where it closes."""
    depth, start = 0, None
    for place in range(len(latex)):
        if latex[place] == "{" and latex[place - 1 : place] != "\\":
            if depth == 0 and latex[:place].endswith(r"\text"):
                start = place - len(r"\text")
            depth += 1
        elif latex[place] == "}" and latex[place - 1 : place] != "\\":
            depth -= 1
            if depth == 0 and start is not None:
                return start, place
    return None


def statement(latex: str) -> str:
    """A claim's statement as inline HTML: escaped text, and MathML."""
    return "".join(
        html.escape(" ".join(_spaced(part))) if kind == "text" else math(part)
        for kind, part in pieces(latex)
    )


def _spaced(text: str) -> list[str]:
    """Words, with an empty one where a space at an end is to be kept."""
    words = text.split()
    return [""] * text[:1].isspace() + words + [""] * (bool(words) and text[-1:].isspace())


def math(latex: str) -> str:
    """One formula as MathML; its LaTeX as code where the converter cannot read it."""
    if not latex.strip():
        return " " if latex else ""
    try:
        found = convert(_OPERATORS.sub(r"\\operatorname{arg}", latex.strip()))
    except Exception:  # whatever the converter makes of a user's formula, its source can be shown
        found = ""
    if not found or _UNKNOWN.search(found):
        return f"<code>{html.escape(latex.strip())}</code>"
    return found
