"""Compare: what changed between two runs, and what cannot be compared because one left it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, Literal

from refutable.claim import WORST_FIRST, Grade, Kind, Verdict
from refutable.records.documents import Record
from refutable.records.results import ClaimRecord, GapRecord, LegRecord, Results, Run
from refutable.selection import Selection

MOVED: Final = 0.10
"""A closeness that moved by more than this share of the allowance is worth a line."""

WIDENED: Final = 0.01
"""A tolerance that changed by more than this part of itself is worth a line."""

STATED = ("title", "statement", "measured", "provenance", "paper", "assumptions", "rests_on")
"""What a claim says of itself; a change here changes what its verdict means."""


class Change(StrEnum):
    """What became of a claim or a leg."""

    SAME = "same"  # the verdict is as before
    REGRESSED = "regressed"  # it held, and no longer does
    IMPROVED = "improved"  # it did not hold, and now does
    CHANGED = "changed"  # the verdict is another one, neither better nor worse
    ADDED = "added"  # there was no such claim or leg
    GONE = "gone"  # there is none any more
    NOT_COMPARABLE = "not-comparable"  # one of the runs left it out


class FieldChange(Record):
    """Something that was one thing and is another, as text; None where there was nothing."""

    name: str
    before: str | None
    after: str | None


class LegChange(Record):
    """One leg in both runs. reason: why it cannot be compared, or what does not hold now.

    closeness: only when it moved. gaps: those added or gone, and those whose relation or tolerance
    changed; compared only between runs of one profile and seed.
    """

    kind: Kind
    change: Change
    before: Verdict | None
    after: Verdict | None
    grade_before: Grade | None = None
    grade_after: Grade | None = None
    closeness_before: float | None = None
    closeness_after: float | None = None
    gaps: tuple[FieldChange, ...] = ()
    reason: str | None = None


class ClaimChange(Record):
    """One claim in both runs. before, after: its verdict over the legs that can be compared.

    stated: what it says of itself, where that changed. legs: those with something to say.
    """

    id: str
    title: str
    change: Change
    before: Verdict | None
    after: Verdict | None
    stated: tuple[FieldChange, ...] = ()
    legs: tuple[LegChange, ...] = ()
    reason: str | None = None


class Side(Record):
    """One of the two runs."""

    run: Run
    claims: int
    legs: int


class Difference(Record):
    """What changed from `before` to `after`.

    identical: every verdict and every number is the same, and so are versions, seed and profile.
    run: what changed about how the runs were made. moved: the share of the allowance above which a
    closeness is reported. closeness_compared: False between profiles, which spend other budgets.
    claims: those with something to say. totals: claims by change.
    """

    schema_version: Literal[1] = 1
    before: Side
    after: Side
    identical: bool
    run: tuple[FieldChange, ...]
    moved: float
    closeness_compared: bool
    claims: tuple[ClaimChange, ...]
    totals: dict[Change, int]

    @property
    def regressions(self) -> tuple[ClaimChange, ...]:
        """Claims that held and no longer do, and claims that are gone."""
        return tuple(c for c in self.claims if c.change in (Change.REGRESSED, Change.GONE))

    @property
    def weakened(self) -> tuple[tuple[ClaimChange, LegChange], ...]:
        """Legs whose evidence is missing now, of claims that are still there."""
        return tuple(
            (claim, leg)
            for claim in self.claims
            for leg in claim.legs
            if leg.change is Change.GONE
            or (leg.change is Change.REGRESSED and leg.after is Verdict.NOT_RUN)
        )


def compare(before: Results, after: Results, *, moved: float = MOVED) -> Difference:
    """What changed between two runs.

    A leg that one run left out through its profile or selection is not comparable: neither its
    absence nor its presence makes a claim better or worse. moved: report closeness that changed by
    more than this share of the allowance.
    """
    scope = _Scope(before.run, after.run, moved)
    old, new = ({claim.id: claim for claim in side.claims} for side in (before, after))
    changes = [_claim_change(old.get(id), new.get(id), scope) for id in dict.fromkeys((*new, *old))]
    run = tuple(_run_changes(before.run, after.run))
    counts = Counter(change.change for change in changes)
    return Difference(
        before=_side(before),
        after=_side(after),
        identical=not run and list(map(_found, old.values())) == list(map(_found, new.values())),
        run=run,
        moved=moved,
        closeness_compared=scope.same_profile,
        claims=tuple(c for c in changes if c.change is not Change.SAME or c.stated or c.legs),
        totals={change: counts[change] for change in Change},
    )


def _side(results: Results) -> Side:
    return Side(run=results.run, claims=results.totals.claims, legs=results.totals.legs)


def _found(claim: ClaimRecord) -> Mapping[str, Any]:
    """Everything of a claim but where it is written, when its legs ran and how long they took."""
    return claim.model_dump(
        exclude={"legs": {"__all__": {"seconds", "started", "worker", "place"}}}
    )


def _run_changes(before: Run, after: Run) -> Iterator[FieldChange]:
    yield from _fields(
        {"profile": before.profile, "seed": before.seed, "selection": _words(before)},
        {"profile": after.profile, "seed": after.seed, "selection": _words(after)},
    )
    yield from _fields(before.environment, after.environment)


def _words(run: Run) -> str:
    return " ".join(run.select) or "everything"


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldChange]:
    for name in dict.fromkeys((*before, *after)):
        texts = [_text(side.get(name)) for side in (before, after)]
        if texts[0] != texts[1]:
            yield FieldChange(name=name, before=texts[0], after=texts[1])


def _text(value: Any) -> str | None:
    if isinstance(value, tuple):
        return ", ".join(value) or None
    return None if value is None else str(value)


class _Scope:
    """What the two runs set out to do, and so what can be compared."""

    def __init__(self, before: Run, after: Run, moved: float) -> None:
        self.moved = moved
        self.same_profile = before.profile == after.profile
        self.same = self.same_profile and before.select == after.select
        self.same_draws = self.same_profile and before.seed == after.seed
        self.before = Selection.parse(before.select)
        self.after = Selection.parse(after.select)


def _claim_change(
    before: ClaimRecord | None, after: ClaimRecord | None, scope: _Scope
) -> ClaimChange:
    record = after or before
    assert record is not None
    if before is None or after is None:
        selection = scope.before if before is None else scope.after
        kinds = (leg.kind for leg in record.legs)
        absent = Change.ADDED if before is None else Change.GONE
        selected = selection.legs(record.id, kinds, record.provenance)
        side = "the first" if before is None else "the second"
        return ClaimChange(
            id=record.id,
            title=record.title,
            change=absent if selected else Change.NOT_COMPARABLE,
            before=before.verdict if before else None,
            after=after.verdict if after else None,
            reason=None if selected else f"not selected in {side} run",
        )
    legs = _leg_changes(before, after, scope)
    compared = [leg for leg in legs if leg.change is not Change.NOT_COMPARABLE]
    old, new = _worst(leg.before for leg in compared), _worst(leg.after for leg in compared)
    change, reason = _flip(old, new), None
    if old is None or new is None:
        change, reason = Change.NOT_COMPARABLE, "no leg ran in both runs"
    elif change is Change.IMPROVED:
        cured = {leg.kind for leg in compared if leg.change is Change.IMPROVED}
        if not cured:  # what did not hold was taken away rather than mended
            change, reason = Change.CHANGED, "the legs that did not hold are gone"
    return ClaimChange(
        id=after.id,
        title=after.title,
        change=change,
        before=old,
        after=new,
        stated=tuple(
            _fields(*({name: getattr(side, name) for name in STATED} for side in (before, after)))
        ),
        legs=tuple(leg for leg in legs if _says_something(leg)),
        reason=reason,
    )


def _worst(verdicts: Iterable[Verdict | None]) -> Verdict | None:
    """A claim's verdict over some of its legs; None when there are none."""
    found = set(verdicts)
    return next((verdict for verdict in WORST_FIRST if verdict in found), None)


