"""What is known of trainings: the file is as it is written, and goes on where it was stopped."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from refutable import check
from refutable.claim import Kind, Verdict
from refutable.claims.figures import known, one_layer, trainings


def test_what_ships_is_what_would_be_written() -> None:
    """So that a training adds its line, and changes no other."""
    assert trainings.text(known.everything()) == known.FILE.read_text(encoding="utf-8")


def test_nothing_is_missing_in_what_ships() -> None:
    assert not list(trainings.missing(known.everything()))


def test_what_is_missing_is_trained_and_put_there(tmp_path: Path) -> None:
    """Of the starts that are known the last is lost, and comes out as it did."""
    held, file = known.everything(), tmp_path / "known.json"
    cut = dataclasses.replace(held, untrained=held.untrained[:-1])
    file.write_text(trainings.text(cut), encoding="utf-8")
    trainings.write(file)
    assert file.read_text(encoding="utf-8") == trainings.text(held)


def test_nothing_is_known_of_another_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not to claims, which say so, and not to those who go on training."""
    file = tmp_path / "known.json"
    recipe = tuple(line.replace("'rate': 0.1", "'rate': 0.2") for line in known.RECIPE)
    assert recipe != known.RECIPE
    file.write_text(trainings.text(dataclasses.replace(known.everything(), recipe=recipe)), "utf-8")
    monkeypatch.setattr(known, "FILE", file)
    known.everything.cache_clear()
    try:
        with pytest.raises(known.UnknownError, match=r"by another recipe.*'rate': 0\.2"):
            known.everything()
        record = check.check_leg(one_layer.one_layer_claim, Kind.TRAINED, "quick", 0)
        assert record.verdict is Verdict.ERROR
    finally:
        known.everything.cache_clear()
    monkeypatch.setattr(trainings, "missing", lambda held: [("untrained", lambda: 0.5)])
    trainings.write(file)
    assert known.read(file) == known.Known(known.RECIPE, untrained=(0.5,))


def test_a_recipe_is_the_same_in_any_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To claims, and to those who go on training, who would throw hours of it away."""
    file, held = tmp_path / "known.json", known.everything()
    turned = dataclasses.replace(held, recipe=known.RECIPE[::-1], untrained=held.untrained[:-1])
    file.write_text(trainings.text(turned), encoding="utf-8")
    monkeypatch.setattr(trainings, "missing", lambda held: [("untrained", lambda: 0.5)])
    trainings.write(file)
    assert known.read(file) == dataclasses.replace(turned, untrained=(*turned.untrained, 0.5))
    assert not known.changes(turned)


def test_a_one_layer_model_that_is_known_comes_out_as_it_did() -> None:
    [then] = [each for each in known.everything().one_layer
              if (each.images, each.method, each.scale, each.steps, each.seed)
              == ("Fashion-MNIST", "CL", one_layer.NOISE, 100, 2000)]  # fmt: skip
    now = trainings.on_pixels("Fashion-MNIST", trainings.NOISY, 100, 2000)
    assert now.measured == pytest.approx(then.measured, rel=0.01)
    assert dataclasses.replace(now, measured=then.measured) == then


def test_a_file_that_was_stopped_halfway_through_a_pair_serves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A seed counts for what leaving the collapse gains once both of its trainings are known."""
    held = known.everything()
    last = max(each.seed for each in held.one_layer if each.steps == 100)
    lost = (100, last, one_layer.NOISE)
    kept = tuple(each for each in held.one_layer if (each.steps, each.seed, each.scale) != lost)
    assert len(kept) == len(held.one_layer) - 1
    monkeypatch.setattr(known, "everything", lambda: dataclasses.replace(held, one_layer=kept))
    record = check.check_leg(one_layer.one_layer_original, Kind.TRAINED, "quick", 0)
    assert record.verdict is Verdict.HOLDS
