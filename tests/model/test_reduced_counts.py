"""The reduced dynamics with fluctuating mask counts, against exact population dynamics.

What trained models are compared with: wrong by more than the fifth digit, it would hide in their
tolerances what a claim is to find.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refutable.model import data, enumeration, gradients, lumping, reduced
from refutable.model.reduced import counts, coupling, reconstruction
from refutable.model.reduced.clock import integrate
from refutable.model.setting import Latents, Setting, SettingError
from refutable.model.trajectory import QueryKind

STATE = ("phi_global", "phi_own", "phi_other")
POSITIONS = ("upsilon_global", "upsilon_own", "upsilon_other", "upsilon_self")
QUERIES: tuple[QueryKind, ...] = ("local", "global")


def exact_events(setting: Setting, query: QueryKind, loss_gap: float) -> dict[str, Any]:
    """(log t, Φ_1, Φ_n) at T_1, T_½ and T* of the exact population's gradient flow."""
    infimum = enumeration.infimum(setting, int((setting.area_of[0] == (query == "local")).argmax()))

    def rates(x: Any) -> lumping.Rates:
        x = np.array(x)
        return lumping.rates(setting, query, x[:3], x[3:7])

    def flow(x: Any) -> tuple[list[float], float]:
        found = rates(x)
        pace = abs(found.alpha[0]) + abs(found.alpha[1])
        return [*found.alpha, *found.beta], float(pace)

    def lead(x: Any) -> float:
        return float(abs(rates(x).alpha[1]) / rates(x).alpha[0]) - 1

    watches = [
        lead,
        lambda x: 0.5 - float(rates(x).attention[0]),
        lambda x: math.log((rates(x).loss - infimum) / loss_gap),
    ]
    run = integrate(flow, 7, 0.0, watches, 50.0, 1e-10)
    return {
        name: None
        if found is None
        else (found[0], found[1][1 if query == "local" else 0], found[1][0])
        for name, found in zip(("switch", "half", "done"), run.crossings, strict=True)
    }
