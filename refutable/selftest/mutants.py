"""Mutations: statements spoiled at random, to see how many of them the legs refute.

A planted mistake is chosen by the author of a claim; a mutation is not. Every function of a claim's
own module that its legs call and that returns a number, an array, an expression or a relation is a
part of the statement, and a mutation spoils what it returns. A module says in `NOT_STATED` which of
its functions state nothing for any claim (they size a tolerance, choose where to look), each with
the reason, and in `STATED_IN` which other modules hold parts of its statements. A claim says which
parts it `tolerates` to change a little unnoticed, and why (a bound is one-sided, a factor cancels
in a ratio, a term is of lower order); a survivor without such a reason is a hole in the claim.
"""

from __future__ import annotations

import inspect
import random
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np
import sympy as sp
from sympy.core.relational import Relational

from refutable import catalogue as catalogues
from refutable import check
from refutable.claim import Claim, Kind, Mistake, Profile, derive_seed
from refutable.engine import limits
from refutable.engine.pool import Ended, Job, Pool
from refutable.engine.worker import tick
from refutable.records.kills import Bite, Kill, Outcome
from refutable.reuse import shared
from refutable.selftest import planted

Spoil = Callable[[Any, random.Random], Any]


def _scaled(factor: Fraction) -> Spoil:
    def spoil(value: Any, _: random.Random) -> Any:
        if isinstance(value, Fraction):
            return value * factor
        if isinstance(value, sp.Expr):
            return value * sp.Rational(factor.numerator, factor.denominator)
        return value * float(factor)

    return spoil


def _shifted(amount: Fraction) -> Spoil:
    return lambda value, _: value + (amount if isinstance(value, Fraction) else float(amount))


def _negated(value: Any, _: random.Random) -> Any:
    return -value


def _rolled(value: Any, _: random.Random) -> Any:
    return np.roll(value, 1, axis=-1)


def _one_sign(value: sp.Expr, rng: random.Random) -> sp.Expr:
    """The sign of one term of one sum turned round; the expression itself when it has no sum."""
    sums = [part for part in sp.preorder_traversal(value) if isinstance(part, sp.Add)]
    if not sums:
        return value
    chosen = rng.choice(sums)
    term = rng.choice(chosen.args)
    return value.xreplace({chosen: chosen - 2 * term})


def _turned(value: Relational, _: random.Random) -> Relational:
    return value.reversedsign


SPOILS: dict[str, dict[str, Spoil]] = {
    "number": {
        "5 % more": _scaled(Fraction(21, 20)),
        "5 % less": _scaled(Fraction(19, 20)),
        "the other sign": _negated,
    },
    "exponent": {
        "0.02 more": _shifted(Fraction(1, 50)),
        "0.02 less": _shifted(Fraction(-1, 50)),
        "the other sign": _negated,
    },
    "array": {
        "5 % more": _scaled(Fraction(21, 20)),
        "the other sign": _negated,
        "values moved by one place": _rolled,
    },
    "expression": {
        "5 % more": _scaled(Fraction(21, 20)),
        "one term with the other sign": _one_sign,
    },
    "relation": {"turned round": _turned},
}
"""What can go wrong with a value, by its sort."""

EXPONENTS = ("exponent", "power", "slope")
"""Functions with one of these words in their names return powers of P, where 0.02 matters."""


def _sort_of(name: str, value: Any) -> str | None:
    if isinstance(value, Relational):
        return "relation"
    if isinstance(value, sp.Expr):
        return "expression"
    if isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.floating):
        return "array"
    if isinstance(value, float | Fraction | np.floating):
        return "exponent" if any(word in name for word in EXPONENTS) else "number"
    return None


@dataclass(frozen=True)
class Mutant:
    """A claim with what the function `target` returns spoiled in one way."""

    claim: str
    target: str
    sort: str
    spoil: str

    @property
    def name(self) -> str:
        """'module.function: 5 % more'."""
        return f"{self.target}: {self.spoil}"

    def mistake(self, seed: int, changed: Callable[[], None] = lambda: None) -> Mistake:
        """The mutation as a mistake to plant; `changed` is called when it makes a difference."""
        spoil = SPOILS[self.sort][self.spoil]
        name = self.target.rpartition(".")[2]
        rng_seed = derive_seed(seed, self.claim, self.target, self.spoil)

        def plant(original: Callable[..., Any]) -> Callable[..., Any]:
            def spoiled(*args: Any, **kwargs: Any) -> Any:
                value = original(*args, **kwargs)
                if _sort_of(name, value) != self.sort:
                    return value
                other = spoil(value, random.Random(rng_seed))
                if not _same(value, other):
                    changed()
                return other

            return spoiled

        return Mistake(self.target, self.spoil, plant)


def _same(value: Any, other: Any) -> bool:
    if isinstance(value, np.ndarray):
        return np.array_equal(value, other, equal_nan=True)
    return bool(value == other) or value != value  # NaN stays NaN


