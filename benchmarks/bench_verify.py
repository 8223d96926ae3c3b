"""The quick profile and many trivial claims, with one worker and with two, in turn.

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
from refutable.events import Event, LegFinished

PAIRS = 3
TRIVIAL = 1500
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


def main() -> None:
    """Print wall times by number of workers, and where they go."""
    print(f"claims verify on {machine.cores()} cores, median of {PAIRS} pairs")
    compare("quick profile", DEFAULT_SOURCES, 2, "at most 0.65")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "trivial.py")
        path.write_text(SOURCE.format(count=TRIVIAL), encoding="utf-8")
        compare(f"{TRIVIAL:,} trivial claims", (str(path),), 2, "at most 1.0")
    with one_core_busy():
        compare("quick profile, one core busy", DEFAULT_SOURCES, None, "at most 1.1")
    slowest: list[tuple[float, str]] = []

    def note(event: Event) -> None:
        if isinstance(event, LegFinished):
            leg = event.record
            slowest.append((leg.seconds, f"{event.claim} [{leg.kind.value}]"))

    run.verify(on_event=note)
    for took, name in sorted(slowest, reverse=True)[:10]:
        print(f"    {took:5.1f} s  {name}")


if __name__ == "__main__":
    main()
