"""Statements typeset as MathML, which browsers draw without any script or network."""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Iterator
from typing import Literal
from xml.etree import ElementTree as ET

from latex2mathml import converter
from markupsafe import Markup, escape

from refutable import text as texts

Piece = tuple[Literal["text", "math"], str]

_DOLLARS = re.compile(r"\$([^$]*)\$")
_SPACES = re.compile(r"\s+")
_WHOLE = re.compile(r"\\(left|begin)(?![A-Za-z])")
"""Fences and environments, which may not be torn apart."""
_ARG = re.compile(r"\\arg(?![A-Za-z])")  # the one operator of LaTeX that the converter lacks
_LEFT_OVER = re.compile(r">\s*\\[A-Za-z]+")
"""A command in the converter's output, which it did not know."""
_DEFINITION = re.compile(r"\\(new|renew|provide|Declare)|\\def(?![a-z])")
"""A statement defines nothing: a few definitions can expand to more than any memory holds."""
_LONGEST = 20_000
_OPERATORS = "\u2061\u2062\u2063\u2064"
"""Operators of mathematics that are not drawn."""
_ATTRIBUTES = {
    "xmlns", "display", "displaystyle", "scriptlevel", "stretchy", "fence", "form", "separator",
    "accent", "movablelimits", "minsize", "maxsize", "lspace", "rspace", "width", "height", "depth",
    "voffset", "linethickness", "linebreak", "mathvariant", "mathsize", "mathcolor", "notation",
    "mathbackground", "rowspacing", "columnspacing", "columnalign", "rowlines", "columnlines",
    "frame", "largeop", "symmetric", "columnspan", "rowspan",
}  # fmt: skip
"""Attributes that only say how a formula looks; links and styles are none of them."""


@functools.cache
def mathml(statement: str) -> Markup:
    """A statement as HTML: one formula, or a paragraph of words with formulas between them.

    What the converter does not take is shown as it is written.
    """
    found = [(kind, part) for kind, part in pieces(statement) if part.strip() or kind == "text"]
    if len(found) == 1 and found[0][0] == "math":
        return _formula(statement, "block")
    parts = [
        escape(_words(part)) if kind == "text" else _formula(part, "inline") for kind, part in found
    ]
    return Markup('<p class="statement">{}</p>').format(Markup().join(parts))


def pieces(statement: str) -> Iterator[Piece]:
    r"""Words and formulas in turn.

    A statement with dollars is words with formulas between them. One without is a formula; its
    \text{...} outside of any braces is taken out, so that a long statement can be wrapped.
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
    for place, character in enumerate(latex):
        if latex[place - 1 : place] == "\\":
            continue
        if character == "{":
            if depth == 0 and latex.endswith(r"\text", 0, place):
                start = place - len(r"\text")
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0 and start is not None:
                return start, place
    return None


def _words(part: str) -> str:
    return texts.visible(re.sub(r"\s+", " ", part))


def _formula(latex: str, display: str) -> Markup:
    try:
        found = _converted(latex, display)
    except Exception:  # a reader of hostile or half-written LaTeX sees the source instead
        found = ""
    for implied in (' xmlns="http://www.w3.org/1998/Math/MathML"', ' display="inline"'):
        found = found.replace(implied, "", 1)
    if not found or _LEFT_OVER.search(found):
        return Markup("<code>{}</code>").format(texts.visible(latex, keep="\n\t"))
    return Markup(found)


def _converted(latex: str, display: str) -> str:
    """MathML in which text is text, whatever the converter made of it; empty if refused."""
    if len(latex) > _LONGEST or _DEFINITION.search(latex):
        return ""
    return ET.tostring(_tree(latex, display), encoding="unicode")


def tree(latex: str) -> ET.Element | None:
    """A formula as MathML; None for what the converter does not take."""
    if len(latex) > _LONGEST or _DEFINITION.search(latex):
        return None
    try:
        found = _tree(latex, "inline")
    except Exception:  # hostile or half-written LaTeX
        return None
    return None if _LEFT_OVER.search(ET.tostring(found, encoding="unicode")) else found


def _tree(latex: str, display: str) -> ET.Element:
    """The converter writes characters as references, and its own output unescapes everything."""
    known = _ARG.sub(r"\\operatorname{arg}", _SPACES.sub(" ", latex))
    found: ET.Element = converter.convert_to_element(known, display=display)
    for element in found.iter():
        element.text = texts.visible(html.unescape(element.text or ""), keep=_OPERATORS) or None
        element.tail = None
        for name in element.attrib.keys() - _ATTRIBUTES:
            del element.attrib[name]
    return found
