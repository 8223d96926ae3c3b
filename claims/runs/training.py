"""Training: when a run is looked at, on which samples, and gradient descent by torch on all of Q.

Every step of a training draws fresh samples and masks, so that nothing is learned by heart: the
population gradient up to noise that falls with the batch. Arguments are plain values, so that a run
is found again by what it was made from.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from refutable.claim import Context
from refutable.gap import Gap, equal
from refutable.model import correlations, data, descent, vit
from refutable.model.setting import Setting
from refutable.model.trajectory import Objective
from refutable.reuse import shared

Floats = data.Floats

MOMENTS = (1 / 8, 1 / 4, 1 / 2, 3 / 4, 1.0)
"""Shares of the training time at which a run keeps its correlations."""
TEST_SAMPLES = 256
LOSS_SAMPLES = 1024
"""On which the loss of a single patch is measured: its standard error is then some 6 %."""
Gradients = Literal["closed", "torch"]


def name_of(setting: Setting) -> str:
    """What tells a trained setting from the others."""
    return f"P={setting.P} K={setting.K} Δ={setting.information_gap:+.3f}"


def model_name(setting: Setting, gradients: Gradients, number: int) -> str:
    """What tells a trained model from the others, of the same setting too."""
    by, again = ", torch" if gradients == "torch" else "", f", seed {number}" if number else ""
    return f"{name_of(setting)}{by}{again}"


def moments(time: float, step: float, also: tuple[float, ...] = ()) -> list[int]:
    """Numbers of steps at which a training of this length is looked at; `also` at these times."""
    total = math.ceil(time / step)
    shares = {max(1, round(share * total)) for share in MOMENTS}
    return sorted(shares | {min(total, math.ceil(t / step)) for t in also})


def unseen(setting: Setting, rng: np.random.Generator, samples: int = TEST_SAMPLES) -> data.Samples:
    """Samples that training has not seen: as many of every cluster, at least `samples` in all."""
    size = setting.K * math.ceil(samples / setting.K)
    return data.draw(setting, size, rng, stratified=True)


def random_basis(setting: Setting, rng: np.random.Generator) -> Floats:
    """A random orthonormal basis of the setting's positions and features, as columns."""
    return data.basis(setting, data.random_rotation(setting, rng))


def train_torch(
    module: vit.MaskedAutoencoder | vit.ContrastiveViT,
    batches: Iterator[Any],
    time: float,
    step: float,
    also: tuple[float, ...] = (),
) -> tuple[Floats, Floats, Floats]:
    """Times (T,) of the moments kept, and Φ (T, P, K·N) and Υ (T, P, P) there."""
    steps, states, done = moments(time, step, also), [], 0
    for moment in steps:
        descent.train_module(module, batches, steps=moment - done, step=step)
        G = correlations.coordinates(module.Q.detach().numpy(), module.basis)
        states.append(
            (correlations.feature(module.setting, G), correlations.position(module.setting, G))
        )
        done = moment
    phi, upsilon = (np.stack(series) for series in zip(*states, strict=True))
    return step * np.array(steps, dtype=float), phi, upsilon


@shared.run_once
def torch_difference(setting: Setting, seed: int, objective: Objective, steps: int) -> float:
    """Largest relative difference of all of Q between torch autograd and the closed forms.

    Both descend from Q = 0 on the same fresh samples for `steps` steps; the module's whole Q is a
    torch parameter, nothing is assumed of its form.
    """
    rng = np.random.default_rng([seed, 6])
    module: vit.MaskedAutoencoder | vit.ContrastiveViT
    batches: list[data.Samples] | list[data.Views]
    if objective == "mae":
        module, step = vit.MaskedAutoencoder(setting), 4.0
        batches = [data.draw(setting, 8 * setting.K, rng, stratified=True) for _ in range(steps)]
    else:
        module, step = vit.ContrastiveViT(setting), 8.0 * setting.P
        batches = [data.views(setting, 8, rng) for _ in range(steps)]
    descent.train_module(module, batches, steps=steps, step=step)
    automatic = correlations.coordinates(module.Q.detach().numpy(), module.basis)
    closed = descent.train_closed(setting, batches, steps=steps, step=step)
    return float(np.abs(automatic - closed).max() / np.abs(closed).max())


def same_in_torch(context: Context, setting: Setting, objective: Objective) -> Iterator[Gap]:
    """The closed forms that train the models take the steps of torch on the whole of Q."""
    steps = context.at(quick=2, full=40)
    yield equal(
        f"Q after {steps} steps, torch autograd against closed form, {name_of(setting)}",
        torch_difference(setting, context.root_seed, objective, steps),
        0,
        1e-12 * steps,
        "relative float64 error of sums of some thousand terms, added up over the steps",
    )
