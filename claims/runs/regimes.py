"""Regimes: what a claim about both signs of the gap, or both kinds of query, ranges over."""

from __future__ import annotations

from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind

BOTH_SIGNS = ("Δ > 0", "Δ < 0")
QUERIES: tuple[QueryKind, ...] = ("local", "global")


def sign_of(setting: Setting) -> str:
    """The regime of a setting."""
    return "Δ > 0" if setting.information_gap > 0 else "Δ < 0"


def area_size(setting: Setting, query: QueryKind) -> int:
    """C_n, of the area that holds the query."""
    return setting.C_1 if query == "global" else setting.C_s


def area_exponent(setting: Setting, query: QueryKind) -> float:
    """κ, of the area that holds the query."""
    return setting.kappa_c if query == "global" else setting.kappa_s
