"""A kill is a leg that holds unspoiled and fails spoiled; nothing else passes for one."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from refutable import run
from refutable.catalogue import load
from refutable.claim import Kind
from refutable.records.kills import Bite, Kill, Outcome
from refutable.selftest import planted

CLAIMS = '''
import os
from refutable import Claim, Provenance, Undecided, equal


def right():
    return 1


def wrong():
    return 2


def never_called():
    return 1


def used(value):
    return value


ONE = 1


def claim(id):
    return Claim(id=id, title=id, statement="s", provenance=Provenance.DERIVED)


sound = claim("sound")


@sound.leg("exact")
def exact(context):
    """One number."""
    yield equal("one", used(right()), ONE, 0, "toy")


def plant(value):
    return lambda original: lambda *given: value


def raising(original):
    def spoiled():
        raise ArithmeticError("no number")
    return spoiled


def leaving(original):
    return lambda: os._exit(0)


sound.mistake(right, "killed", plant(2))
sound.mistake(f"{__name__}.ONE", "killed as a constant", lambda original: 2)
sound.mistake(right, "survived", plant(1))
sound.mistake(right, "error", raising)
sound.mistake(right, "error at the end of its process", leaving)
sound.mistake(never_called, "not reached", plant(2))
sound.mistake(f"{__name__}.TWO", "did not apply", lambda original: 2)
sound.mistake(used, "undecided", lambda original: lambda value: value if value else value)

open_ = claim("open")


@open_.leg("exact")
def becomes_open(context):
    """Undecided when spoiled."""
    yield equal("one", 1, 1, 0, "toy") if right() == 1 else Undecided("it", "gave up")


open_.mistake(right, "survived, since undecided refutes nothing", plant(2))

failing = claim("failing")


@failing.leg("exact")
def fails_anyway(context):
    """Two is not one, spoiled or not."""
    yield equal("one", wrong(), 1, 0, "toy")


failing.mistake(wrong, "not sound", plant(3))

half = claim("half")


@half.leg("exact")
def fails(context):
    """Not sound."""
    yield equal("one", wrong(), 1, 0, "toy")


@half.leg("property")
def holds(context):
    """Sound, and notices."""
    yield equal("one", right(), 1, 0, "toy")


half.mistake(right, "killed by the leg that holds", plant(2))
half.mistake(wrong, "not reached by the leg that holds", plant(3))

later = claim("later")


@later.leg("exact", profile="full")
def late(context):
    """Not run in quick."""
    yield equal("one", right(), 1, 0, "toy")


later.mistake(right, "not sound, since nothing runs", plant(2))

stopped = claim("stopped")
CLOSED = []


@stopped.leg("exact")
def goes_on(context):
    """Spoiled, it is refuted first, and would break then."""
    try:
        yield equal("one", right(), 1, 0, "toy")
        yield equal("its inverse", 1 / (2 - right()), 1, 0, "toy")
    finally:
        CLOSED.append(right())


stopped.mistake(right, "killed by the first gap that fails", plant(2))

toothless = claim("toothless")


@toothless.leg("exact")
def bites_nothing(context):
    """True."""
    yield equal("one", 1, 1, 0, "toy")


CLAIMS = (sound, open_, failing, half, later, stopped, toothless)
'''


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("kills") / "toy_kills.py"
    path.write_text(CLAIMS, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def kills(source: str) -> list[Kill]:
    with run.opened([source]) as (outline, pool):
        results = run.Checking(outline, pool, (), "quick", 0).results()
        sound = planted.sound_legs(results)
        return list(planted.bite_all(sound, outline, pool, "quick", 0))


def test_every_mistake_has_the_outcome_that_its_title_names(kills: list[Kill]) -> None:
    found = [(kill.mistake, kill.bite.outcome) for kill in kills]
    expected = {
        "killed": Outcome.KILLED,
        "killed as a constant": Outcome.KILLED,
        "survived": Outcome.SURVIVED,
        "error": Outcome.ERROR,
        "error at the end of its process": Outcome.ERROR,
        "not reached": Outcome.NOT_REACHED,
        "did not apply": Outcome.DID_NOT_APPLY,
        "undecided": Outcome.SURVIVED,
        "survived, since undecided refutes nothing": Outcome.SURVIVED,
        "not sound": Outcome.NOT_SOUND,
        "killed by the leg that holds": Outcome.KILLED,
        "not reached by the leg that holds": Outcome.NOT_REACHED,
        "not sound, since nothing runs": Outcome.NOT_SOUND,
        "killed by the first gap that fails": Outcome.KILLED,
    }
    assert found == list(expected.items())


def test_a_kill_names_the_leg_that_holds_without_it(kills: list[Kill]) -> None:
    by_title = {kill.mistake: kill.bite for kill in kills}
    assert by_title["killed"].leg is Kind.EXACT
    assert by_title["killed by the leg that holds"].leg is Kind.PROPERTY


def test_what_is_no_kill_says_why(kills: list[Kill]) -> None:
    why = {kill.mistake: kill.bite.why for kill in kills}
    assert "ArithmeticError: no number" in why["error"]
    assert "exact is undecided: it: gave up" in why["survived, since undecided refutes nothing"]
    assert why["error at the end of its process"]
    assert "TWO" in why["did not apply"]


def test_a_leg_that_is_stopped_is_closed_before_the_mistake_is_undone(source: str) -> None:
    claim = load([source])["stopped"]
    planted.bite(claim, claim.mistakes[0], "quick", 0)
    assert __import__("toy_kills").CLOSED == [2]


def test_an_error_cannot_be_written_down_as_a_kill() -> None:
    with pytest.raises(ValidationError, match="a kill names the leg that failed"):
        Bite(outcome=Outcome.KILLED)


def test_a_mistake_is_undone_whatever_it_did(source: str) -> None:
    claim = load([source])["sound"]
    module = __import__("toy_kills")
    before = dict(vars(module))
    for mistake in claim.mistakes:
        if "process" not in mistake.title:
            planted.bite(claim, mistake, "quick", 0)
    assert dict(vars(module)) == before
