"""The checker says no when it should: verdicts, vacuity, errors, seeds, resume, blocked claims."""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import strategies as st

from refutable import check, gap, run, scaling
from refutable.catalogue import Catalogue, load
from refutable.claim import (
    Case,
    Claim,
    Context,
    Evidence,
    Kind,
    Profile,
    Provenance,
    Undecided,
    Vacuous,
    Verdict,
    derive_seed,
    evidence_of,
)
from refutable.errors import MissingPackageError, UsageError, needed
from refutable.gap import Gap
from refutable.property import search
from refutable.records.results import LegRecord, Results
from refutable.reuse import shared
from refutable.selftest import planted

CONTEXT = Context("quick", 0, 1)
GOOD = gap.equal("one", 1.0, 1.0, 1e-9, "float error")
BAD = gap.equal("one", 1.0, 2.0, 1e-9, "float error")


def verdict_of(*items: object) -> Verdict:
    return check.judge(evidence_of(iter(items)))[0]  # type: ignore[arg-type]


class TestGap:
    """A gap cannot be satisfied by accident."""

    def test_nan_never_holds(self) -> None:
        for make in (gap.equal, gap.at_most, gap.at_least):
            assert not make("nan", math.nan, 0.0, 1.0, "any").holds

    def test_one_sided_relations_have_a_side(self) -> None:
        assert gap.at_most("x", 1.0, 2.0, 0, "bound").holds
        assert not gap.at_least("x", 1.0, 2.0, 0, "bound").holds

    def test_a_tolerance_needs_a_reason_and_a_bound(self) -> None:
        with pytest.raises(ValueError, match="reason"):
            gap.equal("x", 1, 1, 0.1, " ")
        with pytest.raises(ValueError, match="finite"):
            gap.equal("x", 1, 1, math.inf, "never fails")

    def test_closeness_is_one_on_the_edge(self) -> None:
        assert gap.equal("x", 1.5, 1.0, 0.5, "r").closeness == 1
        assert gap.at_most("x", 2.0, 1.5, 0.5, "r").closeness == 1
        assert gap.at_least("x", 2.0, 2.0, 0.0, "r").closeness == 1
        assert gap.at_most("x", -2.0, -2.0, 0.0, "r").closeness == 1


class TestVerdict:
    """Only evidence makes a claim hold."""

    def test_the_four_ways(self) -> None:
        assert verdict_of(GOOD) is Verdict.HOLDS
        assert verdict_of(GOOD, BAD) is Verdict.FAILS
        assert verdict_of(GOOD, Undecided("x", "gave up")) is Verdict.UNDECIDED
        assert verdict_of() is Verdict.VACUOUS

    def test_failing_beats_undecided(self) -> None:
        assert verdict_of(BAD, Undecided("x", "gave up")) is Verdict.FAILS

    def test_cases_without_gaps_are_vacuous(self) -> None:
        assert verdict_of(Case(("a",))) is Verdict.VACUOUS

    def test_an_unreached_regime_is_vacuous(self) -> None:
        found = evidence_of([Case(("a",)), GOOD], required=("a", "b"))
        assert check.judge(found) == (Verdict.VACUOUS, "no case in: b")

    def test_an_exception_is_an_error_with_its_text(self) -> None:
        claim = a_claim("broken")

        @claim.leg("exact")
        def breaks(context: Context) -> Evidence:
            raise ZeroDivisionError("in the leg")

        leg = check.check_leg(claim, Kind.EXACT, "quick", 0)
        assert leg.verdict is Verdict.ERROR
        assert leg.note == "ZeroDivisionError: in the leg"

    def test_a_claim_is_as_bad_as_its_worst_leg(self) -> None:
        claim = a_claim("c")
        legs = [
            LegRecord(kind=kind, grade=kind.grade, verdict=verdict)
            for kind, verdict in ((Kind.EXACT, Verdict.HOLDS), (Kind.SMT, Verdict.NOT_RUN))
        ]
        assert check.claim_record(claim, legs, ()).verdict is Verdict.HOLDS
        assert check.claim_record(claim, legs[1:], ()).verdict is Verdict.NOT_RUN
        worse = (Verdict.UNDECIDED, Verdict.VACUOUS, Verdict.ERROR, Verdict.FAILS)
        others = (Kind.SYMBOLIC, Kind.PROPERTY, Kind.TRAINED, Kind.SCALING)
        for kind, verdict in zip(others, worse, strict=True):
            legs.append(LegRecord(kind=kind, grade=kind.grade, verdict=verdict))
            assert check.claim_record(claim, legs, ()).verdict is verdict


