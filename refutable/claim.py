"""Claim: a statement, its source, what it assumes and rests on, and the legs that attack it."""

from __future__ import annotations

import functools
import hashlib
import importlib
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeVar

import numpy as np

from refutable import chance, ledger
from refutable import text as texts
from refutable.evidence import Case as Case
from refutable.evidence import Evidence as Evidence
from refutable.evidence import LegResult, Required, requirement
from refutable.evidence import Undecided as Undecided
from refutable.evidence import Vacuous as Vacuous
from refutable.evidence import evidence_of as evidence_of
from refutable.gap import Gap
from refutable.table import TableFunction

Profile = Literal["quick", "full", "deep"]
PROFILES: tuple[Profile, ...] = ("quick", "full", "deep")
LONGEST_LIMIT = 1e8
"""Seconds, three years: to what is longer, some clocks cannot be set."""
LARGEST_SEED = 2**63 - 1
"""What files of results can hold, and what derived seeds can be, too."""
T = TypeVar("T")
Target = Callable[..., Any] | str
"""A function or class, or the dotted name of a constant."""


class Provenance(StrEnum):
    """Where the statement comes from."""

    STATED = "stated"  # the source text says it
    RECONSTRUCTED = "reconstructed"  # the source names the result, the formula is ours
    DERIVED = "derived"  # our own lemma on the way
    SHARPENED = "sharpened"  # stronger than the source's order-of-magnitude statement


class Kind(StrEnum):
    """A leg: how the claim is attacked."""

    SYMBOLIC = "symbolic"  # an identity, decided by expanding a numerator
    SMT = "smt"  # the negation is unsatisfiable over the reals
    EXACT = "exact"  # rational arithmetic or enumeration
    PROPERTY = "property"  # generated configurations against float64 automatic differentiation
    TRAINED = "trained"  # models trained by gradient descent
    SCALING = "scaling"  # exponents and constants fitted on a ladder of P
    ENCLOSED = "enclosed"  # bounds or trajectories in ball arithmetic, every event decided

    @property
    def grade(self) -> Grade:
        """What a leg of this kind is worth when it holds."""
        return _GRADES[self]


class Grade(StrEnum):
    """What the evidence is worth, strongest first."""

    PROVED = "proved"
    SEARCHED = "searched"
    TRAINED = "trained"
    FITTED = "fitted"


_GRADES = {
    Kind.SYMBOLIC: Grade.PROVED,
    Kind.SMT: Grade.PROVED,
    Kind.EXACT: Grade.PROVED,
    Kind.PROPERTY: Grade.SEARCHED,
    Kind.TRAINED: Grade.TRAINED,
    Kind.SCALING: Grade.FITTED,
    Kind.ENCLOSED: Grade.PROVED,
}


class Verdict(StrEnum):
    """The outcome of a leg or of a claim. Only `holds` is good news."""

    HOLDS = "holds"  # everything that was measured is as claimed
    FAILS = "fails"  # something is not; there is a witness
    ERROR = "error"  # the check itself broke
    VACUOUS = "vacuous"  # nothing met the assumptions
    UNDECIDED = "undecided"  # budget, solver or power ran out
    NOT_RUN = "not-run"  # left out by profile or selection

    @property
    def is_trouble(self) -> bool:
        """Whether something ran and did not hold."""
        return self not in (Verdict.HOLDS, Verdict.NOT_RUN)


WORST_FIRST = (
    Verdict.FAILS,
    Verdict.ERROR,
    Verdict.VACUOUS,
    Verdict.UNDECIDED,
    Verdict.HOLDS,
    Verdict.NOT_RUN,
)
"""A claim's verdict is the first of these that one of its legs has."""


