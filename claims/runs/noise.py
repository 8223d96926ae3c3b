"""Noise: how far the patches of a trained model lie apart, and how much of it is allowed for."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from refutable.model.data import Floats

SIGMAS = 8.0
"""Width allowed to noise, in standard deviations: a normal one goes beyond with chance 1e-15."""
FALSE_ALARM = 1e-10
"""For a gap that looks at up to 1e4 noisy numbers, 8 standard deviations each, with room for tails
heavier than normal."""


def hoeffding(count: int, false_alarm: float) -> float:
    """How far a mean of so many independent numbers in [0, 1] is off with this chance, at most."""
    return math.sqrt(math.log(2 / false_alarm) / (2 * count))


def frequency_off(count: int, probability: float, false_alarm: float) -> float:
    """How far the frequency of an event in so many trials is off with this chance, at most; exact.

    Each tail of the binomial law has half of the chance.
    """
    law = stats.binom(count, probability)
    most, least = law.isf(false_alarm / 2), law.ppf(false_alarm / 2)
    return max(float(most) / count - probability, probability - float(least) / count)


def noise(values: Floats) -> float:
    """Standard deviation over patches, from the median deviation: one bad patch cannot widen it."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def worst(values: Floats, predicted: float) -> float:
    """The value farthest from the predicted one."""
    return float(values[np.abs(values - predicted).argmax()])
