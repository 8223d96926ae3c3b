"""The small vision transformers: torch's own layers as reference, objectives, views, images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from refutable.model.transformers import (
    contrastive,
    distillation,
    images,
    masked,
    one_layer,
    supervised,
    views,
    vit,
)

SMALL = vit.Architecture(image=8, patch=2, width=16, depth=2, heads=2, ratio=2)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int = 6, channels: int = 1) -> Tensor:
    return torch.randn(count, channels, 8, 8, generator=seeded(1))


def ramps() -> Tensor:
    """Six images that grow along a direction each: what is hidden can be told from what is seen."""
    slopes, at = torch.randn(6, 2, generator=seeded(2)), torch.linspace(-1, 1, 8)
    return (slopes[:, 0, None, None] * at[:, None] + slopes[:, 1, None, None] * at)[:, None]


def reference(block: vit.Block) -> nn.TransformerEncoderLayer:
    """Torch's own pre-norm layer with the weights of a block."""
    width = block.norm1.normalized_shape[0]
    layer = nn.TransformerEncoderLayer(
        width, block.attn.heads, block.mlp.fc1.out_features, dropout=0, activation="gelu",
        layer_norm_eps=block.norm1.eps, batch_first=True, norm_first=True,
    )  # fmt: skip
    names = {
        "norm1": "norm1", "norm2": "norm2", "attn.qkv": "self_attn.in_proj_",
        "attn.proj": "self_attn.out_proj", "mlp.fc1": "linear1", "mlp.fc2": "linear2",
    }  # fmt: skip
    state = {}
    for ours, theirs in names.items():
        for kind in ("weight", "bias"):
            joint = "" if theirs.endswith("_") else "."
            state[f"{theirs}{joint}{kind}"] = block.state_dict()[f"{ours}.{kind}"]
    layer.load_state_dict(state)
    return layer


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("positions", ["sincos", "learned"])
def test_layers_and_attention_are_those_of_torch(
    positions: vit.Positions, pooling: vit.Pooling
) -> None:
    architecture = vit.Architecture(
        8, 1, 2, width=16, depth=3, heads=4, positions=positions, pooling=pooling
    )
    net = vit.ViT(architecture, seeded())
    for parameter in net.parameters():
        parameter.data.normal_(std=0.3, generator=seeded(parameter.numel()))
    with torch.no_grad():
        x = net.embed(pictures())
        for block, (weights, after) in zip(net.blocks, net.layers(pictures()), strict=True):
            assert isinstance(block, vit.Block)
            layer = reference(block).train()  # the path that is written out, layer by layer
            normed = layer.norm1(x)
            _, expected = layer.self_attn(normed, normed, normed, average_attn_weights=False)
            torch.testing.assert_close(weights, expected, rtol=0, atol=1e-5)
            x = layer(x)
            torch.testing.assert_close(after, x, rtol=0, atol=1e-5)
        torch.testing.assert_close(net(pictures()), net.norm(x), rtol=0, atol=1e-5)


def test_patches_are_embedded_as_by_the_convolution_whose_weights_a_checkpoint_holds() -> None:
    architecture = vit.Architecture(image=8, channels=3, patch=2, width=16, heads=2)
    embed = vit.ViT(architecture, seeded()).patch_embed
    seen = pictures(channels=3)
    torch.testing.assert_close(embed(seen), embed.proj(seen).flatten(2).transpose(1, 2))


