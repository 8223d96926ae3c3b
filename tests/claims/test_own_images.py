"""Images of the user's own: from a folder to a verdict and to pictures, by the command line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from refutable import check
from refutable.claim import Kind, Mistake, Verdict
from refutable.claims.figures import image_sets, own
from refutable.cli import cli, options
from refutable.errors import MissingFileError, UsageError
from refutable.model.transformers import images, one_layer
from refutable.reuse import shared
from refutable.selftest import planted


def save(place: Path, name: str, width: int, height: int, seed: int = 0) -> None:
    """A picture with areas: large discs on a slope, as a photograph has them, and some noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    pixels = 60.0 + 60 * x / width + rng.normal(0, 4, size=(height, width))
    for _ in range(40):
        at, radius = rng.uniform(0, (width, height)), rng.uniform(8, 50)
        pixels[np.hypot(x - at[0], y - at[1]) < radius] += rng.uniform(-60, 90)
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(place / name)


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    place = tmp_path / "photographs"
    place.mkdir()
    for number in range(3):
        save(place, f"{number}.png", 300 + 100 * number, 280, number)
    return place


def test_crops_are_of_the_size_that_is_asked_for_and_know_their_folder(photographs: Path) -> None:
    name = images.identified(photographs)
    found = images.own(name, 64, train=30, test=6)
    assert found.train.shape == (30, 1, 64, 64)
    assert found.test.shape == (6, 1, 64, 64)
    assert found.labels.tolist() == [0] * 10 + [1] * 10 + [2] * 10
    assert float(found.train.mean()) == pytest.approx(0, abs=1e-5)
    save(photographs, "3.png", 300, 300)
    assert images.identified(photographs) != name
    images.own.cache_clear()
    with pytest.raises(images.ImageProblem, match="has changed"):
        images.own(name, 64)


def test_crops_for_tests_come_from_the_right_quarter() -> None:
    """Of a picture that is darker to its left, crops for training are darker than for tests."""
    slope = torch.arange(256.0).repeat(256, 1)
    found = images.crops("slope", [slope, slope], 64, train=40, test=8)
    assert float(found.train.max()) < float(found.test.min())


def test_folders_of_which_no_crops_can_be_taken_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, small, broken = (tmp_path / name for name in ("one", "small", "broken"))
    for place in (one, small, broken):
        place.mkdir()
        save(place, "a.png", 300, 300)
    save(small, "b.png", 300, 255)
    (broken / "b.png").write_bytes(b"no png")
    for place, said in (
        (one, "one holds one image; 2 are needed"),
        (small, "b.png has 300 × 255 pixels; 256 × 256 are needed"),
        (broken, "b.png cannot be read as an image"),
        (tmp_path / "missing", "there is no such folder"),
    ):
        with pytest.raises(images.ImageProblem, match=re.escape(said)):
            images.identified(place)
    monkeypatch.setenv(image_sets.VARIABLE, "")  # is set, and put back
    with pytest.raises(UsageError, match="300 × 255 pixels"):
        options.given(None, small, None)


def test_an_image_of_one_colour_is_refused(tmp_path: Path) -> None:
    for name in "ab":
        Image.new("L", (256, 256), 7).save(tmp_path / f"{name}.png")
    with pytest.raises(images.ImageProblem, match="one colour"):
        images.own(images.identified(tmp_path), 32)


def test_the_networks_that_ship_look_at_own_images(photographs: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "refutable", "verify", "fig3.vit.own", "--images", str(photographs),
         "--workers", "1", "--json"],
        capture_output=True, text=True, timeout=300, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    [claim] = json.loads(done.stdout)["claims"]
    leg = claim["legs"][0]
    assert [gap["name"].split(":")[0] for gap in leg["gaps"]] == [
        "your images, D", "your images, 1 - cosine", "your images, NMI",
    ]  # fmt: skip
    assert claim["verdict"] in ("holds", "fails")
    assert done.returncode == (claim["verdict"] != "holds")


def test_the_one_layer_model_is_trained_on_own_images(
    photographs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For three steps: D of contrast is 0 by symmetry on whatever images, nothing else holds."""
    original = one_layer.train
    monkeypatch.setattr(
        one_layer, "train", lambda *rest, **how: original(*rest, **(how | {"steps": 3}))
    )
    monkeypatch.setenv(image_sets.VARIABLE, str(photographs))
    with shared.nothing_shared():
        record = check.check_leg(own.own_one_layer, Kind.TRAINED, "quick", 0)
    holds = {gap.name.split(": ")[1]: gap.holds for gap in record.gaps}
    assert holds["D of contrastive learning"]
    assert not holds["attention of MAE on the 3 × 3 neighbourhood"]


def test_an_image_that_ends_too_early_is_named(
    photographs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size can be read before, its pixels only when they are decoded."""
    file = photographs / "1.png"
    file.write_bytes(file.read_bytes()[:2000])
    monkeypatch.setenv(image_sets.VARIABLE, str(photographs))
    record = check.check_leg(own.own_vit, Kind.PROPERTY, "quick", 0)
    assert record.verdict is Verdict.ERROR
    assert "1.png cannot be read as an image" in (record.note or "")


@pytest.mark.parametrize("mistake", own.own_vit.mistakes, ids=lambda mistake: mistake.title)
def test_planted_mistakes_are_refuted_where_the_claim_holds(
    mistake: Mistake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On photographs, where it does."""
    monkeypatch.setattr(image_sets, "given", lambda: image_sets.PHOTOGRAPHS)
    assert check.check_leg(own.own_vit, Kind.PROPERTY, "quick", 0).verdict is Verdict.HOLDS
    assert planted.bite(own.own_vit, mistake, "quick", 0).outcome == "killed"


def test_the_networks_that_ship_are_drawn_on_them(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(image_sets.VARIABLE, "")  # is set, and put back
    done = CliRunner().invoke(cli, ["figures", str(tmp_path), "--images", str(photographs)])
    assert done.exit_code == 0, done.output
    assert f"{photographs}: 3 images" in done.output
    assert {p.name for p in tmp_path.glob("*.svg")} == {"own-attention.svg", "own-diversity.svg"}


def test_without_a_folder_they_are_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(image_sets.VARIABLE, raising=False)
    with pytest.raises(MissingFileError, match="no --images DIR"):
        image_sets.given()
    record = check.check_leg(own.own_vit, Kind.PROPERTY, "quick", 0)
    assert record.verdict is Verdict.NOT_RUN
