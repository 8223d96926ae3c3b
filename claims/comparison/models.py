"""Both objectives on the same data: the models and ladders that are compared.

The masked autoencoders are those of Theorem 4.1, the contrastive models those of Theorem 4.4.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from refutable import scaling
from refutable.claim import Context
from refutable.claims.runs import contrastive, masked, training
from refutable.claims.theorems import theorem_4_1
from refutable.model.setting import Setting

FALSE_ALARM = 1e-10
"""Per gap on trained models: every tolerance is more than ten times the spread over seeds."""
ASSUMPTIONS = (
    "orthonormal features",
    "zero initialisation",
    "uniform masking",
    "size separation κ_c > κ_s",
    "gap bounded away from 0",
    "small step",
    "many clusters",
    "contrastive details",
)


def autoencoders(context: Context) -> Iterator[tuple[str, masked.TrainedMae]]:
    """Trained masked autoencoders of both regimes, each with its name."""
    for i, (_, run) in enumerate(theorem_4_1.autoencoders(context)):
        yield f"{run.name}, run {i}", run


def contrastive_models(context: Context) -> Iterator[tuple[str, contrastive.TrainedCl]]:
    """Trained contrastive models of both regimes; longer profiles take the autoencoders' data."""
    for setting in context.at(quick=(), full=(masked.POSITIVE, masked.NEGATIVE)):
        for seed in range(3):
            name = f"{training.name_of(setting)}, seed {seed}"
            time, step = contrastive.training_time(setting), contrastive.STEP * setting.P
            run = contrastive.trained_cl(setting, context.root_seed + seed, time, step)
            yield name, run
    others = context.at(quick=contrastive.trained_collapses, full=contrastive.torch_collapses)
    for i, run in enumerate(others(context)):
        yield f"{run.name}, run {i}", run


TOPS = (
    Setting(P=10**100, kappa_c=1.0, kappa_s=0.3, c_1=0.5, K=2),
    Setting(P=10**100, kappa_c=0.8, kappa_s=0.2, c_1=0.7, K=2),
    Setting(P=10**100, kappa_c=0.6, kappa_s=0.3, c_1=0.7, c_s=2.0, K=2),
)
"""Δ = 0.7, 0.4 and -0.1."""
DIGITS = scaling.rungs(20, 100, 6)
LOSS_GAP = 1e-8


def tops(context: Context) -> tuple[Setting, ...]:
    """Ladders of both signs of Δ."""
    return context.at(quick=TOPS[::2], full=TOPS)


def log_P() -> list[float]:
    """Natural logarithms of the rungs."""
    return [k * math.log(10) for k in DIGITS]
