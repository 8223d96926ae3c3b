"""claims-recheck: what is no script of SMT-LIB is decided again here, in exact arithmetic.

A file says by `(set-info :kind ...)` what it is about:

- `leading`: which term of a rational function leads when symbols grow as powers of one number;
- `elementary`: two sides with exponentials and logarithms of positive symbols are the same;
- `mean`: an average over all subsets of a size, and over laws of finitely many values;
- `bounds`: bounds for every size, on regions of exponents (`recheck_bounds`);
- `recursion`: a path that is run again (`recheck_runs`);
- `flow`: one that is followed again (`recheck_flow`).

As the rest of `claims-recheck` it shares no code with what wrote the files.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from fractions import Fraction

from refutable.recheck_arithmetic import (
    ACCEPTED,
    MOST_TERMS,
    ONE,
    OPEN,
    REJECTED,
    Polynomial,
    Quotient,
    TooLargeError,
    Tree,
    declared,
    fraction,
    plus,
    quotient,
    read,
    times,
    value,
)
from refutable.recheck_bounds import bounds
from refutable.recheck_flow import flow
from refutable.recheck_runs import recursion

Powers = tuple[Fraction, ...]
"""Exponents at the corners of a polygon."""
MOST_CASES = 200_000
"""Subsets, times values of laws, that are looked at one by one."""


def verdict(text: str) -> tuple[str, str]:
    """What a file comes to, and why. Raises ValueError, LookupError, TypeError for what is none."""
    lines = text.splitlines()
    return _decided("\n".join(line for line in lines if not line.startswith(";")))


@functools.lru_cache(maxsize=64)
def _decided(text: str) -> tuple[str, str]:
    """Once for several legs that rest on one path."""
    commands = read(text)
    kinds = [c[2] for c in commands if c[:2] == ["set-info", ":kind"]]
    if len(kinds) != 1:
        raise ValueError("no :kind, or several")
    rest = [c for c in commands if c[0] != "set-info"]
    try:
        return KINDS[kinds[0]](rest)
    except TooLargeError:
        return OPEN, "too large to be multiplied out or enumerated here"


# --- Leading terms ------------------------------------------------------------------------------


def leading(commands: list[Tree]) -> tuple[str, str]:
    """(grows s e...), (below-one s), (leads expression term), (power term e...)."""
    grows: dict[str, Powers] = {}
    small: list[str] = []
    asked = []
    for command in commands:
        match command:
            case ["grows", name, *powers]:
                grows[declared(name)] = tuple(map(fraction, powers))
            case ["declare-const", name, "Positive"]:
                grows.setdefault(declared(name), ())
            case ["below-one", str(name)]:
                small.append(name)
            case ["leads" | "power", *_]:
                asked.append(command)
            case _:
                raise ValueError(f"a command that is not known: {str(command)[:80]}")
    corners = max((len(powers) for powers in grows.values()), default=0)
    none = (Fraction(0),) * corners
    at = {name: powers or none for name, powers in grows.items()}
    if not asked or not corners or any(len(powers) != corners for powers in at.values()):
        raise ValueError("nothing is asked, or exponents are missing")
    for command in asked:
        head, *words = command
        found = _leads(words, at, small) if head == "leads" else _power(words, at)
        if found[0] != ACCEPTED:
            return found
    return ACCEPTED, "the leading term, compared with all others at every corner"


def _leads(sides: list[Tree], at: dict[str, Powers], small: list[str]) -> tuple[str, str]:
    expression, term = sides
    top, bottom = quotient(expression, set(at))
    claimed_top, claimed_bottom = quotient(term, set(at))
    leaders = [_leader(p, at) for p in (top, bottom)]
    if None in leaders:
        return REJECTED, "no term leads at every corner"
    first, second = (p for p in leaders if p is not None)
    if times(first, claimed_bottom) != times(second, claimed_top):
        return REJECTED, "another term leads"
    if not all(_one_sign(p, small) for p in (first, second)):
        return OPEN, "the leading term may vanish"
    return ACCEPTED, ""


def _power(words: list[Tree], at: dict[str, Powers]) -> tuple[str, str]:
    term, *claimed = words
    top, bottom = (_exponents(p, at) for p in quotient(term, set(at)))
    if len(top) != 1 or len(bottom) != 1:
        return REJECTED, "a term of several powers"
    found = tuple(a - b for a, b in zip(*top, *bottom, strict=True))
    right = found == tuple(map(fraction, claimed))
    return (ACCEPTED, "") if right else (REJECTED, "another power")


def _exponents(p: Polynomial, at: dict[str, Powers]) -> dict[Powers, Polynomial]:
    """The monomials by their power of the large number at every corner."""
    found: dict[Powers, Polynomial] = {}
    for monomial, coefficient in p.items():
        none = (Fraction(0),) * len(next(iter(at.values())))
        powers = none
        for name, k in monomial:
            powers = tuple(x + k * y for x, y in zip(powers, at[name], strict=True))
        found.setdefault(powers, {})[monomial] = coefficient
    return found


def _leader(p: Polynomial, at: dict[str, Powers]) -> Polynomial | None:
    groups = _exponents(p, at)
    for powers, part in groups.items():
        if all(all(a >= b for a, b in zip(powers, other, strict=True)) for other in groups):
            return part
    return None


def _one_sign(p: Polynomial, small: list[str]) -> bool:
    """Whether a polynomial of positive symbols, some below 1, is seen to have no zero.

    s < 1 is t/(1+t), t > 0; times (1+t)^degree, all coefficients are then of one sign.
    """
    for name in small:
        degree = max((dict(m).get(name, 0) for m in p), default=0)
        total: Polynomial = {}
        for monomial, coefficient in p.items():
            k = dict(monomial).get(name, 0)
            rest = tuple((n, e) for n, e in monomial if n != name)
            for j in range(degree - k + 1):
                power = k + j
                term = tuple(sorted([*rest, *([(name, power)] if power else [])]))
                total = plus(total, {term: coefficient * math.comb(degree - k, j)})
        p = total
    signs = {c > 0 for c in p.values()}
    return len(signs) == 1


# --- Numbers between two fractions --------------------------------------------------------------

Ends = tuple[Fraction, Fraction]
"""A lower and an upper end."""
DIGITS = 2**120
"""Ends are rounded outwards to multiples of 1/DIGITS, relative to their size."""


def _outward(low: Fraction, high: Fraction) -> Ends:
    unit = DIGITS // (1 + math.floor(max(abs(low), abs(high)))) + 1
    return Fraction(math.floor(low * unit), unit), Fraction(math.ceil(high * unit), unit)


def _exp(x: Fraction) -> Ends:
    """Halved until it is below 1/2, by its series, and squared again."""
    halvings = math.ceil(abs(x)).bit_length() + 1
    if halvings > 12:
        raise TooLargeError
    y = x / 2**halvings
    total = term = Fraction(1)
    for k in range(1, 30):
        term = term * y / k
        total += term
    low, high = _outward(total - 2 * abs(term), total + 2 * abs(term))
    for _ in range(halvings):
        low, high = _outward(low * low, high * high)
    return low, high


def _log(x: Fraction) -> Ends:
    """By 2·artanh((x-1)/(x+1)) for 1/2 < x < 2; others are divided by a power of 2 before."""
    if x <= 0:
        raise ValueError("the logarithm of what is not positive")
    twos = x.numerator.bit_length() - x.denominator.bit_length()
    low, high = _near_one(x / Fraction(2) ** twos)
    below, above = _near_one(Fraction(2))
    return _outward(low + min(twos * below, twos * above), high + max(twos * below, twos * above))


def _near_one(x: Fraction) -> Ends:
    y = (x - 1) / (x + 1)
    total, power = Fraction(0), y
    for k in range(1, 160, 2):
        total += power / k
        power *= y * y
    off = 2 * abs(power)
    return _outward(2 * total - off, 2 * total + off)


def between(tree: Tree, point: dict[str, Fraction]) -> Ends:
    """Ends of a term at a point. ZeroDivisionError where it divides by what may be 0."""
    if isinstance(tree, str):
        exact = value(tree, point)
        return exact, exact
    head, *rest = tree
    sides = [between(side, point) for side in rest]
    low, high = sides[0]
    if head == "exp":
        return _exp(low)[0], _exp(high)[1]
    if head == "log":
        return _log(low)[0], _log(high)[1]
    if head == "-" and len(sides) == 1:
        return -high, -low
    for a, b in sides[1:]:
        if head == "+":
            low, high = low + a, high + b
            continue
        if head == "/":
            if a <= 0 <= b:
                raise ZeroDivisionError
            a, b = 1 / b, 1 / a
        elif head != "*":
            raise ValueError(f"an operation that is not known: {head}")
        products = [low * a, low * b, high * a, high * b]
        low, high = min(products), max(products)
    return _outward(low, high)


def _apart(left: Tree, right: Tree, names: set[str]) -> bool:
    """Whether two sides surely differ at one of a few points."""
    for start in (3, 5, 8):
        point = {
            name: Fraction(start + 2 * i + 1, start + i) for i, name in enumerate(sorted(names))
        }
        try:
            (a, b), (c, d) = between(left, point), between(right, point)
        except (ValueError, ZeroDivisionError, TooLargeError):
            continue
        if b < c or d < a:
            return True
    return False


# --- Exponentials and logarithms ----------------------------------------------------------------


class Elementary:
    """Terms as quotients of polynomials in symbols, logarithms and exponentials of monomials."""

    def __init__(self, names: set[str], positive: set[str]) -> None:
        self.names, self.positive = names, positive
        self.inside: dict[str, Polynomial] = {}
        """Of the generators that stand for an exponential: its exponent."""

    def quotient(self, tree: Tree) -> Quotient:
        """Numerator and denominator."""
        return quotient(tree, self.names, {"exp": self._exp, "log": self._log})

    def _exp(self, top: Polynomial, bottom: Polynomial) -> Quotient:
        """Of a sum of monomials the product; e^{k log x} is x^k."""
        if len(bottom) != 1:
            name = f"exp {sorted(top.items())} / {sorted(bottom.items())}"
            self.inside.setdefault(name, {})
            return {((name, 1),): Fraction(1)}, ONE
        above, below = ONE, ONE
        ((divisor, scale),) = bottom.items()
        for whole, coefficient in top.items():
            share, powers = coefficient / scale, dict(whole)
            for name, power in divisor:  # a power may be negative here
                powers[name] = powers.get(name, 0) - power
            monomial = tuple(sorted((name, power) for name, power in powers.items() if power))
            base, count = f"exp {monomial} / {share.denominator}", share.numerator
            if len(monomial) == 1 and monomial[0][1] == 1 and share.denominator == 1:
                name = monomial[0][0]
                if name.startswith("log "):
                    base = name.removeprefix("log ")
            if base.startswith("exp "):
                self.inside[base] = {monomial: Fraction(1, share.denominator)}
            prime = base.isdigit()
            if prime and abs(count) > MOST_TERMS:
                raise TooLargeError
            part: Polynomial = (
                {(): Fraction(int(base)) ** abs(count)}
                if prime
                else {((base, abs(count)),): Fraction(1)}
            )
            if count > 0:
                above = times(above, part)
            else:
                below = times(below, part)
        return above, below

    def _log(self, top: Polynomial, bottom: Polynomial) -> Quotient:
        """Of a product of powers the sum; of anything else a symbol of its own."""
        names = {name for part in (top, bottom) for monomial in part for name, _ in monomial}
        known = all(name in self.positive or name.startswith("exp ") for name in names)
        if len(top) != 1 or len(bottom) != 1 or not known:
            # What may be negative is not split off: log(xy) is no sum where x, y < 0.
            name = f"log {sorted(top.items())} / {sorted(bottom.items())}"
            return {((name, 1),): Fraction(1)}, ONE
        total: Polynomial = {}
        for sign, part in ((1, top), (-1, bottom)):
            ((monomial, coefficient),) = part.items()
            if coefficient <= 0:
                raise ValueError("the logarithm of what is not positive")
            for name, power in monomial:
                inner = self.inside.get(name) or {((f"log {name}", 1),): Fraction(1)}
                total = plus(total, times({(): Fraction(sign * power)}, inner))
            for side, number in ((1, coefficient.numerator), (-1, coefficient.denominator)):
                for prime in _primes(number):
                    total = plus(total, {((f"log {prime}", 1),): Fraction(sign * side)})
        return total, ONE


def _primes(number: int) -> Iterator[int]:
    """The prime factors, each as often as it divides."""
    factor = 2
    while factor * factor <= number:
        while number % factor == 0:
            yield factor
            number //= factor
        factor += 1
        if factor > 10**5:
            raise TooLargeError
    if number > 1:
        yield number


def elementary(commands: list[Tree]) -> tuple[str, str]:
    """(declare-const s Positive), or Real, and (same left right)."""
    names: set[str] = set()
    positive: set[str] = set()
    asked = []
    for command in commands:
        match command:
            case ["declare-const", name, "Positive" | "Real" as sort]:
                names.add(declared(name))
                positive |= {name} if sort == "Positive" else set()
            case ["same", left, right]:
                asked.append((left, right))
            case _:
                raise ValueError(f"a command that is not known: {str(command)[:80]}")
    if not asked:
        raise ValueError("nothing is asked")
    reader = Elementary(names, positive)
    for left, right in asked:
        (a, b), (c, d) = reader.quotient(left), reader.quotient(right)
        if times(a, d) != times(c, b):
            if _apart(left, right, names):
                return REJECTED, "the two sides differ at a point"
            return OPEN, "the two sides have different normal forms here"
    return ACCEPTED, "the two sides have one normal form"


# --- Enumerations -------------------------------------------------------------------------------


def mean(commands: list[Tree]) -> tuple[str, str]:
    """(subset k x...), (law z (value chance)...), (mean term claimed): every case is looked at."""
    axes: list[list[tuple[dict[str, Fraction], Fraction]]] = []
    cases = 1
    asked = []
    for command in commands:
        match command:
            case ["subset", count, *names]:
                k = int(fraction(count))
                if len(set(map(declared, names))) != len(names) or not 0 <= k <= len(names):
                    raise ValueError("no subsets of that size")
                cases *= math.comb(len(names), k)
                if cases > MOST_CASES:
                    raise TooLargeError
                shown = itertools.combinations(names, k)
                even = Fraction(1, math.comb(len(names), k))
                axes.append([({x: Fraction(x in s) for x in names}, even) for s in map(set, shown)])
            case ["law", name, *pairs]:
                law = [({declared(name): fraction(v)}, fraction(chance)) for v, chance in pairs]
                cases *= len(law)
                if sum(chance for _, chance in law) != 1 or any(chance < 0 for _, chance in law):
                    raise ValueError("the chances of a law do not add up to 1")
                axes.append(law)
            case ["mean", term, claimed]:
                asked.append((term, fraction(claimed)))
            case _:
                raise ValueError(f"a command that is not known: {str(command)[:80]}")
    if not asked:
        raise ValueError("nothing is asked")
    if cases > MOST_CASES:
        raise TooLargeError
    for term, claimed in asked:
        total = Fraction(0)
        for case in itertools.product(*axes):
            point: dict[str, Fraction] = {}
            for part, _ in case:
                point |= part
            total += math.prod((chance for _, chance in case), start=Fraction(1)) * value(
                term, point
            )
        if total != claimed:
            return REJECTED, f"the mean is {total}, not {claimed}"
    return ACCEPTED, "every case looked at, in exact arithmetic"


KINDS = {
    "leading": leading,
    "elementary": elementary,
    "mean": mean,
    "bounds": bounds,
    "recursion": recursion,
    "flow": flow,
}
