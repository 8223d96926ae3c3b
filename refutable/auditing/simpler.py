"""Simpler: the witness of a break, on the simplest base that shows it."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

from refutable.auditing.cell import base_of, of_grids, statement_on
from refutable.auditing.effort import EFFORT
from refutable.auditing.selection import loaded
from refutable.auditing.statement import Base
from refutable.claim import Profile
from refutable.engine.worker import tick
from refutable.records.gap import GapRecord

SIMPLER = "refutable.auditing.simpler:simpler_task"


def simpler_task(
    sources: Sequence[str], claim: str, witness: Mapping[str, Any], profile: Profile
) -> Mapping[str, Any]:
    """A witness on the simplest base that Hypothesis finds, in a process of the engine, as JSON."""
    import hypothesis  # which takes longer to import than most checks without it
    from hypothesis.errors import NoSuchExample

    from refutable.property import no_constants_of_loaded_modules

    _, offered = loaded(tuple(sources))
    statement = statement_on(tuple(sources), claim)
    assert statement.simpler is not None  # or nothing would be asked here
    turned = of_grids(sources, witness["dials"])
    [name] = turned
    dial, seed = offered.by_name[name], witness["seed"]
    most, tried = EFFORT[profile].simplifications, dict[str, Mapping[str, Any] | None]()

    def failure(base: Base) -> Mapping[str, Any] | None:
        """The witness on this base, which holds as assumed; None when there is none."""
        tick()
        try:
            # As assumed first: other dials train the same there, and what fails needs no more.
            before = statement.gaps(base, {name: dial.assumed}, seed, profile)
            if not all(gap.holds for gap in before):
                return None
            after = statement.gaps(base, turned, seed, profile)
            failed = next((gap for gap in after if not gap.holds), None)
            if failed is None:
                return None
        except BaseException:  # a base that cannot be run is no witness
            return None
        found = GapRecord.of(failed).model_dump(mode="json")
        return {**witness, "base": dict(base), "gap": found, "simplified": True}

    def breaks(base: Base) -> bool:
        text = json.dumps(base, sort_keys=True)
        if text not in tried:
            if len(tried) == most:  # shrinking would go on as long as anything is left to try
                return False
            tried[text] = failure(base)
        return tried[text] is not None

    try:
        with no_constants_of_loaded_modules():
            simplest = hypothesis.find(
                statement.simpler(base_of(statement, json.dumps(witness["base"]))),
                breaks,
                settings=hypothesis.settings(
                    max_examples=most,
                    database=None,
                    deadline=None,
                    phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
                    suppress_health_check=list(hypothesis.HealthCheck),
                ),
                random=random.Random(seed),
            )
    except NoSuchExample:
        return witness
    return tried[json.dumps(simplest, sort_keys=True)] or witness
