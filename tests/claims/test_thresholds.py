"""The cluster threshold does not depend on how it is computed; tables say what they hold."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from refutable.claims.contrastive import cluster_threshold, threshold_law


@pytest.mark.parametrize("tau", [1.0, 0.3])
def test_many_negatives_come_to_infinitely_many(tau: float) -> None:
    law = threshold_law.LATENT_LAW
    limit = threshold_law.cluster_threshold(law, tau)
    found = [threshold_law.cluster_threshold(law, tau, N_c) for N_c in (4, 64, 4096)]
    assert found == sorted(found)  # more negatives, more of them of the sample's cluster
    assert found[-1] == pytest.approx(limit, rel=5e-3)


def test_without_temperature_the_number_of_negatives_does_not_matter() -> None:
    for N_c in (1, 16, math.inf):
        found = threshold_law.cluster_threshold((0.5, 1.5), 1e12, N_c)
        assert found == pytest.approx(4, abs=1e-4)


def test_scale_enters_with_the_temperature_alone() -> None:
    """H scales with z when τ scales with z²."""
    found = threshold_law.cluster_threshold((1.5, 4.5), 2.7)
    assert found == pytest.approx(threshold_law.cluster_threshold((0.5, 1.5), 0.3), rel=1e-6)


def test_a_wider_law_needs_more_clusters() -> None:
    for tau in threshold_law.TAUS:
        row = [entry["K_c"] for entry in threshold_law.table(taus=(tau,))]
        assert row == sorted(row)
        assert row[0] > threshold_law.narrow_threshold(tau)


def test_the_pull_on_the_last_samples_vanishes_at_its_threshold() -> None:
    law, tau, complete = threshold_law.law_of(2.0), 0.1, np.ones(1)
    for N_c in (math.inf, 8):
        K = threshold_law.last_threshold(law, tau, N_c)
        signs = [threshold_law.pull(complete, law[0], law, K * x, tau, N_c)[0] > 0
                 for x in (0.99, 1.01)]  # fmt: skip
        assert signs == [False, True]


def test_rows_make_a_data_frame() -> None:
    frame = pd.DataFrame(threshold_law.table(taus=(1.0,), ratios=(2.0, 3.0)))
    assert list(frame.columns) == ["tau", "U/L", "negatives", "K_c", "K_L"]
    assert frame["K_c"].round(3).tolist() == [3.873, 5.002]


def test_the_tables_of_the_claim_cover_every_temperature() -> None:
    for compute in cluster_threshold.threshold.tables:
        table = compute()
        assert [row[0] for row in table.rows] == ["∞", "1", "0.5", "0.3", "0.1"]
        assert all(isinstance(cell, float) and cell >= 1 for row in table.rows for cell in row[1:])
