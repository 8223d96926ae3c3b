"""claims-recheck: bounds for every size, on regions of exponents, are computed again here.

A file of kind `bounds` says of a number N ≥ 10^ten and of exponents in ranges, cut into tiles, by
which steps a bound value·(N/N_0)^power is made, and what it comes to on each tile:

- `(sizes (c k) (c l))`: two whole numbers, within 1/2 of c·N^k and c·N^l;
- `(above i j n m)`: a law above the product of their powers i and j, N^n and (1 - share)^m;
- `(asked a b least)`: only exponents with a·k + b·l ≥ least are meant;
- `(let name (step) number...)`: what a step makes, and what it came to on the first tile;
- `(assume law)`, `(follows law found)`: that what is assumed below a law is found below a smaller
  one. All start at 0 and are continuous, so that none is ever reached.

A law holds for every N ≥ N_0, and is used as a number only where its power is not positive.
Accepted is a file whose tiles leave out nothing that is meant and whose numbers are those found
here. What is not looked at is why the quantity lies below the bound that these steps make; the
derivation stands with the code that wrote the file.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from refutable.recheck_arithmetic import AGREE, Tree, declared, fraction
from refutable.recheck_balls import Ball, BrokenError, WideError, decided

FEWEST, MOST_BITS = 320, 2560
"""With which balls begin, and that they are given where fewer do not decide."""
ROUNDS = 12
"""Attempts to find laws from which smaller ones follow, each a quarter above the last: choices of
the prover too, without which other numbers come out; what they do not close is not accepted."""
CUTS = 8
"""At most, along every range: a choice; what is meant and not covered by then is said to be so."""
NEARLY = Fraction(1, 10**6)
"""A tile may touch what is meant at a corner, however that was rounded: a choice, which refuses no
tile too many. That none is missing is asked without it."""


def positive(x: Ball, otherwise: str) -> Ball:
    """A number above 0. BrokenError where it surely is not, WideError where its ball is too wide.

    otherwise: what it then is.
    """
    if x.low <= 0:
        raise (WideError if x.high > 0 else BrokenError)(otherwise)
    return x


@dataclass(frozen=True)
class Law:
    """f(N) ≤ value·(N/N_0)^power for every N ≥ N_0, with the upper ends of both; value ≥ 0.

    What lies between the ends is rounding alone, so that a comparison that fails with both of them
    fails with any precision.
    """

    value: Ball
    power: Ball

    @classmethod
    def of(cls, value: Ball, power: Ball) -> Law:
        """A law. BrokenError for one that is below 0."""
        if value.high < 0:
            raise BrokenError("a law below 0")
        return cls(value, power)

    @property
    def largest(self) -> Ball:
        """The largest value."""
        if self.power.high > 0:
            raise (WideError if self.power.low <= 0 else BrokenError)("a law that grows")
        return self.value

    @property
    def rest(self) -> Ball:
        """1 less the largest value."""
        return positive(-self.largest + 1, "a law that is not below 1")

    def below(self, other: Law) -> bool:
        """Whether it is strictly smaller at every N."""
        return self.value.high < other.value.low and self.power.high <= other.power.low

    def above(self, other: Law) -> bool:
        """Whether it surely is not."""
        return self.value.low >= other.value.high or self.power.low > other.power.high


def zero(like: Ball) -> Ball:
    """0, at the precision of another number."""
    return Ball(like.bits, 0)


def logarithmic(start: Ball, rate: Ball) -> Law:
    """Start + rate·log(N/N_0) ≤ start·(N/N_0)^(rate/start), as 1 + x ≤ e^x."""
    positive(start, "a logarithm that is not positive")
    return Law.of(start, rate / start if rate.high > 0 else zero(start))


def plus(f: Law, g: Law) -> Law:
    """The sum falls no faster than the slower of what is not 0."""
    powers = [law.power for law in (f, g) if law.value.high > 0] or [zero(f.power)]
    return Law.of(f.value + g.value, max(powers, key=lambda power: power.high))


def smaller(*laws: Law) -> Law:
    """Any of several laws of one quantity: of those that do not grow the smallest."""
    settled = [law for law in laws if law.power.high <= 0] or list(laws)
    return min(settled, key=lambda law: law.value.high)


STEPS: dict[str, tuple[type, Callable[..., Ball | Law]]] = {
    "law": (Ball, Law.of),
    "logarithmic": (Ball, logarithmic),
    "plus": (Law, plus),
    "times": (Law, lambda f, g: Law.of(f.value * g.value, f.power + g.power)),
    "root": (Law, lambda f: Law.of(f.value.sqrt() if f.value.high else f.value, f.power / 2)),
    # e^f - 1 is convex and 0 at 0: below f·(e^v - 1)/v for f ≤ v.
    "exp-1": (Law, lambda f: Law.of(f.largest.exp() - 1, f.power)),
    "exp-of": (Law, lambda f: Law.of(f.largest.exp(), zero(f.power))),
    "over-rest": (Law, lambda f: Law.of(f.value / f.rest, f.power)),
    "smaller": (Law, smaller),
    "value": (Law, lambda f: f.value),
    "power-of": (Law, lambda f: f.power),
    "largest": (Law, lambda f: f.largest),
    "rest": (Law, lambda f: f.rest),
    "+": (Ball, lambda x, y: x + y),
    "-": (Ball, lambda x, *y: x - y[0] if y else -x),
    "*": (Ball, lambda x, y: x * y),
    "/": (Ball, lambda x, y: x / y),
    "log": (Ball, Ball.log),
    "exp": (Ball, Ball.exp),
    "sqrt": (Ball, Ball.sqrt),
    "lower": (Ball, lambda x: x.bottom),
}
"""What a step is made of, and how."""
POWERS = {"power": Law, "^": Ball}
"""With a whole number as the exponent."""
MOST_POWER = 64
ATOMS = ("above", "least", "least-power")


class File:
    """What a file declares, in balls of so many bits. ValueError for what has no meaning."""

    def __init__(self, commands: list[Tree], bits: int) -> None:
        self.bits = bits
        self.ranges: dict[str, tuple[Fraction, Fraction]] = {}
        self.asked: list[tuple[Fraction, Fraction, Fraction]] = []
        self.steps: dict[str, list[Tree]] = {}
        self.outcomes: dict[str, list[Fraction]] = {}
        self.assumed: list[str] = []
        self.follows: dict[str, str] = {}
        self.positive: list[str] = []
        self.tiles: dict[str, tuple[Fraction, Fraction]] = {}
        single: dict[str, list[Tree]] = {}
        for command in commands:
            match command:
                case ["grows" | "sizes" | "share" | "bound" as head, *words] if head not in single:
                    single[head] = words
                case ["range", name, low, high] if name not in self.ranges:
                    self.ranges[declared(name)] = fraction(low), fraction(high)
                case ["asked", a, b, least]:
                    self.asked.append((fraction(a), fraction(b), fraction(least)))
                case ["assume", name]:
                    self.assumed.append(declared(name))
                case ["let", name, [str(), *_] as step, *outcome]:
                    if name in self.steps or name in self.assumed:
                        raise ValueError(f"{name} is made twice")
                    self.steps[declared(name)] = step
                    self.outcomes[name] = list(map(fraction, outcome))
                case ["positive", str(name)]:
                    self.positive.append(name)
                case ["follows", str(law), str(found)] if law not in self.follows:
                    self.follows[law] = found
                case ["tile", str(path), value, power] if path not in self.tiles:
                    self.tiles["" if path == "whole" else path] = fraction(value), fraction(power)
                case _:
                    raise ValueError(f"a command that is not known: {str(command)[:80]}")
        (ten,), self.sizes, (share,), (self.bound,) = (
            single[head] for head in ("grows", "sizes", "share", "bound")
        )
        self.log_N0 = self.number(fraction(ten)) * self.number(10).log()
        self.constants = [fraction(c) for c, _ in self.sizes]
        self.exponents = [self.ranges[name] for _, name in self.sizes]
        self.share = share
        if len(self.sizes) != 2 or set(self.follows) != set(self.assumed) or not self.tiles:
            raise ValueError("not two sizes, a law that is assumed and never found, or no tiles")
        low, high = self.ranges[share]
        in_order = all(a <= b for a, b in self.ranges.values()) and low >= 0 and high < 1
        positive = min(self.constants) > 0 and all(a >= 0 for a, _ in self.exponents)
        if not (fraction(ten) > 0 and in_order and positive):
            raise ValueError("ranges, constants or sizes out of order")
        self.bootstrap = self._needed(list(self.follows.values()))

    def number(self, value: Fraction | int) -> Ball:
        """A rational number as a ball."""
        return Ball.of(value, self.bits)

    def _needed(self, wanted: list[str]) -> set[str]:
        """Steps on which others rest."""
        found: set[str] = set()
        while wanted:
            name = wanted.pop()
            if name in self.steps and name not in found:
                found.add(name)
                wanted += [word for word in self.steps[name][1:] if isinstance(word, str)]
        return found


class Tile:
    """Ranges of the exponents, and what the steps come to there.

    path: which part was taken at each cut of the region, counted from 0.
    """

    def __init__(
        self, file: File, ranges: dict[str, tuple[Fraction, Fraction]], path: str = ""
    ) -> None:
        self.file, self.ranges, self.path = file, ranges, path
        self.exponents = [ranges[name] for _, name in file.sizes]

    def meant(self, nearly: Fraction = Fraction(0)) -> bool:
        """Whether every half-plane, widened by so much, has a point of it."""
        (a0, a1), (b0, b1) = self.exponents
        return all(
            max(a * a0, a * a1) + max(b * b0, b * b1) >= least - nearly
            for a, b, least in self.file.asked
        )

    def parts(self) -> list[Tile]:
        """Cut in two along every range that has a width."""
        cut = [
            [(low, high)] if low == high else [(low, (low + high) / 2), ((low + high) / 2, high)]
            for low, high in self.ranges.values()
        ]
        return [
            Tile(self.file, dict(zip(self.ranges, ends, strict=True)), f"{self.path}{number}")
            for number, ends in enumerate(itertools.product(*cut))
        ]

    def _ends(self, powers: list[int], *, largest: bool) -> tuple[Ball, Ball]:
        """The factor of a product of powers, and its power of N; whichever ends are farthest."""
        *of_sizes, n, m = powers
        number = self.file.number
        factor, power = number(1), Fraction(n)
        for i, c, (low, high) in zip(of_sizes, self.file.constants, self.exponents, strict=True):
            # A size is c·N^k(1 ± off): off is largest at N_0 and the smallest k.
            off = ((-(number(low) * self.file.log_N0)).exp() / number(2 * c)).top
            positive(-off + 1, "a size that may be 0")
            up = (i > 0) == largest
            factor = factor * ((number(1) + (off if up else -off)) * number(c)) ** i
            power += i * (high if up else low)
        low, high = self.ranges[self.file.share]
        factor = factor * number(1 - (low if (m > 0) == largest else high)) ** m
        return factor, number(power)

    def _atom(self, head: str, words: list[Tree]) -> Ball | Law:
        powers = [int(word) for word in words]
        if len(powers) != (3 if head == "least-power" else 4) or max(map(abs, powers)) > 9:
            raise ValueError(f"not the powers that {head} takes")
        if head == "least-power":
            return self._ends([*powers, 0], largest=False)[1]
        factor, power = self._ends(powers, largest=head == "above")
        at_first = factor * (power * self.file.log_N0).exp()
        return Law.of(at_first, power) if head == "above" else at_first.bottom

    def run(self, laws: list[Law], chosen: set[str] | None = None) -> dict[str, Ball | Law]:
        """What the steps, or some of them, come to."""
        found: dict[str, Ball | Law] = dict(zip(self.file.assumed, laws, strict=True))

        def part(word: Tree) -> Ball | Law:
            if isinstance(word, str) and word in found:
                return found[word]
            return self.file.number(fraction(word))

        for name, (head, *words) in self.file.steps.items():
            if chosen is not None and name not in chosen:
                continue
            if head in ATOMS:
                found[name] = self._atom(head, words)
            elif head == "high":
                found[name] = self.file.number(self.ranges[words[0]][1])
            elif head in POWERS:
                base, exponent = part(words[0]), int(words[1])
                if not isinstance(base, POWERS[head]) or not 0 <= exponent <= MOST_POWER:
                    raise ValueError(f"{name} is no power")
                found[name] = (
                    base**exponent
                    if isinstance(base, Ball)
                    else Law.of(base.value**exponent, base.power * exponent)
                )
            else:
                parts = [part(word) for word in words]
                takes, step = STEPS[head]
                if not parts or any(type(x) is not takes for x in parts):
                    raise ValueError(f"{name} is made of what it cannot be made of")
                found[name] = step(*parts)
        return found

    def bound(self) -> Law:
        """The bound, once the laws that it assumes are found to follow."""
        nothing = self.file.number(0)
        laws = [Law.of(nothing, nothing)] * len(self.file.assumed)
        for _ in range(ROUNDS):
            found = self.run(laws, self.file.bootstrap)
            ends = [found[self.file.follows[name]] for name in self.file.assumed]
            follow = [law for law in ends if isinstance(law, Law)]
            if all(new.below(law) for new, law in zip(follow, laws, strict=True)):
                break
            settled = any(new.above(law) for new, law in zip(follow, laws, strict=True))
            laws = [Law.of((new.value * 5 / 4).top, new.power.top) for new in follow]
        else:
            raise (BrokenError if settled else WideError)("what is assumed does not follow")
        found = self.run(laws)
        if self.path == next(iter(self.file.tiles)):
            for name, said in self.file.outcomes.items():
                _compare(said, found[name], f"{name} comes to something else")
        for name in self.file.positive:
            value = found[name]
            if not isinstance(value, Ball):
                raise ValueError(f"{name} is no number")
            positive(value, f"{name} is not positive")
        bound = found[self.file.bound]
        if not isinstance(bound, Law):
            raise ValueError("a bound that is no law")
        positive(-bound.power, "a bound that does not fall")
        return bound


def _compare(said: Sequence[Fraction], found: Ball | Law, otherwise: str) -> None:
    """BrokenError unless a file says of a number, or of a law, what is found here."""
    parts = (found.value, found.power) if isinstance(found, Law) else (found,)
    if len(said) != len(parts):
        raise ValueError(f"{otherwise}: numbers are missing")
    for number, part in zip(said, parts, strict=True):
        near, farthest = AGREE * abs(number), part.away(number)
        if farthest > near:
            nearest = farthest - Fraction(2 * part.radius, 2**part.bits)
            raise (BrokenError if nearest > near else WideError)(otherwise)


def bounds(commands: list[Tree]) -> tuple[str, str]:
    """Every tile, and that none is missing, at the lowest precision that decides."""
    return decided(
        lambda bits: _every_tile(File(commands, bits)),
        MOST_BITS,
        "every tile of the region",
        FEWEST,
    )


def _every_tile(file: File) -> None:
    waiting = dict(file.tiles)
    for tile in _cover(file):
        path = tile.path
        if path not in waiting:
            raise BrokenError(f"no tile covers {path or 'the region'}")
        if not tile.meant(NEARLY):
            raise BrokenError(f"tile {path} lies outside of what is meant")
        claimed = waiting.pop(path)
        try:
            _compare(claimed, tile.bound(), "another number is found")
        except (BrokenError, WideError) as problem:
            raise type(problem)(f"tile {path or 'whole'}: {problem}") from problem
    if waiting:
        raise BrokenError(f"tiles within tiles, or that no cut makes: {', '.join(waiting)}")


def _cover(file: File) -> Iterator[Tile]:
    """The tiles of the file, and what is meant and covered by none."""
    waiting = [Tile(file, file.ranges)]
    while waiting:
        tile = waiting.pop()
        inner = any(name != tile.path and name.startswith(tile.path) for name in file.tiles)
        if tile.path in file.tiles or (tile.meant() and (not inner or len(tile.path) >= CUTS)):
            yield tile
        elif inner:
            waiting += tile.parts()
