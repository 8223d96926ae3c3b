"""Run every benchmark, or those named, as in `python -m benchmarks descent report`."""

from __future__ import annotations

import importlib
import sys

NAMES = ("startup", "descent", "reduced", "report", "verify", "schedule", "device")

for name in sys.argv[1:] or NAMES:
    if name not in NAMES:
        sys.exit(f"benchmarks: unknown benchmark {name!r}; allowed: {', '.join(NAMES)}")
    importlib.import_module(f"benchmarks.bench_{name}").main()
    print()
