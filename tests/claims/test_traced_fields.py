"""Every number of a trace's record is what its name says of the run and of the setting."""

from __future__ import annotations

import math

import pytest

from refutable.claims import tracing
from refutable.claims.contrastive import collapse
from refutable.claims.contrastive.resting_place import rests_at
from refutable.claims.mae import global_laws, laws
from refutable.model import reduced
from refutable.model.setting import Contrastive, Latents, Setting
from refutable.model.trajectory import Objective, QueryKind

SETTING = Setting(
    P=10**24, kappa_c=0.85, kappa_s=0.3, gamma=0.6, K=3, c_1=0.7, c_s=2.0,
    latents=Latents.constant(1.25), contrastive=Contrastive(negatives=5, tau=0.7),
)  # fmt: skip
KINDS: list[tuple[Objective, QueryKind]] = [("mae", "local"), ("mae", "global"), ("cl", "global")]
LOSS_GAP = 2e-5


@pytest.mark.parametrize(("objective", "query"), KINDS)
def test_the_setting_is_described_field_by_field(objective: Objective, query: QueryKind) -> None:
    described = tracing.trace(SETTING, objective, query, loss_gap=LOSS_GAP).record["setting"]
    expected = {
        "objective": objective, "query": query, "P": 10**24, "log10_P": 24.0, "kappa_c": 0.85,
        "kappa_s": 0.3, "gap": 0.4, "gamma": 0.6, "clusters": 3, "latents": (1.25,),
        "C_1": SETTING.C_1, "C_s": SETTING.C_s,
    }  # fmt: skip
    if objective == "cl":
        expected |= {"tau": 0.7, "negatives": 5}
    assert SETTING.C_s != SETTING.C_1
    assert described.keys() == expected.keys()
    for name, value in expected.items():
        found = described[name]
        found = tuple(found) if isinstance(found, list) else found
        assert found == (pytest.approx(value) if isinstance(value, float) else value), name


@pytest.mark.parametrize(("objective", "query"), KINDS)
def test_events_and_the_end_are_those_of_the_run(objective: Objective, query: QueryKind) -> None:
    record = tracing.trace(SETTING, objective, query, loss_gap=LOSS_GAP).record
    if objective == "cl":
        run = reduced.cl(SETTING, loss_gap=LOSS_GAP)
    else:
        run = reduced.mae(SETTING, query, loss_gap=LOSS_GAP)
    for name in ("switch", "half", "done"):
        event, found = getattr(run, name), record["events"][name]
        assert (event is None) == (found is None)
        if event is not None:
            for key in ("log_t", "phi_global", "phi_own"):
                assert found[key] == getattr(event, key), (name, key)
    for key in ("phi_global", "phi_own", "own_attention", "loss_gap", "log_t"):
        assert record["final"][key] == getattr(run, key)[-1], key
    for key, value in record["max_abs"].items():
        assert value == max(abs(getattr(run, key))), key
    assert run.loss_gap[-1] == pytest.approx(LOSS_GAP, rel=1e-3)


@pytest.mark.parametrize(("objective", "query"), KINDS)
def test_predictions_are_those_of_the_kind_of_query(objective: Objective, query: QueryKind) -> None:
    events = tracing.trace(SETTING, objective, query, loss_gap=LOSS_GAP).record["events"]
    of = collapse if objective == "cl" else laws if query == "local" else global_laws
    for name, predicted in of.predicted_events(SETTING, LOSS_GAP).items():
        if events[name] is not None:
            assert events[name]["predicted"] == (predicted or {}), name


@pytest.mark.parametrize(("distance", "said"), [(9.9, True), (-9.9, True), (10.1, False)])
def test_closeness_of_the_gap_to_0_is_counted_in_log_p(distance: float, said: bool) -> None:
    """|Δ| log P below 10, and the depth that the joint law has there, negative."""
    P, kappa_s = 10**40, 0.3
    kappa_c = (1 + kappa_s + distance / math.log(P)) / 2
    setting = Setting(P=P, kappa_c=kappa_c, kappa_s=kappa_s)
    found = tracing.trace(setting, "mae", "local").record["remarks"]
    assert bool(found) == said
    if said:
        depth = laws.depth_at_half(setting)
        assert depth > 0
        assert f"Φ global = {-depth:.4g} at" in found[0]


@pytest.mark.parametrize("ten", [16, 20, 24, 30])
def test_the_number_of_clusters_named_is_the_least_that_is_enough(ten: int) -> None:
    setting = Setting(
        P=10**ten, kappa_c=0.85, kappa_s=0.3, latents=Latents.two_point(0.5, 1.5),
        contrastive=Contrastive(negatives=math.inf),
    ).replace(K=2)  # fmt: skip
    (said,) = [r for r in tracing.trace(setting, "cl", "global").record["remarks"] if "K_c" in r]
    named = int(said.partition("K_c = ")[2].split()[0])
    assert rests_at(setting.replace(K=named - 1))
    assert not rests_at(setting.replace(K=named))
