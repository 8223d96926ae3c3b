"""Expected: the reduced dynamics in the mean over the queries that a small model is seen by."""

from __future__ import annotations

import math

import numpy as np
import pytest

from refutable.auditing.statement import Base
from refutable.claims.bent import bases, events, plans
from refutable.claims.bent.expected import Expected

GAP = plans.EPSILON / 20


def of(base: Base, query: str) -> Expected:
    """Of a base as assumed."""
    setting = bases.setting_of(base, "mae")
    return Expected(setting, "local" if query == "local" else "global", GAP)


@pytest.mark.parametrize("base", bases.BOTH)
def test_trained_models_pass_one_half_when_expected(base: Base) -> None:
    # A third of the room that audited statements have; hidden areas and a larger remainder alone
    # put the trajectory of one query off by 0.1.
    run = plans.observe(bases.of_objective(base, "mae"), {}, 0, "mae")
    found, expected = run.half("local"), of(base, "local")
    assert found is not None
    assert expected.half is not None
    assert math.log(found) == pytest.approx(expected.half, abs=0.05)
    alone = expected.usual.half
    assert alone is not None
    assert abs(math.log(found) - alone.log_t) > 0.1


def test_areas_count_by_their_patches() -> None:
    expected = of(bases.NEGATIVE, "local")
    assert expected.patches == {4: 20, 7: 7}
    small, large = (expected._series(size, "phi_own") for size in (4, 7))
    np.testing.assert_allclose(expected.mean("phi_own"), (20 * small + 7 * large) / 27)


def test_nothing_hidden_leaves_one_trajectory() -> None:
    expected = of(bases.POSITIVE, "global")
    assert expected.half == pytest.approx(expected.usual.half.log_t, abs=0.01)
    end = float(expected.log_t[-1])
    assert expected.at("phi_own", end) == pytest.approx(float(expected.usual.phi_own[-1]))


def test_only_clusters_that_meet_are_given_room() -> None:
    expected = of(bases.NEGATIVE, "local")
    assert expected.late(4.0) > 0.001
    alone = Expected(expected.setting.replace(K=1), "local", GAP)
    assert alone.late(4.0) == alone.moved("phi_own", 4.0) == 0.0


@pytest.mark.parametrize("kind", ["local", "global"])
def test_a_model_a_fifth_late_breaks(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    base = bases.of_objective(bases.NEGATIVE, "mae")
    run, setting = plans.observe(base, {}, 0, "mae"), bases.setting_of(base, "mae")
    ask = events.half_time("local" if kind == "local" else "global")
    assert all(gap.holds for gap in ask(setting, run))
    seen = type(run).half
    monkeypatch.setattr(type(run), "half", lambda self, kind: 1.2 * seen(self, kind))
    assert not any(gap.holds for gap in ask(setting, run))
