"""Pictures show the numbers that were found, come out the same each time, and refuse bad paths."""

from __future__ import annotations

import json
import math
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from refutable.claims import tracing
from refutable.claims.comparison import pictures
from refutable.claims.comparison.diversity import NEAR
from refutable.claims.figures import pictures as real
from refutable.model.setting import Latents, Setting
from refutable.reports import figure, paper_figures, trajectory_figure

Claims = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "docs" / "figures"
TRACE = ("trace", "--objective", "mae", "--kappa-c", "0.9", "--kappa-s", "0.3")


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Any]]:
    synthetic = {name: compute(0) for name, compute in pictures.PICTURES.items()}
    return synthetic | {name: compute() for name, compute in real.PICTURES.items()}


@pytest.fixture(scope="module")
def files(
    tmp_path_factory: pytest.TempPathFactory, found: dict[str, dict[str, Any]]
) -> dict[str, Path]:
    """What is drawn of it."""
    here = tmp_path_factory.mktemp("drawn")
    return {name: paper_figures.write(name, picture, here) for name, picture in found.items()}


def drawn(found: tracing.Trace) -> list[Axes]:
    empty = Figure()
    trajectory_figure.draw(empty, found.record, found.frame())
    return empty.axes


def lines(axes: Axes) -> dict[str, Any]:
    return {str(line.get_gid()): line.get_xydata() for line in axes.lines if line.get_gid()}


# -------------------------------------------------------------------------------- one trajectory


@pytest.mark.parametrize(
    ("kappa_c", "query", "names"),
    [
        (0.9, "local", ("phi_own", "phi_global")),
        (0.6, "local", ("phi_own", "phi_global")),
        (0.9, "global", ("phi_global",)),
    ],
)
def test_events_and_series_are_drawn_where_the_record_has_them(
    kappa_c: float, query: Any, names: tuple[str, ...]
) -> None:
    trace = tracing.trace(Setting(P=10**25, kappa_c=kappa_c, kappa_s=0.3), "mae", query)
    over_log_t, over_t, *_ = drawn(trace)
    events, series = trace.record["events"], trace.frame()
    happened = {name: event for name, event in events.items() if event is not None}
    assert ("switch" in happened) == (
        len(names) == 2 and trace.trajectory.setting.information_gap > 0
    )
    half = events["half"]["log_t"]
    shown, zoomed = lines(over_log_t), lines(over_t)
    expected = set(names)
    for name in names:
        np.testing.assert_array_equal(shown[name], series[["log_t", name]])
        for event, measured in happened.items():
            for gid, at in (("", measured), ("predicted ", measured["predicted"])):
                gid = f"{gid}{event} {name}"
                expected.add(gid)
                [(log_t, phi)] = shown[gid]
                assert (log_t, phi) == (at["log_t"], at[name])
                [(share, phi)] = zoomed[gid]
                assert (share, phi) == (pytest.approx(math.exp(at["log_t"] - half)), at[name])
    assert shown.keys() == zoomed.keys() == expected


def test_phases_end_at_the_events_measured() -> None:
    trace = tracing.trace(Setting(P=10**25, kappa_c=0.9, kappa_s=0.3))
    events = trace.record["events"]
    for axes in drawn(trace)[::2]:
        patches: list[Any] = list(axes.patches)
        first, second = (patch.get_bbox() for patch in patches)
        assert (first.x1, second.x0) == (events["switch"]["log_t"],) * 2
        assert second.x1 == events["half"]["log_t"]


def test_what_stays_small_is_drawn_as_a_modulus() -> None:
    trace = tracing.trace(Setting(P=10**25, kappa_c=0.9, kappa_s=0.3))
    below = lines(drawn(trace)[2])
    assert set(below) == set(trajectory_figure.SMALL)
    for name, shown in below.items():
        np.testing.assert_array_equal(shown[:, 1], trace.frame()[name].abs())


def test_attention_of_one_half_from_the_start_is_no_event() -> None:
    setting = Setting(P=10**6, kappa_c=1.0, kappa_s=0.3, c_1=0.9, gamma=0.1)
    trace = tracing.trace(setting, "mae", "global")
    assert trace.record["events"]["half"]["log_t"] == -math.inf
    axes = drawn(trace)
    assert len(axes) == 2
    assert set(lines(axes[0])) == {"phi_global", "done phi_global", "predicted done phi_global"}


