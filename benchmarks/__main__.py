"""Run every benchmark, or those named, as in `python -m benchmarks descent pairs`.

Each takes less than three minutes on two free cores, `atlas` included.
"""

from __future__ import annotations

import importlib
import sys

PARTS = {
    "startup": "bench_startup.main",
    "descent": "bench_descent.main",  # a step, by P
    "reduced": "bench_reduced.main",  # a trajectory, by P
    "report": "bench_report.main",  # pages, by the number of legs
    "workers": "bench_verify.workers",  # the quick profile with two workers against one
    "claims": "bench_verify.claims",  # trivial claims, by their number and by workers
    "busy": "bench_verify.busy",  # `auto` where a core is busy
    "cell": "bench_atlas.cell",  # one pair against a straightforward script
    "pairs": "bench_atlas.pairs",  # one dial, by the number of claims
    "atlas": "bench_atlas.atlas",  # the whole quick atlas
    "schedule": "bench_schedule.main",  # up to 64 workers, by recorded times
    "device": "bench_device.main",
}

for name in sys.argv[1:] or PARTS:
    if name not in PARTS:
        sys.exit(f"benchmarks: unknown benchmark {name!r}; allowed: {', '.join(PARTS)}")
    module, _, function = PARTS[name].partition(".")
    getattr(importlib.import_module(f"benchmarks.{module}"), function)()
    print()
