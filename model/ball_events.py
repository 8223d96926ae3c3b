"""Events of the enclosed flow of one MAE query: when they come, and where the query is then.

An event is where a function of the weights falls through 0. That it does so first on one step is
decided: before, the function is positive on every whole step, or falling on it and positive at its
end; on that step it falls throughout. What cannot be decided is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from flint import arb

from refutable.model import ball_flow
from refutable.model.ball_flow import (
    PHI_M,
    TIME,
    UPS_1,
    UPS_M,
    UPS_N,
    Flow,
    NotEnclosedError,
    Step,
    Weights,
    ball,
    both,
)
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind

TOGETHER = 20
"""Steps between states of which a record is kept."""
Ends = tuple[Fraction, Fraction]
"""Lower and upper end of a ball, exact."""
Watch = Callable[[Weights], Any]
"""A function of the weights: falls through 0 at an event, or is positive throughout."""


@dataclass(frozen=True)
class Moment:
    """An event; every number lies between its ends.

    time: t·γρz⁴/K, ρ the own area's attention at Q = 0. Correlations are Φ times z, and Υ.
    """

    time: Ends
    phi_global: Ends
    phi_own: Ends
    phi_other: Ends
    upsilon_global: Ends
    upsilon_own: Ends
    upsilon_other: Ends

    @property
    def widest(self) -> float:
        """The largest width of Φ_n and Φ_1, or relative one of the time."""
        low, high = self.time
        return float(max((high - low) / low, *(b - a for a, b in (self.phi_own, self.phi_global))))


@dataclass(frozen=True)
class Passed:
    """Steps that were taken in one form: their lengths, and the state at the end of the last."""

    follows_own: bool
    lengths: tuple[Fraction, ...]
    state: tuple[Ends, ...]


@dataclass(frozen=True)
class Enclosure:
    """What was decided of one query's flow, from Q = 0 to the last event.

    switch: |α_1| = α_n, where the global feature leads at first. half: A_n = ½. done: the loss gap.
    pushed: α_1 < 0 on every step up to `switch`, or throughout without one. own_first: α_n > |α_1|
    on every step. steps: how many were taken. path: all of them, some at a time. states: at events,
    as the flow has them there. largest: of |zΦ_m|, |Υ_1|, |Υ_n| and |Υ_m| at all times up to the
    last event, by their places in a state.
    """

    switch: Moment | None
    half: Moment
    done: Moment
    pushed: bool
    own_first: bool
    steps: int
    path: tuple[Passed, ...] = ()
    states: Mapping[str, tuple[Ends, ...]] = field(default_factory=dict)
    largest: Mapping[int, Ends] = field(default_factory=dict)


def lead_of_global(w: Weights) -> Any:
    """|α_1|/α_n - 1."""
    return w.pushed / w.own - 1


def lead_of_own(w: Weights) -> Any:
    """1 - |α_1|/α_n."""
    return 1 - w.pushed / w.own


def short_of_half(w: Weights) -> Any:
    """(1 - A_n)/A_n - 1."""
    return w.d / w.W_n - 1


def enclose(
    setting: Setting, query: QueryKind, loss_gap: Fraction, kind: type[Flow] = Flow
) -> Enclosure:
    """Follow the flow from Q = 0 to the loss gap and decide its events.

    Raises NotEnclosedError where balls decide nothing, SettingError for what `ball_flow` refuses.
    """
    watches: dict[str, Watch] = {"half": short_of_half}
    pushed = own_first = True
    found: dict[str, Moment] = {}
    states: dict[str, tuple[Ends, ...]] = {}
    largest = dict.fromkeys((PHI_M, UPS_1, UPS_N, UPS_M), arb(0))
    taken: list[Step] = []
    path: list[Passed] = []
    count, longest = 0, _longest(setting, loss_gap)
    with closing(ball_flow.steps(setting, query, longest, kind)) as steps:
        for step in steps:
            if not count:
                watches |= _from_start(step, loss_gap)
            count += 1
            if taken and (len(taken) == TOGETHER or taken[0].follows_own != step.follows_own):
                path.append(_passed(taken))
                taken = []
            taken.append(step)
            whole = step.weights(step.whole)
            if query == "local" and "switch" not in found:
                pushed = pushed and _positive(whole.pushed)
            own_first = own_first and _positive(lead_of_own(whole))
            last = step.length
            for name, watch in watches.items():
                if name not in found and _falls(step, whole, watch, name):
                    after = _crossing(step, watch)
                    found[name] = _moment(step, after)
                    states[name] = tuple(map(ends, step.state(after)))
                    last = after
            largest = larger_moduli(step, last, largest)
            if len(found) == len(watches):
                return Enclosure(
                    switch=found.get("switch"), half=found["half"], done=found["done"],
                    pushed=pushed, own_first=own_first, steps=count,
                    path=(*path, _passed(taken)), states=states,
                    largest={place: ends(x) for place, x in largest.items()},
                )  # fmt: skip
    raise NotEnclosedError("an event has not come")


def larger_moduli(step: Step, last: arb, largest: Mapping[int, arb]) -> dict[int, arb]:
    """The largest moduli so far, and on a step up to `last`.

    Where a slope has one sign on the whole step, they are at its ends.
    """
    whole, ends_ = step.state(step.whole), (step.state(arb(0)), step.state(last))
    slopes = step.flow.slope(whole, step.sigma + step.whole, step.follows_own)
    found = {}
    for place, before in largest.items():
        candidates = [before, *(abs(state[place]) for state in ends_)]
        if slopes[place].contains(0):
            candidates.append(abs(whole[place]))
        low = max(x.lower() for x in candidates[:3])
        found[place] = low.union(max(x.upper() for x in candidates))
    return found


def _passed(taken: Sequence[Step]) -> Passed:
    last = taken[-1]
    lengths = tuple(_fraction(step.length) for step in taken)
    return Passed(last.follows_own, lengths, tuple(map(ends, last.state(last.length))))


def _from_start(step: Step, loss_gap: Fraction) -> dict[str, Watch]:
    """The watches that depend on the setting: the loss gap, and whether the global area leads."""
    flow = step.flow
    allowed = 2 * ball(loss_gap) / flow.per_missing

    def loss_left(w: Weights) -> Any:
        return w.missing / (w.S * w.S * allowed) - 1

    start = step.weights(arb(0))
    if not (loss_left(start) > 0 and short_of_half(start) > 0):
        raise NotEnclosedError("the query has learned at Q = 0")
    leads = lead_of_global(start)
    if leads.contains(0):
        raise NotEnclosedError("|α_1| and α_n are too close at Q = 0")
    return {"done": loss_left} | ({"switch": lead_of_global} if leads > 0 else {})


def _positive(x: arb) -> bool:
    return bool(x > 0)


def _falls(step: Step, whole: Weights, watch: Watch, name: str) -> bool:
    """Whether a watch that is positive at a step's start falls through 0 on it."""
    if watch(whole) > 0:
        return False
    if not step.rate_of(watch) < 0:
        raise NotEnclosedError(f"{name}: not seen to fall at σ = {float(step.sigma):.6g}")
    end = watch(step.weights(step.length))
    if end.contains(0):
        raise NotEnclosedError(f"{name}: too close to the end of a step to be decided")
    return bool(end < 0)


