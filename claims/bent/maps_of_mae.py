"""Maps of the masked autoencoder: which regime a query is in, and how long it must be trained."""

from __future__ import annotations

import itertools
import math

import numpy as np

from refutable.auditing.answers import PhaseMap, Trained
from refutable.auditing.statement import replicate_seed
from refutable.claim import Profile
from refutable.claims.bent import bases, plans
from refutable.model import reduced
from refutable.model.bent.perturbation import Perturbation
from refutable.model.setting import Setting
from refutable.records.numbers import finite_or_none

TENS = 60
"""P = 1e60 for the backgrounds in which log P must be large."""


def grid(low: float, high: float, count: int) -> tuple[float, ...]:
    """Evenly spaced values from low to high, in six digits."""
    return tuple(float(f"{value:.6g}") for value in np.linspace(low, high, count))


def exponents(profile: Profile, seed: int = 0) -> PhaseMap:
    """κ_c × κ_s: how far a local query gives up the global feature, against Δ = 0."""
    count = 9 if profile == "quick" else 21
    x, y = grid(0.52, 0.98, count), grid(0.04, 0.48, count)
    log_P = TENS * math.log(10)
    values = []
    for kappa_s in y:
        row: list[float | None] = []
        for kappa_c in x:
            setting = Setting(P=10**TENS, kappa_c=kappa_c, kappa_s=kappa_s)
            trajectory = reduced.mae(setting, "local", loss_gap=1e-3)
            row.append(float(f"{-float(trajectory.phi_global[-1]) / log_P:.4g}"))
        values.append(tuple(row))
    trained: list[Trained] = []
    sizes = itertools.product((8, 12, 18, 22), (2, 4)) if profile != "quick" else (
        (8, 2), (22, 2), (8, 4), (18, 4),
    )  # fmt: skip
    for C_1, C_s in sizes:
        base = {"P": 36, "C_1": C_1, "C_s": C_s, "latents": [1.0]}
        run = plans.observe(base, {}, replicate_seed(seed), "mae")
        setting = bases.setting_of(base, "mae")
        trained.append(
            Trained(
                x=round(setting.kappa_c, 4),
                y=round(setting.kappa_s, 4),
                holds=run.switch() is not None,
                measured=round(run.local.phi_global[-1], 4),
            )
        )
    return PhaseMap(
        name="exponents",
        claim="thm4.2.local+",
        title="What a local query does with the global feature",
        x_label="κ_c",
        y_label="κ_s",
        value_label="-Φ_1/log P at the end, at P = 1e60; theory: Δ/2 above 0",
        x=x,
        y=y,
        values=tuple(values),
        boundary=tuple((k, 2 * k - 1) for k in x if 0.04 <= 2 * k - 1 <= 0.48),
        boundary_label="Δ = 0",
        trained=tuple(trained),
        trained_label="trained at P = 36: Φ_1 falls first",
    )


def step_and_length(profile: Profile, seed: int = 0) -> PhaseMap:
    """η × steps: whether an autoencoder is within ε, against the predicted time."""
    factors = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0) if profile != "quick" else (0.5, 1.0, 4.0, 16.0)
    base = bases.POSITIVE
    setting = bases.setting_of(base, "mae")
    step = plans.step_of(setting, "mae")
    time = plans.time_of(setting, "mae")
    shares = (0.25, 0.5, 0.75, 1.0)
    values: list[tuple[float | None, ...]] = []
    trained: list[Trained] = []
    for factor in factors:
        turned = Perturbation(step_factor=factor)
        run = plans.trained(
            setting, "mae", turned, float(f"{time:.6g}"), step, replicate_seed(seed)
        )
        row: list[float | None] = []
        for share in shares:
            at = min(range(len(run.times)), key=lambda i: abs(run.times[i] - share * time))
            gap = max(run.local.loss_gap[at], run.global_.loss_gap[at])
            row.append(finite_or_none(float(f"{gap:.4g}")))
            trained.append(Trained(
                x=run.times[at], y=factor * step,
                holds=not run.diverged and gap <= plans.EPSILON,
                measured=row[-1],
            ))  # fmt: skip
        values.append(tuple(row))
    predicted = time / plans.PATIENCE
    return PhaseMap(
        name="step-length",
        claim="thm4.1",
        title="Step size and training time",
        x_label="training time t = η·steps",
        y_label="step η",
        value_label="loss gap of the worst patch, trained at P = 36",
        x=tuple(share * time for share in shares),
        y=tuple(factor * step for factor in factors),
        values=tuple(values),
        boundary=((predicted, factors[0] * step), (predicted, factors[-1] * step)),
        boundary_label=f"K/(γρz⁴) + K/(4z²ε), ε = {plans.EPSILON:g}",
        trained=tuple(trained),
        trained_label=f"loss gap ≤ {plans.EPSILON:g}",
        logarithmic=("y",),
    )
