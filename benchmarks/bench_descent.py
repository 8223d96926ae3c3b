"""Time of one training step of one query: closed form against autograd on the whole module.

    python -m benchmarks.bench_descent

Both see the same masks. The straightforward step differentiates L(Q) = Σ_p L_p in the full d×d
matrix Q, every patch a query; the closed form moves one query's row, which is all that the theory
asks about, since rows do not interact. Each time is the best of a few repeats.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import numpy as np
import torch

from refutable.model import data, descent, engines, gradients, vit
from refutable.model.setting import Setting

SIZES = (64, 128, 256, 512, 1024)
SAMPLES = 16


def seconds(step: Callable[[], object], repeats: int) -> float:
    """Wall seconds of the fastest of `repeats` calls, after one that warms caches."""
    step()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return min(times)


def compare(P: int) -> tuple[int, float, float]:
    """Dimension d, seconds a step of the closed form, seconds a step of autograd."""
    setting = Setting(P=P, kappa_c=0.75, kappa_s=0.3)
    query = descent.for_query_kind(setting, "local")
    samples = data.draw(setting, SAMPLES, np.random.default_rng(0), masked=query)
    phi, upsilon = np.zeros((1, setting.features)), np.zeros((1, P))

    def closed() -> None:
        alpha, beta, _ = gradients.reconstruction(setting, samples, np.array([query]), phi, upsilon)
        np.add(phi, 0.5 * alpha, out=phi)
        np.add(upsilon, 0.5 * beta, out=upsilon)

    module = vit.MaskedAutoencoder(setting)
    every_loss = engines.losses_of(module, itertools.repeat(samples))

    def autograd() -> None:
        _, loss = next(every_loss)
        (slope,) = torch.autograd.grad(loss, module.Q)
        with torch.no_grad():
            module.Q.sub_(0.5 * slope)

    fast = seconds(closed, 20)
    slow = seconds(autograd, repeats=3 if P < 512 else 1)
    return setting.dimension, fast, slow


def main() -> None:
    """Print one line for each size."""
    torch.set_num_threads(1)
    print(f"{SAMPLES} masks, one thread each")
    print(f"{'P':>6} {'d':>6} {'closed, ms':>12} {'autograd, ms':>14} {'ratio':>9}")
    for P in SIZES:
        d, fast, slow = compare(P)
        print(f"{P:>6} {d:>6} {1e3 * fast:>12.3f} {1e3 * slow:>14.1f} {slow / fast:>8.0f}x")


if __name__ == "__main__":
    main()
