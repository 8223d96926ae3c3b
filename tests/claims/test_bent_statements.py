"""Finite statements hold just inside of their bounds and fail just outside; times are the laws'.

The bounds are written down here a second time, from the words in which statements are measured.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

import pytest

from refutable.claims.bent import along_training, bases, comparison, dials, plans, theorems
from refutable.claims.bent.statement import CONTRASTIVE_ONLY
from refutable.claims.comparison.diversity import limit_diversity
from refutable.claims.contrastive import collapse
from refutable.claims.mae import laws
from refutable.gap import Gap
from refutable.model.bent.observation import Observed, Seen
from refutable.model.setting import Contrastive, Latents

POSITIVE = bases.setting_of(bases.POSITIVE, "mae")
SEEN = {field.name: (0.5, 0.5) for field in dataclasses.fields(Seen)}
OBSERVED = Observed(
    objective="mae", diverged=False, step=1.0, steps=1, times=(0.0, 1.0), loss=(1.0, 0.5),
    local=Seen(**SEEN), global_=Seen(**SEEN), learned=(1.0,), none_visible=0.0, row_spread=0.0,
    shift=0.0, least_own_step=0.0, diversity=0.5, reconstruction=0.5, blank=1.0,
)  # fmt: skip


def seen(**changed: Any) -> Observed:
    """A model of which queries of both kinds are seen so."""
    kinds = dataclasses.replace(OBSERVED.local, **changed)
    return dataclasses.replace(OBSERVED, local=kinds, global_=kinds)


def observed(**changed: Any) -> Observed:
    return dataclasses.replace(OBSERVED, **changed)


def holding(gaps: Iterable[Gap], name: str) -> bool:
    """Whether the gaps of that name hold; there must be one."""
    found = [gap.holds for gap in gaps if name in gap.name]
    assert found, name
    return all(found)


LIMIT = limit_diversity(POSITIVE)
DEPTH = laws.depth_at_half(POSITIVE)
AT_START = (0.0, 0.0)
EDGES = {
    "largest area, nearly all": (
        theorems.global_case, "largest area",
        seen(own_largest=(0, 0.981)), seen(own_largest=(0, 0.979)),
    ),
    "own attention of the worst patch": (
        theorems.global_case, "worst", seen(least_own=(0, 0.501)), seen(least_own=(0, 0.499)),
    ),
    "Φ own three times the largest other": (
        theorems.global_case, "Φ own over",
        seen(phi_own=(0, 3.01), phi_other=(0, 1)), seen(phi_own=(0, 2.99), phi_other=(0, 1)),
    ),
    "the loss gap": (
        theorems.converges, "loss gap", seen(loss_gap=(1, 0.0199)), seen(loss_gap=(1, 0.0201)),
    ),
    "T_1 before T_½": (
        theorems.local_positive, "T_1 over",
        observed(
            times=(0, 1, 2, 3, 4),
            local=dataclasses.replace(
                OBSERVED.local, phi_own=(0, 0, 0, 2, 4), phi_global=(0, -1, -1.5, -2, -2),
                own_attention=(0.1, 0.1, 0.1, 0.4, 0.6),
            ),
        ),
        observed(
            times=(0, 1, 2, 3, 4),
            local=dataclasses.replace(
                OBSERVED.local, phi_own=(0, 0, 0, 2, 4), phi_global=(0, -1, -1.5, -2, -2),
                own_attention=(0.1, 0.4, 0.6, 0.7, 0.8),
            ),
        ),
    ),
    "Φ global given up": (
        theorems.local_positive, "rival",
        seen(phi_global=(0, -1.51), phi_other=(0, 1)),
        seen(phi_global=(0, -1.49), phi_other=(0, 1)),
    ),
    "Φ_n leads": (
        theorems.local_negative, "first change",
        seen(phi_own=(0, 1), phi_global=(0, -0.99)), seen(phi_own=(0, 1), phi_global=(0, -1.01)),
    ),
    "the collapse": (
        theorems.collapses, "mean attention",
        seen(global_attention=(0, 0.901)), seen(global_attention=(0, 0.899)),
    ),
    "the collapse of spread latents": (
        theorems.collapses_all_latents, "mean attention",
        seen(global_attention=(0, 0.861)), seen(global_attention=(0, 0.859)),
    ),
    "a suppressed Φ_1": (
        theorems.mechanism, "at the end",
        seen(phi_global=(0, -DEPTH - 0.01)), seen(phi_global=(0, -DEPTH + 0.01)),
    ),
    "diverse": (
        comparison.diverse, "diversity",
        observed(diversity=0.801 * LIMIT), observed(diversity=0.799 * LIMIT),
    ),
    "uniform": (
        comparison.uniform, "diversity", observed(diversity=0.049), observed(diversity=0.051),
    ),
    "CL is not local": (
        comparison.local_case, "at the start",
        dataclasses.replace(seen(own_attention=(0.4, 0.199)), objective="cl"),
        dataclasses.replace(seen(own_attention=(0.4, 0.201)), objective="cl"),
    ),
    "MAE reconstructs": (
        comparison.reconstructs, "blank",
        observed(reconstruction=0.199), observed(reconstruction=0.201),
    ),
    "CL does not": (
        comparison.reconstructs, "blank",
        observed(objective="cl", reconstruction=0.901),
        observed(objective="cl", reconstruction=0.899),
    ),
    "rows": (
        along_training.equal_rows, "rows", observed(row_spread=0.9e-9), observed(row_spread=1.1e-9),
    ),
    "shift": (
        along_training.shift_free, "Υ", observed(shift=0.9e-9), observed(shift=1.1e-9),
    ),
    "own correlations": (
        along_training.never_decreases, "own",
        observed(least_own_step=-0.9e-9), observed(least_own_step=-1.1e-9),
    ),
    "descent": (
        along_training.descends, "loss",
        observed(loss=(2.0, 1.0, 1.0019)), observed(loss=(2.0, 1.0, 1.0021)),
    ),
    "the own correlation moves first": (
        along_training.own_first, "change",
        seen(phi_own=(0, 1), phi_global=(0, -0.99)), seen(phi_own=(0, 1), phi_global=(0, -1.01)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("edge", EDGES)
def test_bounds_are_those_of_the_words(edge: str) -> None:
    ask, name, inside, outside = EDGES[edge]
    assert holding(ask(POSITIVE, inside), name)
    assert not holding(ask(POSITIVE, outside), name)


@pytest.mark.parametrize("z", [1.0, 1.25])
def test_an_autoencoder_is_given_twice_the_time_of_the_laws(z: float) -> None:
    """T_½ + K/(4z²ε), T_½ to leading order in ρ."""
    setting = POSITIVE.replace(latents=Latents.constant(z))
    plain = setting.K / (setting.gamma * (1 - setting.gamma) * setting.C_s / setting.P * z**4)
    claimed = plain + setting.K / (4 * z**2 * 0.02)
    assert plans.time_of(setting, "mae") == pytest.approx(2 * claimed)


@pytest.mark.parametrize(("z", "K", "tau"), [(1.0, 8, 1.0), (1.25, 3, 0.5)])
def test_a_contrastive_model_is_given_twice_the_time_of_the_laws(
    z: float, K: int, tau: float
) -> None:
    """c_T·KP(P/C_1)² (cl.time), and what cl.late has for the tail down to a miss of 0.1."""
    setting = bases.setting_of(bases.NEGATIVE, "cl").replace(
        K=K, latents=Latents.constant(z), contrastive=Contrastive(negatives=32, tau=tau)
    )
    KP = setting.K * setting.P
    growth = collapse.c_T(setting) * KP * (setting.P / setting.C_1) ** 2
    late = KP * (K - 1 + math.exp(z**2 / tau)) / (K - 1) / z**2 / 0.1
    assert plans.time_of(setting, "cl") == pytest.approx(2 * (growth + late))


def test_steps_are_half_over_rate_and_curvature() -> None:
    setting = POSITIVE.replace(latents=Latents.constant(1.25), gamma=0.75, K=3)
    assert plans.step_of(setting, "mae") == pytest.approx(3 / (2 * 0.75 * 1.25**4))
    seen_twice = 4 * (1 - 0.75) ** 2
    assert plans.step_of(setting, "cl") == pytest.approx(3 * setting.P / (seen_twice * 1.25**2))


@pytest.mark.parametrize("tau", [1.0, 0.3, 0.2, 0.1])
def test_what_is_given_is_limited_and_what_is_futile_is_glanced_at(tau: float) -> None:
    plan = plans.planned(bases.POSITIVE, {"low-temperature": tau}, "cl")
    once = plan.time / plan.given
    assert plan.time == pytest.approx(once * plan.given)
    limit = 21 if plan.asked <= 100 else 5
    assert plan.given == min(plan.asked, limit)
    whole = plans.time_of(plan.setting, "cl")
    assert plan.time == pytest.approx(whole * plan.given / plan.asked)


def test_contrastive_dials_are_those_of_the_contrastive_part() -> None:
    enters = {dial.name for dial in dials.DIALS if dial.enters is dials.Part.CONTRASTIVE}
    assert set(CONTRASTIVE_ONLY) == enters