def a_claim(id: str, **rest: object) -> Claim:
    return Claim(
        id=id,
        title=id,
        statement=id,
        provenance=Provenance.DERIVED,
        **rest,  # type: ignore[arg-type]
    )


class TestSearch:
    """Hypothesis finds, shrinks and reports a counterexample; nothing valid is thrown away."""

    def test_finds_and_shrinks(self) -> None:
        found = search(
            CONTEXT,
            st.integers(0, 10_000),
            lambda n: [gap.at_most("n", n, 100, 0, "planted")],
            examples=200,
        )
        assert check.judge(found)[0] is Verdict.FAILS
        assert found.witness == {"configuration": 101, "parameter": "n"}

    def test_counts_every_example_and_regime(self) -> None:
        found = search(
            CONTEXT,
            st.integers(0, 9),
            lambda n: [gap.at_most("n", n, 9, 0, "range")],
            examples=50,
            regimes_of=lambda n: ["even" if n % 2 == 0 else "odd"],
            require=("even", "odd", "negative"),
        )
        assert found.cases == sum(found.regimes.values()) > 5
        assert check.judge(found)[0] is Verdict.VACUOUS
        assert found.gaps[0].measured == 9  # the closest to failing is kept

    def test_goes_on_while_a_required_regime_has_no_case(self) -> None:
        def reached(seed: int) -> bool:
            found = search(
                Context("quick", 0, seed),
                st.integers(0, 15),
                lambda n: [gap.at_most("n", n, 15, 0, "range")],
                examples=4,
                regimes_of=lambda n: ["seven"] if n == 7 else [],
                require=("seven",),
            )
            return check.judge(found)[0] is Verdict.HOLDS

        assert sum(reached(seed) for seed in range(20)) > 10  # 4 examples alone: some 5 of 20

    def test_different_claims_draw_different_inputs(self) -> None:
        def drawn(seed: int) -> list[int]:
            numbers: list[int] = []

            def keep(drawn: int) -> list[Gap]:
                numbers.append(drawn)
                return [GOOD]

            context = Context("quick", 0, seed)
            search(context, st.integers(), keep, examples=20)
            return numbers

        one, other = derive_seed(0, "a", "property"), derive_seed(0, "b", "property")
        assert drawn(one) == drawn(one)
        assert drawn(one) != drawn(other)

    def test_draws_do_not_depend_on_the_modules_loaded(self, tmp_path: Path) -> None:
        def drawn() -> list[int]:
            numbers: list[int] = []

            def keep(drawn: int) -> list[Gap]:
                numbers.append(drawn)
                return [GOOD]

            search(CONTEXT, st.integers(), keep, examples=400)
            return numbers

        before = drawn()
        file = tmp_path / "full_of_literals.py"
        file.write_text(f"NUMBERS = {list(range(10**9, 10**9 + 500))}\nCLAIMS = ()\n")
        load([str(file)])
        assert drawn() == before


