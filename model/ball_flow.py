"""The reduced flow of one MAE query at a given P, enclosed: validated integration in balls.

The flow is that of `reduced.mean_counts` for constant latents, written a second time as polynomials
in weights. Its clock is σ = z(Φ_n - Φ_1), an exact number, in which the path has a finite length
and time is a quadrature. With q = α_n/|α_1| the clock's equations dΦ_n/dσ = 1/(1 + 1/q),
dΦ_1/dσ = -1/(1 + q) contract, so that balls do not swell: Φ_n is followed while |α_1| > α_n, then
Φ_1, and the other is known from σ.

A step: a box that Picard's map sends into itself on the complex disc |σ - σ_0| ≤ R holds the
solution there; its Taylor polynomial at the start, with balls as coefficients, is off by at most
Cauchy's estimate of what is left. An event is where a function of the state changes its sign; that
it does so once is decided by the function's sign on whole steps, and by that of its slope on the
step that holds the event.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import acb, arb, arb_poly, arb_series, ctx, fmpq

from refutable.model.setting import Setting, SettingError
from refutable.model.trajectory import QueryKind

BITS = 128
ORDER = 18
"""Of the Taylor polynomials."""
PART = 5
"""R over the step's length: what the polynomial leaves out is at most PART^-ORDER of the box."""
LARGEST_RADIUS, SMALLEST_RADIUS = Fraction(1, 2), Fraction(1, 2**14)
"""Of the disc on which a box is tried."""
TRIES = 5
"""Boxes that are tried on a disc, each a quarter wider than what the last one gave."""
GRID = 2**24
"""Lengths of steps are multiples of 1/GRID, so that σ is an exact number."""
PHI_M, UPS_1, UPS_N, UPS_M, TIME = range(1, 6)
"""Places in a state, after the followed correlation: Φ_m, Υ_1, Υ_n, Υ_m, ργt/K·z⁴."""

Values = Sequence[Any]
"""Of one kind: arb, acb or arb_series."""


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
        follows_own, radius = bool(start.pushed > start.own), LARGEST_RADIUS
        while sigma < length:
            step, radius = _step(flow, state, sigma, follows_own, radius)
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
    flow: Flow, state: list[arb], sigma: arb, follows_own: bool, radius: Fraction
) -> tuple[Step, Fraction]:
    """A step from a state, and the radius to try next."""
    while True:
        sizes = _box(flow, state, sigma, follows_own, ball(radius))
        if sizes is not None:
            break
        radius = _short(radius * Fraction(4, 5))
        if radius < SMALLEST_RADIUS:
            raise NotEnclosedError(f"no box holds the flow at σ = {float(sigma):.6g}")
    polynomials = tuple(map(arb_poly, _taylor(flow, state, sigma, follows_own)))
    left = 1 / (arb(PART) ** ORDER * (PART - 1))
    tails = tuple((size * left).upper() for size in sizes)
    length = ball(_short(radius / PART))  # so that σ has no radius
    step = Step(flow, sigma, length, follows_own, polynomials, tails)
    return step, min(_short(radius * Fraction(3, 2)), LARGEST_RADIUS)


def _box(flow: Flow, state: list[arb], sigma: arb, own_waits: bool, reach: arb) -> list[arb] | None:
    """How far the solution moves at most on the disc of radius `reach`, or None.

    Both correlations are in the box, each by its own speed, although σ is their difference: the
    image of Picard's map keeps that, so that neither moves farther than the other and σ do.
    """
    at = [*both(state, sigma, own_waits), *state[1:]]

    def moved(box: Values) -> list[arb]:
        speeds = flow.speeds(box[0], box[1], box[1:], own_waits)
        return [(abs(speed) * reach).upper() for speed in speeds]

    sizes = [fmpq(3, 2) * size for size in moved(at)]
    for _ in range(TRIES):
        for i in range(2):
            sizes[i] = min(sizes[i], (reach + sizes[1 - i]).upper())
        found = moved([acb(x) + _disc(r) for x, r in zip(at, sizes, strict=True)])
        if not all(x.is_finite() for x in found):
            return None
        found[:2] = (min(found[i], (reach + sizes[1 - i]).upper()) for i in range(2))
        if all(x <= r for x, r in zip(found, sizes, strict=True)):
            return [found[1] if own_waits else found[0], *found[2:]]
        sizes = [
            r if x <= r else (x * fmpq(5, 4)).upper() for x, r in zip(found, sizes, strict=True)
        ]
    return None


def _taylor(flow: Flow, state: list[arb], sigma: arb, follows_own: bool) -> list[list[arb]]:
    """Coefficients of the solution at the start of a step, up to ORDER."""
    found = [[x] for x in state]
    for k in range(ORDER):
        with terms(k + 1):
            series = [arb_series(x) for x in found]
            slope = flow.slope(series, arb_series([sigma, 1]), follows_own)
        for x, s in zip(found, slope, strict=True):
            x.append(s[k] / (k + 1))
    return found


def _short(number: Fraction) -> Fraction:
    """A multiple of 1/GRID near it."""
    return Fraction(int(number * GRID), GRID)


def _disc(radius: arb) -> acb:
    """A square that holds the disc around 0."""
    return acb(arb(0, radius), arb(0, radius))


def ball(number: Fraction | float) -> arb:
    """The number, floats read as the decimals that were written."""
    exact = number if isinstance(number, Fraction) else Fraction(repr(number))
    return arb(fmpq(exact.numerator, exact.denominator))
