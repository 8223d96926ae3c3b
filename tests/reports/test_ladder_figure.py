"""The picture of a ladder is drawn of any numbers that a file can hold."""

from __future__ import annotations

import itertools
import re

import pytest

from refutable import scaling
from refutable.records.results import SeriesRecord
from refutable.reports import ladder_figure
from refutable.series import Series


def drawn(x: list[float]) -> str:
    sizes = [float(size) for size in range(1, 1 + len(x))]
    gaps = scaling.limit("y", sizes, [1 + 1e-3 / s for s in sizes], 1.0, tolerance=1, why="x")
    series = next(gap.series for gap in gaps if isinstance(gap.series, Series))
    record = SeriesRecord.of(series).model_copy(update={"x": tuple(x)})
    return str(ladder_figure.svg(record))


@pytest.mark.parametrize(
    "x",
    [
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        [6.0, 5.0, 4.0, 3.0, 2.0, 1.0],
        [-1e308, 1.0, 2.0, 3.0, 4.0, 5.0],
        [-1.7e308, 0.0, 1.0, 2.0, 3.0, 1.7e308],
        [0.0, 1e308, 1.0, 2.0, 3.0, 1.0],
    ],
)
def test_every_rung_lies_between_the_ends(x: list[float]) -> None:
    line = re.search(r'class="line" d="([^"]*)"', drawn(x))
    assert line
    steps = [tuple(map(int, step.split(","))) for step in line[1].removeprefix("m").split()]
    assert len(steps) == len(x)
    for axis, end in enumerate((ladder_figure.WIDTH, ladder_figure.HEIGHT)):
        places = list(itertools.accumulate(step[axis] for step in steps))
        assert 0 <= min(places) <= max(places) <= end


@pytest.mark.parametrize("x", [[2.0] * 6, [0.0, 5e-324, 0.0, 0.0, 0.0, 0.0]])
def test_a_ladder_without_width_is_not_drawn(x: list[float]) -> None:
    assert drawn(x) == ""
