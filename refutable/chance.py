"""Chance: the generators of random numbers that a whole process shares, of libraries in use."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any


def states() -> dict[str, Any]:
    """The state of each shared generator, by the name of its library."""
    found: dict[str, Any] = {"random": random.getstate()}
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None and hasattr(numpy, "random"):
        name, keys, *rest = numpy.random.get_state(legacy=True)
        found["numpy.random"] = (name, keys.tobytes(), *rest)
    if torch is not None and hasattr(torch, "get_rng_state"):
        found["torch"] = torch.get_rng_state().numpy().tobytes()
    return found


def restore(states: Mapping[str, Any]) -> None:
    """Set the shared generators back to what `states` returned."""
    random.setstate(states["random"])
    if "numpy.random" in states:
        import numpy as np

        name, keys, *rest = states["numpy.random"]
        np.random.set_state((name, np.frombuffer(keys, dtype=np.uint32), *rest))
    if "torch" in states:
        import torch

        torch.set_rng_state(torch.frombuffer(bytearray(states["torch"]), dtype=torch.uint8))


def seed(number: int) -> None:
    """Start every shared generator anew from a number."""
    random.seed(number)
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None and hasattr(numpy, "random"):
        numpy.random.seed(number % 2**32)
    if torch is not None and hasattr(torch, "manual_seed"):
        if torch.cuda.is_initialized():
            torch.manual_seed(number % 2**63)
        else:  # which asks every kind of device, and takes 300 times as long
            torch.default_generator.manual_seed(number % 2**63)


@contextmanager
def own(number: int) -> Iterator[None]:
    """Shared generators start from a number within, and go on afterwards as if nothing had been."""
    with preserved():
        seed(number)
        yield


@contextmanager
def preserved() -> Iterator[None]:
    """Shared generators are afterwards as they were before."""
    before = states()
    try:
        yield
    finally:
        restore(before)
