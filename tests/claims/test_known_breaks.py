"""Breaks that are known beforehand, found end to end by training: the audit sees what is there.

Each is asked of the statements that are audited, with their own thresholds, and beside each break
stands what does not break.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from refutable.auditing.statement import Base
from refutable.claims.bent import bases, plans, statement, statements
from refutable.model.setting import SettingError
from refutable.model.trajectory import Objective
from refutable.reuse import cache

SEED = 1
BOTH = pytest.mark.parametrize("base", bases.BOTH, ids=["positive gap", "negative gap"])


@pytest.fixture(autouse=True, scope="module")
def cached(tmp_path_factory: pytest.TempPathFactory) -> object:
    """Runs are shared among the tests of this file and with nothing else."""
    folder: Path = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(cache.FOLDER, str(folder))
        yield


def failing(claim: str, base: Base, **turned: float) -> list[str]:
    """Names of the gaps of an audited statement that do not hold."""
    dials = {name.replace("_", "-"): value for name, value in turned.items()}
    audited = next(s for s in statements.STATEMENTS if s.claim == claim)
    gaps = list(audited.check(base, dials, SEED, "quick"))
    assert gaps
    return [gap.name for gap in gaps if not gap.holds]


@BOTH
def test_one_cluster_with_constant_latents_learns_nothing(base: Base) -> None:
    """cl.zero-gradient leaves only what masks hide; with 8 clusters the same training collapses."""
    assert "mean attention of local queries to the global area" in failing(
        "thm4.4", base, clusters=1
    )
    run = plans.observe(base, {"clusters": 1}, SEED, "cl")
    start, end = run.local.global_attention[0], run.local.global_attention[-1]
    assert abs(end - start) < 0.05
    assert failing("thm4.4", base) == []


@BOTH
@pytest.mark.parametrize(
    "claim", ["contrast.diversity-cl", "contrast.locality", "contrast.reconstruction"]
)
def test_an_untrained_model_is_no_evidence_of_a_contrast(claim: str, base: Base) -> None:
    """With one cluster nothing is learned, so that nothing can be said of what was."""
    assert any(name.startswith("CL:") for name in failing(claim, base, clusters=1))


def test_a_model_that_was_not_given_its_time_decides_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A short training breaks no claim, unless masks alone do."""
    monkeypatch.setattr(plans, "LONGEST", 0.2)
    with pytest.raises(SettingError, match=r"was given 0\.2 times, and did not reach"):
        failing("thm4.4", bases.NEGATIVE)
    assert statement.SHOWN in failing("thm4.4", bases.NEGATIVE, high_masking=0.98)


@pytest.mark.parametrize(
    ("objective", "dial", "value", "given"),
    [
        ("cl", "low-temperature", 0.3, None),
        ("cl", "smallest-latent", 0.0, plans.LONGEST),  # asks for 60 times
        ("cl", "low-temperature", 0.1, plans.GLANCE),  # for 1,500 times
        ("mae", "high-masking", 0.98, None),
    ],
)
def test_a_model_is_given_what_it_asks_for_within_limits(
    objective: Objective, dial: str, value: float, given: float | None
) -> None:
    """Less where all that is allowed would be too little by far; as assumed it asks for 1."""
    assert plans.planned(bases.POSITIVE, {}, objective).given == 1
    plan = plans.planned(bases.POSITIVE, {dial: value}, objective)
    once = plans.time_of(bases.setting_of(bases.POSITIVE, objective), objective)
    steps = once / plans.step_of(bases.setting_of(bases.POSITIVE, objective), objective)
    assert plan.given == (plan.asked if given is None else given) <= plan.asked
    assert plan.time / plan.step == pytest.approx(plan.given * steps)


@BOTH
def test_contrastive_learning_follows_size_and_not_the_name(base: Base) -> None:
    """κ_s > κ_c for one area: that local area is learned in place of the global one."""
    run = plans.observe(base, {"large-local-area": 1.1}, SEED, "cl")
    assert int(np.argmax(run.learned)) == 1
    assert failing("thm4.4", base, large_local_area=1.1)
    plain = plans.observe(base, {}, SEED, "cl")
    assert int(np.argmax(plain.learned)) == 0
    assert failing("mae.locality", base, large_local_area=1.1) == []  # the autoencoder is not led


@BOTH
def test_own_area_attention_survives_adam(base: Base) -> None:
    """Its mechanism does not: other correlations grow as well."""
    assert failing("mae.locality", base, adam=1) == []
    claim = "thm4.2.local+" if base is bases.POSITIVE else "thm4.2.local-"
    assert "Φ own over the largest other Φ, local queries" in failing(claim, base, adam=1)
    assert failing(claim, base) == []


@BOTH
@pytest.mark.parametrize("masks", ["views", "block_masks", "bernoulli_masks"])
def test_the_collapse_does_not_depend_on_how_views_are_masked(base: Base, masks: str) -> None:
    assert failing("thm4.4", base, **{masks: 1.0}) == []


def test_other_latents_need_more_clusters() -> None:
    """Below K_c samples of small latents do not collapse, from constant latents on they do."""
    assert failing("cl.cluster-threshold", bases.SPREAD, clusters=2)
    assert failing("cl.cluster-threshold", bases.SPREAD) == []
    assert failing("thm4.4", bases.POSITIVE, clusters=2) == []
