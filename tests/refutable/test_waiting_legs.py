"""Legs that wait for a run which another makes: others begin in their stead."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from refutable import run
from refutable.claim import Verdict

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no server forks")

SOURCE = '''
import os, time
from pathlib import Path
from refutable import claim, equal, leg
from refutable.reuse import shared

HERE = Path(__file__).parent
BEGUN, DONE = HERE / "begun", HERE / "done"

def come(file):
    """Whether a file is there in the end, which the third leg writes."""
    end = time.monotonic() + 20
    while not file.exists() and time.monotonic() < end:
        time.sleep(0.01)
    return file.exists()

@shared.run_once
def made():
    """Ends when the third leg has begun, which it can only in the stead of one that waits."""
    return os.getpid(), come(BEGUN)

def one_of_two():
    maker, others_went_on = made()
    was_done = DONE.exists() if maker != os.getpid() else come(DONE)
    yield equal("another leg began meanwhile", int(others_went_on), 1)
    yield equal("who waited goes on when that has ended: two at a time", int(was_done), 1)

@claim("first", "s", title="t")
@leg("exact")
def first():
    yield from one_of_two()

@claim("second", "s", title="t")
@leg("exact")
def second():
    yield from one_of_two()

@claim("third", "s", title="t")
@leg("exact")
def third():
    BEGUN.touch()
    time.sleep(0.5)
    DONE.touch()
    yield equal("one", 1, 1)

CLAIMS = [first, second, third]
'''


def test_a_leg_begins_in_the_stead_of_one_that_waits(tmp_path: Path) -> None:
    source = tmp_path / "waiting.py"
    source.write_text(SOURCE, encoding="utf-8")
    found = run.verify(sources=[str(source)], workers=2).claims
    assert [(claim.verdict, claim.legs[0].note) for claim in found] == [(Verdict.HOLDS, None)] * 3


DUE = """
import os, signal, time
from pathlib import Path
from refutable import claim, equal, leg
from refutable.reuse import shared

HERE = Path(__file__).parent
MAKING, BEGUN, HANDED, DONE, WAITS = (
    HERE / name for name in ("making", "begun", "handed", "done", "waits")
)

def come(file):
    end = time.monotonic() + 20
    while not file.exists() and time.monotonic() < end:
        time.sleep(0.01)

@shared.run_once
def made():
    MAKING.touch()
    come(BEGUN)
    return 1

@claim("maker", "s", title="t")
@leg("exact")
def maker():
    made()
    HANDED.touch()
    come(DONE)
    yield equal("one", 1, 1)

@claim("waits", "s", title="t")
@leg("exact", limit=1)
def waits():
    come(MAKING)
    WAITS.write_text(str(os.getpid()))
    yield equal("one", made(), 1)

@claim("instead", "s", title="t")
@leg("exact")
def instead():
    BEGUN.touch()
    come(HANDED)
    time.sleep(1.5)
    if KILLS:
        os.kill(int(WAITS.read_text()), signal.SIGKILL)
        time.sleep(0.2)
    DONE.touch()
    yield equal("one", 1, 1)

CLAIMS = [maker, waits, instead]
"""


@pytest.mark.parametrize("kills", [False, True])
def test_a_leg_that_is_due_loses_no_time_and_holds_nobody_up(kills: bool, tmp_path: Path) -> None:
    """What it waited for is made, and both workers have other work: it goes on after that."""
    source = tmp_path / "due.py"
    source.write_text(f"KILLS = {kills}\n{DUE}", encoding="utf-8")
    found = run.verify(sources=[str(source)], workers=2).claims
    of = {claim.id: claim for claim in found}
    assert [of[name].verdict for name in ("maker", "instead")] == [Verdict.HOLDS] * 2
    assert of["waits"].verdict is (Verdict.ERROR if kills else Verdict.HOLDS)
    assert ("SIGKILL" in str(of["waits"].legs[0].note)) is kills
