"""claims-recheck: a flow is followed again, with Taylor polynomials and balls of its own.

A file of kind `flow` gives a flow dx/dσ from σ = 0 on, and what is said of its path:

- `(state x start)`, `(constant c value)`, a number or one with square roots;
  `(phase name)` begins a form of the same equations: `(enter x term)`, what becomes of x when it
  begins, `(let y term)`, `(slope x term)`;
- `(take name n ...)`: steps in that form, in units of 2^-24; `(through v ...)`: the state then;
- `(event name y)`: where y falls through 0 for the first time; `(at name v ...)`: the state there;
- `(positive y name)`: y > 0 at all times up to an event.

On every step the solution's Taylor polynomial at the start, and the next coefficient over a box,
hold it as long as it is in the box, and lie inside the box themselves. What is not looked at is
whether the equations are those of the paper's model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import add, mul, sub, truediv
from typing import Any

from refutable.recheck_arithmetic import AGREE, Tree, declared, fraction
from refutable.recheck_balls import Ball, BrokenError, WideError, decided

GRID = 24
ORDER = 18
"""Of Taylor polynomials: a choice. What they leave out is enclosed; with a lower order it is wider,
and decides less."""
MOST_BITS = 768
NOTHING = Fraction(1, 10**40)
"""What is this small may be said to be 0: a choice, which hides the positions' correlations, of
order 1/P, from P = 1e40 on. They are followed all the same."""
ROOM = 20
"""A box is wider than the polynomial's range by 2^-ROOM of itself: a choice. With less, fewer boxes
hold what they are to hold."""
CLOCK = "sigma"


class Series:
    """Coefficients of a power series, middles and radii in units of 2^-bits."""

    __slots__ = ("bits", "middles", "moduli", "radii", "sizes")

    def __init__(self, bits: int, *balls: Ball) -> None:
        self.bits = bits
        self.middles: list[int] = []
        self.moduli: list[int] = []  # |middle|
        self.radii: list[int] = []
        self.sizes: list[int] = []  # |middle| + radius
        for ball in balls:
            self.add(ball.middle, ball.radius)

    def add(self, middle: int, radius: int) -> None:
        """One more coefficient."""
        self.middles.append(middle)
        self.moduli.append(abs(middle))
        self.radii.append(radius)
        self.sizes.append(abs(middle) + radius)

    def __getitem__(self, k: int) -> Ball:
        return Ball(self.bits, self.middles[k], self.radii[k])

    def at(self, place: Ball) -> Ball:
        """The polynomial's value."""
        total = self[-1]
        for k in range(len(self.middles) - 2, -1, -1):
            total = total * place + self[k]
        return total


def product(a: Series, b: Series, count: int, last: int) -> tuple[int, int]:
    """Σ a_i·b_(last - i) for i < count, in units: middle and radius."""
    left = slice(0, count)
    right = slice(last, last - count if last >= count else None, -1)
    middle = sum(map(mul, a.middles[left], b.middles[right]))
    radius = sum(map(mul, a.sizes[left], b.radii[right]))
    radius += sum(map(mul, a.radii[left], b.moduli[right]))
    return middle >> a.bits, (radius >> a.bits) + 2


OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {"+": add, "-": sub, "*": mul, "/": truediv}


@dataclass(frozen=True)
class Root:
    """A number that is no fraction: an operation on numbers, or the square root of one."""

    head: str
    parts: tuple[Fraction | Root, ...]


def constant(tree: Tree) -> Fraction | Root:
    """A number made of numbers by sums, products and square roots. ValueError for any other."""
    match tree:
        case ["sqrt", inner]:
            return Root("sqrt", (constant(inner),))
        case ["+" | "*" as head, left, right]:
            return folded(head, constant(left), constant(right))
    return fraction(tree)


def folded(head: str, a: Fraction | Root, b: Fraction | Root) -> Fraction | Root:
    """What an operation makes of two numbers, exact."""
    if isinstance(a, Root) or isinstance(b, Root):
        return Root(head, (a, b))
    return Fraction(OPERATIONS[head](a, b))


