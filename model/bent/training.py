"""Training: one model under a perturbation, trained and looked at.

P is small (dozens), so that a run costs a second or less; the cost grows like P² where patches
of an area are copies, and like P³ where they are not.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from refutable.model.bent import by_patch
from refutable.model.bent.by_area import ByArea, OutOfRangeError, applies, ask_alike
from refutable.model.bent.by_patch import ByPatch
from refutable.model.bent.drawing import Samples, ahead
from refutable.model.bent.network import Network, contrast, reconstruction
from refutable.model.bent.observation import Observed
from refutable.model.bent.observer import Observer
from refutable.model.bent.perturbation import Perturbation
from refutable.model.bent.world import Batch, World, lay_out_all, world
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
    observer = Observer(setting, perturbation, where, network, np.random.default_rng([seed, 1]))
    gradient = Gradient(setting, perturbation, where, network, size)
    looks = {round(share * steps) for share in LOOKS}
    times = [eta * n for n in sorted(looks)]
    finite = observer.look()
    for n, samples in enumerate(gradient.draw(rng, steps), start=1):
        gradient.leave(samples, by_all=n in looks)
        optimiser.step()
        if n in looks:
            finite = observer.look()
            if not finite:
                break
    return observer.observed(diverged=not finite, step=eta, steps=steps, times=times)


Written = ByArea | ByPatch
"""What takes steps whose gradients are written out."""


class Gradient:
    """Gradients of the objective of a network, written out by area or patch where that is exact."""

    def __init__(
        self,
        setting: Setting,
        perturbation: Perturbation,
        where: World,
        network: Network,
        size: int,
    ) -> None:
        self.setting, self.perturbation = setting, perturbation
        self.where, self.network, self.size = where, network, size
        self.decay = perturbation.weight_decay + setting.contrastive.weight_decay
        self.written: Written | None = None
        if applies(setting, perturbation, network):
            self.written = ByArea(setting, perturbation, where, network, size)
        elif by_patch.applies(network):
            self.written = ByPatch(setting, perturbation, where, network, size)
        self.everybody = self.one_for_all = where.E
        if ask_alike(setting, perturbation, network):
            self.one_for_all = where.E.mean(axis=0, keepdims=True)

    def draw(self, rng: np.random.Generator, steps: int) -> Iterator[tuple[Samples, Any]]:
        """What each of so many steps is taken on, and the same by area or patch."""
        objective, d = self.network.objective, self.where.E.shape[1]
        for many in ahead(self.setting, self.perturbation, objective, d, self.size, rng, steps):
            laid_out: Iterable[Any] = (
                self.written.each(many) if self.written else [None] * len(many[0].z)
            )
            for n, of_step in enumerate(laid_out):
                yield tuple(drawn.at(n) for drawn in many), of_step

    def leave(self, samples: tuple[Samples, Any], *, by_all: bool = True) -> None:
        """Leave gradients with the parameters, as `backward` does. by_all: with all queries."""
        drawn, laid_out = samples
        Q, W = self.network.Q, self.network.W
        Q.grad = W.grad = None
        taken = None
        if self.written:
            with contextlib.suppress(OutOfRangeError):
                taken = self.written.step(self.everybody if by_all else self.one_for_all, laid_out)
        if taken:
            Q.grad = torch.from_numpy(taken.of_Q[None])
            W.grad = None if taken.of_W is None else torch.from_numpy(taken.of_W)
        else:
            batches = lay_out_all(self.setting, self.perturbation, self.where, drawn)
            asking = None if by_all else torch.from_numpy(self.one_for_all).to(Q.device)
            loss_on(batches, self.network, self.setting, self.perturbation, asking).backward()
        if self.decay and Q.grad is not None:
            Q.grad.add_(Q.detach(), alpha=self.decay)


def loss_on(
    batches: tuple[Batch, ...],
    network: Network,
    setting: Setting,
    perturbation: Perturbation,
    asking: Float[Tensor, "p d"] | None = None,
) -> Float[Tensor, ""]:
    """The objective of a network on a batch, for CL with what it is contrasted with.

    asking: the positions that ask, all of them unless others are given.
    """
    first, *against = batches
    out = network(first, asking)
    if network.objective == "mae":
        return reconstruction(out, first)
    return contrast(out, network, setting, perturbation, (against[0], against[1]), asking)


def _optimiser(network: Network, perturbation: Perturbation, eta: float) -> GradientDescent | Adam:
    adam = perturbation.optimiser == "adam"
    rate = ADAM_RATE * perturbation.step_factor if adam else eta
    groups = [(network.Q, rate)]
    if perturbation.value_training:
        groups.append((network.W, rate * perturbation.value_training))
    if adam:
        return Adam(groups)
    return GradientDescent(groups, momentum=perturbation.momentum)
