"""Limiting equations: the code's rates tend to them, and the laws in floats are their constants."""

from __future__ import annotations

import math

import pytest
import sympy as sp

from refutable.claims.contrastive import collapse
from refutable.claims.contrastive import limit_systems as shared_row
from refutable.claims.mae import global_laws, laws, limit_systems
from refutable.model import reduced
from refutable.model.setting import Contrastive, Latents, Setting

FAR = Setting(P=10**80, kappa_c=0.85, kappa_s=0.4, gamma=0.3, latents=Latents.constant(1.3), K=3)
NEGATIVE = FAR.replace(kappa_c=0.6)
"""Where what the limit leaves out is below 1e-9."""


def at(expression: sp.Expr, **values: float) -> float:
    return float(expression.subs({s: values[s.name] for s in expression.free_symbols}))


@pytest.mark.parametrize(("w", "v"), [(0.9, 0.2), (2 / 3, 2 / 3), (0.1, 1.8)])
def test_rates_of_the_reduced_dynamics_tend_to_the_drives(w: float, v: float) -> None:
    z, share = FAR.latents.L, math.exp(laws.log_own_share(FAR))
    log_a = laws.log_global_share(FAR)
    phi_1 = -0.5 / z * (math.log(v) + 2 * log_a - math.log1p(-math.exp(log_a)) - FAR.log_rho)
    found = reduced.mae_rates(
        FAR, "local", phi_global=phi_1, phi_own=-math.log(w) / z, counts="mean"
    )
    values = {"z": z, "h": math.sqrt(share), "w": w, "x": math.sqrt(v)}
    unit = FAR.gamma / FAR.K
    own, pushed = limit_systems.own_drive(), limit_systems.global_drive()
    assert found.alpha_own == pytest.approx(unit * at(own, **values), rel=1e-9)
    assert -found.alpha_global == pytest.approx(unit * at(pushed, **values), rel=1e-9)


@pytest.mark.parametrize("setting", [FAR, NEGATIVE], ids=["positive gap", "negative gap"])
def test_laws_are_the_constants_of_the_limiting_equations(setting: Setting) -> None:
    z, latents = setting.latents.L, setting.latents
    unit = setting.K / (setting.gamma * math.exp(laws.log_own_share(setting)) * z**4)
    half, switch = float(limit_systems.half_time()), float(limit_systems.switch())
    assert math.exp(laws.log_half_time(setting)) == pytest.approx(unit * half)
    assert math.exp(laws.log_switch_time(setting)) == pytest.approx(unit * switch)
    own, pushed = limit_systems.solution()
    assert z * laws.own_at_switch(latents) == pytest.approx(
        -math.log(own.subs(limit_systems.s, switch))
    )
    rate = setting.K * float(limit_systems.gap_times_time()) / z**2
    assert math.exp(laws.log_tail_time(setting, 1e-3)) == pytest.approx(rate / 1e-3)
    if setting.information_gap > 0:
        v = limit_systems.solution()[1].subs(limit_systems.s, limit_systems.switch())
        depth = at(
            limit_systems.depth(v, sp.Symbol("P", positive=True)), P=setting.P,
            c_1=setting.c_1, c_s=setting.c_s, g=1 - setting.gamma,
            kappa_c=setting.kappa_c, kappa_s=setting.kappa_s,
        )  # fmt: skip
        assert z * laws.global_at_switch(setting) == pytest.approx(depth)
    assert own.diff(limit_systems.s) == -1
    assert pushed.diff(limit_systems.s) == 2


def test_a_global_query_travels_as_derived() -> None:
    for share in (0.05, 0.3, 0.9):
        derived = float(limit_systems.travel(sp.Float(share)))
        assert global_laws.travel(share) == pytest.approx(derived)


def test_the_collapse_has_the_derived_constants() -> None:
    details = Contrastive(negatives=4, tau=0.7)
    setting = FAR.replace(contrastive=details)
    named = {"z": 1.3, "K": 3, "N_c": 4, "tau": 0.7, "c_1": 1.0, "g": 0.7}
    power = (3 - 2 * FAR.kappa_c) * FAR.log_P + math.log(3)
    derived = math.log(at(shared_row.transition(), **named)) + power
    assert collapse.transition_time(setting) == pytest.approx(derived)
    assert collapse.late_constant(setting) == pytest.approx(at(shared_row.left_over(), **named))
    assert collapse.late_loss(setting) == pytest.approx(at(shared_row.loss_left_over(), **named))


@pytest.mark.parametrize("spoil", ["own_drive", "global_drive", "growing_drive"])
def test_a_wrong_drive_is_no_leading_term(spoil: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = getattr(limit_systems, spoil)
    monkeypatch.setattr(limit_systems, spoil, lambda: right() * sp.Rational(101, 100))
    steps = [*limit_systems.positive_gap(), *limit_systems.late()]
    assert not all(step.holds for step in steps if hasattr(step, "holds"))
