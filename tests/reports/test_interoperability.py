"""What other programs read: code scanning, pandas, and what Hypothesis tells of a search."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from refutable import at_most, equal, identical, leg
from refutable.check import check_leg, claim_record
from refutable.claim import Kind
from refutable.decorators import claim
from refutable.errors import UsageError
from refutable.records import compare, mapping
from refutable.records.results import ClaimRecord, Results, Run, Totals
from refutable.reports.annotations import below
from refutable.reports.sarif import sarif
from refutable.reports.spreadsheet import results_csv

RUN = Run(id="r", started="2026-01-01T00:00:00Z", seconds=0, seed=0, profile="quick",
          command="claims verify", environment={})  # fmt: skip


def checked(id: str, run: Any) -> ClaimRecord:
    stated = claim(id, r"\le", title=f"Title of {id}")(leg("exact")(run))
    return claim_record(stated, [check_leg(stated, Kind.EXACT, "quick", 0)], [])


def results(*claims: ClaimRecord) -> Results:
    totals = Totals(claims=len(claims), legs=len(claims), cases=1, verdicts={}, false_alarm=0)
    return Results(run=RUN, claims=claims, totals=totals)


def fails() -> Any:
    yield at_most("x", 2, 1)


def breaks() -> Any:
    raise ZeroDivisionError("nothing left")
    yield  # makes it a generator


def holds() -> Any:
    yield equal("x", 1, 1)


class TestSarif:
    """Findings of code scanning."""

    @pytest.fixture
    def run(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        monkeypatch.setenv("GITHUB_WORKSPACE", str(Path(__file__).parents[2]))
        found = results(checked("a.holds", holds), checked("a.fails", fails), checked("b", breaks))
        document = json.loads(sarif(found))
        assert document["version"] == "2.1.0"
        return document["runs"][0]

    def test_what_does_not_hold_is_a_result_of_the_rule_of_its_claim(self, run: Any) -> None:
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert rules == ["a.fails", "b"]
        for result in run["results"]:
            assert rules[result["ruleIndex"]] == result["ruleId"]
            assert result["level"] == "error"
        assert "x: measured 2, at most 1 was claimed" in run["results"][0]["message"]["text"]
        assert "nothing left" in run["results"][1]["message"]["text"]

    def test_its_place_is_relative_to_what_is_checked(self, run: Any) -> None:
        for result, function in zip(run["results"], (fails, breaks), strict=True):
            (place,) = result["locations"]
            where = place["physicalLocation"]
            assert where["artifactLocation"] == {
                "uri": "tests/reports/test_interoperability.py",
                "uriBaseId": "%SRCROOT%",
            }
            assert where["region"]["startLine"] == function.__code__.co_firstlineno + 1

    def test_a_place_is_named_from_the_top_of_the_repository(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Records name it from the working directory, which may be a folder below."""
        file = Path(__file__)
        top = file.parents[2]
        for folder in (top, file.parents[1], file.parent):
            monkeypatch.chdir(folder)
            record = str(file.relative_to(folder))
            assert below(top, record) == file.relative_to(top).as_posix()
        assert below(top, "ours/in_a_package_elsewhere.py") is None
        assert below(file.parent, str(top / "README.md")) is None

    def test_a_run_in_which_all_holds_has_no_result(self) -> None:
        document = json.loads(sarif(results(checked("a.holds", holds))))
        assert document["runs"][0]["results"] == []


class TestFrame:
    """Numbers are numbers, whatever else is measured beside them."""

    def frame(self) -> Any:
        def mixed() -> Any:
            yield equal("number", 1.5, 1.5)
            yield identical("object", (1, 2), (1, 2), "the same")
            yield equal("third", Fraction(10**400, 3), Fraction(10**400, 3))
            yield at_most("infinite", math.inf, 1)

        return results(checked("a.mixed", mixed)).frame()

    def test_both_sides_are_columns_of_numbers(self) -> None:
        frame = self.frame().set_index("gap")
        assert frame["measured"].dtype == frame["predicted"].dtype == float
        assert frame.loc["number", "measured"] == 1.5
        assert math.isnan(frame.loc["object", "measured"])
        assert frame.loc["infinite", "measured"] == math.inf

    def test_texts_stand_apart(self) -> None:
        frame = self.frame().set_index("gap")
        assert frame.loc["object", "measured_text"] == "(1, 2)"
        assert frame["measured_text"].notna().to_dict() == {
            "number": False, "object": True, "third": True, "infinite": True,
        }  # fmt: skip

    def test_a_claims_own_frame_is_like_it(self) -> None:
        frame = checked("a.one", fails).frame()
        assert frame["measured"].dtype == float
        assert "measured_text" in frame.columns

    def test_the_csv_file_keeps_the_place_of_a_gap(self) -> None:
        text = results_csv(results(checked("a.fails", fails)))
        assert f"{Path(__file__).name}:{fails.__code__.co_firstlineno + 1}" in text


