"""Training: the whole module trained on small settings, for claims that hold along training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from refutable.claim import Context
from refutable.gap import Gap, at_most
from refutable.model import data, descent, vit
from refutable.model.data import Floats
from refutable.model.setting import Latents, Setting
from refutable.model.trajectory import Series

DRIFT = 1e-11
"""Correlations after some hundred descent steps of size ≤ 1, each adding rounding of at most
ROUNDING; the loss is descended, so that differences are not amplified beyond a small factor."""


def trained(
    setting: Setting,
    samples: data.Samples,
    steps: int,
    step: float,
    basis: Floats | None = None,
) -> tuple[Floats, Series]:
    """Q after training the full module by automatic differentiation, and the losses on the way."""
    module = vit.MaskedAutoencoder(setting, basis)
    values = descent.train_module(module, samples, steps=steps, step=step)
    return module.Q.detach().numpy(), values


def training_settings(context: Context) -> Iterator[Setting]:
    """Settings of either sign of C_1² - P·C_s, one and several clusters, random placement."""
    base = Setting.of_sizes(12, 5, 2, gamma=0.5, latents=Latents.two_point(0.75, 1.25))
    yield base.replace(K=2, placement="random", placement_seed=context.seed % 1000)
    yield Setting.of_sizes(12, 3, 2, gamma=0.5)
    if context.profile != "quick":
        yield base.replace(K=3, gamma=0.75)
        yield Setting.of_sizes(24, 8, 4, gamma=0.5, K=2, latents=base.latents)


def training(context: Context) -> Iterator[tuple[Setting, data.Samples, int]]:
    """Settings, a batch for each and how many steps of size 1 to train on it."""
    for i, setting in enumerate(training_settings(context)):
        rng = np.random.default_rng([context.seed, i])
        yield setting, data.draw(setting, 48, rng), context.at(quick=60, full=600)


STEP = 1.0


def has_trained(values: Series) -> Gap:
    """Nothing is shown by a training that did not move."""
    return at_most(
        "loss after training over loss before",
        values[-1] / values[0],
        0.9,
        0,
        "the run must have left its start for the statement to say anything; by half, with a few "
        "hundredths from batch to batch",
        false_alarm=1e-12,
    )
