"""Deep linear networks W_N ⋯ W_1 that fit a matrix M: L = ½‖W_N ⋯ W_1 - M‖², in any numbers."""

from __future__ import annotations

import itertools
from functools import reduce

import numpy as np
from scipy.integrate import solve_ivp


def end_to_end(weights):
    """W_N ⋯ W_1; weights are (W_1, ..., W_N), each (d, d)."""
    return reduce(lambda found, weight: weight @ found, weights[1:], weights[0])


def gradients(weights, target):
    """∂L/∂W_j = (W_N ⋯ W_{j+1})ᵀ (W_N ⋯ W_1 - M) (W_{j-1} ⋯ W_1)ᵀ for j = 1, ..., N."""
    error, found = end_to_end(weights) - target, []
    for j in range(len(weights)):
        slope = error
        for weight in reversed(weights[j + 1 :]):
            slope = weight.T @ slope
        for weight in weights[:j]:
            slope = slope @ weight.T
        found.append(slope)
    return found


def descend(weights, target, step, steps=1):
    """The weights after so many steps of gradient descent."""
    for _ in range(steps):
        slopes = gradients(weights, target)
        weights = [w - step * slope for w, slope in zip(weights, slopes, strict=True)]
    return weights


def imbalance(weights):
    """W_{j+1}ᵀW_{j+1} - W_jW_jᵀ for j = 1, ..., N - 1."""
    return [b.T @ b - a @ a.T for a, b in itertools.pairwise(weights)]


def aligned(left, right, strength):
    """Two layers whose product has the singular vectors `left` and `right`, and this strength."""
    return [np.sqrt(strength) * right.T, np.sqrt(strength) * left]


def half_time(depth, s, layer):
    """When gradient flow from N equal layers of one unit reaches layer^N = s/2.

    Each layer follows a' = a^(N-1)(s - a^N), which is solved for log a.
    """

    def pace(_, log_layer):
        a = np.exp(log_layer)
        return a ** (depth - 2) * (s - a**depth)

    def arrived(_, log_layer):
        return log_layer[0] - np.log(s / 2) / depth

    arrived.terminal = True
    solved = solve_ivp(
        pace, (0, np.inf), [np.log(layer)], method="LSODA", events=arrived, rtol=1e-10, atol=1e-12
    )
    return float(solved.t_events[0][0])
