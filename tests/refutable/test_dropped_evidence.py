"""Evidence is never dropped: whatever a leg makes reaches the judge, or the leg is an error."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from refutable import scaling
from refutable.claim import Case, Context, Evidence, Undecided
from refutable.gap import Gap, at_most, equal, tight
from refutable.property import search

GOOD = equal("one", 1, 1, 0, "whole numbers")
BAD = equal("two", 2, 1, 0, "whole numbers")
RUNGS = [float(k) for k in range(5, 17)]


def refuting(context: Context) -> Evidence:
    """A search that finds a counterexample."""
    return search(
        context, st.floats(0, 50), lambda x: [at_most("x", x, 20, 0, "claimed")], examples=40
    )


def confirming(context: Context) -> Evidence:
    return search(
        context, st.floats(0, 50), lambda x: [at_most("x", x, 50, 0, "claimed")], examples=10
    )


class TestWhatALegMayYield:
    """Gap, Case, Undecided, Vacuous and Evidence; anything else is named."""

    def test_evidence_is_merged(self, examined: Any) -> None:
        def leg(context: Context) -> Iterator[Any]:
            yield GOOD
            yield confirming(context)

        record = examined(leg, "property")
        assert record.verdict == "holds"
        assert [gap.name for gap in record.gaps] == ["one", "x"]
        assert record.cases == 10

    @pytest.mark.parametrize("order", [1, -1])
    def test_a_yielded_search_that_refutes_fails_with_its_witness(
        self, examined: Any, order: int
    ) -> None:
        def leg(context: Context) -> Iterator[Any]:
            yield from [GOOD, refuting(context)][::order]

        record = examined(leg, "property")
        assert record.verdict == "fails"
        assert record.witness["configuration"] > 20

    def test_everything_of_evidence_is_merged(self, examined: Any) -> None:
        def leg(context: Context) -> Iterator[Any]:
            yield Evidence(gaps=(GOOD,), cases=2, undecided=("budget",), scope="P <= 24")
            yield Evidence(gaps=(), cases=3, vacuous=("nobody",), remarks=("one decider",))

        record = examined(leg)
        assert record.verdict == "vacuous"
        assert record.cases == 5
        assert record.scope == "P <= 24"
        assert "one decider" in record.remarks

    @pytest.mark.parametrize(
        "item",
        [True, None, 1.0, "holds", ("one", 1), [GOOD], {"gap": GOOD}, object(), (g for g in [GOOD]),
         iter([GOOD])],
        ids=lambda item: type(item).__name__,
    )  # fmt: skip
    def test_anything_else_is_an_error_that_names_the_type(self, examined: Any, item: Any) -> None:
        def leg(context: Context) -> Iterator[Any]:
            yield GOOD
            yield item

        for run in (leg, lambda context: [GOOD, item]):
            record = examined(run)
            assert record.verdict == "error"
            assert type(item).__name__ in record.note or "nothing" in record.note

    def test_a_law_that_is_yielded_whole_is_an_error(self, examined: Any) -> None:
        def leg(context: Context) -> Iterator[Any]:
            yield GOOD
            yield scaling.power_law("y", RUNGS, RUNGS, 1)

        assert "yield from" in examined(leg, "scaling").note

    @pytest.mark.parametrize("found", [None, True, 1, "holds", b"x", {"a": GOOD}])
    def test_what_a_leg_returns_is_evidence(self, examined: Any, found: Any) -> None:
        assert examined(lambda context: found).verdict == "error"

    def test_asynchronous_legs_are_refused(self, examined: Any) -> None:
        async def coroutine(context: Context) -> Any:
            return [GOOD]

        async def generator(context: Context) -> Any:
            yield GOOD

        for leg in (coroutine, generator):
            assert "asynchronous" in examined(leg).note

    def test_what_a_generator_returns_at_its_end_counts(self, examined: Any) -> None:
        def evidence(context: Context) -> Any:
            yield GOOD
            return refuting(context)

        def text(context: Context) -> Any:
            yield GOOD
            return "something"

        assert examined(evidence, "property").verdict == "fails"
        assert examined(text).verdict == "error"

    def test_a_gap_of_a_subclass_that_holds_by_decree_is_refused(self, examined: Any) -> None:
        class Sure(Gap):
            holds = True

        found = Sure(name="x", measured=2, predicted=1, relation=GOOD.relation, why="r")
        for run in (lambda c: [found], lambda c: Evidence(gaps=(found,), cases=1)):
            assert examined(run).verdict == "error"


class TestWhatIsMadeAndForgotten:
    """Laws, gaps and evidence that nobody takes make the leg an error."""

    @pytest.mark.parametrize("make", ["power_law", "limit"])
    @pytest.mark.parametrize("taken", [0, 1, 2])
    def test_a_law_has_to_be_exhausted(self, examined: Any, make: str, taken: int) -> None:
        def leg(context: Context) -> Iterator[Any]:
            yield GOOD
            if make == "limit":
                law = scaling.limit("y", RUNGS, RUNGS, 0, tolerance=1, why="claimed")
            else:
                law = scaling.power_law("y", RUNGS, [3 * x for x in RUNGS], 3)
            for _ in range(taken):
                yield next(law)

        record = examined(leg, "scaling")
        assert record.verdict in ("error", "fails")
        assert "write `yield from`" in " ".join([record.note or "", *record.remarks])

    def test_a_forgotten_yield_is_an_error(self, examined: Any) -> None:
        def leg(context: Context) -> Iterator[Any]:
            yield GOOD
            equal("forgotten", 2, 1, 0, "whole numbers")

        record = examined(leg)
        assert record.verdict == "error"
        assert "'forgotten'" in record.note

    def test_a_forgotten_yield_in_a_search_is_an_error(self, examined: Any) -> None:
        def gaps(x: float) -> Iterator[Gap]:
            yield at_most("x", x, 50, 0, "claimed")
            at_most("forgotten", x, 20, 0, "claimed")

        def leg(context: Context) -> Evidence:
            return search(context, st.floats(0, 50), gaps, examples=10)

        assert "'forgotten'" in examined(leg, "property").note

    def test_gaps_of_a_rejected_configuration_are_no_loss(self, examined: Any) -> None:
        def gaps(x: float) -> Iterator[Gap]:
            yield at_most("x", x, 50, 0, "claimed")
            assume(x > 10)

        def leg(context: Context) -> Evidence:
            return search(context, st.floats(0, 50), gaps, examples=20)

        assert examined(leg, "property").verdict == "holds"

    def test_evidence_that_is_dropped_is_an_error(self, examined: Any) -> None:
        def leg(context: Context) -> Iterator[Any]:
            yield GOOD
            refuting(context)

        assert examined(leg, "property").verdict == "error"

    def test_the_gaps_of_evidence_alone_are_not_all_of_it(self, examined: Any) -> None:
        """What it required, and what it could not decide, would be lost."""

        def without(**lost: Any) -> Any:
            def leg(context: Context) -> Iterator[Any]:
                yield from Evidence(gaps=(GOOD,), cases=1, **lost).gaps

            return leg

        assert examined(without()).verdict == "holds"
        for lost in ({"required": ("far",)}, {"undecided": ("a",)}, {"vacuous": ("b",)}):
            assert examined(without(**lost)).verdict == "error"

    def test_choosing_and_changing_gaps_is_no_loss(self, examined: Any) -> None:
        def leg(context: Context) -> Iterator[Any]:
            candidates = [at_most(f"area {n}", n, 5, 0, "bound") for n in range(4)]
            yield max(candidates, key=lambda gap: gap.closeness or 0)
            others = [at_most(f"patch {n}", n, 5, 0, "bound") for n in range(4)]
            yield max(others, key=lambda gap: gap.closeness or 0)
            yield dataclasses.replace(equal("old", 1, 1, 0, "r"), name="new")
            found = Evidence(gaps=(GOOD,), cases=1)
            yield dataclasses.replace(found, cases=2)

        assert examined(leg).verdict == "holds"

    def test_a_failing_gap_outweighs_what_was_dropped(self, examined: Any) -> None:
        def leg(context: Context) -> Iterator[Any]:
            yield BAD
            equal("forgotten", 2, 1, 0, "whole numbers")

        record = examined(leg)
        assert record.verdict == "fails"
        assert any("forgotten" in remark for remark in record.remarks)

    def test_one_leg_does_not_answer_for_another(self, examined: Any) -> None:
        def bad(context: Context) -> Iterator[Any]:
            yield GOOD
            equal("forgotten", 2, 1, 0, "whole numbers")

        assert examined(bad).verdict == "error"
        assert examined(lambda context: [GOOD]).verdict == "holds"
        equal("outside of any leg", 2, 1, 0, "whole numbers")


class TestRequiredRegimes:
    """A regime counts for a gap when that gap was measured in it."""

    def test_of_evidence_by_hand(self, examined: Any) -> None:
        def leg(context: Context) -> Evidence:
            return Evidence(gaps=(GOOD,), cases=4, regimes={"near": 4})

        assert examined(leg, require=("near",)).verdict == "holds"
        record = examined(leg, require=("near", "far"))
        assert record.verdict == "vacuous"
        assert "far" in record.note

    def test_of_a_search_that_was_not_told(self, examined: Any) -> None:
        def leg(context: Context) -> Evidence:
            return search(
                context,
                st.floats(0, 2),
                lambda x: [at_most("x", x, 3, 0, "claimed")],
                examples=10,
                regimes_of=lambda x: ["large" if x > 10 else "small"],
            )

        assert examined(leg, "property", require="large").verdict == "vacuous"
        assert examined(leg, "property", require=["small"]).verdict == "holds"

    def test_a_search_goes_on_for_what_its_leg_requires(self, examined: Any) -> None:
        def leg(context: Context) -> Evidence:
            return search(
                context,
                st.integers(0, 30),
                lambda n: [at_most("n", n, 30, 0, "claimed")],
                examples=8,
                regimes_of=lambda n: ["rare"] if n % 8 == 7 else [],
            )

        assert all(
            examined(leg, "property", seed=seed, require="rare").verdict == "holds"
            for seed in range(10)
        )

    @staticmethod
    def cases(*names: str) -> Any:
        """A leg that measures `both` near and far, and the named gaps near only."""

        def leg(context: Context) -> Iterator[Any]:
            for regime in ("near", "far", "near", "far"):
                yield Case((regime,))
                yield equal("both", 1, 1, 0, "r")
                for name in names if regime == "near" else ():
                    yield equal(name, 1, 1, 0, "r")

        return leg

    def test_every_gap(self, examined: Any) -> None:
        assert examined(self.cases(), require=("near", "far")).verdict == "holds"
        record = examined(self.cases("loss"), require=("near", "far"))
        assert record.verdict == "vacuous"
        assert record.note == "no case in: far for loss"

    def test_a_mapping_says_which_gaps_a_regime_is_about(self, examined: Any) -> None:
        only = {"near": "*", "far": "both"}
        assert examined(self.cases("loss"), require=only).verdict == "holds"
        missing = {"near": ("loss", "rate*")}
        assert examined(self.cases("loss"), require=missing).note == "no case in: near for rate*"
        elsewhere = {"near": "*", "far": "*"}
        assert examined(self.cases("loss"), require=elsewhere).verdict == "holds"

    def test_a_gap_that_is_measured_once_is_asked_for_elsewhere(self, examined: Any) -> None:
        def leg(context: Context) -> Iterator[Any]:
            for regime, names in (("near", ("x", "loss")), ("far", ("x",))):
                yield Case((regime,))
                for name in names:
                    yield equal(name, 1, 1, 0, "r")

        assert examined(leg, require=("near", "far")).note == "no case in: far for loss"

    @pytest.mark.parametrize(
        "names",
        [
            ("loss, near", "loss, far"),
            ("loss, P = 64, γ = 0.5", "loss, P = 8, γ = 0.25"),
            ("κ=(0.9, 0.3) z=0.5,1.5: loss", "κ=(1, 0.2) z=1: loss"),
            ("loss at P = 1e10", "loss at P = 1e+100"),
            ("a wide one: loss", "a narrow one: loss"),
        ],
    )
    def test_numbers_regimes_and_labels_tell_cases_apart_and_not_gaps(
        self, examined: Any, names: tuple[str, str]
    ) -> None:
        def leg(context: Context) -> Iterator[Any]:
            for name, regime in zip(names, ("near", "far"), strict=True):
                yield Case((regime,), label=name.partition(": ")[0] if "one: " in name else "")
                yield equal(name, 1, 1, 0, "r")

        assert examined(leg, require=("near", "far")).verdict == "holds"
        assert (
            "for rate"
            in examined(
                lambda context: [*leg(context), equal("rate", 1, 1, 0, "r")],
                require=("near", "far"),
            ).note
        )

    def test_a_case_in_which_nothing_is_measured_counts_for_no_regime(self, examined: Any) -> None:
        def leg(context: Context) -> Iterator[Any]:
            yield Case(("far",))
            yield Case(("near",))
            yield GOOD

        assert examined(leg, require=("near", "far")).verdict == "vacuous"

    def test_requirements_of_leg_and_evidence_add_up(self, examined: Any) -> None:
        def leg(context: Context) -> Evidence:
            return Evidence(gaps=(GOOD,), cases=1, regimes={"near": 1}, required=("far",))

        assert examined(leg, require="near").verdict == "vacuous"

    def test_a_requirement_is_made_of_names(self) -> None:
        from refutable.evidence import requirement

        assert requirement("far") == requirement(["far"]) == {"far": ()}
        assert requirement({"far": "loss*"}) == {"far": ("loss*",)}
        for wrong in (5, [1], {"far": 5}):
            with pytest.raises(TypeError, match="must be texts"):
                requirement(wrong)  # type: ignore[arg-type]


class TestGeneratorsOfGaps:
    """Evidence takes generators in at once: what was read once is not lost."""

    @pytest.mark.parametrize("values", [(1, 2), (2, 1)])
    def test_the_false_one_is_not_lost(self, examined: Any, values: tuple[int, ...]) -> None:
        def leg(context: Context) -> Evidence:
            gaps = (equal("n", n, 1, 0, "whole numbers") for n in values)
            return Evidence(gaps=gaps, cases=2)  # type: ignore[arg-type]

        assert examined(leg).verdict == "fails"

    def test_a_true_one_is_stored(self, examined: Any) -> None:
        def leg(context: Context) -> Evidence:
            return Evidence(gaps=(g for g in [GOOD]), cases=1)  # type: ignore[arg-type]

        assert [gap.name for gap in examined(leg).gaps] == ["one"]

    def test_a_search_takes_generators_and_undecided_steps(self, examined: Any) -> None:
        def gaps(n: int) -> Iterator[Any]:
            yield at_most("n", n, 9, 0, "claimed")
            if n > 5:
                yield Undecided("solver", "gave up")

        def leg(context: Context) -> Evidence:
            return search(context, st.integers(0, 9), gaps, examples=20)

        record = examined(leg, "property")
        assert record.verdict == "undecided"
        assert record.note.startswith("solver: gave up (in ")

    @pytest.mark.parametrize("wrong", [None, 5, [None], ["text"]])
    def test_a_search_measures_gaps_and_nothing_else(self, examined: Any, wrong: Any) -> None:
        def leg(context: Context) -> Evidence:
            return search(context, st.integers(), lambda n: wrong, examples=5)

        assert examined(leg, "property").verdict == "error"


class TestWhatFails:
    """A gap that fails is handed over, or the leg says why not; looking at it is not enough."""

    def test_one_that_was_passed_over_is_an_error(self, examined: Any) -> None:
        def leg(context: Context) -> Iterator[Gap]:
            for n in range(5):
                gap = at_most("n", n, 3)
                if gap.holds:
                    yield gap

        record = examined(leg)
        assert record.verdict == "error"
        assert "the gap 'n' was made, and fails, and was not handed over" in record.note

    def test_one_that_was_replaced_by_another_is_an_error(self, examined: Any) -> None:
        def leg(context: Context) -> Iterator[Gap]:
            gap = at_most("n", 5, 3)
            yield gap if gap.holds else at_most("n", 3, 3)

        assert examined(leg).verdict == "error"

    def test_one_that_is_handed_over_under_another_name_fails(self, examined: Any) -> None:
        def leg(context: Context) -> Iterator[Gap]:
            yield dataclasses.replace(at_most("n", 5, 3), name="m")

        assert examined(leg).verdict == "fails"

    def test_a_configuration_cannot_be_rejected_because_its_gap_fails(self, examined: Any) -> None:
        def gaps(n: int) -> Iterator[Gap]:
            gap = at_most("n", n, 5)
            assume(gap.holds)
            yield gap

        def leg(context: Context) -> Evidence:
            return search(context, st.integers(0, 100), gaps, examples=100)

        assert examined(leg, "property").verdict == "error"

    def test_bounds_that_one_configuration_does_not_reach_are_no_failures(
        self, examined: Any
    ) -> None:
        def leg(context: Context) -> Evidence:
            return search(context, st.integers(0, 3), lambda n: [tight("n", n, 3)], examples=30)

        assert examined(leg, "property").verdict == "holds"


def test_a_search_says_when_it_rejects_more_than_it_measures(examined: Any) -> None:
    def among(most: int) -> Any:
        def gaps(n: int) -> Iterator[Gap]:
            assume(n <= most)
            yield at_most("n", n, 100)

        return examined(
            lambda context: search(context, st.integers(0, 100), gaps, examples=60), "property"
        )

    few, many = among(20), among(90)
    assert few.verdict == many.verdict == "holds"
    assert any("configurations were rejected, and" in text for text in few.remarks)
    assert not many.remarks


def test_a_configuration_counts_once_whatever_gaps_of_one_name_it_gives() -> None:
    found = search(
        Context("quick", 0, 0),
        st.integers(1, 50),
        lambda n: [at_most("n", n, 50), at_most("n", n, 51)],
        examples=20,
        regimes_of=lambda n: ["even" if n % 2 == 0 else "odd"],
    )
    tally = found.tally["n"]
    assert tally.cases == found.cases
    assert tally.regimes == found.regimes
    assert tally.instances == 2 * found.cases


def test_what_is_drawn_at_a_configuration_is_the_same_when_it_is_tried_again() -> None:
    def drawn() -> dict[int, float]:
        found: dict[int, float] = {}

        def gaps(n: int) -> list[Gap]:
            value = float(np.random.normal())
            assert found.setdefault(n, value) == value
            return [at_most("n", n, 50)]

        search(Context("quick", 0, 0), st.integers(1, 50), gaps, examples=20)
        return found

    first = drawn()
    assert len(set(first.values())) == len(first) > 5
    np.random.normal(size=3)  # whatever the generator did in between
    assert drawn() == first