def test_a_trace_is_drawn_into_a_file(claims: Claims, tmp_path: Path) -> None:
    file = tmp_path / "trace.svg"
    done = claims(*TRACE, "--log10-P", "25", "--plot", str(file), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["events"]["switch"] is not None
    assert list(tmp_path.iterdir()) == [file]
    trace = tracing.trace(Setting(P=10**25, kappa_c=0.9, kappa_s=0.3))
    again = figure.rendered(
        lambda empty: trajectory_figure.draw(empty, trace.record, trace.frame())
    )
    assert file.read_bytes() == again


def test_a_time_predicted_alone_is_a_line() -> None:
    setting = Setting(P=10**40, kappa_c=0.9, kappa_s=0.3, K=8, latents=Latents.two_point(0.8, 1.2))
    trace = tracing.trace(setting, "cl")
    predicted = trace.record["events"]["half"]["predicted"]
    assert set(predicted) == {"log_t"}
    at = lines(drawn(trace)[0])["predicted half"][:, 0]
    assert set(at) == {predicted["log_t"]}


@pytest.mark.parametrize("loss_gap", [100.0, 0.2])
def test_a_trace_that_ends_early_is_drawn(loss_gap: float) -> None:
    trace = tracing.trace(
        Setting(P=64, kappa_c=0.9, kappa_s=0.3), engine="closed", loss_gap=loss_gap
    )
    assert trace.record["events"]["half"] is None
    [above, _] = drawn(trace)
    [(log_t, phi)] = lines(above)["done phi_global"]
    done = trace.record["events"]["done"]
    assert (log_t, phi) == (done["log_t"], done["phi_global"])
    low, high = above.get_xlim()
    assert low < log_t < high


@pytest.mark.parametrize(
    ("suffix", "start"), [(".svg", b"<?xml"), (".png", b"\x89PNG"), (".pdf", b"%PDF")]
)
def test_every_format_is_the_same_each_time(suffix: str, start: bytes) -> None:
    def draw(empty: Figure) -> None:
        empty.subplots().plot([0, 1], [1, 0], label="a line")

    assert figure.rendered(draw, suffix).startswith(start)
    assert figure.rendered(draw, suffix) == figure.rendered(draw, suffix)


@pytest.mark.parametrize(
    ("name", "message"),
    [("trace.txt", ".svg, .png, .pdf"), ("trace", ".svg"), ("no/folder.svg", "no folder")],
)
def test_a_bad_path_is_refused_before_anything_else(
    claims: Claims, tmp_path: Path, name: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # P is missing, too: that would be noticed next.
    done = claims(*TRACE, "--plot", name)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert "--plot" in done.stderr
    assert not list(tmp_path.iterdir())


# -------------------------------------------------------------------------- the paper's pictures


TRAINED = ("attention", "diversity", "mechanism", "real-attention", "real-diversity")
"""Pictures that take seconds to compute; another process has, when the docs were made (below)."""


def test_the_command_draws_every_picture_the_same_each_time(
    claims: Claims,
    tmp_path: Path,
    found: dict[str, dict[str, Any]],
    files: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for computing in (pictures.PICTURES, real.PICTURES):
        for name in computing.keys() & set(TRAINED):
            monkeypatch.setitem(computing, name, lambda *_, name=name: found[name])
    done = claims("figures", tmp_path / "new" / "folder")
    assert done.returncode == 0, done.stderr
    for name, file in files.items():
        assert (tmp_path / "new" / "folder" / f"{name}.svg").read_bytes() == file.read_bytes()
    assert len(done.stdout.split()) == len(found)


NUMBER = re.compile(r"-?[0-9]+\.[0-9]+(?:e-?[0-9]+)?")
MARK = re.compile(r"\b[mp][0-9a-f]{10}\b")
"""An id that matplotlib makes of all digits of a path."""


def test_the_docs_show_what_would_be_drawn_now(files: dict[str, Path]) -> None:
    """To a hundredth of a point, which nobody sees: further digits may be the processor's."""
    for name, file in files.items():
        kept, now = (
            MARK.sub("", path.read_text(encoding="utf-8"))
            for path in (COMMITTED / f"{name}.svg", file)
        )
        assert NUMBER.split(kept) == NUMBER.split(now), f"{name}: run make figures"
        before, after = (np.array(NUMBER.findall(text), float) for text in (kept, now))
        np.testing.assert_allclose(after, before, rtol=0, atol=0.01, err_msg="run make figures")


def test_a_file_in_place_of_the_folder_is_refused(claims: Claims, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    done = claims("figures", str(tmp_path / "taken"))
    assert done.returncode == 2
    assert "is a file" in done.stderr


def test_text_is_large_enough_to_read(found: dict[str, dict[str, Any]]) -> None:
    with mpl.rc_context(figure.STYLE):
        for name, picture in found.items():
            empty = Figure()
            paper_figures.DRAWN[name](empty, picture)
            sizes = [text.get_fontsize() for text in empty.findobj(Text) if text.get_text()]
            assert min(sizes) >= 8, name


def test_heat_maps_show_attention_that_sums_to_one(found: dict[str, dict[str, Any]]) -> None:
    empty = Figure()
    paper_figures.attention(empty, found["attention"])
    for axes, name in zip(empty.axes, ("mae", "cl"), strict=False):
        values = found["attention"][name]
        np.testing.assert_array_equal(axes.collections[0].get_array(), values)
        np.testing.assert_allclose(values.sum(axis=1), 1)
    favourites = [found["attention"][name].argmax(axis=1) for name in ("mae", "cl")]
    np.testing.assert_array_equal(favourites[0], np.arange(pictures.EXAMPLE.areas))
    np.testing.assert_array_equal(favourites[1], 0)


def test_images_hold_every_area_and_mask_what_the_ratio_says(
    found: dict[str, dict[str, Any]],
) -> None:
    shown, setting = found["data-model"], pictures.EXAMPLE
    for areas, visible in zip(shown["areas"], shown["visible"], strict=True):
        np.testing.assert_array_equal(np.bincount(areas.ravel()), setting.area_sizes)
        assert (~visible).sum() == setting.M


def test_hilberts_curve_visits_every_cell_by_single_steps() -> None:
    cells = pictures.hilbert(4)
    assert {tuple(cell) for cell in cells} == set(np.ndindex(16, 16))
    np.testing.assert_array_equal(np.abs(np.diff(cells, axis=0)).sum(axis=1), 1)


def test_bars_and_curves_are_the_numbers_found(found: dict[str, dict[str, Any]]) -> None:
    empty = Figure()
    paper_figures.mechanism(empty, found["mechanism"])
    for model, bars in zip(
        found["mechanism"]["models"], empty.axes[0].containers[1::2], strict=True
    ):
        means = [values.mean() for values in model["attention"].values()]
        assert [bar.get_height() for bar in bars] == means
    empty = Figure()
    paper_figures.diversity(empty, found["diversity"])
    for axes, panel in zip(empty.axes, found["diversity"]["panels"], strict=True):
        limit, mae, cl, at_end = (np.asarray(line.get_ydata()) for line in axes.lines)
        [band] = [patch for patch in axes.patches if patch.get_gid() == "near enough"]
        low, high = band.get_extents().transformed(axes.transData.inverted()).intervaly
        assert (low, high) == pytest.approx((limit[0] - NEAR, limit[0] + NEAR))
        assert set(limit) == {panel["limit"]}
        assert at_end == [panel["extrapolated"]]
        np.testing.assert_array_equal(mae[1:], panel["mae"]["diversity"])
        np.testing.assert_array_equal(cl[1:], panel["cl"]["diversity"])


def test_what_is_shown_in_the_readme_is_there_and_small() -> None:
    shown = re.findall(r"\]\((docs/figures/[^)]+)\)", (ROOT / "README.md").read_text("utf-8"))
    assert len(shown) >= 2
    assert {path.stem for path in COMMITTED.iterdir()} == {*pictures.PICTURES, *real.PICTURES}
    for path in shown:
        assert (ROOT / path).exists()
    for path in COMMITTED.iterdir():
        assert path.stat().st_size < 150_000
