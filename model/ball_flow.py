"""The reduced flow of one MAE query at a given P, enclosed: validated integration in balls.

The flow is that of `reduced.mean_counts` for constant latents, written a second time as polynomials
in weights. Its clock is σ = z(Φ_n - Φ_1), an exact number, in which the path has a finite length
and time is a quadrature. With q = α_n/|α_1| the clock's equations dΦ_n/dσ = 1/(1 + 1/q),
dΦ_1/dσ = -1/(1 + q) contract, so that balls do not swell: Φ_n is followed while |α_1| > α_n, then
Φ_1, and the other is known from σ.

A step: its Taylor polynomial at the start, with balls as coefficients, and the next coefficient
over a box. Where the polynomial's range on the step and that remainder lie inside the box, the
solution cannot have left it, and the remainder is what the polynomial leaves out. An event is where
a function of the state changes its sign; that it does so once is decided by the function's sign on
whole steps, and by that of its slope on the step that holds the event.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb, arb_poly, arb_series, ctx, fmpq

from refutable.model.setting import Setting, SettingError
from refutable.model.trajectory import QueryKind

BITS = 128
ORDER = 18
"""Of the Taylor polynomials."""
LEFT_OUT = Fraction(1, 10**13)
"""What the polynomial may leave out of a number, over how far it moves on the step, and by how much
the box is wider than the polynomial's range."""
NOTHING = arb(2) ** -4096
"""The same for a number that stands still; far below all that moves up to P = 1e300."""
LONGEST, SHORTEST = Fraction(1, 4), Fraction(1, 2**16)
"""Steps, in σ."""
GRID = 2**24
"""Lengths of steps are multiples of 1/GRID, so that σ is an exact number."""
PHI_M, UPS_1, UPS_N, UPS_M, TIME = range(1, 6)
"""Places in a state, after the followed correlation: Φ_m, Υ_1, Υ_n, Υ_m, ργt/K·z⁴."""

Values = Sequence[Any]
"""Of one kind: arb or arb_series."""


class NotEnclosedError(Exception):
    """No box was found, or an event that cannot be decided."""


@dataclass(frozen=True)
class Weights:
    """What attention is made of, and the rates times S³, of one kind of number.

    own, pushed: U = α_nS³ and D = -α_1S³. d = W_1 + R, S = d + W_n.
    """

    W_n: Any
    d: Any
    S: Any
    own: Any
    pushed: Any
    others: tuple[Any, ...]
    """Rates of Φ_m and, without their own pulls U and -D, of Υ_1, Υ_n, Υ_m; times S³."""
    missing: Any
    """‖F_p - X_p‖²S²/z²."""


