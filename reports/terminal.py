"""The terminal: text of any origin as text objects, which nothing takes for a style."""

from __future__ import annotations

from rich.text import Text

from refutable import text as texts

LONGEST = 600
"""Characters of one thing that is said, its middle left out beyond them; results.json has all."""


def said(text: str, style: str = "", most: int | None = LONGEST) -> Text:
    """Text of any origin on one line of a terminal."""
    return Text(texts.line(text, most), style=style)
