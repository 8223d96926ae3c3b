"""Teeth: a planted mistake must turn the claim that ships it to `fails` under the same budget."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import itertools
import operator
import pkgutil
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from refutable import catalogue as catalogues
from refutable import chance, check
from refutable.claim import Claim, Kind, Mistake, Profile, Verdict, derive_seed
from refutable.engine import limits
from refutable.engine.pool import Ended, Job, Pool
from refutable.engine.worker import tick
from refutable.errors import said
from refutable.outline import Outline
from refutable.records.kills import Bite, Kill, Outcome
from refutable.records.results import LegRecord, Results
from refutable.reuse import shared
from refutable.run import said_of


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
    """Where a function or class is bound: names of loaded modules, and of classes beside it.

    Whoever imported it by name has a name of its own for it. Values are not asked for their
    `__class__`, at which deprecated names of a library warn.
    """
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", None)
        if isinstance(names, dict):
            yield from ((module, name) for name in _names_of(target, names))
    beside = vars(sys.modules[target.__module__]) if target.__module__ in sys.modules else {}
    for value in list(beside.values()):
        if issubclass(type(value), type) and value.__module__ == target.__module__:
            yield from ((value, name) for name in _names_of(target, vars(value)))


def _names_of(target: object, names: Mapping[str, Any]) -> list[str]:
    """Under which names something is bound; almost nowhere, which is found out at speed."""
    if not any(map(operator.is_, names.values(), itertools.repeat(target))):
        return []
    return [name for name, value in names.items() if value is target]


def bite(
    claim: Claim,
    mistake: Mistake,
    profile: Profile,
    seed: int,
    sound: Collection[Kind] | None = None,
) -> Bite:
    """Plant a mistake and run the claim's legs here until one fails.

    sound: the legs that hold without the mistake; no other can refute it. All, unless given.
    An error is no kill: the mistake must turn the verdict of such a leg to `fails`, for which the
    leg goes no further than its first gap that does.
    """
    legs = [leg for kind, leg in claim.legs.items() if sound is None or kind in sound]
    legs = [leg for leg in legs if check.runs(leg, profile)]
    if not legs:
        return Bite(outcome=Outcome.NOT_SOUND, why="no leg that runs holds without it")
    calls: list[bool] = []
    ends: list[LegRecord] = []
    try:
        with planted(_counted(mistake, calls)):
            for leg in legs:
                tick()
                chance.seed(derive_seed(seed, claim.id, leg.kind))
                ends.append(check.check_leg(claim, leg.kind, profile, seed, until_refuted=True))
                if ends[-1].verdict is Verdict.FAILS:
                    break
    except (AttributeError, ImportError) as problem:
        return Bite(outcome=Outcome.DID_NOT_APPLY, why=said(problem))
    return _judged(ends, bool(calls))


def _judged(ends: Sequence[LegRecord], called: bool) -> Bite:
    """What became of a mistake with which legs ended so."""
    for end in ends:
        if end.verdict is Verdict.FAILS:
            return Bite(outcome=Outcome.KILLED, leg=end.kind)
    for end in ends:
        if end.verdict is Verdict.ERROR:
            return Bite(outcome=Outcome.ERROR, leg=end.kind, why=end.note or "")
    if not called:
        return Bite(outcome=Outcome.NOT_REACHED)
    open_ = [end for end in ends if end.verdict is not Verdict.HOLDS]
    why = "; ".join(f"{end.kind.value} is {end.verdict.value}: {end.note}" for end in open_)
    return Bite(outcome=Outcome.SURVIVED, why=why)


def _counted(mistake: Mistake, calls: list[bool]) -> Mistake:
    """The mistake, which notes in `calls` when a function that it spoils is called.

    Of what is no plain function, such as a constant, nothing shows whether it was used.
    """

    def plant(original: Any) -> Any:
        spoiled = mistake.plant(original)
        if not inspect.isfunction(spoiled):
            calls.append(True)
            return spoiled

        @functools.wraps(spoiled)
        def counted(*args: Any, **kwargs: Any) -> Any:
            calls.append(True)
            return spoiled(*args, **kwargs)

        return counted

    return dataclasses.replace(mistake, plant=plant)


def bite_all(
    claims: Mapping[str, Collection[Kind]],
    outline: Outline,
    pool: Pool,
    profile: Profile,
    seed: int,
    limit: float | None = None,
) -> Iterator[Kill]:
    """Plant every mistake of these claims, one at a time, in the order of the catalogue.

    claims: ids, each with the legs that hold without a mistake.
    """
    entries = {id: outline.catalogue.entry(id, placed=False) for id in claims}
    names = [(id, number) for id in claims for number in range(len(entries[id].mistakes))]
    jobs = [
        Job(
            BITE,
            {
                "claim": id,
                "number": number,
                "profile": profile,
                "seed": seed,
                "sound": sorted(claims[id]),
            },
            limit or limits.SECONDS[profile],
            key=(id, number),
        )
        for id, number in names
    ]
    found: dict[tuple[str, int], Bite] = {}
    waiting = deque(names)
    for event in pool.run(jobs):
        if isinstance(event, Ended):
            found[event.job.key] = bite_of(event)
        while waiting and waiting[0] in found:
            id, number = waiting.popleft()
            title = entries[id].mistakes[number].title
            yield Kill(claim=id, mistake=title, bite=found[id, number])


BITE = "refutable.selftest.planted:bite_task"


def bite_task(
    sources: Sequence[str],
    claim: str,
    number: int,
    profile: Profile,
    seed: int,
    sound: Sequence[Kind],
) -> dict[str, Any]:
    """A mistake, planted in a process of the engine: what became of it, as JSON."""
    stated = catalogues.loaded(tuple(sources))[claim]
    return bite(stated, stated.mistakes[number], profile, seed, sound).model_dump(mode="json")


def bite_of(ended: Ended) -> Bite:
    """What became of a mistake, whatever it did to the process in which it was planted."""
    if ended.value is None:
        return Bite(outcome=Outcome.ERROR, why=said_of(ended))
    return Bite.model_validate(ended.value)


def sound_legs(results: Results) -> dict[str, tuple[Kind, ...]]:
    """The ids of a run of which nothing was spoiled, each with the legs that hold."""
    return {
        claim.id: tuple(leg.kind for leg in claim.legs if leg.verdict is Verdict.HOLDS)
        for claim in results.claims
    }
