"""Teeth: a planted mistake must turn the claim that ships it to `fails` under the same budget."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from unittest import mock

import joblib

from claims.checking import catalogue as catalogues
from claims.checking import check, shared
from claims.checking.claim import PROFILES, Claim, Kind, Mistake, Profile, Verdict


@contextmanager
def planted(mistake: Mistake) -> Iterator[None]:
    """Plant a mistake while inside. AttributeError or ImportError when there is no such target."""
    owner_name, _, attribute = mistake.target.rpartition(".")
    owner = pkgutil.resolve_name(owner_name)
    original = getattr(owner, attribute)
    with shared.nothing_shared(), mock.patch.object(owner, attribute, mistake.plant(original)):
        yield


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