class TestScaling:
    """A fitted power rejects an exponent that is wrong by 0.02, and a fit that has not settled."""

    log_P = tuple(math.log(10) * e for e in range(20, 101, 10))

    def test_right_exponent_with_a_known_log_factor(self) -> None:
        log_y = [0.7 * x + 2 * math.log(x) for x in self.log_P]
        assert all(g.holds for g in scaling.power_law("y", self.log_P, log_y, 0.7, log_power=2))
        assert not all(g.holds for g in scaling.power_law("y", self.log_P, log_y, 0.7))

    def test_wrong_by_two_hundredths(self) -> None:
        log_y = [0.7 * x for x in self.log_P]
        for wrong in (0.68, 0.72):
            assert not all(g.holds for g in scaling.power_law("y", self.log_P, log_y, wrong))

    def test_a_bent_line_has_drift(self) -> None:
        log_y = [0.7 * x + 2e-4 * x**2 for x in self.log_P]
        gaps = {g.name: g for g in scaling.power_law("y", self.log_P, log_y, 0.7)}
        assert not gaps["y: drift"].holds


def test_a_planted_mistake_is_not_hidden_by_a_shared_run() -> None:
    from refutable.claim import Mistake

    @shared.run_once
    def run() -> float:
        return math.sqrt(4.0)

    assert run() == 2
    with planted.planted(Mistake("math.sqrt", "off by one", lambda f: lambda x: f(x) + 1)):
        assert run() == 3
    assert run() == 2


