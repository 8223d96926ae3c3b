"""The whole quick profile, with one worker and with two, and the slowest legs.

The alternative to two workers is one: the same legs, the same verdicts.
"""

from __future__ import annotations

import time

from refutable import run
from refutable.events import Event, LegFinished


def main() -> None:
    """Print wall time by number of workers, and where it goes."""
    print("claims verify --profile quick")
    slowest: list[tuple[float, str]] = []

    def note(event: Event) -> None:
        if isinstance(event, LegFinished):
            leg = event.record
            slowest.append((leg.seconds, f"{event.claim} [{leg.kind.value}]"))

    for workers in (1, 2):
        slowest.clear()
        started = time.perf_counter()
        run.verify(profile="quick", workers=workers, on_event=note)
        print(f"  {workers} workers: {time.perf_counter() - started:6.1f} s wall")
    for seconds, name in sorted(slowest, reverse=True)[:10]:
        print(f"    {seconds:5.1f} s  {name}")


if __name__ == "__main__":
    main()
