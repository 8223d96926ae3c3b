"""A new file of claims runs, fails once on purpose, and can fail otherwise; tests become claims."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from refutable.catalogue import load
from refutable.claim import Kind
from refutable.cli import command_of
from refutable.errors import UsageError
from refutable.records.results import Results
from refutable.starting import files as starting
from refutable.starting.conversion import converted

ROOT = Path(__file__).parents[2]


def claims(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GITHUB_")}
    return subprocess.run(
        [sys.executable, "-m", "refutable", *words], cwd=folder, capture_output=True, text=True,
        timeout=200, env=environment | {"PYTHONPATH": str(ROOT), "COLUMNS": "120"},
    )  # fmt: skip


def new(monkeypatch: pytest.MonkeyPatch, folder: Path, *words: str) -> Result:
    monkeypatch.chdir(folder)
    return CliRunner().invoke(command_of("new"), words)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new")
    done = claims(folder, "new", "fresh_theorem", "--project")
    assert done.returncode == 0, done.stderr
    assert "Next: cd fresh_theorem && claims verify --module fresh_theorem.py" in done.stdout
    return folder / "fresh_theorem"


class TestTemplate:
    """What the file that is written does."""

    def test_it_has_a_leg_of_each_kind_and_fails_once_and_says_how(self, folder: Path) -> None:
        done = claims(folder, "verify", "--module", "fresh_theorem.py", "--out", "r")
        assert done.returncode == 1, done.stderr
        results = Results.read(folder / "r" / "results.json")
        verdicts = {claim.id.rpartition(".")[2]: claim.verdict.value for claim in results.claims}
        assert verdicts == {
            "step": "holds",
            "bound": "holds",
            "steps": "holds",
            "too_bold": "fails",
        }
        assert {leg.kind for claim in results.claims for leg in claim.legs} == set(Kind)
        assert not any(leg.remarks for claim in results.claims for leg in claim.legs)
        proved = [leg for leg in results["fresh_theorem.step"].legs if leg.kind is Kind.EXACT]
        assert proved[0].grade.value == "proved"
        for part in ('witness: {"configuration": {"eta": 3.0}}', "holds at", "again: claims"):
            assert part in done.stdout

    def test_its_mistakes_are_killed(self, folder: Path) -> None:
        done = claims(folder, "selftest", "--module", "fresh_theorem.py")
        assert "5 of 5 planted mistakes killed." in done.stdout

    def test_the_project_passes_with_its_baseline(self, folder: Path) -> None:
        words = ("--module", "fresh_theorem.py", "--baseline", "claims.toml")
        done = claims(folder, "verify", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
        assert project["name"] == "fresh-theorem"
        workflow = yaml.safe_load((folder / ".github/workflows/claims.yml").read_text("utf-8"))
        runs = [step["run"] for step in workflow["jobs"]["verify"]["steps"] if "run" in step]
        assert any(" ".join(words) in run for run in runs)
        assert any(run.startswith("pip install .") for run in runs)
        assert project["dependencies"] == [starting.requirement()]

    def test_the_doctor_says_what_the_false_claim_lacks(self, folder: Path) -> None:
        done = claims(folder, "doctor", "fresh_theorem.py")
        assert done.returncode == 1
        shown = done.stdout.partition("fresh_theorem.too_bold\n")[2]
        for lack in ("no planted mistake", "one leg only (property)", "no regime"):
            assert lack in shown
        assert "ok       fresh_theorem.step\n" in done.stdout


class TestRequirement:
    """CI installs the tool from where it can be had, which is not always a package index."""

    def told(self, monkeypatch: pytest.MonkeyPatch, text: str | None) -> str:
        found = types.SimpleNamespace(read_text=lambda name: text)
        monkeypatch.setattr(importlib.metadata, "distribution", lambda name: found)
        return starting.requirement()

    def test_from_an_index(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.told(monkeypatch, None) == "refutable"

    def test_from_a_repository(self, monkeypatch: pytest.MonkeyPatch) -> None:
        text = json.dumps(
            {"url": "https://example.org/x.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}
        )
        assert self.told(monkeypatch, text) == "refutable @ git+https://example.org/x.git@abc"

    def test_from_a_folder_it_is_said_what_to_write(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        text = json.dumps({"url": "file:///home/me/refutable", "dir_info": {}})
        assert self.told(monkeypatch, text) == "refutable"
        done = new(monkeypatch, tmp_path, "mine", "--project")
        assert "refutable came from file:///home/me/refutable, where CI finds none" in done.output
        assert "refutable @ git+https://" in done.output
        assert "came from" not in new(monkeypatch, tmp_path, "other").output  # without a project


class TestRefused:
    """What is there stays, and a name is one of Python."""

    @pytest.mark.parametrize("name", ["my-theorem", "4th", "a b", "Über", ""])
    def test_a_name_that_cannot_be_imported(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
    ) -> None:
        assert isinstance(new(monkeypatch, tmp_path, name).exception, UsageError)
        assert not list(tmp_path.iterdir())

    def test_what_is_there_already(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "mine.py").write_text("mine", encoding="utf-8")
        found = new(monkeypatch, tmp_path, "mine").exception
        assert "mine.py is there already" in str(found)
        assert (tmp_path / "mine.py").read_text("utf-8") == "mine"

    def test_tests_without_a_file_of_them(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        for words in (("a", "--from", "pytest"), ("a", "x.py"), ("a", "x.py", "--from", "pytest")):
            assert isinstance(new(monkeypatch, tmp_path, *words).exception, UsageError)


TESTS = '''"""Tests of something."""

from __future__ import annotations

import math

from hypothesis import assume, given, settings
from hypothesis import strategies as st


def halve(x):
    return x / 2


@settings(max_examples=10)
@given(st.floats(0, 100), st.integers(1, 3))
def test_halves(x, n):
    """A half is at most the whole.

    Not more.
    """
    assume(x != 1)
    for _ in range(n):
        x = halve(x)
        assert 0 <= x
    assert x <= 50
    assert x < 51
    assert math.isclose(2 * halve(x), x)
    assert isinstance(x, float)


def test_of_ten():
    assert halve(10) == 5
'''


class TestConversion:
    """Tests of pytest and Hypothesis as claims."""

    def test_what_is_asserted_becomes_gaps_and_the_rest_is_marked(self) -> None:
        text = converted(TESTS, "mine", "test_it.py")
        for line in (
            '@claim("mine.halves", r"TODO: the statement, in LaTeX")',
            "@for_all(st.floats(0, 100), st.integers(1, 3))",
            '    """A half is at most the whole."""',
            "    # TODO: draw only what is allowed, and not: assume(x != 1)",
            "        yield at_most('0', 0, x)",
            "    yield at_most('x', x, 50)",
            "    # TODO: it was strict, and a gap is not: the bound itself is allowed",
            "    yield equal('2 * halve(x)', 2 * halve(x), x)",
            "    # TODO: yield a gap for what is asserted",
            "    assert isinstance(x, float)",
            '@leg("exact")  # TODO: scope="what it goes through"',
            "    yield equal('halve(10)', halve(10), 5)",
        ):
            assert line in text.split("\n")
        assert "settings" not in text

    def test_what_comes_out_is_checked_as_it_is(self, tmp_path: Path) -> None:
        path = tmp_path / "claims_that_were_tests.py"
        path.write_text(converted(TESTS, "mine", "test_it.py"), encoding="utf-8")
        catalogue = load([str(path)])
        assert catalogue.ids == ("mine.halves", "mine.of_ten")
        assert [claim.kinds for claim in catalogue] == [(Kind.PROPERTY,), (Kind.EXACT,)]
        gaps = catalogue["mine.halves"].at("property", {"x": 8.0, "n": 2})
        assert all(gap.holds for gap in gaps)

    @pytest.mark.parametrize("text", ["def test_one():\n    assert 1", "def (", ""])
    def test_a_file_without_hypothesis_is_refused(self, text: str) -> None:
        with pytest.raises(UsageError, match=r"test_it\.py"):
            converted(text, "mine", "test_it.py")
