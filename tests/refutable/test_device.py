"""Which device trains is asked once, refused where there is none, and told in what is recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from refutable import check, device
from refutable.cli import cli
from refutable.errors import UsageError
from refutable.model.bent import by_area, drawing
from refutable.model.bent import network as networks
from refutable.model.bent import world as worlds
from refutable.model.bent.perturbation import Perturbation
from refutable.model.bent.training import loss_on
from refutable.model.setting import Contrastive, Setting


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins without a choice, and what it chooses is forgotten."""
    monkeypatch.setenv(device.VARIABLE, "")
    monkeypatch.setenv("PYTORCH_NVML_BASED_CUDA_CHECK", "1")


@pytest.mark.parametrize(("there", "found"), [(False, "cpu"), (True, "cuda")])
def test_auto_takes_a_gpu_where_there_is_one(
    there: bool, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert device.chosen() == "cpu"
    device.choose("auto")
    assert device.chosen() == found


def test_a_gpu_is_told_in_what_decides_a_result_and_the_processor_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that no journal continues on another device, and no shards of two are merged."""
    plain = check.environment()
    device.choose("cpu")
    assert check.environment() == plain
    monkeypatch.setenv(device.VARIABLE, "cuda")
    assert check.environment() == plain | {"device": "cuda"}


@pytest.mark.parametrize("verb", ["verify", "audit"])
def test_cuda_without_a_gpu_is_one_line(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    found = CliRunner().invoke(cli, [verb, "--device", "cuda"])
    assert isinstance(found.exception, UsageError)
    assert str(found.exception).startswith("--device cuda: torch")
    assert "\n" not in str(found.exception)


def test_an_unknown_device_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(device.VARIABLE, "tpu")
    with pytest.raises(UsageError, match="CLAIMS_DEVICE must be cpu or cuda, not 'tpu'"):
        device.chosen()


@pytest.mark.parametrize("verb", ["verify", "audit"])
def test_an_unknown_device_is_refused_before_anything_is_tried(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(device.VARIABLE, "tpu")
    source = tmp_path / "unread.py"
    source.write_text("raise SystemExit(3)", encoding="utf-8")
    found = CliRunner().invoke(cli, [verb, "--module", str(source)])
    assert isinstance(found.exception, UsageError)
    assert str(found.exception) == "CLAIMS_DEVICE must be cpu or cuda, not 'tpu'"


@pytest.mark.parametrize(
    "bent",
    [{}, {"noise": 0.3}, {"value_training": 0.1}, {"heads": 2, "layers": 2}, {"normalised": True}],
    ids=lambda bent: "+".join(bent) or "nothing",
)
@pytest.mark.parametrize("objective", ["mae", "cl"])
def test_a_step_lies_on_one_device(objective: Any, bent: dict[str, Any]) -> None:
    """On torch's device without memory, where an operation of two devices raises."""
    details = Contrastive(negatives=8, keys="feature+position")
    setting = Setting.of_sizes(12, 6, 2, K=2, placement="random", contrastive=details)
    perturbation = Perturbation(**bent)
    rng = np.random.default_rng(0)
    where = worlds.world(setting, perturbation, "meta")
    network = networks.Network(setting, objective, perturbation, where, rng)
    samples = drawing.draw(setting, perturbation, objective, where.E.shape[1], 16, rng)
    batches = worlds.lay_out_all(setting, perturbation, where, samples)
    loss = loss_on(batches, network, setting, perturbation)
    loss.backward()
    assert network.Q.grad is not None
    assert network.Q.grad.device == loss.device == torch.device("meta")
    assert not by_area.applies(setting, perturbation, network)  # NumPy's, on a processor only


def test_what_is_drawn_does_not_depend_on_the_device() -> None:
    """The generator stands at the same number after a batch, whatever the batch is laid out on."""
    setting = Setting.of_sizes(12, 6, 2, K=2, placement="random")
    after = []
    for name in ("cpu", "meta"):
        rng = np.random.default_rng(0)
        where = worlds.world(setting, Perturbation(), name)
        samples = drawing.draw(setting, Perturbation(), "mae", where.E.shape[1], 16, rng)
        batch = worlds.lay_out(setting, Perturbation(), where, samples[0])
        after.append((rng.random(), batch.z.tolist(), batch.cluster.tolist()))
    assert after[0] == after[1]
