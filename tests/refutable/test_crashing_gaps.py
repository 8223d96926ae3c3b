"""Gaps and evidence that no record could hold are an error of their leg, with the place of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from refutable.claim import Context, Evidence
from refutable.gap import Gap, Relation, equal
from refutable.plain import jsonable
from refutable.property import search

GOOD = equal("one", 1, 1, 0, "whole numbers")


def gap(**changes: Any) -> Gap:
    """One gap of 1 against 1, with changes."""
    sound: dict[str, Any] = {
        "name": "number",
        "measured": 1.0,
        "predicted": 1.0,
        "relation": Relation.EQUAL,
    }
    return Gap(**(sound | {"tolerance": 0.0, "why": "numbers as given"} | changes))


WRONG_GAPS: dict[str, dict[str, Any]] = {
    "relation as text": {"relation": "equal"},
    "relation of another case": {"relation": "EQUAL"},
    "unknown relation": {"relation": "roughly"},
    "no relation": {"relation": None},
    "name is a number": {"name": 5},
    "name is empty": {"name": " "},
    "no name": {"name": None},
    "reason is a number": {"why": 5},
    "reason is empty": {"why": ""},
    "chance is nan": {"false_alarm": math.nan},
    "chance is negative": {"false_alarm": -0.1},
    "chance above 1": {"false_alarm": 1.5},
    "chance is a text": {"false_alarm": "never"},
    "chance is a truth value": {"false_alarm": True},
    "witness is a list": {"witness": [1, 2]},
    "witness is a text": {"witness": "here"},
    "series is a list": {"series": [1, 2]},
    "certificate is a text": {"certificate": "proved"},
    "tolerance is a text": {"tolerance": "small"},
    "tolerance of identical": {"relation": Relation.IDENTICAL, "tolerance": 1},
}


@pytest.mark.parametrize("changes", WRONG_GAPS.values(), ids=WRONG_GAPS)
def test_a_wrong_gap_is_an_error_of_its_leg(examined: Any, changes: dict[str, Any]) -> None:
    record = examined(lambda context: [GOOD, gap(**changes)])
    assert record.verdict == "error"
    assert record.failure.type in ("TypeError", "ValueError")


def test_a_relation_given_as_text_is_told_what_it_could_be() -> None:
    with pytest.raises(TypeError, match=r"Relation\.AT_MOST.*not 'at_most'"):
        gap(relation="at_most")


class Impostor:
    """What is no gap and says that it holds."""

    holds = True
    fails = False
    name = "x"


WRONG_EVIDENCE: dict[str, dict[str, Any]] = {
    "no gaps": {"gaps": None},
    "one gap by itself": {"gaps": GOOD},
    "gaps as text": {"gaps": "one"},
    "an impostor": {"gaps": (Impostor(),)},
    "a truth value": {"gaps": (True,)},
    "cases as a word": {"cases": "many"},
    "cases as a fraction": {"cases": 1.5},
    "cases as a truth value": {"cases": True},
    "fewer than no cases": {"cases": -1},
    "regimes as a list": {"regimes": ["near"]},
    "regimes without counts": {"regimes": {"near": "often"}},
    "undecided as text": {"undecided": "budget"},
    "undecided of numbers": {"undecided": (1,)},
    "remarks of numbers": {"remarks": (1,)},
    "witness as a list": {"witness": [1]},
    "scope as a number": {"scope": 24},
    "required as a number": {"required": 3},
}


@pytest.mark.parametrize("changes", WRONG_EVIDENCE.values(), ids=WRONG_EVIDENCE)
def test_wrong_evidence_is_an_error_of_its_leg(examined: Any, changes: dict[str, Any]) -> None:
    sound: dict[str, Any] = {"gaps": (GOOD,), "cases": 1}
    assert examined(lambda context: Evidence(**(sound | changes))).verdict == "error"
    assert examined(lambda context: [Evidence(**(sound | changes))]).verdict == "error"


def test_whole_numbers_of_numpy_count_cases(examined: Any) -> None:
    def leg(context: Context) -> Evidence:
        three: Any = np.int64(3)
        return Evidence(gaps=(GOOD,), cases=three, regimes={"near": three})

    assert examined(leg).cases == 3


class TestFailure:
    """An exception is kept with its place, its traceback and what had been drawn."""

    def test_the_place_in_the_claim_s_file(self, examined: Any) -> None:
        def leg(context: Context) -> Iterator[Gap]:
            yield GOOD
            np.linalg.inv(np.zeros((2, 2)))

        failure = examined(leg).failure
        assert failure.type == "LinAlgError"
        assert failure.message == "Singular matrix"
        assert Path(failure.file).absolute() == Path(__file__)
        assert (
            Path(__file__)
            .read_text()
            .splitlines()[failure.line - 1]
            .strip()
            .startswith("np.linalg.inv")
        )
        assert "in leg" in failure.traceback

    def test_the_configuration_that_was_drawn(self, examined: Any) -> None:
        def gaps(pair: tuple[int, int]) -> Iterator[Gap]:
            yield equal("quotient", pair[0] // pair[1], pair[0] // pair[1], 0, "r")

        def leg(context: Context) -> Evidence:
            return search(
                context, st.tuples(st.integers(1, 9), st.integers(0, 9)), gaps, examples=99
            )

        failure = examined(leg, "property").failure
        assert failure.type == "ZeroDivisionError"
        assert failure.configuration == {"pair": [1, 0]}

    def test_what_changes_from_call_to_call_is_an_error(self, examined: Any) -> None:
        calls = iter(range(10**6))

        def gaps(x: float) -> Iterator[Gap]:
            value = 10 if next(calls) == 8 else 1
            yield equal("counter", value, 1, 0, "r")

        def leg(context: Context) -> Evidence:
            return search(context, st.floats(0, 1), gaps, examples=30)

        assert examined(leg, "property").verdict == "error"

    def test_a_message_that_raises_hides_nothing(self, examined: Any) -> None:
        class MuteError(Exception):
            def __str__(self) -> str:
                raise RuntimeError("no")

        def leg(context: Context) -> Any:
            raise MuteError

        record = examined(leg)
        assert record.verdict == "error"
        assert record.failure.type.endswith("MuteError")

    def test_what_cannot_be_shown_as_a_witness(self, examined: Any) -> None:
        class Silent:
            def __repr__(self) -> str:
                raise RuntimeError("no")

        cycle: dict[str, Any] = {}
        cycle["self"] = cycle
        wrong = {"silent": Silent(), "cycle": cycle, "nan": math.nan, 5: {"set": {1, 2}}}
        record = examined(lambda context: [equal("x", 1, 2, 0, "r", witness=wrong)])
        assert record.verdict == "fails"
        assert record.witness["nan"] == "nan"
        assert "Silent" in record.witness["silent"]

    def test_pictures_of_configurations(self) -> None:
        assert jsonable({1: np.arange(2), "b": (np.float64(0.5), {3})}) == {
            "1": [0, 1],
            "b": [0.5, [3]],
        }
