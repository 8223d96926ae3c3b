"""Shapes: what stands beside an array's type, `Float[Array, "B n N"]`, and how tests check it.

Axes have the letters of the theory: B samples, n queries, P patches, K clusters, N areas of one
cluster, KN features of all, d the embedding dimension, T moments. Within a call an axis has one
length. Models of the theory are in double precision (Float); networks on images in any (Floating).
Tests load jaxtyping, and every call is checked; without it a shape is a note on the type,
which is what jaxtyping itself shows to type checkers.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

from numpy.typing import NDArray

if TYPE_CHECKING or "jaxtyping" in sys.modules:
    from jaxtyping import Bool, Shaped
    from jaxtyping import Float as Floating
    from jaxtyping import Float64 as Float
    from jaxtyping import Int64 as Int
else:
    Bool = Float = Floating = Int = Shaped = Annotated

Array = NDArray[Any]
"""A NumPy array; the name before it says of what."""

__all__ = ["Array", "Bool", "Float", "Floating", "Int", "Shaped"]
