"""One of a thing and several: what is counted in a message agrees with the number before it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from refutable.text import many

ROOT = Path(__file__).parents[2]
COUNTED = (
    "assertions|boxes|cases|certificates|characters|claims|configurations|cores|entries|files|gaps|"
    "ladders|legs|mistakes|mutations|operations|pairs|problems|processes|remarks|rungs|runs|"
    "scripts|seeds|tests|theorems|threads|trials|values|verdicts"
)
AFTER_NUMBER = re.compile(rf"[ ](?:more[ ])?(?:{COUNTED})\b")
NEVER_ONE = {
    "refutable/cli/trace.py: len(points)",
    "refutable/property.py: n",
    "refutable/rungs.py: MIN_RUNGS",
    "refutable/shown.py: len(full) - 2 * half",
    "refutable/soak.py: len(seeds)",
    "reports/quantity.py: len(parts)",
}
"""Numbers that are 0 or more than 1 wherever their message is said."""


@pytest.mark.parametrize(
    ("said", "is_"),
    [
        (many(0, "leg"), "0 legs"),
        (many(1, "leg"), "1 leg"),
        (many(2814, "case"), "2,814 cases"),
        (many(1, "claim has", "claims have"), "1 claim has"),
        (many(6, "claim has", "claims have"), "6 claims have"),
    ],
)
def test_one_is_singular(said: str, is_: str) -> None:
    assert said == is_


def _plurals(file: Path) -> list[str]:
    """Numbers in f-strings that a plural follows, whatever the number."""
    return [
        ast.unparse(number.value)
        for text in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(text, ast.JoinedStr)
        for number, after in zip(text.values, text.values[1:], strict=False)
        if isinstance(number, ast.FormattedValue)
        and isinstance(after, ast.Constant)
        and AFTER_NUMBER.match(str(after.value))
    ]


def test_a_plural_is_written_only_after_numbers_that_are_never_one() -> None:
    files = [file for room in ("refutable", "reports") for file in (ROOT / room).rglob("*.py")]
    found = {
        f"{file.relative_to(ROOT).as_posix()}: {number}"
        for file in files
        for number in _plurals(file)
        if "many(" not in number  # which may come before a plural of its own
    }
    assert found == NEVER_ONE
    assert len(files) > 100
