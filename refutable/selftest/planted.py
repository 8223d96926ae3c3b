"""Teeth: a planted mistake must turn the claim that ships it to `fails` under the same budget."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import pkgutil
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from unittest import mock

from refutable import catalogue as catalogues
from refutable import chance, check
from refutable.claim import Claim, Kind, Mistake, Profile, Verdict, derive_seed
from refutable.engine import limits
from refutable.engine.pool import Ended, Job, Pool
from refutable.engine.worker import tick
from refutable.outline import Outline
from refutable.records.contents import MistakeEntry
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


Outcome = Literal["killed", "error", "survived", "not reached", "did not apply"]


@dataclass(frozen=True)
class Bite:
    """What became of a planted mistake; leg: the leg that refuted it. why: of an error, in words.

    Not reached: no leg called the function that was spoiled.
    """

    outcome: Outcome
    leg: Kind | None = None
    why: str = ""


def bite(claim: Claim, mistake: Mistake, profile: Profile, seed: int) -> Bite:
    """Plant a mistake and run the claim's legs here until one fails.

    An error is no kill: the mistake must turn the verdict to `fails`.
    """
    broken: tuple[Kind, str] | None = None
    calls: list[bool] = []
    try:
        with planted(_counted(mistake, calls)):
            for kind, leg in claim.legs.items():
                if not check.runs(leg, profile):
                    continue
                tick()
                chance.seed(derive_seed(seed, claim.id, kind))
                record = check.check_leg(claim, kind, profile, seed)
                if record.verdict is Verdict.FAILS:
                    return Bite("killed", kind)
                if record.verdict is Verdict.ERROR:
                    broken = kind, record.note or ""
    except (AttributeError, ImportError):
        return Bite("did not apply")
    if broken:
        return Bite("error", *broken)
    return Bite("survived" if calls else "not reached")


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
    claims: Sequence[str],
    outline: Outline,
    pool: Pool,
    profile: Profile,
    seed: int,
    limit: float | None = None,
) -> Iterator[tuple[str, MistakeEntry, Bite]]:
    """Plant every mistake of these claims, one at a time, in the order of the catalogue."""
    entries = {id: outline.catalogue.entry(id, placed=False) for id in claims}
    names = [(id, number) for id in claims for number in range(len(entries[id].mistakes))]
    jobs = [
        Job(
            BITE,
            {"claim": id, "number": number, "profile": profile, "seed": seed},
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
            yield id, entries[id].mistakes[number], found[id, number]


BITE = "refutable.selftest.planted:bite_task"


def bite_task(
    sources: Sequence[str], claim: str, number: int, profile: Profile, seed: int
) -> dict[str, Any]:
    """A mistake, planted in a process of the engine: what became of it, as JSON."""
    stated = catalogues.loaded(tuple(sources))[claim]
    return dataclasses.asdict(bite(stated, stated.mistakes[number], profile, seed))


def bite_of(ended: Ended) -> Bite:
    """What became of a mistake, whatever it did to the process in which it was planted."""
    if ended.value is None:
        return Bite("error", why=said_of(ended))
    leg = ended.value["leg"]
    return Bite(ended.value["outcome"], Kind(leg) if leg else None, ended.value["why"])
