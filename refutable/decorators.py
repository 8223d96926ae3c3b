"""Decorators: the short form of a claim, from a function or a class of functions.

The long form (`Claim(...)`, `Claim.leg`, `property.search`) says the same in more words, and what
is made here is a Claim like any other.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from refutable.claim import Claim, Context, Kind, Profile, Provenance, parameters_of
from refutable.evidence import Evidence, Required, requirement
from refutable.gap import Gap

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Check = Callable[..., Any]
"""From drawn values, and a `context` where it asks for one, to a gap or several."""
EXAMPLES: dict[Profile, int] = {"quick": 100, "full": 1000, "deep": 10_000}
"""Configurations that are drawn unless it is said how many."""
_LEG = "__leg__"
"""Attribute by which a function says what kind of leg it is, and how it is run."""
NOT_DRAWN = ("self", "cls", "context")
"""Parameters of a check that no strategy fills."""


def claim(
    id: str,
    statement: str,
    *,
    title: str | None = None,
    source: str | None = None,
    provenance: Provenance | None = None,
    measured: str = "",
    assumptions: Sequence[str] = (),
    rests_on: Sequence[str] = (),
    original_of: str | None = None,
) -> Callable[[Check | type], Claim]:
    r"""Make a claim of a function, which is its leg, or of a class, whose methods are its legs.

    id, statement, measured, assumptions, rests_on, original_of: as of Claim. title: the first line
    of the docstring unless given. source: where the statement stands, which makes it STATED; one
    without a source is DERIVED, unless a provenance is given. A function says what kind of leg it
    is by `leg` or `for_all`. In a class, each method is a leg that is named after a kind (symbolic,
    smt, exact, property, trained, scaling, enclosed) or says it by `leg`; an instance is made
    without arguments. What comes out is a Claim: `@it.leg(...)` and `it.mistake(...)` add to it.

        @claim("gd.step", r"|1-\eta h| \le 1-\eta\mu", source="Nesterov (2004), 2.1.15")
        @for_all(mu=st.floats(0.1, 1), share=st.floats(0, 1))
        def one_step(mu, share):
            "A step shrinks every coordinate at least by 1 - ημ."
            return at_most("factor", ..., 1 - mu)

    Raises ValueError for what has no title or no leg, TypeError for what has the wrong type.
    """

    def make(decorated: Check | type) -> Claim:
        stated = Claim(
            id=id,
            title=_title(id, decorated) if title is None else title,
            statement=statement,
            provenance=_provenance(source, provenance),
            paper=source,
            measured=measured,
            assumptions=tuple(assumptions),
            rests_on=tuple(rests_on),
            original_of=original_of,
        )
        for kind, run in _legs(id, decorated):
            stated.leg(kind, **getattr(run, _LEG, (kind, {}))[1])(run)
        return stated

    return make


def leg(kind: str | None = None, **options: Any) -> Callable[[Check], Check]:
    """Say what kind of leg a function under `claim`, or a method of a class there, is.

    kind: its name unless given, or property under for_all. options: as of Claim.leg (profile,
    require, expects, scope, limit, reads).
    """

    def decorate(check: Check) -> Check:
        known, before = getattr(check, _LEG, (None, {}))
        check.__dict__[_LEG] = (kind or known or check.__name__, {**before, **options})
        return check

    return decorate


def for_all(
    *strategies: SearchStrategy[Any],
    examples: int | Mapping[Profile, int] | None = None,
    regimes: Mapping[str, Check] | None = None,
    require: Required | None = None,
    **named: SearchStrategy[Any],
) -> Callable[[Check], Check]:
    """Make a leg of a function of drawn values, which returns or yields gaps.

    strategies: one for each parameter, in order or by name; parameters called `context` are given
    the leg's context. examples: how many configurations, in every profile or by profile; EXAMPLES
    unless given. regimes: by name, whether a configuration belongs to it, a function of some of the
    parameters: `{"far": lambda x: x > 1}`. Each must be met, and every gap measured in it, unless
    `require` names others. A configuration that breaks the claim is shrunk, and shown by the names
    of the parameters.

    Raises TypeError for strategies that do not fit the parameters.
    """
    tested = dict(regimes or {})
    required = requirement(tuple(tested) if require is None else require)

    def decorate(check: Check) -> Check:
        drawn = _drawn(check, strategies, named)
        _check_regimes(check, tested, drawn)

        @functools.wraps(check)
        def search(*bound_and_context: Any) -> Evidence:
            from hypothesis import strategies as st

            from refutable import property as properties

            *bound, context = bound_and_context
            extra = {"context": context} if "context" in parameters_of(check) else {}
            return properties.search(
                context,
                st.fixed_dictionaries(drawn),
                lambda values: _several(check(*bound, **values, **extra)),
                examples=_number(examples, context),
                regimes_of=lambda values: [
                    name for name, test in tested.items() if test(**_chosen(test, values))
                ],
                require=required,
            )

        search.__dict__[_LEG] = ("property", {})
        return search

    return decorate


def _title(id: str, decorated: Check | type) -> str:
    first = (inspect.getdoc(decorated) or "").partition("\n")[0].strip()
    if not first or (isinstance(decorated, type) and "__doc__" not in vars(decorated)):
        raise ValueError(f"{id}: give a title, or say in a docstring what the claim says")
    return first.removesuffix(".")


def _provenance(source: str | None, given: Provenance | None) -> Provenance:
    if given is not None:
        return given
    return Provenance.DERIVED if source is None else Provenance.STATED


def _legs(id: str, decorated: Check | type) -> Iterator[tuple[str, Check]]:
    """The legs of a function, or of a class, each with its kind."""
    kinds = ", ".join(member.value for member in Kind)
    if not isinstance(decorated, type):
        if not hasattr(decorated, _LEG):
            raise ValueError(
                f"{id}: which kind of leg is {decorated.__qualname__}? Decorate it with for_all, "
                f"or with leg(...), one of {kinds}"
            )
        yield getattr(decorated, _LEG)[0], decorated
        return
    instance, found = decorated(), False
    for name, member in vars(decorated).items():
        check = getattr(member, "__func__", member)  # of a static method
        if hasattr(check, _LEG) or name in {kind.value for kind in Kind}:
            found = True
            yield getattr(check, _LEG, (name, {}))[0], getattr(instance, name)
    if not found:
        raise ValueError(f"{id}: {decorated.__qualname__} has no leg; name a method one of {kinds}")


def _drawn(
    check: Check, strategies: Sequence[SearchStrategy[Any]], named: Mapping[str, Any]
) -> dict[str, SearchStrategy[Any]]:
    """A strategy for each drawn parameter, in their order. TypeError when they do not match."""
    wanted = [name for name in parameters_of(check) if name not in NOT_DRAWN]
    rest = [name for name in wanted if name not in named]
    strange = [name for name in named if name not in wanted]
    if strange or len(rest) != len(strategies):
        raise TypeError(
            f"for_all: {check.__qualname__} takes {', '.join(wanted) or 'nothing'}; give one "
            f"strategy for each, in order or by name (given: {len(strategies)} in order"
            f"{''.join(f', {name}' for name in named)})"
        )
    given = {**dict(zip(rest, strategies, strict=True)), **named}
    return {name: given[name] for name in wanted}


def _check_regimes(check: Check, regimes: Mapping[str, Check], drawn: Mapping[str, Any]) -> None:
    for name, test in regimes.items():
        unknown = [parameter for parameter in parameters_of(test) if parameter not in drawn]
        if unknown:
            raise TypeError(
                f"for_all: the regime {name!r} asks for {', '.join(unknown)}, "
                f"which {check.__qualname__} does not draw"
            )


def _chosen(test: Check, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in parameters_of(test)}


def _several(found: Any) -> Iterable[Any]:
    """What a check returned or yielded, one gap by itself included."""
    if isinstance(found, Gap):
        return [found]
    if not isinstance(found, Iterable):
        raise TypeError(
            f"a check returns or yields gaps (at_most(...), equal(...)), not {found!r}: "
            "a `yield` or a `return` is missing"
        )
    return found


def _number(examples: int | Mapping[Profile, int] | None, context: Context) -> int:
    if isinstance(examples, int):
        return examples
    known = {**EXAMPLES, **(examples or {})}
    return known[context.profile]
