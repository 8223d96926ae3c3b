"""Plants: mistakes that many claims plant, made from the original that they replace."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from refutable.model.reduced import counts, reconstruction
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind, Trajectory

Plant = Callable[[Any], Any]


def shifted(by: float) -> Plant:
    """Plant a prediction that is too large by this much."""
    return lambda original: lambda *given, **named: original(*given, **named) + by


def scaled(by: Any) -> Plant:
    """Plant a prediction that is wrong by this factor, a float or a fraction."""
    return lambda original: lambda *given, **named: original(*given, **named) * by


def with_factor(by: Fraction) -> Plant:
    """Plant a product with one factor too many."""
    return lambda original: lambda *given, **named: [*original(*given, **named), (by, 1)]


def half_at(level: float) -> Plant:
    """Plant runs of the reduced dynamics whose event `half` comes at another own attention.

    Log t stands still meanwhile, and the correlation moves as the odds do.
    """

    def plant(original: Any) -> Any:
        def run(*given: Any, **named: Any) -> Trajectory:
            found: Trajectory = original(*given, **named)
            if found.half is None:
                return found
            shift = math.log(level / (1 - level)) / found.setting.latents.L
            moved = dataclasses.replace(found.half, phi_own=found.half.phi_own + shift)
            if found.query == "global":
                moved = dataclasses.replace(moved, phi_global=moved.phi_own)
            return dataclasses.replace(found, half=moved)

        return run

    return plant


def with_last(change: Callable[[Any], Any]) -> Plant:
    """Plant arrays of which the last entry is another one."""

    def plant(original: Any) -> Any:
        def spoiled_array(*given: Any, **named: Any) -> Any:
            found = np.array(original(*given, **named))
            found.flat[-1] = change(found.flat[-1])
            return found

        return spoiled_array

    return plant


def later(run: Trajectory, event: str, by: float) -> Trajectory:
    """The run with an event, where it comes, by so much later in log t."""
    found = getattr(run, event)
    if found is None:
        return run
    return dataclasses.replace(run, **{event: dataclasses.replace(found, log_t=found.log_t + by)})


def late(event: str, by: float) -> Plant:
    """Plant runs of which an event comes by so much later in log t."""
    return lambda original: lambda *given, **named: later(original(*given, **named), event, by)


RATES = reconstruction.rate_sums
"""The rates of the reduced dynamics, as planted mistakes spoil them."""
ALPHA_GLOBAL, ALPHA_OWN, ALPHA_OTHER, BETA_GLOBAL, BETA_OWN, BETA_OTHER, BETA_SELF = range(7)


def spoiled(rate: int, by: float) -> Plant:
    """Plant reduced dynamics whose rate of this index (α_1, α_n, α_m, then β_1 to β_p) is off."""

    def plant(original: Any) -> Any:
        def sums(setting: Setting, query: QueryKind, *details: Any) -> Any:
            right = original(setting, query, *details)
            return lambda state: [x * (by if i == rate else 1) for i, x in enumerate(right(state))]

        return sums

    return plant


def at_its_mean(original: Any) -> Any:
    """Plant an own area that shows its mean under every mask, and is never hidden."""

    def mean(setting: Setting, size: int) -> tuple[Any, Any]:
        counts, chance = original(setting, size)
        return np.array([chance @ counts]), np.ones(1)

    return mean


def other_areas_alike(original: Any) -> Any:
    """Plant other local areas that all have the size of the first, as many patches."""

    def alike(*given: Any) -> Any:
        areas = original(*given)
        size = areas.kinds[0].size
        return areas._replace(kinds=(counts.Others(size, areas.others / size),))

    return alike
