"""claims-recheck: a recursion is run again, with balls of its own.

A file of kind `recursion` says where a state begins, how a step goes, and what is said of its path:

- `(state x start)`, `(constant c value)`;
- `(draw d (u m) (v n))`: d things are drawn without replacement, u of m and v of n; each way is a
  row with its `chance`, and some_u is 1 where u > 0, otherwise 0;
- `(views d n (v m) (w size areas))`: 1 + n times, afresh, d of the same m + size·areas things are
  drawn: v of the m at first and v_0, v_1, ... later, and w_i is the sum over the areas of what came
  first times what came then; every combination of these numbers is a row with its `chance`;
- `(let y term)`, once a step; `(each y term)`, once a row; `(total y term)`, summed over all rows;
- `(next x term)`: the state after a step; `(steps n)`: how many are taken, the start being step 0;
- `(first y n)`: y < 0 at every step before n and y > 0 at step n; `(least y value)` of all steps,
  `(greatest y value n)` of those before n, `(last y value)`, `(falls y)` at every step;
- `(holds-0 y)`: no step shows that y is not 0.

Balls begin with few bits; where they decide nothing, the run begins again with twice as many.
Accepted is a file of which every line is decided and every number found again. What is not looked
at is whether the recursion is the one that it is said to be.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction

from refutable.recheck_arithmetic import AGREE, TooLargeError, Tree, declared, fraction
from refutable.recheck_balls import Ball, BrokenError, WideError, decided

MOST_BITS = 4096
MOST_TERMS = 500_000
"""Rows, times steps, that are looked at."""
MOST_THINGS = 10_000
"""Of which some are drawn: the chances are quotients of numbers of that many digits."""
MOST_DRAWS = 2_000
"""Vectors of counts that a draw of several areas may show."""

Values = dict[str, Ball]
Term = Callable[[Mapping[str, Ball]], Ball]


def term(tree: Tree, names: set[str], bits: int) -> Term:
    """A term as a function of values. Raises ValueError, LookupError for what is none."""
    if isinstance(tree, str) and tree in names:
        return lambda values: values[tree]
    if isinstance(tree, str):
        constant = Ball.of(fraction(tree), bits)
        return lambda values: constant
    head, *rest = tree
    if head == "^":
        base, exponent = term(rest[0], names, bits), int(rest[1])
        if not -9 <= exponent <= 9:
            raise ValueError("a power that is too high")
        return lambda values: base(values) ** exponent
    sides = [term(side, names, bits) for side in rest]
    first, *others = sides
    if head in ("exp", "-") and not others:
        return (lambda v: first(v).exp()) if head == "exp" else (lambda v: -first(v))
    operation = {"+": Ball.__add__, "-": Ball.__sub__, "*": Ball.__mul__, "/": Ball.__truediv__}[
        head
    ]

    def found(values: Mapping[str, Ball]) -> Ball:
        result = first(values)
        for other in others:
            result = operation(result, other(values))
        return result

    return found


def ways(drawn: int, pools: Mapping[str, int]) -> Iterator[dict[str, Fraction]]:
    """How many come from each pool, and with what chance. Raises TooLargeError, ValueError."""
    sizes = list(pools.values())
    if min(sizes) < 0 or not 0 <= drawn <= sum(sizes):
        raise ValueError("so many cannot be drawn")
    if sum(sizes) > MOST_THINGS or math.prod(size + 1 for size in sizes[:-1]) > MOST_TERMS:
        raise TooLargeError
    for counts in itertools.product(*(range(size + 1) for size in sizes[:-1])):
        last = drawn - sum(counts)
        if 0 <= last <= sizes[-1]:
            each = dict(zip(pools, map(Fraction, (*counts, last)), strict=True))
            number = math.prod(map(math.comb, sizes, (*counts, last)))
            chance = Fraction(number, math.comb(sum(sizes), drawn))
            some = {f"some_{name}": Fraction(count > 0) for name, count in each.items()}
            yield {**each, **some, "chance": chance}


def views(
    drawn: int, more: int, v: tuple[str, int], w: tuple[str, int, int]
) -> Iterator[dict[str, Fraction]]:
    """What several draws from the same things show. Raises TooLargeError, ValueError."""
    (first, m), (product, size, areas) = v, w
    if min(m, size, areas, more) < 0 or not 0 <= drawn <= m + size * areas:
        raise ValueError("so many cannot be drawn")
    if m + size * areas > MOST_THINGS or (size + 1) ** areas > MOST_DRAWS:
        raise TooLargeError
    draws = []
    for shown in itertools.product(range(size + 1), repeat=areas):
        left = drawn - sum(shown)
        if 0 <= left <= m:
            number = math.comb(m, left) * math.prod(math.comb(size, u) for u in shown)
            draws.append((left, shown, number))
    found: dict[tuple[int, ...], int] = {}
    for left, shown, number in draws:
        others: dict[tuple[int, ...], int] = {}
        for other, parts, times in draws:
            met = other, sum(map(int.__mul__, shown, parts))
            others[met] = others.get(met, 0) + times
        if len(others) ** more * len(draws) > MOST_TERMS:
            raise TooLargeError
        for chosen in itertools.product(others.items(), repeat=more):
            row = (left, *itertools.chain.from_iterable(met for met, _ in chosen))
            ways_to = math.prod((times for _, times in chosen), start=number)
            found[row] = found.get(row, 0) + ways_to
    whole = math.comb(m + size * areas, drawn) ** (1 + more)
    names = (first, *(f"{name}_{i}" for i in range(more) for name in (first, product)))
    for row, ways_to in found.items():
        chance = Fraction(ways_to, whole)
        yield {**dict(zip(names, map(Fraction, row), strict=True)), "chance": chance}


class Recursion:
    """What a file declares. Raises ValueError for what has no meaning."""

    def __init__(self, commands: Sequence[Tree], bits: int) -> None:
        self.bits = bits
        self.names: set[str] = set()
        self.start: Values = {}
        self.rows: list[Values] = []
        self.alike: dict[str, list[int]] = {}
        self.before: dict[str, Term] = {}
        self.each: dict[str, Term] = {}
        self.totals: dict[str, Term] = {}
        self.after: dict[str, Term] = {}
        self.next: dict[str, Term] = {}
        self.said: list[Tree] = []
        self.states: set[str] = set()
        columns: list[str] = []
        rows: list[dict[str, Fraction]] = []
        rests_on: dict[str, set[str]] = {}
        steps: list[int] = []
        for command in commands:
            match command:
                case ["state" | "constant" as head, name, value]:
                    self.start[self._new(name)] = Ball.of(fraction(value), bits)
                    self.states |= {name} if head == "state" else set()
                case ["draw", drawn, *pools] if not columns:
                    rows = list(ways(int(drawn), {name: int(size) for name, size in pools}))
                    columns = [self._new(name) for name in rows[0]]
                case ["views", drawn, more, [v, m], [w, size, areas]] if not columns:
                    kinds = (declared(v), int(m)), (declared(w), int(size), int(areas))
                    rows = list(views(int(drawn), int(more), *kinds))
                    columns = [self._new(name) for name in rows[0]]
                case ["let" | "each" | "total" as head, name, tree]:
                    made = self._group(head)
                    # What belongs to a row alone is no part of what is made once a step.
                    alone = set() if head != "let" else {*columns, *self.each}
                    made[name] = term(tree, self.names - alone, bits)
                    self._new(name)
                    if head == "each":
                        used = _words(tree)
                        inner = (rests_on[other] for other in used & rests_on.keys())
                        rests_on[name] = (used & {*columns}).union(*inner)
                case ["next", str(name), tree] if name in self.states and name not in self.next:
                    alone = {*columns, *self.each}
                    self.next[name] = term(tree, self.names - alone, bits)
                case ["steps", number] if not steps:
                    steps = [int(number)]
                case [
                    "first" | "least" | "greatest" | "last" | "falls" | "holds-0",
                    str(name),
                    *_,
                ] if name in self.names - {*columns, *self.each}:
                    self.said.append(command)
                case _:
                    raise ValueError(f"a command that is not known: {str(command)[:80]}")
        (self.steps,) = steps
        if set(self.next) != self.states or not self.said or self.steps < 0:
            raise ValueError("a state without a next one, nothing said, or no number of steps")
        if self.steps * max(len(rows), 1) > MOST_TERMS:
            raise TooLargeError
        self.rows = [{name: Ball.of(x, bits) for name, x in row.items()} for row in rows]
        self.alike = {name: _numbered(rows, inner) for name, inner in rests_on.items()}

    def _new(self, name: Tree) -> str:
        if declared(name) in self.names:
            raise ValueError(f"{name} is declared twice")
        self.names.add(name)
        return str(name)

    def _group(self, head: str) -> dict[str, Term]:
        if head == "let":
            return self.after if self.totals else self.before
        if self.after or (head == "each" and self.totals):
            raise ValueError("rows are looked at after they were summed")
        return self.each if head == "each" else self.totals

    def path(self) -> list[Values]:
        """All that is known at every step."""
        found, state = [], dict(self.start)
        for _ in range(self.steps + 1):
            values = dict(state)
            for name, made in self.before.items():
                values[name] = made(values)
            sums = {name: Ball(self.bits, 0) for name in self.totals}
            known: dict[tuple[str, int], Ball] = {}
            for i, row in enumerate(self.rows):
                inside = values | row
                for name, made in self.each.items():
                    which = name, self.alike[name][i]
                    if which not in known:
                        known[which] = made(inside)
                    inside[name] = known[which]
                for name, made in self.totals.items():
                    sums[name] = sums[name] + made(inside)
            values |= sums
            for name, made in self.after.items():
                values[name] = made(values)
            found.append(values)
            state |= {name: made(values) for name, made in self.next.items()}
        return found

    def check(self) -> None:
        """Everything that is said. Raises BrokenError, or WideError where balls decide nothing."""
        path = self.path()
        for head, name, *words in self.said:
            seen = [values[name] for values in path]
            match head, words:
                case "first", [at]:
                    step = int(at)
                    signs = [_sign(x) for x in seen[: step + 1]]
                    _sure(0 <= step < len(seen) and signs == [-1] * step + [1], name, at)
                case "least", [value]:
                    _close(min(seen, key=lambda x: x.low), fraction(value), name)
                case "greatest", [value, before]:
                    _sure(0 < int(before) <= len(seen), name, before)
                    part = seen[: int(before)]
                    _close(max(part, key=lambda x: x.high), fraction(value), name)
                case "last", [value]:
                    _close(seen[-1], fraction(value), name)
                case "falls", []:
                    signs = [_sign(b - a) for a, b in itertools.pairwise(seen)]
                    _sure(len(signs) > 0 and set(signs) == {-1}, name, "falls")
                case "holds-0", []:
                    _sure(all(x.low <= 0 <= x.high for x in seen), name, "0")
                    _sharp(seen[-1])
                case _:
                    raise ValueError(f"nothing that can be said: {head}")


def _words(tree: Tree) -> set[str]:
    return {tree} if isinstance(tree, str) else set().union(*map(_words, tree))


def _numbered(rows: Sequence[Mapping[str, Fraction]], columns: set[str]) -> list[int]:
    """A number for each row, the same for rows that agree in these columns."""
    seen: dict[tuple[Fraction, ...], int] = {}
    chosen = sorted(columns)
    return [seen.setdefault(tuple(row[name] for name in chosen), len(seen)) for row in rows]


def _sign(x: Ball) -> int:
    if x.low <= 0 <= x.high:
        raise WideError("a sign that the balls do not decide")
    return 1 if x.low > 0 else -1


def _sure(holds: bool, name: str, said: object) -> None:
    if not holds:
        raise BrokenError(f"{name}: {said} is not what is found")


def _sharp(x: Ball) -> None:
    """That a ball is narrower than what is compared."""
    if x.radius << 40 > (1 << x.bits):
        raise WideError("a ball that is too wide to compare")


def _close(found: Ball, said: Fraction, name: str) -> None:
    if found.radius << 30 > abs(found.middle):
        raise WideError("a ball that is too wide to compare")
    _sure(found.away(said) <= AGREE * abs(said), name, float(said))


def recursion(commands: list[Tree]) -> tuple[str, str]:
    """Every step, at the lowest precision that decides."""
    return decided(lambda bits: Recursion(commands, bits).check(), MOST_BITS, "every step")
