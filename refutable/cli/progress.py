"""Progress of a run on stderr: a live bar on a terminal, a line per leg elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from refutable.events import Event, LegFinished
from refutable.reports import words

if TYPE_CHECKING:
    from refutable.auditing.atlas import PairRecord


class ShownProgress:
    """Progress on stderr: a live bar on a terminal, a line per leg elsewhere."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        self._bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task("", total=total)

    def __enter__(self) -> ShownProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def event(self, event: Event) -> None:
        """Show what happens."""
        if isinstance(event, LegFinished):
            leg = event.record
            said = f"{event.claim} [{leg.kind.value}] {words.marked(leg.verdict)}"
            self._step(said, leg.seconds)

    def pair(self, pair: PairRecord) -> None:
        """Show that a pair of claim and dial has ended."""
        self._step(f"{pair.dial} {pair.claim}: {pair.verdict.value}", pair.seconds)

    def _step(self, text: str, seconds: float) -> None:
        self._done += 1
        self._bar.update(self._task, completed=self._done, description=escape(text))
        if self._bar.disable:
            click.echo(f"[{self._done}/{self._total}] {text} ({seconds:.1f} s)", err=True)


def say_interrupted(out: Path | None) -> None:
    """Say what is kept of a run that was interrupted."""
    kept = (
        f"what is finished is in {out}; the same command continues"
        if out
        else "nothing is kept without --out"
    )
    click.echo(f"\nclaims: interrupted; {kept}", err=True)
