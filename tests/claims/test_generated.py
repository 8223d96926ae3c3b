"""Generated settings are valid, of both signs, and shrunk on few samples before training."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest
from hypothesis import given, settings

from refutable.claims.comparison import generated as claim
from refutable.claims.runs import generated
from refutable.claims.runs.generated import Trial
from refutable.gap import Gap, at_most
from refutable.model.setting import Setting


@settings(derandomize=True, max_examples=200)
@given(trial=generated.trials(0))
def test_trials_are_what_they_are_said_to_be(trial: Trial) -> None:
    setting = trial.setting
    ratio = setting.C_1**2 / (setting.P * setting.C_s)
    assert (ratio > generated.CLEAR) == (setting.information_gap > 0)
    assert (ratio < 1 / generated.CLEAR) == (setting.information_gap < 0)
    assert setting.P <= generated.LARGEST_P
    assert setting.locals >= 3
    assert (trial.regimes[0] == "Δ > 0") == (setting.information_gap > 0)


def test_the_simplest_trial_is_a_small_one() -> None:
    trial = hypothesis.find(generated.trials(0), lambda one: one.setting.K == 2)
    assert min(P for P, _, _ in generated.sizes(positive=False)) == trial.setting.P
    assert trial.setting.latents.values == (1.0,)


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> list[Trial]:
    """Trials that were measured, in order, instead of training: they fail from P = 30 on."""
    seen: list[Trial] = []

    def of_model(trial: Trial) -> list[Gap]:
        seen.append(trial)
        return [at_most("patches", trial.setting.P, 29, 0, "planted")]

    monkeypatch.setattr(claim, "of_model", of_model)
    return seen


def trial_of(P: int, per_cluster: int = 48) -> Trial:
    sizes: Any = next(s for s in generated.sizes(positive=True) if s[0] == P)
    return Trial(Setting.of_sizes(*sizes), 1.0, per_cluster, 0)


def test_nothing_cheap_is_tried_before_a_failure(models: list[Trial]) -> None:
    trials = claim.Trials()
    assert [gap.fails for gap in trials.gaps(trial_of(26))] == [False]
    assert [gap.fails for gap in trials.gaps(trial_of(40))] == [True]
    assert [trial.per_cluster for trial in models] == [48, 48]


def test_after_a_failure_the_cheap_engine_comes_first_and_training_confirms(
    models: list[Trial],
) -> None:
    trials = claim.Trials()
    trials.gaps(trial_of(40))
    assert trials.gaps(trial_of(26)) == []  # holds on few samples: no model is trained
    assert [trial.per_cluster for trial in models] == [48, 6]
    assert [gap.fails for gap in trials.gaps(trial_of(32))] == [True]
    assert [trial.per_cluster for trial in models] == [48, 6, 6, 48]
    trials.gaps(trial_of(40))  # known, and not trained again
    assert len(models) == 4
