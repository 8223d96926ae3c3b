"""Maps and answers: what is drawn and said is what was computed, and commands can be run."""

from __future__ import annotations

import ast
import inspect
import json
import math
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from refutable import catalogue
from refutable.auditing import answers, selection
from refutable.claims.bent import images, maps_of_cl, maps_of_mae, plans, questions
from refutable.cli import command_of
from refutable.reports import phase_figure
from refutable.reuse import cache


@pytest.fixture(autouse=True)
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.FOLDER, str(tmp_path / "runs"))


class TestMaps:
    """The background, the line and the points are three computations of one thing."""

    def test_a_local_query_gives_up_the_global_feature_above_the_line(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(
            maps_of_mae, "grid", lambda low, high, count: (low, (low + high) / 2, high)
        )
        found = maps_of_mae.exponents("quick")
        for kappa_s, row in zip(found.y, found.values, strict=True):
            for kappa_c, value in zip(found.x, row, strict=True):
                gap = images.information_gap(kappa_c, kappa_s)
                assert value == pytest.approx(max(gap, 0) / 2, abs=0.005)  # ½log 3/log P
        assert all(
            images.information_gap(x, y) == pytest.approx(0, abs=1e-9) for x, y in found.boundary
        )
        # At P = 36 a small positive gap switches before the first look: it is not asked about.
        by_gap = {images.information_gap(point.x, point.y): point.holds for point in found.trained}
        assert by_gap[max(by_gap)]
        assert not any(holds for gap, holds in by_gap.items() if gap < 0)
        assert min(by_gap) < -0.2
        answers.write([found], tmp_path / "phases.json")
        [stored] = json.loads((tmp_path / "phases.json").read_text())
        assert stored == json.loads(json.dumps(found.model_dump(mode="json")))
        [read] = answers.read_maps(tmp_path / "phases.json")
        assert found.title in phase_figure.svg(read)
        assert phase_figure.svg(read) == phase_figure.svg(read)

    def test_longer_training_and_smaller_steps_never_hurt(self) -> None:
        found = maps_of_mae.step_and_length("quick")
        assert (len(found.values), len(found.values[0])) == (len(found.y), len(found.x))
        small = [float(value) for value in found.values[0] if value is not None]
        assert len(small) == len(found.x)
        assert list(small) == sorted(small, reverse=True)
        assert small[-1] <= plans.EPSILON < small[0]
        values = [value for row in found.values for value in row]
        places = [(x, y) for y in found.y for x in found.x]
        for point, value, (x, y) in zip(found.trained, values, places, strict=True):
            assert point.holds == (value is not None and value <= plans.EPSILON)
            assert point.y == y
            assert abs(point.x - x) <= max(found.x) / 8 or y == max(found.y)  # nearest look

    def test_a_level_is_interpolated_where_it_is_crossed(self) -> None:
        values = ((0.0, 0.2, 0.4), (None, 0.2, 0.3), (0.5, 0.6, 0.7))
        line = maps_of_cl.level_line((0, 1, 2), (10, 20, 30), values, 0.25)
        assert line == ((1.25, 10.0), (1.5, 20.0))


def commands() -> list[str]:
    """Every command that an answer says it is reproduced by."""
    tree = ast.parse(inspect.getsource(questions))
    return [
        str(node.value.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "command"
        and isinstance(node.value, ast.Constant)
    ]  # fmt: skip


def test_every_answer_names_its_command() -> None:
    assert len(commands()) == 5


@pytest.mark.parametrize("text", commands())
def test_the_command_of_an_answer_can_be_run(text: str) -> None:
    """Its claims and dials exist, and give pairs that can be tried."""
    program, verb, *words = shlex.split(text)
    assert (program, verb) == ("claims", "audit")
    asked = command_of("audit").make_context("audit", words).params
    sources = ("refutable.claims",)
    plan = selection.Plan.read(selection.plan(sources))
    named = asked["select"], asked["assumptions"], asked["dials"]
    assert all(selection.choose(catalogue.load(sources), plan, *named, asked["profile"]))


def test_answers_are_strict_json_and_of_one_shape(tmp_path: Path) -> None:
    found = questions.near_zero("quick")
    assert all(len(row) == len(found.columns) for row in found.rows)
    answers.write([found], tmp_path / "questions.json")
    [stored] = json.loads((tmp_path / "questions.json").read_text())
    assert stored["question"] == found.question
    assert [tuple(row) for row in stored["rows"]] == list(found.rows)
    [read] = answers.read_answers(tmp_path / "questions.json")
    assert (read.rows, read.histogram) == (found.rows, found.histogram)


def picture(sizes: list[int]) -> images.Floats:
    """A crop of 196 patches, `sizes` of which share a colour and a texture each."""
    rng = np.random.default_rng(0)
    side = images.CROP // images.PATCH
    colours = rng.permutation(np.linspace(0.1, 0.9, len(sizes)))
    label = rng.permutation(np.repeat(np.arange(len(sizes)), sizes)).reshape(side, side)
    pixels = np.kron(colours[label], np.ones((images.PATCH, images.PATCH)))
    shades = np.stack([pixels, 1 - pixels, pixels**2], axis=-1)
    found: Any = shades + 0.1 * shades * rng.normal(size=shades.shape)
    return found


class TestImages:
    """The estimate of Δ finds areas that are known."""

    @pytest.mark.parametrize(
        ("sizes", "sign"), [([120, 19, 19, 19, 19], 1), ([46, 30, 30, 30, 30, 30], -1)]
    )
    def test_known_areas_are_found_and_give_the_sign_of_the_gap(
        self, sizes: list[int], sign: int
    ) -> None:
        assert sum(sizes) == 196
        found = images.sizes(picture(sizes), images.PATCH, len(sizes), 0)
        assert found.tolist() == sorted(sizes, reverse=True)
        kappa_c, kappa_s = images.exponents(found, 196)
        assert kappa_c == pytest.approx(math.log(sizes[0]) / math.log(196))
        assert kappa_s == pytest.approx(math.log(sizes[1]) / math.log(196))
        # data.gap-meaning: P^Δ = C_1²/(P·C_s)
        exact = math.log(sizes[0] ** 2 / (196 * sizes[1])) / math.log(196)
        assert images.information_gap(kappa_c, kappa_s) == pytest.approx(exact)
        assert exact * sign > 0

    def test_one_area_has_no_local_ones(self) -> None:
        assert images.exponents(np.array([196]), 196) == (1.0, 0.0)

    def test_the_interval_covers_a_known_mean(self) -> None:
        """In 95 % of cases: of 200 all but 10 ± 3·3, and a bootstrap of 40 is a bit narrow."""
        rng = np.random.default_rng(0)
        hit = 0
        for _ in range(200):
            found = images.interval(rng.normal(1.0, 2.0, size=40), rng)
            hit += found.low <= 1.0 <= found.high
        assert 175 <= hit <= 199

    def test_crops_are_whole(self) -> None:
        for image in images.photographs().values():
            cut = images.crops(image)
            assert cut
            assert {crop.shape for crop in cut} == {(images.CROP, images.CROP, 3)}