def _flip(before: Verdict | None, after: Verdict | None) -> Change:
    if before is after:
        return Change.SAME
    if before is None:
        return Change.ADDED
    if after is None:
        return Change.GONE
    if before is Verdict.HOLDS:
        return Change.REGRESSED
    if after is Verdict.HOLDS and before is not Verdict.NOT_RUN:
        return Change.IMPROVED
    return Change.CHANGED


def _leg_changes(before: ClaimRecord, after: ClaimRecord, scope: _Scope) -> list[LegChange]:
    old, new = ({leg.kind: leg for leg in side.legs} for side in (before, after))
    return [
        _leg_change(kind, old.get(kind), new.get(kind), scope)
        for kind in dict.fromkeys((*new, *old))
    ]


def _leg_change(
    kind: Kind, before: LegRecord | None, after: LegRecord | None, scope: _Scope
) -> LegChange:
    left_out = [leg for leg in (before, after) if leg and leg.verdict is Verdict.NOT_RUN]
    both_left_out = before is not None and after is not None and len(left_out) == 2
    old, new = (leg.verdict if leg else None for leg in (before, after))
    change, reason = _flip(old, new), None
    if left_out and not both_left_out and not scope.same:
        side = "the first" if left_out[0] is before else "the second"
        change = Change.NOT_COMPARABLE
        reason = f"left out of {side} run: {left_out[0].not_run_reason}"
    elif after is not None and change in (Change.REGRESSED, Change.CHANGED, Change.ADDED):
        reason = _why(after)
    grades = [leg.grade if leg else None for leg in (before, after)]
    found: dict[str, Any] = {}
    if before is not None and after is not None and not left_out:
        if scope.same_profile and _moved(before.closeness, after.closeness, scope.moved):
            found |= {
                "closeness_before": before.closeness,
                "closeness_after": after.closeness,
            }
        if scope.same_draws:
            found["gaps"] = tuple(_gap_changes(before.gaps, after.gaps))
    return LegChange(
        kind=kind,
        change=change,
        before=old,
        after=new,
        grade_before=grades[0],
        grade_after=grades[1],
        reason=reason,
        **found,
    )


