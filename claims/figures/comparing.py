"""Comparing two groups of trained networks, one number each."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterator, Sequence

from refutable.claim import Context
from refutable.gap import Gap, at_least, at_most

LARGEST_P = 0.05
LEAST_SHARE = 0.9


def permutation_p(higher: Sequence[float], lower: Sequence[float]) -> float:
    """Share of all ways to name the same networks whose difference of means is at least as large.

    One-sided, exact; 1/C(n + m, n) at the least.
    """
    together = [*higher, *lower]
    observed = sum(higher)
    sums = [sum(chosen) for chosen in itertools.combinations(together, len(higher))]
    return sum(found >= observed - 1e-12 for found in sums) / len(sums)


def effect_size(higher: Sequence[float], lower: Sequence[float]) -> float:
    """Difference of means over the pooled standard deviation (Cohen's d)."""
    pooled = (statistics.variance(higher) * (len(higher) - 1)) + (
        statistics.variance(lower) * (len(lower) - 1)
    )
    deviation = (pooled / (len(higher) + len(lower) - 2)) ** 0.5
    return (statistics.fmean(higher) - statistics.fmean(lower)) / deviation


def share_above(higher: Sequence[float], lower: Sequence[float]) -> float:
    """Share of pairs, one of each group, of which the first is larger."""
    pairs = list(itertools.product(higher, lower))
    return sum(a > b for a, b in pairs) / len(pairs)


def drawn(context: Context, probability: float) -> float | None:
    """A false-alarm probability where networks are trained anew; those that ship draw nothing."""
    return None if context.profile == "quick" else probability


def separated(
    context: Context, name: str, higher: Sequence[float], lower: Sequence[float], measured: str
) -> Iterator[Gap]:
    """One group lies above the other: in nearly every pair, beyond chance, and by far.

    Logarithms are compared, since networks of one method differ by factors. measured: what was
    seen of the effect, for the reason. False alarms: by the noncentral t of five against five
    seeds with an effect of 5, the least over eleven seeds of each.
    """
    higher, lower = ([math.log(value) for value in group] for group in (higher, lower))
    yield at_least(
        f"{name}: share of pairs of seeds in which MAE is above",
        share_above(higher, lower),
        LEAST_SHARE,
        0,
        f"all in what was trained so far; {measured}",
        false_alarm=drawn(context, 1e-7),
    )
    yield at_most(
        f"{name}: p of the permutation of seeds",
        permutation_p(higher, lower),
        LARGEST_P,
        0,
        "one-sided and exact; with the methods' names shuffled it is uniform",
        false_alarm=drawn(context, 1e-7),
    )
    yield at_least(
        f"{name}: effect size",
        effect_size(higher, lower),
        1.0,
        0,
        f"difference of mean logarithms in pooled standard deviations; {measured}",
        false_alarm=drawn(context, 1e-8),
    )
