"""Image sets by name: clothing, photographs of two libraries, and folders of the user's own."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import numpy as np
import torch

from refutable.errors import MissingFileError, needed
from refutable.model.transformers import images

CLOTHING, PHOTOGRAPHS, MORE = "Fashion-MNIST", "photographs", "more photographs"
SHIPPED = (CLOTHING, PHOTOGRAPHS)
"""Those of which trainings are known."""
CLOTHING_SIDE = 28
VARIABLE = "CLAIMS_IMAGES"
"""Environment variable: the folder of the user's images."""
OF_SCIKIT_IMAGE = ("astronaut", "camera", "chelsea", "coffee", "rocket")
"""Photographs in the wheel of scikit-image; others it would fetch from the network."""


def named(name: str, side: int) -> images.Images:
    """The images of this name, crops of this side; clothing as it is.

    Raises MissingPackageError for more photographs without scikit-image, and ImageProblem for a
    folder that cannot be used, or is no longer what it was when it was identified.
    """
    if name == CLOTHING:
        return images.clothing()
    if name == PHOTOGRAPHS:
        return images.photographs(side)
    return of_scikit_image(side) if name == MORE else images.own(name, side)


@functools.cache
def of_scikit_image(side: int) -> images.Images:
    """Crops of the photographs that ship with scikit-image."""
    data = needed("skimage.data", "scikit-image", "looking at the photographs that ship with it")
    pictures = [np.asarray(getattr(data, name)(), dtype=np.float32) for name in OF_SCIKIT_IMAGE]
    grey = [torch.from_numpy(p if p.ndim == 2 else p.mean(axis=2)) / 255 for p in pictures]
    return images.crops(MORE, grey, side)


def given() -> str:
    """The name of the user's own images. MissingFileError when no folder was named."""
    place = os.environ.get(VARIABLE)
    if not place:
        raise MissingFileError("no --images DIR was named; two photographs would do")
    return images.identified(Path(place))
