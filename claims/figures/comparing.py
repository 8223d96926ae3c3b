"""Comparing two groups of trained networks, one number each."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Iterator, Sequence

from scipy import stats

from refutable.claim import Context, Undecided
from refutable.claims.figures import known, networks
from refutable.claims.figures.networks import Measured
from refutable.gap import Gap, at_least, at_most

LEVEL = 0.05
"""Two methods that do not differ pass a test at this level one time in twenty."""


def permutation_p(higher: Sequence[float], lower: Sequence[float]) -> float:
    """Share of all ways to name the same networks whose difference of means is at least as large.

    One-sided, exact; 1/C(n + m, n) at the least.
    """
    together = [*higher, *lower]
    observed = sum(higher)
    sums = [sum(chosen) for chosen in itertools.combinations(together, len(higher))]
    return sum(found >= observed - 1e-12 for found in sums) / len(sums)


def sign_p(above: int, count: int) -> float:
    """P(at least `above` of `count` fair coins show heads)."""
    return sum(math.comb(count, k) for k in range(above, count + 1)) / 2**count


def effect_size(higher: Sequence[float], lower: Sequence[float]) -> float:
    """Difference of means over the pooled standard deviation (Cohen's d)."""
    difference = statistics.fmean(higher) - statistics.fmean(lower)
    return difference / known.pooled_deviation(higher, lower)


def least_effect(n: int, m: int) -> float:
    """The effect size at which a one-sided t test of n against m comes out at the level."""
    return float(stats.t.isf(LEVEL, n + m - 2)) * math.sqrt(1 / n + 1 / m)


def share_above(higher: Sequence[float], lower: Sequence[float]) -> float:
    """Share of pairs, one of each group, of which the first is larger."""
    pairs = list(itertools.product(higher, lower))
    return sum(a > b for a, b in pairs) / len(pairs)


def drawn(context: Context, probability: float) -> float | None:
    """A false-alarm probability where networks are trained anew; those that ship draw nothing."""
    return None if context.profile == "quick" else probability


def separated(
    context: Context,
    name: str,
    metric: Callable[[Measured], float],
    higher: str = "MAE",
    lower: str = "CL, masks",
) -> Iterator[Gap | Undecided]:
    """One method lies above the other, beyond chance.

    Logarithms are compared, since networks of one method differ by factors. Of networks that ship
    every pair has to be in order; of new ones see `new_separated`.
    """
    first, second = ([math.log(metric(found)) for found in networks.group(context, method)]
                     for method in (higher, lower))  # fmt: skip
    sizes = len(first), len(second)
    if context.profile != "quick":
        above, below = ([math.log(metric(found)) for found in known.networks(method)]
                        for method in (higher, lower))  # fmt: skip
        yield from new_separated(
            name,
            first,
            second,
            "a false alarm is a pair of groups in reversed order, by Student's t from "
            f"{len(above)} and {len(below)} networks known",
            known.reversed_order(above, below, min(sizes)),
        )
        return
    yield at_least(
        f"{name}: share of pairs of networks in which {higher} is above",
        share_above(first, second),
        1,
        0,
        f"each of {sizes[0]} against each of {sizes[1]}; the networks are given",
    )
    yield at_least(
        f"{name}: effect size",
        effect_size(first, second),
        least_effect(*sizes),
        0,
        "difference of mean logarithms in pooled standard deviations; the bound is where a t "
        f"test comes out at {LEVEL:g}",
    )
    yield _permuted(name, permutation_p(first, second))


def new_separated(
    name: str,
    higher: Sequence[float],
    lower: Sequence[float],
    chance: str,
    false_alarm: float | None,
) -> Iterator[Gap | Undecided]:
    """Of new networks the means are in order.

    Where the exact permutation test does not come out, so few seeds leave it undecided. chance: how
    the false-alarm probability of the order is found.
    """
    yield at_least(
        f"{name}: effect size",
        effect_size(higher, lower),
        0,
        0,
        f"difference of mean logarithms in pooled standard deviations; {chance}",
        false_alarm=false_alarm,
    )
    p = permutation_p(higher, lower)
    if p <= LEVEL:
        yield _permuted(name, p, false_alarm=0)
        return
    yield Undecided(
        f"{name}: p of the permutation of seeds",
        f"{p:.2g}, above {LEVEL:g}: so few seeds do not tell them apart",
    )


def _permuted(name: str, p: float, false_alarm: float | None = None) -> Gap:
    return at_most(
        f"{name}: p of the permutation of seeds",
        p,
        LEVEL,
        0,
        "one-sided and exact: of methods that do not differ, with logarithms of one law, it comes "
        f"out as small in at most {LEVEL:.0%} of cases",
        false_alarm=false_alarm,
    )