def test_attention_among_patches_leaves_the_class_token_out() -> None:
    weights = torch.rand(2, 3, 5, 5, generator=seeded()).softmax(dim=-1)
    A = vit.among_patches(weights, 1)
    assert A.shape == (2, 3, 4, 4)
    torch.testing.assert_close(A.sum(dim=-1), torch.ones(2, 3, 4))
    assert vit.among_patches(weights, 0).shape == (2, 3, 5, 5)


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({"patch": 5}, "a patch of 5 pixels does not divide 28 pixels"),
        ({"heads": 5}, "5 heads do not divide a width of 48"),
        ({"width": 42, "heads": 3}, "divisible by 4"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(sizes: dict[str, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        vit.Architecture(**sizes)  # type: ignore[arg-type]


def test_pixels_are_the_patches_row_by_row() -> None:
    image = torch.arange(64.0).view(1, 1, 8, 8)
    patches = masked.pixels(image, 2)
    assert patches.shape == (1, 16, 4)
    assert patches[0, 5].tolist() == [18, 19, 26, 27]  # second row, second column


def test_masks_keep_and_hide_every_patch_once() -> None:
    kept, hidden = masked.random_subsets(50, 16, 4, seeded())
    assert kept.shape == (50, 4)
    assert torch.cat([kept, hidden], dim=1).sort(dim=1).values.tolist() == [list(range(16))] * 50


def test_the_encoder_sees_only_patches_that_are_kept() -> None:
    net, found = vit.ViT(SMALL, seeded()), pictures()
    kept, hidden = masked.random_subsets(6, 16, 4, seeded())
    before = net(found, kept)
    blind = masked.pixels(found, 2).clone()
    blind.scatter_(1, hidden[:, :, None].expand(-1, -1, 4), 99.0)
    spoiled = nn.functional.fold(blind.transpose(1, 2), 8, 2, stride=2)
    torch.testing.assert_close(net(spoiled, kept), before)


def test_info_nce_is_the_cross_entropy_of_cosines() -> None:
    q, k = torch.randn(5, 3, generator=seeded(1)), torch.randn(5, 3, generator=seeded(2))
    cosines = torch.cosine_similarity(q[:, None], k[None], dim=2) / 0.2
    expected = (torch.logsumexp(cosines, dim=1) - cosines.diagonal()).mean()
    torch.testing.assert_close(contrastive.info_nce(q, k, 0.2), expected)


def objective(method: str, net: vit.ViT) -> nn.Module:
    if method == "mae":
        return masked.MaskedReconstruction(net, seeded(), width=8, heads=2)
    if method == "supervised":
        return supervised.Supervision(net, seeded(), views.Crops(), 2)
    if method == "masking":
        return contrastive.Contrast(net, seeded(), views.Masking(2))
    momentum = 0.9 if method == "moco" else None
    return contrastive.Contrast(net, seeded(), views.Crops(), momentum)


@pytest.mark.parametrize("method", ["mae", "supervised", "masking", "cl", "moco"])
def test_every_objective_falls_on_a_batch_that_it_sees_again(method: str) -> None:
    net = vit.ViT(SMALL, seeded())
    learner = objective(method, net)
    downwards = (ramps()[:, 0, 0, 0] > ramps()[:, 0, -1, 0]).long()  # the same in a mirror
    labels = [downwards] if method == "supervised" else []
    learning = [p for p in learner.parameters() if p.requires_grad]
    optimiser = torch.optim.Adam(learning, lr=1e-2)
    losses = []
    for _ in range(60):
        loss = learner(ramps(), *labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-5:]) < 0.95 * np.mean(losses[:5])


def test_the_momentum_copy_follows_and_learns_nothing_itself() -> None:
    net = vit.ViT(SMALL, seeded())
    learner = contrastive.Contrast(net, seeded(), views.Crops(), momentum=0.75)
    momentum_copy = learner.slow_encoder.state_dict()["blocks.0.attn.qkv.weight"]
    before = momentum_copy.clone()
    with torch.no_grad():
        net.get_parameter("blocks.0.attn.qkv.weight").add_(1.0)
    learner(pictures()).backward()
    torch.testing.assert_close(momentum_copy, before + 0.25)
    assert all(p.grad is None for p in learner.slow_encoder.parameters())


def test_distillation_is_the_cross_entropy_against_the_slow_copys_other_view() -> None:
    net = vit.ViT(SMALL, seeded())
    learner = distillation.Distillation(net, seeded(), views.Crops(), momentum=1.0)
    learner.centre.normal_(std=0.1, generator=seeded(3))
    centre, generator = learner.centre.clone(), seeded(4)
    learner.generator = seeded(4)
    loss = learner(pictures())
    cosines = [
        learner.project(net(*views.Crops()(pictures(), generator)).mean(dim=1)) for _ in range(2)
    ]  # the copy has not moved, and says what the student says
    expected = torch.zeros(())
    for said, taught in (cosines, cosines[::-1]):
        targets = torch.softmax((taught.detach() - centre) / 0.04, dim=1)
        expected = expected + nn.functional.cross_entropy(said / 0.1, targets) / 2
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(
        learner.centre, 0.9 * centre + 0.1 * torch.cat(cosines).mean(dim=0).detach()
    )
    loss.backward()
    assert all(p.grad is None for p in learner.slow_encoder.parameters())
    assert net.get_parameter("blocks.0.attn.qkv.weight").grad is not None


def test_a_whole_crop_without_changes_is_the_image_or_its_mirror() -> None:
    view, kept = views.Crops(smallest=1.0, stretch=1.0, jitter=0, noise=0)(pictures(), seeded())
    assert kept is None
    for before, after in zip(pictures(), view, strict=True):
        same = [torch.allclose(after, x, atol=1e-4) for x in (before, before.flip(-1))]
        assert any(same)


def test_crops_are_upright_parts_of_an_image_some_of_them_mirrored() -> None:
    """Of pixels that say where they are: inside, away from what is reflected at the borders."""
    column = torch.arange(8.0).expand(8, 8)
    where = torch.stack([column, column.T]).expand(50, 2, 8, 8)
    view, _ = views.Crops(smallest=0.4, jitter=0, noise=0)(where, seeded())
    inner = view[:, :, 2:-2, 2:-2]
    across, down = inner.diff(dim=3), inner.diff(dim=2)
    for still in (across[:, 1], down[:, 0], across[:, 0].diff(dim=2), down[:, 1].diff(dim=1)):
        assert float(still.abs().max()) < 1e-5
    wide, tall = across[:, 0, 0, 0], down[:, 1, 0, 0]
    assert 15 < int((wide < 0).sum()) < 35
    assert float(tall.min()) > 0
    area, aspect = wide.abs() * tall, tall / wide.abs()
    assert 0.4 < float(area.min()) < 0.5
    assert 0.9 < float(area.max()) < 1 + 1e-5
    assert 3 / 4 < float(aspect.min()) < 0.8
    assert 1.25 < float(aspect.max()) < 4 / 3
    off = (inner.mean(dim=(2, 3)) - 3.5).abs()
    room = 4 * (1 - torch.stack([wide.abs(), tall], dim=1))
    assert float((off - room).max()) < 1e-4  # no crop reaches beyond the image
    assert float(off.amax(dim=0).min()) > 0.8


def test_the_one_layer_model_is_the_papers() -> None:
    """e_pᵀQ(X_q + e_q) with tokens that lie beside each other, written out with the whole of Q."""
    model = one_layer.OneLayer(4, 3, "both", 1.0, seeded())
    X = torch.randn(2, 4, 3, generator=seeded(1))
    Q = torch.cat([model.W, model.B], dim=1)  # rows of Q at the positions
    tokens = torch.cat([X, torch.eye(4).expand(2, -1, -1)], dim=2)
    expected = torch.softmax(torch.einsum("pd,bqd->bpq", Q, tokens), dim=-1)
    torch.testing.assert_close(model.attention(X), expected)
    torch.testing.assert_close(model(X), expected @ X)


def test_the_reconstruction_loss_counts_masked_patches_alone() -> None:
    model, X = one_layer.OneLayer(4, 3, "both"), torch.ones(5, 4, 3)
    # Q = 0 attends evenly: two of four patches are shown, so that F is ½ everywhere
    loss = one_layer.reconstruction_loss(model, X, 0.5, seeded())
    assert float(loss.detach()) == pytest.approx(0.5 * 2 * 3 * 0.25 / 4)


def test_clothing_is_what_was_published() -> None:
    found = images.clothing()
    assert found.train.shape == (6000, 1, 28, 28)
    assert found.test.shape == (1000, 1, 28, 28)
    assert found.labels.bincount().min() > 500
    assert float(found.train.mean()) == pytest.approx(0, abs=1e-5)
    assert float(found.train.std()) == pytest.approx(1, abs=1e-5)


def test_a_damaged_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = tmp_path / "clothing.npz"
    damaged.write_bytes(images.FILE.read_bytes()[:-1])
    monkeypatch.setattr(images, "FILE", damaged)
    images.clothing.cache_clear()
    with pytest.raises(images.ImageProblem, match="checksum is wrong"):
        images.clothing()
    images.clothing.cache_clear()


def test_crops_of_photographs_are_repeatable() -> None:
    first, again = (images.photographs.__wrapped__(32, 8, 4) for _ in range(2))
    assert first.train.shape == (8, 1, 32, 32)
    assert first.test.shape == (4, 1, 32, 32)
    torch.testing.assert_close(first.train, again.train)


def saved(folder: Path, name: str, width: int, height: int) -> None:
    Image.new("RGB", (width, height), (255, 0, 0)).save(folder / name)


def test_a_folder_of_images_is_scaled_and_cut(tmp_path: Path) -> None:
    saved(tmp_path, "b.png", 40, 60)
    saved(tmp_path, "a.jpg", 90, 33)
    (tmp_path / "notes.txt").write_text("no image")
    names, found = images.folder(tmp_path, 32)
    assert names == ["a.jpg", "b.png"]
    assert found.shape == (2, 3, 32, 32)
    assert float(found[1, 0].min()) == 1
    assert float(found[1, 1].max()) == 0


def test_folders_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    with pytest.raises(images.ImageProblem, match="no such folder"):
        images.folder(tmp_path / "missing", 32)
    with pytest.raises(images.ImageProblem, match="holds no images"):
        images.folder(tmp_path, 32)
    saved(tmp_path, "small.png", 31, 99)
    with pytest.raises(images.ImageProblem, match=r"small\.png has 31 × 99 pixels; 32 × 32"):
        images.folder(tmp_path, 32)
    (tmp_path / "broken.png").write_bytes(b"no png")
    with pytest.raises(images.ImageProblem, match=r"broken\.png cannot be read"):
        images.folder(tmp_path, 32)


def test_images_of_every_kind_are_read_as_they_are_shown(tmp_path: Path) -> None:
    """Sixteen bits, a camera held upright, what is transparent, and names in any script."""
    deep = np.linspace(0, 65535, 40 * 40).reshape(40, 40).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "a deep.png")
    clear = np.zeros((40, 40, 4), dtype=np.uint8)  # black where it cannot be seen
    Image.fromarray(clear).save(tmp_path / "b clear.png")
    lying = np.zeros((40, 40, 3), dtype=np.uint8)
    lying[:, :20] = 255  # light on the left; a camera turned clockwise means light at the top
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(lying).save(tmp_path / "c lying.png", exif=turned)
    Image.fromarray(lying).convert("P").save(tmp_path / "d Größe 图.png")
    Image.fromarray(lying[:, :, 0]).save(tmp_path / "e grey.png")
    (tmp_path / "folder.png").mkdir()
    names, found = images.folder(tmp_path, 40)
    assert [name[0] for name in names] == list("abcde")
    assert found[0].mean() == pytest.approx(0.5, abs=0.01)
    assert found[1].min() == 1
    assert found[2, :, :10].min() > 0.9
    assert found[2, :, 30:].max() < 0.1
    for column in (found[3], found[4]):
        assert column[:, :, :10].min() > 0.9
        assert column[:, :, 30:].max() < 0.1


def test_pixels_without_a_known_range_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.ones((40, 40), dtype=np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(images.ImageProblem, match=r"a\.tif .* range"):
        images.folder(tmp_path, 32)


@pytest.mark.parametrize("side", [10_000, 30_000])
def test_an_image_too_large_to_decode_is_refused(side: int, tmp_path: Path) -> None:
    Image.new("1", (side, side)).save(tmp_path / "huge.png")
    with pytest.raises(images.ImageProblem, match=r"huge\.png has more than \d+ pixels"):
        images.folder(tmp_path, 32)