@dataclass(frozen=True)
class Context:
    """What a leg is given: how much effort to spend, and its own source of chance.

    root_seed: the run's seed, for runs that several claims share. seed: this leg's own. required:
    regimes without which the leg is vacuous, each with the gaps that it is about. only: the one
    configuration that a search is to look at, in a tuple; empty, it draws. about: which leg it is
    given to, under which name Hypothesis reports what it tried.
    """

    profile: Profile
    root_seed: int
    seed: int
    required: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    only: tuple[Any, ...] = ()
    about: str = field(default="", compare=False)

    def at(self, *, quick: T, full: T, deep: T | None = None) -> T:
        """The value for this run's profile; `deep` is as `full` unless given."""
        if self.profile == "quick":
            return quick
        return deep if self.profile == "deep" and deep is not None else full

    def rng(self) -> np.random.Generator:
        """A generator of its own stream: each call in a leg gives another one, in the same order.

        Within a search the streams belong to the configuration that is being measured.
        """
        ledger.note_draw("context.rng()")
        state = self.__dict__
        call = state.get("_calls", 0)
        state["_calls"] = call + 1
        start = state.get("_example", state["seed"])
        return np.random.default_rng(start if call == 0 else [start, call])

    @property
    def own_seed(self) -> int:
        """`seed`, for the tool, whose use of it does not make a leg one that draws at random."""
        return int(self.__dict__["seed"])

    @contextmanager
    def example(self, seed: int) -> Iterator[None]:
        """Within, `rng` gives the streams of one configuration of a search."""
        state = self.__dict__
        before: dict[str, Any] = {
            name: state[name] for name in ("_calls", "_example") if name in state
        }
        state.update(_calls=0, _example=seed)
        try:
            yield
        finally:
            del state["_calls"], state["_example"]
            state.update(before)


class _Seed:
    """A seed of a context: whoever reads it draws at random, which is noted."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, context: Context | None, owner: type[Context]) -> Any:
        if context is None:
            return self
        ledger.note_draw(f"context.{self.name}")
        return context.__dict__[self.name]

    def __set__(self, context: Context, value: int) -> None:
        context.__dict__[self.name] = value


Context.seed = _Seed("seed")  # type: ignore[assignment]  # after the fields have been read
Context.root_seed = _Seed("root_seed")  # type: ignore[assignment]


def derive_seed(root_seed: int, *names: str) -> int:
    """A 63-bit seed from the root seed and names, so that order and selection never matter."""
    digest = hashlib.sha256("\0".join((str(root_seed), *names)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


LegFunction = Callable[[Context], LegResult]


@dataclass(frozen=True)
class Leg:
    """One way of attacking a claim.

    profile: the cheapest profile that runs it. required: regimes without which it is vacuous, each
    with patterns of the gaps that must be measured there. expects: why remarks beside its verdict
    are right, in one text for a leg with remarks of one kind, or by patterns of what they are
    about. scope: the range that a proof covers, in one text or by profile. limit: seconds after
    which it is stopped, where the profile's limit does not do. reads: files that decide what it
    finds and that Python does not open itself.
    """

    kind: Kind
    run: LegFunction
    profile: Profile
    required: Mapping[str, tuple[str, ...]]
    expects: str | Mapping[str, str] | None = None
    scope: str | Mapping[Profile, str] | None = None
    limit: float | None = None
    reads: tuple[str, ...] = ()

    def scope_in(self, profile: Profile) -> str | None:
        """The range that a proof covers in this profile."""
        if self.scope is None or isinstance(self.scope, str):
            return self.scope
        reached = [
            self.scope[p] for p in PROFILES[: PROFILES.index(profile) + 1] if p in self.scope
        ]
        return reached[-1] if reached else None


def parameters_of(check: Callable[..., Any]) -> tuple[str, ...]:
    """The names of what a function takes, as it is called."""
    return tuple(inspect.signature(check, follow_wrapped=False).parameters)


def _in_context(run: Callable[..., LegResult]) -> LegFunction:
    """A leg that is given the context, of a function that may do without."""
    if parameters_of(run):
        return run

    @functools.wraps(run)
    def leg(context: Context) -> LegResult:
        return run()

    return leg


def name_of(target: Target) -> str:
    """The dotted name of a function or class, or of what a text names."""
    return target if isinstance(target, str) else f"{target.__module__}.{target.__qualname__}"


@dataclass(frozen=True)
class Mistake:
    """A planted mistake: `target` is replaced by `plant(original)` wherever it is used.

    target: the function or class itself, or the dotted name of a constant of a module.
    """

    target: Target
    title: str
    plant: Callable[[Any], Any]

    @property
    def name(self) -> str:
        """The dotted name of what is replaced."""
        return name_of(self.target)


def _is_dotted(text: str) -> bool:
    parts = text.split(".")
    return len(parts) > 1 and all(part.isidentifier() for part in parts)


DECORATORS = "refutable.decorators"
"""The module of `claim` and `for_all`, which make claims for whoever calls them."""
_made: list[tuple[str, Claim]] = []


def _maker() -> str:
    """The name of the module whose code makes a claim now."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__") in (__name__, "dataclasses", DECORATORS):
        frame = frame.f_back
    return str(frame.f_globals.get("__name__"))


