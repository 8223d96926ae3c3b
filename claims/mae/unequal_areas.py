"""MAE, local areas of sizes that differ: each is learned in its own time.

Sources: Definition 2.1 asks local areas for C_{k,j} = Θ(P^κ_s), not for one size; derived here.
Rows of Q do not meet, and other local areas enter a query's rates through ΣA_m² only, which is
small: so a query's time is that of an image all of whose local areas are as large as its own.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

from refutable import scaling
from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.mae import laws
from refutable.claims.mae.ladders import DYNAMICS, LOSS_GAP, REDUCED, Ladder, top_of
from refutable.claims.runs.plants import ALPHA_OWN, RATES, shifted, spoiled
from refutable.claims.runs.regimes import BOTH_SIGNS, sign_of
from refutable.gap import Gap, at_least, equal
from refutable.model import correlations, data, descent, reduced
from refutable.model.setting import Setting, power_of_ten
from refutable.model.trajectory import Trajectory
from refutable.reuse import shared

unequal = Claim(
    id="local.unequal-areas",
    title="Local areas of different sizes: each in its own time",
    statement=r"""Constant latents, $\kappa_c<1$, $C_{k,j}=\Theta(P^{\kappa_s})$, a query in area
        $j$: $T_{1/2}\cdot\gamma(1-\gamma)\frac{C_{k,j}}Pz^4/K\to1-a\mathbf 1\{\Delta>0\}$,
        $a=(1-\gamma)C_1/P$, whatever the sizes of the other local areas.""",
    measured="the remainder area, between one and two times as large as the others, up to P = "
    "1e100; trained models at P = 72 with areas of 4, 8, 12 and more patches, against the reduced "
    "dynamics of each size",
    provenance=Provenance.DERIVED,
    assumptions=(*DYNAMICS, "gap bounded away from 0"),
    rests_on=("local+.phase2-length", "local-.length", *REDUCED),
)


def log_half_time(setting: Setting, size: int) -> float:
    """Logarithm of T_½ for a query in a local area of this size, claimed."""
    return laws.log_half_time(setting) - math.log(size / setting.C_s)


TOPS = (top_of(0.9, 0.3, c_s=1.7), top_of(0.6, 0.4, 1.3, K=2, gamma=0.7, c_s=1.3))


def remainder(setting: Setting) -> int:
    """Size of the last local area."""
    return setting.local_kinds[-1][0]


@shared.run_once
def run_at(top: Setting, ten: float) -> Trajectory:
    """The reduced run of a query in the remainder area at P = 10^ten."""
    setting = top.replace(P=power_of_ten(ten))
    return reduced.mae(setting, "local", loss_gap=LOSS_GAP, size=remainder(setting))


@unequal.leg("scaling", require=BOTH_SIGNS)
def remainder_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """T_½ of the remainder area over its law; and that it is not as large as the others."""
    tens = scaling.rungs(30, 100, context.at(quick=6, full=12))
    for top in TOPS:
        ladder = Ladder(top, tuple(run_at(top, ten) for ten in tens))
        yield Case((sign_of(top),))
        sizes = [remainder(rung) for rung in ladder.rungs]
        expected = [log_half_time(*item) for item in zip(ladder.rungs, sizes, strict=True)]
        over = np.exp(ladder.event("half", "log_t") - expected)
        yield from ladder.limit("T_½ over its law", over, 1)
        ratios = [size / rung.C_s for size, rung in zip(sizes, ladder.rungs, strict=True)]
        most = ratios.index(max(ratios))
        yield equal(
            f"T_½ over its law where the remainder is largest, {ladder.name}",
            float(over[most]),
            1.0,
            0.1,
            "corrections at P = 1e30 are below a tenth; a size that was mixed up is off by more",
        )
        yield at_least(
            f"largest remainder over C_s, {ladder.name}",
            max(ratios),
            1.2,
            0,
            "else its own size would not tell",
        )


# ----------------------------------------------------------------------------- trained models

TRAINED = (
    Setting.of_sizes(72, 36, 8, kappa_c=0.84, kappa_s=0.48, local_sizes=(4, 8, 10, 14)),
    Setting.of_sizes(72, 12, 8, kappa_c=0.58, kappa_s=0.48, local_sizes=(4, 6, 8, 12, 14, 16)),
)
"""C_1²/(P·C_s) = 2.25 and 0.25."""
STEP, BATCH = 2.0, 24


@shared.run_once
def half_times(setting: Setting, seed: int) -> tuple[float, ...]:
    """When the mean own attention of an area's masked patches passes ½, for each local area."""
    rng = np.random.default_rng([seed, 21])
    test = data.draw(setting, 120, np.random.default_rng([seed, 22]))
    own = setting.area_of[0]
    batches = (data.draw(setting, BATCH, rng) for _ in itertools.count())
    G = np.zeros((setting.dimension, setting.dimension))
    times, before = np.full(setting.areas, math.nan), np.zeros(setting.areas)
    for done in itertools.count(1):
        G = descent.train_closed(setting, batches, steps=1, step=STEP, start=G)
        phi, upsilon = correlations.feature(setting, G), correlations.position(setting, G)
        A = correlations.area_attention(setting, test, phi, upsilon)
        A_n = correlations.own_attention(setting, test, A) * ~test.visible
        per_patch = A_n.sum(axis=0) / (~test.visible).sum(axis=0)
        now = np.array([per_patch[own == j].mean() for j in range(setting.areas)])
        passed = np.isnan(times) & (now >= 0.5)
        share = (0.5 - before[passed]) / (now - before)[passed]
        times[passed] = STEP * (done - 1 + share)
        if not np.isnan(times).any():
            return tuple(times[1:].tolist())
        if done > 200:
            raise ArithmeticError(f"an area was not learned in {done} steps: {times}")
        before = now
    raise AssertionError


def predicted_half_time(setting: Setting, size: int) -> float:
    """T_½ in the reduced dynamics of a query whose area has this size."""
    half = reduced.mae(setting, "local", size=size, loss_gap=0.005).half
    return math.nan if half is None else math.exp(half.log_t)


@unequal.leg("trained", require=BOTH_SIGNS)
def every_area_in_its_time(context: Context) -> Iterator[Gap | Case]:
    """T_½ of every local area of trained models, over the reduced dynamics of its size."""
    for setting in TRAINED:
        yield Case((sign_of(setting),))
        for seed in range(context.at(quick=1, full=3)):
            found = half_times(setting, context.root_seed + seed)
            for size, time in zip(setting.local_sizes, found, strict=True):
                expected = predicted_half_time(setting, size)
                yield equal(
                    f"C_1 = {setting.C_1}, seed {seed}, area of {size}: T_½ over the predicted",
                    time / expected,
                    1.0,
                    0.15,
                    "noise of one model's batches and of an area of 4 patches, up to 3 % each; "
                    "sizes that were mixed up would be off by a quarter and more",
                    false_alarm=1e-8,
                )


unequal.mistake(
    log_half_time,
    "every area takes as long as the others",
    lambda original: lambda setting, size: laws.log_half_time(setting),
)
unequal.mistake(log_half_time, "5 % late", shifted(math.log(1.05)))
unequal.mistake(
    predicted_half_time,
    "the size of most areas for all",
    lambda original: lambda setting, size: original(setting, setting.C_s),
)
unequal.mistake(RATES, "α_n off by 5 %", spoiled(ALPHA_OWN, 1.05))

CLAIMS = (unequal,)
