"""Bare: what an object holds as the type that it inherits from sees it, without what it overrides.

A subclass may answer for itself in `==`, `len` or iteration. What two objects hold is asked of the
list, array or table beneath, so that no answer of theirs decides whether they are the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

_BUILT_IN: dict[type, Callable[[Any], Any]] = {
    str: str.__str__,
    bytes: lambda value: bytes.__getitem__(value, slice(None)),
    bytearray: lambda value: bytearray.__getitem__(value, slice(None)),
    dict: lambda value: dict(dict.items(value)),
    list: list.copy,
    tuple: lambda value: tuple.__getitem__(value, slice(None)),
    set: lambda value: set(set.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
}


def bare(value: Any) -> Any:
    """The same content in the type of Python, numpy, torch or pandas that a class inherits from.

    The object itself where it is of such a type already, or of none that is known here.
    """
    kind = type(value)
    if kind in _BUILT_IN:
        return value
    for base, copied in _BUILT_IN.items():
        if isinstance(value, base):
            return copied(value)
    if kind.__module__.partition(".")[0] in ("numpy", "torch", "pandas"):
        return value
    numpy, torch, pandas = (sys.modules.get(name) for name in ("numpy", "torch", "pandas"))
    if numpy is not None and isinstance(value, numpy.ndarray):
        masked = isinstance(value, numpy.ma.MaskedArray)
        return value if masked else numpy.ndarray.view(value, numpy.ndarray)
    if torch is not None and isinstance(value, torch.Tensor):
        with torch._C.DisableTorchFunctionSubclass():
            return torch.Tensor.as_subclass(value, torch.Tensor)
    if pandas is not None:
        for base in (pandas.DataFrame, pandas.Series, pandas.Index):
            if isinstance(value, base):
                return base(value)
    return value
