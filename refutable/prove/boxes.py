"""Ball arithmetic: a polynomial inequality is decided on boxes that are split until each is clear.

A decider that shares no code with z3 and cvc5, for points in a bounded set. The assumptions are
written as images of unit cubes (`cells`); there the slack is a polynomial in its Bernstein form,
whose coefficients, as balls of python-flint, enclose its values on a box. Factors with one sign are
divided out first, so that where the slack vanishes on a face, as it does wherever a bound is sharp,
it need not be resolved by ever smaller boxes. A box is done when its smallest coefficient is not
negative, is replaced by a face when the slack is monotone, and is halved otherwise. A corner where
the slack is negative is carried back to the symbols, and counts as a counterexample once exact
arithmetic confirms it.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import numpy.typing as npt
import sympy as sp

from refutable.prove import cells, deciding
from refutable.prove.answer import Answer
from refutable.prove.deciding import Decided
from refutable.prove.statement import Atom, Query
from refutable.text import many

Balls = npt.NDArray[Any]
"""An array of flint.arb, one axis for each coordinate of the cube that is left."""

LABEL, EMPTY, POINT = "balls", "no counterexample", "a counterexample"
MOST_BOXES = 10_000
"""How many boxes are looked at before the decider gives up; a clock would depend on the machine."""
MOST_COEFFICIENTS = 1_500_000
"""How many Bernstein coefficients all these boxes may have: many symbols make few boxes dear."""
MOST_CORNERS = 64
"""How many corners of a box are tried as counterexamples before the cells are called too coarse."""
PRECISION = 256
"""Bits of a ball's centre: Bernstein coefficients are scaled to integers and halved, so that up to
a depth of some 30 nothing is rounded, and a slack that touches 0 is seen to do so."""


def by() -> str:
    """The library and its version."""
    return f"ball arithmetic, python-flint {flint.__version__}"


def decided(
    name: str,
    assumptions: Iterable[Any],
    conclusion: Any,
    sums: str,
    *,
    most_boxes: int = MOST_BOXES,
) -> Decided:
    """The conclusion follows from the assumptions for all real values of the symbols.

    sums: how the statement stands for the general one. Undecided when the assumptions do not bound
    the symbols or the boxes ran out; Vacuous when nothing meets the assumptions. Raises ValueError
    for what is no statement about real numbers.
    """
    return deciding.decided_by(_Limited(most_boxes), name, assumptions, conclusion, sums)


def inhabited(name: str, assumptions: Iterable[Any], sums: str) -> Decided:
    """Some point meets the assumptions: one inside a cell, checked in exact arithmetic."""
    return deciding.inhabited(_Limited(MOST_BOXES), name, assumptions, sums)


@dataclass(frozen=True)
class _Limited:
    """The decider with a limit of its own."""

    most_boxes: int
    LABEL: str = LABEL
    EMPTY: str = EMPTY
    POINT: str = POINT

    def by(self) -> str:
        return by()

    def solve(self, query: Query, /) -> Answer:
        return solve(query, self.most_boxes)


def solve(query: Query, /, most_boxes: int = MOST_BOXES) -> Answer:
    """Whether some point meets all atoms.

    One atom that is an inequality is taken for the opposite of a conclusion, which then follows
    from the others or not.
    """
    if not query.atoms:
        return Answer(found="point")
    for number in reversed(range(len(query.atoms))):
        if query.atoms[number].operator in (">=", ">"):
            others = query.atoms[:number] + query.atoms[number + 1 :]
            break
    else:
        return _without_inequality(query, most_boxes)
    return _refuted(others, query.atoms[number].negated(), query, most_boxes)


def _without_inequality(query: Query, most_boxes: int) -> Answer:
    """Equations have no point where one of their sides is always above, or always below, 0."""
    answer = Answer(found="unknown", reason="there is no inequality to refute")
    for atom in query.atoms:
        if atom.operator != "==":
            continue
        others = tuple(other for other in query.atoms if other is not atom)
        for side in (atom.polynomial, -atom.polynomial):
            answer = _refuted(others, Atom(side, ">"), query, most_boxes)
            if answer.found != "unknown":
                return answer
    return answer


def _refuted(others: tuple[Atom, ...], conclusion: Atom, query: Query, most_boxes: int) -> Answer:
    """Look for a point of the query as a counterexample to: the others imply the conclusion."""
    search = _Search(others, conclusion, query, most_boxes)
    told = [other.relation for other in others]
    try:
        with _precision(PRECISION):
            try:
                search.run(cells.cases(told, conclusion.relation))
            except cells.UnboundedError:  # the opposite of the conclusion may be a bound, too
                search = _Search(others, conclusion, query, most_boxes)
                told.append(conclusion.negated().relation)
                search.run(cells.cases(told, conclusion.relation))
            point = search.witness or (_point_inside(query) if search.gave_up else None)
    except cells.UnboundedError as problem:
        return Answer(found="unknown", reason=str(problem))
    work = {"cells": len(search.used), "boxes": search.boxes, "halvings": search.deepest}
    if point is not None:
        return Answer(found="point", point=point, work=work)
    if search.gave_up:
        return Answer(
            found="unknown",
            reason=f"not decided with {many(search.boxes, 'box', 'boxes')}",
            work=work,
        )
    return Answer(
        found="empty",
        work=work,
        reductions=(*search.steps, *map(_readable_cell, search.used)),
        variables=_hulls(search.used),
    )


def _hulls(found: Sequence[cells.Cell]) -> dict[str, str]:
    """The smallest interval that holds every symbol's Bernstein coefficients on all cells."""
    names = found[0].ranges if found else {}
    hulls = {}
    for i, name in enumerate(names):
        ends = [end for cell in found for end in _ends(cell.values[i])]
        hulls[name] = f"[{min(ends)}, {max(ends)}]"
    return hulls