def _crossing(step: Step, watch: Watch) -> arb:
    """Where on the step a falling watch is 0, as a ball, halved or by Newton's method narrowed."""
    low, high, slowest = arb(0), step.length, (-step.rate_of(watch)).lower()
    wide = 2 * high
    while 10 * (high - low) < 9 * wide:
        wide, middle = high - low, ((low + high) / 2).mid()
        value = watch(step.weights(middle))
        reach = abs(value) / slowest
        low = middle if value > 0 else max(low, (middle - reach).lower())
        high = middle if value < 0 else min(high, (middle + reach).upper())
    return low.union(high)


def _moment(step: Step, after: arb) -> Moment:
    state = step.state(after)
    phi_1, phi_n = both(state, step.sigma + after, step.follows_own)
    if step.flow.query == "global":  # the own area is the global one
        phi_1, state[UPS_1] = phi_n, state[UPS_N]
    return Moment(
        time=ends(state[TIME]), phi_global=ends(phi_1), phi_own=ends(phi_n),
        phi_other=ends(state[PHI_M]), upsilon_global=ends(state[UPS_1]),
        upsilon_own=ends(state[UPS_N]), upsilon_other=ends(state[UPS_M]),
    )  # fmt: skip


def ends(x: arb) -> Ends:
    """The ends of a ball as fractions."""
    return _fraction(x.lower()), _fraction(x.upper())


def _fraction(x: arb) -> Fraction:
    mantissa, exponent = x.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _longest(setting: Setting, loss_gap: Fraction) -> float:
    """More of σ than any query needs: zΦ_n and -zΦ_1 are below log P and what the gap adds."""
    return 3 * setting.log_P - math.log(loss_gap) + 20


EVENTS: Mapping[str, str] = {"switch": "T_1", "half": "T_½", "done": "T*"}
"""What the events are called."""
