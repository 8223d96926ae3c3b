"""Atlas: of every claim and dial, how far the assumption can be bent, as records to store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from refutable.records import html
from refutable.records.documents import Count, Document, Record
from refutable.records.results import GapRecord, Run
from refutable.text import many

if TYPE_CHECKING:
    import pandas as pd


class Margin(StrEnum):
    """What an audit says of a claim and a dial."""

    ROBUST = "robust"  # holds at every value scanned, to the dial's end
    BREAKS = "breaks"  # holds up to some value, and no longer at a larger one
    LOAD_BEARING = "load-bearing"  # breaks at the first value scanned away from the assumption
    UNTESTABLE = "untestable"  # the pair makes no sense or cannot be tried; there is a reason
    UNDECIDED = "undecided"  # seeds disagree, a run failed, or it does not hold even as assumed


class Outcome(StrEnum):
    """What was found at one value of a dial."""

    HOLDS = "holds"  # under every seed, at every base
    BREAKS = "breaks"  # under every seed, at some base
    MIXED = "mixed"  # seeds disagree
    ERROR = "error"  # a run raised


class DialRecord(Record):
    """A dial as it was scanned."""

    name: str
    assumption: str
    title: str
    source: str
    enters: str
    scanned: tuple[float, ...] = Field(min_length=1)
    labels: dict[str, str] = Field(default_factory=dict)


class TrialRecord(Record):
    """One value of a dial. gap: the gap closest to failing, or the one that failed worst.

    foreseen: what the theory says of this value, `holds` or `breaks`; None where it says nothing.
    """

    value: float
    outcome: Outcome
    foreseen: Literal[Outcome.HOLDS, Outcome.BREAKS] | None = None
    seeds: Count
    failing: Count
    gap: GapRecord | None = None
    note: str | None = None


class PairRecord(Record):
    """One claim under one dial.

    holds_to: the last value, moving from the assumption, up to which it holds under every seed.
    breaks_at: the first at which it breaks under every seed. confidence: lower 95 % bound on the
    share of seeds that agree with the verdict, by Clopper and Pearson; 1 where no chance enters.
    trials: in the order of values. note: why it is undecided or untestable; that it holds again
    further out. witness: the base, the dials and the seed at which it breaks.
    """

    claim: str
    dial: str
    assumption: str
    measured: str
    verdict: Margin
    holds_to: float | None = None
    breaks_at: float | None = None
    confidence: float | None = None
    trials: tuple[TrialRecord, ...] = ()
    witness: dict[str, Any] | None = None
    note: str | None = None
    seconds: float = 0.0

    @property
    def fails_as_assumed(self) -> bool:
        """Whether the statement did not hold at the very value that is assumed."""
        return bool(self.trials) and self.trials[0].outcome is not Outcome.HOLDS

    @property
    def foreseen(self) -> tuple[TrialRecord, ...]:
        """The values away from the assumption of which the theory says something."""
        return tuple(trial for trial in self.trials[1:] if trial.foreseen is not None)


class AtlasTotals(Record):
    """Pairs by verdict; trials; those foreseen by the theory, and those where it is right."""

    pairs: Count
    trials: Count
    foreseen: Count = 0
    agreeing: Count = 0
    verdicts: dict[Margin, Count]

    @classmethod
    def of(cls, pairs: Sequence[PairRecord]) -> Self:
        """What these pairs come to."""
        verdicts = Counter(pair.verdict for pair in pairs)
        foreseen = [trial for pair in pairs for trial in pair.foreseen]
        return cls(
            pairs=len(pairs),
            trials=sum(len(pair.trials) for pair in pairs),
            foreseen=len(foreseen),
            agreeing=sum(trial.outcome is trial.foreseen for trial in foreseen),
            verdicts={margin: verdicts[margin] for margin in Margin},
        )


class Atlas(Document):
    """Everything an audit found, claims in the order of the catalogue, dials of the assumptions."""

    run: Run
    dials: tuple[DialRecord, ...]
    pairs: tuple[PairRecord, ...]
    totals: AtlasTotals

    @model_validator(mode="after")
    def _fits(self) -> Atlas:
        names = {dial.name for dial in self.dials}
        if len(names) < len(self.dials):
            raise ValueError("two dials have one name")
        unknown = next((pair.dial for pair in self.pairs if pair.dial not in names), None)
        if unknown is not None:
            raise ValueError(f"there is no dial {unknown!r}")
        if len({(pair.claim, pair.dial) for pair in self.pairs}) < len(self.pairs):
            raise ValueError("two pairs are of one claim and one dial")
        return self

    def frame(self) -> pd.DataFrame:
        """One row per pair of claim and dial."""
        import pandas as pd

        left_out = {"trials", "witness"}
        columns = [name for name in PairRecord.model_fields if name not in left_out]
        rows = [pair.model_dump(mode="json", exclude=left_out) for pair in self.pairs]
        return pd.DataFrame(rows, columns=[*columns, "trials"]).assign(
            trials=[len(pair.trials) for pair in self.pairs]
        )

    def __repr__(self) -> str:
        """One line of counts; the whole record is `model_dump()`."""
        counts = ", ".join(f"{margin} {n}" for margin, n in self.totals.verdicts.items() if n)
        return (
            f"{many(self.totals.pairs, 'pair')} of claim and dial: {counts}. "
            f"Profile {self.run.profile}, seed {self.run.seed}, {self.run.seconds:.0f} s."
        )

    __str__ = __repr__

    def to_html(self) -> str:
        """The pairs that could be tried as an HTML table under a line of counts, for notebooks."""
        frame = self.frame().drop(columns=["measured", "seconds"])
        tried = frame[frame["verdict"] != Margin.UNTESTABLE.value]
        return html.table(repr(self), tried.dropna(axis="columns", how="all"))

    def _repr_html_(self) -> str:
        return self.to_html()
