"""Plans: what is trained of a base with dials turned, for how long, and what is seen of it.

Times are those of the theorems with their sharpened constants, with room for the finite size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter

from refutable import device as devices
from refutable.auditing.statement import Base
from refutable.claims.bent import dials
from refutable.claims.bent.bases import setting_of
from refutable.model.bent.observation import Observed
from refutable.model.bent.perturbation import Perturbation
from refutable.model.bent.training import train
from refutable.model.setting import Setting
from refutable.model.trajectory import Objective
from refutable.reuse import cache

EPSILON = 0.02
"""The loss gap asked of a trained autoencoder; without attention it is ½z²γ = ¼."""
MISS = 0.1
"""The attention that a collapsed model may leave elsewhere when its time is up."""
PATIENCE = 2.0
"""Times the predicted time; rates change by tens of per cent where an area has 4 patches, of which
2 ± 1 are visible."""
LONGEST = 21.0
"""A setting may ask for at most so many times the steps of the assumed one. What fails when it was
given less than it asks for is not decided, unless masks alone decide it."""
FUTILE, GLANCE = 100.0, 5.0
"""One that asks for more than the first is given the second: what it has not reached by then, it
has not reached by LONGEST either. At τ = 0.1 attention moves by less than 0.05 in between."""
LARGEST_STEP = 256.0
"""Times the step at γ = ½ that high masking may ask for; an area once seen has larger rates."""


def step_of(setting: Setting, objective: Objective) -> float:
    """η for which η·rate·curvature is about one half.

    Rates are γ/K for MAE and 4(1-γ)²/(KP) for CL, whose views must both show an area. Curvature is
    of order U⁴ for MAE; for CL it is U² once attention is bounded, and η was halved until runs with
    latents ½ or 1½ agreed.
    """
    if objective == "mae":
        return setting.K / (2 * setting.gamma * setting.latents.U**4)
    seen = max(4 * (1 - setting.gamma) ** 2, 1 / LARGEST_STEP)
    return setting.K * setting.P / (seen * setting.latents.U**2)


def time_of(setting: Setting, objective: Objective) -> float:
    """PATIENCE times the time to the loss gap ε (thm4.1), or to a miss (cl.time, cl.late)."""
    second, fourth = setting.latents.moment(2), setting.latents.moment(4)
    seen, K = 1 - setting.gamma, setting.K
    if objective == "mae":
        rho = seen * min(setting.C_s, setting.C_1) / setting.P
        growth = K / (setting.gamma * rho * fourth)
        return PATIENCE * (growth + K / (4 * second * EPSILON))
    tau, clusters = setting.contrastive.tau, max(K, 2)
    c_T = 1 / (2 * seen**2 * (1 - 1 / clusters) * setting.contrastive.c_N * fourth)
    least = max(setting.latents.L, 0.1) ** 2  # the smallest latent comes last
    late = (clusters - 1 + math.exp(min(second / tau, 50.0))) / (clusters - 1) / least / MISS
    return PATIENCE * K * setting.P * (c_T * (setting.P / setting.C_1) ** 2 + late)


@cache.kept(depends_on=("refutable.model",), decode=TypeAdapter(Observed).validate_python)
def trained(
    setting: Setting,
    objective: Objective,
    perturbation: Perturbation,
    time: float,
    step: float,
    seed: int,
    device: str = devices.CPU,
) -> Observed:
    """One training, made once for all statements."""
    return train(setting, objective, perturbation, time=time, step=step, seed=seed, device=device)


@dataclass(frozen=True)
class Plan:
    """What is trained, with which step and for which time.

    asked: how many times the steps of the assumed model the setting asks for. given: how many it
    is given.
    """

    setting: Setting
    perturbation: Perturbation
    step: float
    time: float
    asked: float
    given: float


def planned(base: Base, turned: Mapping[str, float], objective: Objective) -> Plan:
    """The training of a base with these dials turned; its time is limited by LONGEST and FUTILE."""
    assumed = setting_of(base, objective)
    setting, perturbation = dials.place(assumed, turned)
    step, time = step_of(setting, objective), time_of(setting, objective)
    once = time_of(assumed, objective) / step_of(assumed, objective) * step
    asked = time / once
    given = min(asked, LONGEST if asked <= FUTILE else min(LONGEST, GLANCE))
    return Plan(setting, perturbation, step, time if given == asked else given * once, asked, given)


def observe(base: Base, turned: Mapping[str, float], seed: int, objective: Objective) -> Observed:
    """The model of a base with these dials turned."""
    plan = planned(base, turned, objective)
    time = float(f"{plan.time:.6g}")
    return trained(
        plan.setting, objective, plan.perturbation, time, plan.step, seed, devices.chosen()
    )
