"""Real images: articles of clothing, photographs, and folders of the user's own.

Fashion-MNIST (Zalando Research, 2017; licence beside the file): the first 6,000 images of its
training set and the first 1,000 of its test set, grey, 28 × 28. The photographs are those that
ship with scikit-learn, or the user's own, grey; crops for training come from their left three
quarters, crops for tests from the rest, so that the two never overlap. All are scaled to mean 0 and
deviation 1 by the training images.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from refutable.model.shapes import Floating, Int, Shaped

FILE = Path(__file__).parent / "data" / "fashion-mnist-7000.npz"
SHA256 = "e4fb5ad5a4b54f06ad13fd1efe399e6948db479e64e9149c88a3ec7c757ad876"
CLASSES = 10
"""Kinds of clothing."""
ENDINGS = (".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")
TRAINING_SHARE = 0.75
"""Share of the width of a photograph from which crops for training come."""
FEWEST, MOST, SHORTER = 2, 64, 256
"""The user's images that crops are taken of, at least and at most, and the least of their sides to
which they are scaled down: a quarter of it is as wide as a crop for 8 × 8 patches of 8 pixels."""
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and deviation of red, green and blue in [0, 1], by which published networks scale pixels."""


class ImageProblem(ValueError):  # noqa: N818 - it names the file that is the problem
    """Images that cannot be used; the message names the file and says why."""


@dataclass(frozen=True, eq=False)
class Images:
    """Images for training and for tests, (B, channels, side, side), with labels where there are."""

    name: str
    train: Floating[Tensor, "B channels side side"]
    test: Floating[Tensor, "b channels side side"]
    labels: Int[Tensor, "B"]
    test_labels: Int[Tensor, "b"]

    @property
    def side(self) -> int:
        """Of an image, in pixels."""
        return self.train.shape[-1]


def _scaled(
    train: Floating[Tensor, "*train"], test: Floating[Tensor, "*test"]
) -> tuple[Floating[Tensor, "*train"], Floating[Tensor, "*test"]]:
    mean, deviation = train.mean(), train.std()
    return (train - mean) / deviation, (test - mean) / deviation


@functools.cache
def clothing() -> Images:
    """Fashion-MNIST, 6,000 and 1,000 images. ImageProblem when the file is not what it was."""
    data = FILE.read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise ImageProblem(f"{FILE} is damaged: its checksum is wrong; install the package again")
    with np.load(io.BytesIO(data), allow_pickle=False) as parts:
        X, y, X_test, y_test = (torch.from_numpy(parts[k]) for k in ("X", "y", "Xt", "yt"))
    train, test = _scaled(X.float() / 255, X_test.float() / 255)
    return Images("Fashion-MNIST", train, test, y.long(), y_test.long())


@functools.cache
def photographs(side: int = 64, train: int = 2000, test: int = 200, seed: int = 0) -> Images:
    """Random crops of the photographs that ship with scikit-learn, equally many of each.

    side: of a crop, in pixels. The label says which photograph.
    """
    from sklearn.datasets import load_sample_images

    pictures = [torch.tensor(p).float().mean(dim=2) / 255 for p in load_sample_images().images]
    return crops("photographs", pictures, side, train, test, seed)


def crops(
    name: str,
    pictures: Sequence[Floating[Tensor, "height width"]],
    side: int,
    train: int = 2000,
    test: int = 200,
    seed: int = 0,
) -> Images:
    """Random crops of grey pictures (height, width), equally many of each.

    side: of a crop, in pixels; a picture is at least as high, and so is a quarter of it wide. The
    label says which picture.
    """
    rng = np.random.default_rng(seed)
    found: dict[bool, list[Tensor]] = {True: [], False: []}
    for picture in pictures:
        height, width = picture.shape
        border = round(TRAINING_SHARE * width)
        for training, low, high in ((True, 0, border), (False, border, width)):
            count = (train if training else test) // len(pictures)
            rows = rng.integers(height - side + 1, size=count)
            columns = low + rng.integers(high - low - side + 1, size=count)
            cut = [picture[r : r + side, c : c + side] for r, c in zip(rows, columns, strict=True)]
            found[training].append(torch.stack(cut)[:, None])
    labels = [
        torch.arange(len(pictures)).repeat_interleave(len(found[training][0]))
        for training in (True, False)
    ]
    scaled = _scaled(torch.cat(found[True]), torch.cat(found[False]))
    return Images(name, *scaled, *labels)


def identified(place: Path) -> str:
    """A folder of the user's images by its path and a digest of what is read of it.

    Raises ImageProblem for no folder, for fewer than two images, and for one that cannot be read or
    is too small for crops; whether it can be decoded whole is seen when it is.
    """
    chosen = files(place)[:MOST]
    if len(chosen) < FEWEST:
        raise ImageProblem(f"{place} holds one image; {FEWEST} are needed")
    digest = hashlib.sha256()
    for file in chosen:
        with _opened(file) as opened:
            _require_size(file, opened.size, SHORTER)
        digest.update(file.name.encode(errors="surrogateescape") + b"\0" + file.read_bytes())
    return f"{place}#{digest.hexdigest()[:16]}"