def _readable_cell(cell: cells.Cell) -> str:
    return "cell: " + ", ".join(f"{name} in {text}" for name, text in cell.ranges.items())


def _point(
    symbols: Sequence[sp.Symbol], values: Sequence[flint.fmpq]
) -> dict[sp.Symbol, sp.Rational]:
    rationals = (sp.Rational(int(v.p), int(v.q)) for v in values)
    return dict(zip(symbols, rationals, strict=True))


def _meets(query: Query, point: Mapping[sp.Symbol, sp.Rational]) -> bool:
    """Whether a rational point meets all atoms, in exact arithmetic."""
    return all(atom.met_at(point) for atom in query.atoms)


def _point_inside(query: Query) -> dict[sp.Symbol, sp.Rational] | None:
    """A point of the query that is the image of an inner point of a cube."""
    for case in cells.cases([atom.relation for atom in query.atoms]):
        for cover in case.covers():
            for cell, share in itertools.product(cover, (flint.fmpq(1, 2), flint.fmpq(1, 8))):
                point = _point(case.symbols, cell.at([share] * len(case.symbols)))
                if _meets(query, point):
                    return point
    return None


@contextmanager
def _precision(bits: int) -> Iterator[None]:
    before, flint.ctx.prec = flint.ctx.prec, bits
    try:
        yield
    finally:
        flint.ctx.prec = before


