"""Bounds for every P, as numbers: one that changes is a derivation that changed.

That floats lie inside is a weak test, since a bound has room, and claims-recheck takes the steps
that the prover wrote down. A constant that is wrong shows here, at wide tiles and sizes c_1, c_s.
"""

from __future__ import annotations

from typing import Any

import pytest

from refutable.claims.contrastive.for_every_size import Collapse, LateCollapse
from refutable.claims.mae.for_every_size import GlobalQuery, LocalQuery
from refutable.claims.mae.global_population import GlobalPopulation
from refutable.claims.mae.population_for_every_size import PopulationQuery
from refutable.claims.mae.spread_for_every_size import NEAR_APART, SpreadQuery
from refutable.claims.runs.region import Region
from refutable.prove.majorant import Majorant

TILES = {
    1: Region(12, (0.85, 0.9), (0.3, 0.35), (0.45, 0.5), 1.5, 2.0),
    -1: Region(12, (0.6, 0.62), (0.4, 0.42), (0.45, 0.5), 1.5, 2.0),
}
"""By the sign of the gap."""
REACH, TAU = 3, 0.7
LOCAL = {
    1: {
        "half_time": 0.000655338, "half_time_off": 0.05274345, "half_time_given_up": 0.0006553564,
        "own_at_half": 0.00332315, "depth_at_half": 0.01090065, "crossover_off": 0.06581306,
        "switch_time": 0.02312909, "switch_time_off": 0.02312911, "own_at_switch": 0.01069501,
        "depth_at_switch": 0.04261177, "depth_at_switch_off": 0.0213059,
        "small.upsilon_own": 0.003217165, "small.upsilon_global": 3.476957e-09,
        "small.upsilon_other": 1.559254e-09, "small.phi_other": 6.588388e-06,
    },
    -1: {
        "half_time": 4.180519e-05, "half_time_off": 6.464914e-05,
        "half_time_given_up": 4.192581e-05, "own_at_half": 0.0002008143,
        "depth_at_half": 0.001722669, "crossover_off": 0.001745512,
        "global_over_own": 0.007485987, "global_moved": 0.00828936,
        "small.upsilon_own": 0.0001751042, "small.upsilon_global": 4.561061e-10,
        "small.upsilon_other": 2.574693e-11, "small.phi_other": 2.967384e-06,
    },
}  # fmt: skip
GLOBAL = {
    1: {
        "half_time": 4.854447e-07, "plain_half_time": 1.182857, "own_at_half": 1.344727e-07,
        "small.upsilon_own": 3.067854e-10, "small.upsilon_other": 7.293336e-12,
        "small.phi_other": 1.271587e-07,
    },
    -1: {
        "half_time": 8.371988e-06, "plain_half_time": 0.0009699261, "own_at_half": 2.532283e-06,
        "small.upsilon_own": 6.540391e-07, "small.upsilon_other": 1.557295e-11,
        "small.phi_other": 1.878162e-06,
    },
}  # fmt: skip
POPULATION = {
    1: {
        "half_time": 0.001117557, "half_time_off": 0.05336203, "half_time_given_up": 0.001243334,
        "own_weight_at_half": 0.0004017846, "own_at_half_off": 0.01261253,
        "depth_at_half": 0.01340773, "crossover_off": 0.06844575, "switch_time": 0.0281832,
        "switch_time_off": 0.02831238, "own_at_switch": 0.0125709, "depth_at_switch": 0.05011534,
        "depth_at_switch_off": 0.0251833,
        "small.upsilon_own": 0.01221075, "small.upsilon_global": 3.384324e-08,
        "small.upsilon_other": 8.145884e-09, "small.phi_other": 3.426335e-05,
        "swayed": 0.0007215001, "shaken": 0.0004281085, "jolt": 0.01517788,
        "jolts": 4.640513e-10, "early": 4.851594e-10,
    },
    -1: {
        "half_time": 7.568688e-05, "half_time_off": 0.000106457,
        "half_time_given_up": 8.373276e-05, "own_weight_at_half": 5.265258e-05,
        "own_at_half_off": 0.0007095464, "depth_at_half": 0.0133897, "crossover_off": 0.01342047,
        "global_over_own": 0.007558847, "global_moved": 0.008342357,
        "small.upsilon_own": 0.0006568938, "small.upsilon_global": 1.933779e-09,
        "small.upsilon_other": 1.222981e-10, "small.phi_other": 1.364211e-05,
        "swayed": 0.01218662, "shaken": 0.005748245, "jolt": 0.0003330482,
        "jolts": 6.865199e-11, "early": 8.038734e-11,
    },
}  # fmt: skip
GLOBAL_POPULATION = {
    1: {
        "half_time": 4.926404e-05, "plain_half_time": 1.057161, "own_at_half": 8.596126e-07,
        "small.upsilon_own": 1.040533e-09, "small.upsilon_other": 2.473705e-11,
        "small.phi_other": 4.312885e-07,
    },
    -1: {
        "half_time": 0.0002485435, "plain_half_time": 0.00113548, "own_at_half": 9.347229e-06,
        "small.upsilon_own": 2.385146e-06, "small.upsilon_other": 5.698988e-11,
        "small.phi_other": 6.872609e-06,
    },
}  # fmt: skip
COLLAPSE = {
    1: {
        "half_time": 8.047118, "plain_half_time": 8.151226, "growth": 1.341421e-07,
        "dominance": 3.178487e-08, "phi_other": 1.271594e-07,
    },
    -1: {
        "half_time": 0.009536337, "plain_half_time": 0.009581782, "growth": 2.873592e-05,
        "dominance": 2.436933e-06, "phi_other": 2.87332e-05,
    },
}  # fmt: skip

