"""Gram: positive semidefinite matrices that meet linear equations, found in floats, made exact.

What is wanted are matrices Q of fractions with v'Qv summing to a given polynomial. Floats say
where to look: a point inside the cone, by Newton's method with a barrier. It is rounded, the
equations are solved exactly for the rest, and LDL' over fractions says whether it is still inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = list[list[Fraction]]
Place = tuple[int, int, int]
"""Block, row and column of an entry, row ≤ column."""
STEPS = 100
"""Newton steps, after which no point inside is thought to exist."""
FARTHEST = 1e9
"""Weight of being inside against staying away from the walls: beyond, there is no inside."""
GRIDS = (2**6, 2**10, 2**16, 2**24, 2**34)
"""Denominators to which entries are rounded, coarse ones first: their certificates are shorter."""


def found(
    sizes: Sequence[int],
    equations: Sequence[tuple[Mapping[Place, Fraction], Fraction]],
) -> list[Matrix] | None:
    """Positive semidefinite blocks of these sizes that meet all equations, if any are found.

    equations: coefficients by entry, of the upper triangle, and what they sum to.
    """
    places = [(b, i, j) for b, n in enumerate(sizes) for i in range(n) for j in range(i, n)]
    number = {place: n for n, place in enumerate(places)}
    solved = solutions(
        len(places),
        [({number[at]: a for at, a in part.items()}, total) for part, total in equations],
    )
    if solved is None:
        return None
    constant, slopes = solved
    try:
        with np.errstate(over="raise", invalid="raise"):
            numbers = _inside(sizes, places, constant, slopes)
    except (ArithmeticError, np.linalg.LinAlgError):  # beyond floats, or a wall within rounding
        return None
    if numbers is None:
        return None
    for grid in GRIDS:
        chosen = [Fraction(round(y * grid), grid) for y in numbers]
        entries = [
            c + sum((a * y for a, y in zip(row, chosen, strict=True) if a), Fraction(0))
            for c, row in zip(constant, slopes, strict=True)
        ]
        blocks = [[[Fraction(0)] * n for _ in range(n)] for n in sizes]
        for (b, i, j), value in zip(places, entries, strict=True):
            blocks[b][i][j] = blocks[b][j][i] = value
        if all(squares(block) is not None for block in blocks):
            return blocks
    return None


def squares(matrix: Matrix) -> list[tuple[Fraction, list[Fraction]]] | None:
    """Weights ≥ 0 and rows with x'Mx = sum of weight times (row·x)²; None where there are none."""
    size, left = len(matrix), [list(row) for row in matrix]
    terms = []
    for k in range(size):
        pivot = left[k][k]
        if pivot < 0 or (pivot == 0 and any(left[k][j] for j in range(k, size))):
            return None
        if pivot == 0:
            continue
        row = [Fraction(0)] * k + [left[k][j] / pivot for j in range(k, size)]
        terms.append((pivot, row))
        for i in range(k + 1, size):
            for j in range(k + 1, size):
                left[i][j] -= pivot * row[i] * row[j]
    return terms


def solutions(
    width: int, equations: Sequence[tuple[Mapping[int, Fraction], Fraction]]
) -> tuple[list[Fraction], list[list[Fraction]]] | None:
    """Every unknown as a constant plus slopes times the free ones; None where nothing solves it.

    width: how many unknowns there are. equations: coefficients by unknown, and what they sum to.
    """
    import flint

    table = flint.fmpq_mat(len(equations), width + 1)
    for row, (coefficients, total) in enumerate(equations):
        for n, value in [*coefficients.items(), (width, total)]:
            table[row, n] = flint.fmpq(value.numerator, value.denominator)
    reduced, rank = table.rref()
    entries: list[list[Any]] = reduced.tolist()[:rank]
    pivots = [next(n for n, value in enumerate(row) if value) for row in entries]
    if width in pivots:
        return None
    free = [n for n in range(width) if n not in set(pivots)]
    constant = [Fraction(0)] * width
    slopes = [[Fraction(0)] * len(free) for _ in range(width)]
    for number, n in enumerate(free):
        slopes[n][number] = Fraction(1)
    for pivot, line in zip(pivots, entries, strict=True):
        constant[pivot] = _fraction(line[-1])
        for number, n in enumerate(free):
            if line[n]:
                slopes[pivot][number] = -_fraction(line[n])
    return constant, slopes


def _fraction(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def _inside(
    sizes: Sequence[int],
    places: Sequence[Place],
    constant: Sequence[Fraction],
    slopes: Sequence[Sequence[Fraction]],
) -> NDArray[np.float64] | None:
    """Free entries at which every block is positive definite, well inside; None where none is."""
    base = [np.zeros((n, n)) for n in sizes]
    lines = [np.zeros((len(slopes[0]) if slopes else 0, n, n)) for n in sizes]
    for place, c, row in zip(places, constant, slopes, strict=True):
        b, i, j = place
        base[b][i, j] = base[b][j, i] = float(c)
        lines[b][:, i, j] = lines[b][:, j, i] = [float(a) for a in row]
    y = np.zeros(lines[0].shape[0])
    if not len(y):
        return y
    least = min(float(np.linalg.eigvalsh(block)[0]) for block in base if len(block))
    t, weight = least - 1.0, 2.0 * sum(sizes)
    for _ in range(STEPS):
        gradient, hessian = np.zeros(len(y) + 1), 1e-9 * np.eye(len(y) + 1)
        halves = []
        for block, line in zip(base, lines, strict=True):
            if not len(block):
                continue
            now = block + np.tensordot(y, line, 1) - t * np.eye(len(block))
            root = np.linalg.inv(np.linalg.cholesky(now))
            moves = np.concatenate([line, -np.eye(len(block))[None]])
            turned = root @ moves @ root.T
            gradient -= np.trace(turned, axis1=1, axis2=2)
            flat = turned.reshape(len(moves), -1)
            hessian += flat @ flat.T
            halves.append(turned)
        gradient[-1] -= weight
        move = -np.linalg.solve(hessian, gradient)
        decrement = float(-gradient @ move)
        shrinks = max(-float(np.linalg.eigvalsh(np.tensordot(move, h, 1))[0]) for h in halves)
        length = min(1.0, 0.8 / shrinks) if shrinks > 0 else 1.0
        y, t = y + length * move[:-1], t + length * float(move[-1])
        if t > 0 and decrement < 1:
            return y
        if decrement < 1:
            weight *= 5.0
            if weight > FARTHEST:
                return None
    return None
