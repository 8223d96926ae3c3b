"""Evidence: what a leg found, gathered so that none of it is lost on the way to the judge."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from refutable import ledger
from refutable.gap import Gap
from refutable.tally import Tally

Required = str | Iterable[str] | Mapping[str, str | Iterable[str]]
"""Regimes without which a leg is vacuous: one, several, or each with the gaps that it is about."""

_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?"
_NUMBERS = re.compile(rf"{_NUMBER}(?:(?:,\s?|\.\.|/|\^){_NUMBER})*")
"""A number, or a list or range of them."""
EVERY = ()
"""In place of names of gaps: all of them."""


@dataclass(frozen=True)
class Undecided:
    """Yielded by a leg in place of a gap when a solver or a budget gave out."""

    name: str
    reason: str


@dataclass(frozen=True)
class Vacuous(Undecided):
    """Yielded in place of a gap when nothing meets the assumptions of a statement."""


@dataclass(frozen=True)
class Case:
    """Yielded by a leg before the gaps of one configuration, to count cases by regime.

    label: what in the names of its gaps tells it from other cases. Like numbers and the names of
    its own regimes, it is left out when it is asked whether a gap was measured in every required
    regime: `loss, P = 64, far` and `loss, P = 8, near` are one gap.
    """

    regimes: tuple[str, ...]
    label: str = ""

    def __post_init__(self) -> None:
        """A single name may stand by itself."""
        object.__setattr__(self, "regimes", _names(self.regimes, "the regimes of a case"))

    def quantity(self, name: str) -> str:
        """The name of a gap without what tells this case from others."""
        for text in sorted((self.label, *self.regimes), key=len, reverse=True):
            name = name.replace(text, "") if text else name
        return quantity(name)


def quantity(name: str) -> str:
    """The name of a gap whatever the numbers in it are."""
    return _NUMBERS.sub("#", name)


def requirement(required: Required) -> dict[str, tuple[str, ...]]:
    """Required regimes, each with patterns of the names of gaps that must be measured in it.

    TypeError for what is none.
    """
    if isinstance(required, Mapping):
        names = _names(required, "required regimes")
        return {name: _names(required[name], f"gaps required in {name}") for name in names}
    return dict.fromkeys(_names(required, "required regimes"), EVERY)


def _names(found: object, what: str) -> tuple[str, ...]:
    """One text or several, as a tuple. TypeError for anything else."""
    if isinstance(found, str):
        return (found,)
    if not isinstance(found, Iterable):
        raise TypeError(f"{what} must be texts, not {_kind(found)}")
    names = tuple(found)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"{what} must be texts, not {_kind(name)}")
    return names


def _kind(value: object) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a leg found.

    cases: configurations examined. regimes: cases per regime; a regime of `required` in which
    nothing was measured makes the leg vacuous. undecided: reasons why something could not be
    decided. vacuous: reasons why something was shown of nothing. spelled: the configuration of the
    witness as Python. nearest: of what holds, what is most like it. remarks: what a reader must
    know beside the verdict. scope: what a proof covers, such as `P <= 24`. tallies: by the name of
    a gap, what all its comparisons were like, of which `gaps` holds one; counted from `gaps` where
    missing. Raises TypeError for parts of a wrong type.
    """

    gaps: tuple[Gap, ...]
    cases: int
    regimes: Mapping[str, int] = field(default_factory=dict)
    required: Required = ()
    undecided: tuple[str, ...] = ()
    vacuous: tuple[str, ...] = ()
    witness: Mapping[str, Any] | None = None
    spelled: str | None = None
    nearest: Mapping[str, Any] | None = None
    remarks: tuple[str, ...] = ()
    scope: str | None = None
    tallies: Mapping[str, Tally] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Take everything in at once, generators of gaps included; refuse what is none of it."""
        for name in ("gaps", "undecided", "vacuous", "remarks"):
            found = getattr(self, name)
            if isinstance(found, str) or not isinstance(found, Iterable):
                raise TypeError(f"{name} of evidence must be a tuple, not {_kind(found)}")
            _put(self, name, tuple(found))
        for gap in self.gaps:
            if type(gap) is not Gap:
                raise TypeError(f"evidence holds gaps, and not an object of type {_kind(gap)}")
        for name in ("undecided", "vacuous", "remarks"):
            _names(getattr(self, name), f"{name} of evidence")
        counts = {"cases": self.cases, **self.regimes}
        for name, count in counts.items():
            if isinstance(count, bool) or not hasattr(count, "__index__") or count < 0:
                raise TypeError(f"the count of {name} must be a whole number, not {count!r}")
        _put(self, "cases", int(self.cases))
        _put(self, "regimes", {str(name): int(n) for name, n in self.regimes.items()})
        _put(self, "required", requirement(self.required))
        kinds = {"witness": Mapping, "nearest": Mapping, "spelled": str, "scope": str}
        for name, kind in kinds.items():
            found = getattr(self, name)
            if found is not None and not isinstance(found, kind):
                raise TypeError(f"{name} of evidence must be a {kind.__name__}, not {_kind(found)}")
        made_in = ledger.current()
        if made_in is not None:
            made_in.evidence.append(self)

    @property
    def tally(self) -> dict[str, Tally]:
        """By the name of a gap, what its comparisons were like and in which regimes it was made."""
        found: dict[str, Tally] = dict(self.tallies)
        for gap in self.gaps:
            if gap.name not in self.tallies:
                regimes = {name: n for name, n in self.regimes.items() if n}
                one = gap.comparisons.within(regimes)
                found[gap.name] = found[gap.name] + one if gap.name in found else one
        return found

    @property
    def unreached(self) -> tuple[str, ...]:
        """Required regimes in which nothing was measured, or not all that was measured elsewhere.

        A gap that was measured in one required regime must be measured in all of them, whichever
        cases its name tells apart; where the requirement names gaps, one of each such name.
        """
        tallies = self.tally
        quantities = {name: tally.quantity or quantity(name) for name, tally in tallies.items()}
        missing = []
        assert isinstance(self.required, Mapping)
        for regime, patterns in self.required.items():
            names = [name for name, tally in tallies.items() if tally.regimes.get(regime)]
            there = {quantities[name] for name in names}
            if not there:
                missing.append(regime)
            elif patterns == EVERY:
                others = [
                    quantities[name]
                    for name, tally in tallies.items()
                    if any(tally.regimes.get(other) for other in self.required)
                ]
                missing += [
                    f"{regime} for {name}" for name in dict.fromkeys(others) if name not in there
                ]
            else:
                missing += [
                    f"{regime} for {pattern}"
                    for pattern in patterns
                    if not any(fnmatchcase(name, pattern) for name in (*names, *there))
                ]
        return tuple(missing)


Found = Gap | Undecided | Case | Evidence
LegResult = Evidence | Iterable[Found]


def _put(evidence: Evidence, name: str, value: object) -> None:
    object.__setattr__(evidence, name, value)


def evidence_of(
    found: LegResult, required: Required = (), *, until_refuted: bool = False
) -> Evidence:
    """Collect what a leg returned or yielded. Without cases every gap counts as one.

    until_refuted: whether the first gap that fails is the last that is asked for.
    TypeError, which names the type, for anything that is no evidence.
    """
    parts = _Parts()
    if isinstance(found, Evidence):
        parts.merge(found)
    else:
        items, judged = _items(found), 0
        for item in items:
            parts.add(item)
            if until_refuted and any(gap.fails for gap in parts.gaps[judged:]):
                items.close()  # here, where what the leg has set is still its own
                break
            judged = len(parts.gaps)
    return parts.evidence(requirement(required))


def _items(found: object) -> Generator[object, None, None]:
    """What a leg yields, and what a generator returns at its end."""
    if inspect.iscoroutine(found) or inspect.isasyncgen(found):
        if inspect.iscoroutine(found):
            found.close()
        raise TypeError("a leg is asynchronous: nothing would wait for it; write a plain function")
    if isinstance(found, str | bytes | Mapping) or not isinstance(found, Iterable):
        raise TypeError(f"a leg yields gaps or returns evidence, and not {_described(found)}")
    if not inspect.isgenerator(found):
        yield from found
        return
    last = yield from found
    if last is None:
        return
    if isinstance(last, Evidence):
        yield last
    else:
        raise TypeError(f"a leg that yields returned {_described(last)}, which nobody would see")


def _described(value: object) -> str:
    if value is None:
        return "nothing: a `yield` or a `return` is missing"
    return f"an object of type {_kind(value)}"


class _Parts:
    """Evidence in the making."""

    def __init__(self) -> None:
        self.gaps: list[Gap] = []
        self.undecided: list[str] = []
        self.vacuous: list[str] = []
        self.remarks: list[str] = []
        self.scopes: list[str] = []
        self.required: dict[str, tuple[str, ...]] = {}
        self.regimes: Counter[str] = Counter()
        self.tallies: dict[str, Tally] = {}
        self.witness: Mapping[str, Any] | None = None
        self.nearest: Mapping[str, Any] | None = None
        self.spelled: str | None = None
        self.cases = self.uncounted = 0
        self.here: Case | None = None  # the configuration at hand
        self.counted = False  # whether something was measured in it
        self.seen_here: set[str] = set()

    def add(self, item: object) -> None:
        """Take in one item that a leg yielded."""
        if type(item) is Gap:
            self._count()
            self.gaps.append(item)
            self._tell(item)
        elif isinstance(item, Vacuous):
            self._count()
            self.vacuous.append(f"{item.name}: {item.reason}")
        elif isinstance(item, Undecided):
            self._count()
            self.undecided.append(f"{item.name}: {item.reason}")
        elif isinstance(item, Case):
            self.here, self.counted, self.seen_here = item, False, set()
            self.cases += 1
        elif isinstance(item, Evidence):
            self.merge(item)
        elif inspect.isgenerator(item) or isinstance(item, Iterator):
            raise TypeError(
                f"a leg yielded an object of type {_kind(item)}: its gaps would be lost; "
                "write `yield from`"
            )
        else:
            raise TypeError(
                f"a leg yields Gap, Case, Undecided or Evidence, and not {_described(item)}"
            )

    def _count(self) -> None:
        """Count the regimes of the configuration at hand once something is measured in it."""
        if self.here is None:
            self.uncounted += 1
        elif not self.counted:
            self.counted = True
            self.regimes.update(self.here.regimes)

    def _tell(self, gap: Gap) -> None:
        gap.take()
        here = self.here or Case(())
        tally = gap.comparisons
        if gap.name not in self.seen_here or self.here is None:
            tally = tally.within(here.regimes, here.quantity(gap.name))
        self.seen_here.add(gap.name)
        self._add_tally(gap.name, tally)

    def _add_tally(self, name: str, tally: Tally) -> None:
        self.tallies[name] = self.tallies[name] + tally if name in self.tallies else tally

    def merge(self, found: Evidence) -> None:
        """Take in all that other evidence holds."""
        for gap in found.gaps:
            gap.take()
        self.gaps += found.gaps
        self.undecided += found.undecided
        self.vacuous += found.vacuous
        self.remarks += found.remarks
        self.scopes += [found.scope] if found.scope else []
        assert isinstance(found.required, Mapping)
        self._require(found.required)
        self.regimes.update(found.regimes)
        self.cases += found.cases
        for name, tally in found.tally.items():
            self._add_tally(name, tally)
        fails = any(gap.fails for gap in found.gaps)
        if found.witness is not None and (self.witness is None or fails):
            self.witness, self.nearest = found.witness, found.nearest
            self.spelled = found.spelled

    def _require(self, required: Mapping[str, Any]) -> None:
        for name, patterns in required.items():
            self.required[name] = tuple(dict.fromkeys([*self.required.get(name, ()), *patterns]))

    def evidence(self, required: Mapping[str, tuple[str, ...]]) -> Evidence:
        """All of it, under what is required besides."""
        self._require(required)
        return Evidence(
            gaps=tuple(self.gaps),
            cases=self.cases + (self.uncounted if not self.cases else 0),
            regimes=dict(sorted(self.regimes.items())),
            required=self.required,
            undecided=tuple(self.undecided),
            vacuous=tuple(self.vacuous),
            witness=self.witness,
            spelled=self.spelled,
            nearest=self.nearest,
            remarks=tuple(dict.fromkeys(self.remarks)),
            scope="; ".join(dict.fromkeys(self.scopes)) or None,
            tallies=self.tallies,
        )
