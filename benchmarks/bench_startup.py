"""Start-up: user CPU of a call that looks something up, in turn with what every call might load.

The alternatives are to import torch, and to import every chapter of claims, as such a call would
without the index. Commands and alternatives run in turn, so that a machine whose speed drifts
changes both.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 7
TORCH = [sys.executable, "-c", "import torch"]
CHAPTERS = [sys.executable, "-c", "from refutable import claims; claims.CLAIMS"]
CALLS = ("--version", "--help", "list", "explain thm4.4", "verify --help")


def seconds(command: list[str]) -> float:
    """User CPU of a process and its children; wall time where a system does not tell."""
    try:
        import resource
    except ImportError:
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def main() -> None:
    """Print medians, and each call as a share of importing torch."""
    print(f"start-up, user CPU, median of {RUNS}")
    calls = {f"claims {call}": [sys.executable, "-m", "refutable", *call.split()] for call in CALLS}
    commands = {"import torch": TORCH, "import every chapter": CHAPTERS, **calls}
    for command in commands.values():
        seconds(command)  # what is compiled and cached once
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            taken[name].append(seconds(command))
    torch = taken["import torch"]
    for name, found in taken.items():
        share = statistics.median(a / b for a, b in zip(found, torch, strict=True))
        print(f"  {name:22} {statistics.median(found):6.2f} s  {share:5.2f} of importing torch")


if __name__ == "__main__":
    main()
