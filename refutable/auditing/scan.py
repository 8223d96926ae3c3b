"""Scan: one statement under one dial, tried from the assumption outwards until it breaks.

All values of a dial's grid are wanted at once, then the first break is bracketed by bisection. What
could not be run, what seeds disagree on and what does not hold even as assumed is `undecided`,
never `robust`. A scan runs nothing: it says what it wants tried, and judges what was found.
"""

from __future__ import annotations

import json
import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from refutable.auditing.atlas import Margin, Outcome, PairRecord, TrialRecord
from refutable.auditing.cell import Found, Point
from refutable.auditing.dial import Dial
from refutable.auditing.effort import EFFORT
from refutable.auditing.selection import Audited
from refutable.auditing.statement import replicate_seed
from refutable.claim import Profile


@dataclass(frozen=True)
class Simplest:
    """What a scan wants at its end: the witness of its break, on the simplest base."""

    witness: dict[str, Any]

    def is_answered_by(self, found: Any) -> bool:
        """Whether something is this witness on a base; that of another break is not."""
        return isinstance(found, dict) and all(
            found.get(name) == self.witness[name] for name in ("dials", "seed")
        )


Wanted = Sequence[Point] | Simplest


class Scan:
    """One statement under one dial.

    wanted: points to be tried, or a witness to be simplified, before it can go on, and nothing when
    it has come to its record. `tell` and `tell_simplest` say what came of that.
    """

    def __init__(self, statement: Audited, dial: Dial, profile: Profile, root_seed: int) -> None:
        self.statement, self.dial = statement, dial
        self.effort = EFFORT[profile]
        count = self.effort.seeds if statement.random else 1
        self.seeds = tuple(replicate_seed(root_seed, n) for n in range(count))
        self.found: dict[Point, Found] = {}
        self.trials: dict[float, TrialRecord] = {}
        self.witnesses: dict[float, dict[str, Any]] = {}
        self.simplest: dict[str, Any] | None = None
        self.unsimplified: str | None = None
        self.record: PairRecord | None = None
        self.lost: dict[Point, str] = {}
        self._steps = self._whole()
        self.wanted: Wanted = ()
        self._go_on()

    @property
    def name(self) -> tuple[str, str]:
        """Claim and dial."""
        return self.statement.claim, self.dial.name

    def tell(self, point: Point, found: Found) -> None:
        """What was found at a point."""
        self.found[point] = found
        self._go_on()

    def tell_simplest(self, witness: Any) -> None:
        """The witness on a simpler base, or as it was; of another break it says nothing."""
        self.simplest = witness
        self._go_on()

    def lose(self, point: Point, note: str) -> None:
        """A point cannot be tried: whatever was to be tried after it need not be tried."""
        if isinstance(self.wanted, Sequence) and point in self.wanted:
            self.lost[point] = note
            self.wanted = self.wanted[: self.wanted.index(point) + 1]
            self._go_on()

    def lose_simplest(self, note: str) -> None:
        """No simpler base can be had: the break stands, with its witness as it was."""
        assert isinstance(self.wanted, Simplest)  # or nobody would have looked for one
        self.unsimplified = f"its witness could not be simplified: {note}"
        self.tell_simplest(self.wanted.witness)

    def _go_on(self) -> None:
        """Take the next steps that can be taken."""
        while self.record is None:
            if isinstance(self.wanted, Simplest):
                if not self.wanted.is_answered_by(self.simplest):
                    return
            elif any(point not in self.found and point not in self.lost for point in self.wanted):
                return
            elif self.lost:  # of several the first, in whatever order they ended
                self._give_up(next(self.lost[p] for p in self.wanted if p in self.lost))
                return
            try:
                self.wanted = next(self._steps)
            except StopIteration as end:
                self._end(end.value)

    def _end(self, record: PairRecord) -> None:
        seconds = sum(found.seconds for found in self.found.values())
        self.wanted, self.record = (), record.model_copy(update={"seconds": seconds})

    def _give_up(self, note: str) -> None:
        """A process has ended, or was ended, where it tried this pair: nothing was decided."""
        trial = TrialRecord(
            value=self.dial.assumed, outcome=Outcome.ERROR, seeds=1, failing=0, note=note
        )
        self.trials = {self.dial.assumed: trial}
        self._end(self._record(Margin.UNDECIDED, note=note))

    # ------------------------------------------------------------------------------- the values

    def _whole(self) -> Generator[Wanted, None, PairRecord]:
        """Scan, bisect, and say what was found; yields what has to be known before it goes on."""
        reason = self.statement.untestable.get(self.dial.name)
        if reason is not None:
            return self._record(Margin.UNTESTABLE, note=reason)
        values = self.dial.scanned(coarse=self.effort.coarse)
        yield [point for value in values for point in self._points(value)]
        if self._at(values[0]) is not Outcome.HOLDS:
            found = self.trials[values[0]]
            return self._record(
                Margin.UNDECIDED,
                note=found.note or f"does not hold as assumed ({_said(found)})",
                witness=self.witnesses.get(values[0]),
            )
        outcomes = [self._at(value) for value in values]
        steady = next((i for i, o in enumerate(outcomes) if o is not Outcome.HOLDS), len(values))
        holds_to = values[steady - 1]
        if steady == len(values):
            return self._record(Margin.ROBUST, holds_to=holds_to, confidence=self._confidence())
        error = next((i for i, o in enumerate(outcomes) if o is Outcome.ERROR), None)
        first = next((i for i, o in enumerate(outcomes) if o is Outcome.BREAKS), None)
        if first is None or (error is not None and error < first):
            why = next(
                self.trials[v].note or f"seeds disagree at {v:g}"
                for v, o in zip(values, outcomes, strict=True)
                if o in (Outcome.ERROR, Outcome.MIXED)
            )
            return self._record(Margin.UNDECIDED, holds_to=holds_to, note=why)
        again = [v for v, o in zip(values[first:], outcomes[first:], strict=True)
                 if o is Outcome.HOLDS]  # fmt: skip
        holds_to, breaks_at, doubt = yield from self._bracket(holds_to, values[first])
        notes = [f"in between, at {v:g}: {self.trials[v].note or 'seeds disagree'}" for v in doubt]
        notes += [f"holds again at {', '.join(f'{v:g}' for v in again)}"] if again else []
        at_once = holds_to == values[0] and first == 1
        witness = self.witnesses.get(breaks_at)
        if witness is not None and self.statement.simplifies and self.effort.simplifications:
            yield Simplest(witness)
            witness = self.simplest
            notes += [self.unsimplified] if self.unsimplified else []
        return self._record(
            Margin.LOAD_BEARING if at_once else Margin.BREAKS,
            holds_to=holds_to,
            breaks_at=breaks_at,
            confidence=self._confidence(),
            witness=witness,
            note="; ".join(notes) or None,
        )

    def _bracket(
        self, holds: float, breaks: float
    ) -> Generator[Wanted, None, tuple[float, float, list[float]]]:
        """Bisect between a value that holds and one that breaks; values in doubt end it."""
        doubt: list[float] = []
        for _ in range(self.effort.bisections):
            middle = self._middle(holds, breaks)
            if middle is None:
                break
            yield self._points(middle)
            outcome = self._at(middle)
            if outcome is Outcome.HOLDS:
                holds = middle
            elif outcome is Outcome.BREAKS:
                breaks = middle
            else:
                doubt.append(middle)
                break
        return holds, breaks, doubt

    def _middle(self, a: float, b: float) -> float | None:
        """Between two values: geometric over several octaves, else arithmetic; None when done."""
        if self.dial.labels:
            return None
        middle = math.sqrt(a * b) if a * b > 0 and max(a / b, b / a) > 3 else (a + b) / 2
        if self.dial.whole:
            middle = round(middle)
        middle = float(f"{middle:.3g}")
        return middle if min(a, b) < middle < max(a, b) else None

    def _confidence(self) -> float:
        """Lower 95 % bound on the share of seeds that agree at a value, when all of them did."""
        if not self.statement.random:
            return 1.0
        return round(float(0.05 ** (1 / len(self.seeds))), 4)

    def _record(self, verdict: Margin, **rest: Any) -> PairRecord:
        away = self.dial.grid[-1] > self.dial.grid[0]
        return PairRecord(
            claim=self.statement.claim,
            dial=self.dial.name,
            assumption=self.dial.assumption,
            measured=self.statement.measured,
            verdict=verdict,
            trials=tuple(self.trials[v] for v in sorted(self.trials, reverse=not away)),
            **rest,
        )

    # ------------------------------------------------------------------------------- one value

    def _points(self, value: float) -> list[Point]:
        """All that decides a value: every base under every seed."""
        return [
            Point(base, self.dial.name, float(value), seed)
            for seed in self.seeds
            for base in self.statement.bases
        ]

    def _at(self, value: float) -> Outcome:
        """What was found at a value; its points are known."""
        if value not in self.trials:
            self.trials[value] = self._judged(value)
        return self.trials[value].outcome

    def _judged(self, value: float) -> TrialRecord:
        failing, worst = 0, None
        for seed in self.seeds:
            broken = False
            for base in self.statement.bases:
                found = self.found[Point(base, self.dial.name, float(value), seed)]
                if found.worst is None:
                    note = found.raised or "nothing was measured"
                    return TrialRecord(
                        value=value, outcome=Outcome.ERROR, seeds=len(self.seeds), failing=failing,
                        note=note,
                    )  # fmt: skip
                if worst is None or found.badness > worst.badness:
                    worst = found
                if found.failing is not None and not broken:
                    broken = True
                    self.witnesses.setdefault(value, {
                        "base": json.loads(base),
                        "dials": {self.dial.name: value},
                        "seed": seed,
                        "gap": found.failing.model_dump(mode="json"),
                        "simplified": False,
                    })  # fmt: skip
            failing += broken
        outcome = Outcome.MIXED
        if failing == 0:
            outcome = Outcome.HOLDS
        elif failing == len(self.seeds):
            outcome = Outcome.BREAKS
        return TrialRecord(
            value=value,
            outcome=outcome,
            seeds=len(self.seeds),
            failing=failing,
            gap=worst.worst if worst else None,
            **self._foreseen(value),
        )

    def _foreseen(self, value: float) -> dict[str, Any]:
        """What the theory says of a value (it breaks when it does at any base), or why it errs."""
        found = [
            self.found[Point(base, self.dial.name, float(value), self.seeds[0])]
            for base in self.statement.bases
        ]
        untold = next((one.untold for one in found if one.untold is not None), None)
        if untold is not None:
            return {"note": f"nothing foreseen: {untold}"}
        told = [one.told for one in found]
        if False in told:
            return {"foreseen": Outcome.BREAKS}
        return {} if None in told else {"foreseen": Outcome.HOLDS}


def _said(trial: TrialRecord) -> str:
    return trial.gap.compared if trial.gap else trial.note or "nothing was measured"
