"""Teeth: a planted mistake must turn the claim that ships it to `fails` under the same budget."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from unittest import mock

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

    outcome: Literal["killed", "survived", "did not apply"]
    leg: Kind | None = None


def bite(claim: Claim, mistake: Mistake, profile: Profile, seed: int) -> Bite:
    """Plant a mistake and run the claim's legs, cheapest profile first, until one fails.

    An error is no kill: the mistake must turn the verdict to `fails`.
    """
    try:
        with planted(mistake):
            for kind, leg in claim.legs.items():
                if PROFILES.index(leg.profile) > PROFILES.index(profile):
                    continue
                if check.check_leg(claim, kind, profile, seed).verdict is Verdict.FAILS:
                    return Bite("killed", kind)
    except (AttributeError, ImportError):
        return Bite("did not apply")
    return Bite("survived")
