"""Checkpoints of published vision transformers, as encoders whose attention can be read off.

Read are state dicts in safetensors, or in torch files that hold tensors alone (`weights_only`;
nothing is ever unpickled), in the naming of timm, MAE, DINO, DeiT and MoCo-v3, and in both namings
of Hugging Face. What is no plain ViT is refused by the name of what does not fit.
"""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from refutable.model.shapes import Shaped
from refutable.model.transformers.vit import Architecture, ViT

Parameter = Shaped[Tensor, "..."]

ENDINGS = (".safetensors", ".pth", ".pt", ".bin", ".tar")
HEADS = {192: 3, 384: 6, 768: 12, 1024: 16, 1280: 16}
"""Heads of ViT-Ti, S, B, L and H by width. MoCo-v3 gives its ViT-S twelve."""
OBJECTIVES = {
    "mae": "MAE",
    "moco": "MoCo",
    "dino": "DINO",
    "deit": "supervised",
    "sup": "supervised",
}
"""What a part of a file's name says about how the network was trained."""
WRAPPERS = ("teacher", "model", "state_dict", "student", "module")
"""Names below which training scripts keep the state dict."""
PREFIX = re.compile(r"^(module\.|_orig_mod\.|base_encoder\.|backbone\.|encoder\.(?=blocks)|vit\.)")
NO_PART_OF_IT = re.compile(
    r"^(head|heads|head_dist|fc_norm|pre_logits|classifier|pooler|decoder|mask_token|"
    r"embeddings\.mask_token|momentum_encoder|predictor|projector|optimizer|queue)(\.|_|$)"
)
"""Heads, decoders and copies that stand beside the encoder."""
BLOCK = r"(?:encoder\.layer|layers)\.(\d+)\."
TRANSLATIONS = (
    (r"embeddings\.cls_token", "cls_token"),
    (r"embeddings\.position_embeddings", "pos_embed"),
    (r"embeddings\.patch_embeddings\.projection\.(.*)", r"patch_embed.proj.\1"),
    (r"layernorm\.(.*)", r"norm.\1"),
    (BLOCK + r"layernorm_before\.(.*)", r"blocks.\1.norm1.\2"),
    (BLOCK + r"layernorm_after\.(.*)", r"blocks.\1.norm2.\2"),
    (BLOCK + r"attention\.(?:attention\.)?(query|key|value|[qkv]_proj)\.(.*)", None),
    (BLOCK + r"attention\.(?:output\.dense|o_proj)\.(.*)", r"blocks.\1.attn.proj.\2"),
    (BLOCK + r"(?:intermediate\.dense|mlp\.fc1)\.(.*)", r"blocks.\1.mlp.fc1.\2"),
    (BLOCK + r"(?:output\.dense|mlp\.fc2)\.(.*)", r"blocks.\1.mlp.fc2.\2"),
)
"""Names of Hugging Face's, and timm's; queries, keys and values are put together."""


class CheckpointProblem(ValueError):  # noqa: N818 - it names the file that is the problem
    """A checkpoint that cannot be used; the message names the file and says why."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A published network. objective: how it was trained, None where nothing says so."""

    file: Path
    naming: str
    objective: str | None
    net: ViT

    @property
    def name(self) -> str:
        """The file's name without its endings."""
        return self.file.name.split(".")[0]


def read(file: Path, heads: int | None = None) -> Checkpoint:
    """The encoder in a file. heads: as many as the network has, where its width does not tell.

    Raises CheckpointProblem.
    """
    found, objective = _unwrapped(file, _loaded(file))
    named = {PREFIX.sub("", PREFIX.sub("", key)): value for key, value in found.items()}
    beside = {key for key in named if NO_PART_OF_IT.match(key)}
    state = {key: value.float() for key, value in named.items() if key not in beside}
    naming = "timm"
    if any(key.startswith("embeddings.") for key in state):
        naming, state = "Hugging Face", _translated(file, state)
    for key, value in state.items():
        if not value.isfinite().all():
            raise CheckpointProblem(f"{file}: {key} holds NaN or infinite numbers")
    with torch.device("meta"):  # no weights are drawn that would be replaced at once
        net = ViT(_architecture(file, state, naming, heads))
    width = net.architecture.width
    state.setdefault("norm.weight", torch.ones(width))  # left out where the mean is normed instead
    state.setdefault("norm.bias", torch.zeros(width))
    _fill(file, net, state)
    if objective is None and any(key.startswith(("decoder", "mask_token")) for key in beside):
        objective = "MAE"
    if objective is None:
        said = (v for word, v in OBJECTIVES.items() if word in file.name.lower())
        objective = next(said, None)
    return Checkpoint(file, naming, objective, net.eval().requires_grad_(False))


def _loaded(file: Path) -> Any:
    if file.suffix == ".safetensors":
        import safetensors.torch

        try:
            return safetensors.torch.load_file(file)
        except (OSError, safetensors.SafetensorError) as problem:
            raise CheckpointProblem(f"{file} cannot be read as safetensors: {problem}") from None
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise CheckpointProblem(
            f"{file} holds more than tensors, or is damaged: it is not loaded, since that could "
            "run code of its author's. Save its state dict alone, as safetensors"
        ) from None
    except (OSError, RuntimeError, EOFError, ValueError, KeyError) as problem:
        line = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise CheckpointProblem(f"{file} cannot be read as a torch file: {line}") from None


