"""One trajectory as a picture: correlations over time, phases, and events beside their predictions.

Drawn from what `claims trace` found: its record, and the series of its trajectory by name.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from refutable.reports import trace
from refutable.reports.figure import BLUE, GREEN, GREY, VERMILION

MARKS = {"switch": "^", "half": "o", "done": "s"}
"""Marks of the events: small and full where measured, large and hollow where predicted."""
MEANINGS = {
    "switch": "T₁: own rate catches up",
    "half": "T½: attention ½",
    "done": "T*: loss gap reached",
}
FEATURES = {
    "phi_own": ("Φ own", BLUE, "-"),
    "phi_global": ("Φ global", VERMILION, "--"),
}
SMALL = {
    "phi_other": ("|Φ| of other areas", GREY, "-"),
    "upsilon_own": ("|Υ| of own area", BLUE, "--"),
    "upsilon_global": ("|Υ| of global area", VERMILION, "-."),
    "upsilon_other": ("|Υ| elsewhere", GREEN, ":"),
}
SHADES = ("#F2F2F2", "#DCDCDC")
"""Backgrounds of the first and the second phase."""
LABELLED = 0.16
"""The share of an axis from which a phase has room for its name."""

Record = Mapping[str, Any]
Series = Mapping[str, Any]


def draw(figure: Figure, record: Record, series: Series) -> None:
    """Feature and position correlations over log t, and around T_½ over t itself.

    record: as `claims trace --json` prints it. series: log_t and the correlations by name, each
    (T,). The columns over t are left out where attention one half is not reached after the start.
    """
    half = record["events"]["half"]
    log_t = np.asarray(series["log_t"], float)
    zoomed = half is not None and half["log_t"] > log_t[0]
    figure.set_size_inches(8.6, 5.6)
    axes = figure.subplots(
        2, 1 + zoomed, sharex="col", sharey="row", squeeze=False,
        width_ratios=(3, 2)[: 1 + zoomed], height_ratios=(3, 2),
    )  # fmt: skip
    for (above, below), origin in zip(axes.T, (None, half and half["log_t"]), strict=False):
        _features(above, record, series, origin)
        _small(below, record, series, origin)
        if origin is None:
            last = max([log_t[-1], *_times(record)])
            margin = 0.03 * (last - log_t[0]) or 1.0
            below.set_xlim(log_t[0] - margin, last + margin)
            below.set_xlabel("log t   (natural logarithm; t = step size × steps)")
        else:
            below.set_xlim(0, min(max(1.25, 1.1 * math.exp(log_t[-1] - origin)), 4))
            below.set_xlabel("t / T½   (linear)")
        for panel in (above, below):
            _shade(panel, record, origin, named=panel is above)
    axes[0, 0].set_ylabel("feature-position\ncorrelation Φ")
    axes[1, 0].set_ylabel("correlations that\nstay small (modulus)")
    figure.suptitle(_title(record), fontsize=9, x=0.01, ha="left")
    figure.legend(handles=list(_keys(record, series)), loc="outside lower center", ncols=4)


def phases(record: Record) -> list[tuple[float, float, str, str]]:
    """Between the events measured: log t at start and end, the phase's name, what is learned."""
    switch, half = (
        math.inf if event is None else event["log_t"]
        for event in (record["events"]["switch"], record["events"]["half"])
    )
    learned = f"the {'own' if _has_own(record) else 'global'} feature is learned"
    if math.isinf(half):
        learned = "attention ½ is not reached" if half > 0 else "attention above ½ from the start"
    elif record["events"]["done"] is None:
        learned = "attention ½ is reached, the loss gap is not"
    if switch == math.inf:
        found = [(-math.inf, half, "one phase", learned)]
    else:
        found = [
            (-math.inf, switch, "phase 1", "the global feature is given up"),
            (switch, half, "phase 2", learned),
        ]
    return [*found, (half, math.inf, "", "")]


def _times(record: Record) -> Iterator[float]:
    """Every time measured or predicted, log t."""
    for event in record["events"].values():
        if event is not None:
            yield event["log_t"]
            yield event["predicted"].get("log_t", -math.inf)


def _position(log_t: Any, origin: float | None) -> Any:
    """Where a time is drawn: log t, or t in units of e^origin."""
    return log_t if origin is None else np.exp(np.minimum(log_t - origin, 50.0))


