"""The paper's pictures on its own data model, drawn from plain numbers."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from scipy import ndimage

from refutable.reports import attention_figure, trajectory_figure
from refutable.reports.figure import BLUE, GREEN, GREY, ORANGE, VERMILION
from refutable.reports.figure import write as keep

Found = Mapping[str, Any]

GLOBAL_SHADE = "#D0D0D0"
LOCAL_SHADES = (BLUE, ORANGE, GREEN, "#F0E442", "#56B4E9", VERMILION, "#CC79A7", "#FFFFFF")
"""Local areas; every patch carries its area's number as well."""


def trajectory(figure: Figure, found: Found) -> None:
    """Correlations of one query over time."""
    trajectory_figure.draw(figure, found["record"], found["series"])


def attention(figure: Figure, found: Found) -> None:
    """Attention from areas to areas, the two trained models side by side (Figure 1)."""
    figure.set_size_inches(8.6, 4.1)
    panels = figure.subplots(1, 2, sharey=True)
    titles = {
        "mae": "MAE: each area attends to itself",
        "cl": "CL: every area attends to the global one",
    }
    for axes, (name, title) in zip(panels, titles.items(), strict=True):
        values = np.asarray(found[name])
        mesh = axes.pcolormesh(
            values, cmap="cividis", vmin=0, vmax=1, edgecolors="face", linewidth=0.3
        )
        for (i, j), value in np.ndenumerate(values):
            if value >= 0.095:
                shade = "white" if value < 0.5 else "black"
                axes.text(j + 0.5, i + 0.5, f".{100 * value:02.0f}", color=shade, ha="center",
                          va="center", fontsize=8)  # fmt: skip
        areas = len(values)
        axes.set_xticks(np.arange(areas + 1) + 0.5, [*range(1, areas + 1), "masked"])
        axes.set_yticks(np.arange(areas) + 0.5, range(1, areas + 1))
        axes.tick_params(length=0)
        axes.set_aspect("equal")
        axes.spines[:].set_visible(False)
        axes.set_xlabel("area of the keys (1: global)")
        axes.set_title(title)
    panels[0].set_ylabel("area of the query (1: global)")
    panels[0].invert_yaxis()
    figure.suptitle(_sizes(found["setting"]), fontsize=9)
    bar = figure.colorbar(mesh, ax=panels, shrink=0.8)
    bar.set_label("mean attention (share of the whole)")


def data_model(figure: Figure, found: Found) -> None:
    """An image of each cluster, whole and masked (Figure 2)."""
    areas, visible = np.asarray(found["areas"]), np.asarray(found["visible"])
    clusters = len(areas)
    figure.set_size_inches(2.6 * clusters, 5.7)
    panels = figure.subplots(2, clusters, squeeze=False)
    for k in range(clusters):
        _image(panels[0, k], areas[k], np.ones_like(visible[k]))
        _image(panels[1, k], areas[k], visible[k])
        panels[0, k].set_title(f"cluster {k + 1}")
    panels[0, 0].set_ylabel("the image X")
    panels[1, 0].set_ylabel("its masked version M(X)")
    of = found["setting"]
    figure.supxlabel(
        f"{of['P']} patches in numbered areas: 1 is the global one ({of['C_1']} patches), the "
        f"others are local ({of['C_s']} each).\nClusters cut the same patches differently, and "
        f"have features of their own. Hatched: masked ({of['gamma']:.0%}).",
        fontsize=9,
    )  # fmt: skip


def _image(axes: Axes, areas: np.ndarray, visible: np.ndarray) -> None:
    rows, columns = areas.shape
    axes.add_patch(_cells(~visible, fc="white", ec="#A0A0A0", hatch="////", lw=0.5))
    for area in np.unique(areas):
        shade = LOCAL_SHADES[(area - 1) % len(LOCAL_SHADES)] if area else GLOBAL_SHADE
        chosen = visible & (areas == area)
        axes.add_patch(_cells(chosen, fc=shade, ec="white", lw=0.5))
        for row, column in _middles(chosen):
            axes.text(column + 0.5, row + 0.5, str(area + 1), ha="center", va="center",
                      color=_readable_on(shade))  # fmt: skip
    upright = [[(j + 1, i), (j + 1, i + 1)] for i, j in np.argwhere(np.diff(areas, axis=1))]
    level = [[(j, i + 1), (j + 1, i + 1)] for i, j in np.argwhere(np.diff(areas, axis=0))]
    codes = [Path.MOVETO, Path.LINETO] * len(upright + level)
    borders = Path(np.reshape(upright + level, (-1, 2)), codes)
    axes.add_patch(PathPatch(borders, fc="none", ec="black", lw=1.2))
    axes.add_patch(Rectangle((0, 0), columns, rows, fc="none", ec="black", lw=1.2))
    axes.set(xlim=(-0.1, columns + 0.1), ylim=(rows + 0.1, -0.1), aspect="equal", xticks=[],
             yticks=[])  # fmt: skip
    axes.spines[:].set_visible(False)


def _middles(chosen: np.ndarray) -> Iterator[np.ndarray]:
    """Of each connected part of the cells chosen, the cell closest to its middle."""
    parts, count = ndimage.label(chosen)
    for part in range(1, count + 1):
        cells = np.argwhere(parts == part)
        yield cells[((cells - cells.mean(axis=0)) ** 2).sum(axis=1).argmin()]