def _why(leg: LegRecord) -> str | None:
    """What keeps a leg from holding: its note, the reason it did not run, or its failing gaps."""
    if leg.verdict is Verdict.HOLDS:
        return None
    failing = "; ".join(gap.name for gap in leg.gaps if not gap.holds)
    return leg.note or leg.not_run_reason or failing or None


def _moved(before: float | None, after: float | None, by: float) -> bool:
    return before is not None and after is not None and abs(after - before) > by


def _gap_changes(
    before: tuple[GapRecord, ...], after: tuple[GapRecord, ...]
) -> Iterator[FieldChange]:
    """Gaps that are gone or new, and allowances that changed."""
    old, new = _by_name(before), _by_name(after)
    for name in dict.fromkeys((*old, *new)):
        one, other = old.get(name), new.get(name)
        if one is None or other is None or _allowance_changed(one, other):
            yield FieldChange(name=name, before=_allowance(one), after=_allowance(other))


def _by_name(gaps: tuple[GapRecord, ...]) -> dict[str, GapRecord]:
    """Gaps by name; of several with one name the later ones carry a number."""
    seen: Counter[str] = Counter()
    found = {}
    for gap in gaps:
        seen[gap.name] += 1
        count = seen[gap.name]
        found[gap.name if count == 1 else f"{gap.name} ({count})"] = gap
    return found


def _allowance_changed(before: GapRecord, after: GapRecord) -> bool:
    allowed = ((before.tolerance, after.tolerance), (before.rounding, after.rounding))
    return before.relation is not after.relation or any(
        abs(new - old) > WIDENED * max(old, new) for old, new in allowed
    )


def _allowance(gap: GapRecord | None) -> str | None:
    if gap is None:
        return None
    above = f", {gap.rounding:.3g} above" if gap.rounding else ""
    return f"{gap.relation.words} ± {gap.tolerance:.3g}{above}"


def _says_something(leg: LegChange) -> bool:
    return (
        leg.change is not Change.SAME
        or leg.grade_before is not leg.grade_after
        or leg.closeness_before is not None
        or bool(leg.gaps)
    )
