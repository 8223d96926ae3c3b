"""Scan: one statement under one dial, tried from the assumption outwards until it breaks.

The values of a dial are scanned from the assumption outwards, then the first break is bracketed by
bisection. What could not be run, what seeds disagree on and what does not hold even as assumed is
`undecided`, never `robust`.
"""

from __future__ import annotations

import json
import math
import random
import time
from dataclasses import dataclass
from typing import Any

from refutable.auditing.atlas import Margin, Outcome, PairRecord, TrialRecord
from refutable.auditing.dial import Dial
from refutable.auditing.effort import EFFORT
from refutable.auditing.statement import Base, Statement, replicate_seed
from refutable.claim import Profile
from refutable.engine.worker import tick
from refutable.errors import said
from refutable.gap import Gap
from refutable.records.results import GapRecord


@dataclass
class Scan:
    """One statement under one dial, being tried: `record()` says what is found."""

    statement: Statement
    dial: Dial
    profile: Profile
    root_seed: int

    def __post_init__(self) -> None:
        self.effort = EFFORT[self.profile]
        self.trials: dict[float, TrialRecord] = {}
        self.witnesses: dict[float, dict[str, Any]] = {}

    @property
    def seeds(self) -> tuple[int, ...]:
        """One seed per replicate, the same for all statements and dials."""
        count = self.effort.seeds if self.statement.random else 1
        return tuple(replicate_seed(self.root_seed, n) for n in range(count))

    def at(self, value: float) -> Outcome:
        """Try one value of the dial, once."""
        if value not in self.trials:
            self.trials[value] = self._try(value)
        return self.trials[value].outcome

    def _try(self, value: float) -> TrialRecord:
        failing, worst = 0, None
        for seed in self.seeds:
            broken = False
            for base in self.statement.bases:
                tick()
                try:
                    gaps = list(
                        self.statement.check(base, {self.dial.name: value}, seed, self.profile)
                    )
                except BaseException as problem:  # whatever a run raises, it decided nothing
                    return self._undecided(value, failing, said(problem))
                if not gaps:
                    return self._undecided(value, failing, "nothing was measured")
                for gap in gaps:
                    if worst is None or _badness(gap) > _badness(worst):
                        worst = gap
                failed = next((gap for gap in gaps if not gap.holds), None)
                if failed is not None and not broken:
                    broken = True
                    self.witnesses.setdefault(value, self._witness(base, value, seed, failed))
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
            gap=GapRecord.of(worst) if worst else None,
            **self._foreseen(value),
        )

    def _undecided(self, value: float, failing: int, note: str) -> TrialRecord:
        return TrialRecord(
            value=value, outcome=Outcome.ERROR, seeds=len(self.seeds), failing=failing, note=note
        )

    def _foreseen(self, value: float) -> dict[str, Any]:
        """What the theory says of a value (it breaks when it does at any base), or why it errs."""
        turned = {self.dial.name: value}
        try:
            told = [self.statement.foreseen(base, turned) for base in self.statement.bases]
        except BaseException as problem:  # the finding stands without it
            return {"note": f"nothing foreseen: {said(problem)}"}
        if False in told:
            return {"foreseen": Outcome.BREAKS}
        return {} if None in told else {"foreseen": Outcome.HOLDS}

    def _witness(self, base: Base, value: float, seed: int, gap: Gap) -> dict[str, Any]:
        return {
            "base": dict(base),
            "dials": {self.dial.name: value},
            "seed": seed,
            "gap": GapRecord.of(gap).model_dump(mode="json"),
            "simplified": False,
        }

    def record(self) -> PairRecord:
        """Scan, bisect, and say what was found."""
        started = time.perf_counter()
        reason = self.statement.untestable(self.dial.name)
        if reason is not None:
            return self._record(Margin.UNTESTABLE, note=reason)
        found = self._scan()
        return found.model_copy(update={"seconds": time.perf_counter() - started})

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

    def _scan(self) -> PairRecord:
        values = self.dial.scanned(coarse=self.effort.coarse)
        outcomes = [self.at(values[0])]
        if outcomes[0] is not Outcome.HOLDS:
            found = self.trials[values[0]]
            return self._record(
                Margin.UNDECIDED,
                note=found.note or f"does not hold as assumed ({_said(found)})",
                witness=self.witnesses.get(values[0]),
            )
        outcomes += [self.at(value) for value in values[1:]]
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
        holds_to, breaks_at, doubt = self._bracket(holds_to, values[first])
        notes = [f"in between, at {v:g}: {self.trials[v].note or 'seeds disagree'}" for v in doubt]
        notes += [f"holds again at {', '.join(f'{v:g}' for v in again)}"] if again else []
        at_once = holds_to == values[0] and first == 1
        return self._record(
            Margin.LOAD_BEARING if at_once else Margin.BREAKS,
            holds_to=holds_to,
            breaks_at=breaks_at,
            confidence=self._confidence(),
            witness=self._simplified(breaks_at),
            note="; ".join(notes) or None,
        )

    def _bracket(self, holds: float, breaks: float) -> tuple[float, float, list[float]]:
        """Bisect between a value that holds and one that breaks; values in doubt end it."""
        doubt: list[float] = []
        for _ in range(self.effort.bisections):
            middle = self._middle(holds, breaks)
            if middle is None:
                break
            outcome = self.at(middle)
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

    def _simplified(self, value: float) -> dict[str, Any] | None:
        """The witness at a break, on the simplest base that Hypothesis finds."""
        witness = self.witnesses.get(value)
        if witness is None or self.statement.simpler is None or not self.effort.simplifications:
            return witness
        import hypothesis  # which takes longer to import than most scans without it
        from hypothesis.errors import NoSuchExample

        from refutable.property import no_constants_of_loaded_modules

        seed, tried = witness["seed"], dict[str, dict[str, Any] | None]()

        def failure(base: Base) -> dict[str, Any] | None:
            """The witness on this base, which holds as assumed; None when there is none."""
            tick()
            try:
                after = self.statement.check(base, {self.dial.name: value}, seed, self.profile)
                failed = next((gap for gap in after if not gap.holds), None)
                if failed is None:
                    return None
                assumed = {self.dial.name: self.dial.assumed}
                before = self.statement.check(base, assumed, seed, self.profile)
                if not all(gap.holds for gap in before):
                    return None
            except BaseException:  # a base that cannot be run is no witness
                return None
            return self._witness(base, value, seed, failed) | {"simplified": True}

        def breaks(base: Base) -> bool:
            name = json.dumps(base, sort_keys=True)
            if name not in tried:
                tried[name] = failure(base)
            return tried[name] is not None

        try:
            with no_constants_of_loaded_modules():
                simplest = hypothesis.find(
                    self.statement.simpler(witness["base"]),
                    breaks,
                    settings=hypothesis.settings(
                        max_examples=self.effort.simplifications,
                        database=None,
                        deadline=None,
                        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
                        suppress_health_check=list(hypothesis.HealthCheck),
                    ),
                    random=random.Random(seed),
                )
        except NoSuchExample:
            return witness
        return tried[json.dumps(simplest, sort_keys=True)]


def _badness(gap: Gap) -> tuple[bool, float]:
    """Failing gaps first, then the closest to failing."""
    closeness = gap.closeness
    return not gap.holds, closeness if closeness is not None else 0.0


def _said(trial: TrialRecord) -> str:
    return trial.gap.compared if trial.gap else trial.note or "nothing was measured"
