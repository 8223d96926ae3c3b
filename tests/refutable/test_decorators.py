"""The short form of a claim says what the long form says, and refuses what says too little."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

import refutable
from refutable import at_most, equal, for_all, leg, tight
from refutable.check import check_leg
from refutable.claim import Claim, Context, Kind, Provenance, Verdict
from refutable.decorators import claim
from refutable.records.contents import place_of


def verdict(stated: Claim, kind: str = "property") -> Any:
    return check_leg(stated, Kind(kind), "quick", 0)


def halves(x: float, share: float) -> float:
    return x * share


@claim("short.half", r"xs \le x/2", source="Nobody (2001), Lemma 1", assumptions=("x ≥ 0",))
@for_all(x=st.floats(0, 100), share=st.floats(0, 0.5))
def half(x: float, share: float) -> Any:
    """A share of at most a half leaves at most a half.

    More to say about it.
    """
    return at_most("part", halves(x, share), x / 2)


half.mistake(halves, "all of it", lambda f: lambda x, share: x)


class TestFunction:
    """One function is a claim with one leg."""

    def test_what_a_reader_guesses_is_filled_in(self) -> None:
        assert (half.id, half.title) == (
            "short.half",
            "A share of at most a half leaves at most a half",
        )
        assert half.provenance is Provenance.STATED
        assert half.paper == "Nobody (2001), Lemma 1"
        assert half.kinds == (Kind.PROPERTY,)
        assert half.chapter.startswith("The short form")
        file, line = place_of(half)
        assert file.name == Path(__file__).name
        assert "short.half" in Path(__file__).read_text("utf-8").splitlines()[line - 1]

    def test_it_holds(self) -> None:
        found = verdict(half)
        assert (found.verdict, found.cases) == (Verdict.HOLDS, 100)

    def test_a_witness_prints_the_names_of_the_parameters(self) -> None:
        @claim("short.bold", "xs ≤ x/3")
        @for_all(st.floats(0, 100), st.floats(0, 0.5))
        def bold(x: float, share: float) -> Any:
            """A third is enough."""
            yield at_most("part", halves(x, share), x / 3)

        found = verdict(bold)
        assert found.verdict is Verdict.FAILS
        assert found.witness is not None
        assert set(found.witness["configuration"]) == {"x", "share"}
        assert bold.provenance is Provenance.DERIVED

    def test_legs_and_mistakes_are_added_as_to_any_claim(self) -> None:
        stated = claim("short.more", "1 = 1", title="One is one")(leg("exact")(lambda: []))

        @stated.leg("property")
        @for_all(n=st.integers(0, 9))
        def numbers(n: int) -> Any:
            yield equal("n", n, n)

        assert stated.kinds == (Kind.EXACT, Kind.PROPERTY)
        assert verdict(stated).verdict is Verdict.HOLDS

    def test_the_context_is_given_to_who_asks(self) -> None:
        @claim("short.context", "≤")
        @for_all(n=st.integers(0, 9))
        def asks(n: int, context: Context) -> Any:
            """It is told its profile."""
            yield equal(context.profile, n, n)

        assert verdict(asks).gaps[0].name == "quick"

    def test_examples_go_by_profile(self) -> None:
        expected: dict[Any, int] = {7: 7, ("quick", 8): 8, ("full", 8): 100}
        for case, number in expected.items():
            given: Any = case if isinstance(case, int) else dict([case])

            @claim("short.number", "≤")
            @for_all(n=st.integers(0, 10**6), examples=given)
            def counted(n: int) -> Any:
                """Counted."""
                yield equal("n", n, n)

            assert verdict(counted).cases == number


class TestRegimes:
    """A regime that is named must be met."""

    def test_each_is_required(self) -> None:
        def stated(top: float) -> Claim:
            @claim("short.regimes", "≤")
            @for_all(
                x=st.floats(0, top), y=st.booleans(), regimes={"far": lambda x: x > 5, "y": bool_of}
            )
            def both(x: float, y: bool) -> Any:
                """Far and near."""
                yield at_most("x", x, top)

            return both

        def bool_of(y: bool) -> bool:
            return y

        assert verdict(stated(10)).verdict is Verdict.HOLDS
        assert verdict(stated(10)).regimes.keys() == {"far", "y"}
        found = verdict(stated(4))
        assert (found.verdict, found.note) == (Verdict.VACUOUS, "no case in: far")

    def test_one_that_asks_for_what_is_not_drawn_is_refused(self) -> None:
        with pytest.raises(TypeError, match="asks for z"):
            for_all(x=st.integers(), regimes={"far": lambda z: z})(lambda x: None)


class TestClass:
    """A class has a leg for each method that is named after a kind."""

    def stated(self) -> Claim:
        @claim("short.class", "1 + … = n²", title="Odd numbers sum to squares")
        class Odd:
            """Sums of odd numbers."""

            top = 20

            @leg(scope="n ≤ 20")
            def exact(self) -> Any:
                for n in range(1, self.top):
                    yield equal("sum", sum(range(1, 2 * n, 2)), n * n)

            @for_all(n=st.integers(1, 99))
            def property(self, n: int) -> Any:
                yield at_most("sum", sum(range(1, 2 * n, 2)), n * n)

            @staticmethod
            def trained(context: Context) -> Any:
                yield equal(context.profile, 1, 1)

            def helper(self) -> None:
                """Not a leg."""

        assert isinstance(Odd, Claim)
        return Odd

    def test_its_legs(self) -> None:
        stated = self.stated()
        assert stated.kinds == (Kind.EXACT, Kind.PROPERTY, Kind.TRAINED)
        assert {kind: verdict(stated, kind).verdict for kind in stated.kinds} == dict.fromkeys(
            stated.kinds, Verdict.HOLDS
        )
        assert verdict(stated, "exact").grade.value == "proved"
        assert stated.legs[Kind.EXACT].scope == "n ≤ 20"


class TestRefused:
    """What says too little is refused where it stands."""

    def test_without_a_kind(self) -> None:
        with pytest.raises(ValueError, match="which kind of leg"):
            claim("short.none", "≤", title="t")(lambda context: [])

    def test_a_class_without_legs(self) -> None:
        with pytest.raises(ValueError, match="has no leg"):
            claim("short.none", "≤", title="t")(type("Empty", (), {}))

    @pytest.mark.parametrize("decorated", [leg("exact")(lambda: []), type("Bare", (), {})])
    def test_without_a_title(self, decorated: Any) -> None:
        with pytest.raises(ValueError, match="give a title"):
            claim("short.none", "≤")(decorated)

    @pytest.mark.parametrize(
        ("given", "named"), [((), {}), ((st.integers(),), {"n": st.integers()}), ((), {"m": 1})]
    )
    def test_strategies_that_do_not_fit(self, given: Any, named: Any) -> None:
        with pytest.raises(TypeError, match="takes n"):
            for_all(*given, **named)(lambda n: None)

    def test_a_check_that_returns_nothing(self) -> None:
        @claim("short.silent", "≤", title="t")
        @for_all(n=st.integers())
        def silent(n: int) -> None:
            at_most("n", n, n)

        found = verdict(silent)
        assert found.verdict is Verdict.ERROR
        assert "`return` is missing" in (found.note or "")


class TestTight:
    """A bound that is attained: kept by all, and reached."""

    @pytest.mark.parametrize(
        ("measured", "holds", "short", "closeness"),
        [
            (1, True, False, 0.0),
            (0.9375, True, False, 0.5),
            (0.75, False, True, 2.0),
            (1.0625, True, False, 0.25),
            (1.5, False, False, 2.0),
        ],
    )
    def test_one_number(self, measured: float, holds: bool, short: bool, closeness: float) -> None:
        gap = tight("t", measured, 1, 0.125, "reached", rounding=0.25)
        assert (gap.holds, gap.is_short, gap.closeness) == (holds, short, closeness)

    def test_nothing_is_allowed_above_unless_said(self) -> None:
        assert not tight("t", 1 + 1e-15, 1, 0.5, "reached").holds
        assert tight("t", 1, 1).holds
        with pytest.raises(ValueError, match="needs a reason"):
            tight("t", 1, 1, rounding=0.1)
        with pytest.raises(ValueError, match="rounding is for tight bounds"):
            at_most("t", 1, 1, 0, "r", rounding=0.1)

    def test_a_search_has_to_reach_it_once(self) -> None:
        def stated(bound: float) -> Claim:
            @claim("short.tight", "≤")
            @for_all(x=st.integers(0, 10))
            def bounded(x: int) -> Any:
                """At most ten."""
                yield tight("x", x, bound)

            return bounded

        found = verdict(stated(10))
        assert (found.verdict, found.gaps[0].closeness) == (Verdict.HOLDS, 0.0)
        above = verdict(stated(9))
        assert above.verdict is Verdict.FAILS
        assert above.witness == {"configuration": {"x": 10}}
        short = verdict(stated(20))
        assert short.verdict is Verdict.FAILS
        assert short.gaps[0].measured == 10
        assert "by none of 11 configurations" in str(short.witness)
        assert short.gaps[0].said == "x: measured 10, at most 20 and within 0 of it was claimed"

    def test_its_record_is_judged_again_as_it_was(self) -> None:
        from refutable.judgement import contradiction

        @claim("short.rounded", "≤")
        @leg("exact")
        def rounded() -> Any:
            """A rounding above."""
            yield tight("x", 1 + 1e-9, 1, 1e-6, "a solver's digits", rounding=1e-8)

        found = verdict(rounded, "exact")
        assert found.verdict is Verdict.HOLDS
        assert found.gaps[0].rounding == 1e-8
        assert contradiction(found) is None


def test_a_tolerance_of_0_needs_no_reason_and_any_other_does() -> None:
    assert at_most("x", 1, 2).holds
    for relation in (equal, at_most, refutable.at_least):
        with pytest.raises(ValueError, match="a tolerance needs a reason"):
            relation("x", 1, 1, 0.1)


def test_the_decorator_is_public_whatever_was_loaded_before() -> None:
    """A module of the tool has the same name, which Python puts in the decorator's place."""
    code = (
        "import sys; {}; from refutable import claim, leg; "
        "made = claim('a.b', 's', title='t')(leg('exact')(lambda: [])); "
        "assert type(made).__name__ == 'Claim'; from refutable.claim import Claim; "
        "import refutable.claim as module; assert module.Claim is Claim"
    )
    import subprocess

    for before in ("pass", "import refutable.claim", "import refutable.decorators"):
        subprocess.run([sys.executable, "-c", code.format(before)], check=True, timeout=60)


def test_gaps_beside_a_counterexample_are_not_lost() -> None:
    @claim("short.several", "≤", title="t")
    @for_all(n=st.integers(0, 9))
    def several(n: int) -> Any:
        yield at_most("n", n, 3)
        yield at_most("twice", 2 * n, 20)

    found = verdict(several)
    assert (found.verdict, found.remarks) == (Verdict.FAILS, ())
