"""Time of one reduced trajectory from P = 1e3 to 1e100, in our clock and in plain time.

    python -m benchmarks.bench_reduced

The straightforward way hands the same rates to a stiff solver (LSODA) in t itself, on the raw
correlations, up to the time at which our run was done. It is called right when its Φ_n ends within
1 % of ours. Each time is the best of a few repeats.
"""

from __future__ import annotations

import functools
import math
import time
import warnings
from collections.abc import Callable

import numpy as np
from scipy.integrate import solve_ivp

from refutable.model import reduced
from refutable.model.reduced import reconstruction
from refutable.model.setting import Contrastive, Setting

EXPONENTS = (3, 6, 12, 25, 50, 100)
REPEATS = 3


def seconds(run: Callable[[], object]) -> float:
    """Wall seconds of the fastest of a few calls."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def plain_time(setting: Setting, until: float) -> tuple[float, float]:
    """Φ_n at time `until` by LSODA in t, and the seconds it took; Φ_n is nan when it gave up."""
    sums = reconstruction.rate_sums(setting, "local")
    rate = reconstruction.masked_share(setting, "fluctuating") / setting.K
    P, C_1, C_s = (float(n) for n in (setting.P, setting.C_1, setting.C_s))
    units = np.array([1, 1, C_s / P, 1 / C_1, 1 / C_s, 1 / P, 1 / P])

    def motion(_: float, y: list[float]) -> np.ndarray:
        return rate * units * sums(y)[:7]

    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # LSODA's own words about giving up
            run = solve_ivp(motion, (0, until), [0.0] * 7, method="LSODA", rtol=1e-9, atol=1e-12)
        phi_own = float(run.y[1, -1]) if run.success else math.nan
    except OverflowError:  # a trial step left the range of exp
        phi_own = math.nan
    return phi_own, time.perf_counter() - start


def main() -> None:
    """Print one line for each P."""
    print("one query, κ_c = 0.9, κ_s = 0.3, constant latents, loss gap 1e-3; milliseconds")
    print(
        f"{'P':>6} {'local':>7} {'global':>7} {'cl':>7} {'plain t':>9}  {'Φ_n':>8} {'plain Φ_n':>9}"
    )
    for exponent in EXPONENTS:
        details = Contrastive(negatives=math.inf)
        setting = Setting(P=10**exponent, kappa_c=0.9, kappa_s=0.3, K=4, contrastive=details)
        alone = setting.replace(K=1)  # plain time knows one cluster
        local = reduced.mae(alone, "local")
        assert local.done is not None
        ours = [
            seconds(functools.partial(reduced.mae, alone, "local")),
            seconds(functools.partial(reduced.mae, alone, "global")),
            seconds(functools.partial(reduced.cl, setting)),
        ]
        phi_own, plain = plain_time(alone, math.exp(local.done.log_t))
        right = abs(phi_own / local.done.phi_own - 1) < 0.01
        print(
            f"{f'1e{exponent}':>6}",
            *(f"{1e3 * x:>7.1f}" for x in ours),
            f"{1e3 * plain:>9.1f}  {local.done.phi_own:>8.3f} {phi_own:>9.3f}",
            "" if right else "wrong",
        )


if __name__ == "__main__":
    main()
