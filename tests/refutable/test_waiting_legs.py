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
