"""Property evidence: Hypothesis searches configurations for one that breaks the claim."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from typing import Any, TypeVar
from unittest import mock

import hypothesis
from hypothesis.errors import HypothesisException
from hypothesis.internal.conjecture import providers
from hypothesis.strategies import SearchStrategy

from refutable import chance, ledger
from refutable.claim import Context, parameters_of
from refutable.evidence import Evidence, Required, Undecided, Vacuous, requirement
from refutable.gap import Gap, Relation
from refutable.number import number
from refutable.plain import jsonable
from refutable.records.gap import GapRecord
from refutable.spelling import spelled
from refutable.tally import Tally
from refutable.text import many

T = TypeVar("T")

ROUNDS = 6
"""A regime of one configuration in eight is missed by 25 of them with chance 0.04, and by six times
as many with 2e-9."""


REMEMBERED = 1000
"""Of so many configurations that held, the last, the one nearest to a counterexample is shown."""


REJECTED = (
    "{} configurations were rejected, and {} measured: draw what meets the assumptions, so that "
    "nothing is left out unseen"
)


class _Counterexample(Exception):  # noqa: N818 - it is what the search looks for, not an error
    def __init__(self, configuration: object, gap: Gap) -> None:
        super().__init__(gap.name)
        self.configuration = configuration
        self.gap = gap


def search(
    context: Context,
    strategy: SearchStrategy[T],
    gaps_of: Callable[[T], Iterable[Gap | Undecided]],
    *,
    examples: int,
    regimes_of: Callable[[T], Iterable[str]] = lambda _: (),
    require: Required = (),
) -> Evidence:
    """Evidence from `examples` configurations drawn from a strategy that is valid by construction.

    Of every gap name the instance closest to failing is kept (of a tight bound, the one that comes
    nearest to it), and what all instances were like. A configuration that breaks a gap is shrunk by
    Hypothesis and becomes the witness. While a gap was not measured in a required regime (of
    `require` and of the leg), the search goes on, up to ROUNDS times as long: chance alone then
    rarely makes a leg vacuous. The shared generators of random, numpy and torch, and
    `context.rng()`, start anew at each configuration from a seed that is its own: draws differ
    between configurations, and are the same when one is tried again.
    """
    found = _Found(context, gaps_of, regimes_of, {**context.required, **requirement(require)})
    if context.only:
        return found.at(*context.only)

    @hypothesis.settings(
        max_examples=examples,
        database=None,  # nothing may be remembered from another run
        deadline=None,
        derandomize=False,  # the seed below is the only source of chance
        report_multiple_bugs=False,
        verbosity=hypothesis.Verbosity.quiet,
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(strategy)
    def attempt(configuration: T) -> None:
        found.attempt(configuration)

    # Under this name HYPOTHESIS_EXPERIMENTAL_OBSERVABILITY writes what it tried.
    attempt.__name__ = attempt.__qualname__ = context.about or attempt.__name__

    counterexample = None
    try:
        with ledger.search_of_all(), no_constants_of_loaded_modules():
            for round_ in range(ROUNDS):
                hypothesis.seed(context.seed + round_)(attempt)()
                if not found.unreached:
                    break
    except _Counterexample as broken:
        counterexample = broken
    return found.evidence(counterexample)


class _Found:
    """What a search has found so far."""

    def __init__(
        self,
        context: Context,
        gaps_of: Callable[[Any], Iterable[Gap | Undecided]],
        regimes_of: Callable[[Any], Iterable[str]],
        required: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.context, self.gaps_of, self.regimes_of = context, gaps_of, regimes_of
        self.required = required
        self.closest: dict[str, Gap] = {}
        self.configurations: dict[str, Any] = {}
        self.tallies: dict[str, Tally] = {}
        self.undecided: Counter[str] = Counter()
        self.vacuous: Counter[str] = Counter()
        self.regimes: Counter[str] = Counter()
        self.cases = self.rejected = 0
        self.held: deque[tuple[Any, list[Gap]]] = deque(maxlen=REMEMBERED)

    def attempt(self, configuration: Any) -> None:
        """Measure one configuration. Raises _Counterexample when it breaks a gap."""
        picture = jsonable(configuration)
        items = self._measured(configuration, picture)
        if not items:
            return  # nothing was measured, so nothing counts
        gaps = [item for item in items if isinstance(item, Gap)]
        for gap in gaps:
            gap.take()  # those beside a counterexample, too
        for gap in gaps:
            if gap.fails and not gap.is_short:
                raise _Counterexample(configuration, gap)
        self.held.append((picture, gaps))
        self.cases += 1
        regimes = tuple(self.regimes_of(configuration))
        self.regimes.update(regimes)
        seen: set[str] = set()
        for gap in gaps:
            tally = gap.comparisons if gap.name in seen else gap.comparisons.within(regimes)
            seen.add(gap.name)
            known = self.tallies.get(gap.name)
            self.tallies[gap.name] = tally if known is None else known + tally
            kept = self.closest.get(gap.name)
            if kept is None or _badness(gap) > _badness(kept):
                self.closest[gap.name] = gap
                self.configurations[gap.name] = configuration
        for item in items:
            if isinstance(item, Undecided):
                kind = self.vacuous if isinstance(item, Vacuous) else self.undecided
                kind[f"{item.name}: {item.reason}"] += 1

    def at(self, configuration: Any) -> Evidence:
        """What one configuration gives, of which nothing is required."""
        items = self._measured(configuration, jsonable(configuration))
        gaps = tuple(item for item in items if isinstance(item, Gap))
        doubts = tuple(f"{x.name}: {x.reason}" for x in items if isinstance(x, Undecided))
        return Evidence(gaps=gaps, cases=1, undecided=doubts)

    def _measured(self, configuration: Any, picture: Any) -> list[Gap | Undecided]:
        """The gaps of a configuration, in a state of chance that is its own."""
        own = _own_seed(self.context, picture)
        chance.seed(own)
        made_in = ledger.current()
        entries = made_in.entries if made_in is not None else 0
        try:
            with self.context.example(own):
                items = list(self.gaps_of(configuration))
        except HypothesisException:  # the configuration was rejected
            self.rejected += 1
            if made_in is not None:
                made_in.forget_since(entries)
            raise
        except Exception as problem:
            shown = self._shown(picture)
            name = shown.get("parameter")
            problem.__dict__["configuration"] = {name: picture} if name else picture
            raise
        for item in items:
            if type(item) is not Gap and not isinstance(item, Undecided):
                raise TypeError(
                    f"a search measures gaps, and not an object of type {type(item).__name__}"
                )
        return items

    def evidence(self, counterexample: _Counterexample | None = None) -> Evidence:
        """All of it; with the configuration that breaks the claim, if there is one."""
        witness = nearest = code = None
        closest, regimes, cases = dict(self.closest), self.regimes, self.cases
        if counterexample is not None:
            gap, configuration = counterexample.gap, counterexample.configuration
            closest[gap.name] = gap
            picture = jsonable(configuration)
            witness = {**self._shown(picture), **(gap.witness or {})}
            nearest, code = self._nearest(picture, gap.name), spelled(configuration)
            regimes = regimes + Counter(self.regimes_of(configuration))
            cases += 1
        elif short := next((gap for gap in closest.values() if gap.is_short), None):
            configuration = self.configurations[short.name]
            code = spelled(configuration)
            witness = {
                **self._shown(jsonable(configuration)),
                "reached": f"by none of {many(cases, 'configuration')}; this comes nearest",
                **(short.witness or {}),
            }
        return Evidence(
            gaps=tuple(closest.values()),
            cases=cases,
            regimes=dict(sorted(regimes.items())),
            required=self.required,
            undecided=_counted(self.undecided),
            vacuous=_counted(self.vacuous),
            remarks=(REJECTED.format(self.rejected, cases),) if self.rejected > cases else (),
            witness=witness,
            spelled=code,
            nearest=nearest,
            tallies=self.tallies,
        )

    def _nearest(self, picture: Any, name: str) -> dict[str, Any] | None:
        """Of what held, what is most like a configuration, and what was measured in it."""
        held = [
            (_distance(picture, other), other, gap)
            for other, gaps in self.held
            for gap in gaps
            if gap.name == name and gap.holds
        ]
        if not held:
            return None
        _, other, gap = min(held, key=lambda found: found[0])
        return {**self._shown(other), "said": GapRecord.of(gap).said}

    def _shown(self, picture: Any) -> dict[str, Any]:
        """A configuration as stored; of one without names, also the parameter that takes it."""
        name = next(iter(parameters_of(self.gaps_of)), "").strip("_")
        if isinstance(picture, dict) or not name:
            return {"configuration": picture}
        return {"configuration": picture, "parameter": name}

    @property
    def unreached(self) -> bool:
        """Whether some gap has yet to be measured in a required regime."""
        with ledger.closed():
            return bool(self.evidence().unreached)


def _counted(reasons: Counter[str]) -> tuple[str, ...]:
    return tuple(
        f"{text} (in {n} configurations)" if n > 1 else text for text, n in reasons.items()
    )


def _badness(gap: Gap) -> tuple[bool, bool, float]:
    """What to keep of many: what comes closest to failing; of a tight bound, what reaches it."""
    undecided = gap.undecided is not None
    if gap.relation is not Relation.TIGHT or undecided:
        return undecided, False, gap.closeness or 0.0
    measured, bound = (Fraction(number(side).middle) for side in (gap.measured, gap.predicted))
    return undecided, gap.holds, -abs(float((bound - measured) / (abs(bound) or 1)))


def _distance(a: Any, b: Any) -> tuple[int, float]:
    """In how many places two pictures differ, and by how much the numbers there do."""
    if a == b:
        return 0, 0.0
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        parts = [_distance(a[name], b[name]) for name in a]
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        parts = [_distance(one, other) for one, other in zip(a, b, strict=True)]
    elif isinstance(a, int | float) and isinstance(b, int | float):
        return 1, abs(a - b) / (abs(a) + abs(b))
    else:
        return 1, 1.0
    return sum(places for places, _ in parts), sum(size for _, size in parts)


_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def _own_seed(context: Context, picture: object) -> int:
    """A seed that a configuration always has, and hardly any other one."""
    text = _ADDRESS.sub("", str(picture))
    digest = hashlib.sha256(f"{context.own_seed}\0{text}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") >> 1


@contextmanager
def no_constants_of_loaded_modules() -> Iterator[None]:
    """Draw the same whatever else is loaded.

    Hypothesis mixes literals from the source of every local module in sys.modules into its draws.
    A verdict would then depend on what a worker happened to have imported. There is no setting for
    it, and the names below are its own affair. Releases without them mix nothing in; should one mix
    under other names, the test that draws twice with another module loaded says so.
    """
    cache = getattr(getattr(providers, "CONSTANTS_CACHE", None), "cache", None)
    with ExitStack() as stack:
        known = getattr(providers, "_local_constants", None)
        if hasattr(providers, "_get_local_constants") and known is not None:
            stack.enter_context(
                mock.patch.object(providers, "_get_local_constants", return_value=type(known)())
            )
        elif hasattr(providers, "is_local_module_file"):
            stack.enter_context(
                mock.patch.object(providers, "is_local_module_file", return_value=False)
            )
        if cache is not None:
            cache.clear()
            stack.callback(cache.clear)
        yield
