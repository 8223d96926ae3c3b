"""Code of a leg that changes the tool is not judged by the rules that it made."""

from __future__ import annotations

import builtins
import fractions
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from refutable import gap, judgement, ledger, number, run, sameness, seal
from refutable.claim import Context, Kind, Leg, Verdict
from refutable.gap import at_most
from refutable.judgement import contradiction, examine
from refutable.records.gap import GapRecord
from refutable.records.results import LegRecord

REBOUND: dict[str, tuple[Any, str, Any]] = {
    "refutable.gap.at_most": (gap, "at_most", lambda *_: gap.equal("one", 1, 1)),
    "refutable.gap.decided": (gap, "decided", lambda *_: (True, None)),
    "refutable.gap.number": (gap, "number", lambda *_: number.Number(0, 0)),
    "refutable.gap.Gap.fails": (gap.Gap, "fails", False),
    "refutable.gap.ASTRONOMICAL": (gap, "ASTRONOMICAL", 1e300),
    "refutable.sameness.compare": (
        sameness, "compare", lambda *_: sameness.Compared(True, "a", "a"),
    ),
    "refutable.judgement.judge": (judgement, "judge", lambda _: (Verdict.HOLDS, None)),
    "refutable.judgement.remarks_of": (judgement, "remarks_of", lambda *_: iter(())),
    "refutable.ledger.entered": (ledger, "entered", lambda _: ledger.NOTHING),
    "fractions.Fraction.__le__": (fractions.Fraction, "__le__", lambda *_: True),
    "json.loads": (json, "loads", lambda _: {}),
    "builtins.round": (builtins, "round", lambda *_: 0),
    "builtins.all": (builtins, "all", lambda _: True),
    "builtins.len": (builtins, "len", lambda _: 0),
    "builtins.map": (builtins, "map", lambda *_: ()),
}  # fmt: skip
"""What a leg rebinds, and to what."""


def judged(run: Callable[[], Any]) -> LegRecord:
    return examine(Leg(Kind.EXACT, lambda _: run(), "quick", {}), Context("quick", 0, 0))


@pytest.fixture(params=["anew", "before it was forked"])
def remembered(request: pytest.FixtureRequest) -> Iterator[None]:
    """What judges is remembered when a leg begins, or was so where its process was forked."""
    if request.param != "anew":
        seal.prepare()
    yield
    seal._prepared.clear()


@pytest.mark.usefixtures("remembered")
@pytest.mark.parametrize("name", REBOUND)
def test_a_leg_that_rebinds_what_judges_it_is_an_error(name: str) -> None:
    owner, attribute, value = REBOUND[name]
    with pytest.MonkeyPatch.context() as patch:

        def false() -> list[Any]:
            patch.setattr(owner, attribute, value)
            return [gap.at_most("two", 2, 1)]

        record = judged(false)
    assert record.verdict is Verdict.ERROR
    assert f"it rebound {name}, by which it is judged" in (record.note or "")


@pytest.mark.usefixtures("remembered")
def test_what_was_rebound_before_a_leg_began_is_not_its_doing() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gap, "ASTRONOMICAL", 1e200)
        assert judged(lambda: [at_most("one", 1, 2)]).verdict is Verdict.HOLDS


@pytest.mark.usefixtures("remembered")
def test_a_part_of_the_tool_that_was_imported_late_is_sealed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late = ModuleType("refutable.late")
    late.limit = 1  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "refutable.late", late)

    def false() -> list[Any]:
        late.limit = 2  # type: ignore[attr-defined]
        return [at_most("one", 1, 2)]

    record = judged(false)
    assert record.verdict is Verdict.ERROR
    assert "refutable.late.limit" in (record.note or "")


@pytest.mark.usefixtures("remembered")
@pytest.mark.parametrize("module", [gap, judgement, ledger])
def test_a_name_that_is_given_to_builtins_is_noticed(module: ModuleType) -> None:
    """Where its module no longer has it; there what it stood for is kept by another name."""
    name, value = list(vars(module).items())[-1]
    with pytest.MonkeyPatch.context() as patch:

        def false() -> list[Any]:
            patch.setattr(builtins, name, lambda *_: True, raising=False)
            patch.delattr(module, name)
            patch.setattr(module, "another", value, raising=False)
            return [at_most("one", 1, 2)]

        record = judged(false)
    assert record.verdict is Verdict.ERROR
    assert f"it rebound {module.__name__}.{name}" in (record.note or "")


@pytest.mark.usefixtures("remembered")
def test_a_function_whose_code_was_exchanged_is_noticed() -> None:
    code = judgement.judge.__code__

    def always(evidence: Any) -> tuple[Verdict, str | None]:
        return Verdict.HOLDS, None

    def false() -> list[Any]:
        judgement.judge.__code__ = always.__code__
        return [at_most("two", 2, 1)]

    try:
        record = judged(false)
    finally:
        judgement.judge.__code__ = code
    assert record.verdict is Verdict.ERROR
    assert "refutable.judgement.judge" in (record.note or "")


def test_a_patch_that_is_undone_before_the_leg_ends_is_its_own_affair() -> None:
    def true() -> list[Any]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(builtins, "round", lambda *_: 0)
        return [at_most("one", 1, 2)]

    assert judged(true).verdict is Verdict.HOLDS


FORGED = """
from refutable import Claim, Provenance, at_most, gap

CLAIMS = []


def leg(id):
    claim = Claim(id=id, title=id, statement=id, provenance=Provenance.DERIVED)
    CLAIMS.append(claim)
    return claim.leg("exact")


@leg("for-a-while")
def _():
    before = gap.decided
    gap.decided = lambda *_: (True, None)
    made = at_most("seven thirds", {side}, 1)
    gap.decided = before
    return [made]


@leg("by-hand")
def _():
    made = at_most("seven thirds", {side}, 1)
    made.__dict__["_holds"] = True
    return [made]
"""


@pytest.mark.parametrize("side", ["2", "2.5", "Fraction(7, 3)", "10 ** 400", "Fraction(1, 3) + 1"])
def test_gaps_that_say_of_themselves_that_they_hold_are_judged_again(
    side: str, tmp_path: Path
) -> None:
    file = tmp_path / "forged.py"
    file.write_text("from fractions import Fraction\n" + FORGED.replace("{side}", side), "utf-8")
    for claim in run.verify(sources=[str(file)]).claims:
        assert claim.verdict is Verdict.ERROR, claim.id
        assert "cannot be what it is said to be" in (claim.legs[0].note or "")


@pytest.mark.parametrize(
    "made",
    [
        at_most("long", 10**4000, 10**4000 + 1),
        at_most("fractions", fractions.Fraction(1, 3), fractions.Fraction(10**30 + 1, 3 * 10**30)),
        at_most("on the edge", 1, fractions.Fraction(2, 3), fractions.Fraction(1, 3), "of thirds"),
        at_most("beyond doubles", 10**400, 1, 10**401, "of as much"),
        gap.equal("near", 10**20, 10**20 + 1, 1, "one"),
        gap.tight("tight", 10**20, 10**20 + 1, 1, "one", rounding=fractions.Fraction(1, 3)),
    ],
    ids=lambda made: made.name,
)
def test_what_holds_exactly_does_not_contradict_what_is_stored_of_it(made: gap.Gap) -> None:
    assert made.holds
    record = LegRecord(
        kind=Kind.EXACT, grade=Kind.EXACT.grade, verdict=Verdict.HOLDS, cases=1,
        gaps=(GapRecord.of(made),),
    )  # fmt: skip
    assert contradiction(record) is None
