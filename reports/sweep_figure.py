"""Traces of several configurations as a picture: times of the events over a parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from refutable.reports.figure import BLUE, GREEN, GREY, ORANGE, VERMILION
from refutable.reports.sweep import EVENTS, SYMBOLS
from refutable.reports.trajectory_figure import MARKS

if TYPE_CHECKING:
    import pandas as pd

COLOURS = (BLUE, VERMILION, GREEN, ORANGE, GREY)


def draw(figure: Figure, frame: pd.DataFrame, varied: Sequence[str]) -> None:
    """Times over the first parameter, a colour per value of the second; hollow: predicted."""
    figure.set_size_inches(6.4, 4.4)
    axes = figure.subplots()
    over, *others = varied
    groups = list(frame.groupby(others[0])) if others else [(None, frame)]
    keys = []
    for number, (value, rows) in enumerate(groups):
        colour = COLOURS[number % len(COLOURS)]
        dashes = ("-", "--", "-.", ":")[number // len(COLOURS) % 4]
        for event, mark in MARKS.items():
            measured, predicted = rows[f"log_t_{event}"], rows[f"log_t_{event}_predicted"]
            named = EVENTS[event] + (f", {SYMBOLS[others[0]]} = {value:g}" if others else "")
            style: dict[str, Any] = {"color": colour, "marker": mark}
            axes.plot(rows[over], measured.astype(float), ms=4.5, lw=1, ls=dashes, label=named,
                      **style)  # fmt: skip
            axes.plot(rows[over], predicted.astype(float), ms=10, mfc="none", ls="",
                      label=f"{named}, predicted", **style)  # fmt: skip
        if value is not None:
            label = f"{SYMBOLS[others[0]]} = {value:g}"
            keys.append(Line2D([], [], color=colour, ls=dashes, label=label))
    for event, mark in MARKS.items():
        if frame[f"log_t_{event}"].notna().any():
            keys.append(Line2D([], [], color="black", marker=mark, ls="", label=EVENTS[event]))
    keys.append(
        Line2D([], [], color="black", marker="o", ms=10, mfc="none", ls="", label="predicted")
    )
    axes.set_xlabel(SYMBOLS[over])
    axes.set_ylabel("log t   (natural logarithm; t = step size × steps)")
    figure.legend(handles=keys, loc="outside lower center", ncols=5)
