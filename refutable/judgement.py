"""Judgement: from a leg to its verdict, and what a reader must know beside it."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from refutable import ledger
from refutable.claim import Context, Leg, Verdict
from refutable.evidence import Evidence, evidence_of
from refutable.gap import Gap
from refutable.grading import earned
from refutable.ledger import Ledger
from refutable.property import jsonable
from refutable.records.results import FailureRecord, GapRecord, LegRecord, SeriesRecord

TOOL = Path(__file__).resolve().parent
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


def examine(leg: Leg, context: Context) -> LegRecord:
    """Run a leg and judge it. What raises an Exception is an `error`, never a pass."""
    context = Context(context.profile, context.root_seed, context.seed, leg.required)
    said: list[Remark] = []
    try:
        with ledger.opened() as made, warned(said):
            evidence = evidence_of(leg.run(context), leg.required)
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
            gaps=tuple(GapRecord.of(gap) for gap in evidence.gaps),
            series=tuple(SeriesRecord.of(gap.series) for gap in evidence.gaps if gap.series),
            witness=_witness(evidence) if verdict is Verdict.FAILS else None,
            note=note,
            remarks=open_,
            expected=expected,
            scope=scope,
        )
    except Exception as problem:  # the boundary: whatever a leg raises becomes its verdict
        return broken(leg, problem)


def broken(leg: Leg, problem: BaseException) -> LegRecord:
    """The record of a leg that raised, with the place and the configuration where it did."""
    failure = failure_of(leg, problem)
    note = f"{failure.type}: {failure.message}"
    return LegRecord(
        kind=leg.kind, grade=leg.kind.grade, verdict=Verdict.ERROR, note=note, failure=failure
    )


def failure_of(leg: Leg, problem: BaseException) -> FailureRecord:
    """What broke a leg, and where in the code of the claim, or in what that called."""
    kind = type(problem)
    try:
        message = str(problem)
        text = "".join(traceback.format_exception(problem))
    except Exception as second:  # a text that cannot be made does not hide that something broke
        message = text = f"a message that raises {type(second).__name__}"
    frames = traceback.extract_tb(problem.__traceback__)
    theirs = [frame for frame in frames if not _is_foreign(frame.filename)]
    own = [frame for frame in theirs if frame.filename == leg.run.__code__.co_filename]
    place = next(iter(reversed(own or theirs)), None)
    drawn = getattr(problem, "configuration", None)
    return FailureRecord(
        type=kind.__qualname__,
        message=message,
        file=place.filename if place else None,
        line=place.lineno if place else None,
        traceback=text,
        configuration=drawn if isinstance(drawn, dict) or drawn is None else {"drawn": drawn},
    )


def _is_foreign(file: str) -> bool:
    """Whether a frame belongs to this tool, to a library or to Python, and not to a paper."""
    path = Path(file)
    if "site-packages" in path.parts or file.startswith("<"):
        return True
    inside = path.resolve()
    return inside.is_relative_to(TOOL) or inside.is_relative_to(Path(traceback.__file__).parent)


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
