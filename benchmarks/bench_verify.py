"""The quick profile and many trivial claims, with one worker and with two, in turn.

    python -m benchmarks workers claims busy

The alternative to two workers is one: the same legs, the same verdicts. With a core kept busy by
somebody else, `auto` is compared with one worker. Each line is the median of as many pairs.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from refutable import run
from refutable.catalogue import DEFAULT_SOURCES
from refutable.engine import machine

PAIRS = 3
TRIVIAL = (100, 500, 1500)
SOURCE = """
from refutable import Claim, Provenance, equal

CLAIMS = []
for number in range({count}):
    claim = Claim(id=f"c{{number}}", title="t", statement="s", provenance=Provenance.DERIVED)
    claim.leg("exact")(lambda context: [equal("one", 1, 1, 0, "whole numbers")])
    CLAIMS.append(claim)
"""


def seconds(sources: tuple[str, ...], workers: int | None) -> float:
    """Wall seconds of a run, its start included."""
    started = time.perf_counter()
    run.verify(sources=sources, workers=workers)
    return time.perf_counter() - started


def compare(name: str, sources: tuple[str, ...], other: int | None, aim: str) -> None:
    """Print one worker's time, another number's, and the median of their ratios."""
    pairs = [(seconds(sources, 1), seconds(sources, other)) for _ in range(PAIRS)]
    one, more = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(b / a for a, b in pairs)
    print(
        f"  {name:38} 1 worker {one:6.1f} s, {other or 'auto':>4} {more:6.1f} s, "
        f"ratio {ratio:4.2f}  (aim: {aim})"
    )


def _spin() -> None:
    while True:
        pass


@contextlib.contextmanager
def one_core_busy() -> Iterator[None]:
    """Somebody else computes meanwhile."""
    other = multiprocessing.get_context("spawn").Process(target=_spin, daemon=True)
    other.start()
    try:
        yield
    finally:
        other.kill()
        other.join()


def workers() -> None:
    """Print wall times of the quick profile with two workers and one."""
    print(f"claims verify on {machine.cores()} cores, median of {PAIRS} pairs")
    compare("quick profile", DEFAULT_SOURCES, 2, "at most 0.65")


def claims() -> None:
    """Print wall times of trivial claims with two workers and one, by the number of claims."""
    print(f"claims verify on {machine.cores()} cores, median of {PAIRS} pairs")
    for count in TRIVIAL:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "trivial.py")
            path.write_text(SOURCE.format(count=count), encoding="utf-8")
            compare(f"{count:,} trivial claims", (str(path),), 2, "at most 1.0")


def busy() -> None:
    """Print wall times of the quick profile where somebody else computes, too."""
    print(f"claims verify on {machine.cores()} cores, median of {PAIRS} pairs")
    with one_core_busy():
        compare("quick profile, one core busy", DEFAULT_SOURCES, None, "at most 1.1")
