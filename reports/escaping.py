"""Escaping: text of any origin inside a page, a table or a log, where it stays text.

Nothing that a claim, an exception or a file says can end a cell, start a tag, become a link, be
computed by a spreadsheet, or be obeyed by a runner. LaTeX has a module of its own.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from refutable import text as texts

_MARKUP = re.compile(r"[\\`*_\[\]|]")
"""What Markdown takes for more than text, wherever it stands."""

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "~": "&#126;", "$": "&#36;"}
_START = re.compile(r"^(?:([#+=-])|(\d{1,9})([.)]))")
"""What opens a heading, a list or a rule at the start of a block."""

_LINKED = (
    (re.compile(r":(?=//)"), "&#58;"),
    (re.compile(r"w(?=ww\.)", re.IGNORECASE), "&#119;"),
    (re.compile(r"@(?=\w)"), "@<!-- -->"),
    (re.compile(r"(#|\bgh-)(?=\d)", re.IGNORECASE), r"\1<!-- -->"),
)
"""What GitHub makes a link of: addresses, people, issues. Each is broken where it does not show."""


def markdown(text: str) -> str:
    """Text on one line of Markdown that stays text: no mark-up, no link, no end of a cell."""
    shown = _MARKUP.sub(r"\\\g<0>", texts.line(text))
    shown = _START.sub(lambda m: f"\\{m[1]}" if m[1] else f"{m[2]}\\{m[3]}", shown)
    shown = re.sub("[&<>~$]", lambda found: _ENTITIES[found[0]], shown)
    for link, broken in _LINKED:
        shown = link.sub(broken, shown)
    return shown


def code(text: str) -> str:
    """Text on one line of Markdown as code, also in a cell of a table; never a tag."""
    if "<" in text:
        return f"<code>{markdown(text)}</code>"
    shown = texts.line(text).replace("|", "\\|") or " "
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    room = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{room}{shown}{room}{fence}"


def block(lines: Iterable[str]) -> Iterator[str]:
    """Lines of Markdown that show these lines as a block of code."""
    yield "<pre>"
    for one in lines:
        yield html.escape(texts.visible(one), quote=False) or " "  # an empty line may end a block
    yield "</pre>"


def mermaid(text: str) -> str:
    """A label of a Mermaid graph: letters and digits, everything else by its number."""
    return "".join(c if c.isalnum() or c in " .-" else f"#{ord(c)};" for c in texts.line(text))


_FORMULA = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20|%]|'*[\t\r\n]")
_NUMBER = re.compile(r"[+-]?(\d+(/\d+)?|(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf|nan)", re.IGNORECASE)


def cell(value: object) -> object:
    r"""A cell of a CSV file: text that a spreadsheet would compute gets an apostrophe before it.

    Numbers stay numbers, also those that are stored as text (-inf, -1/3). Ends of lines and tabs
    stay; other characters that cannot be seen are escaped. Whoever reads the file drops the
    apostrophe before ', =, +, -, @, tab and the like.
    """
    if not isinstance(value, str):
        return value
    shown = texts.visible(value, keep="\t\r\n")
    return f"'{shown}" if _FORMULA.match(shown) and not _NUMBER.fullmatch(shown) else shown


def xml(text: str) -> str:
    """Text that XML 1.0 can hold, lines kept."""
    return texts.visible(text.replace("\r\n", "\n").replace("\r", "\n"), keep="\n\t")


def property_(text: str) -> str:
    """The value of a property of a command of GitHub Actions."""
    return data(text).replace(":", "%3A").replace(",", "%2C")


def data(text: str) -> str:
    """What a command of GitHub Actions says; its lines are kept."""
    shown = texts.visible(text, keep="\n")
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