@functools.cache
def own(identity: str, side: int, train: int = 2000, test: int = 200, seed: int = 0) -> Images:
    """Random crops of the first images of a folder that was `identified`, as of photographs.

    Larger ones are scaled down first, until the shorter side has 256 pixels. Raises ImageProblem
    for an image that cannot be read, and when the folder is no longer what it was.
    """
    from PIL import Image

    place = Path(identity.rpartition("#")[0])
    if identified(place) != identity:
        raise ImageProblem(f"{place} has changed since it was first looked at")
    pictures = []
    for file in files(place)[:MOST]:
        grey = _decoded(file).convert("L")
        scale = SHORTER / min(grey.size)
        size = [max(SHORTER, round(scale * length)) for length in grey.size]
        small = grey.resize(size, Image.Resampling.BICUBIC)
        pictures.append(torch.from_numpy(np.array(small, dtype=np.float32) / 255))
    if len({float(end) for picture in pictures for end in picture.aminmax()}) == 1:
        raise ImageProblem(f"{place}: all pixels are of one colour")
    return crops(str(place), pictures, side, train, test, seed)


def files(place: Path) -> list[Path]:
    """The images in a folder, by name. ImageProblem for no folder, and one without images."""
    if not place.is_dir():
        raise ImageProblem(f"{place}: there is no such folder of images")
    found = sorted(p for p in place.iterdir() if p.suffix.lower() in ENDINGS and not p.is_dir())
    if not found:
        raise ImageProblem(f"{place} holds no images ({', '.join(ENDINGS)})")
    return found


def folder(
    place: Path, side: int, channels: int = 3, most: int = 64
) -> tuple[list[str], Floating[Tensor, "B {channels} {side} {side}"]]:
    """Names and pixels in [0, 1], (B, channels, side, side), of the first images of a folder.

    Each is scaled until its shorter side is `side`, and cut in the middle. Raises ImageProblem for
    no folder, a folder without images, and an image that cannot be read or is smaller than `side`.
    """
    chosen = files(place)[:most]
    return [file.name for file in chosen], torch.stack(
        [_read(file, side, channels) for file in chosen]
    )


def _read(file: Path, side: int, channels: int) -> Floating[Tensor, "{channels} {side} {side}"]:
    from PIL import Image, ImageOps

    picture = _decoded(file)
    _require_size(file, picture.size, side)
    grey = picture.convert("L" if channels == 1 else "RGB")
    cut = ImageOps.fit(grey, (side, side), Image.Resampling.BICUBIC)
    pixels = torch.from_numpy(np.array(cut, dtype=np.float32) / 255)
    return pixels.reshape(side, side, channels).permute(2, 0, 1)


def _require_size(file: Path, size: tuple[int, int], side: int) -> None:
    if min(size) < side:
        width, height = size
        raise ImageProblem(f"{file} has {width} × {height} pixels; {side} × {side} are needed")


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[Any]:
    """An image that is not decoded yet; what is wrong with it is an ImageProblem that names it."""
    from PIL import Image
    from PIL.Image import open as opened

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with opened(file) as picture:
                yield picture
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ImageProblem(
            f"{file} has more than {Image.MAX_IMAGE_PIXELS} pixels; make it smaller"
        ) from None
    except ImageProblem:
        raise
    except (OSError, ValueError, SyntaxError) as problem:
        raise ImageProblem(f"{file} cannot be read as an image: {problem}") from None


def _decoded(file: Path) -> Any:
    with _opened(file) as picture:
        return _as_shown(file, picture)


def _as_shown(file: Path, opened: Any) -> Any:
    """An image as a viewer shows it: upright, of eight bits, and white where it is transparent."""
    from PIL import Image, ImageOps

    picture = ImageOps.exif_transpose(opened)
    if picture.mode.startswith("I;16"):
        deep = np.asarray(picture).astype(np.float64)
        picture = Image.fromarray((deep / 257).round().astype(np.uint8))
    elif picture.mode[0] in "FI":
        raise ImageProblem(f"{file} holds numbers of no known range; save it with 8 or 16 bits")
    elif "A" in picture.mode or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    else:
        picture.load()  # before the file is closed
    return picture


def batches(
    images: Images, size: int, generator: torch.Generator
) -> Iterator[tuple[Shaped[Tensor, "{size} ..."], ...]]:
    """Endless random batches of training images and their labels, drawn with replacement."""
    while True:
        index = torch.randint(len(images.train), (size,), generator=generator)
        yield images.train[index], images.labels[index]
