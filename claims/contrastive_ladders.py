"""Contrastive learning on ladders of P: the settings of the reduced dynamics, and their runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from claims.checking import shared
from claims.checking.claim import Context
from model import reduced
from model.setting import Contrastive, Latents, Setting
from model.trajectory import Event, Trajectory

SHAPES = {"Δ > 0": ((0.9, 0.3), (0.6, 0.1)), "Δ < 0": ((0.6, 0.3), (0.65, 0.4))}
"""(κ_c, κ_s) by the sign of the information gap; the sizes are separated by at least P^0.25."""
DIGITS = (40, 52, 64, 76, 88, 100)
"""The ladder P = 10^k: at its foot P^{κ_s-κ_c}, the slowest correction, is at most 1e-8."""
ALL_SHAPES = tuple(shape for shapes in SHAPES.values() for shape in shapes)


def rung(digits: int, shape: tuple[float, float], **changes: Any) -> Setting:
    """The setting with P = 10^digits and constants c_1, c_s that are not 1."""
    kappa_c, kappa_s = shape
    fields: dict[str, Any] = {"gamma": 0.4, "K": 8, "c_1": 0.7, "c_s": 2.0, **changes}
    return Setting(P=10**digits, kappa_c=kappa_c, kappa_s=kappa_s, **fields)


def log_P(digits: Iterable[int]) -> list[float]:
    """Natural logarithms of the rungs P = 10^k."""
    return [k * math.log(10) for k in digits]


def on_ladder(base: Setting, shape: tuple[float, float]) -> list[Setting]:
    """The setting on every rung."""
    kappa_c, kappa_s = shape
    return [base.replace(P=10**k, kappa_c=kappa_c, kappa_s=kappa_s) for k in DIGITS]


def label(setting: Setting) -> str:
    """What of a setting of a ladder differs from others."""
    law = f"{setting.latents.L:.3g}..{setting.latents.U:.3g}"
    return f"κ_c = {setting.kappa_c}, κ_s = {setting.kappa_s}, K = {setting.K}, z = {law}"


MANY = Contrastive(negatives=math.inf)
CONSTANT = rung(DIGITS[0], ALL_SHAPES[0], latents=Latents.constant(1.0), contrastive=MANY)
OTHER = CONSTANT.replace(
    latents=Latents.constant(1.3), K=3, contrastive=Contrastive(negatives=5, tau=0.7)
)
RANDOM = CONSTANT.replace(latents=Latents.uniform(0.5, 1.5), c_1=1.0)


@shared.run_once
def collapse(setting: Setting) -> Trajectory:
    """The reduced run until long after the transition (constant latents), or until just after it.

    The loss gap (C_1/P)²/10¹² is reached at some 10¹² times the transition time.
    """
    if setting.latents.is_constant:
        return reduced.cl(setting, loss_gap=1e-12 * (setting.C_1 / setting.P) ** 2)
    late = (3 - 2 * setting.kappa_c) * setting.log_P + math.log(setting.K) + 3
    return reduced.cl(setting, loss_gap=1e-9, log_t_max=late)


def happened(event: Event | None) -> Event:
    """The event; an error when the run ended before it."""
    if event is None:
        raise ArithmeticError("the run ended before the event")
    return event


def transition(setting: Setting) -> Event:
    """The first time with Attn_{p→𝒫_{k,1}} = 1/2 on average."""
    return happened(collapse(setting).half)


def shapes_of(context: Context) -> tuple[tuple[float, float], ...]:
    """Exponents of the ladders: both signs of the gap in every profile."""
    return context.at(quick=(ALL_SHAPES[0], *ALL_SHAPES[2:3]), full=ALL_SHAPES)


def ladders(context: Context) -> Iterator[list[Setting]]:
    """Ladders of constant latents: both signs of the gap in every profile."""
    for shape in shapes_of(context):
        yield on_ladder(CONSTANT, shape)
    for shape in context.at(quick=(), full=(ALL_SHAPES[0], ALL_SHAPES[2])):
        yield on_ladder(OTHER, shape)