class TestMapping:
    """Claims of two papers side by side."""

    def read(self, tmp_path: Path, text: str) -> dict[str, str]:
        file = tmp_path / "map.toml"
        file.write_text(text, encoding="utf-8")
        return mapping.read(file)

    def test_what_corresponds_is_compared_and_the_rest_left_out(self, tmp_path: Path) -> None:
        one = results(checked("a.x", holds), checked("a.rest", holds))
        other = results(checked("b.y", fails), checked("b.rest", fails))
        named = self.read(tmp_path, '"a.x" = "b.y"')
        found = compare.compare(*mapping.matched(one, other, named))
        assert [(change.id, change.change.value) for change in found.claims] == [
            ("b.y", "regressed")
        ]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("a.x = 'b.y'", "stands in quotes"),
            ("'a' = 3", "must name one claim"),
            ("'a' = 'c'\n'b' = 'c'", "two claims correspond"),
            ("a", "map.toml is not TOML"),
            ("x = " + "[" * 100_000, "map.toml is not TOML"),
            ("x = " + "9" * 10_000, "map.toml is not TOML"),
        ],
    )
    def test_what_is_no_map_is_refused(self, tmp_path: Path, text: str, said: str) -> None:
        with pytest.raises(UsageError, match=said):
            self.read(tmp_path, text)

    def test_an_unknown_id_is_refused(self) -> None:
        one = results(checked("a.x", holds))
        with pytest.raises(UsageError, match=r"'a\.y', which is in no run. Did you mean"):
            mapping.matched(one, one, {"a.y": "a.x"})

    def test_runs_without_a_common_claim_are_said_to_need_a_map(self, tmp_path: Path) -> None:
        from click.testing import CliRunner

        from refutable.cli import command_of

        for name, id in (("one.json", "a.x"), ("other.json", "b.y")):
            results(checked(id, holds)).write(tmp_path / name)
        files = [str(tmp_path / name) for name in ("one.json", "other.json")]
        run = CliRunner().invoke(command_of("diff"), files)
        assert run.exit_code == 1  # claims that are gone are news
        assert "no claim in common" in run.output
        (tmp_path / "map.toml").write_text('"a.x" = "b.y"', encoding="utf-8")
        words = [*files, "--map", str(tmp_path / "map.toml")]
        assert CliRunner().invoke(command_of("diff"), words).exit_code == 0


def test_hypothesis_reports_what_it_tried_under_the_name_of_the_leg(tmp_path: Path) -> None:
    (tmp_path / "observed_claims.py").write_text(
        "from hypothesis import strategies as st\n"
        "from refutable import at_most, claim, for_all\n\n\n"
        "@claim('observed.here', 's', title='t')\n@for_all(n=st.integers(0, 9))\n"
        "def observed(n):\n    return at_most('n', n, 9)\n"
    )
    root = str(Path(__file__).parents[2])
    environment = {"PYTHONPATH": root, "HYPOTHESIS_EXPERIMENTAL_OBSERVABILITY": "1"}
    words = [sys.executable, "-m", "refutable", "verify", "--module", "observed_claims.py"]
    subprocess.run(words, cwd=tmp_path, env=os.environ | environment, check=True, timeout=200,
                   capture_output=True)  # fmt: skip
    (file,) = (tmp_path / ".hypothesis" / "observed").glob("*testcases.jsonl")
    seen = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    cases = [case for case in seen if case["type"] == "test_case"]
    assert len(cases) >= 10
    assert {case["property"] for case in cases} == {"observed.here [property]"}
