"""The index of the paper's claims is true, and is not believed when it could be false."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from refutable import catalogue as catalogues
from refutable import check, claims
from refutable.catalogue import Catalogue
from refutable.claim import Verdict
from refutable.errors import MissingPackageError
from refutable.records import contents
from refutable.records.contents import Entry

HEAVY = ("torch", "sympy", "hypothesis", "matplotlib", "pandas", "scipy", "z3", "flint")
PACKAGE = Path(claims.__file__).parent
CHAPTERS = "CHAPTERS = ['indexed_claims.chapter']\n"
CLAIMS = """
from refutable import Claim, Provenance, equal

first = Claim(
    id="first", title="TITLE", statement="1 = 1", provenance=Provenance.DERIVED,
)


@first.leg("exact")
def leg(context):
    \"\"\"By looking.\"\"\"
    yield equal("one", 1, 1, 0.1, "exact")


CLAIMS = [first]
"""


def loaded(program: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after a program."""
    ending = "\nimport json, sys\nprint(json.dumps(sorted(sys.modules)), file=sys.__stderr__)"
    done = subprocess.run(
        [sys.executable, "-c", program + ending], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


def called(*words: str) -> str:
    return f"from refutable.cli import cli\ncli.main({list(words)!r}, standalone_mode=False)"


def test_the_index_is_up_to_date() -> None:
    """Otherwise: `python -m refutable.records.contents refutable.claims`."""
    assert contents.Index.read(PACKAGE / contents.FILE) == contents.index_of(claims)


def test_all_claims_are_one_consistent_catalogue_however_they_are_loaded() -> None:
    whole = Catalogue(claims.CLAIMS)
    by_entry = catalogues.load(["refutable.claims"])
    assert [claim.id for claim in by_entry] == [claim.id for claim in whole]
    assert all(by_entry[claim.id] is claim for claim in whole)
    assert by_entry.order == whole.order
    assert [by_entry.rests_on(id) for id in whole.order] == [
        whole[id].rests_on for id in whole.order
    ]


@pytest.mark.parametrize("words", [["--help"], ["list"], ["explain", "thm4.1"]])
def test_looking_something_up_loads_no_chapter_and_no_library(words: list[str]) -> None:
    found = loaded(called(*words))
    assert not found.intersection(HEAVY)
    assert not [name for name in found if name.startswith("refutable.model")]
    assert not {name for name in found if name.startswith("refutable.claims.")}


def test_one_id_loads_one_chapter() -> None:
    found = loaded(
        "from refutable import catalogue\n"
        "catalogue.load(['refutable.claims']).select(['sign.own', 'size.own'])"
    )
    assert found.intersection(claims.CHAPTERS) == {"refutable.claims.mae.signs"}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of claims with a chapter and an index."""
    folder = tmp_path / "indexed_claims"
    folder.mkdir()
    (folder / "__init__.py").write_text("from indexed_claims.chapter import CLAIMS\n" + CHAPTERS)
    (folder / "chapter.py").write_text(CLAIMS)
    monkeypatch.syspath_prepend(str(tmp_path))
    contents.index_of(importlib.import_module("indexed_claims")).write(folder / contents.FILE)
    yield folder
    for name in ("indexed_claims.chapter", "indexed_claims"):
        sys.modules.pop(name, None)


def test_an_index_says_where_a_claim_stands(package: Path) -> None:
    [entry] = contents.indexed(package) or ()
    assert entry.file == str(package / "chapter.py")
    assert CLAIMS.splitlines()[entry.line - 1] == "first = Claim("
    assert [leg.about for leg in entry.legs] == ["By looking."]


def test_ends_of_lines_make_no_index_out_of_date(package: Path) -> None:
    chapter = package / "chapter.py"
    chapter.write_bytes(chapter.read_bytes().replace(b"\n", b"\r\n"))
    assert contents.indexed(package)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("chapter.py", CLAIMS.replace("TITLE", "Another")),
        ("new.py", ""),
        ("below/new.py", ""),
        ("index.json", "{"),
        ("index.json", "<<<<<<< ours"),
        ("index.json", '{"schema_version": 2}'),
        ("index.json", '{"schema_version": 1, "claims": []}'),
    ],
)
def test_a_stale_or_damaged_index_is_not_believed(package: Path, file: str, text: str) -> None:
    (package / file).parent.mkdir(exist_ok=True)
    (package / file).write_text(text)
    assert contents.indexed(package) is None
    [claim] = catalogues.load(["indexed_claims"])
    assert claim.id == "first"


def test_a_file_that_is_gone_makes_an_index_out_of_date(package: Path) -> None:
    (package / "chapter.py").unlink()
    assert contents.indexed(package) is None


def test_a_claim_whose_chapter_misses_a_package_says_so(package: Path) -> None:
    """It is listed, and its legs cannot run; that is no reason to refuse the others."""
    chapter = package / "chapter.py"
    chapter.write_text("import no_such_package\n" + CLAIMS)
    sys.modules.pop("indexed_claims.chapter", None)
    entry = Entry.of(claims.CLAIMS[0]).model_copy(update={"module": "indexed_claims.chapter"})
    (package / "__init__.py").write_text("")
    sys.modules.pop("indexed_claims", None)
    claim = Catalogue([entry.model_copy(update={"rests_on": ()})])[entry.id]
    assert (claim.title, claim.kinds) == (entry.title, entry.kinds)
    for leg in claim.legs.values():
        with pytest.raises(MissingPackageError, match="no_such_package is not installed"):
            leg.run(None)  # type: ignore[arg-type]
        record = check.check_leg(claim, leg.kind, "quick", 0)
        assert record.verdict is Verdict.NOT_RUN
        assert "no_such_package is not installed" in (record.not_run_reason or "")


def test_a_claim_typed_into_a_notebook_stands_where_its_leg_does() -> None:
    namespace: dict[str, Any] = {}
    exec(compile(CLAIMS, "<cell 3>", "exec"), namespace)
    [claim] = namespace["CLAIMS"]
    assert contents.place_of(claim) == (Path("<cell 3>"), 9)
