"""Training: one model under a perturbation, trained and looked at.

P is small (dozens), so that a run costs about a second; the cost grows like P³.
"""

from __future__ import annotations

import math

import numpy as np
from torch import Tensor

from refutable.model.bent.network import Network, contrast, reconstruction
from refutable.model.bent.observation import Observed
from refutable.model.bent.observer import Observer
from refutable.model.bent.perturbation import Perturbation
from refutable.model.bent.world import Batch, World, counterparts, draw, world
from refutable.model.setting import Setting, SettingError
from refutable.model.shapes import Float
from refutable.model.steps import Adam, GradientDescent
from refutable.model.trajectory import Objective

BATCH = {"mae": 64, "cl": 64}
"""Samples per step in place of the population: fresh ones every step, so nothing is learned by
heart; the noise left in Φ is that of one step."""
MOMENTS = 12
LOOKS = (0.0, 1 / 48, 1 / 24, 1 / 16, *(n / MOMENTS for n in range(1, MOMENTS + 1)))
"""When a model is looked at, as shares of its training: evenly, and closer at the start, where T_1
lies. A training has at least twice MOMENTS steps."""
ADAM_RATE = 0.05
"""Learning rate of Adam: an entry of Q moves by up to this much per step."""


def train(
    setting: Setting,
    objective: Objective,
    perturbation: Perturbation,
    *,
    time: float,
    step: float,
    seed: int,
    device: str = "cpu",
) -> Observed:
    """Train a model of P small for a time t = η·steps under a perturbation, and look at it.

    time, step: of the unperturbed training; `step_factor` multiplies the step, so that the time is
    kept, down to 2·MOMENTS steps. With two heads either takes steps of twice that size, as their
    average passes half of the gradient to each. device: as torch calls it; what is drawn does not
    depend on it. A run is a function of its arguments. Numbers that
    are not finite end it early (`diverged`). SettingError for what cannot be laid out.
    """
    if objective == "cl" and not 1 <= setting.contrastive.negatives < math.inf:
        raise SettingError("training needs at least one and finitely many negatives")
    rng = np.random.default_rng(seed)
    where = world(setting, perturbation, device)
    network = Network(setting, objective, perturbation, where, rng)
    eta = step * perturbation.step_factor
    steps = max(2 * MOMENTS, math.ceil(time / eta))
    size = perturbation.batch or BATCH[objective]
    optimiser = _optimiser(network, perturbation, eta * perturbation.heads)
    observer = Observer(setting, perturbation, where, objective, np.random.default_rng([seed, 1]))
    looks = {round(share * steps) for share in LOOKS}
    times = [eta * n for n in sorted(looks)]
    finite = observer.look(network)
    for n in range(1, steps + 1):
        batch = draw(setting, perturbation, where, size, rng)
        optimiser.zero_grad()
        loss = loss_on(batch, network, setting, perturbation, where, rng)
        decay = perturbation.weight_decay + setting.contrastive.weight_decay
        if decay:
            loss = loss + 0.5 * decay * network.Q.square().sum()
        loss.backward()
        optimiser.step()
        if n in looks:
            finite = observer.look(network)
            if not finite:
                break
    return observer.observed(diverged=not finite, step=eta, steps=steps, times=times)


def loss_on(
    batch: Batch,
    network: Network,
    setting: Setting,
    perturbation: Perturbation,
    where: World,
    rng: np.random.Generator,
) -> Float[Tensor, ""]:
    """The objective of a network on a batch; what CL contrasts it with is drawn here."""
    out = network(batch)
    if network.objective == "mae":
        return reconstruction(out, batch)
    against = counterparts(setting, perturbation, where, batch, rng)
    return contrast(out, network, setting, perturbation, against)


def _optimiser(network: Network, perturbation: Perturbation, eta: float) -> GradientDescent | Adam:
    adam = perturbation.optimiser == "adam"
    rate = ADAM_RATE * perturbation.step_factor if adam else eta
    groups = [(network.Q, rate)]
    if perturbation.value_training:
        groups.append((network.W, rate * perturbation.value_training))
    if adam:
        return Adam(groups)
    return GradientDescent(groups, momentum=perturbation.momentum)
