"""How every picture is drawn and kept: one style, and files that are the same each time.

Okabe and Ito's colours, told apart by line style, mark or hatching as well, so that pictures can be
read without colours. Text stays text.
"""

from __future__ import annotations

import io
import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from refutable import text as texts
from refutable.records.documents import put
from refutable.reports import panels

STYLE: dict[str, Any] = {
    "svg.hashsalt": "claims",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
}
"""Deterministic files with text as text, none of it below 8 pt."""
BLUE, VERMILION, GREEN, ORANGE, GREY = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#595959"

LONGEST = 100
"""Characters of one text in a picture."""

UNDATED: dict[str, dict[str, None]] = {
    ".svg": {"Date": None, "Creator": None},
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""Suffixes of the files that can be written, and what is left out of each: it would change."""


def words(text: str) -> str:
    """Text of any origin in a picture: no formula, one line, nothing that SVG cannot hold."""
    shown = texts.line(text, LONGEST).replace("$", r"\$")
    return f"\u200a{shown}" if shown.startswith("_") else shown  # a label `_x` is left out


def rendered(draw: Callable[[Figure], None], suffix: str = ".svg") -> bytes:
    """The file that holds what `draw` draws, in one of the formats of `UNDATED`."""
    return _rendered(draw, suffix)[0]


def inline(draw: Callable[[Figure], None], name: str) -> Markup:
    """What `draw` draws as part of a page, with its numbers, which a script shows at the pointer.

    name: what those are told who do not see it.
    """
    file, figure = _rendered(draw, ".svg")
    svg = file.decode("utf-8")
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    numbers = json.dumps(panels.of(figure), ensure_ascii=False, separators=(",", ":"))
    start = Markup('<svg class="picture" role="img" aria-label="{}" data-panels="{}"').format(
        texts.visible(name), numbers
    )
    return start + Markup(svg.removeprefix("<svg"))


def _rendered(draw: Callable[[Figure], None], suffix: str) -> tuple[bytes, Figure]:
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # a browser's font has it
        warnings.filterwarnings("ignore", "constrained_layout not applied")  # labels too long
        figure = Figure(layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure)
        file = io.BytesIO()
        figure.savefig(file, format=suffix[1:], dpi=200, metadata=UNDATED[suffix])
    return file.getvalue(), figure


def write(draw: Callable[[Figure], None], path: Path) -> None:
    """Write a picture in the format of the path's suffix; it appears whole or not at all."""
    put(path, rendered(draw, path.suffix))
