"""Judgement: from a leg to its verdict, and what a reader must know beside it."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from pathlib import Path
from typing import Any

from refutable import advice, failure, ledger
from refutable.claim import Context, Kind, Leg, Verdict
from refutable.errors import MissingPackageError
from refutable.evidence import Evidence, evidence_of
from refutable.gap import Gap, Relation, decided
from refutable.grading import earned
from refutable.ledger import Ledger
from refutable.number import Number
from refutable.plain import jsonable
from refutable.records.results import FailureRecord, GapRecord, LegRecord, SeriesRecord
from refutable.seal import sealed

NOT_A_FINDING = (
    DeprecationWarning,
    PendingDeprecationWarning,
    FutureWarning,
    ImportWarning,
    ResourceWarning,
    SyntaxWarning,
    EncodingWarning,
    BytesWarning,
)
"""Warnings about code rather than about what it computed."""
LISTED = 3
"""How many gaps a remark names."""


def judge(evidence: Evidence) -> tuple[Verdict, str | None]:
    """The verdict on a leg's evidence, and why when it is neither `holds` nor `fails`."""
    if any(gap.fails for gap in evidence.gaps):
        return Verdict.FAILS, None
    if evidence.vacuous:
        return Verdict.VACUOUS, "; ".join(evidence.vacuous)
    doubts = [f"{gap.name}: {gap.undecided}" for gap in evidence.gaps if gap.undecided is not None]
    if evidence.undecided or doubts:
        return Verdict.UNDECIDED, "; ".join([*evidence.undecided, *doubts])
    if not evidence.gaps or not evidence.cases:
        return Verdict.VACUOUS, "nothing met the assumptions"
    if evidence.unreached:
        return Verdict.VACUOUS, f"no case in: {', '.join(evidence.unreached)}"
    return Verdict.HOLDS, None


def examine(leg: Leg, context: Context, *, until_refuted: bool = False) -> LegRecord:
    """Run a leg and judge it. Whatever it raises is an `error`, never a pass.

    until_refuted: whether to stop at the first gap that fails, where only the verdict is wanted.
    """
    changed = sealed()
    try:
        record = _examined(leg, dataclasses.replace(context, required=leg.required), until_refuted)
    except BaseException as problem:  # the boundary: whatever a leg raises becomes its verdict
        record = broken(leg, problem)
    if (rebound := changed()) is not None:
        said = f"it rebound {rebound}, by which it is judged, and did not put it back"
        return error_record(leg.kind, {"type": "RuntimeError", "message": said})
    return record


def _examined(leg: Leg, context: Context, until_refuted: bool) -> LegRecord:
    """The record of a leg that ran to its end or refutation. Raises whatever the leg does."""
    said: list[Remark] = []
    with ledger.opened() as made, warned(said):
        evidence = evidence_of(leg.run(context), leg.required, until_refuted=until_refuted)
        verdict, note = judge(evidence)
        lost = dropped(made, evidence)
    if lost and verdict is not Verdict.FAILS:
        verdict, note = Verdict.ERROR, f"evidence was dropped: {lost[0]}"
    remarks = [*remarks_of(evidence, made), *said, *(Remark("dropped", text) for text in lost)]
    open_, expected = sorted_out(remarks, leg.expects, verdict)
    scope = evidence.scope or leg.scope_in(context.profile)
    grade, lacking = earned(leg.kind, evidence.gaps, scope, made.drawn_from)
    return LegRecord(
        kind=leg.kind,
        grade=grade,
        grade_reason=lacking,
        verdict=verdict,
        cases=evidence.cases,
        regimes=dict(evidence.regimes),
        gaps=tuple(_placed(GapRecord.of(gap), leg) for gap in evidence.gaps),
        series=tuple(SeriesRecord.of(gap.series) for gap in evidence.gaps if gap.series),
        witness=_witness(evidence) if verdict is Verdict.FAILS else None,
        spelled=evidence.spelled if verdict is Verdict.FAILS else None,
        nearest=jsonable(evidence.nearest) if verdict is Verdict.FAILS else None,
        advice=advice.of_gaps(evidence.gaps) if verdict is Verdict.FAILS else None,
        note=note,
        remarks=open_,
        expected=expected,
        scope=scope,
    )


def _placed(gap: GapRecord, leg: Leg) -> GapRecord:
    """A gap that fails with its place: the leg's, where it was made after the leg had returned."""
    place = failure.home(leg.run) if not gap.holds and gap.place is None else None
    if place is None:
        return gap
    file, line = place
    return gap.model_copy(update={"place": f"{failure.named(file)}:{line}"})