def fixed(number: Fraction | Root, bits: int) -> Ball:
    """The ball of a number."""
    if not isinstance(number, Root):
        return Ball.of(number, bits)
    balls = [fixed(part, bits) for part in number.parts]
    return balls[0].sqrt() if number.head == "sqrt" else OPERATIONS[number.head](*balls)


class Form:
    """One form of the equations, as steps that each make one number of at most two others."""

    def __init__(self, names: Sequence[str], constants: dict[str, Fraction | Root]) -> None:
        self.place = {name: i for i, name in enumerate(names)}
        self.constants = constants
        self.steps: list[tuple[str, int, int]] = []
        self.known: dict[tuple[str, int, int] | Fraction | Root, int] = {}
        self.fixed: dict[int, Fraction | Root] = {}
        self._balls: dict[tuple[int, int], Ball] = {}
        self.enter: dict[str, int] = {}
        self.slope: dict[str, int] = {}
        self._size = len(names)

    def _new(self) -> int:
        self._size += 1
        return self._size - 1

    def made(self, tree: Tree) -> int:
        """The place of a term. Raises ValueError for what is none."""
        if isinstance(tree, str) and tree in self.place:
            return self.place[tree]
        if isinstance(tree, str):
            return self._constant(
                self.constants[tree] if tree in self.constants else fraction(tree)
            )
        head, *rest = tree
        if head == "^":
            base, power = self.made(rest[0]), int(rest[1])
            if not 1 <= power <= 9:
                raise ValueError("a power that is not from 1 to 9")
            place = base
            for _ in range(power - 1):
                place = self._step("*", place, base)
            return place
        sides = [self.made(side) for side in rest]
        if head in ("exp", "-") and len(sides) == 1:
            return self._step("exp" if head == "exp" else "minus", sides[0], sides[0])
        if head not in ("+", "-", "*", "/") or len(sides) != 2:
            raise ValueError(f"no operation of two numbers: {head}")
        return self._step(head, *sides)

    def _constant(self, value: Fraction | Root) -> int:
        if value not in self.known:
            place = self.known[value] = self._new()
            self.fixed[place] = value
            self.steps.append(("fixed", place, place))
        return self.known[value]

    def _ball(self, place: int, bits: int) -> Ball:
        if (place, bits) not in self._balls:
            self._balls[place, bits] = fixed(self.fixed[place], bits)
        return self._balls[place, bits]

    def _step(self, head: str, a: int, b: int) -> int:
        """The place of what a step makes; constants are put together, and no step taken twice."""
        if a in self.fixed and b in self.fixed and head in OPERATIONS:
            return self._constant(folded(head, self.fixed[a], self.fixed[b]))
        if head == "*" and (a in self.fixed or b in self.fixed):
            head, a, b = ("scaled", a, b) if a in self.fixed else ("scaled", b, a)
        if (head, a, b) not in self.known:
            self.steps.append((head, a, b))
            self.known[head, a, b] = self._new()
        return self.known[head, a, b]

    def series(self, start: Sequence[Ball], order: int, bits: int) -> list[Series]:
        """All numbers along the solution through `start` (the clock first), up to an order."""
        found = [Series(bits, ball) for ball in start]
        # A place is made after those it is made of, and in the order of the steps.
        made = [(Series(bits), *step) for step in self.steps]
        found += [one[0] for one in made]
        moves = [(found[self.place[name]], found[at]) for name, at in self.slope.items()]
        first: dict[int, Ball] = {}
        for k in range(order + 1):
            for series, head, i, j in made:
                if head == "fixed":
                    ball = self._ball(i, bits) if k == 0 else Ball(bits, 0)
                    series.add(ball.middle, ball.radius)
                    continue
                a, b = found[i], found[j]
                if head == "+":
                    series.add(a.middles[k] + b.middles[k], a.radii[k] + b.radii[k])
                elif head == "-":
                    series.add(a.middles[k] - b.middles[k], a.radii[k] + b.radii[k])
                elif head == "minus":
                    series.add(-a.middles[k], a.radii[k])
                elif head == "*":
                    series.add(*product(a, b, k + 1, k))
                elif head == "scaled":
                    ball = a[0] * b[k]
                    series.add(ball.middle, ball.radius)
                elif head == "/":
                    self._divided(series, a, b, k, first)
                elif k == 0:
                    ball = a[0].exp()
                    series.add(ball.middle, ball.radius)
                else:  # e' = a'e: k·e_k = Σ j·a_j·e_(k-j)
                    slopes = Series(bits)
                    for n in range(1, k + 1):
                        slopes.add(n * a.middles[n], n * a.radii[n])
                    middle, radius = product(slopes, series, k, k - 1)
                    series.add(middle // k, radius // k + 2)
            if k < order:
                for state, slope in moves:
                    state.add(slope.middles[k] // (k + 1), slope.radii[k] // (k + 1) + 2)
                found[0].add(1 << bits if k == 0 else 0, 0)
        return found

    @staticmethod
    def _divided(q: Series, a: Series, b: Series, k: int, first: dict[int, Ball]) -> None:
        """q·b = a: q_k = (a_k - Σ_(i<k) q_i·b_(k-i))/b_0."""
        inverse = first.get(id(b)) or b[0].inverse()
        first[id(b)] = inverse
        middle, radius = product(q, b, k, k)
        ball = Ball(q.bits, a.middles[k] - middle, a.radii[k] + radius) * inverse
        q.add(ball.middle, ball.radius)


class Flow:
    """What a file declares. Raises ValueError for what has no meaning."""

    def __init__(self, commands: Sequence[Tree]) -> None:
        self.start: dict[str, Fraction] = {}
        constants: dict[str, Fraction | Root] = {}
        self.forms: dict[str, Form] = {}
        self.events: dict[str, str] = {}
        self.path: list[tuple[str, list[Tree]]] = []
        self.at: dict[str, list[Fraction]] = {}
        self.positive: list[tuple[str, str]] = []
        form: Form | None = None
        for command in commands:
            match command:
                case ["state", name, value] if form is None and name not in self.start:
                    self.start[declared(name)] = fraction(value)
                case ["constant", name, value] if form is None and name not in constants:
                    constants[declared(name)] = constant(value)
                case ["phase", name] if name not in self.forms:
                    if constants.keys() & {CLOCK, *self.start} or CLOCK in self.start:
                        raise ValueError("a constant that is also a state, or the clock")
                    form = self.forms[declared(name)] = Form([CLOCK, *self.start], constants)
                case ["let", name, tree] if form and name not in form.place | constants:
                    form.place[declared(name)] = form.made(tree)
                case ["slope" | "enter" as head, name, tree] if form and name in self.start:
                    group = form.slope if head == "slope" else form.enter
                    if name in group:
                        raise ValueError(f"{name} has two slopes")
                    group[name] = form.made(tree)
                case ["event", str(name), str(watch)] if name not in self.events:
                    self.events[name] = watch
                case ["take", str(name), *lengths] if name in self.forms and lengths:
                    self.path.append((name, lengths))
                case ["through", *values] if self.path:
                    self.path.append(("", values))
                case ["at", str(name), *values] if name in self.events and name not in self.at:
                    self.at[name] = list(map(fraction, values))
                case ["positive", str(watch), str(name)] if name in self.events:
                    self.positive.append((watch, name))
                case _:
                    raise ValueError(f"a command that is not known: {str(command)[:80]}")
        complete = all(set(form.slope) == set(self.start) for form in self.forms.values())
        if not complete or not self.path or set(self.at) != set(self.events):
            raise ValueError("a state without a slope, no steps, or an event without a place")
        self.steps = sum(len(words) for name, words in self.path if name)


class Path:
    """The flow, step by step. Raises WideError where balls decide nothing, or BrokenError."""

    def __init__(self, flow: Flow, bits: int) -> None:
        self.flow, self.bits = flow, bits
        self.sigma = Ball(bits, 0)
        self.state = [Ball.of(value, bits) for value in flow.start.values()]
        self.form = next(iter(flow.forms.values()))
        self.waiting = dict(flow.events)
        self.begun = False

    def follow(self) -> None:
        """All steps, and everything that is said."""
        for name, words in self.flow.path:
            if not name:
                self._compare(self.state, list(map(fraction, words)), "a state that is passed")
                continue
            if self.flow.forms[name] is not self.form or not self.begun:
                self._enter(self.flow.forms[name])
            for word in words:
                length = int(word)
                if not 0 < length < 1 << GRID:
                    raise ValueError("the length of a step")
                self._step(Ball(self.bits, length << (self.bits - GRID)))
        if self.waiting:
            raise BrokenError(f"events that do not come: {', '.join(self.waiting)}")

    def _enter(self, form: Form) -> None:
        values = form.series([self.sigma, *self.state], 0, self.bits)
        names = list(self.flow.start)
        self.state = [
            values[form.enter[n]][0] if n in form.enter else x
            for n, x in zip(names, self.state, strict=True)
        ]
        self.form, self.begun = form, True

    def _step(self, h: Ball) -> None:
        half = Ball(self.bits, (h.middle + 1) // 2)
        span = Ball(self.bits, half.middle, half.middle + 1)  # [0, h]
        start = self.form.series([self.sigma, *self.state], ORDER, self.bits)
        polynomials = [start[self.form.place[name]] for name in self.flow.start]
        box = [
            Ball(self.bits, x.middle, x.radius + (x.radius >> ROOM) + 2**ROOM)
            for x in (series.at(span) for series in polynomials)
        ]
        over = self.form.series([self.sigma + span, *box], ORDER + 1, self.bits)
        for name, series, room in zip(self.flow.start, polynomials, box, strict=True):
            last = over[self.form.place[name]][ORDER + 1]
            series.add(last.middle, last.radius)
            found = series.at(span)
            if not room.low < found.low <= found.high < room.high:
                raise WideError("no box holds the flow")
        for watch, event in self.flow.positive:
            if event in self.waiting and over[self.form.place[watch]][0].low <= 0:
                raise WideError(f"{watch} is not seen to be positive")
        for event, watch in list(self.waiting.items()):
            self._look(event, over[self.form.place[watch]], watch, polynomials, h)
        self.state = [series.at(h) for series in polynomials]
        self.sigma = self.sigma + h

    def _watch(self, watch: str, polynomials: list[Series], after: Ball) -> tuple[Ball, list[Ball]]:
        state = [series.at(after) for series in polynomials]
        values = self.form.series([self.sigma + after, *state], 0, self.bits)
        return values[self.form.place[watch]][0], state

    def _look(
        self, event: str, over: Series, watch: str, polynomials: list[Series], h: Ball
    ) -> None:
        if over[0].low > 0:
            return
        ends = [self._watch(watch, polynomials, place)[0] for place in (Ball(self.bits, 0), h)]
        if ends[0].high < 0:
            raise BrokenError(f"{watch} is below 0 before {event}")
        if ends[0].low <= 0 or over[1].high >= 0:
            raise WideError(f"{watch} is not seen to fall from above 0")
        if ends[1].low > 0:
            return
        if ends[1].high >= 0:
            raise WideError(f"{watch} is too close to 0 where a step ends")
        low, high, wide = 0, h.middle, 2 * h.middle
        while 10 * (high - low) < 9 * wide:
            wide, middle = high - low, (low + high) // 2
            value, _ = self._watch(watch, polynomials, Ball(self.bits, middle))
            # Newton's method: the watch falls at least as fast as it does anywhere on the step.
            reach = (max(-value.low, value.high) << self.bits) // -over[1].high + 1
            low = middle if value.low > 0 else max(low, middle - reach)
            high = middle if value.high < 0 else min(high, middle + reach)
        after = Ball(self.bits, (low + high) // 2, (high - low) // 2 + 1)
        _, state = self._watch(watch, polynomials, after)
        self._compare(state, self.flow.at[event], event)
        del self.waiting[event]

    def _compare(self, found: list[Ball], said: list[Fraction], what: str) -> None:
        if len(found) != len(said):
            raise ValueError("not as many numbers as the state has")
        for ball, number in zip(found, said, strict=True):
            near = AGREE * abs(number) + NOTHING
            if ball.radius > near * 2**self.bits:
                raise WideError(f"{what} is not known well enough")
            if ball.away(number) > near:
                raise BrokenError(f"{what}: {float(number):.6g} is not what is found")


def flow(commands: list[Tree]) -> tuple[str, str]:
    """Every step, at the lowest precision that decides."""
    read = Flow(commands)
    return decided(lambda bits: Path(read, bits).follow(), MOST_BITS, f"{read.steps} steps")
