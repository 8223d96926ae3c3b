"""Results: what a run found, as records to store, compare and report (schema_version 1)."""

from __future__ import annotations

import graphlib
import math
from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from refutable.claim import Grade, Kind, Provenance, Verdict
from refutable.records import html
from refutable.records.documents import Count, Document, Record
from refutable.records.gap import CertificateRecord as CertificateRecord
from refutable.records.gap import GapRecord as GapRecord
from refutable.records.numbers import finite_or_none, storable
from refutable.series import Series
from refutable.table import Table
from refutable.text import many

if TYPE_CHECKING:
    import pandas as pd


class SeriesRecord(Record):
    """Measurements along a ladder, in few digits; rungs where nothing was measured are left out."""

    name: str
    x_label: str
    is_log: bool
    x: tuple[float, ...]
    measured: tuple[float, ...]
    predicted: tuple[float, ...]
    residuals: tuple[float, ...]
    judged_from: float
    settled_from: float | None
    exponent: float | None
    exponent_half_width: float | None
    constant: float | None
    constant_half_width: float | None
    drift: float | None

    @model_validator(mode="after")
    def _fits(self) -> SeriesRecord:
        lengths = {len(self.x), len(self.measured), len(self.predicted), len(self.residuals)}
        if len(lengths) > 1:
            raise ValueError("x, measured, predicted and residuals must have one length")
        return self

    @classmethod
    def of(cls, series: Series) -> SeriesRecord:
        """The record of a series."""
        points = zip(series.x, series.measured, series.predicted, series.residuals, strict=True)
        settled = series.settled_from
        kept = [point for point in points if all(map(math.isfinite, point))]
        x, measured, predicted, residuals = zip(*kept, strict=True) if kept else ((),) * 4
        return cls(
            name=series.name,
            x_label=series.x_label,
            is_log=series.is_log,
            x=_digits(x, 5),
            measured=_digits(measured, 7),
            predicted=_digits(predicted, 7),
            residuals=_digits(residuals, 3),
            judged_from=_digits([series.judged_from], 5)[0],
            settled_from=None if settled is None else _digits([settled], 5)[0],
            exponent=finite_or_none(series.exponent),
            exponent_half_width=finite_or_none(series.exponent_half_width),
            constant=finite_or_none(series.constant),
            constant_half_width=finite_or_none(series.constant_half_width),
            drift=finite_or_none(series.drift),
        )


def _digits(values: Iterable[float], number: int) -> tuple[float, ...]:
    return tuple(float(f"{value:.{number}g}") for value in values)