def _unwrapped(file: Path, found: Any) -> tuple[dict[str, Parameter], str | None]:
    """The state dict within what a file holds, and the objective that its wrapping tells."""
    objective = None
    while isinstance(found, Mapping):
        if "teacher" in found and "student" in found:
            objective = "DINO"
        inner = next((name for name in WRAPPERS if isinstance(found.get(name), Mapping)), None)
        if inner is None:
            break
        found = found[inner]
    tensors = (
        {str(key): value for key, value in found.items() if isinstance(value, Tensor)}
        if isinstance(found, Mapping)
        else {}
    )
    if not tensors:
        raise CheckpointProblem(f"{file} holds no state dict: no tensors by name")
    if any("base_encoder." in key for key in tensors):
        objective = "MoCo"
        tensors = {key: value for key, value in tensors.items() if "base_encoder." in key}
    return tensors, objective


def _translated(file: Path, state: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """The state dict with timm's names, from either of Hugging Face's."""
    found: dict[str, Parameter] = {}
    apart: dict[str, dict[str, Parameter]] = {}
    for key, value in state.items():
        for pattern, name in TRANSLATIONS:
            match = re.fullmatch(pattern, key)
            if match and name is None:
                layer, part, kind = match.groups()
                apart.setdefault(f"blocks.{layer}.attn.qkv.{kind}", {})[part[0]] = value
            elif match:
                found[match.expand(cast("str", name))] = value
            if match:
                break
        else:
            found[key] = value  # and is refused with the others that do not fit
    for name, parts in apart.items():
        if len(parts) != 3 or len({part.shape for part in parts.values()}) != 1:
            raise CheckpointProblem(f"{file}: queries, keys and values of {name} do not fit")
        found[name] = torch.cat([parts[part] for part in "qkv"])
    return found


def _architecture(
    file: Path, state: Mapping[str, Parameter], naming: str, heads: int | None
) -> Architecture:
    """The sizes that the tensors have."""
    need = ("patch_embed.proj.weight", "pos_embed", "blocks.0.mlp.fc1.weight")
    missing = [key for key in need if key not in state]
    if missing:
        raise CheckpointProblem(
            f"{file} is no vision transformer of a known naming: it has no {', '.join(missing)}"
        )
    kernel, positions, hidden = (state[key] for key in need)
    if kernel.ndim != 4 or positions.ndim != 3 or hidden.ndim != 2:
        raise CheckpointProblem(f"{file}: {', '.join(need)} have the wrong number of axes")
    width, channels, patch = kernel.shape[:3]
    lead = int("cls_token" in state)
    P = positions.shape[1] - lead
    side = math.isqrt(max(P, 0))
    if side < 2 or side**2 != P:
        raise CheckpointProblem(f"{file}: {P} positions of patches are no square")
    depth = 1 + max(int(key.split(".")[1]) for key in state if key.startswith("blocks."))
    if heads is None and width == 384 and "moco" in file.name.lower():
        heads = 12
    heads = heads or HEADS.get(width) or (width // 64 if width % 64 == 0 else None)
    if heads is None:
        raise CheckpointProblem(f"{file}: how many heads has a width of {width}? Say it by --heads")
    try:
        return Architecture(
            side * patch, channels, patch, width, depth, heads, hidden.shape[0] / width,
            "learned", "cls" if lead else "mean", 1e-12 if naming == "Hugging Face" else 1e-6,
        )  # fmt: skip
    except ValueError as problem:
        raise CheckpointProblem(f"{file}: {problem}") from None


def _fill(file: Path, net: ViT, state: dict[str, Parameter]) -> None:
    """Take the tensors over; all must be there, fit, and be used."""
    own = net.state_dict()
    missing, unknown = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
    if unknown:
        raise CheckpointProblem(
            f"{file} is no plain ViT: {len(unknown)} of its tensors have no place, such as "
            f"{unknown[0]}"
        )
    if missing:
        raise CheckpointProblem(f"{file} is cut short: it has no {missing[0]}")
    for key, value in own.items():
        if value.shape != state[key].shape:
            raise CheckpointProblem(
                f"{file}: {key} has the shape {tuple(state[key].shape)}, not {tuple(value.shape)}"
            )
    net.load_state_dict(state, assign=True)


def files(place: Path) -> list[Path]:
    """The checkpoints in a folder, by name. CheckpointProblem where there is none."""
    if not place.is_dir():
        raise CheckpointProblem(f"{place}: there is no such folder of checkpoints")
    found = sorted(p for p in place.iterdir() if p.suffix in ENDINGS and not p.is_dir())
    if not found:
        raise CheckpointProblem(f"{place} holds no checkpoints ({', '.join(ENDINGS)})")
    return found


def folder(place: Path, heads: int | None = None) -> list[Checkpoint]:
    """The networks of all checkpoints in a folder, by name. Raises CheckpointProblem."""
    return [read(file, heads) for file in files(place)]