def broken(leg: Leg, problem: BaseException) -> LegRecord:
    """The record of a leg that raised, with the place and the configuration where it did.

    A leg that needs a package which is not installed was not run. The claim may hold by its other
    legs, so that this is remarked, and `--strict` does not let it pass.
    """
    missing = _missing(problem)
    if missing is not None:
        return LegRecord(
            kind=leg.kind,
            grade=leg.kind.grade,
            verdict=Verdict.NOT_RUN,
            not_run_reason=missing,
            remarks=(f"not run: {missing}",),
        )
    return error_record(leg.kind, failure.describe(problem, failure.home(leg.run)))


def error_record(kind: Kind, broke: Mapping[str, Any]) -> LegRecord:
    """The record of a leg that broke. broke: a failure, as `failure` describes one."""
    found = FailureRecord.model_validate(broke)
    note = f"{found.type}: {found.message}"
    return LegRecord(
        kind=kind,
        grade=kind.grade,
        verdict=Verdict.ERROR,
        note=note,
        failure=found,
        advice=advice.of_error(found.type, found.message),
    )


def _missing(problem: BaseException) -> str | None:
    """Which package a leg misses, if that is what stopped it."""
    if isinstance(problem, MissingPackageError):
        return str(problem)
    if isinstance(problem, ModuleNotFoundError) and problem.name:
        top = problem.name.partition(".")[0]
        if top not in sys.modules and importlib.util.find_spec(top) is None:
            return f"{top} is not installed, and the leg needs it"
    return None


def contradiction(leg: LegRecord) -> str | None:
    """What a record says that it cannot mean, such as one that was changed; None when nothing.

    Judges again what is stored of the gaps, as far as rounded numbers can tell.
    """
    for gap in leg.gaps:
        if _says(gap) not in (gap.holds, None):
            return f"gap {gap.name!r} cannot be what it is said to be"
    held = all(gap.holds for gap in leg.gaps)
    failed = any(not gap.holds and gap.undecided is None for gap in leg.gaps)
    if leg.verdict is Verdict.HOLDS and not (held and leg.gaps and leg.cases):
        return "it holds without evidence"
    if leg.verdict is Verdict.FAILS and not failed:
        return "it fails, and no gap does"
    if leg.verdict is not Verdict.FAILS and failed:
        return f"it is {leg.verdict.value}, and a gap fails"
    return None


def _says(gap: GapRecord) -> bool | None:
    """Whether a gap holds by what is stored of it; None when texts cannot tell."""
    if gap.relation is Relation.IDENTICAL:
        return None if gap.measured == gap.predicted or not gap.holds else False
    if {gap.measured, gap.predicted} & {"nan", "inf", "-inf"}:
        return False
    if gap.undecided is not None:
        return False
    left, right = _side(gap.measured), _side(gap.predicted)
    if left is None or right is None or gap.tolerance == sys.float_info.max:  # or more
        return None
    if not isinstance(gap.measured, str) and not isinstance(gap.predicted, str):
        return decided(left, right, gap.relation, gap.tolerance, gap.rounding)[0]
    answers = set()
    for nearly in (1 - Fraction(1, 2**52), 1 + Fraction(1, 2**52)):  # of what was rounded
        allowed = Fraction(gap.tolerance) * nearly, Fraction(gap.rounding) * nearly
        answers.add(decided(left, right, gap.relation, *allowed))
    answer, doubt = next(iter(answers))
    return answer if len(answers) == 1 and doubt is None else None


def _side(stored: float | str) -> Number | None:
    """A stored side as a number: a text, exactly or within its last digit. None for other texts."""
    if not isinstance(stored, str):
        return Number(stored, stored)
    try:
        value = Fraction(stored)
    except (ValueError, ZeroDivisionError):
        return None
    if not set(stored) & set(".eE"):
        return Number(value, value)
    width = abs(value) * Fraction(1, 10**15)
    return Number(value - width, value + width)


def _witness(evidence: Evidence) -> dict[str, object]:
    """What to look at: the leg's own witness, or that of the first gap that fails."""
    if evidence.witness is not None:
        return dict(jsonable(evidence.witness))
    gap = next(gap for gap in evidence.gaps if gap.fails)
    return {"gap": gap.name, **dict(jsonable(gap.witness or {}))}