def claims_made() -> list[tuple[str, Claim]]:
    """All claims of this process that have legs, each with the module whose code made it."""
    return [(module, claim) for module, claim in _made if claim.legs]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One executable statement.

    id: up to 100 letters, digits and . _ + - (ASCII), the first a letter or a digit, so that it can
    stand in commands and file names. statement: LaTeX. measured: in words, which finite form is
    measured when the statement is asymptotic. paper: number in the source, only for stated and
    reconstructed claims. assumptions: words on one line each; rests_on: ids of claims. original_of:
    id of the claim whose first statement this one refutes, with a witness; it holds when that
    statement is shown to be false. Legs, tables, mistakes and tolerated changes are added by the
    methods.
    Raises ValueError when the record contradicts itself, TypeError for what has the wrong type.
    """

    id: str
    title: str
    statement: str
    provenance: Provenance
    paper: str | None = None
    measured: str = ""
    assumptions: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
    original_of: str | None = None
    legs: dict[Kind, Leg] = field(default_factory=dict)
    tables: list[TableFunction] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    tolerated: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Only what the source contains may carry one of its numbers."""
        self._check_types()
        sourced = self.provenance in (Provenance.STATED, Provenance.RECONSTRUCTED)
        if self.paper is not None and not sourced:
            raise ValueError(f"{self.id}: a {self.provenance} claim carries no paper number")
        _made.append((_maker(), self))

    def _check_types(self) -> None:
        """ValueError or TypeError for what no record could hold, or no command could name."""
        texts.require_name(self.id, "the id of a claim")
        for name in ("title", "statement", "measured"):
            said = getattr(self, name)
            if not isinstance(said, str):
                raise TypeError(f"{self.id}: {name} must be a text, not {said!r}")
        if self.paper is not None and not isinstance(self.paper, str):
            raise TypeError(f"{self.id}: paper must be a text or None, not {self.paper!r}")
        if not isinstance(self.provenance, Provenance):
            known = ", ".join(f"Provenance.{member.name}" for member in Provenance)
            raise TypeError(
                f"{self.id}: provenance must be one of {known}, not {self.provenance!r}"
            )
        for name in ("assumptions", "rests_on"):
            named = getattr(self, name)
            if not isinstance(named, tuple | list) or not all(isinstance(n, str) for n in named):
                raise TypeError(f"{self.id}: {name} must be a tuple of texts, not {named!r}")
            object.__setattr__(self, name, tuple(named))
        for assumption in self.assumptions:
            texts.require_line(assumption, f"{self.id}: an assumption")

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of its legs."""
        return tuple(self.legs)

    @property
    def chapter(self) -> str:
        """The first sentence of the module in which its first leg stands."""
        for leg in self.legs.values():
            module = sys.modules.get(leg.run.__module__)
            text = (getattr(module, "__doc__", None) or "").strip()
            return " ".join(text.split("\n\n")[0].split()).rstrip(".")
        return ""

    def leg(
        self,
        kind: str,
        *,
        profile: Profile = "quick",
        require: Required = (),
        expects: str | Mapping[str, str] | None = None,
        scope: str | Mapping[Profile, str] | None = None,
        limit: float | None = None,
        reads: Iterable[str | Path] = (),
    ) -> Callable[[LegFunction], LegFunction]:
        """Add a leg of evidence: decorates a function from a Context, or from nothing, to gaps.

        profile: the cheapest profile that runs it. require: regimes without which it is vacuous.
        A gap that is measured in one of them must be measured in all, numbers and labels of cases
        apart, or those that a mapping names: `{"near": ("loss*", "rate*"), "far": "loss*"}`.
        expects: why a remark beside the verdict is right (that both sides are 0, for instance): a
        text where the leg has remarks of one kind, otherwise a mapping from patterns of gaps'
        names, or of the remark, to reasons. An expectation that does not occur is a remark itself.
        scope: the range that an exact leg covers, such as "P ≤ 24" ("counted for every mask"), in
        one text or by profile; what was compared without rounding in a leg that says it is proved
        for that range, and anything else only searched. limit: seconds after which it is stopped
        and undecided, in place of the profile's limit. reads: files that decide what it finds,
        beside the module or absolute, where a C library or another process opens them, and
        variables of the environment, as `$NAME`; an earlier result counts only while they, and the
        files that Python opens, are unchanged.
        Raises ValueError for a limit that is no positive number.
        """
        if profile not in PROFILES:
            known = ", ".join(PROFILES)
            raise ValueError(f"{self.id}: profile must be one of {known}, not {profile!r}")
        if limit is not None and not 0 < limit <= LONGEST_LIMIT:
            raise ValueError(f"{self.id}: the limit of a leg is in seconds, not {limit!r}")
        required, files = requirement(require), tuple(map(str, reads))

        def add(run: LegFunction) -> LegFunction:
            if Kind(kind) in self.legs:
                raise ValueError(f"{self.id}: there is a {kind} leg already")
            self.legs[Kind(kind)] = Leg(
                Kind(kind), _in_context(run), profile, required, expects, scope, limit, files
            )
            return run

        return add

    def at(
        self, kind: str, *configuration: Any, profile: Profile = "quick", seed: int = 0
    ) -> tuple[Gap, ...]:
        """The gaps of a leg, run here: of a search at one configuration, otherwise of all of it.

        configuration: what a strategy may draw, or for `for_all` a mapping of names to values. It
        and `seed`, the run's, are those of a witness that `claims replay --script` prints.
        """
        own = derive_seed(seed, self.id, Kind(kind))
        with chance.preserved():
            chance.seed(own)
            context = Context(profile, seed, own, only=configuration)
            return evidence_of(self.legs[Kind(kind)].run(context)).gaps

    def table(self, compute: TableFunction) -> TableFunction:
        """Add a table shown beside the verdict: decorates a function without arguments."""
        self.tables.append(compute)
        return compute

    def mistake(self, target: Target, title: str, plant: Callable[[Any], Any]) -> None:
        """Add a planted mistake that must turn this claim's verdict to `fails`.

        target: the function itself (or a class), or the dotted name of a constant. plant: from the
        original to what stands in its place.
        Raises ValueError for a text that is no dotted name.
        """
        if isinstance(target, str) and not _is_dotted(target):
            raise ValueError(
                f"{self.id}: a mistake's target is a function, or the dotted name of a constant "
                f"('module.NAME'), not {target!r}"
            )
        if not isinstance(title, str):
            raise TypeError(f"{self.id}: a mistake's title must be a text, not {title!r}")
        self.mistakes.append(Mistake(target, title, plant))

    def tolerates(self, target: Target, why: str) -> None:
        """Say why a small change of what a function returns need not turn this claim to `fails`.

        A random mutation of it that survives is then explained; planted mistakes have no such
        excuse.
        """
        self.tolerated[name_of(target)] = why


class _Decorator(ModuleType):
    """A module that can be called.

    The decorator `claim` shares its name, and `from refutable import claim` gives the module.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # by name, as that module rests on this one
        return importlib.import_module(DECORATORS).claim(*args, **kwargs)


sys.modules[__name__].__class__ = _Decorator
