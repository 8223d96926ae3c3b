"""Attention of vision transformers on images (Figure 1), and its diversity (Figure 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from refutable.reports.figure import BLUE, GREEN, GREY, ORANGE, VERMILION, words

Found = Mapping[str, Any]
SHADES = (BLUE, VERMILION, ORANGE, GREEN, "#CC79A7", "#56B4E9")
MARKS = ("o", "s", "^", "D", "v", "P")
CONTROL = "untrained"
MUCH = 4
"""Times uniform attention that is shown as much, at least: what is even looks like little."""


def attention(figure: Figure, found: Found) -> None:
    """A row for each network: attention of two queries, laid over every image."""
    images, maps, queries = found["images"], found["maps"], found["queries"]
    count = len(images)
    figure.set_size_inches(1.0 + 1.15 * 2 * count, 1.2 * len(maps) + 0.3)
    axes = figure.subplots(len(maps), 2 * count, squeeze=False)
    side = images.shape[1]
    largest = {
        label: max(float(np.max(values)), MUCH / np.asarray(values)[0, 0].size)
        for label, values in maps.items()
    }
    for row, (label, values) in enumerate(maps.items()):
        cell = side / values.shape[-1]
        for column, panel in enumerate(axes[row]):
            number, query = divmod(column, 2)
            panel.imshow(images[number].squeeze(), cmap="gray", vmin=0, vmax=1)
            panel.imshow(
                values[number, query], cmap="inferno", vmin=0, vmax=largest[label], alpha=0.6,
                extent=(-0.5, side - 0.5, side - 0.5, -0.5), interpolation="nearest",
            )  # fmt: skip
            r, c = queries[label][query]
            corner = (c * cell - 0.5, r * cell - 0.5)
            panel.add_patch(
                Rectangle(corner, cell, cell, fill=False, edgecolor="#56B4E9", linewidth=2)
            )
            panel.set_xticks([])
            panel.set_yticks([])
            panel.spines[:].set_visible(False)
            if row == 0:
                panel.set_title(f"query {query + 1}", fontsize=8)
        axes[row, 0].set_ylabel(words(label), fontsize=8)


def diversity(figure: Figure, found: Found) -> None:
    """Left: the last layer, a point for each network (or image) and a bar at their mean.

    Right: the mean of every layer.
    """
    groups = found["groups"]
    figure.set_size_inches(8.6, 3.6)
    left, right = figure.subplots(1, 2, sharey=True)
    for place, (label, rows) in enumerate(groups.items()):
        values = np.asarray(rows)
        shade = GREY if label == CONTROL else SHADES[place % len(SHADES)]
        mark = "x" if label == CONTROL else MARKS[place % len(MARKS)]
        last = values[:, -1]
        spread = (np.arange(len(last)) - (len(last) - 1) / 2) * 0.09
        left.scatter(place + spread, last, color=shade, marker=mark, s=22, zorder=3)
        left.hlines(last.mean(), place - 0.3, place + 0.3, color=shade, linewidth=2)
        right.plot(
            np.arange(1, values.shape[1] + 1), values.mean(axis=0), color=shade, marker=mark,
            markersize=4, label=words(label), linestyle=":" if label == CONTROL else "-",
        )  # fmt: skip
    left.set_xticks(range(len(groups)), [words(label) for label in groups], rotation=30, ha="right")
    left.set_ylabel("attention diversity")
    left.set_title(f"last layer, every {found.get('point', 'network')}")
    left.set_ylim(bottom=0)
    right.set_xlabel("layer")
    if max(np.asarray(rows).shape[1] for rows in groups.values()) <= 12:
        right.set_xticks(range(1, 1 + max(np.asarray(rows).shape[1] for rows in groups.values())))
    right.set_title("mean of every layer")
    right.legend(loc="upper left", bbox_to_anchor=(1, 1))


def conditions(figure: Figure, found: Found) -> None:
    """A row for each condition: a point for each network, and a line from mean to mean."""
    rows = found["rows"]
    figure.set_size_inches(6.2, 0.8 + 0.27 * len(rows))
    axes = figure.subplots()
    for place, methods in enumerate(rows.values()):
        means = [float(np.exp(np.log(values).mean())) for values in methods.values()]
        axes.plot(means, [place] * len(means), color=GREY, linewidth=1, zorder=1)
        for number, (label, values) in enumerate(methods.items()):
            axes.scatter(values, [place] * len(values), color=SHADES[number], marker=MARKS[number],
                         s=24, zorder=3, label=words(label) if place == 0 else None)  # fmt: skip
    axes.set_yticks(range(len(rows)), [words(row) for row in rows])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("attention diversity of the last layer")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.grid(axis="x", which="both", color="#E8E8E8")
    axes.set_axisbelow(True)
    figure.legend(loc="outside upper center", ncols=2)
