"""Generated: settings to train on, drawn by Hypothesis, valid by construction, simplest ones first.

Both exponents are read off the sizes, κ_c = log C_1/log P and κ_s = log C_s/log P, so that the sign
of Δ is that of C_1² - P·C_s.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import strategies as st

from refutable.claims.runs.regimes import sign_of
from refutable.model.setting import (
    KAPPA_C_RANGE,
    KAPPA_S_RANGE,
    Contrastive,
    Latents,
    Setting,
)

LARGEST_P = 80
"""Largest P of a generated setting: a model of it is trained in half a second."""
CLEAR = 1.5
"""C_1²/(P·C_s) lies beyond this factor of 1, so that neither sign is a matter of one patch."""
LATENTS = (
    Latents.constant(1.0),
    Latents.constant(0.8),
    Latents.constant(1.25),
    Latents.two_point(0.8, 1.2),
    Latents.uniform(0.75, 1.25, 4),
)
"""Constant at and off 1, an atom at either end, and a density."""


@dataclass(frozen=True)
class Trial:
    """What a model is trained on, and how: η·U⁴ is `pace`, per_cluster its fresh samples a step."""

    setting: Setting
    pace: float
    per_cluster: int
    seed: int

    @property
    def step(self) -> float:
        """η: the curvature of a row is of order γU⁴/K."""
        return self.pace / self.setting.latents.U**4

    @property
    def regimes(self) -> tuple[str, ...]:
        """What this trial counts for."""
        law = "constant latents" if self.setting.latents.is_constant else "random latents"
        return (sign_of(self.setting), law)


@functools.cache
def sizes(positive: bool) -> tuple[tuple[int, int, int], ...]:
    """(P, C_1, C_s) of a sign of Δ up to LARGEST_P, few patches first; at least 3 local areas."""
    return tuple(_sizes(positive))


def _sizes(positive: bool) -> Iterator[tuple[int, int, int]]:
    for P in range(24, LARGEST_P + 1):
        for C_s in range(4, math.floor(P ** KAPPA_S_RANGE[1]) + 1):
            for C_1 in range(math.ceil(P ** KAPPA_C_RANGE[0]), P - 3 * C_s + 1):
                ratio = C_1**2 / (P * C_s)
                if ratio > CLEAR if positive else ratio < 1 / CLEAR:
                    yield P, C_1, C_s


@st.composite
def trials(draw: st.DrawFn, seed: int) -> Trial:
    """A setting of either sign of Δ, and a way of training in it, whose data come from the seed."""
    P, C_1, C_s = draw(st.sampled_from(sizes(draw(st.booleans()))))
    setting = Setting.of_sizes(
        P,
        C_1,
        C_s,
        kappa_c=min(1.0, math.log(C_1) / math.log(P)),
        kappa_s=min(KAPPA_S_RANGE[1], math.log(C_s) / math.log(P)),
        gamma=draw(st.sampled_from((0.5, 0.4, 0.6))),
        K=draw(st.integers(1, 3)),
        latents=draw(st.sampled_from(LATENTS)),
        placement=draw(st.sampled_from(("random", "contiguous"))),
        placement_seed=draw(st.integers(0, 9)),
        shared_partition=draw(st.booleans()),
        contrastive=Contrastive(
            tau=draw(st.sampled_from((1.0, 0.5))),
            negatives=draw(st.integers(2, 4)),
            keys=draw(st.sampled_from(("feature", "feature+position"))),
            views=draw(st.sampled_from(("independent", "complementary"))),
        ),
    )
    pace = draw(st.sampled_from((2.0, 1.0)))
    return Trial(setting, pace, draw(st.sampled_from((96, 48))), seed)
