"""A leg whose gaps compared nothing says so beside its verdict, unless the claim foresaw it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import strategies as st

from refutable.claim import Case, Context, Evidence
from refutable.gap import at_least, at_most, equal, identical
from refutable.judgement import CHANCE, NOTHING, STILL, SWALLOWED
from refutable.property import search
from refutable.tally import ENOUGH, ENOUGH_WHOLE


def searched(gaps_of: Any, strategy: Any = None, examples: int = 20) -> Any:
    def leg(context: Context) -> Evidence:
        return search(context, strategy or st.floats(1, 9), gaps_of, examples=examples)

    return leg


def each(*values: Any) -> Any:
    """A leg with one gap for each pair of values, all of one name."""

    def leg(context: Context) -> Iterator[Any]:
        for measured, predicted in values:
            yield equal("it", measured, predicted, 0.5, "r")

    return leg


ZEROS = {
    "int": 0,
    "float": 0.0,
    "minus": -0.0,
    "fraction": Fraction(0),
    "numpy": np.float32(0),
    "tensor": torch.tensor(0.0),
}


class TestNoughtAgainstNought:
    """Both sides 0, or empty, each time."""

    @pytest.mark.parametrize("zero", ZEROS.values(), ids=ZEROS)
    @pytest.mark.parametrize("make", [equal, at_most, at_least])
    def test_every_relation_and_type(self, examined: Any, zero: Any, make: Any) -> None:
        record = examined(lambda context: [make("gradient", zero, 0, 1e-12, "rounding")])
        assert record.verdict == "holds"
        assert record.remarks == (f"{NOTHING}: gradient",)

    @pytest.mark.parametrize(
        "found", [0, Fraction(0), np.zeros(4), torch.zeros(2), [], {}, None], ids=str
    )
    def test_identical_objects_that_hold_nothing(self, examined: Any, found: Any) -> None:
        record = examined(lambda context: [identical("pulls", found, found, "exact")])
        assert record.remarks == (f"{NOTHING}: pulls",)

    def test_in_every_case_of_a_search(self, examined: Any) -> None:
        record = examined(searched(lambda x: [equal("pull", 0.0, 0, 1e-9, "r")]), "property")
        assert record.remarks == (f"{NOTHING}: pull",)

    def test_one_case_that_moves_is_enough(self, examined: Any) -> None:
        leg = searched(lambda x: [equal("pull", max(0.0, x - 5), max(0.0, x - 5), 1e-9, "r")])
        assert examined(leg, "property").remarks == ()
        assert examined(each((0, 0), (0, 0), (0.7, 1))).remarks == ()

    def test_conditions_and_texts_are_something(self, examined: Any) -> None:
        def leg(context: Context) -> Iterator[Any]:
            yield identical("sign", False, False, "exact")
            yield identical("polynomial", "0", "0", "exact")

        assert examined(leg).remarks == ()

    def test_cases_of_evidence_are_taken_together(self, examined: Any) -> None:
        def leg(context: Context) -> Iterator[Any]:
            yield equal("it", 0.0, 0, 0, "r")
            yield Evidence(gaps=(equal("it", 1.0, 1, 0, "r"),), cases=1)

        assert examined(leg).remarks == ()


class TestWhatNeverMoves:
    """One value, whatever the case."""

    def test_while_the_prediction_does(self, examined: Any) -> None:
        stuck = searched(lambda x: [at_most("loss", 0.693, x, 0, "bound")])
        assert examined(stuck, "property").remarks == (f"{STILL}: loss",)
        moving = searched(lambda x: [at_most("loss", x / 2, x, 0, "bound")])
        assert examined(moving, "property").remarks == ()

    def test_a_fraction_needs_few_repetitions_and_a_whole_number_more(self, examined: Any) -> None:
        assert examined(each(*[(0.5, 0.6)] * (ENOUGH - 1))).remarks == ()
        assert examined(each(*[(0.5, 0.6)] * ENOUGH)).remarks == (f"{STILL}: it",)
        assert examined(each(*[(3, 3)] * (ENOUGH_WHOLE - 1))).remarks == ()
        assert examined(each(*[(3, 3)] * ENOUGH_WHOLE)).remarks == (f"{STILL}: it",)
        assert examined(each(*[(3, 3 + k / 9) for k in range(ENOUGH)])).remarks != ()

    def test_the_last_one_may_move(self, examined: Any) -> None:
        assert examined(each(*[(0.5, 0.6)] * 9, (0.55, 0.6))).remarks == ()

    def test_other_names_are_other_measurements(self, examined: Any) -> None:
        leg = [at_most(f"seed {n}", 0.5, 0.6, 0, "bound") for n in range(9)]
        assert examined(lambda context: leg).remarks == ()


class TestWhatTheToleranceSwallows:
    """Both sides within the tolerance of 0."""

    def test_both_sides_each_time(self, examined: Any) -> None:
        rate = searched(lambda x: [equal("rate", 10**-x, 10 ** (-2 * x), 2, "r")])
        assert examined(rate, "property").remarks == (f"{SWALLOWED}: rate",)

    @pytest.mark.parametrize("make", [equal, at_most, at_least])
    def test_a_single_comparison(self, examined: Any, make: Any) -> None:
        leg = [make("angle", 0.01, 0.02, 0.05, "r")]
        assert examined(lambda context: leg).remarks == (f"{SWALLOWED}: angle",)

    def test_not_where_one_side_shows(self, examined: Any) -> None:
        assert examined(each((0.2, 0.3), (0.6, 0.7))).remarks == ()

    def test_not_where_nought_was_predicted(self, examined: Any) -> None:
        """What is to be 0 can only be compared within a tolerance."""
        leg = searched(lambda x: [equal("sum", x * 1e-16, 0, 1e-12, "rounding")])
        assert examined(leg, "property").remarks == ()

    def test_an_edge_is_not_exceeded(self, examined: Any) -> None:
        assert examined(lambda context: [equal("x", 0.5, 1, 1, "r")]).remarks == ()


class TestExpectations:
    """A claim may say why a remark is right, and is held to it."""

    leg = staticmethod(lambda context: [equal("pull", 0.0, 0, 1e-9, "r")])

    @staticmethod
    def two_kinds(context: Context) -> Iterator[Any]:
        yield equal("pull", 0.0, 0, 1e-9, "r")
        yield equal("angle", 0.01, 0.02, 0.05, "r")

    def test_a_stated_reason(self, examined: Any) -> None:
        record = examined(self.leg, expects="0 by symmetry")
        assert record.remarks == ()
        assert record.expected == (f"{NOTHING}: pull; expected: 0 by symmetry",)

    def test_an_expectation_that_does_not_occur_is_named(self, examined: Any) -> None:
        fine = [equal("pull", 1.0, 1, 1e-9, "r")]
        record = examined(lambda context: fine, expects="0 by symmetry")
        assert record.remarks == ("expected and did not occur: 0 by symmetry",)
        record = examined(self.leg, expects={"pull": "0 by symmetry", "rate*": "also"})
        assert record.remarks == ("expected and did not occur: rate*: also",)

    def test_one_text_does_not_excuse_remarks_of_two_kinds(self, examined: Any) -> None:
        record = examined(self.two_kinds, expects="0 by symmetry")
        assert len(record.remarks) == 3
        assert record.expected == ()
        record = examined(self.two_kinds, expects={"pull": "0 by symmetry", "angle": "tiny"})
        assert record.remarks == ()
        assert len(record.expected) == 2

    def test_a_pattern_excuses_only_what_it_names(self, examined: Any) -> None:
        record = examined(self.two_kinds, expects={"pu*": "0 by symmetry"})
        assert record.remarks == (f"{SWALLOWED}: angle",)

    def test_a_failing_leg_has_worse_to_report(self, examined: Any) -> None:
        record = examined(lambda context: [equal("x", 1, 2, 0, "r")], expects="0 by symmetry")
        assert record.verdict == "fails"
        assert record.remarks == ()

    def test_many_gaps_are_listed_shortly(self, examined: Any) -> None:
        leg = [equal(f"pull {n}", 0.0, 0, 0, "r") for n in range(30)]
        (remark,) = examined(lambda context: leg).remarks
        assert remark == f"{NOTHING}: pull 0; pull 1; pull 2 and 27 more"


class TestWarnings:
    """What numpy and torch warn of stands beside the verdict."""

    def test_of_numpy(self, examined: Any) -> None:
        def leg(context: Context) -> Iterator[Any]:
            for value in (1e3, 2e3):
                yield at_least("x", 1.0, float(np.exp(-np.exp(np.float64(value)))), 0, "r")

        (remark,) = examined(leg).remarks
        assert remark.startswith("RuntimeWarning at test_nothing_compared.py:")
        assert "overflow encountered in exp" in remark

    def test_of_torch_and_of_casts(self, examined: Any) -> None:
        def leg(context: Context) -> Iterator[Any]:
            torch.tensor([1.0]).expand(2).var(dim=0, correction=5)
            yield equal("x", np.array([1 + 1j]).astype(float)[0], 1, 0, "r")

        text = " ".join(examined(leg).remarks)
        assert "degrees of freedom" in text
        assert "discards the imaginary part" in text

    def test_not_of_what_the_leg_silenced_or_of_old_names(self, examined: Any) -> None:
        def leg(context: Context) -> Iterator[Any]:
            with np.errstate(over="ignore"):
                np.exp(np.float64(1e3))
            warnings.warn("an old name", DeprecationWarning, stacklevel=1)
            yield equal("x", 1, 1, 0, "r")

        assert examined(leg).remarks == ()

    def test_as_an_expectation(self, examined: Any) -> None:
        def leg(context: Context) -> Iterator[Any]:
            np.exp(np.float64(1e3))
            yield equal("x", 1, 1, 0, "r")

        record = examined(leg, expects={"*overflow*": "the tail is cut off"})
        assert record.remarks == ()
        assert len(record.expected) == 1


class TestChance:
    """A leg that draws at random says how often chance alone would break it."""

    @pytest.mark.parametrize(
        "draw",
        [
            lambda context: context.rng().normal(),
            lambda context: np.random.default_rng(context.seed).normal(),
            lambda context: torch.Generator().manual_seed(context.root_seed),
            lambda context: np.random.normal(),
            lambda context: __import__("random").random(),
            lambda context: torch.randn(2),
        ],
    )
    def test_each_source(self, examined: Any, draw: Any) -> None:
        def leg(context: Context, **stated: Any) -> Iterator[Any]:
            draw(context)
            yield at_most("mean", 0.5, 1, 0, "claimed", **stated)

        (remark,) = examined(leg, "trained").remarks
        assert remark.startswith(CHANCE)
        for chance in (0.0, 1e-9):
            stated = examined(lambda context, c=chance: leg(context, false_alarm=c), "trained")
            assert stated.remarks == ()

    def test_none_without_chance(self, examined: Any) -> None:
        assert examined(lambda context: [equal("x", 1, 1, 0, "r")]).remarks == ()

    def test_a_search_has_to_hold_for_all(self, examined: Any) -> None:
        leg = searched(lambda x: [at_most("x", x + 0 * np.random.normal(), 9, 0, "r")])
        assert examined(leg, "property").remarks == ()

    def test_in_a_search_every_configuration_draws_for_itself(self, examined: Any) -> None:
        """Hypothesis starts the shared generators anew at each: 200 cases would be one draw."""
        sources = {
            "numpy": lambda context: np.random.normal(),
            "random": lambda context: __import__("random").gauss(0, 1),
            "torch": lambda context: float(torch.randn(())),
            "context": lambda context: context.rng().normal(),
        }
        for name, draw in sources.items():
            drawn: set[float] = set()

            def leg(context: Context, draw: Any = draw, drawn: set[float] = drawn) -> Evidence:
                def gaps(n: int) -> Iterator[Any]:
                    value = draw(context)
                    drawn.add(value)
                    yield at_most("normal", value, 9, 0, "claimed")

                return search(context, st.integers(0, 10**6), gaps, examples=40)

            record = examined(leg, "property")
            assert record.verdict == "holds"
            assert len(drawn) >= 0.9 * record.cases, name

    def test_a_configuration_tried_again_draws_the_same(self, examined: Any) -> None:
        """Else a counterexample could not be shrunk."""

        def gaps(n: int) -> Iterator[Any]:
            yield at_most("normal", np.random.normal(), 1.5, 0, "claimed")

        leg = searched(gaps, st.integers(0, 10**6), 100)
        first, second = examined(leg, "property"), examined(leg, "property")
        assert first.verdict == "fails"
        assert first.witness == second.witness

    def test_a_search_leaves_the_shared_generators_alone(self) -> None:
        from refutable import chance

        context = Context("quick", 0, 1)
        before = chance.states()
        search(context, st.floats(), lambda x: [equal("x", torch.rand(()), 1, 2, "r")], examples=5)
        assert chance.states() == before

    def test_each_call_of_rng_gives_a_stream_of_its_own(self) -> None:
        def drawn(context: Context) -> list[float]:
            return [context.rng().normal() for _ in range(3)]

        found = drawn(Context("quick", 0, 1))
        assert len(set(found)) == 3
        assert found == drawn(Context("quick", 0, 1))
        assert found[0] == np.random.default_rng(1).normal()


def test_a_ladder_that_stands_still_says_so(examined: Any) -> None:
    from refutable import scaling

    x = scaling.rungs(5, 20, 7)

    def zero(context: Context) -> Iterator[Any]:
        yield from scaling.limit("step", x, [0.0] * 7, 0, tolerance=1e-9, why="r")

    def one(context: Context) -> Iterator[Any]:
        yield from scaling.limit("share", x, [1.0] * 7, 1, tolerance=1e-9, why="r")

    def power(context: Context) -> Iterator[Any]:
        yield from scaling.power_law("ones", x, [0.5] * 7, 0)

    assert any(NOTHING in remark for remark in examined(zero, "scaling").remarks)
    for leg in (one, power):
        assert any(STILL in remark for remark in examined(leg, "scaling").remarks)


def test_a_limit_that_ends_on_nought_compared_something_below(examined: Any) -> None:
    from refutable import scaling

    x = scaling.rungs(5, 20, 7)

    def leg(context: Context) -> Iterator[Any]:
        yield Case(())
        yield from scaling.limit("y", x, [*np.exp(-3 * np.array(x))[:-1], 0.0], 0, tolerance=1e-6,
                                 why="r")  # fmt: skip

    assert examined(leg, "scaling").remarks == ()


@pytest.mark.parametrize("tolerance", [1.001, 1.5, 5])
def test_a_tolerance_that_barely_exceeds_both_sides_swallows_them(
    examined: Any, tolerance: float
) -> None:
    record = examined(lambda context: [equal("x", 0.9, 1.0, tolerance, "wide")])
    assert any("the tolerance exceeds both sides" in text for text in record.remarks)