class Flow:
    """Shares of the areas, exact. Raises SettingError for random latents or areas unlike."""

    states = 6
    """How many numbers a state has."""

    def __init__(self, setting: Setting, query: QueryKind) -> None:
        setting.require_alike("the enclosed flow")
        if not setting.latents.is_constant:
            raise SettingError("the enclosed flow is that of constant latents")
        P, C_1, C_s = setting.P, setting.C_1, setting.C_s
        self.setting, self.query = setting, query
        local = query == "local"
        self.z2 = ball(setting.latents.L) ** 2
        gamma = ball(setting.gamma)
        own, first = (C_s, C_1) if local else (C_1, 0)
        self.per_first = ball(Fraction(1, C_1)) if local else arb(0)
        self.per_own, self.per_P = ball(Fraction(1, own)), ball(Fraction(1, P))
        shares = [ball(Fraction(n, P)) for n in (first, own, C_s, P - first - own)]
        self.seen_1, self.seen_n, self.each, self.seen_m = ((1 - gamma) * x for x in shares)
        self.dark_1, self.dark_n, _, self.dark_m = (gamma * x for x in shares)
        self.gamma, self.unit, self.per_missing = gamma, self.seen_n, gamma * self.z2

    def weights(self, phi_1: Any, phi_n: Any, state: Values) -> Weights:
        """At zΦ_1, zΦ_n and the rest of the state (the followed correlation is not read)."""
        _, phi_m, ups_1, ups_n, ups_m, _ = state
        e_1, e_n, e_m = ups_1.exp(), ups_n.exp(), ups_m.exp()
        on_m = (phi_m + ups_m).exp()
        W_1, W_n = self.seen_1 * (phi_1 + ups_1).exp(), self.seen_n * (phi_n + ups_n).exp()
        dark_1, dark_n = self.dark_1 * e_1, self.dark_n * e_n
        w_m = self.each * on_m
        seen_m = self.seen_m * on_m
        rest = seen_m + self.dark_m * e_m + dark_1 + dark_n
        squares = seen_m * w_m
        d = W_1 + rest
        S = d + W_n
        leak = W_1 * W_1 + squares
        M = d * d + leak
        H = leak - W_n * d  # (Σ_m A_m² - A_n(1 - A_n))S²
        D = W_1 * (W_1 * (W_n + rest) + W_n * d - squares)
        pull = H - w_m * S
        others = (
            w_m * pull,
            dark_1 * H,
            dark_n * H,
            ((1 - self.gamma) * on_m * pull + self.gamma * e_m * H) * self.per_P,
        )
        return Weights(W_n, d, S, W_n * M, D, others, M)

    def slope(self, state: Values, sigma: Any, follows_own: bool) -> list[Any]:
        """d(state)/dσ."""
        fall, rise, *rest = self.speeds(*both(state, sigma, follows_own), state, follows_own)
        return [rise if follows_own else -fall, *rest]

    def speeds(self, phi_1: Any, phi_n: Any, state: Values, own_waits: bool) -> list[Any]:
        """-dzΦ_1/dσ, dzΦ_n/dσ, which add up to 1, and those of the rest of the state.

        own_waits: that α_n < |α_1|, or nearly, which decides what divides what.
        """
        w = self.weights(phi_1, phi_n, state)
        if own_waits:
            lead = w.own / w.pushed
            fall = 1 / (1 + lead)
            rise = lead * fall
        else:
            lead = w.pushed / w.own
            rise = 1 / (1 + lead)
            fall = lead * rise
        return [fall, rise, *self.small(w, 1 / (w.own + w.pushed), fall, rise)]

    def small(self, w: Weights, per: Any, fall: Any, rise: Any) -> list[Any]:
        """Speeds of the rest of the state; per: 1/(U + D)."""
        to_m, to_1, to_n, to_other = (x * per for x in w.others)
        return [
            to_m,
            (to_1 - fall) * (self.per_first / self.z2),
            (to_n + rise) * (self.per_own / self.z2),
            to_other / self.z2,
            w.S * w.S * w.S * per * self.unit,
        ]


def both(state: Values, sigma: Any, follows_own: bool) -> tuple[Any, Any]:
    """ZΦ_1 and zΦ_n of a state."""
    return (state[0] - sigma, state[0]) if follows_own else (state[0], state[0] + sigma)


@dataclass(frozen=True)
class Step:
    """The solution on σ_0 ≤ σ ≤ σ_0 + length."""

    flow: Flow
    sigma: arb
    length: arb
    follows_own: bool
    polynomials: tuple[arb_poly, ...]
    tails: tuple[arb, ...]

    def state(self, after: arb) -> list[arb]:
        """The state at σ_0 + after, for an `after` (a ball) within the step."""
        return [p(after) + arb(0, t) for p, t in zip(self.polynomials, self.tails, strict=True)]

    def weights(self, after: arb) -> Weights:
        """Weights and rates at σ_0 + after."""
        state = self.state(after)
        phi_1, phi_n = both(state, self.sigma + after, self.follows_own)
        return self.flow.weights(phi_1, phi_n, state)

    @property
    def whole(self) -> arb:
        """Every `after`."""
        return arb(self.length / 2, self.length / 2)

    def rate_of(self, event: Callable[[Weights], Any]) -> arb:
        """d/dσ of a function of the weights, over the whole step."""
        state = self.state(self.whole)
        sigma = self.sigma + self.whole
        slope = self.flow.slope(state, sigma, self.follows_own)
        with terms(2):
            jet = [arb_series([x, dx]) for x, dx in zip(state, slope, strict=True)]
            at = arb_series([sigma, 1])
            phi_1, phi_n = both(jet, at, self.follows_own)
            found = event(self.flow.weights(phi_1, phi_n, jet))
            return found[1]


