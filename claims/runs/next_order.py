"""Next order: what a ladder's own lower half leaves a limit to be off by at the top.

A law that tends to its limit leaves c·P^order·log P, to leading order, with an order that its
expansion names and a constant that it does not. The constant is read off the lower half of the
ladder. So nothing is chosen, and what does not fall as the expansion says fails: a limit that is
wrong by any share of what is left at the foot stays wrong by that at the top.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

INTEGRATION = 3e-7
"""What a run of the reduced dynamics may be off by, in a correlation or in log t: up to 300 steps,
each accurate to 1e-9, whose errors add up at worst."""


def at_the_top(
    log_P: Sequence[float], errors: Sequence[float], order: float, floor: float
) -> tuple[float, str]:
    """What may be left on the highest rung, beside `floor`, and why.

    log_P and errors: of every rung, in increasing order; order: the power of P in the next term,
    negative. ValueError for an order that is not. Where no error is a number, `floor` alone.
    """
    if order >= 0:
        raise ValueError(f"the next order vanishes with P: its power is negative, not {order:g}")
    half = len(log_P) // 2
    x, left = np.asarray(log_P, dtype=float), np.abs(np.asarray(errors, dtype=float))
    carried = left[:half] * np.exp(order * (x[-1] - x[:half])) * x[-1] / x[:half]
    carried = carried[np.isfinite(carried)]
    term = float(carried.max()) if len(carried) else 0.0
    return term + floor, (
        f"the errors of the lower half of the ladder carried to its top by log(P)·P^{order:.2g}, "
        f"the next order of the expansion: {term:.0e}; and {floor:g} for rounding and integration"
    )


def nothing(order: float, log_P: float, runs: int = 1) -> tuple[float, str]:
    """What may be left at one P at which the next order is below INTEGRATION, and why.

    runs: how many it is read from. ValueError where P is too small for that.
    """
    term = log_P * math.exp(order * log_P)
    if not 10 * term < INTEGRATION:
        raise ValueError(f"the next order, log(P)·P^{order:.2g} = {term:.0e}, is not negligible")
    return runs * INTEGRATION, (
        f"{runs * INTEGRATION:g} for the integrator; the next order of the expansion, "
        f"log(P)·P^{order:.2g} = {term:.0e}, is below that with any constant up to "
        f"{INTEGRATION / term:.0g}"
    )
