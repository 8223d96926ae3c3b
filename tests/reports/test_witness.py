"""A failure teaches: where it is, with which values, what holds beside it, and what to try."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

import refutable
from refutable import Theta, at_most, equal, failure, for_all, ladder, leg, scaling, tight
from refutable.check import check_leg
from refutable.claim import Kind, Verdict
from refutable.decorators import claim
from refutable.evidence import Evidence
from refutable.property import search
from refutable.records.results import LegRecord
from refutable.reports import witness


def checked(run: Any, kind: str = "exact") -> LegRecord:
    stated = claim("fails.here", "x", title="It fails")(leg(kind)(run))
    return check_leg(stated, Kind(kind), "quick", 0)


def told(run: Any, kind: str = "exact") -> str:
    return "\n".join(witness.lines(checked(run, kind)))


def slow(n: int) -> float:
    return n * n * (1 + 300 / n)


class TestSearch:
    """What a search found false, and the nearest that it found true."""

    @staticmethod
    @for_all(x=st.integers(0, 100), n=st.integers(1, 5))
    def bounded(x: int, n: int) -> Any:
        yield at_most("x n", x * n, 20)

    def test_the_nearest_case_that_holds_is_shown(self) -> None:
        found = checked(self.bounded, "property")
        assert found.verdict is Verdict.FAILS
        assert found.witness is not None
        assert found.nearest is not None
        broken, held = found.witness["configuration"], found.nearest["configuration"]
        assert broken["x"] * broken["n"] > 20 >= held["x"] * held["n"]
        assert sum(broken[name] != held[name] for name in broken) == 1
        assert found.nearest["said"].endswith("at most 20 was claimed")

    def test_a_single_drawn_value_has_the_name_of_the_parameter_that_takes_it(self) -> None:
        def short(context: refutable.Context) -> Evidence:
            return search(
                context, st.integers(0, 100), lambda width: [at_most("w", width, 20)], examples=50
            )

        found = checked(short, "property")
        assert witness.shown(found) == {"width": 21}
        assert any(line.startswith('holds at {"width": ') for line in witness.lines(found))

    def test_a_single_value_at_which_a_leg_raised_has_a_name_too(self) -> None:
        def broken(width: int) -> Iterator[refutable.Gap]:
            yield at_most("w", 1 / (width - 3), 20)

        def run(context: refutable.Context) -> Evidence:
            return search(context, st.integers(3, 3), broken, examples=5)

        found = checked(run, "property")
        assert found.failure is not None
        assert found.failure.configuration == {"width": 3}

    def test_the_place_is_that_of_the_gap(self) -> None:
        text = told(self.bounded, "property")
        line = inspect.unwrap(self.bounded).__code__.co_firstlineno + 3
        assert f"at {failure.named(__file__)}:{line}" in text
        assert '"n": ' in text

    def test_it_survives_where_several_searches_are_joined(self) -> None:
        def joined(context: Any) -> Iterator[Evidence]:
            yield self.bounded(context)

        assert checked(joined, "property").nearest is not None

    def test_what_nothing_held_has_no_neighbour(self) -> None:
        @for_all(x=st.integers(0, 9))
        def never(x: int) -> Any:
            yield at_most("x", x, -1)

        assert checked(never, "property").nearest is None


class TestLadder:
    """A failed ladder shows its rungs and slopes, and says what to do."""

    def test_one_that_starts_too_low_says_so_in_words(self) -> None:
        def climbs() -> Any:
            return ladder(slow, scaling.sizes(4, 256), name="steps").follows(Theta("N**2"))

        text = told(climbs, "scaling")
        assert "try: start higher: the local slopes go from 1.0" in text
        assert "N = 17: 5389\nN = 32: 10624, slope 1.073" in text

    def test_an_interval_that_is_wide_since_the_law_bends_asks_for_a_higher_start(self) -> None:
        """Not for less noise, of which there is none."""
        x = np.log(np.array([float(n) for n in scaling.sizes(200, 4000)]))
        y = 2 * x + np.log1p(12 * np.exp(-x))
        gaps = {gap.name: gap for gap in scaling.power_law("y", x, y, 2)}
        wide = [gap.undecided for gap in gaps.values() if gap.undecided]
        assert all("start higher" in text for text in wide)
        assert any(gap.fails or gap.undecided for gap in gaps.values())

    def test_a_long_one_shows_both_ends(self) -> None:
        def climbs() -> Any:
            return ladder(slow, scaling.sizes(4, 2**14, 30)).follows(Theta("N**3"))

        text = told(climbs, "scaling")
        assert "... 5 rungs more ..." in text
        assert "N = 16384: " in text

    def test_what_climbs_beyond_doubles_is_shown(self) -> None:
        def climbs() -> Any:
            x = [1000.0 * k for k in (1, 2, 4, 5, 7, 8)]
            yield from scaling.power_law("y", x, x, 2, x_label="log P")

        assert "P = 1e434.3: 1e434.3\nP = 1e868.6: 1e868.6, slope 1" in told(climbs, "scaling")


class TestAdvice:
    """What can be seen of a number says what to try."""

    @pytest.mark.parametrize(
        ("gap", "advice"),
        [
            (lambda: at_most("x", 1 + 1e-15, 1), "state a tolerance"),
            (lambda: equal("x", -2.5, 2.5), "differ by their sign"),
            (lambda: equal("x", 3.0, 6.0), "is 1/2 of what was predicted"),
            (lambda: equal("x", 2.0, 3.0), "is 2/3 of what was predicted"),
            (lambda: equal("x", math.nan, 3.0), "no finite number"),
            (lambda: tight("x", 1, 2), "kept and not reached"),
        ],
    )
    def test_of_a_gap(self, gap: Any, advice: str) -> None:
        assert advice in told(lambda: [gap()])

    @pytest.mark.parametrize("gap", [lambda: at_most("x", 2, 1), lambda: equal("x", 2.1, 1.3)])
    def test_where_nothing_can_be_seen_nothing_is_said(self, gap: Any) -> None:
        assert "try:" not in told(lambda: [gap()])

    def test_an_assertion_is_told_to_be_a_gap(self) -> None:
        def asserts() -> Any:
            assert len(told.__name__) == 3

        found = checked(asserts)
        assert found.verdict is Verdict.ERROR
        assert found.failure is not None
        assert found.failure.line == asserts.__code__.co_firstlineno + 1
        assert "try: assert says nothing of what was measured" in told(asserts)

    def test_a_leg_that_holds_gets_none(self) -> None:
        found = checked(lambda: [equal("x", 1, 1)])
        assert witness.lines(found) == []


def test_the_paper_is_what_is_checked_and_the_tool_is_not() -> None:
    folder = Path(refutable.__file__).parent
    assert failure.is_users(str(folder / "claims" / "mae" / "gradient.py"))
    assert not failure.is_users(str(folder / "scaling.py"))
    assert failure.is_users(__file__)


def test_rungs_that_are_no_finite_numbers_are_shown_as_they_are_stored() -> None:
    x = [math.log(10.0**k) for k in range(2, 9)]

    def infinite() -> Iterator[Any]:
        yield from scaling.limit("p", x, [math.inf] * 7, math.inf, tolerance=0.1, why="a tenth")

    def of_the_users_own() -> Iterator[Any]:
        parts = {"rungs": {"log P": ["a", None, 1e400]}, "values": ["b", [], {}]}
        yield equal("n", 1, 2, witness={**parts, "local slopes": [None, "steep"]})

    assert "x = 100: inf" in told(infinite, "scaling")
    assert "P = a: b" in told(of_the_users_own)
    assert "P = None: [], slope" not in told(of_the_users_own)
    assert "slope steep" in told(of_the_users_own)
