"""What the keys of a query weigh in other clusters, against a sum written out."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from refutable.claims.runs import finite_size
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind

COUPLED = Setting.of_sizes(20, 8, 4, K=3, placement="random", placement_seed=5)
UNLIKE = Setting.of_sizes(20, 8, 4, K=3, local_sizes=(4, 8), placement="random")
OWN, CROWD, OF_GLOBAL = {4: 0.7, 8: 0.3}, {4: -0.2, 8: -0.1}, 0.4
AS_LOCAL, AS_GLOBAL = {C: (OWN[C], CROWD[C]) for C in OWN}, (OF_GLOBAL, math.nan)


def written_out(setting: Setting, query: QueryKind, size: int) -> list[float]:
    found = []
    for k in range(setting.K):
        for p in range(setting.P):
            here = setting.area_of[k]
            if (here[p] == 0) != (query == "global") or setting.area_sizes[here[p]] != size:
                continue
            Y = 0.0
            for other in (c for c in range(setting.K) if c != k):
                there = setting.area_of[other]
                weights = []
                for q in range(setting.P):
                    if q == p or here[q] != here[p]:
                        continue
                    if there[p] == 0:
                        upsilon = OF_GLOBAL if there[q] == 0 else 0.0
                    else:
                        C = int(setting.area_sizes[there[p]])
                        on_others = CROWD[C] if there[q] == 0 else 0.0
                        upsilon = OWN[C] if there[q] == there[p] else on_others
                    weights.append(math.exp(upsilon))
                Y += math.log(sum(weights) / len(weights))
            found.append(Y)
    return found


@pytest.mark.parametrize(("query", "size"), [("local", 4), ("global", 8)])
def test_a_query_is_met_in_every_other_cluster(query: QueryKind, size: int) -> None:
    met = AS_LOCAL[4], AS_GLOBAL
    for setting in (COUPLED, COUPLED.replace(placement="contiguous")):
        found = finite_size.in_other_clusters(setting, query, size, met)
        np.testing.assert_allclose(found, written_out(setting, query, size), atol=1e-14)


@pytest.mark.parametrize(("query", "size"), [("local", 4), ("local", 8), ("global", 8)])
def test_it_is_met_by_the_size_of_its_area(query: QueryKind, size: int) -> None:
    met = AS_LOCAL[4], AS_LOCAL[8], AS_GLOBAL
    found = finite_size.in_other_clusters(UNLIKE, query, size, met)
    np.testing.assert_allclose(found, written_out(UNLIKE, query, size), atol=1e-14)


@pytest.mark.parametrize("alone", [COUPLED.replace(K=1), COUPLED.replace(shared_partition=True)])
def test_clusters_that_do_not_meet_move_nothing(alone: Setting) -> None:
    found = finite_size.in_other_clusters(alone, "local", 4, (AS_LOCAL[4], AS_GLOBAL))
    assert found == (0.0,)


class Still(finite_size.Kind):
    """Patches whose pace is 1, twelve steps after the start and before the transition."""

    transition = 0

    def taken(self, moment: int) -> int:
        return 12

    def pace(self, series: str, moment: int) -> float:
        return 1.0


@pytest.mark.parametrize(("series", "size", "power"), [("phi_own", 8, 1), ("phi_global", 40, 2)])
def test_what_patches_have_in_common_is_the_noise_of_the_counts_they_see(
    series: str, size: int, power: int
) -> None:
    """Means of (u/E u)^power over the samples of all steps, drawn many times."""
    setting, rng = Setting.of_sizes(200, 40, 8, K=2, gamma=0.4), np.random.default_rng(0)
    run = SimpleNamespace(setting=setting, per_cluster=5)
    kind = Still(run=run, query="local", size=8, areas=3)  # type: ignore[arg-type]
    u = rng.binomial(size, 1 - setting.gamma, (4000, 12 * 5))
    means = ((u / (size * (1 - setting.gamma))) ** power).mean(axis=1)
    assert kind.in_common(series, 0) == pytest.approx(float(means.std()), rel=0.1)
    assert kind.draws(series) == (3 if series == "phi_own" else setting.K)


def test_few_areas_do_not_tell_how_far_areas_lie_apart() -> None:
    """Two areas, each within its noise of 0.1, whose patches differ by a hundredth of that."""
    rng = np.random.default_rng(0)
    patches = np.concatenate([0.1 + 0.001 * rng.normal(size=9), 0.102 + 0.001 * rng.normal(size=9)])
    assert all(gap.holds for gap in finite_size.every_one("own", patches, 0.0, 0.0, 0.1))
    assert not all(gap.holds for gap in finite_size.every_one("own", patches, 0.0, 0.0, 0.01))