class TableRecord(Record):
    """A table as stored."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[float | str, ...], ...]
    note: str

    @model_validator(mode="after")
    def _fits(self) -> TableRecord:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("every row must have a cell for each column")
        return self

    @classmethod
    def of(cls, table: Table) -> TableRecord:
        """The record of a table."""
        rows = tuple(tuple(storable(cell) for cell in row) for row in table.rows)
        return cls(title=table.title, columns=table.columns, rows=rows, note=table.note)


class FailureRecord(Record):
    """What broke a leg: the exception's type and message, and where it was raised.

    file, line: the innermost place in the code of the claim, where one is known. configuration:
    what a search had drawn when it happened.
    """

    type: str
    message: str
    file: str | None = None
    line: Count | None = None
    traceback: str = ""
    configuration: dict[str, Any] | None = None


class LegRecord(Record):
    """One leg's outcome. note: the text of an error, or why it is undecided or vacuous.

    remarks: what a reader must know beside the verdict, such as a gap that compared nothing;
    `--strict` does not let them pass. expected: remarks that the claim foresaw, each with its
    reason. scope: what a proof covers, such as `P <= 24`. failure: of the verdict `error`.
    grade_reason: why the grade is not the best that a leg of this kind can earn. spelled: the
    configuration of the witness as Python, imports first. nearest: of what a search found to hold,
    what is most like it, `configuration` and `said`. advice: what to try. place: where the
    leg is written, `file.py:12`. started, worker: seconds after the run began, and which of its
    processes it was given to, counted from 0; None of a leg that an earlier run had finished.
    """

    kind: Kind
    grade: Grade
    grade_reason: str | None = None
    verdict: Verdict
    seconds: float = 0.0
    cases: Count = 0
    regimes: dict[str, Count] = Field(default_factory=dict)
    gaps: tuple[GapRecord, ...] = ()
    series: tuple[SeriesRecord, ...] = ()
    witness: dict[str, Any] | None = None
    not_run_reason: str | None = None
    note: str | None = None
    remarks: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    scope: str | None = None
    failure: FailureRecord | None = None
    spelled: str | None = None
    nearest: dict[str, Any] | None = None
    advice: str | None = None
    place: str | None = None
    started: float | None = None
    worker: Count | None = None

    @property
    def closeness(self) -> float | None:
        """The largest share of an allowance that a gap of this leg used; None unless it holds."""
        if self.verdict is not Verdict.HOLDS:
            return None
        used = [gap.closeness for gap in self.gaps if gap.closeness is not None]
        return max(used, default=None)

    @property
    def has_one_decider(self) -> bool:
        """Whether something that it shows rests on a single decider."""
        return any(gap.certificate and gap.certificate.alone for gap in self.gaps)


class Acceptance(Record):
    """A verdict that does not hold and is put up with until a day, for a stated reason.

    legs: the legs whose verdicts are accepted; none means any. gaps: by leg, those that may fail.
    expires: the last day, ISO 8601.
    """

    verdict: Verdict
    legs: tuple[Kind, ...] = ()
    gaps: dict[Kind, tuple[str, ...]] = Field(default_factory=dict)
    reason: str
    expires: str


def _numeric(frame: pd.DataFrame) -> pd.DataFrame:
    """Both sides of gaps as numbers, and beside them the texts that some are stored as.

    A text that spells a number (inf, nan, 1/3) is that number, as near as a double is; what spells
    none, such as a polynomial, is missing from the numbers.
    """
    for name in ("measured", "predicted"):
        side = frame[name]
        frame[name] = side.map(_as_number).astype(float)
        frame[f"{name}_text"] = side.where(side.map(lambda value: isinstance(value, str)), None)
    return frame


def _as_number(value: object) -> float:
    if not isinstance(value, str):
        return math.nan if value is None else float(value)  # type: ignore[arg-type]
    try:
        return float(Fraction(value)) if "/" in value else float(value)
    except (ValueError, OverflowError, ZeroDivisionError):
        return math.nan


class ClaimRecord(Record):
    """One claim's outcome. accepted: why its verdict does not count against the run.

    remarks: what a reader must know of the claim as a whole, beside those of its legs.
    """

    id: str
    title: str
    statement: str
    measured: str
    provenance: Provenance
    paper: str | None
    assumptions: tuple[str, ...]
    rests_on: tuple[str, ...]
    original_of: str | None = None
    verdict: Verdict
    blocked_by: tuple[str, ...]
    legs: tuple[LegRecord, ...]
    tables: tuple[TableRecord, ...] = ()
    accepted: Acceptance | None = None
    chapter: str = ""
    remarks: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> ClaimRecord:
        if len({leg.kind for leg in self.legs}) < len(self.legs):
            raise ValueError("two legs are of one kind")
        return self

    @property
    def left_out(self) -> tuple[Kind, ...]:
        """The legs that did not run."""
        return tuple(leg.kind for leg in self.legs if leg.verdict is Verdict.NOT_RUN)

    @property
    def closeness(self) -> float | None:
        """The largest share of an allowance that a leg used; None unless the claim holds."""
        if self.verdict is not Verdict.HOLDS:
            return None
        used = [leg.closeness for leg in self.legs if leg.closeness is not None]
        return max(used, default=None)

    def frame(self) -> pd.DataFrame:
        """One row per gap: leg, measured, predicted, relation, tolerance and its reason."""
        import pandas as pd

        left_out = {"certificate", "false_alarm"}
        columns = ["kind", *[name for name in GapRecord.model_fields if name not in left_out]]
        rows = [
            {"kind": leg.kind.value} | gap.model_dump(mode="json", exclude=left_out)
            for leg in self.legs
            for gap in leg.gaps
        ]
        return _numeric(pd.DataFrame(rows, columns=columns))

    def to_html(self) -> str:
        """The gaps as an HTML table under the verdict, for notebooks."""
        return html.table(f"{self.id}: {self.title}. {self.verdict.value}.", self.frame())

    def _repr_html_(self) -> str:
        return self.to_html()

    @property
    def grades(self) -> tuple[Grade, ...]:
        """Grades of the legs that hold, strongest first; none of a claim that does not."""
        if self.verdict is not Verdict.HOLDS:
            return ()
        held = {leg.grade for leg in self.legs if leg.verdict is Verdict.HOLDS}
        return tuple(grade for grade in Grade if grade in held)


class Run(Record):
    """How the results came about. started: UTC, ISO 8601; seconds: wall time.

    select: the words that picked claims and legs; none picks all. modules: files and modules whose
    claims were checked; none are the paper's.
    """

    id: str
    started: str
    seconds: float
    seed: Count
    profile: Literal["quick", "full", "deep"]
    command: str
    select: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    environment: dict[str, str]


class Totals(Record):
    """Counts of claims by verdict; false_alarm is the sum over all gaps that ran."""

    claims: Count
    legs: Count
    cases: Count
    verdicts: dict[Verdict, Count]
    false_alarm: float


class SourceRecord(Record):
    """What claims are about: a paper, or the module that states them.

    name: of the module. title: the paper's, otherwise the first line of what the module says about
    itself. link: an address of the paper. version: of the module, when it has one.
    """

    name: str
    title: str = ""
    authors: tuple[str, ...] = ()
    link: str = ""
    version: str = ""


class Results(Document):
    """Everything a run found, claims in the order of the catalogue.

    not_checked: what is left out, and why. unlisted: ids not in CLAIMS. main: ids that come first.
    sources: what the claims are about.
    """

    run: Run
    claims: tuple[ClaimRecord, ...]
    totals: Totals
    not_checked: dict[str, str] = Field(default_factory=dict)
    unlisted: tuple[str, ...] = ()
    main: tuple[str, ...] = ()
    sources: tuple[SourceRecord, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Results:
        ids = {claim.id: claim.rests_on for claim in self.claims}
        if len(ids) < len(self.claims):
            raise ValueError("two claims have one id")
        try:
            graphlib.TopologicalSorter(ids).prepare()
        except graphlib.CycleError as problem:
            raise ValueError("claims rest on each other in a circle") from problem
        return self

    def overview(self) -> pd.DataFrame:
        """One row per claim: what it says, its verdict, closeness (0 exact, 1 on the edge), grades.

        accepted: the reason why a verdict that does not hold is accepted by the baseline.
        """
        import pandas as pd

        rows = [
            {
                "claim": claim.id,
                "title": claim.title,
                "provenance": claim.provenance.value,
                "verdict": claim.verdict.value,
                "closeness": claim.closeness,
                "grades": " + ".join(grade.value for grade in claim.grades),
                "left_out": ", ".join(kind.value for kind in claim.left_out),
                "accepted": claim.accepted.reason if claim.accepted else None,
            }
            for claim in self.claims
        ]
        return pd.DataFrame(rows, columns=list(rows[0]) if rows else [])

    def __repr__(self) -> str:
        """One line of counts; the whole record is `model_dump()`."""
        counts = ", ".join(f"{verdict} {n}" for verdict, n in self.totals.verdicts.items() if n)
        return (
            f"{many(self.totals.claims, 'claim')}: {counts}. Profile {self.run.profile}, "
            f"seed {self.run.seed}, {many(self.totals.legs, 'leg')}, {self.run.seconds:.0f} s."
        )

    __str__ = __repr__

    def to_html(self) -> str:
        """The overview as an HTML table under a line of counts, for notebooks."""
        return html.table(repr(self), self.overview().dropna(axis="columns", how="all"))

    def _repr_html_(self) -> str:
        return self.to_html()

    def __getitem__(self, id: str) -> ClaimRecord:
        """One claim's record. KeyError when it was not among those selected."""
        return {claim.id: claim for claim in self.claims}[id]

    def frame(self) -> pd.DataFrame:
        """One row per gap, and one per leg without gaps: claim, leg, verdicts and numbers."""
        import pandas as pd

        rows = []
        for claim in self.claims:
            for leg in claim.legs:
                head = {
                    "claim": claim.id,
                    "provenance": claim.provenance.value,
                    "claim_verdict": claim.verdict.value,
                    "kind": leg.kind.value,
                    "grade": leg.grade.value if leg.verdict is Verdict.HOLDS else None,
                    "leg_verdict": leg.verdict.value,
                    "seconds": leg.seconds,
                    "cases": leg.cases,
                }
                gaps = [g.model_dump(mode="json", exclude={"certificate"}) for g in leg.gaps]
                rows += [head | {"gap": gap.pop("name", None)} | gap for gap in gaps or [{}]]
        columns = ["claim", "provenance", "claim_verdict", "kind", "grade", "leg_verdict"]
        fields = [name for name in GapRecord.model_fields if name not in ("name", "certificate")]
        columns += ["seconds", "cases", "gap", *fields]
        return _numeric(pd.DataFrame(rows, columns=columns))
