"""Trainings of the audit on a GPU, beside the same on the processor.

    python -m benchmarks device

One training per objective and size: seconds, and how far the two records lie apart. The samples are
the same on both, drawn on the processor; a step is some sixty small operations, so that a GPU waits
for each of them at P = 36, and pays only at sizes that no audit tries.
"""

from __future__ import annotations

import dataclasses
import time
from typing import get_args

import numpy as np

from refutable.check import one_thread
from refutable.claims.bent import plans
from refutable.model.bent.observation import Observed
from refutable.model.bent.training import train
from refutable.model.trajectory import Objective

SIZES = ((36, 21, 3), (144, 84, 6), (400, 240, 16))
"""P, C_1 and C_s: the size of the audit's models, and two at which matrices are large."""
STEPS = 60


def seconds(
    objective: Objective, sizes: tuple[int, int, int], device: str
) -> tuple[float, Observed]:
    """Wall seconds of a training after one that warms the device up, and what was seen."""
    P, C_1, C_s = sizes
    base = {"P": P, "C_1": C_1, "C_s": C_s, "latents": [1.0]}
    plan = plans.planned(base, {}, objective)
    found, took = None, 0.0
    for _ in range(2):
        started = time.perf_counter()
        found = train(
            plan.setting, objective, plan.perturbation, time=STEPS * plan.step, step=plan.step,
            seed=0, device=device,
        )  # fmt: skip
        took = time.perf_counter() - started
    assert found is not None
    return took, found


def apart(one: Observed, other: Observed) -> float:
    """The largest difference between two records, in any series."""
    pairs = [(one.loss, other.loss)]
    for kind in one.kinds:
        ours, theirs = (dataclasses.asdict(run.kinds[kind]) for run in (one, other))
        pairs += [(ours[name], theirs[name]) for name in ours]
    return max(float(np.nanmax(np.abs(np.subtract(a, b)))) for a, b in pairs)


def main() -> None:
    """Compare where there is a GPU."""
    import torch

    if not torch.cuda.is_available():
        print("device: torch finds no GPU with CUDA here, there is nothing to compare")
        return
    print(f"trainings of {STEPS} steps on {torch.cuda.get_device_name()} and on one core")
    with one_thread():
        compare()


def compare() -> None:
    """Print a line per objective and size."""
    for objective in get_args(Objective):
        for sizes in SIZES:
            (cpu, here), (gpu, there) = (seconds(objective, sizes, d) for d in ("cpu", "cuda"))
            print(
                f"  {objective:3} P = {sizes[0]:3}: core {cpu:6.2f} s, GPU {gpu:6.2f} s, "
                f"ratio {cpu / gpu:5.2f}; records {apart(here, there):.1e} apart"
            )


if __name__ == "__main__":
    main()