def dropped(made: Ledger, evidence: Evidence) -> tuple[str, ...]:
    """What a leg made and did not hand over, in words; several of one name once."""
    lost = list(made.untaken.values())
    judged = {_content(gap) for gap in evidence.gaps}
    for other in made.evidence:
        if other is evidence:
            continue
        missing = [gap.name for gap in other.gaps if _content(gap) not in judged]
        missing += [x for x in other.undecided if x not in evidence.undecided]
        missing += [x for x in other.vacuous if x not in evidence.vacuous]
        missing += [f"the requirement {x}" for x in other.required if x not in evidence.required]
        if missing:
            lost.append(
                f"evidence was put together and not returned, with {missing[0]!r}: "
                "return it, or yield it"
            )
    if not any(gap.fails for gap in evidence.gaps):  # else others failed on the way to the witness
        lost += [
            f"the gap {gap.name!r} was made, and fails, and was not handed over: yield it"
            for gap in made.failing
            if _content(gap) not in judged and not gap.is_short
        ]
    return tuple(dict.fromkeys(lost))


def _content(gap: Gap) -> tuple[str, ...]:
    return (str(gap.measured), str(gap.predicted), gap.relation, str(gap.tolerance))


@dataclass(frozen=True)
class Remark:
    """Something to know beside a verdict. about: the gap, where it is about one."""

    text: str
    about: str = ""


NOTHING = "both sides are 0, or empty, each time"
STILL = "the measured value never moves"
SWALLOWED = "the tolerance exceeds both sides each time"
CHANCE = "draws at random and states no probability of a false alarm"


def remarks_of(evidence: Evidence, made: Ledger) -> Iterator[Remark]:
    """What the evidence itself gives reason to doubt."""
    for name, tally in evidence.tally.items():
        if tally.nothing:
            yield Remark(NOTHING, name)
        elif tally.still:
            yield Remark(STILL, name)
        elif tally.swallowed:
            yield Remark(SWALLOWED, name)
    for gap in evidence.gaps:
        for text in gap.remarks:
            yield Remark(text, gap.name)
    if made.drawn_from and evidence.gaps and all(gap.false_alarm is None for gap in evidence.gaps):
        yield Remark(f"{CHANCE} ({', '.join(sorted(made.drawn_from))})")
    for text in evidence.remarks:
        yield Remark(text)


def sorted_out(
    remarks: Sequence[Remark], expects: str | Mapping[str, str] | None, verdict: Verdict
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The remarks that stand, and those that the claim foresaw, each with its reason."""
    remarks = list(dict.fromkeys(remarks))
    kinds = {remark.text for remark in remarks}
    if isinstance(expects, str):
        expects = {"*": expects}
        if len(kinds) > 1:
            note = Remark(
                f"one kind of remark was expected and there are {len(kinds)}: say which, by gap"
            )
            return _lines([*remarks, note]), ()
    standing: list[Remark] = []
    foreseen: dict[str, list[Remark]] = {}
    for remark in remarks:
        pattern = next((p for p in expects or {} if _matches(p, remark)), None)
        if pattern is None:
            standing.append(remark)
        else:
            foreseen.setdefault(pattern, []).append(remark)
    if verdict is Verdict.HOLDS:  # otherwise there is worse to report
        standing += [
            Remark(f"expected and did not occur: {'' if p == '*' else f'{p}: '}{why}")
            for p, why in (expects or {}).items()
            if p not in foreseen
        ]
    expected = [
        f"{line}; expected: {(expects or {})[pattern]}"
        for pattern, found in foreseen.items()
        for line in _lines(found)
    ]
    return _lines(standing), tuple(expected)


def _matches(pattern: str, remark: Remark) -> bool:
    return any(fnmatchcase(text, pattern) for text in (remark.about, remark.text) if text)


def _lines(remarks: Iterable[Remark]) -> tuple[str, ...]:
    """A line for each kind of remark, with the gaps that it is about."""
    about: dict[str, list[str]] = {}
    for remark in remarks:
        about.setdefault(remark.text, []).append(remark.about)
    return tuple(_line(text, [name for name in names if name]) for text, names in about.items())


def _line(text: str, names: Sequence[str]) -> str:
    if not names:
        return text
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"{text}: {'; '.join(names[:LISTED])}{more}"


@contextmanager
def warned(said: list[Remark]) -> Iterator[None]:
    """Warnings about what is computed within become remarks, each once."""
    seen: set[str] = set()

    def note(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: object = None,
        line: object = None,
    ) -> None:
        if issubclass(category, NOT_A_FINDING):
            return
        text = f"{category.__name__} at {Path(filename).name}:{lineno}: {message}"
        if text not in seen:
            seen.add(text)
            said.append(Remark(text))

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = note
        yield
