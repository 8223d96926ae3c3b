"""Text of any origin, made fit to be shown on a terminal, to be pasted, and to be a name.

What a user's module, a file or an exception says is stored as it is and shown through these: a
control character, half of a surrogate pair or a mark that turns the direction of writing stands
there as an escape, so that it can be seen and does nothing.
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Iterable

NAME = r"[A-Za-z0-9][A-Za-z0-9._+\-]{0,99}"
"""Ids of claims and names of dials: they stand in file names, in commands, and in selections."""
NAME_IN_WORDS = "up to 100 letters, digits and . _ + - (ASCII), the first a letter or a digit"

_NAME = re.compile(NAME, re.ASCII)
_SPACES = re.compile(r"[ \t\r\n]+")


def visible(text: str, keep: str = "") -> str:
    r"""The text with every character that cannot be seen as an escape, such as \x1b or \u2028.

    Ends of lines are escaped, too. keep: characters to leave as they are.
    """
    if text.isprintable():
        return text
    return "".join(c if _is_seen(c) or c in keep else escaped(c) for c in text)


def _is_seen(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def escaped(character: str) -> str:
    r"""A character in Python's notation: \n, \x1b, \ud800."""
    return character.encode("unicode_escape").decode("ascii")


def line(text: str, most: int | None = None) -> str:
    """The text on one line, spaces and ends of lines as one space each, the rest visible.

    most: the number of characters beyond which the middle is left out.
    """
    shown = visible(_SPACES.sub(" ", text).strip(" "))
    return shown if most is None else short(shown, most)


def short(text: str, most: int) -> str:
    """At most so many characters of a text, its middle left out and the number of those said."""
    if len(text) <= most:
        return text
    left_out = f" [{many(len(text) - most, 'character')} more] "
    ahead = (most + 1) // 2
    return text[:ahead] + left_out + text[len(text) - (most - ahead) :]


def many(n: int, noun: str, plural: str | None = None) -> str:
    """'1 claim', '2,000 claims'; plural: of a noun that takes more than an s."""
    return f"{n:,} {noun if n == 1 else plural or f'{noun}s'}"


def stored(text: str) -> str:
    r"""The text as a file in UTF-8 can hold it: half a surrogate pair is written \ud800."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def command(words: Iterable[str]) -> str:
    """Words as a command that a POSIX shell reads back; bash, where one cannot be seen."""
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    if all(map(_is_seen, word)):
        return shlex.quote(word)
    found = []
    for byte in word.encode("utf-8", "surrogateescape" if _from_bytes(word) else "surrogatepass"):
        plain = 0x20 <= byte < 0x7F and chr(byte) not in "\\'"
        found.append(chr(byte) if plain else f"\\x{byte:02x}")
    return f"$'{''.join(found)}'"


def _from_bytes(word: str) -> bool:
    """Whether every half of a pair in it stands for a byte of a file name."""
    return all(not "\ud800" <= c <= "\udfff" or "\udc80" <= c <= "\udcff" for c in word)


def is_name(text: object) -> bool:
    """Whether it can be the id of a claim or the name of a dial."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def require_name(text: object, what: str) -> None:
    """ValueError for what cannot be a name; what: 'the id of a claim' and the like."""
    if not is_name(text):
        raise ValueError(f"{what} is {NAME_IN_WORDS}, not {short(ascii(text), 120)}")


def require_line(text: object, what: str) -> None:
    """ValueError for what is no text on one line that can be seen; what: 'an assumption'."""
    if not (isinstance(text, str) and text.strip() and visible(text) == text):
        raise ValueError(f"{what} is words on one line, not {short(ascii(text), 120)}")
