"""How many workers are worth it: idle cores, and work that takes longer than its start."""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path

import pytest

from refutable import run
from refutable.engine import machine, pool
from refutable.engine.machine import Moment, worth
from refutable.events import LegFinished, LegStarted

START = Moment(0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("done", "own", "most", "expected"),
    [
        (1.0, 1.0, 2, 2),  # nobody else
        (2.0, 1.0, 2, 1),  # another on one core of two
        (1.2, 1.0, 2, 2),  # a little here and there
        (8.0, 1.0, 8, 1),  # others everywhere
        (20.0, 1.0, 8, 1),  # counters that are read late
        (4.0, 1.0, 8, 5),
    ],
)
def test_a_worker_for_every_idle_core(done: float, own: float, most: int, expected: int) -> None:
    assert worth(START, Moment(1.0, done, own), most) == expected


def test_where_nothing_is_known_all_cores_are_used() -> None:
    assert worth(None, None, 4) == worth(START, None, 4) == worth(START, START, 4) == 4


@pytest.mark.parametrize(
    ("text", "expected"), [("max 100000", None), ("150000 100000", 2), ("20000 100000", 1)]
)
def test_a_container_has_the_cores_of_its_quota(
    text: str, expected: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpu.max").write_text(text, encoding="ascii")
    monkeypatch.setattr(machine, "QUOTA", str(tmp_path / "missing"))
    there = machine.cores()
    monkeypatch.setattr(machine, "QUOTA", str(tmp_path / "cpu.max"))
    assert machine.cores() == (there if expected is None else min(there, expected))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what cores have done")
def test_work_of_this_process_is_not_that_of_others() -> None:
    before = machine.moment()
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass
    after = machine.moment()
    assert before is not None
    assert after is not None
    assert after.own - before.own == pytest.approx(0.3, abs=0.05)
    assert after.done - before.done >= after.own - before.own - 0.05


SOURCE = """
import time
from refutable import Claim, Provenance, equal

CLAIMS = []
for number in range({count}):
    claim = Claim(id=f"c{{number}}", title="t", statement="s", provenance=Provenance.DERIVED)

    @claim.leg("exact")
    def leg(context, number=number):
        time.sleep({seconds})
        yield equal("one", 1, 1, 0, "whole numbers")

    CLAIMS.append(claim)
"""


def most_together(path: Path, seconds: str) -> int:
    """How many of 60 pieces of work are under way at once, after half of what happens."""
    path.write_text(SOURCE.format(count=60, seconds=seconds), encoding="utf-8")
    steps = [
        {LegStarted: 1, LegFinished: -1}.get(type(event), 0)
        for event in run.run(sources=[str(path)], workers=2)
    ]
    return max(list(itertools.accumulate(steps))[len(steps) // 2 :])


@pytest.mark.parametrize(
    ("spent", "running", "most"),
    [
        ((0.01, 0.02), [], 1),
        ((0.01, 0.02), [0.05, 0.05], 1),
        ((0.01, 0.02), [0.05, 0.5], 2),
        ((0.01, 0.02), [0.5, 0.5, 0.5, 0.5], 4),
        ((0.02, 0.01), [0.05], 4),
    ],
)
def test_short_work_has_one_worker(
    spent: tuple[float, float], running: list[float], most: int
) -> None:
    assert pool.at_once([spent] * pool.REMEMBERED, running, workers=4) == most
    assert pool.at_once([spent] * (pool.REMEMBERED - 1), running, workers=4) == 4


def test_what_is_short_does_not_wait_for_what_is_long(tmp_path: Path) -> None:
    assert most_together(tmp_path / "long.py", "0.5 if number > 30 else 0") == 2
