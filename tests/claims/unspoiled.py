"""Unspoiled: what a mistake does not reach comes out as ever, and is computed once for them all.

A mistake replaces a function under the names by which modules know it. What never called it by one
of them would be the same again: a leg that held need not run, and a shared run can be taken from
an earlier mistake. Nothing else is: a leg that is left out refutes nothing, and a constant that is
replaced is called by nobody, so that all is computed under it.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from refutable import check
from refutable.claim import Claim, Kind, Mistake, Verdict
from refutable.records.kills import Bite
from refutable.records.results import LegRecord
from refutable.reuse import shared
from refutable.selftest import planted

Reach = frozenset[str]
"""Names of the functions that some mistake spoils, and that something called."""


class Unspoiled:
    """Legs and shared runs that no mistake reached so far, each with what it calls.

    folder: where they are kept, by which processes that test side by side have them in common.
    """

    def __init__(self, mistakes: Sequence[Mistake], folder: Path) -> None:
        self.folder = folder
        self.spoiled: str | None = None
        self._calling: list[set[str]] = [set()]
        self._last: Reach = frozenset()
        self._through, self._nothing_shared = shared._through, shared.nothing_shared
        self._check_leg = check.check_leg
        self._watched: dict[str, Callable[..., Any]] = {}
        self._bound: list[tuple[Any, str, Any, Any]] = [
            (shared, "_through", shared._through, self._run),
            (shared, "nothing_shared", shared.nothing_shared, self._remembering),
            (check, "check_leg", check.check_leg, self._leg),
        ]
        for mistake in mistakes:
            target = mistake.target
            if inspect.isfunction(target) and mistake.name not in self._watched:
                watched = self._watched[mistake.name] = self._watch(mistake.name, target)
                places = planted.places_of(target)
                self._bound += [(owner, name, target, watched) for owner, name in places]

    def bite(self, claim: Claim, mistake: Mistake) -> Bite:
        """As `planted.bite` in profile quick, without the legs that the mistake does not reach."""
        if mistake.name not in self._watched:
            return planted.bite(claim, mistake, "quick", 0)
        reached = [kind for kind in claim.legs if not self._is_known(f"{claim.id} {kind}", mistake)]
        ours = replace(mistake, target=self._watched[mistake.name], plant=self._planting(mistake))
        for owner, name, _, watched in self._bound:
            setattr(owner, name, watched)
        self.spoiled = mistake.name
        try:
            return planted.bite(claim, ours, "quick", 0, reached)
        finally:
            self.spoiled = None
            for owner, name, original, _ in self._bound:
                setattr(owner, name, original)

    # ------------------------------------------------------------------------------- what calls

    def _watch(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            self._calling[-1].add(name)
            return function(*args, **kwargs)

        return watched

    def _planting(self, mistake: Mistake) -> Callable[[Any], Any]:
        """What plants a mistake whose calls are noted, too."""

        def plant(original: Any) -> Any:
            spoiled = mistake.plant(original)
            if inspect.isfunction(spoiled):
                return self._watch(mistake.name, spoiled)
            self.spoiled = None  # of what is no function, nobody notes how it is used
            return spoiled

        return plant

    @contextmanager
    def _noting(self) -> Iterator[set[str]]:
        """What is called within, also by what surrounds it."""
        self._calling.append(set())
        try:
            yield self._calling[-1]
        finally:
            inside = self._calling.pop()
            self._calling[-1] |= inside

    # -------------------------------------------------------------------------- what is computed

    def _leg(self, claim: Claim, kind: Kind, *args: Any, **kwargs: Any) -> LegRecord:
        with self._noting() as called:
            record = self._check_leg(claim, kind, *args, **kwargs)
        if record.verdict is Verdict.HOLDS:
            self._keep(f"{claim.id} {kind}", called, None)
        return record

    def _run(self, key: str, make: Callable[[], Any]) -> Any:
        known = self._known(key)
        if known is not None and self.spoiled is not None and self.spoiled not in known[0]:
            self._calling[-1] |= known[0]
            self._last = known[0]
            return known[1]
        with self._noting() as called:
            made = self._through(key, make)
        self._keep(key, called, made)
        self._last = frozenset(called)
        return made

    @contextmanager
    def _remembering(self) -> Iterator[None]:
        with self._nothing_shared():
            shared._memory = _Remembered(self)
            yield

    # ------------------------------------------------------------------------------ what is kept

    def _file(self, name: str) -> Path:
        return self.folder / hashlib.sha256(name.encode()).hexdigest()

    def _known(self, name: str) -> tuple[Reach, Any] | None:
        file = self._file(name)
        return pickle.loads(file.read_bytes()) if file.exists() else None

    def _is_known(self, name: str, mistake: Mistake) -> bool:
        known = self._known(name)
        return known is not None and mistake.name not in known[0]

    def _keep(self, name: str, called: set[str], made: Any) -> None:
        """Keep what came out, unless the mistake that is planted was called on the way."""
        if self.spoiled is None or self.spoiled in called:
            return
        file = self._file(name)
        try:
            data = pickle.dumps((frozenset(called), made))
        except Exception:  # whatever its parts raise, it is made again
            return
        part = file.with_suffix(f".{os.getpid()}")
        part.write_bytes(data)
        part.replace(file)


class _Remembered(dict[str, Any]):
    """What a leg has taken already: taking it again is calling all that it called."""

    def __init__(self, unspoiled: Unspoiled) -> None:
        super().__init__()
        self._unspoiled = unspoiled
        self._reach: dict[str, Reach] = {}

    def __setitem__(self, name: str, value: Any) -> None:
        self._reach[name] = self._unspoiled._last
        super().__setitem__(name, value)

    def __getitem__(self, name: str) -> Any:
        self._unspoiled._calling[-1] |= self._reach[name]
        return super().__getitem__(name)
