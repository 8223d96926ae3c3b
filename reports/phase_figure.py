"""Phase maps as SVG: colour for the background, a line for the theory, marks for trained models."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from refutable.auditing.answers import PhaseMap
from refutable.reports.figure import GREEN, VERMILION, inline, rendered, words

MARGIN = 0.06
"""Of the length of an axis, beside its outermost values."""


def svg(found: PhaseMap) -> str:
    """The picture of one map, as stored in phases.json."""
    return rendered(lambda figure: draw(figure, found)).decode("utf-8")


def picture(found: PhaseMap) -> Markup:
    """The same as part of a page."""
    return inline(lambda figure: draw(figure, found), f"map: {found.title}")


def draw(figure: Figure, found: PhaseMap) -> None:
    """The map: values, the predicted line, and the trained models on it."""
    figure.set_size_inches(6.4, 4.4)
    axes = figure.subplots()
    values = np.array([[np.nan if v is None else v for v in row] for row in found.values], float)
    borders = [
        _borders(along, name in found.logarithmic)
        for name, along in (("x", found.x), ("y", found.y))
    ]
    mesh = axes.pcolormesh(*borders, values, cmap="cividis", alpha=0.85)
    label = textwrap.fill(words(found.value_label), 48)
    figure.colorbar(mesh, ax=axes).set_label(label, fontsize=8)
    if found.boundary:
        xs, ys = zip(*found.boundary, strict=True)
        axes.plot(xs, ys, color="black", lw=2, ls="--", label=words(found.boundary_label))
    for holds, colour, mark, word in (
        (True, GREEN, "o", "holds"), (False, VERMILION, "X", "does not"),
    ):  # fmt: skip
        points = [point for point in found.trained if point.holds is holds]
        axes.scatter(
            [point.x for point in points], [point.y for point in points], s=70, marker=mark,
            color=colour, edgecolor="white", zorder=3, clip_on=False,
            label=f"{words(found.trained_label)}: {word}" if points else None,
        )  # fmt: skip
    x = [*found.x, *(point.x for point in found.trained)]
    y = [*found.y, *(point.y for point in found.trained)]
    _scale(axes.set_xscale, axes.set_xlim, x, "x" in found.logarithmic)
    _scale(axes.set_yscale, axes.set_ylim, y, "y" in found.logarithmic)
    axes.set_xlabel(words(found.x_label))
    axes.set_ylabel(words(found.y_label))
    axes.set_title(words(found.title), loc="left", fontsize=10)
    figure.legend(loc="outside lower center", fontsize=8)


def _borders(values: Sequence[float], logarithmic: bool) -> np.ndarray:
    """Of each value's cell, half way to the next one on the axis as it is drawn."""
    at = np.log(values) if logarithmic else np.asarray(values, float)
    half = np.diff(at) / 2
    found: np.ndarray = np.concatenate(([at[0] - half[0]], at[:-1] + half, [at[-1] + half[-1]]))
    return np.exp(found) if logarithmic else found


def _scale(
    scale: Callable[[str], None],
    limits: Callable[[float, float], object],
    values: Sequence[float],
    logarithmic: bool,
) -> None:
    """Leave a margin beside the outermost values, of a logarithmic axis in its own measure.

    What stands nowhere on a logarithmic axis is left out.
    """
    if logarithmic:
        values = [value for value in values if value > 1e-100]
        low, high = min(values), max(values)
        scale("log")
        beside = (high / low) ** MARGIN
        limits(low / beside, high * beside)
    else:
        low, high = min(values), max(values)
        limits(low - (high - low) * MARGIN, high + (high - low) * MARGIN)
