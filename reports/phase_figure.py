"""Phase maps as SVG: colour for the background, a line for the theory, marks for trained models."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from refutable.reports.figure import GREEN, VERMILION, rendered


def svg(found: Mapping[str, Any]) -> str:
    """The picture of one map, as stored in phases.json."""
    return rendered(lambda figure: draw(figure, found)).decode("utf-8")


def draw(figure: Figure, found: Mapping[str, Any]) -> None:
    """The map: values, the predicted line, and the trained models on it."""
    figure.set_size_inches(6.4, 4.4)
    axes = figure.subplots()
    values = np.array([[np.nan if v is None else v for v in row] for row in found["values"]], float)
    mesh = axes.pcolormesh(
        found["x"], found["y"], values, shading="nearest", cmap="cividis", alpha=0.85
    )
    figure.colorbar(mesh, ax=axes).set_label(textwrap.fill(found["value_label"], 48), fontsize=8)
    if found["boundary"]:
        xs, ys = zip(*found["boundary"], strict=True)
        axes.plot(xs, ys, color="black", lw=2, ls="--", label=found["boundary_label"])
    for holds, colour, mark, word in (
        (True, GREEN, "o", "holds"), (False, VERMILION, "X", "does not"),
    ):  # fmt: skip
        points = [p for p in found["trained"] if p["holds"] is holds]
        axes.scatter(
            [p["x"] for p in points], [p["y"] for p in points], s=70, marker=mark,
            color=colour, edgecolor="white", zorder=3, clip_on=False,
            label=f"{found['trained_label']}: {word}" if points else None,
        )  # fmt: skip
    if "x" in found["logarithmic"]:
        axes.set_xscale("log")
    if "y" in found["logarithmic"]:
        axes.set_yscale("log")
    low, high = min(found["x"]), max(found["x"])
    margin = (high - low) * 0.06
    axes.set_xlim(low - margin, high + margin)
    if "y" not in found["logarithmic"]:
        low, high = min(found["y"]), max(found["y"])
        margin = (high - low) * 0.06
        axes.set_ylim(low - margin, high + margin)
    axes.set_xlabel(found["x_label"])
    axes.set_ylabel(found["y_label"])
    axes.set_title(found["title"], loc="left", fontsize=10)
    figure.legend(loc="outside lower center", fontsize=8)