LATE = {1: {"left_over": 1.258652e-05}, -1: {"left_over": 0.009494401}}


SHARE = 0.1
"""ρ where ρ² is told from nothing: 1e-6 of 1e-2 is far below any coefficient of it."""
OF_SHARE = {
    1: {
        LocalQuery: {"half_time": 6.703845, "switch_time": 1.280749},
        PopulationQuery: {"half_time": 7.587912, "switch_time": 5.239608},
    },
    -1: {LocalQuery: {"half_time": 5.425717}, PopulationQuery: {"half_time": 5.883157}},
}  # fmt: skip

SPREAD = {
    "local": {
        "time": 0.01261969, "small.upsilon_own": 0.0002098471, "small.upsilon_global": 1.760789e-08,
        "small.upsilon_other": 1.659847e-08, "small.phi_other": 0.001570932,
        "small.phi_global": 9.604706e-05, "longer": 0.001876317, "k": 1.222812e-07,
    },
    "global": {
        "time": 1.34934, "small.upsilon_own": 8.457595e-07, "small.upsilon_other": 1.472244e-08,
        "small.phi_other": 0.002421435, "longer": 0.2623472, "k": 1.22387e-07,
    },
}  # fmt: skip
ENDS = {"local": 0.002634152, "global": 0.004986095}


def found(bounds: object, name: str) -> float:
    value = bounds
    for part in name.split("."):
        value = getattr(value, part)
    return float(value.value)  # type: ignore[attr-defined]


@pytest.mark.parametrize("sign", TILES)
def test_bounds_are_those_that_were_derived(sign: int) -> None:
    for bounds, numbers in (
        (LocalQuery(TILES[sign], REACH), LOCAL[sign]),
        (GlobalQuery(TILES[sign], REACH), GLOBAL[sign]),
        (PopulationQuery(TILES[sign]), POPULATION[sign]),
        (GlobalPopulation(TILES[sign]), GLOBAL_POPULATION[sign]),
        (Collapse(TILES[sign], REACH, TAU), COLLAPSE[sign]),
        (LateCollapse(TILES[sign], lowest_tau=TAU), LATE[sign]),
    ):
        for name, number in numbers.items():
            assert found(bounds, name) == pytest.approx(number, rel=1e-6), name


@pytest.mark.parametrize("query", SPREAD)
def test_bounds_of_random_latents_are_those_that_were_derived(query: Any) -> None:
    bounds = SpreadQuery(TILES[-1], NEAR_APART, query)
    for name, number in SPREAD[query].items():
        assert found(bounds, name) == pytest.approx(number, rel=1e-6), name
    assert float(bounds.own_at(1e-2).value) == pytest.approx(ENDS[query], rel=1e-6)


@pytest.mark.parametrize("sign", TILES)
def test_terms_of_second_order_are_those_that_were_derived(sign: int) -> None:
    """Where the own area's share is 0.1 in what W_n adds to a time; elsewhere it is as it was."""
    for kind, numbers in OF_SHARE[sign].items():
        bounds = kind(TILES[sign])
        assert bounds.half_time.value < SHARE
        bounds.rho = Majorant.of(SHARE, -1)
        for name, number in numbers.items():
            assert found(bounds, name) == pytest.approx(number, rel=1e-6), name
