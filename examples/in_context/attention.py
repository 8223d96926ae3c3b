"""One layer of linear attention, and the population of prompts on which it is trained.

A prompt is a matrix E of columns (x_i, y_i) for i = 1, ..., n and (x_q, 0). The layer adds
V E (EᵀKE)/n to it, and its prediction is the entry that the 0 turns into.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np

EXACT = "fractions: nothing is rounded"
"""Why nothing is tolerated."""
ONE = Fraction(1)


def linear(scores):
    """Linear attention weighs examples by their scores."""
    return scores


def layer(E, V, K, n, weigh=linear):
    """What the layer adds to prompts E (..., d+1, n+1): V E (EᵀKE)/n, of arrays or of tensors.

    weigh: what becomes of the scores EᵀKE.
    """
    return V @ E @ weigh(E.swapaxes(-1, -2) @ K @ E) / n


def blocks(gamma, v=1):
    """V and K whose only entries are v, at the labels, and Γ, at the inputs."""
    d = len(gamma)
    V, K = np.zeros((d + 1, d + 1), dtype=object), np.zeros((d + 1, d + 1), dtype=object)
    V[d, d], K[:d, :d] = v, gamma
    return V, K


def prompt(x, y, query):
    """The prompt of examples x (n, d) with labels y (n,) and a query (d,)."""
    return np.vstack([np.column_stack([x.T, query]), np.append(y, 0)])


def one_step(gamma, x, y, query):
    """The prediction of w = Γ(1/n)Σ y_i x_i: a step from 0 on ½ mean (y_i - w·x_i)²."""
    gradient = -(y @ x) / len(y)
    return query @ (-gamma @ gradient)


@dataclass(frozen=True)
class Task:
    """Linear regression in context: x ~ N(0, diag λ), w ~ N(0, I), y = w·x + noise, n examples."""

    spectrum: tuple[Fraction, ...]
    n: int
    noise: Fraction = Fraction(0)

    @property
    def d(self) -> int:
        """The dimension."""
        return len(self.spectrum)

    @property
    def trace(self):
        """λ_1 + ... + λ_d."""
        return sum(self.spectrum)


def second_moment(task: Task, n):
    """The diagonal of E[b bᵀ] for b = (1/n)Σ y_i x_i, claimed: Λ² + (Λ² + (tr Λ + σ²)Λ)/n."""
    return [s**2 + (s**2 + (task.trace + task.noise) * s) / n for s in task.spectrum]


def loss(gamma, task: Task, n=None):
    """E (x_qᵀΓb - x_qᵀw)² for prompts of n examples, claimed; Γ (d, d)."""
    moment, spectrum = second_moment(task, n or task.n), task.spectrum
    pairs = [(i, j) for i in range(task.d) for j in range(task.d)]
    squares = sum(spectrum[i] * gamma[i][j] ** 2 * moment[j] for i, j in pairs)
    return squares - 2 * sum(s**2 * gamma[i][i] for i, s in enumerate(spectrum)) + task.trace


def best(task: Task):
    """The diagonal of the minimiser, claimed: (Λ + (Λ + (tr Λ + σ²)I)/n)⁻¹."""
    return [1 / (s + (s + task.trace + task.noise) / task.n) for s in task.spectrum]


def diagonal(entries):
    """A diagonal matrix of fractions or symbols."""
    found = np.zeros((len(entries), len(entries)), dtype=object)
    for i, entry in enumerate(entries):
        found[i, i] = entry
    return found


@dataclass(frozen=True)
class Population:
    """Prompts with weights that have the moments of the Gaussian up to the fifth.

    Each normal variable takes the values -√3, 0 and √3 with weights 1/6, 2/3 and 1/6, so that a
    polynomial of degree five at most in each of them has its exact mean. Inputs are scaled by
    whole `roots`, for λ = roots²/3. tasks: values of each entry of w with their weights, of mean
    square 1. Without noise.
    """

    roots: tuple[int, ...]
    n: int
    tasks: tuple[tuple[int, Fraction], ...] = ((-1, ONE / 2), (1, ONE / 2))

    @property
    def task(self) -> Task:
        """The task of these prompts."""
        return Task(tuple(Fraction(r**2, 3) for r in self.roots), self.n)

    def prompts(self):
        """Weight, x (n, d), w (d,) and query (d,) of every prompt."""
        d = len(self.roots)
        scale = np.array(self.roots, dtype=object)
        values = ((-1, Fraction(1, 6)), (0, Fraction(2, 3)), (1, Fraction(1, 6)))
        for drawn in product(values, repeat=(self.n + 1) * d):
            weight = ONE
            for _, share in drawn:
                weight *= share
            signs = np.array([sign for sign, _ in drawn], dtype=object).reshape(self.n + 1, d)
            for task in product(self.tasks, repeat=d):
                w, shares = zip(*task, strict=True)
                chance = weight * np.prod(shares)
                yield chance, signs[1:] * scale, np.array(w, dtype=object), signs[0] * scale

    def batch(self):
        """The same as arrays: weights (B,), prompts (B, d+1, n+1), labels of the queries (B,)."""
        weights, prompts, labels = [], [], []
        for weight, x, w, query in self.prompts():
            weights.append(float(weight))
            prompts.append(prompt(x, x @ w, query).astype(float))
            labels.append(float(query @ w))
        return np.array(weights), np.array(prompts), np.array(labels)

    def mean_square(self, predict):
        """E (prediction - w·x_q)² of a function of x, y and the query, without rounding."""
        return sum(
            weight * (predict(x, x @ w, query) - query @ w) ** 2
            for weight, x, w, query in self.prompts()
        )
