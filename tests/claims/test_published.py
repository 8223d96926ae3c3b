"""Published networks: from files on disk to a verdict and to pictures, by the command line."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from refutable import check
from refutable.claim import Kind, Verdict
from refutable.claims.figures import image_sets, published
from refutable.cli import options
from refutable.model.transformers import vit
from refutable.records.results import LegRecord

SIZES = vit.Architecture(32, 3, 8, 32, 2, 4, 4.0, "learned", "cls")


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    place = tmp_path / "photographs"
    place.mkdir()
    rng = np.random.default_rng(0)
    for number in range(6):
        pixels = rng.integers(0, 255, size=(40, 50, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(place / f"{number}.png")
    return place


@pytest.fixture
def networks(tmp_path: Path) -> Path:
    """An autoencoder with sharp attention that differs between queries, and a flat other one."""
    place = tmp_path / "networks"
    place.mkdir()
    for name, scale in (("mae_small", 0.4), ("dino_small", 0.02)):
        net = vit.ViT(SIZES, torch.Generator().manual_seed(0), start=scale)
        torch.save(net.state_dict(), place / f"{name}.pth")
    return place


Ended = subprocess.CompletedProcess[str]
Claims = Callable[..., Ended]


def verified(claims: Claims, networks: Path, photographs: Path, *more: str | Path) -> Ended:
    return claims(
        "verify", "fig3.published", "--checkpoints", networks, "--images", photographs,
        "--heads", "4", "--workers", "1", "--json", *more,
    )  # fmt: skip


def verdict(ended: Ended) -> str:
    [claim] = json.loads(ended.stdout)["claims"]
    said: str = claim["verdict"]
    return said


def test_the_claim_is_checked_on_the_files_given(
    claims: Claims, networks: Path, photographs: Path
) -> None:
    done = verified(claims, networks, photographs)
    assert done.returncode == 0, done.stderr
    [claim] = json.loads(done.stdout)["claims"]
    assert claim["verdict"] == "holds"
    names = [gap["name"] for gap in claim["legs"][0]["gaps"]]
    assert "mae_small over dino_small: mean of D" in names


@pytest.fixture
def looked(
    networks: Path, photographs: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], LegRecord]:
    """What the leg says of the files as they are, in this process; the options name them to it."""
    for variable in (published.CHECKPOINTS, image_sets.VARIABLE, published.HEADS):
        monkeypatch.setenv(variable, "")  # is set, and put back

    def look() -> LegRecord:
        options.given(networks, photographs, 4)
        return check.check_leg(published.published, Kind.PROPERTY, "quick", 0)

    return look


def test_without_something_to_compare_it_is_not_run_and_says_what_would_do(
    networks: Path, looked: Callable[[], LegRecord]
) -> None:
    (networks / "dino_small.pth").unlink()
    leg = looked()
    assert leg.verdict is Verdict.NOT_RUN
    assert "mae_pretrain_vit_base.pth" in (leg.not_run_reason or "")


def test_an_earlier_result_counts_for_the_same_files_alone(
    claims: Claims, networks: Path, photographs: Path, tmp_path: Path
) -> None:
    """Another folder, and other networks under the same names, are measured anew.

    Methods with each other's names fail.
    """
    for file in list(networks.iterdir()):
        save_file(torch.load(file, weights_only=True), file.with_suffix(".safetensors"))
        file.unlink()
    swapped = tmp_path / "swapped"
    swapped.mkdir()
    for name, other in (("mae_small", "dino_small"), ("dino_small", "mae_small")):
        shutil.copy(networks / f"{name}.safetensors", swapped / f"{other}.safetensors")
    out = ("--out", tmp_path / "out")
    assert verdict(verified(claims, networks, photographs, *out)) == "holds"
    exchanged = verified(claims, swapped, photographs, *out)
    assert (verdict(exchanged), exchanged.returncode) == ("fails", 1)
    again = verified(claims, networks, photographs, *out)
    assert verdict(again) == "holds"
    shutil.copytree(swapped, networks, dirs_exist_ok=True)
    assert verdict(verified(claims, networks, photographs, *out)) == "fails"


def test_too_few_images_decide_nothing(photographs: Path, looked: Callable[[], LegRecord]) -> None:
    """Four images that all agree are what a coin gives once in sixteen."""
    for number in (4, 5):
        (photographs / f"{number}.png").unlink()
    assert looked().verdict is Verdict.UNDECIDED


def test_images_that_are_one_colour_are_refused_where_they_are_scaled_by_their_own(
    claims: Claims, tmp_path: Path, photographs: Path, networks: Path
) -> None:
    grey = dataclasses.replace(SIZES, channels=1)
    for file in networks.iterdir():
        torch.save(vit.ViT(grey, torch.Generator().manual_seed(0)).state_dict(), file)
    for file in photographs.iterdir():
        Image.new("RGB", (40, 40), "red").save(file)
    given = ("--checkpoints", networks, "--images", photographs, "--heads", "4")
    done = claims("figures", tmp_path / "pictures", *given)
    assert done.returncode == 2
    assert "one colour" in done.stderr


def test_without_any_files_it_is_not_run_and_says_which_would_do(claims: Claims) -> None:
    done = claims("verify", "fig3.published", "--workers", "1", "--json")
    assert done.returncode == 1
    [claim] = json.loads(done.stdout)["claims"]
    assert claim["verdict"] == "not-run"
    assert "mae_pretrain_vit_base.pth" in claim["legs"][0]["not_run_reason"]
    assert "--checkpoints" in claim["legs"][0]["not_run_reason"]
    assert "published MAE" in claims("explain", "fig3.published").stdout


def test_pictures_of_published_networks(
    claims: Claims, networks: Path, photographs: Path, tmp_path: Path
) -> None:
    here = tmp_path / "pictures"
    done = claims(
        "figures", here, "--checkpoints", networks, "--images", photographs, "--heads", "4"
    )
    assert done.returncode == 0, done.stderr
    assert {file.name for file in here.iterdir()} == {
        "published-attention.svg", "published-diversity.svg",
    }  # fmt: skip
    assert "mae_small" in (here / "published-diversity.svg").read_text("utf-8")
    assert "6 images" in done.stderr


def test_bad_files_are_one_line_and_returncode_2(
    claims: Claims, networks: Path, photographs: Path, tmp_path: Path
) -> None:
    (networks / "deit.pth").write_bytes(b"nothing")
    done = claims("figures", tmp_path, "--checkpoints", networks, "--images", photographs)
    assert done.returncode == 2
    assert "deit.pth" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", ["figures", "verify"])
def test_folders_go_together_and_must_be_there(claims: Claims, verb: str, networks: Path) -> None:
    done = claims(verb, "--checkpoints", networks)
    assert done.returncode == 2
    assert "--checkpoints needs --images" in done.stderr
    done = claims(verb, "--checkpoints", networks, "--images", networks / "missing")
    assert done.returncode == 2
    assert "there is no folder" in done.stderr