def test_deprecated_names_of_libraries_are_not_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library warns when a name is asked for its class; the search for a target must not."""

    class Deprecated:
        @property  # type: ignore[misc]
        def __class__(self) -> type:
            raise FutureWarning("deprecated")

    monkeypatch.setitem(vars(math), "old_name", Deprecated())
    assert (planted, "places_of") in list(planted.places_of(planted.places_of))


CLAIMS_FILE = '''
"""A file of claims."""
from collections.abc import Callable, Iterator
from pathlib import Path
from refutable import gap
from refutable.claim import Claim, Provenance

def claim(id, value, **rest):
    made = Claim(id=id, title=id, statement=id, provenance=Provenance.DERIVED, **rest)
    @made.leg("exact")
    def leg(context):
        with (Path(__file__).parent / "runs").open("a") as log:
            log.write(id + "\\n")
        yield gap.equal("value", value, 1.0, 0.1, "planted")
        yield gap.equal("chance", context.rng().random(), 0.5, 0.5, "uniform")
    @made.leg("property", profile="full")
    def slow(context):
        yield gap.equal("value", value, 1.0, 0.1, "planted")
    return made

CLAIMS = (claim("a", 1.0), claim("b", 2.0, rests_on=("a",)), claim("c", 1.0, rests_on=("b",)))
'''


@pytest.fixture
def source(tmp_path: Path) -> str:
    file = tmp_path / f"claims_of_{tmp_path.name}.py"
    file.write_text(CLAIMS_FILE)
    return str(file)


def timeless(results: Results) -> dict[str, object]:
    data = results.model_dump(mode="json", exclude={"run"})
    for claim in data["claims"]:
        for leg in claim["legs"]:
            leg |= {"seconds": 0, "started": 0, "worker": 0}
    return data


class TestVerify:
    """A whole run: verdicts, what blocks what, resume, and independence of the workers."""

    def test_verdicts_and_blocked_claims(self, source: str) -> None:
        results = run.verify(sources=[source])
        found = {claim.id: (claim.verdict, claim.blocked_by) for claim in results.claims}
        assert found == {
            "a": (Verdict.HOLDS, ()),
            "b": (Verdict.FAILS, ()),
            "c": (Verdict.HOLDS, ("b",)),
        }
        left_out = results.claims[0].legs[1]
        assert left_out.verdict is Verdict.NOT_RUN
        assert left_out.not_run_reason == "needs profile full, ran quick"
        assert results.totals.verdicts[Verdict.FAILS] == 1

    def test_a_failure_reaches_all_that_rests_on_it_through_what_holds(self, source: str) -> None:
        text = Path(source).read_text(encoding="utf-8")
        Path(source).write_text(text + 'CLAIMS += (claim("d", 1.0, rests_on=("c",)),)\n')
        found = {claim.id: claim for claim in run.verify(sources=[source]).claims}
        assert (found["d"].verdict, found["d"].blocked_by) == (Verdict.HOLDS, ("b",))

    def test_same_seed_same_results_whatever_the_workers(self, source: str) -> None:
        one = run.verify(sources=[source], seed=3)
        assert timeless(run.verify(sources=[source], seed=3, workers=2)) == timeless(one)
        assert timeless(run.verify(sources=[source], seed=4)) != timeless(one)

    def test_selection_does_not_change_a_result(self, source: str) -> None:
        alone = run.verify(["c"], sources=[source]).claims[0]
        among = run.verify(sources=[source]).claims[2]
        assert alone.legs[0].gaps == among.legs[0].gaps

    def test_a_finished_leg_is_not_run_again(self, source: str, tmp_path: Path) -> None:
        log = tmp_path / "runs"
        run.verify(["a"], sources=[source], out=tmp_path / "out")
        run.verify(sources=[source], out=tmp_path / "out")
        assert sorted(log.read_text().split()) == ["a", "b", "c"]
        run.verify(sources=[source], out=tmp_path / "out", seed=1)  # another seed is another run
        assert len(log.read_text().split()) == 6

    def test_a_line_cut_off_by_a_crash_is_run_again(self, source: str, tmp_path: Path) -> None:
        out = tmp_path / "out"
        run.verify(sources=[source], out=out)
        journal = out / "results.jsonl"
        journal.write_text(journal.read_text()[:-30])
        results = run.verify(sources=[source], out=out)
        assert len(results.claims) == 3
        lines = journal.read_text().splitlines()
        assert sum(_is_json(line) for line in lines) == 3

    def test_results_round_trip(self, source: str, tmp_path: Path) -> None:
        results = run.verify(sources=[source])
        results.write(tmp_path / "results.json")
        assert Results.read(tmp_path / "results.json") == results
        frame = results.frame()
        assert list(frame["claim"].unique()) == ["a", "b", "c"]
        assert len(frame) == 9  # two gaps and one leg that did not run, for each claim

    def test_another_schema_version_is_refused(self, source: str, tmp_path: Path) -> None:
        path = tmp_path / "results.json"
        run.verify(sources=[source]).write(path)
        path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 2'))
        with pytest.raises(UsageError, match="schema version 2"):
            Results.read(path)


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


class TestCatalogue:
    """Contradictions in a catalogue are refused; selections say what they did not find."""

    def with_leg(self, id: str, **rest: object) -> Claim:
        claim = a_claim(id, **rest)
        claim.leg("exact")(lambda context: [GOOD])
        return claim

    def test_refusals(self) -> None:
        with pytest.raises(UsageError, match="two claims"):
            Catalogue([self.with_leg("a"), self.with_leg("a")])
        with pytest.raises(UsageError, match="no leg"):
            Catalogue([a_claim("a")])
        with pytest.raises(UsageError, match="Did you mean alpha"):
            Catalogue([self.with_leg("alpha"), self.with_leg("b", rests_on=("alpah",))])
        with pytest.raises(UsageError, match="refutes the first form of 'alpah'"):
            Catalogue([self.with_leg("alpha"), self.with_leg("b", original_of="alpah")])
        circle = [self.with_leg("a", rests_on=("b",)), self.with_leg("b", rests_on=("a",))]
        with pytest.raises(UsageError, match="circle"):
            Catalogue(circle)

    def test_only_the_source_has_paper_numbers(self) -> None:
        with pytest.raises(ValueError, match="paper number"):
            a_claim("a", paper="Theorem 1")

    def test_selection(self, source: str) -> None:
        catalogue = load([source])
        assert [claim.id for claim, _ in catalogue.select(["[ab]"])] == ["a", "b"]
        assert all(kinds == (Kind.EXACT,) for _, kinds in catalogue.select(["kind:exact"]))
        with pytest.raises(UsageError, match="Did you mean exact"):
            catalogue.select(["kind:exakt"])
        with pytest.raises(UsageError, match="no claim matches 'zzz'"):
            catalogue.select(["zzz"])
        with pytest.raises(UsageError, match="matches no claim"):
            catalogue.select(["provenance:stated"])


def test_what_was_shown_of_nothing_is_vacuous() -> None:
    """Even beside gaps that hold: a proof from impossible assumptions proves nothing."""
    found = evidence_of([Vacuous("interval", "nothing is above 2 and below 1"), GOOD])
    verdict, note = check.judge(found)
    assert verdict is Verdict.VACUOUS
    assert note == "interval: nothing is above 2 and below 1"


def test_a_missing_package_is_named_and_a_broken_one_is_not_taken_for_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MissingPackageError, match=r"^nowhere-solver is not installed, and smt"):
        needed("nowhere_solver", "nowhere-solver", "smt")
    (tmp_path / "broken_solver.py").write_text("import nowhere_solver\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError) as broken:
        needed("broken_solver", "broken-solver", "smt")
    assert not isinstance(broken.value, MissingPackageError)


def test_a_leg_without_its_package_is_remarked_beside_the_legs_that_hold(
    examined: Callable[..., LegRecord],
) -> None:
    """Else a claim whose proof never ran would pass under --strict."""

    def leg(context: Context) -> Iterator[Gap]:
        importlib.import_module("nowhere_solver")
        yield GOOD

    record = examined(leg)
    assert record.verdict is Verdict.NOT_RUN
    assert record.remarks == ("not run: nowhere_solver is not installed, and the leg needs it",)


CHANCE = """
import random
import numpy as np
from refutable import Claim, Provenance, equal

