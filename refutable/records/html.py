"""HTML: a captioned table for a notebook. Text is escaped; whole pages are made by reports."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from refutable.text import visible

if TYPE_CHECKING:
    import pandas as pd

ROWS = 200
"""More rows than this are cut in the middle, so that a notebook stays readable."""


def table(caption: str, frame: pd.DataFrame) -> str:
    """The caption as a paragraph, then the rows; what is missing is left blank."""
    body = frame.map(_seen).to_html(
        index=False, border=0, na_rep="", max_rows=ROWS, escape=True, justify="left"
    )
    return f"<p>{html.escape(visible(caption))}</p>\n{body}"


def _seen(cell: object) -> object:
    return visible(cell) if isinstance(cell, str) else cell
