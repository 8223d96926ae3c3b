"""Atlas: what an audit of the paper takes, and what one cell of it takes a straightforward script.

    python -m benchmarks cell pairs     # a minute
    python -m benchmarks atlas          # the whole quick atlas with two workers

Every part keeps its trainings in a folder of its own, so that all of them are made. Trainings are
counted against the fewest that could do: one for each model, step, time and seed that is asked for.
"""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks import bench_schedule
from refutable.auditing.atlas import PairRecord
from refutable.auditing.cell import Point
from refutable.auditing.run import audit
from refutable.auditing.statement import Base, replicate_seed
from refutable.claims.bent import bases, plans
from refutable.model.setting import SettingError
from refutable.reports import folder as folders
from refutable.reuse import cache, durations

DIAL = "feature-coherence"
PAIRS = (
    ("thm4.1",),
    ("thm4.1", "thm4.2.global"),
    ("thm4.1", "thm4.2.global", "mae.locality", "grad.shift", "loss.descent"),
    ("thm4.1", "thm4.2.global", "mae.locality", "grad.shift", "loss.descent", "sign.own",
     "fig4.mechanism", "global.length", "global.one-phase", "contrast.diversity-mae"),
)  # fmt: skip
EVALUATED = 192


@contextlib.contextmanager
def nothing_kept() -> Iterator[Path]:
    """A folder for what is kept, empty at first, in place of the user's."""
    before = os.environ.get(cache.FOLDER)
    with tempfile.TemporaryDirectory() as folder:
        os.environ[cache.FOLDER] = folder
        try:
            yield Path(folder)
        finally:
            del os.environ[cache.FOLDER]
            if before is not None:
                os.environ[cache.FOLDER] = before


@dataclass(frozen=True)
class Spent:
    """What an audit took. trainings: those made. fewest: those that could have done."""

    wall: float
    cpu: float
    pairs: Sequence[PairRecord]
    trainings: int
    fewest: int


def spent(select: Sequence[str], dials: Sequence[str], workers: int, out: Path) -> Spent:
    """Audit in the quick profile, with nothing kept from before."""
    with nothing_kept() as kept:
        before, started = _cpu(), time.perf_counter()
        atlas = audit(select, dials=dials, workers=workers, out=out)
        wall, cpu = time.perf_counter() - started, _cpu() - before
        made = sum(path.name != durations.FILE for path in kept.glob("*.json"))
    atlas.write(out / folders.ATLAS[0])
    played = bench_schedule.Played(out)
    fewest = {plan for point in played.found if (plan := training_of(point)) is not None}
    return Spent(wall, cpu, atlas.pairs, made, len(fewest))


def _cpu() -> float:
    """CPU of processes that have ended; nan where a system does not tell."""
    try:
        import resource
    except ImportError:
        return math.nan
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def training_of(point: Point) -> tuple[object, ...] | None:
    """What is trained at a point; None where nothing can be."""
    base = bench_schedule.base_of(point)
    try:
        plan = plans.planned(base, {point.dial: point.value}, base["objective"])
    except SettingError:
        return None
    return base["objective"], plan.setting, plan.perturbation, plan.step, plan.time, point.seed


def atlas() -> None:
    """Print what the whole quick atlas takes with two workers, and how its schedule scales."""
    with tempfile.TemporaryDirectory() as folder:
        found = spent((), (), 2, Path(folder))
        print(
            f"quick atlas, 2 workers: {found.wall:.0f} s, {found.cpu:.0f} s of CPU, "
            f"{len(found.pairs)} pairs; {found.trainings} trainings, {found.fewest} at least"
        )
        bench_schedule.main([folder])


def pairs() -> None:
    """Print what one dial takes by the number of claims that are measured on its trainings."""
    print(f"quick audit of {DIAL}, one worker, by the number of claims")
    for claims in PAIRS:
        with tempfile.TemporaryDirectory() as folder:
            found = spent(claims, (DIAL,), 1, Path(folder))
        print(
            f"  {len(claims):2} pairs: {found.wall:5.1f} s, {found.cpu:5.1f} s of CPU; "
            f"{found.trainings} trainings, {found.fewest} at least"
        )


def cell() -> None:
    """Print what one pair takes here, and a straightforward script that tries the same values."""
    with tempfile.TemporaryDirectory() as folder:
        found = spent(("thm4.1",), (DIAL,), 1, Path(folder))
    [pair] = found.pairs
    torch.set_num_threads(1)
    started, agree = time.perf_counter(), 0
    for trial in pair.trials:
        worst = max(straightforward(base, trial.value) for base in bases.BOTH)
        agree += (worst <= plans.EPSILON) == (trial.outcome == "holds")
    took = time.perf_counter() - started
    print(
        f"thm4.1 under {DIAL}, {len(pair.trials)} values: {pair.seconds:.1f} s, a plain script "
        f"{took:.1f} s, ratio {took / pair.seconds:.1f}; the same outcome at {agree} of "
        f"{len(pair.trials)} values"
    )


def straightforward(base: Base, coherence: float) -> float:
    """Loss gap of the worst patch after training: softmax, autograd, all coordinates, no reuse."""
    plan = plans.planned(base, {DIAL: coherence}, "mae")
    setting, rng = plan.setting, np.random.default_rng(replicate_seed(0))
    P, K, N = setting.P, setting.K, setting.areas
    axes = torch.eye(P + K * N + K, dtype=torch.float64)
    E = axes[:P]
    own, common = axes[P : P + K * N].reshape(K, N, -1), axes[P + K * N :][:, None]
    V = (1 - coherence) ** 0.5 * own + coherence**0.5 * common
    area = torch.from_numpy(setting.area_of)
    Q = torch.zeros(len(axes), len(axes), dtype=torch.float64, requires_grad=True)

    def errors(size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Squared error of every masked patch; the least that it can be."""
        cluster = torch.arange(size) % K
        X = V[cluster[:, None], area[cluster]]
        order = torch.from_numpy(rng.random((size, P))).argsort(dim=1).argsort(dim=1)
        visible = order >= setting.M
        tokens = X * visible[:, :, None]
        F = torch.softmax(E @ Q @ (tokens + E).transpose(1, 2), dim=2) @ tokens
        seen = torch.zeros(size, N).scatter_add_(1, area[cluster], visible.float())
        unknown = ~visible & (seen.gather(1, area[cluster]) == 0)
        return 0.5 * (F - X).square().sum(dim=2) * ~visible, 0.5 * unknown

    for _ in range(int(np.ceil(plan.time / plan.step))):
        loss = errors(64)[0].sum() / 64
        (slope,) = torch.autograd.grad(loss, Q)
        with torch.no_grad():
            Q -= plan.step * slope
    with torch.no_grad():
        error, least = errors(EVALUATED)
        return float((error - least).mean(dim=0).max())