def claim(id):
    made = Claim(id=id, title=id, statement=id, provenance=Provenance.DERIVED)
    def leg(context):
        own, other, numpys = context.rng().random(), random.random(), np.random.rand()
        for name, draw in (("own", own), ("random", other), ("NumPy", numpys)):
            yield equal(name, draw, 0.5, 0.5, "uniform", false_alarm=1e-3)
    for kind in ("exact", "property"):
        made.leg(kind)(leg)
    return made

CLAIMS = [claim("a"), claim("b")]
"""


def test_legs_draw_from_seeds_of_their_own_and_their_chances_add_up(tmp_path: Path) -> None:
    """With one seed for all, two legs would be one piece of evidence; a run may be unlucky once."""
    file = tmp_path / f"chance_of_{tmp_path.name}.py"
    file.write_text(CHANCE, encoding="utf-8")
    results = run.verify(sources=[str(file)])
    drawn = [gap.measured for c in results.claims for leg in c.legs for gap in leg.gaps]
    assert len(drawn) == len(set(drawn)) == 12
    assert results.totals.false_alarm == pytest.approx(12e-3)


@pytest.mark.parametrize(("profile", "spent"), [("quick", 1), ("full", 20), ("deep", 300)])
def test_a_profile_spends_its_own_effort(profile: Profile, spent: int) -> None:
    assert Context(profile, 0, 1).at(quick=1, full=20, deep=300) == spent
    assert Context(profile, 0, 1).at(quick=1, full=20) == min(spent, 20)


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_that_no_file_can_hold_is_refused_before_anything_runs(
    seed: int, source: str
) -> None:
    with pytest.raises(UsageError, match="seed must be from 0 to 9223372036854775807"):
        run.verify(sources=[source], seed=seed)
    assert not (Path(source).parent / "runs").exists()


def test_a_claim_whose_table_cannot_be_computed_is_an_error() -> None:
    stated = Claim(id="a.b", title="a", statement="a", provenance=Provenance.DERIVED)
    kind = Kind.EXACT
    held = LegRecord(kind=kind, grade=kind.grade, verdict=Verdict.HOLDS)
    assert check.claim_record(stated, [held], []).verdict is Verdict.HOLDS
    broken = check.claim_record(stated, [held], [], broken_tables=["ValueError: no data"])
    assert broken.verdict is Verdict.ERROR
    assert broken.remarks == ("a table cannot be computed: ValueError: no data",)