def _features(axes: Axes, record: Record, series: Series, origin: float | None) -> None:
    x = _position(np.asarray(series["log_t"], float), origin)
    for name in _features_of(record):
        said, colour, dashes = FEATURES[name]
        values = np.asarray(series[name], float)
        axes.plot(x, values, color=colour, ls=dashes, lw=1.8, gid=name, label=said)
        for event, found in record["events"].items():
            if found is None or not math.isfinite(found["log_t"]):
                continue
            mark: dict[str, Any] = {"marker": MARKS[event], "color": colour, "ls": ""}
            measured = _position(found["log_t"], origin), found[name]
            short = f"{MEANINGS[event].partition(':')[0]}, {said}"
            axes.plot(*measured, ms=4.5, gid=f"{event} {name}", label=short, **mark)
            if name in (at := found["predicted"]):
                predicted = _position(at["log_t"], origin), at[name]
                mark |= {"ms": 10, "mfc": "none", "label": f"{short}, predicted"}
                axes.plot(*predicted, gid=f"predicted {event} {name}", **mark)
            elif "log_t" in at:
                time = _position(at["log_t"], origin)
                axes.axvline(time, color="black", ls=":", gid=f"predicted {event}")
    axes.axhline(0, color=GREY, lw=0.6)


def _small(axes: Axes, record: Record, series: Series, origin: float | None) -> None:
    x = _position(np.asarray(series["log_t"], float), origin)
    for name in _small_ones(record):
        said, colour, dashes = SMALL[name]
        if (size := _modulus(series, name)).any():
            shown = np.where(size > 0, size, np.nan)
            axes.plot(x, shown, color=colour, ls=dashes, lw=1.5, gid=name, label=said)
    axes.set_yscale("log")


def _modulus(series: Series, name: str) -> np.ndarray:
    size: np.ndarray = np.abs(np.asarray(series[name], float))
    return size


def _shade(axes: Axes, record: Record, origin: float | None, *, named: bool) -> None:
    low, high = axes.get_xlim()
    for (start, end, name, _), shade in zip(phases(record), SHADES, strict=False):
        a, b = (float(np.clip(_position(t, origin), low, high)) for t in (start, end))
        if name:
            axes.axvspan(a, b, color=shade, lw=0, zorder=0)
        if named and name and b - a >= LABELLED * (high - low):
            across = axes.get_xaxis_transform()
            axes.text((a + b) / 2, 1.02, name, transform=across, ha="center")


def _has_own(record: Record) -> bool:
    """Whether the own area is another than the global one."""
    return (record["setting"]["objective"], record["setting"]["query"]) == ("mae", "local")


def _features_of(record: Record) -> list[str]:
    return [name for name in FEATURES if _has_own(record) or name != "phi_own"]


def _small_ones(record: Record) -> list[str]:
    return [name for name in SMALL if _has_own(record) or name != "upsilon_own"]


def _title(record: Record) -> str:
    of = record["setting"]
    P = trace.patches(of)
    sizes = f"κ_c = {of['kappa_c']:.4g}, κ_s = {of['kappa_s']:.4g}, Δ = {trace.gap(of)}"
    said = [f"{name}: {what}" for *_, name, what in phases(record) if name]
    return (
        f"{of['objective'].upper()}, {of['query']} query, P = {P}, {sizes}, K = {of['clusters']}; "
        f"engine {record['engine']}\n" + "; ".join(said)
    )


def _keys(record: Record, series: Series) -> Iterator[Line2D]:
    for name in _features_of(record):
        label, colour, dashes = FEATURES[name]
        yield Line2D([], [], color=colour, ls=dashes, lw=1.8, label=label)
    absent = []
    for name in _small_ones(record):
        label, colour, dashes = SMALL[name]
        if _modulus(series, name).any():
            yield Line2D([], [], color=colour, ls=dashes, lw=1.5, label=label)
        else:
            absent.append(label)
    for event, mark in MARKS.items():
        if record["events"][event] is not None:
            yield Line2D([], [], color="black", marker=mark, ms=4.5, ls="", label=MEANINGS[event])
    predicted = [event["predicted"] for event in record["events"].values() if event is not None]
    if any("phi_global" in at for at in predicted):
        hollow: dict[str, Any] = {"marker": "o", "ms": 10, "mfc": "none", "ls": ""}
        yield Line2D([], [], color="black", label="hollow: predicted", **hollow)
    if any("log_t" in at and "phi_global" not in at for at in predicted):
        yield Line2D([], [], color="black", ls=":", label="predicted time")
    if absent:
        yield Line2D([], [], ls="", label=f"zero throughout: {', '.join(absent)}")
