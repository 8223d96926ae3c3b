"""A source is imported as Python runs it, and whatever is wrong with it is said in one line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from refutable.catalogue import load
from refutable.errors import UsageError

HEAD = """
from refutable import Claim, Provenance, equal

def new(id):
    claim = Claim(id=id, title=id, statement=id, provenance=Provenance.DERIVED)
    claim.leg("exact")(lambda context: [equal("one", 1, 1, 0, "whole numbers")])
    return claim
"""


@pytest.fixture(autouse=True)
def nothing_stays_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])


def written(folder: Path, text: str) -> str:
    """A file of its own name, as every name is imported once in a process."""
    path = folder / f"source_{folder.name}.py"
    path.write_text(f"{HEAD}\n{text}\n", encoding="utf-8")
    return str(path)


def test_modules_beside_a_file_can_be_imported(tmp_path: Path) -> None:
    (tmp_path / f"beside_{tmp_path.name}.py").write_text("NAME = 'sibling'\n")
    text = f"from beside_{tmp_path.name} import NAME\nCLAIMS = (new(NAME),)"
    assert [claim.id for claim in load([written(tmp_path, text)])] == ["sibling"]


@pytest.mark.parametrize(
    "claims",
    [
        "[new('a')]",
        "{'x': new('a')}.values()",
        "(new(id) for id in ('a',))",
        "iter([new('a')])",
        "map(new, ['a'])",
    ],
)
def test_claims_may_be_any_iterable(tmp_path: Path, claims: str) -> None:
    source = written(tmp_path, f"CLAIMS = {claims}")
    for _ in range(2):  # an iterator is empty after the first time
        assert [claim.id for claim in load([source])] == ["a"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "defines no CLAIMS"),
        ("CLAIMS = ()", "is empty"),
        ("CLAIMS = 5", "'int' object is not iterable"),
        ("CLAIMS = new('a')", "'Claim' object is not iterable"),
        ("CLAIMS = 'ab'", "holds a str"),
        ("CLAIMS = {'a': new('a')}", "holds a str"),
        ("CLAIMS = [new('a'), None]", "holds a NoneType"),
        ("CLAIMS = (1 / 0 for _ in range(2))", "ZeroDivisionError"),
        ("def __getattr__(name):\n    raise SystemExit(0)", "SystemExit"),
        ("raise SystemExit(0)", "exits when it is imported"),
        ("import asyncio\nraise asyncio.CancelledError", "CancelledError"),
        ("raise GeneratorExit('no more')", "GeneratorExit: no more"),
        ("class Mute(Exception):\n    __str__ = None\nraise Mute", "its text raises TypeError"),
        ("import absent_module_of_nobody", "No module named 'absent_module_of_nobody'"),
        ("CLAIMS = (", "SyntaxError"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(UsageError) as refused:
        load([written(tmp_path, text)]).select(())
    assert line in str(refused.value)


def test_a_file_without_a_list_has_all_claims_that_it_makes(tmp_path: Path) -> None:
    path = tmp_path / "without_a_list.py"
    path.write_text(
        "from refutable import claim, equal, leg\n\n\n"
        "def one():\n    yield equal('one', 1, 1)\n\n\n"
        "for name in ('a', 'b'):\n"
        "    claim(f'made.{name}', '1 = 1', title='t')(leg('exact')(one))\n"
    )
    assert load([str(path)]).ids == ("made.a", "made.b")
