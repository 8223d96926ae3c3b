"""Teeth: a planted mistake must turn the claim that ships it to `fails` under the same budget."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from unittest import mock

import joblib

from refutable import catalogue as catalogues
from refutable import check
from refutable.claim import PROFILES, Claim, Kind, Mistake, Profile, Verdict
from refutable.reuse import shared


@contextmanager
def planted(mistake: Mistake) -> Iterator[None]:
    """Plant a mistake while inside, under every name by which modules know its target.

    AttributeError or ImportError when there is no such target.
    """
    if isinstance(mistake.target, str):
        owner_name, _, attribute = mistake.target.rpartition(".")
        owner = pkgutil.resolve_name(owner_name)
        original = getattr(owner, attribute)
        places = [(owner, attribute)]
    else:
        original = mistake.target
        places = list(places_of(original))
        if not places:
            raise AttributeError(f"no module knows {mistake.name} by a name")
    spoiled = mistake.plant(original)
    with shared.nothing_shared(), ExitStack() as stack:
        for owner, attribute in places:
            stack.enter_context(mock.patch.object(owner, attribute, spoiled))
        yield


def places_of(target: Callable[..., Any]) -> Iterator[tuple[Any, str]]:
    """Where a function or class is bound: names of loaded modules, and of the classes they define.

    Whoever imported it by name has a name of its own for it. Values are not asked for their
    `__class__`, at which deprecated names of a library warn.
    """
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", None)
        for name, value in list(names.items()) if isinstance(names, dict) else ():
            if value is target:
                yield module, name
            elif issubclass(type(value), type) and value.__module__ == target.__module__:
                for attribute, held in list(vars(value).items()):
                    if held is target:
                        yield value, attribute


@dataclass(frozen=True)
class Bite:
    """What became of a planted mistake; leg: the leg that refuted it."""

    outcome: Literal["killed", "error", "survived", "did not apply"]
    leg: Kind | None = None


def bite(claim: Claim, mistake: Mistake, profile: Profile, seed: int) -> Bite:
    """Plant a mistake and run the claim's legs until one fails.

    An error is no kill: the mistake must turn the verdict to `fails`.
    """
    broken: Kind | None = None
    try:
        with planted(mistake):
            for kind, leg in claim.legs.items():
                if PROFILES.index(leg.profile) > PROFILES.index(profile):
                    continue
                verdict = check.check_leg(claim, kind, profile, seed).verdict
                if verdict is Verdict.FAILS:
                    return Bite("killed", kind)
                if verdict is Verdict.ERROR:
                    broken = kind
    except (AttributeError, ImportError):
        return Bite("did not apply")
    return Bite("error", broken) if broken else Bite("survived")


def bite_all(
    claims: Sequence[str], sources: Sequence[str], profile: Profile, seed: int, workers: int
) -> Iterator[tuple[str, Mistake, Bite]]:
    """Plant every mistake of these claims, one at a time, in the order of the catalogue."""
    catalogue = catalogues.load(sources)
    planted = [(id, number) for id in claims for number in range(len(catalogue[id].mistakes))]
    run = joblib.Parallel(n_jobs=workers, return_as="generator")
    bites = run(joblib.delayed(_bite)(id, n, sources, profile, seed) for id, n in planted)
    for (id, number), bitten in zip(planted, bites, strict=True):
        yield id, catalogue[id].mistakes[number], bitten


def _bite(id: str, number: int, sources: Sequence[str], profile: Profile, seed: int) -> Bite:
    claim = catalogues.load(sources)[id]
    return bite(claim, claim.mistakes[number], profile, seed)
