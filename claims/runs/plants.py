"""Plants: mistakes that many claims plant, made from the original that they replace."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from refutable.model.reduced import reconstruction
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind

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


RATES = reconstruction.rate_sums
"""The rates of the reduced dynamics, as planted mistakes spoil them."""
ALPHA_GLOBAL, ALPHA_OWN, ALPHA_OTHER, BETA_GLOBAL, BETA_OWN, BETA_OTHER = range(6)


def spoiled(rate: int, by: float) -> Plant:
    """Plant reduced dynamics whose rate of this index (α_1, α_n, α_m, β_1, β_n, β_m) is off."""

    def plant(original: Any) -> Any:
        def sums(setting: Setting, query: QueryKind) -> Any:
            right = original(setting, query)
            return lambda state: [x * (by if i == rate else 1) for i, x in enumerate(right(state))]

        return sums

    return plant
