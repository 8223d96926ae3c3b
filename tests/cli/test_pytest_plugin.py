"""The pytest plugin: one item per claim, and nothing but `holds` passes."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

CLAIMS = '''
from refutable.claim import Claim, Evidence, Provenance, Undecided
from refutable.gap import at_most


def claim(id, *found):
    made = Claim(id=id, title="a title", statement="s", provenance=Provenance.DERIVED)

    @made.leg("exact")
    def check(context):
        """What was found."""
        yield from found

    return made


CLAIMS = (
    claim("good", at_most("n", 1, 2, 0, "toy")),
    claim("bad", at_most("n", 3, 2, 0, "toy reason")),
    claim("open", Undecided("n", "the solver gave up")),
    claim("empty"),
)
'''


@pytest.fixture
def run(tmp_path: Path):  # type: ignore[no-untyped-def]
    (tmp_path / "toy_plugin_claims.py").write_text(CLAIMS)

    def pytest_in_folder(*flags: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *flags],
            cwd=tmp_path, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    return pytest_in_folder


def test_a_failure_shows_a_command_that_finds_the_claim(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "toy plugin.py").write_text(CLAIMS)
    found = run("--claims-module", "toy plugin.py", "--claims-seed", "7", "-k", "bad")
    # On CI, where pytest shortens nothing, its summary repeats the whole message.
    (line,) = {line for line in found.stdout.splitlines() if line.startswith("again: ")}
    command = shlex.split(line.removeprefix("again: "))
    assert command[0] == "claims"
    again = subprocess.run(
        [sys.executable, "-m", "refutable", *command[1:]],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert again.returncode == 1, again.stderr
    assert "measured 3, at most 2 was claimed" in again.stdout
    assert "seed 7" in again.stdout


def test_only_holds_passes(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    found = run("--claims-module", "toy_plugin_claims.py", "--junitxml", "out.xml")
    assert found.returncode == 1, found.stdout + found.stderr
    assert "2 failed, 1 passed, 1 skipped" in found.stdout
    assert "measured 3, at most 2 was claimed, because toy reason" in found.stdout
    assert "4 claims: " in found.stdout
    assert "1 undecided" in found.stdout
    suite = ET.parse(tmp_path / "out.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("4", "2", "1")
    assert not list(suite.iter("property"))


def test_strict_fails_what_is_open(run) -> None:  # type: ignore[no-untyped-def]
    found = run("--claims-module", "toy_plugin_claims.py", "--claims-strict", "-k", "open or good")
    assert "1 failed, 1 passed, 2 deselected" in found.stdout


def test_workers_share_the_items(run) -> None:  # type: ignore[no-untyped-def]
    found = run("--claims-module", "toy_plugin_claims.py", "-n", "2")
    assert "2 failed, 1 passed, 1 skipped" in found.stdout
    assert "4 claims: " in found.stdout


@pytest.mark.parametrize("name", ["missing.py", "json"])
def test_a_bad_source_is_a_usage_error(run, name: str) -> None:  # type: ignore[no-untyped-def]
    found = run("--claims-module", name)
    assert found.returncode == 4
    assert name.removesuffix(".py") in found.stderr


def test_without_flags_the_plugin_is_idle(run) -> None:  # type: ignore[no-untyped-def]
    found = run("--collect-only", "-q")
    assert found.returncode == 5  # nothing collected
    heavy = "{'torch', 'sympy', 'z3'}"
    code = f"import refutable.pytest_plugin, sys; print({heavy} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.strip() == "set()"


CHAPTER = """
import pathlib
from refutable import claim, equal, leg

pathlib.Path("imported.txt").open("a").write("NAME\\n")

@claim("NAME", "s", title="t")
@leg("exact")
def stated():
    yield equal("one", 1, 1)

CLAIMS = [stated]
"""


def test_of_an_indexed_package_only_what_is_chosen_is_imported(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    package, imported = tmp_path / "indexed", tmp_path / "imported.txt"
    package.mkdir()
    (package / "__init__.py").write_text("CHAPTERS = ['indexed.first', 'indexed.second']\n")
    for name in ("first", "second"):
        (package / f"{name}.py").write_text(CHAPTER.replace("NAME", name))
    written = [sys.executable, "-m", "refutable.records.contents", "indexed"]
    subprocess.run(written, cwd=tmp_path, check=True, timeout=120)
    imported.unlink()
    found = run("--claims-module", "indexed", "-k", "first")
    assert "1 passed, 1 deselected" in found.stdout, found.stdout + found.stderr
    assert set(imported.read_text().split()) == {"first"}
