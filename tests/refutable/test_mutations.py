"""The random search over mutations: what it spoils, what it leaves alone, what it calls noticed."""

from __future__ import annotations

import sys

import pytest

from refutable import run
from refutable.catalogue import load
from refutable.claim import Kind
from refutable.selftest import mutants

CLAIMS = '''
from refutable.claim import Claim, Provenance
from refutable.gap import at_most, equal

NOT_STATED = {"allowance": "sizes a tolerance"}


def predicted_exponent():
    return 0.5


def loose_bound():
    return 100.0


def slack_bound():
    return 100.0


def allowance():
    return 0.001


def nothing():
    return 0.0


claim = Claim(id="toy", title="t", statement="s", provenance=Provenance.DERIVED)
claim.tolerates(loose_bound, "a bound is one-sided")


@claim.leg("exact")
def check(context):
    """Two numbers."""
    yield equal("tight", 0.5, predicted_exponent(), allowance(), "toy")
    yield at_most("loose", 1.0, loose_bound(), 0, "toy")
    yield at_most("slack", 1.0, slack_bound() + nothing(), 0, "toy")


CLAIMS = (claim,)
'''

SOUND = {"toy": (Kind.EXACT,)}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("toy") / "toy_mutations.py"
    path.write_text(CLAIMS)
    return str(path)


def test_a_tight_statement_is_refuted_and_a_loose_one_survives(source: str) -> None:
    with run.opened([source]) as (_, pool):
        found = mutants.search(SOUND, pool, 100, "quick", 0)
    outcomes = {
        tuple(kill.mistake.removeprefix("toy_mutations.").split(": ")): kill.bite.outcome
        for kill in found
    }
    assert outcomes == {
        ("predicted_exponent", "0.02 more"): "killed",
        ("predicted_exponent", "0.02 less"): "killed",
        ("predicted_exponent", "the other sign"): "killed",
        ("loose_bound", "5 % more"): "survived",
        ("loose_bound", "5 % less"): "survived",
        ("loose_bound", "the other sign"): "killed",
        ("slack_bound", "5 % more"): "survived",
        ("slack_bound", "5 % less"): "survived",
        ("slack_bound", "the other sign"): "killed",
        ("nothing", "5 % more"): "did not apply",
        ("nothing", "5 % less"): "did not apply",
        ("nothing", "the other sign"): "did not apply",
    }
    unexplained = {kill.mistake.split(":")[0] for kill in found if kill.unexplained}
    assert unexplained == {"toy_mutations.slack_bound"}


def test_the_draw_depends_on_the_seed_alone(source: str) -> None:
    with run.opened([source], workers=2) as (_, pool):
        first, again, other = (
            [kill.mistake for kill in mutants.search(SOUND, pool, 3, "quick", seed)]
            for seed in (1, 1, 2)
        )
    assert first == again
    assert first != other


def test_functions_are_left_as_they_were(source: str) -> None:
    claim = load([source])["toy"]
    before = dict(vars(sys.modules["toy_mutations"]))
    mutants.mutants_of(claim, "quick", 0)
    assert dict(vars(sys.modules["toy_mutations"])) == before
