"""Escaping: text of any origin inside a page, a table or a log, where it stays text.

Nothing that a claim, an exception or a file says can end a cell, start a tag, become a link, be
computed by a spreadsheet, or be obeyed by a runner. LaTeX has a module of its own.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from refutable import text as texts

_MARKED = re.compile(
    r"(?P<start>^[#+=-]|^\d{1,9}[.)])"  # a heading, a list or a rule, at the start of a block
    r"|(?P<markup>[\\`*_\[\]|])"
    r"|(?P<entity>[&<>~$]|:(?=//)|w(?=ww\.))"  # tags, strokes, formulas, addresses
    r"|(?P<linked>@(?=\w)|#(?=\d)|\bgh-(?=\d))",  # people and issues
    re.IGNORECASE,
)
"""What Markdown, as GitHub reads it, takes for more than text."""


def markdown(text: str) -> str:
    """Text on one line of Markdown that stays text: no mark-up, no link, no end of a cell.

    What becomes a link is broken by a comment where an entity does not do.
    """
    return _MARKED.sub(_as_text, texts.line(text))


def _as_text(found: re.Match[str]) -> str:
    text = found[0]
    if found["linked"]:
        return f"{text}<!-- -->"
    if found["entity"]:
        return {"&": "&amp;", "<": "&lt;", ">": "&gt;"}.get(text, f"&#{ord(text)};")
    return f"{text[:-1]}\\{text[-1]}"


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


_FORMULA = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n]")
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
