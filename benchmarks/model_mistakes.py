"""Every formula of the model off by 5 %, one at a time, to see which claim notices.

`python -m benchmarks.model_mistakes` runs the claims, cheapest legs first, until one fails. A
function counts when what it returns holds floats: numbers, arrays, tensors, symbolic expressions,
records of them, or functions that return such. Exit 1 when a mistake goes unnoticed without one of
the reasons below. Takes about half an hour.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import pkgutil
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any
from unittest import mock

import click
import numpy as np
import sympy as sp
import torch

from refutable import catalogue as catalogues
from refutable import check, model
from refutable.claim import Claim, Kind, Profile, Verdict
from refutable.reuse import shared

NOT_FORMULAS = ("refutable.model.bent", "refutable.model.setting")
"""What is outside the theorems (the audit's perturbations), and the definition of a setting."""
AXES = ("setting", "log_t")
"""Fields of a trajectory that say what and when, not what was found."""
HARMLESS = {
    "refutable.model.descent.train_module": (
        "the history of the loss, on whose sign alone claims rest"
    ),
    "refutable.model.engines._largest": (
        "moduli that are claimed to be small, with more than 5 % to spare"
    ),
    "refutable.model.reduced.contrastive._nodes": (
        "nodes of a quadrature that converges wherever they lie"
    ),
    "refutable.model.symbolic._positive": (
        "makes symbols; scaled ones are no symbols, and legs end in errors"
    ),
}
"""Functions whose values can be off by 5 % without a wrong result, and why."""


def spoiled(value: Any, touched: Callable[[], None]) -> Any:
    """The same with every float 5 % larger; `touched` is called when there is one."""
    if isinstance(value, torch.Tensor):
        is_float = value.is_floating_point()
    elif isinstance(value, np.ndarray):
        is_float = np.issubdtype(value.dtype, np.floating)
    else:
        is_float = isinstance(value, float | np.floating | Fraction | sp.Expr)
    if is_float:
        touched()
        return value * (Fraction(21, 20) if isinstance(value, Fraction) else
                        sp.Rational(21, 20) if isinstance(value, sp.Expr) else 1.05)  # fmt: skip
    if inspect.isfunction(value):
        return functools.wraps(value)(lambda *a, **k: spoiled(value(*a, **k), touched))
    if isinstance(value, tuple):
        parts = [spoiled(part, touched) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        held = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        simple = {k: v for k, v in held.items() if isinstance(v, float | np.ndarray)}
        changed = {k: spoiled(v, touched) for k, v in simple.items() if k not in AXES}
        return dataclasses.replace(value, **changed)
    return value


def formulas() -> Iterator[tuple[Any, str, str, Callable[..., Any]]]:
    """Owner, attribute, full name and function of every function and method of the model."""
    for found in pkgutil.walk_packages(model.__path__, "refutable.model."):
        module = importlib.import_module(found.name)
        if found.name.startswith(NOT_FORMULAS):
            continue
        owners: list[Any] = [module, *(c for c in vars(module).values() if inspect.isclass(c))]
        for owner in owners:
            if owner is not module and owner.__module__ != found.name:
                continue
            name = found.name if owner is module else f"{found.name}.{owner.__name__}"
            for attribute, function in list(vars(owner).items()):
                inner = inspect.unwrap(function) if callable(function) else None
                if not inspect.isfunction(inner) or inspect.isgeneratorfunction(inner):
                    continue
                if inner.__module__ == found.name and not attribute.startswith("__"):
                    yield owner, attribute, f"{name}.{attribute}", function


def legs(profile: Profile) -> list[tuple[Claim, Kind]]:
    """Legs of the profile, the cheapest first."""
    timed = []
    for claim in catalogues.load(["refutable.claims"]):
        for kind, leg in claim.legs.items():
            if leg.profile == profile:
                timed.append((check.check_leg(claim, kind, profile, 0).seconds, claim, kind))
    return [(claim, kind) for _, claim, kind in sorted(timed, key=lambda found: found[0])]


@click.command()
def search() -> None:
    """Spoil every formula of the model, one at a time."""
    noticed = unnoticed = 0
    with check.one_thread():
        order = legs("quick")
        for owner, attribute, name, function in formulas():
            hits: list[bool] = []
            wrapped = functools.wraps(function)(
                lambda *a, f=function, h=hits, **k: spoiled(f(*a, **k), lambda: h.append(True))
            )
            started, by = time.perf_counter(), None
            with mock.patch.object(owner, attribute, wrapped), shared.nothing_shared():
                for claim, kind in order:
                    if check.check_leg(claim, kind, "quick", 0).verdict is Verdict.FAILS:
                        by = f"{claim.id} [{kind.value}]"
                        break
            if not hits:
                continue
            noticed += by is not None
            unnoticed += by is None and name not in HARMLESS
            said = by or HARMLESS.get(name, "NOTHING")
            click.echo(f"{name}: {said} ({time.perf_counter() - started:.0f} s)")
    click.echo(f"{noticed} formulas noticed, {unnoticed} not noticed and not explained.")
    raise SystemExit(int(unnoticed > 0))


if __name__ == "__main__":
    search()
