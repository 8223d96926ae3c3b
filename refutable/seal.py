"""Seal: whether what judges a leg is still what it was when the leg began.

A leg runs where it is judged. Code of it that rebinds a function of this tool, be it by a test's
monkey patch that was never undone, would be judged by its own rules.
"""

from __future__ import annotations

import builtins
import fractions
import itertools
import json
import operator
import sys
from collections.abc import Callable, Sequence
from types import FunctionType, ModuleType
from typing import Any

APART = ("refutable.claims", "refutable.model", "refutable.reports")
"""Modules of the name of this tool that are what is judged."""
REMEMBER = ("refutable.reuse", "refutable.engine.remote")
"""Modules that rebind names of their own, and judge nothing."""
WITH = (builtins, fractions, json, json.encoder)
"""Modules beside the tool's own with which it compares, and answers."""


Changed = Callable[[], str | None]
"""Names something that was rebound, or None."""

_prepared: list[tuple[int, Changed]] = []


def prepare() -> None:
    """Remember what judges, in a process of which each leg gets a copy of its own.

    Whoever looks at an object writes to it, its count of references: a copy that remembers anew
    has to copy twice as many pages of memory as one that only compares.
    """
    _prepared[:] = [(len(sys.modules), _everything())]


def sealed() -> Changed:
    """Remember what judges; what is returned names something that was rebound since, or None.

    Names of modules, and of the classes that they define, and the code of functions; what was
    merely added does not count.
    """
    known, before = _prepared[0] if _prepared else (0, None)
    if before is None or before() is not None:  # by whatever came before this leg
        return _everything()
    latest = itertools.islice(reversed(sys.modules.items()), max(0, len(sys.modules) - known))
    since = _compared(_judging(list(latest)))
    return lambda: before() or since()


def _everything() -> Changed:
    return _compared([*_judging(list(sys.modules.items())), *WITH])


def _compared(modules: Sequence[ModuleType]) -> Changed:
    """What tells whether anything of these modules is another object than now."""
    judging = [owner for module in modules for owner in _owners(module)]
    owners = [(vars(owner), vars(owner).copy(), owner) for owner in judging]
    functions = [
        function
        for _, names, _ in owners
        for function in names.values()
        if type(function) is FunctionType
    ]
    codes = [function.__code__ for function in functions]
    # By `is`, and by these very functions of the interpreter: what a leg can call, it can rebind.
    every, pair, size, same, code_of = all, map, len, operator.is_, operator.attrgetter("__code__")
    name_of, zipped = _name, zip

    def changed() -> str | None:
        for now, before, owner in owners:
            if (
                size(now) == size(before)
                and every(pair(same, now, before))
                and every(pair(same, now.values(), before.values()))
            ):
                continue
            for name, value in before.items():
                if now.get(name, owner) is not value:
                    return f"{name_of(owner)}.{name}"
        if not every(pair(same, pair(code_of, functions), codes)):
            for function, code in zipped(functions, codes):
                if function.__code__ is not code:
                    return f"{function.__module__}.{function.__qualname__}"
        return None

    return changed


def _judging(modules: Sequence[tuple[str, ModuleType]]) -> list[ModuleType]:
    return [
        module
        for name, module in modules
        if f"{name}.".startswith("refutable.")
        and not name.startswith(APART + REMEMBER)
        and type(module) is ModuleType
    ]


def _owners(module: ModuleType) -> list[Any]:
    """A module and the classes that it defines, as it first was."""
    known = _known.get(module)
    if known is None:
        values = [] if module is builtins else list(vars(module).values())
        classes = [
            value
            for value in values
            if isinstance(value, type) and value.__module__ == module.__name__
        ]
        known = _known[module] = [module, *classes]
    return known


_known: dict[ModuleType, list[Any]] = {}


def _name(owner: Any) -> str:
    if isinstance(owner, ModuleType):
        return owner.__name__
    return f"{owner.__module__}.{owner.__qualname__}"