@dataclass
class _Box:
    """Part of a cell's cube. sides: of every coordinate. axes: coordinates that `b` still has."""

    cell: cells.Cell
    sides: tuple[tuple[Fraction, Fraction], ...]
    axes: tuple[int, ...]
    b: Balls
    depth: int

    def face(self, axis: int, end: int) -> _Box:
        """The face where the coordinate of this axis of `b` is at its low (0) or high (-1) end."""
        i = self.axes[axis]
        sides = list(self.sides)
        sides[i] = (sides[i][end], sides[i][end])
        axes = self.axes[:axis] + self.axes[axis + 1 :]
        b = np.array(np.moveaxis(self.b, axis, 0)[end], dtype=object)
        return _Box(self.cell, tuple(sides), axes, b, self.depth)

    def halves(self, axis: int) -> Iterator[_Box]:
        """Both halves along this axis of `b`, by de Casteljau's algorithm."""
        i = self.axes[axis]
        low, high = self.sides[i]
        middle = (low + high) / 2
        row = np.moveaxis(self.b, axis, 0)
        left, right = [row[0]], [row[-1]]
        while len(row) > 1:
            row = (row[:-1] + row[1:]) / 2
            left.append(row[0])
            right.append(row[-1])
        for part, side in ((left, (low, middle)), (right[::-1], (middle, high))):
            sides = list(self.sides)
            sides[i] = side
            b = np.moveaxis(np.array(part, dtype=object), 0, axis)
            yield _Box(self.cell, tuple(sides), self.axes, b, self.depth + 1)

    def bad_corners(self, strict: bool) -> Iterator[list[flint.fmpq]]:
        """Points of the cube where the slack is surely too small, and points a little inside."""
        for ends in itertools.product((0, -1), repeat=len(self.axes)):
            if self.b[ends] < 0 or (strict and self.b[ends] <= 0):
                corner = [low for low, _ in self.sides]
                for i, end in zip(self.axes, ends, strict=True):
                    corner[i] = self.sides[i][end]
                # A factor that was divided out may vanish at the corner, but not inside.
                for inside in (0, Fraction(1, 2**20), Fraction(1, 2**8), Fraction(1, 16)):
                    point = [x + (Fraction(1, 2) - x) * inside for x in corner]
                    yield [flint.fmpq(x.numerator, x.denominator) for x in point]


class _TooCoarseError(Exception):
    """The slack is negative somewhere on the cells, but not where the assumptions hold."""


@dataclass
class _Search:
    """One inequality, case by case; used and steps are the cells and reductions that decided it."""

    assumptions: tuple[Atom, ...]
    conclusion: Atom
    query: Query
    most_boxes: int
    boxes: int = 0
    coefficients: int = 0
    deepest: int = 0
    gave_up: bool = False
    witness: dict[sp.Symbol, sp.Rational] | None = None
    used: list[cells.Cell] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)

    @property
    def is_strict(self) -> bool:
        """Whether equality breaks the conclusion."""
        return self.conclusion.operator == ">"

    def run(self, cases: Sequence[cells.Case]) -> None:
        """Look for a counterexample in every case; there is none if it neither finds nor stops."""
        for case in cases:
            self.steps += [step for step in case.steps if step not in self.steps]
            if not self._decided(case):
                self.gave_up = True
            if self.gave_up or self.witness:
                return

    def _decided(self, case: cells.Case) -> bool:
        for cover in case.covers():
            try:
                decided = self._clear_all(case, cover)
            except _TooCoarseError:
                continue
            self.used += cover
            return decided
        return False

    def _clear_all(self, case: cells.Case, cover: cells.Cover) -> bool:
        """Whether every box of these cells became clear, or one held a counterexample."""
        waiting: list[tuple[float, int, _Box]] = []
        number = itertools.count()

        def wait(box: _Box) -> None:
            self.boxes += 1
            self.coefficients += box.b.size
            box = _on_faces(box)
            if not self._is_clear(box):
                smallest = float(min(x.lower() for x in box.b.flat))
                heapq.heappush(waiting, (smallest, next(number), box))

        goal = cells.polynomial(self.conclusion.polynomial, case.symbols)
        for cell in cover:
            for box in self._whole(cell, goal.compose(*cell.values)):
                wait(box)
        while waiting:
            _, _, box = heapq.heappop(waiting)  # the least clear one
            self._look_for_a_witness(case, box)
            if self.witness:
                return True
            spent = self.boxes >= self.most_boxes or self.coefficients >= MOST_COEFFICIENTS
            if spent or not box.axes:
                return False
            self.deepest = max(self.deepest, box.depth + 1)
            for half in box.halves(_widest(box.b)):
                wait(half)
        return True

    def _look_for_a_witness(self, case: cells.Case, box: _Box) -> None:
        below = False
        bad = box.bad_corners(self.is_strict)
        for t in itertools.islice(bad, MOST_CORNERS):
            below = True
            point = _point(case.symbols, box.cell.at(t))
            if _meets(self.query, point):
                self.witness = point
                return
        if below:
            raise _TooCoarseError

    def _whole(self, cell: cells.Cell, goal: cells.Polynomial) -> Iterator[_Box]:
        """The cube of a cell with what is left of the slack when factors of one sign are out."""
        strict = self.is_strict
        if goal.is_zero() and not strict:
            return
        rest = goal
        if not strict and not goal.is_constant():
            constant, factors = goal.factor()
            rest = goal.context().constant(1 if constant > 0 else -1)
            for factor, power in factors:
                if power % 2 == 0:
                    continue
                low, high = _ends(factor)
                if low < 0:
                    rest *= -1 if high <= 0 else factor
        axes, b, _ = _bernstein(rest)
        sides = ((Fraction(0), Fraction(1)),) * len(cell.values)
        yield _Box(cell, sides, axes, _as_balls(b), 0)

    def _is_clear(self, box: _Box) -> bool:
        if self.is_strict:
            return all(x > 0 for x in box.b.flat)
        return all(x >= 0 for x in box.b.flat)


