"""The name of a gap in two parts: the quantity, and the setting in which it was measured.

`Φ_1, κ=(0.85, 0.3) z=1 K=4: drift` is the quantity `Φ_1: drift` at κ = (0.85, 0.3), z = 1, K = 4. A
table then names a setting once, however long it is.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 2000
"""Characters of a name that is looked into; a longer one stays whole."""
BRIEF = 28
"""Characters of a setting that a cell has room for; a longer one gets a letter."""

_NUMBER = r"[-+]?\d[\d.]*(?:[eE][-+]?\d+(?:\.\d+)?)?(?:/\d+)?"
_LIST = rf"{_NUMBER}(?:(?:,|\.\.){_NUMBER}|,\s{_NUMBER}(?=[,:;]|$))*"
_ASSIGNED = re.compile(
    r"(?<![\w^/·])(?P<symbol>(?:Δ )?(?:log )?[^\W\d_](?:_\w+|[₀-₉])?|[a-z]{3,})"
    r"\s*=\s*"
    rf"(?P<value>\([^()=]{{1,60}}\)|P\^-?[\d.]+|∞|{_LIST}|[a-z]{{3,}}(?:\+[a-z]+)*)"
    r"(?=[\s,:;)]|$)"
)
"""`P = 9`, `κ=(0.9, 0.3)`, `z=0.5,1.5`, `keys = feature`, unless more is done to the value."""
_DANGLING = re.compile(r"\s*\b(?:at|of|for|with|in)\s*(?=[,:;]|$)")
_DOUBLED = re.compile(r"\s*[,;]\s*(?=[,:;])|(?<=:)\s*[,;:]")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True)
class Quantity:
    """What was measured, and where: pairs of a symbol and its value."""

    name: str
    setting: tuple[tuple[str, str], ...] = ()

    @functools.cached_property
    def at(self) -> str:
        """The setting on one line."""
        return ", ".join(f"{symbol} = {brief(value)}" for symbol, value in self.setting)


def split(name: str) -> Quantity:
    """The two parts of a name; the whole name where nothing would be left of it."""
    if "=" not in name or len(name) > LONGEST:
        return Quantity(name)
    found = [(m["symbol"], m["value"]) for m in _ASSIGNED.finditer(name)]
    rest = _DANGLING.sub("", _SPACES.sub(" ", _ASSIGNED.sub("", name)))
    while (cleaned := _DOUBLED.sub("", rest)) != rest:
        rest = cleaned
    rest = rest.strip(" ,;:").replace(" :", ":").replace(" ,", ",")
    if not found or not rest or len(dict(found)) < len(found):
        return Quantity(name)
    return Quantity(rest, tuple(found))


def brief(value: str) -> str:
    """A value, and of a long list how many there are between which ends."""
    parts = value.split(",")
    if len(value) <= 24 or len(parts) < 4:
        return value
    return f"{len(parts)} values, {parts[0].strip('( ')} .. {parts[-1].strip(') ')}"


def lettered(quantities: Iterable[Quantity]) -> dict[tuple[tuple[str, str], ...], str]:
    """A letter for every setting that is too long for a cell and occurs more than once."""
    counts = Counter(one.setting for one in quantities if len(one.at) > BRIEF)
    repeated = [setting for setting, n in counts.items() if n > 1]
    return {setting: _letter(number) for number, setting in enumerate(repeated)}


def _letter(number: int) -> str:
    """A, B, ..., Z, A2, B2, ..."""
    around, place = divmod(number, 26)
    return chr(ord("A") + place) + (str(around + 1) if around else "")
