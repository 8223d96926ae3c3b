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
from refutable.engine.process import Job, Work
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
AT_LAST = time.monotonic() + 30  # a leg that nothing stops ends by itself, and holds

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
    leg = checked("while time.monotonic() < AT_LAST: pass", 0.4)
    assert leg.verdict is Verdict.UNDECIDED
    said = "after 0.4 s, not counting 0.2 s in which it waited for a core, which is as long as"
    assert said in str(leg.note)
    assert "busy.py:12" in str(leg.note)


WAITING = """
import tempfile, time
from refutable.engine.dump import dumped, dumping

def at_first():
    time.sleep(0.1)

def by_now():
    time.sleep(0.3)

with tempfile.TemporaryFile() as file, dumping(file) as arm:
    arm(0.1)
    at_first()
    by_now()
    print(dumped(file))
"""


def test_of_what_goes_on_beyond_its_limit_it_is_told_where_it_stands_by_now() -> None:
    """Not where it stood shortly before the limit, from which it has moved on."""
    done = subprocess.run(
        [sys.executable, "-c", WAITING], capture_output=True, text=True, check=True, timeout=60
    )
    assert "in by_now" in done.stdout
    assert "in at_first" not in done.stdout


def test_what_sleeps_waits_for_no_core(checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LONGEST_WAIT", 1e3)
    leg = checked("time.sleep(60)", 0.6)
    assert leg.verdict is Verdict.UNDECIDED
    assert leg.seconds < 20


def test_only_what_it_waited_in_its_own_time_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not what its process had waited before the job began, or before the part that ticked last."""
    waited = {7: 5.0}
    monkeypatch.setattr(machine, "waits", lambda process: dict(waited))
    work = Work.begun(Job("module:function", {}, limit=10.0), 7)

    def overdue(after: float) -> bool:
        assert work.deadline is not None
        return work.is_overdue(work.deadline + after)

    assert overdue(0.5)
    waited[7] += 3
    assert not overdue(0.5)
    assert work.granted == 3
    waited[7] += 2
    work.ticked()
    assert overdue(0.5)
    waited[7] += 1
    assert not overdue(0.5)
    assert work.granted == 1


def test_what_a_process_waited_that_has_ended_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it was seen last, be it before the limit: what was given for it is not taken back."""
    waited = {7: 0.0}
    monkeypatch.setattr(machine, "waits", lambda process: dict(waited))
    work = Work.begun(Job("module:function", {}, limit=10.0), 7)
    assert work.deadline is not None
    waited[8] = 4.0
    assert not work.is_overdue(work.deadline - 5)
    del waited[8]
    assert not work.is_overdue(work.deadline + 0.5)
    waited[7] += 1
    assert not work.is_overdue(work.deadline + 0.5)
    assert work.granted == 5
    work.ticked()
    assert work.is_overdue(work.deadline + 0.5)


def test_a_thread_that_has_ended_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads come and go between being listed and being asked."""
    listed = os.listdir
    ended = str(2**22 + 1)
    monkeypatch.setattr(os, "listdir", lambda folder: [ended, *listed(folder)])
    assert os.getpid() in machine.waits(os.getpid())


def test_of_a_process_that_ends_meanwhile_nothing_more_is_known() -> None:
    assert machine.waits(2**22 + 1) == {}
    for _ in range(200):
        process = subprocess.Popen(["true"])
        waiter = threading.Thread(target=process.wait)
        waiter.start()
        while waiter.is_alive():
            machine.waits(process.pid)