def _ends(p: cells.Polynomial) -> tuple[Fraction, Fraction]:
    """The smallest and the largest Bernstein coefficient of p over the unit cube."""
    _, b, scale = _bernstein(p)
    ends = (min(b.flat), max(b.flat))
    low, high = (Fraction(int(end), scale) for end in ends)
    return low, high


def _bernstein(p: cells.Polynomial) -> tuple[tuple[int, ...], npt.NDArray[Any], int]:
    """The coordinates that p depends on, its Bernstein coefficients as integers, and their scale.

    With p = Σ a_i t^i of degree n, b_j = Σ_{i≤j} C(j,i)/C(n,i)·a_i, in every coordinate; at the
    ends of an axis they are values of p, and all values lie between the smallest and the largest.
    """
    degrees = [int(n) for n in p.degrees()]
    axes = tuple(i for i, n in enumerate(degrees) if n > 0)
    terms = p.to_dict()
    scale = math.lcm(1, *(int(c.q) for c in terms.values()))
    b = np.zeros([degrees[i] + 1 for i in axes], dtype=object)
    for powers, c in terms.items():
        b[tuple(int(powers[i]) for i in axes)] = int(c * scale)
    for axis, i in enumerate(axes):
        n = degrees[i]
        common = math.lcm(*(math.comb(n, k) for k in range(n + 1)))
        matrix = np.array(
            [[math.comb(j, k) * common // math.comb(n, k) for k in range(n + 1)]
             for j in range(n + 1)], dtype=object,
        )  # fmt: skip
        b = np.moveaxis(np.tensordot(matrix, b, axes=(1, axis)), 0, axis)
        scale *= common
    return axes, b, scale


_to_ball = np.frompyfunc(flint.arb, 1, 1)


def _as_balls(integers: npt.NDArray[Any]) -> Balls:
    return np.array(_to_ball(integers), dtype=object)


def _on_faces(box: _Box) -> _Box:
    """The face of the box on which the slack is smallest, as far as its differences tell."""
    axis = 0
    while axis < len(box.axes):
        row = np.moveaxis(box.b, axis, 0)
        steps = [*(row[1:] - row[:-1]).flat]  # a flat iterator is used up by being read
        if all(step >= 0 for step in steps):
            box, axis = box.face(axis, 0), 0
        elif all(step <= 0 for step in steps):
            box, axis = box.face(axis, -1), 0
        else:
            axis += 1
    return box


def _widest(b: Balls) -> int:
    """The axis along which neighbouring coefficients differ most."""
    return max(
        range(b.ndim),
        key=lambda axis: max(float(abs(x).upper()) for x in np.diff(b, axis=axis).flat),
    )
