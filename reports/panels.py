"""The panels of a picture as numbers: where each stands, its axes, lines, marks and cells.

A page's script finds with these what is under the pointer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.figure import Figure

Panel = dict[str, Any]


def of(figure: Figure) -> list[Panel]:
    """The panels of a drawn figure in which something has a label, in points from the upper left.

    box: left, top, width and height. x, y: label, whether logarithmic, ends. lines: label, x and y
    of each, one point for a mark. cells: of a map borders and places of
    the cells in x and in y, their values, and the label of those.
    """
    width, height = 72 * figure.get_size_inches()
    return [found for axes in figure.axes if (found := _panel(axes, width, height))]


def _panel(axes: Axes, width: float, height: float) -> Panel | None:
    lines = [*_lines(axes), *_marks(axes)]
    cells = next(
        (_cells(axes, mesh) for mesh in axes.collections if isinstance(mesh, QuadMesh)), None
    )
    if axes.get_label() == "<colorbar>" or not (lines or cells):
        return None
    place = axes.get_position()
    box = (place.x0 * width, (1 - place.y1) * height, place.width * width, place.height * height)
    beside = axes.get_shared_x_axes().get_siblings(axes)
    above = axes.get_shared_y_axes().get_siblings(axes)
    return {
        "box": [round(float(length), 2) for length in box],
        "x": _axis([axes.xaxis, *(other.xaxis for other in beside)]),
        "y": _axis([axes.yaxis, *(other.yaxis for other in above)]),
        "lines": lines,
        "cells": cells,
    }


def _axis(shared: list[Axis]) -> list[Any]:
    """Label, whether logarithmic, and ends of the first; the label of the first that has one."""
    label = next((text for one in shared if (text := one.get_label_text())), "")
    ends = [float(end) for end in shared[0].get_view_interval()]
    return [_said(label).partition("   ")[0], shared[0].get_scale() == "log", *ends]


def _lines(axes: Axes) -> Iterator[list[Any]]:
    for line in axes.get_lines():
        if not str(line.get_label()).startswith("_"):
            yield [_said(line.get_label()), *map(_numbers, line.get_data(orig=False))]


def _marks(axes: Axes) -> Iterator[list[Any]]:
    for found in axes.collections:
        if isinstance(found, PathCollection) and not str(found.get_label()).startswith("_"):
            for x, y in np.asarray(found.get_offsets()):
                yield [_said(found.get_label()), _numbers([x]), _numbers([y])]


def _cells(axes: Axes, mesh: QuadMesh) -> dict[str, Any]:
    values: np.ndarray = np.ma.filled(np.ma.asarray(mesh.get_array(), float), np.nan)
    corners = np.asarray(mesh.get_coordinates())
    scales = axes.get_xscale(), axes.get_yscale()
    x, y = (
        [_numbers(borders), _numbers(_middles(borders, scale == "log"))]
        for borders, scale in zip((corners[0, :, 0], corners[:, 0, 1]), scales, strict=True)
    )
    return {
        "label": _said(mesh.colorbar.ax.get_ylabel()) if mesh.colorbar else "",
        "x": x,
        "y": y,
        "values": [_numbers(row) for row in values],
    }


def _middles(borders: np.ndarray, logarithmic: bool) -> np.ndarray:
    """The values with cells that reach half way to the next, the outer two alike on both sides."""
    at = np.log(borders) if logarithmic else borders
    found = [(at[0] + at[1]) / 2]
    for border in at[1:-1]:
        found.append(2 * border - found[-1])
    return np.exp(found) if logarithmic else np.array(found)


def _said(label: object) -> str:
    """A label on one line, as it was before it was made fit for a picture."""
    return " ".join(str(label).replace(r"\$", "$").strip("\u200a").split("\n"))


def _numbers(values: Any) -> list[float | None]:
    """Short numbers, null for what is none."""
    found = (float(value) for value in np.asarray(values, float))
    return [float(f"{value:.6g}") if math.isfinite(value) else None for value in found]
