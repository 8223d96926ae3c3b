"""How far assumptions can be bent: starts, inputs, activations, steps and momentum."""

from __future__ import annotations

from math import cos, exp, sin, sqrt

import numpy as np
import torch

from deep_linear.edge import sharpness, step_of_both
from deep_linear.flow import mode, sigmoid_time
from deep_linear.networks import aligned
from refutable import Audit, Dial, Statement, at_most

SAXE = "Saxe, McClelland & Ganguli (2014)"

BALANCE = Dial(
    name="imbalance",
    assumption="balanced start",
    title="ratio of the layers' sizes at the start, their product kept",
    source=SAXE,
    enters="start",
    grid=(1, 1.5, 2, 4, 8, 16),
)
ANGLE = Dial(
    name="angle",
    assumption="aligned start",
    title="angle between the singular vectors of the start and of the target, in degrees",
    source=SAXE,
    enters="start",
    grid=(0, 5, 10, 20, 30, 45),
)
WHITENESS = Dial(
    name="input-spread",
    assumption="whitened inputs",
    title="variance of the second input over that of the first",
    source=SAXE,
    enters="data",
    grid=(1, 1.1, 1.3, 1.6, 2, 4),
)
ACTIVATION = Dial(
    name="saturation",
    assumption="linear activations",
    title="β of the activation tanh(βz)/β",
    source=SAXE,
    enters="network",
    grid=(0, 0.1, 0.2, 0.4, 0.7, 1),
)
STEP = Dial(
    name="step",
    assumption="gradient flow",
    title="step η of gradient descent",
    source=SAXE,
    enters="optimiser",
    grid=(0.001, 0.01, 0.03, 0.1, 0.3),
)
MOMENTUM = Dial(
    name="momentum",
    assumption="plain gradient descent",
    title="momentum β",
    source="Cohen et al. (2021)",
    enters="optimiser",
    grid=(0, 0.1, 0.3, 0.5, 0.7, 0.9),
)
LABELS = Dial(
    name="noise",
    assumption="exact gradients",
    title="standard deviation of noise in the label s at every step",
    source="Cohen et al. (2021)",
    enters="data",
    grid=(0, 0.01, 0.03, 0.1, 0.3),
)
OF_MODES = {"imbalance", "angle", "input-spread", "saturation", "step"}
OF_EDGE = {"momentum", "noise"}


def rotation(degrees):
    """A rotation of the plane."""
    angle = np.deg2rad(degrees)
    return np.array([[cos(angle), -sin(angle)], [sin(angle), cos(angle)]])


def modes_follow_the_sigmoid(base, dials, seed, profile):
    """dl.mode: both modes, when each is half learned and later."""
    strengths, start, step = base["strengths"], base["start"], dials.get("step", 0.001)
    left, right = rotation(20), rotation(50)
    inputs = torch.diag(torch.tensor([1.0, sqrt(dials.get("input-spread", 1.0))]).double())
    target = torch.from_numpy(left @ np.diag(strengths) @ right.T) @ inputs
    ratio = sqrt(dials.get("imbalance", 1.0))
    layers = aligned(left @ rotation(dials.get("angle", 0)), right, start)
    scaled = [layers[0] / ratio, layers[1] * ratio]
    weights = [torch.tensor(w, requires_grad=True) for w in scaled]
    beta = dials.get("saturation", 0)
    descent = torch.optim.SGD(weights, lr=step)

    def output():
        hidden = weights[0] @ inputs
        return weights[1] @ (torch.tanh(beta * hidden) / beta if beta else hidden)

    moments = {round(sigmoid_time(s, start) * late / step) for s in strengths for late in (1, 1.3)}
    furthest = 0.0
    for k in range(1, max(moments) + 1):
        descent.zero_grad()
        (0.5 * ((output() - target) ** 2).sum()).backward()
        descent.step()
        if k in moments:
            found = left.T @ (output() @ torch.linalg.inv(inputs)).detach().numpy() @ right
            for i, s in enumerate(strengths):
                expected = mode(exp(2 * s * k * step), s, start)
                furthest = max(furthest, abs(found[i, i] - expected) / s)
    yield at_most("furthest from the sigmoid, over s", furthest, 0.1, 0, "a tenth of a mode")


def descent_rests_within_the_edge(base, dials, seed, profile):
    """eos.end: the sharpness where descent has come to rest, or where it wanders."""
    step, momentum, draw = base["eta"], dials.get("momentum", 0), np.random.default_rng(seed)
    (a, b), before = base["start"], tuple(base["start"])
    for _ in range(4000):
        label = 1 - dials.get("noise", 0) * draw.standard_normal()
        new_a, new_b = step_of_both(a, b, label, step)
        a, b, before = (
            new_a + momentum * (a - before[0]),
            new_b + momentum * (b - before[1]),
            (a, b),
        )
        if not abs(a) + abs(b) < 1e6:
            break
    yield at_most("η(a² + b²)/2", step * sharpness(a, b) / 2, 1, 1e-3, "a slow approach")
    yield at_most("|ab - 1|", abs(a * b - 1), 0.2, 0, "it stays near a minimum")


AUDIT = Audit(
    (BALANCE, ANGLE, WHITENESS, ACTIVATION, STEP, MOMENTUM, LABELS),
    (
        Statement(
            claim="dl.mode",
            measured="modes of strength 2 and 1 from 0.001 stay within a tenth of their sigmoids",
            bases=({"strengths": [2.0, 1.0], "start": 0.001},),
            check=modes_follow_the_sigmoid,
            untestable=lambda dial: None if dial in OF_MODES else "is about gradient flow",
            random=False,
            main=True,
        ),
        Statement(
            claim="eos.end",
            measured="on ½(ab - 1)² with η = 1/4, from (3, 0.4) and (2.9, 0.1)",
            bases=({"start": [3.0, 0.4], "eta": 0.25}, {"start": [2.9, 0.1], "eta": 0.25}),
            check=descent_rests_within_the_edge,
            untestable=lambda dial: None if dial in OF_EDGE else "holds for every start and step",
            main=True,
        ),
    ),
)
