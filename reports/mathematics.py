"""Statements typeset as MathML, which browsers draw without any script or network."""

from __future__ import annotations

import functools
import re

from latex2mathml import converter
from markupsafe import Markup, escape


@functools.cache
def mathml(statement: str) -> Markup:
    """A statement as HTML: LaTeX throughout, or words with formulas between dollar signs.

    What the converter does not take is shown as it is written.
    """
    if "$" not in statement:
        return _formula(statement, "block")
    parts = re.split(r"\$([^$]*)\$", statement)
    pieces = [
        _formula(part, "inline") if i % 2 else escape(" ".join(part.split()) + " ")
        for i, part in enumerate(parts)
    ]
    return Markup('<p class="statement">{}</p>').format(Markup(" ").join(pieces))


def _formula(latex: str, display: str) -> Markup:
    try:
        return Markup(converter.convert(" ".join(latex.split()), display=display))
    except Exception:  # a reader of hostile or half-written LaTeX sees the source instead
        return Markup("<code>{}</code>").format(latex)
