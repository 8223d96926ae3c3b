"""A limit is of what a leg makes of its time: who keeps it from a core makes nothing undecided."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from refutable import run
from refutable.claim import Verdict
from refutable.engine import limits, machine
from refutable.engine.server import ISOLATION
from refutable.events import LegStarted
from refutable.records.results import LegRecord

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/schedstat").exists(), reason="only Linux says who waits for a core"
)
CORE = min(os.sched_getaffinity(0)) if sys.platform == "linux" else 0

SOURCE = f"""
import os, subprocess, sys, time
from refutable import claim, equal, leg

WORK = "import time; end = time.process_time() + 0.3\\nwhile time.process_time() < end: pass"

@claim("works", "s", title="t")
@leg("exact")
def works():
    os.sched_setaffinity(0, {{{CORE}}})
    BODY
    yield equal("one", 1, 1)
"""
HERE, CHILD = "exec(WORK)", "subprocess.run([sys.executable, '-c', WORK], check=True)"

Checked = Callable[[str, float], LegRecord]


@pytest.fixture
def checked(tmp_path: Path) -> Iterator[Checked]:
    """Checks a leg; as soon as it begins, three others want the only core that it may use."""
    others: list[subprocess.Popen[bytes]] = []

    def crowd(event: object) -> None:
        for _ in range(3 if isinstance(event, LegStarted) else 0):
            loop = ["sh", "-c", "while kill -0 $PPID; do :; done 2>/dev/null"]  # never outlives us
            others.append(subprocess.Popen(loop, start_new_session=True))
            os.sched_setaffinity(others[-1].pid, {CORE})

    def check(body: str, limit: float) -> LegRecord:
        source = tmp_path / "busy.py"
        source.write_text(SOURCE.replace("BODY", body), encoding="utf-8")
        [claim] = run.verify(sources=[str(source)], limit=limit, on_event=crowd).claims
        return claim.legs[0]

    yield check
    for other in others:
        other.kill()
        other.wait()


@pytest.mark.parametrize(
    ("way", "body"),
    [("fork", HERE), ("restore", CHILD)],
    ids=["a fork", "what a process that is used again has started"],
)
def test_what_waits_for_a_core_goes_on(
    body: str, way: str, checked: Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ISOLATION, way)
    leg = checked(body, 0.6)
    assert leg.verdict is Verdict.HOLDS, leg.note
    assert leg.seconds > 0.6


def test_what_does_not_end_is_stopped_and_told_what_was_not_counted(
    checked: Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LONGEST_WAIT", 0.5)
    leg = checked("while True: pass", 0.4)
    assert leg.verdict is Verdict.UNDECIDED
    said = "after 0.4 s, not counting 0.2 s in which it waited for a core, which is as long as"
    assert said in str(leg.note)
    assert "busy.py:11" in str(leg.note)


def test_what_sleeps_waits_for_no_core(checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LONGEST_WAIT", 1e3)
    leg = checked("time.sleep(60)", 0.6)
    assert leg.verdict is Verdict.UNDECIDED
    assert leg.seconds < 20


def test_of_a_process_that_ends_meanwhile_nothing_more_is_known() -> None:
    assert machine.waits(2**22 + 1) == {}
    for _ in range(200):
        process = subprocess.Popen(["true"])
        waiter = threading.Thread(target=process.wait)
        waiter.start()
        while waiter.is_alive():
            machine.waits(process.pid)
