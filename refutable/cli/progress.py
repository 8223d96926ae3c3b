"""Progress of a run on stderr: a live bar on a terminal, a line per leg elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from refutable import streams
from refutable import text as texts
from refutable.events import Event, LegFinished, LegRunning, RunStarted
from refutable.reports import terminal, words

if TYPE_CHECKING:
    from refutable.auditing.atlas import PairRecord


class ShownProgress:
    """A handler of a run's events, or of an audit's pairs, that shows them as they come."""

    def __init__(self, total: int = 0) -> None:
        self._total, self._done = total, 0
        self._bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task("", total=total)

    def __enter__(self) -> ShownProgress:
        if not self._bar.disable:  # or older versions of rich end with an empty line
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if not self._bar.disable:
            self._bar.stop()

    def event(self, event: Event) -> None:
        """Show what happens."""
        if isinstance(event, RunStarted):
            self._total, self._done = event.legs, event.earlier
            self._bar.update(self._task, total=event.legs, completed=event.earlier)
            if event.earlier:
                self._say(f"{event.earlier} of {event.legs} legs taken from an earlier run")
        elif isinstance(event, LegRunning):
            said = f"still running: {event.claim} [{event.kind.value}] {event.seconds:.0f} s"
            self._bar.update(self._task, description=texts.line(said))
            if self._bar.disable:
                self._say(said)
        elif isinstance(event, LegFinished):
            leg = event.record
            said = f"{event.claim} [{leg.kind.value}] {words.marked(leg.verdict)}"
            self._step(said, leg.seconds)

    def pair(self, pair: PairRecord) -> None:
        """Show that a pair of claim and dial has ended."""
        self._step(f"{pair.dial} {pair.claim}: {pair.verdict.value}", pair.seconds)

    def _step(self, text: str, seconds: float) -> None:
        self._done += 1
        self._bar.update(self._task, completed=self._done, description=texts.line(text))
        if self._bar.disable:
            self._say(f"[{self._done}/{self._total}] {text} ({seconds:.1f} s)")

    def _say(self, text: str) -> None:
        self._bar.console.print(terminal.said(text), soft_wrap=True)


@contextlib.contextmanager
def shown(out: Path | None, total: int = 0) -> Iterator[ShownProgress]:
    """Progress of what is run inside. After Ctrl-C, exit code 130 and what is kept of the run.

    out: the folder of its journal. total: how much there is to do, unless the run says so itself.
    """
    with ShownProgress(total) as progress:
        try:
            yield progress
        except KeyboardInterrupt:
            kept = (
                f"what is finished is in {out}; the same command continues"
                if out
                else "nothing is kept without --out"
            )
            streams.say(f"\nclaims: interrupted; {kept}", err=True)
            raise SystemExit(130) from None
