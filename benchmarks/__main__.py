"""Run every benchmark, or those named, as in `python -m benchmarks descent pairs`.

Each takes less than three minutes on two free cores, `atlas` included.
"""

from __future__ import annotations

import argparse
import importlib

PARTS = {
    "startup": ("bench_startup.main", "commands until their first line"),
    "descent": ("bench_descent.main", "a step, by P"),
    "reduced": ("bench_reduced.main", "a trajectory, by P"),
    "report": ("bench_report.main", "pages, by the number of legs"),
    "workers": ("bench_verify.workers", "the quick profile with two workers against one"),
    "claims": ("bench_verify.claims", "trivial claims, by their number and by workers"),
    "busy": ("bench_verify.busy", "`auto` where a core is busy"),
    "cell": ("bench_atlas.cell", "one pair against a straightforward script"),
    "pairs": ("bench_atlas.pairs", "one dial, by the number of claims"),
    "atlas": ("bench_atlas.atlas", "the whole quick atlas"),
    "schedule": ("bench_schedule.main", "up to 64 workers, by recorded times"),
    "device": ("bench_device.main", "trainings on this machine's GPU against its processor"),
}
"""Where each benchmark is, and what it measures."""


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog="\n".join(f"  {name:10}{measured}" for name, (_, measured) in PARTS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("name", nargs="*", help="one of those below; all of them by default")
    names = options.parse_args().name
    for name in names:
        if name not in PARTS:
            options.error(f"unknown benchmark {name!r}; allowed: {', '.join(PARTS)}")
    for name in names or PARTS:
        module, _, function = PARTS[name][0].partition(".")
        getattr(importlib.import_module(f"benchmarks.{module}"), function)()
        print()


if __name__ == "__main__":
    main()