@contextmanager
def terms(number: int) -> Iterator[None]:
    """Series of so many terms while inside."""
    before, ctx.cap = ctx.cap, number
    try:
        yield
    finally:
        ctx.cap = before


def steps(
    setting: Setting, query: QueryKind, length: float, kind: type[Flow] = Flow
) -> Generator[Step, None, None]:
    """Steps from Q = 0 until σ has passed `length`; used one by one, at the precision inside.

    Raises NotEnclosedError when no box is found, SettingError as `Flow` does.
    """
    before, ctx.prec = ctx.prec, BITS
    try:
        flow = kind(setting, query)
        state, sigma = [arb(0)] * flow.states, arb(0)
        start = flow.weights(arb(0), arb(0), state)
        follows_own, longest = bool(start.pushed > start.own), LONGEST
        while sigma < length:
            step, longest = _step(flow, state, sigma, follows_own, longest)
            yield step
            state, sigma = step.state(step.length), sigma + step.length
            assert sigma.is_exact()
            w = step.weights(step.length)
            if query == "local" and follows_own and w.own > 2 * w.pushed:
                phi_1, _ = both(state, sigma, follows_own)
                state[0], follows_own = phi_1, False
    finally:
        ctx.prec = before


def _step(
    flow: Flow, state: list[arb], sigma: arb, follows_own: bool, length: Fraction
) -> tuple[Step, Fraction]:
    """A step from a state, no longer than `length`, and the length to try next."""
    polynomials = tuple(map(arb_poly, _taylor(flow, state, sigma, follows_own, ORDER)))
    while length >= SHORTEST:
        h = ball(length)  # so that σ has no radius
        whole = arb(h / 2, h / 2)
        ranges = [p(whole) for p in polynomials]
        rooms = [(x.rad() * ball(LEFT_OUT) + NOTHING).upper() for x in ranges]
        box = [x + arb(0, room) for x, room in zip(ranges, rooms, strict=True)]
        try:
            last = _taylor(flow, box, sigma + whole, follows_own, ORDER + 1)
        except ValueError:  # so wide that what divides may be 0
            length = _short(length / 2)
            continue
        tails = [(abs(x[-1]) * h ** (ORDER + 1)).upper() for x in last]
        used = max(float(tail / room) for tail, room in zip(tails, rooms, strict=True))
        following = _short(length * _longer(used))
        if all(tail < room for tail, room in zip(tails, rooms, strict=True)):
            step = Step(flow, sigma, h, follows_own, polynomials, tuple(tails))
            return step, min(following, LONGEST)
        length = min(following, _short(length * Fraction(9, 10)))
    raise NotEnclosedError(f"no box holds the flow at σ = {float(sigma):.6g}")


def _longer(used: float) -> Fraction:
    """By how much a step may be longer, of which a share of the room was used."""
    if not 0 < used < math.inf:
        return Fraction(3, 2) if used == 0 else Fraction(1, 2)
    scale = 0.9 * used ** (-1 / (ORDER + 1))
    return Fraction(round(64 * min(max(scale, 0.5), 1.5)), 64)


def _taylor(
    flow: Flow, state: list[arb], sigma: arb, follows_own: bool, order: int
) -> list[list[arb]]:
    """Coefficients of the solutions from a box of states on, up to an order."""
    found = [[x] for x in state]
    for k in range(order):
        with terms(k + 1):
            series = [arb_series(x) for x in found]
            slope = flow.slope(series, arb_series([sigma, 1]), follows_own)
        for x, s in zip(found, slope, strict=True):
            x.append(s[k] / (k + 1))
    return found


def _short(number: Fraction) -> Fraction:
    """A multiple of 1/GRID near it."""
    return Fraction(int(number * GRID), GRID)


def ball(number: Fraction | float) -> arb:
    """The number, floats read as the decimals that were written."""
    exact = number if isinstance(number, Fraction) else Fraction(repr(number))
    return arb(fmpq(exact.numerator, exact.denominator))
