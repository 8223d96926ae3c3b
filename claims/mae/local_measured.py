"""Measured at the end of a local query's training, at either sign of the information gap."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from refutable.claim import Case, Context
from refutable.claims.mae import laws
from refutable.claims.mae.ladders import (
    LOSS_GAP,
    Ladder,
    ladders,
    late_loss_gap,
)
from refutable.gap import Gap
from refutable.model.setting import Setting


def own_at_the_end(context: Context, tops: Sequence[Setting]) -> Iterator[Gap | Case]:
    """Φ_n at the loss gap, and that A_n → 1 as the gap vanishes; either sign of Δ."""
    for ladder in ladders(context, tops):
        yield ladder.case
        phi = ladder.event("done", "phi_own")
        yield from ladder.power("e^{Φ_n(T*)}", phi, laws.own_exponent(ladder.top))
        excess = ladder.z * (phi - ladder.predicted(laws.own_at_loss_gap))
        yield from ladder.limit("zΦ_n(T*) less its law", excess, 0)
        if ladder.top.latents.is_constant:
            missing = math.sqrt(2 * LOSS_GAP / ladder.top.gamma) / ladder.z
            yield from ladder.limit("A_n(T*)", ladder.final("own_attention"), 1 - missing)
    for ladder in ladders(context, tops[:1], late=True):
        yield from ladder.limit("late A_n", ladder.final("own_attention"), 1)


def own_at_half(ladder: Ladder) -> Iterator[Gap]:
    """Φ_n(T_½) is where the law of attention says ½: log(1/ρ′)/z for constant latents."""
    excess = ladder.z * (ladder.event("half", "phi_own") - ladder.predicted(laws.own_at_half))
    yield from ladder.limit("zΦ_n(T_½) less its law", excess, 0)


def others_stay_small(context: Context, tops: Sequence[Setting]) -> Iterator[Gap | Case]:
    """Φ_m against its power and its law; either sign of Δ."""
    for ladder in ladders(context, tops):
        yield ladder.case
        largest = np.log(ladder.largest("phi_other"))
        exponent = laws.other_exponent(ladder.top)
        yield from ladder.power("max |Φ_m| / log P", largest, exponent, log_power=1)
        path = zip(ladder.rungs, ladder.final("phi_global"), ladder.final("phi_own"), strict=True)
        predicted = np.array([laws.other_at(*state) for state in path])
        yield from ladder.limit("Φ_m(T*) by its law", ladder.final("phi_other") / predicted, 1)


def positions_stay_small(context: Context, tops: Sequence[Setting]) -> Iterator[Gap | Case]:
    """Each Υ against its power and its law; either sign of Δ."""
    for ladder in ladders(context, tops):
        yield ladder.case
        top = ladder.top
        own, crowd, rest = (
            np.log(ladder.largest(f"upsilon_{kind}")) for kind in ("own", "global", "other")
        )
        yield from ladder.power("Υ own / log P", own, laws.own_position_exponent(top), log_power=1)
        logs = 1 if top.information_gap > 0 else 0
        exponent = laws.global_position_exponent(top)
        yield from ladder.power("Υ global / (log P)^[Δ>0]", crowd, exponent, log_power=logs)
        yield from ladder.power(
            "Υ other / log P", rest, laws.other_position_exponent(top), log_power=1
        )
        phi_1, phi_n = ladder.final("phi_global"), ladder.final("phi_own")
        for kind, size, phi in (
            ("own", lambda rung: float(rung.C_s), phi_n),
            ("global", lambda rung: float(rung.C_1), phi_1),
            ("other", lambda rung: float(rung.P), -(phi_1 + phi_n)),
        ):
            scaled = ladder.predicted(size) * ladder.final(f"upsilon_{kind}")
            yield from ladder.limit(f"Υ {kind} times z·size/Φ", ladder.z * scaled / phi, 1)


def time_to_loss(context: Context, tops: Sequence[Setting]) -> Iterator[Gap | Case]:
    """T*(ε) against its power and the sum of its terms; either sign of Δ."""
    for ladder in ladders(context, tops, late=True):
        yield ladder.case
        log_T = ladder.event("done", "log_t")
        yield from ladder.power("T*(ε)", log_T, laws.half_time_exponent(ladder.top))
        predicted = ladder.predicted(
            lambda rung: laws.log_time_to(rung, late_loss_gap(rung, "local"))
        )
        yield from ladder.limit("T*(ε)/(T_½ + K/(4z²ε))", np.exp(log_T - predicted), 1)
