"""Seal: whether what judges a leg is still what it was when the leg began.

A leg runs where it is judged. Code of it that rebinds a function of this tool, be it by a test's
monkey patch that was never undone, would be judged by its own rules.
"""

from __future__ import annotations

import builtins
import fractions
import json
import sys
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

APART = ("refutable.claims", "refutable.model", "refutable.reports")
"""Modules of the name of this tool that are what is judged."""
REMEMBER = ("refutable.reuse", "refutable.engine.remote")
"""Modules that rebind names of their own, and judge nothing."""
WITH = (builtins, fractions, json, json.encoder)
"""Modules beside the tool's own with which it compares, and answers."""


def sealed() -> Callable[[], str | None]:
    """Remember what judges; what is returned names something that was rebound since, or None.

    Names of modules, and of the classes that they define, and the code of functions; what was
    merely added does not count.
    """
    judging = [owner for module in _judging() for owner in _owners(module)]
    owners = [(vars(owner), vars(owner).copy(), owner) for owner in judging]
    codes = [
        (function, function.__code__)
        for _, names, _ in owners
        for function in names.values()
        if type(function) is FunctionType
    ]

    def changed(name_of: Any = _name) -> str | None:
        # By `is` alone: every function that could be called here may be what was rebound.
        for now, before, owner in owners:
            for name, value in before.items():
                if now.get(name, owner) is not value:
                    return f"{name_of(owner)}.{name}"
        for function, code in codes:
            if function.__code__ is not code:
                return f"{function.__module__}.{function.__qualname__}"
        return None

    return changed


def _judging() -> list[ModuleType]:
    own = [
        module
        for name, module in list(sys.modules.items())
        if f"{name}.".startswith("refutable.")
        and not name.startswith(APART + REMEMBER)
        and type(module) is ModuleType
    ]
    return [*own, *WITH]


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
