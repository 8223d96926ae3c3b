"""Statements in Unicode, for a terminal: read from the MathML of the page, so that both agree.

What stands in an index, an exponent or a fraction keeps brackets unless it is a single thing.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from refutable import text as texts
from refutable.reports import mathematics

RAISED = dict(zip("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ", strict=True))
"""Characters with a raised form."""
FRACTIONS = {"1/2": "½", "1/3": "⅓", "2/3": "⅔", "1/4": "¼", "3/4": "¾"}
RELATIONS = "~=≠<>≤≥≈∼→⇒\u27f9\u27fa⇔∈∉∪∩⊂⊆⊔≡⟶⟸≪≫↦∣"
"""Operators that stand between spaces."""
ACCENTS = {"^": "\u0302", "~": "\u0303", "¯": "\u0304", "―": "\u0304", "˙": "\u0307"}

SIGNS = "+−-±"
LARGE = ("∑", "∏", "∫", "⨆", "max", "min", "sup", "inf", "lim", "arg")
_OPENING = "([{|=,;<>≤≥∈→:"
_ATOM = re.compile(r"-?[\w½⅓⅔¼¾′]+(?:_\w)?|\([^()]*\)")
_TIGHT = re.compile(r"(?<=[(\[{]) | (?=[)\]},;])")
_SPACES = re.compile(r"\s+")


@functools.cache
def text(statement: str) -> str:
    """A statement on one line; what the converter does not take stands as it is written."""
    parts = [
        _formula(part) if kind == "math" else part for kind, part in mathematics.pieces(statement)
    ]
    return _TIGHT.sub("", _SPACES.sub(" ", "".join(parts))).strip()


def _formula(latex: str) -> str:
    if not latex.strip():
        return latex
    tree = mathematics.tree(latex)
    if tree is None:
        return texts.visible(latex, keep="\n\t")
    around = [latex[:1] if latex[:1].isspace() else "", latex[-1:] if latex[-1:].isspace() else ""]
    return _spaced(_inside(tree)).strip().join(around)


def _spaced(shown: str) -> str:
    return _SPACES.sub(" ", shown)


def _inside(element: ET.Element) -> str:
    return "".join(_shown(list(element)))


def _bare(element: ET.Element) -> ET.Element:
    """What a row or a style holds, where that is a single thing."""
    while element.tag in ("mrow", "mstyle") and len(element) == 1:
        element = element[0]
    return element


def _shown(elements: list[ET.Element]) -> Iterator[str]:
    """What elements say one after the other, with spaces where a reader needs them."""
    elements = list(map(_bare, elements))
    for number, element in enumerate(elements):
        found = _one(element)
        before = elements[number - 1] if number else None
        after = elements[number + 1] if number + 1 < len(elements) else None
        if element.tag in ("mo", "mi") and found in RELATIONS:
            found = f" {found} "
        elif element.tag == "mo" and found:
            unary = before is None or (before.tag == "mo" and (before.text or "") in _OPENING)
            if found in SIGNS and not unary:
                found = f" {found} "
            elif found == ",":
                found = ", "
        elif element.tag == "mfrac" and "/" in found and (_factor(before) or _factor(after)):
            found = f"({found})"
        elif element.tag == "mi" and len(found) > 1 and found.isalpha():
            found = f" {found} "  # log, max and the like
        elif element.tag in ("msub", "msubsup") and (element[0].text or "") in LARGE:
            found = f" {found} "
        yield found


def _factor(element: ET.Element | None) -> bool:
    """Whether a product is meant where something stands beside this."""
    return element is not None and (element.tag != "mo" or (element.text or "") in "([{√∇∑∏∫")


def _one(element: ET.Element) -> str:
    tag, children = element.tag, list(element)
    if tag in ("mi", "mn", "mo", "mtext", "ms"):
        return (
            (element.text or "").strip("\u2061\u2062\u2063\u2064")
            if tag != "mtext"
            else _said(element)
        )
    if tag == "mspace":
        return " "
    if tag == "msub":
        return _index(_one(children[0]), _one(children[1]))
    if tag == "msup":
        return _power(_one(children[0]), _one(children[1]))
    if tag == "msubsup":
        return _power(_index(_one(children[0]), _one(children[1])), _one(children[2]))
    if tag == "mfrac":
        above, below = (_one(child).strip() for child in children)
        return FRACTIONS.get(f"{above}/{below}", f"{_closed(above)}/{_closed(below)}")
    if tag == "msqrt":
        return f"√{_closed(_inside(element).strip())}"
    if tag == "mroot":
        return f"{_closed(_one(children[0]))}^(1/{_one(children[1])})"
    if tag in ("munder", "munderover"):
        low = _index(_one(children[0]).strip(), _one(children[1]))
        return f" {_power(low, _one(children[2])) if tag == 'munderover' else low} "
    if tag == "mover":
        base, over = (_one(child).strip() for child in children)
        return base + ACCENTS[over] if over in ACCENTS else _power(base, over)
    if tag == "mtr":
        return ", ".join(_inside(cell).strip() for cell in children) + "; "
    return _inside(element)


def _said(element: ET.Element) -> str:
    return (element.text or "").replace("\u00a0", " ")


def _closed(shown: str) -> str:
    """In brackets, unless it is a single thing."""
    return shown if _ATOM.fullmatch(shown) else f"({shown})"


def _index(base: str, index: str) -> str:
    index = re.sub(r" ?([,→=]) ?", r"\1", index.strip())
    return f"{base}_{index}" if len(index) == 1 else f"{base}_{{{index}}}"


def _power(base: str, power: str) -> str:
    power = power.replace(" ", "")
    if power in ("'", "′"):
        return f"{base}′"
    if len(power) <= 4 and all(c in RAISED for c in power):
        return base + "".join(RAISED[c] for c in power)
    return f"{base}^{power}" if len(power) == 1 else f"{base}^{{{power}}}"
