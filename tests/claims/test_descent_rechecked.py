"""Gradient descent in balls is run again by claims-recheck, from formulas written a third time."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

import pytest

from refutable.claims.mae import any_step, local_positive
from refutable.claims.runs import descent_script, exact_descent
from refutable.model import ball_descent
from refutable.model.setting import Latents, Setting
from refutable.model.trajectory import QueryKind
from refutable.records.gap import CertificateRecord
from refutable.reports import words
from refutable.reuse import shared
from tests.refutable.forging import forgeries, verdict

Z = Latents.constant(1.25)
SMALL = Setting.of_sizes(32, 24, 4, kappa_c=0.9, kappa_s=0.3, latents=Z)
"""C_1²/(P·C_s) = 4.5: the global correlation moves first."""
OTHER = Setting.of_sizes(
    18, 6, 3, kappa_c=0.6, kappa_s=0.4, gamma=1 / 3, K=2, shared_partition=True,
    latents=Z,
)  # fmt: skip
STEPS = 25
EPSILON = 0.2


def script(setting: Setting, query: QueryKind) -> str:
    found = exact_descent.proved(setting, query, STEPS)
    assert not found.undecided
    gap = exact_descent.within(setting, query, found, EPSILON, STEPS)
    assert gap.certificate
    (text,) = gap.certificate.scripts
    return text


@pytest.mark.parametrize("query", ["local", "global"])
@pytest.mark.parametrize("setting", [SMALL, OTHER])
def test_the_path_is_found_again(setting: Setting, query: QueryKind) -> None:
    assert verdict(script(setting, query)) == "accepted"


def test_steps_that_overshoot_are_taken_again() -> None:
    found = any_step.taken(SMALL, "local", 32)
    text = descent_script.script(
        SMALL, "local", Fraction(32), found.taken, any_step.EPSILON, any_step.said(found)
    )
    assert "(falls loss_gap)" in text
    assert verdict(text) == "accepted"


def test_no_number_can_be_changed() -> None:
    text = script(SMALL, "local")
    assert "(first ahead" in text
    assert "(first halfway" in text
    changed = list(forgeries(text))
    assert len(changed) > 50
    for line, other in changed:
        assert verdict(other) == "rejected", line


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("(steps 25)", ""),
        ("(steps 25)", "(steps 25)\n(steps 25)"),
        ("(state phi_m 0)", ""),
        ("(state phi_m 0)", "(constant phi_m 0)"),
        ("(next phi_m", "(next phi_1"),
        ("(total attention", "(let attention"),
        ("(let on_n", "(let on_1"),
        ("(holds-0 shift)", "(holds-0 A_n)"),
        ("(holds-0 shift)", "(holds-0 attention)"),
        ("(holds-0 shift)", "(falls attention)"),
        ("(least alpha_n", "(least alpha_1"),
    ],
)
def test_a_run_that_says_something_else_is_rejected(before: str, after: str) -> None:
    text = script(SMALL, "local")
    assert before in text
    assert verdict(text.replace(before, after)) == "rejected"


def test_a_mistake_of_the_prover_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rates of Φ_n that are off by 1e-6."""
    right = ball_descent._Population.look

    def look(self: Any, *given: Any) -> Any:
        seen, beta = right(self, *given)
        alpha = (seen.alpha[0] * (1 + 1e-6), *seen.alpha[1:])
        return dataclasses.replace(seen, alpha=alpha), beta

    monkeypatch.setattr(ball_descent._Population, "look", look)
    with shared.nothing_shared():
        assert verdict(script(SMALL, "local")) == "rejected"


def test_explain_prints_precision_steps_and_radii() -> None:
    """As `claims explain` has them, of a training and of a bound."""
    found = exact_descent.proved(SMALL, "local", STEPS)
    training = exact_descent.within(SMALL, "local", found, EPSILON, STEPS)
    proof = local_positive.switch_time_bounds().proofs[0]
    tiles = proof.certificate(proof.cover())
    for certificate, expected in (
        (training.certificate, (f"bits {ball_descent.bits_for(STEPS)}, steps {STEPS}", "radii  ")),
        (tiles, ("bits 160, tiles 64", "steps of a bound")),
    ):
        assert certificate
        shown = "\n".join(words.certificate(CertificateRecord.of(certificate)))
        for text in expected:
            assert text in shown


def test_what_is_too_long_is_left_open() -> None:
    text = script(SMALL, "local").replace("(steps 25)", "(steps 100000)")
    assert verdict(text) == "not checkable"
