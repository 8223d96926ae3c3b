"""Durations: how long pieces of work took on this machine, so that long ones are begun first.

They decide an order and no verdict: a file that is lost, damaged or out of date costs time alone.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

from refutable import files
from refutable.records.documents import put
from refutable.reuse import cache

FILE = "durations.json"
MOST = 20_000
"""Pieces of work that are remembered, the latest."""
SHORTEST = 0.05
"""Seconds of work that is remembered: no order of shorter work is worth a line."""


def _place() -> Path | None:
    folder = cache.folder()
    return folder / FILE if folder else None


def recall() -> dict[str, float]:
    """Seconds by name of the work; none where nothing is known."""
    path = _place()
    if path is None:
        return {}
    try:
        with files.unwatched():
            found = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): float(seconds) for name, seconds in found.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def remember(found: Mapping[str, float]) -> None:
    """Add what some work took; nothing is said where it cannot be kept."""
    path = _place()
    latest = {name: seconds for name, seconds in found.items() if seconds >= SHORTEST}
    if path is None or not latest:
        return
    known = {name: seconds for name, seconds in recall().items() if name not in latest}
    latest = dict([*known.items(), *latest.items()][-MOST:])
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path, json.dumps({name: round(seconds, 3) for name, seconds in latest.items()}))
