"""Checkpoints in every naming, with random weights; torch's own attention is the reference.

The names were checked by hand against timm 1.0.31 and Transformers 5.24, which agree with these
readers to 2e-8; neither can be a dependency of the tests, since timm needs torchvision.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from refutable.claims.figures import reading
from refutable.model.transformers import checkpoints, vit

State = dict[str, Tensor]
SIZES = vit.Architecture(
    image=16, channels=3, patch=4, width=32, depth=2, heads=4, positions="learned", pooling="cls"
)


def network() -> vit.ViT:
    return vit.ViT(SIZES, torch.Generator().manual_seed(0), start=0.3)


def pictures() -> Tensor:
    return torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(1))


def hugging_face(state: State, block: str, names: dict[str, str]) -> State:
    """A state dict with the names of Hugging Face."""
    found = {}
    for key, value in state.items():
        if key.startswith("patch_embed.proj"):
            key = key.replace("patch_embed.proj", "embeddings.patch_embeddings.projection")
        elif key == "pos_embed":
            key = "embeddings.position_embeddings"
        elif key == "cls_token":
            key = "embeddings.cls_token"
        elif key.startswith("norm."):
            key = f"layer{key}"
        else:
            _, number, *rest = key.split(".")
            inner, kind = ".".join(rest[:-1]), rest[-1]
            if inner == "attn.qkv":
                for part, each in zip(names["parts"].split(), value.chunk(3), strict=True):
                    found[f"{block}.{number}.{part}.{kind}"] = each.clone()
                continue
            key = f"{block}.{number}.{names[inner]}.{kind}"
        found[key] = value
    return found


def classic(state: State) -> State:
    queries = (f"attention.attention.{part}" for part in ("query", "key", "value"))
    names = {
        "norm1": "layernorm_before", "norm2": "layernorm_after", "mlp.fc1": "intermediate.dense",
        "mlp.fc2": "output.dense", "attn.proj": "attention.output.dense",
        "parts": " ".join(queries),
    }  # fmt: skip
    found = hugging_face(state, "encoder.layer", names)
    return {f"vit.{key}": value for key, value in found.items()} | {
        "classifier.weight": torch.zeros(5, 32), "classifier.bias": torch.zeros(5),
    }  # fmt: skip


def recent(state: State) -> State:
    queries = (f"attention.{part}_proj" for part in "qkv")
    names = {
        "norm1": "layernorm_before", "norm2": "layernorm_after", "mlp.fc1": "mlp.fc1",
        "mlp.fc2": "mlp.fc2", "attn.proj": "attention.o_proj", "parts": " ".join(queries),
    }  # fmt: skip
    return hugging_face(state, "layers", names)


def moco(state: State) -> dict[str, object]:
    base = {f"module.base_encoder.{key}": value for key, value in state.items()}
    slow = {f"module.momentum_encoder.{key}": value + 1 for key, value in state.items()}
    heads = {"module.base_encoder.head.0.weight": torch.zeros(4, 32)}
    return {"epoch": 300, "arch": "vit_base", "state_dict": base | slow | heads}


def dino(state: State) -> dict[str, object]:
    student = {f"module.backbone.{key}": value + 1 for key, value in state.items()}
    teacher = {f"backbone.{key}": value for key, value in state.items()}
    return {"student": student, "teacher": teacher | {"head.mlp.0.weight": torch.zeros(2, 2)}}


NAMINGS: dict[str, tuple[Callable[[State], object], str, str | None]] = {
    "vit.safetensors": (lambda s: s, "timm", None),
    "deit_base.pth": (lambda s: {"model": s | {"head.weight": torch.zeros(5, 32)}}, "timm",
                      "supervised"),
    "visualize.pth": (lambda s: {"model": s | {"mask_token": torch.zeros(1, 1, 8),
                      "decoder_embed.weight": torch.zeros(8, 32)}}, "timm", "MAE"),
    "300ep.pth.tar": (moco, "timm", "MoCo"),
    "full_checkpoint.pth": (dino, "timm", "DINO"),
    "dino_vits16.bin": (classic, "Hugging Face", "DINO"),
    "mae-recent.safetensors": (recent, "Hugging Face", "MAE"),
}  # fmt: skip


def written(place: Path, name: str, found: object) -> Path:
    file = place / name
    if file.suffix == ".safetensors":
        save_file(found, file)  # type: ignore[arg-type]
    else:
        torch.save(found, file)
    return file


@pytest.mark.parametrize("name", NAMINGS)
def test_every_naming_gives_torchs_attention(name: str, tmp_path: Path) -> None:
    write, naming, objective = NAMINGS[name]
    net = network()
    found = checkpoints.read(written(tmp_path, name, write(net.state_dict())), heads=4)
    assert (found.naming, found.objective) == (naming, objective)
    *_, (attention, _) = found.net.layers(pictures())
    expected = reading.last_attention(net, pictures())
    torch.testing.assert_close(attention, expected, rtol=0, atol=1e-5)
    assert attention.std() > 0.02  # far from uniform, or any reading would do


def test_sizes_are_those_of_the_tensors(tmp_path: Path) -> None:
    found = checkpoints.read(written(tmp_path, "a.pth", network().state_dict()), heads=4)
    a = found.net.architecture
    assert (a.image, a.channels, a.patch, a.width, a.depth, a.ratio) == (16, 3, 4, 32, 2, 4.0)


def test_moco_gives_its_small_network_twelve_heads(tmp_path: Path) -> None:
    sizes = vit.Architecture(8, 3, 4, 384, 1, 6, 4.0, "learned", "cls")
    state = vit.ViT(sizes).state_dict()
    for name, heads in (("moco-s.pth", 12), ("deit-s.pth", 6)):
        found = checkpoints.read(written(tmp_path, name, state))
        assert found.net.architecture.heads == heads


def without(*keys: str) -> Callable[[State], object]:
    return lambda state: {key: value for key, value in state.items() if key not in keys}


def replaced(key: str, value: Tensor) -> Callable[[State], object]:
    return lambda state: state | {key: value}


UNUSABLE: dict[str, tuple[Callable[[State], object], str]] = {
    "no tensors": (lambda _: {"model": {"epoch": 3}}, "holds no state dict"),
    "a list": (lambda _: [1, 2], "holds no state dict"),
    "a resnet": (lambda _: {"conv1.weight": torch.zeros(2, 3, 7, 7)}, "no vision transformer"),
    "one tensor less": (without("blocks.1.mlp.fc2.bias"), "cut short: it has no blocks.1.mlp.fc2"),
    "a scale": (replaced("blocks.0.ls1.gamma", torch.ones(32)), "no plain ViT: 1 of its tensors"),
    "another shape": (replaced("blocks.1.attn.proj.weight", torch.zeros(32, 31)),
                      r"has the shape \(32, 31\), not \(32, 32\)"),
    "positions of 15": (replaced("pos_embed", torch.zeros(1, 16, 32)), "15 positions of patches"),
    "NaN": (replaced("norm.bias", torch.full((32,), torch.nan)), "norm.bias holds NaN"),
    "code": (lambda s: {"model": s, "args": argparse.Namespace(lr=1)}, "holds more than tensors"),
}  # fmt: skip


@pytest.mark.parametrize("what", UNUSABLE)
def test_what_is_no_plain_vit_is_refused_in_one_line(what: str, tmp_path: Path) -> None:
    write, said = UNUSABLE[what]
    file = written(tmp_path, "odd.pth", write(network().state_dict()))
    with pytest.raises(checkpoints.CheckpointProblem, match=said) as problem:
        checkpoints.read(file, heads=4)
    assert "odd.pth" in str(problem.value)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize("name", ["cut.pth", "cut.safetensors"])
def test_a_truncated_file_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    file = written(tmp_path, name, network().state_dict())
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(checkpoints.CheckpointProblem, match=r"cannot be read|damaged") as problem:
        checkpoints.read(file)
    assert "\n" not in str(problem.value)


def test_heads_are_asked_for_when_the_width_does_not_tell(tmp_path: Path) -> None:
    file = written(tmp_path, "a.pth", network().state_dict())
    with pytest.raises(checkpoints.CheckpointProblem, match="how many heads has a width of 32"):
        checkpoints.read(file)
    with pytest.raises(checkpoints.CheckpointProblem, match="5 heads do not divide"):
        checkpoints.read(file, heads=5)


def test_folders_without_checkpoints_are_refused(tmp_path: Path) -> None:
    with pytest.raises(checkpoints.CheckpointProblem, match="no such folder"):
        checkpoints.folder(tmp_path / "missing")
    with pytest.raises(checkpoints.CheckpointProblem, match="holds no checkpoints"):
        checkpoints.folder(tmp_path)


def test_reading_a_checkpoint_draws_nothing_at_random(tmp_path: Path) -> None:
    """Weights that are drawn and then replaced would make a verdict look as if chance had a say."""
    save_file(network().state_dict(), tmp_path / "mae.safetensors")
    before = torch.get_rng_state()
    checkpoints.read(tmp_path / "mae.safetensors", heads=4)
    assert torch.equal(torch.get_rng_state(), before)
