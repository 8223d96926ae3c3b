"""Arrays of the model say their shapes, and every test holds them to it (conftest)."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import pytest
import torch
from beartype.roar import BeartypeCallHintViolation

import refutable.model
from refutable.model import correlations, data, gradients, vit
from refutable.model.lumping import Rates
from refutable.model.reduced.clock import Run
from refutable.model.setting import Setting
from refutable.model.transformers import vit as transformer

SETTING = Setting.of_sizes(12, 4, 2, K=2)


def functions() -> Iterator[tuple[str, Any]]:
    """Every function of the model, methods and what makes its records included, by name."""
    for module in pkgutil.walk_packages(refutable.model.__path__, "refutable.model."):
        names = vars(importlib.import_module(module.name))
        for owner in [v for v in names.values() if getattr(v, "__module__", "") == module.name]:
            for part in vars(owner).values() if inspect.isclass(owner) else [owner]:
                held = ("fget", "func", "__func__")  # by a property, a cached one, a static method
                function = next((getattr(part, n) for n in held if hasattr(part, n)), part)
                if inspect.isroutine(function):
                    yield f"{module.name}.{function.__qualname__}", function


def leaves(hint: Any) -> Iterator[Any]:
    """The types that a type is made of, and for a generic one what it is generic in."""
    yield get_origin(hint) or hint
    for part in get_args(hint):
        yield from leaves(part)


def test_no_array_of_the_model_is_without_a_shape() -> None:
    said = 0
    for name, function in functions():
        for leaf in (leaf for hint in get_type_hints(function).values() for leaf in leaves(hint)):
            assert leaf not in (np.ndarray, torch.Tensor), name
            said += hasattr(leaf, "dim_str")
    assert said > 100


def test_a_wrong_shape_is_refused_between_arguments() -> None:
    samples = data.draw(SETTING, 3, np.random.default_rng(0))
    phi, upsilon = np.zeros((2, SETTING.features)), np.zeros((3, SETTING.P))
    with pytest.raises(BeartypeCallHintViolation, match="size of dimension n is 3"):
        gradients.reconstruction(SETTING, samples, np.arange(2), phi, upsilon)


def test_a_wrong_number_of_axes_is_refused() -> None:
    module = vit.ContrastiveViT(SETTING)
    with pytest.raises(BeartypeCallHintViolation, match="2 dimensions, not the 3"):
        module.attention(torch.zeros((SETTING.P, SETTING.dimension), dtype=torch.float64))


def test_a_shape_that_a_generator_yields_is_checked_elsewhere_too() -> None:
    assert "Tokens" in transformer.ViT.layers.__annotations__["return"]
    with pytest.raises(BeartypeCallHintViolation, match="parameter tokens"):
        transformer.ViT(transformer.Architecture()).pool(torch.zeros(2, 48))


def test_a_wrong_type_of_number_is_refused() -> None:
    with pytest.raises(BeartypeCallHintViolation, match="dtype"):
        correlations.position(SETTING, np.zeros((SETTING.dimension,) * 2, dtype=np.float32))


def test_a_wrong_result_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "ascontiguousarray", lambda *_, **__: np.zeros((5, 5, 5)))
    samples = data.draw(SETTING, 3, np.random.default_rng(0))
    with pytest.raises(BeartypeCallHintViolation, match="return"):
        _ = samples.shown


@pytest.mark.parametrize(
    ("record", "fields"),
    [
        (data.Samples, (np.zeros(3, int), np.zeros((3, 2)), np.zeros((2, 4), bool), np.zeros(3))),
        (Rates, (np.zeros(2), np.zeros(4), 0.0, np.zeros(2))),
        (Run, (np.zeros(3), np.zeros((2, 2)), [])),
    ],
)
def test_records_of_arrays_that_do_not_fit_are_refused(
    record: type, fields: tuple[Any, ...]
) -> None:
    with pytest.raises(BeartypeCallHintViolation):
        record(*fields)


def test_who_uses_the_model_needs_no_checker() -> None:
    script = """
import sys, refutable.model.descent, refutable.model.reduced, refutable.model.bent.training
print(sorted({"beartype", "jaxtyping"} & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
