"""Teeth: a planted mistake must turn the claim that ships it to `fails` under the same budget."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from claims.checking import shared
from claims.checking.claim import Mistake


@contextmanager
def planted(mistake: Mistake) -> Iterator[None]:
    """Plant a mistake while inside. AttributeError when its target does not exist (any more)."""
    module_name, _, attribute = mistake.target.rpartition(".")
    module = importlib.import_module(module_name)
    original = getattr(module, attribute)
    with shared.nothing_shared(), mock.patch.object(module, attribute, mistake.plant(original)):
        yield