def _cells(chosen: np.ndarray, **look: Any) -> PathPatch:
    """One path for all cells chosen, which keeps the file small."""
    square = Path.unit_rectangle()
    placed = [
        square.transformed(Affine2D().translate(column, row)) for row, column in np.argwhere(chosen)
    ]
    return PathPatch(Path.make_compound_path(*placed), **look)


def _readable_on(shade: str) -> str:
    luminance = np.dot((0.299, 0.587, 0.114), to_rgb(shade))
    return "black" if luminance > 0.5 else "white"


def diversity(figure: Figure, found: Found) -> None:
    """Attention diversity of the two models while they are trained (Figure 3)."""
    panels = found["panels"]
    figure.set_size_inches(8.6, 3.6)
    axes_of = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, panel in zip(axes_of, panels, strict=True):
        limit, near = panel["limit"], panel["near"]
        axes.axhspan(limit - near, limit + near, color=BLUE, alpha=0.15, lw=0, gid="near enough",
                     label=f"near enough to it: ± {near:g}")  # fmt: skip
        axes.axhline(limit, color=GREY, ls=":", lw=1.5, label="limit claimed for MAE")
        for name, colour, mark, dashes in (("mae", BLUE, "o", "-"), ("cl", VERMILION, "s", "--")):
            shares = [0, *panel[name]["shares"]]
            values = [0, *panel[name]["diversity"]]
            axes.plot(shares, values, color=colour, marker=mark, ls=dashes, ms=5, clip_on=False,
                      label=name.upper(), zorder=3)  # fmt: skip
        axes.plot([1], [panel["extrapolated"]], color=BLUE, marker="D", mfc="none", ms=8, ls="",
                  clip_on=False, zorder=4, label="MAE, at complete attention")  # fmt: skip
        axes.set(xlabel="share of the training time", xlim=(0, 1), ylim=(0, 1),
                 title=_sizes(panel["setting"]))  # fmt: skip
    axes_of[0].set_ylabel("attention diversity D\n(mean distance of two queries, 0 to 1)")
    handles, labels = axes_of[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)


def mechanism(figure: Figure, found: Found) -> None:
    """Own attention with correlations removed, and what is left of a global patch (Figure 4)."""
    models: Sequence[Found] = found["models"]
    figure.set_size_inches(8.6, 3.6)
    left, right = figure.subplots(1, 2, width_ratios=(3, 1))
    edits = list(models[0]["attention"])
    for number, (model, colour, hatch) in enumerate(
        zip(models, (BLUE, ORANGE), ("", "///"), strict=True)
    ):
        look = {"width": 0.38, "color": colour, "hatch": hatch, "edgecolor": "white"}
        at = 0.4 * (number - 0.5)
        _bars(left, np.arange(len(edits)) + at, list(model["attention"].values()),
              label=_sizes(model["setting"]), **look)  # fmt: skip
        _bars(right, np.array([at]), [model["weight"]], **look)
    left.set_xticks(range(len(edits)), [edit.replace(" set", "\nset") for edit in edits])
    left.set_xlabel("correlations of the trained MAE (whiskers: least and greatest patch)")
    left.set_ylabel("attention of a masked local\npatch on its own area")
    left.set_ylim(0, 1)
    right.set_xticks([0], ["weight of a global patch\nover that at the start"])
    right.axhline(1, color=GREY, ls=":", lw=1.5)
    right.set_ylim(0, 1.05)
    right.set_ylabel("exp(z Φ global)")
    for axes in (left, right):
        axes.tick_params(axis="x", length=0)
    figure.legend(loc="outside lower center", ncols=2)


def _bars(axes: Axes, at: np.ndarray, values: Sequence[np.ndarray], **look: Any) -> None:
    """Means as bars, with the range from the smallest to the largest."""
    mean = np.array([np.mean(v) for v in values])
    reach = [[m - np.min(v), np.max(v) - m] for m, v in zip(mean, values, strict=True)]
    axes.bar(at, mean, yerr=np.transpose(reach), capsize=3, ecolor="black", **look)


def _sizes(of: Mapping[str, float]) -> str:
    gap = f"{of['gap']:+.2f}".replace("-", "−")
    return f"Δ = {gap} (P = {of['P']}, C₁ = {of['C_1']}, Cₛ = {of['C_s']})"


DRAWN: dict[str, Callable[[Figure, Found], None]] = {
    "trajectory-mae": trajectory,
    "trajectory-cl": trajectory,
    "attention": attention,
    "data-model": data_model,
    "diversity": diversity,
    "mechanism": mechanism,
    "real-attention": attention_figure.attention,
    "real-diversity": attention_figure.diversity,
    "real-conditions": attention_figure.conditions,
    "own-attention": attention_figure.attention,
    "own-diversity": attention_figure.diversity,
    "published-attention": attention_figure.attention,
    "published-diversity": attention_figure.diversity,
}
"""How each picture is drawn, by its name."""


def write(name: str, found: Found, folder: pathlib.Path) -> pathlib.Path:
    """Write the picture of that name into the folder, as SVG; returns the file."""
    path = folder / f"{name}.svg"
    keep(lambda figure: DRAWN[name](figure, found), path)
    return path