def mutants_of(claim: Claim, profile: Profile, seed: int) -> tuple[Mutant, ...]:
    """All mutants of a claim: its legs are run once, to see which functions they call."""
    found: dict[str, set[str]] = {}
    modules = _modules_of(claim)
    watched = [
        (module, name, function)
        for module in modules
        for name, function in _functions(module)
        if all(function is not leg.run for leg in claim.legs.values())
    ]
    for module, name, function in watched:
        setattr(
            module, name, _watch(function, found.setdefault(f"{module.__name__}.{name}", set()))
        )
    try:
        with shared.nothing_shared():
            for kind, leg in claim.legs.items():
                if check.runs(leg, profile):
                    tick()
                    check.check_leg(claim, kind, profile, seed)
    finally:
        for module, name, function in watched:
            setattr(module, name, function)
    return tuple(
        Mutant(claim.id, target, sort, spoil)
        for target, sorts in sorted(found.items())
        for sort in sorted(sorts)
        for spoil in SPOILS[sort]
    )


def _modules_of(claim: Claim) -> list[ModuleType]:
    """The modules of the legs, and those that these name as holding parts of the statement."""
    found = {leg.run.__module__: sys.modules[leg.run.__module__] for leg in claim.legs.values()}
    for module in list(found.values()):
        for name in getattr(module, "STATED_IN", ()):
            found[name] = sys.modules[name]
    return list(found.values())


def _functions(module: ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Functions that a module defines itself, generators (of gaps) left out."""
    for name, value in list(vars(module).items()):
        inner = inspect.unwrap(value) if callable(value) else value
        own = inspect.isfunction(inner) and inner.__module__ == module.__name__
        stated = name not in getattr(module, "NOT_STATED", {})
        if own and stated and not inspect.isgeneratorfunction(inner):
            yield name, value


def _watch(function: Callable[..., Any], seen: set[str]) -> Callable[..., Any]:
    name = function.__name__

    def watched(*args: Any, **kwargs: Any) -> Any:
        value = function(*args, **kwargs)
        sort = _sort_of(name, value)
        if sort:
            seen.add(sort)
        return value

    return watched


MUTANTS = "refutable.selftest.mutants:mutants_task"
BITE = "refutable.selftest.mutants:bite_task"


def search(
    claims: Mapping[str, Collection[Kind]],
    pool: Pool,
    count: int,
    profile: Profile,
    seed: int,
    limit: float | None = None,
) -> list[Kill]:
    """Draw `count` mutants of these claims at random (all when there are fewer), and bite each.

    claims: ids, each with the legs that hold unspoiled. Which are drawn depends on the seed only,
    never on the number of workers.
    """
    seconds = limit or limits.SECONDS[profile]
    asked = [
        Job(MUTANTS, {"claim": id, "profile": profile, "seed": seed}, seconds, key=id)
        for id in claims
    ]
    listed = {event.job.key: event for event in pool.run(asked) if isinstance(event, Ended)}
    found = [Mutant(*names) for id in claims for names in listed[id].value or ()]
    rng = random.Random(derive_seed(seed, "mutations"))
    chosen = rng.sample(found, min(count, len(found)))
    jobs = [
        Job(
            BITE,
            {
                "mutant": astuple(mutant),
                "profile": profile,
                "seed": seed,
                "sound": sorted(claims[mutant.claim]),
            },
            seconds,
            key=mutant,
        )
        for mutant in chosen
    ]
    ends = {event.job.key: event for event in pool.run(jobs) if isinstance(event, Ended)}
    return [_kill(mutant, ends[mutant]) for mutant in chosen]


def _kill(mutant: Mutant, ended: Ended) -> Kill:
    if ended.value is None:
        return Kill(claim=mutant.claim, mistake=mutant.name, bite=planted.bite_of(ended))
    return Kill.model_validate(ended.value)


def mutants_task(
    sources: Sequence[str], claim: str, profile: Profile, seed: int
) -> list[tuple[str, ...]]:
    """The mutants of a claim, in a process of the engine, as JSON."""
    stated = catalogues.loaded(tuple(sources))[claim]
    return [astuple(mutant) for mutant in mutants_of(stated, profile, seed)]


def bite_task(
    sources: Sequence[str],
    mutant: Sequence[str],
    profile: Profile,
    seed: int,
    sound: Sequence[Kind],
) -> dict[str, Any]:
    """A mutant, planted in a process of the engine: what became of it, as JSON."""
    spoiled = Mutant(*mutant)
    claim = catalogues.loaded(tuple(sources))[spoiled.claim]
    changed: list[bool] = []
    mistake = spoiled.mistake(seed, lambda: changed.append(True))
    bitten = planted.bite(claim, mistake, profile, seed, sound)
    if not changed and bitten.outcome is not Outcome.NOT_SOUND:
        bitten = Bite(outcome=Outcome.DID_NOT_APPLY)
    survived = bitten.outcome is Outcome.SURVIVED
    tolerated = claim.tolerated.get(spoiled.target) if survived else None
    kill = Kill(claim=spoiled.claim, mistake=spoiled.name, bite=bitten, excused=tolerated)
    return kill.model_dump(mode="json")
