"""Progress of a run on stderr: a live bar on a terminal, a line per leg elsewhere."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
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
    from refutable.auditing.run import AuditEvent


TELLING = 10.0
"""Seconds after which the pace of a run says how long it still takes, and an audit none of whose
pairs has ended says that it goes on."""
QUIET = 5.0
"""Seconds after which work that counts nothing says that it goes on, and again after as many."""


class ShownProgress:
    """A handler of the events of a run or an audit that shows them as they come."""

    def __init__(self) -> None:
        self._total = self._done = self._before = 0
        self._begun = self._said = time.monotonic()
        self._bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task("", total=None)

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
            self._begin(event.legs, event.earlier, "legs taken from an earlier run")
            for id in event.outline.unlisted:
                self._say(f"claim {id} is defined and not in CLAIMS: it is not checked")
        elif isinstance(event, LegRunning):
            self._running(f"{event.claim} [{event.kind.value}]", event.seconds)
        elif isinstance(event, LegFinished):
            leg = event.record
            said = f"{event.claim} [{leg.kind.value}] {words.marked(leg.verdict)}"
            self._step(said, leg.seconds)

    def audit_event(self, event: AuditEvent) -> None:
        """Show what happens in an audit."""
        from refutable.auditing import run as auditing

        if isinstance(event, auditing.AuditStarted):
            self._begin(event.pairs, event.earlier, "pairs taken from an earlier audit")
        elif isinstance(event, auditing.PairRunning):
            self._running(f"{event.dial} {event.claim}", event.seconds)
        elif isinstance(event, auditing.PointsTried):
            self._tried(event.tried, event.known)
        elif isinstance(event, auditing.PairFinished):
            pair = event.record
            self._step(f"{pair.dial} {pair.claim}: {pair.verdict.value}", pair.seconds)

    def _begin(self, total: int, earlier: int, what: str) -> None:
        self._total, self._done, self._before = total, earlier, earlier
        self._begun = time.monotonic()
        self._bar.update(self._task, total=total, completed=earlier)
        if earlier:
            self._say(f"{earlier} of {total} {what}")

    def _running(self, name: str, seconds: float) -> None:
        said = f"still running: {name} {seconds:.0f} s"
        self._bar.update(self._task, description=texts.line(said))
        if self._bar.disable:
            self._say(said)

    def _tried(self, tried: int, known: int) -> None:
        """Pieces of work that end before the first pair does; lines stand apart by TELLING."""
        said = f"{tried} of {texts.many(known, 'trial')} made"
        self._bar.update(self._task, description=said)
        if self._bar.disable and time.monotonic() - self._said > TELLING:
            self._say(said)

    def _step(self, text: str, seconds: float) -> None:
        self._done += 1
        pace = self._pace()
        self._bar.update(self._task, completed=self._done, description=texts.line(text + pace))
        if self._bar.disable:
            self._say(f"[{self._done}/{self._total}] {text} ({seconds:.1f} s){pace}")

    def _pace(self) -> str:
        """How many pieces of work a minute, and how long the rest takes at this pace."""
        elapsed, made = time.monotonic() - self._begun, self._done - self._before
        if elapsed < TELLING or self._done >= self._total:
            return ""
        left = elapsed / made * (self._total - self._done)
        rest = f"{left:.0f} s" if left < 120 else f"{left / 60:.0f} min"
        return f"; {60 * made / elapsed:.0f} a minute, about {rest} left"

    def _say(self, text: str) -> None:
        self._said = time.monotonic()
        self._bar.console.print(terminal.said(text), soft_wrap=True)


class Terminated(BaseException):
    """SIGTERM has arrived."""


@contextlib.contextmanager
def shown(out: Path | None) -> Iterator[ShownProgress]:
    """Progress of what is run inside. After Ctrl-C or SIGTERM, what is kept, and exit 130 or 143.

    out: the folder of its journal.
    """

    def terminate(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_IGN)  # once is enough: what is under way is cleared away
        raise Terminated

    here = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, terminate) if here else None
    try:
        with ShownProgress() as progress:
            yield progress
    except (KeyboardInterrupt, Terminated) as end:
        kept = (
            f"what is finished is in {out}; the same command continues"
            if out
            else "nothing is kept without --out"
        )
        streams.say(f"\nclaims: interrupted; {kept}", err=True)
        raise SystemExit(130 if isinstance(end, KeyboardInterrupt) else 143) from None
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say on standard error for how long something has been under way, once it takes a while."""
    done = threading.Event()

    def tell() -> None:
        seconds = QUIET
        while not done.wait(QUIET):
            streams.say(f"{what}: {seconds:.0f} s so far", err=True)
            seconds += QUIET

    told = threading.Thread(target=tell, daemon=True)
    told.start()
    try:
        yield
    finally:
        done.set()
        told.join()
