"""How far assumptions can be bent: softmax for linear attention, noise, Adam, larger starts."""

from __future__ import annotations

from itertools import product

import numpy as np
import torch

from in_context.attention import Population, best, blocks, layer, linear
from in_context.learning import trained
from refutable import Audit, Dial, Statement, at_most

EXPONENTIAL = Dial(
    name="exponential",
    assumption="linear attention",
    title="scores s become (exp(βs) - 1)/β",
    source="Zhang, Frei & Bartlett (2024)",
    enters="layer",
    grid=(0, 0.01, 0.03, 0.1, 0.3, 1),
)
NORMALISED = Dial(
    name="normalised",
    assumption="linear attention",
    title="a softmax over the examples and the query in place of a sum",
    source="Zhang, Frei & Bartlett (2024)",
    enters="layer",
    grid=(0, 1),
    labels={0: "linear", 1: "softmax"},
    whole=True,
)
NOISE = Dial(
    name="noise",
    assumption="linear labels",
    title="variance σ² of noise in the labels, unknown to the prediction",
    source="Zhang, Frei & Bartlett (2024)",
    enters="data",
    grid=(0, 0.01, 0.03, 0.1, 0.3, 1),
)
ADAM = Dial(
    name="adam",
    assumption="gradient flow",
    title="Adam in place of gradient descent",
    source="Zhang, Frei & Bartlett (2024)",
    enters="optimiser",
    grid=(0, 1),
    labels={0: "gradient descent", 1: "Adam"},
    whole=True,
)
START = Dial(
    name="start",
    assumption="small start",
    title="size of v and Γ at the start",
    source="Zhang, Frei & Bartlett (2024)",
    enters="start",
    grid=(0.3, 0.6, 1, 1.5, 2, 3, 4),
)

LAYER = {"exponential", "normalised"}


def weighing(dials):
    """What becomes of the scores with dials turned."""
    beta = dials.get("exponential", 0)
    if dials.get("normalised", 0):
        return lambda scores: scores.shape[-2] * torch.softmax(scores, dim=-2)
    return (lambda scores: torch.expm1(beta * scores) / beta) if beta else linear


def noisy(batch, variance, n):
    """The same prompts with every sign of noise in their labels."""
    weights, prompts, labels = batch
    signs = [np.array([*drawn, 0]) for drawn in product((-1, 1), repeat=n)]
    shifted = [prompts.copy() for _ in signs]
    for part, sign in zip(shifted, signs, strict=True):
        part[:, -1] += variance**0.5 * sign
    times = len(signs)
    return np.tile(weights, times) / times, np.concatenate(shifted), np.tile(labels, times)


def predictions(V, K, prompts, n, weigh=linear):
    """Of a layer, in float64."""
    E, V, K = map(torch.from_numpy, (prompts, V, K))
    return layer(E, V, K, n, weigh)[:, -1, -1].numpy()


def claimed(population):
    """The layer that descent is claimed to find."""
    V, K = blocks(np.diag([float(g) for g in best(population.task)]))
    return V.astype(float), K.astype(float)


def apart(found, wanted, weights):
    """The root mean square of a difference over that of what was wanted."""
    return float(np.sqrt(weights @ (found - wanted) ** 2 / (weights @ wanted**2)))


def descent_finds_the_step(base, dials, seed, profile):
    """ic.flow: the trained layer predicts as the claimed one."""
    population, n = Population(tuple(base["roots"]), base["n"]), base["n"]
    batch = population.batch()
    if dials.get("noise", 0):
        batch = noisy(batch, dials["noise"], n)
    adam, weigh = dials.get("adam", 0), weighing(dials)
    optimiser = torch.optim.Adam if adam else torch.optim.SGD
    V, K = trained(batch, n, dials.get("start", 0.3), 1000, 0.02 if adam else 0.05,
                   optimiser=optimiser, weigh=weigh)  # fmt: skip
    weights, prompts, _ = batch
    wanted = predictions(*claimed(population), prompts, n)
    off = apart(predictions(V, K, prompts, n, weigh), wanted, weights)
    yield at_most("predictions apart", off, 0.05, 0, "a twentieth of what is predicted")


def the_layer_is_a_step(base, dials, seed, profile):
    """ic.step: the layer with the claimed matrices predicts as one step of gradient descent."""
    population, n = Population(tuple(base["roots"]), base["n"]), base["n"]
    weights, prompts, _ = population.batch()
    V, K = claimed(population)
    wanted = predictions(V, K, prompts, n)
    off = apart(predictions(V, K, prompts, n, weighing(dials)), wanted, weights)
    yield at_most("predictions apart", off, 0.05, 0, "a twentieth of what is predicted")


BASES = ({"roots": [1], "n": 2}, {"roots": [1, 2], "n": 1})

AUDIT = Audit(
    (EXPONENTIAL, NORMALISED, NOISE, ADAM, START),
    (
        Statement(
            claim="ic.flow",
            measured="after 1000 steps predictions are within 5 % of the claimed layer's, in one "
            "dimension with two examples, and in two with one",
            bases=BASES,
            check=descent_finds_the_step,
            random=False,
            main=True,
        ),
        Statement(
            claim="ic.step",
            measured="predictions are within 5 % of one step's, for the claimed preconditioner",
            bases=BASES,
            check=the_layer_is_a_step,
            untestable=lambda dial: None if dial in LAYER else "for every prompt and every layer",
            random=False,
            main=True,
        ),
    ),
)
