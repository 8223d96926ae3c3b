"""Sameness: whether two exact objects are the same, by what they hold and not by their text.

Printed text leaves out the middle of long arrays and rounds numbers, so it decides nothing; it is
only shown. What counts as the same:

- Numbers by value: 1, Fraction(1), Decimal(1) and an element of Z or Q are the same. A float is a
  rounded number, so it is the same as a float of equal value of any width, and never as an exact
  number: 1.0 is not 1. True is a truth value and no number. NaN is the same as nothing, itself
  included, wherever it stands.
- Containers of one type by their members: lists, tuples, mappings and sets in whatever order,
  records.
- Arrays and tensors by shape, type of entries and every entry; columns and frames by labels, too.
- Expressions of SymPy by structure. Two that differ and yet have the same value are not the same;
  it is said that they are equal, and `symbolic.identity` is there for them.
- Other objects by their own ==, when it gives a truth value. Where == is missing (it then asks
  whether both are one object in memory) or gives something else, they are refused.
"""

from __future__ import annotations

import dataclasses
import enum
import sys
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from refutable.bare import bare
from refutable.number import Number, apart, number
from refutable.rounding import is_rounded
from refutable.shown import SHOWN, kind_of, text
from refutable.text import many

DEPTH = 100
"""Levels of nesting that are compared; what lies deeper, or holds itself, is refused."""


@dataclass(frozen=True)
class Compared:
    """Two objects side by side: their texts, which differ when they do, and where they first do.

    nothing: whether both are 0 or empty. rounded: whether either holds a number that was rounded.
    """

    same: bool
    measured: str
    predicted: str
    difference: str | None = None
    nothing: bool = False
    rounded: bool = False


def compare(measured: object, predicted: object) -> Compared:
    """Whether two objects are the same. TypeError for what cannot be compared by value.

    An infinity by itself is the same as nothing: it says that a number left the range.
    """
    difference = _difference(measured, predicted, "", 0)
    if difference is None and _is_infinite(measured):
        difference = f"{text(measured)} on both sides is beyond the range of numbers"
    if difference is None:
        shown = text(measured)
        nothing = is_nothing(measured)
        return Compared(True, shown, shown, nothing=nothing, rounded=is_rounded(measured))
    left, right = _told_apart(measured, predicted)
    if left == right:
        left, right = f"{left} ({difference})", f"{right} (differs)"
    rounded = is_rounded(measured) or is_rounded(predicted)
    return Compared(False, left, right, difference, rounded=rounded)


def _told_apart(a: object, b: object) -> tuple[str, str]:
    """The texts of two objects that differ, with their types or more digits where they do not."""
    left, right = text(a), text(b)
    if left != right:
        return left, right
    if kind_of(a) != kind_of(b):
        return f"{left} ({kind_of(a)})", f"{right} ({kind_of(b)})"
    one, other = _as_number(a), _as_number(b)
    if one is not None and other is not None:
        return apart(one, other)
    sympy = sys.modules.get("sympy")
    if sympy is not None and isinstance(a, sympy.Basic):
        return sympy.srepr(a)[:SHOWN], sympy.srepr(b)[:SHOWN]
    return left, right


def _difference(a: Any, b: Any, at: str, depth: int) -> str | None:
    """Where two objects first differ, and how; None when they are the same."""
    if type(a) is type(b) and type(a) in (int, str, bool, Fraction, range):
        return None if a == b else _differ(a, b, at)[1]
    if depth > DEPTH:
        raise TypeError(
            f"identical: {at[:40] or 'an object'} is nested too deeply, or holds itself"
        )
    for compared in (
        _singular,
        _inherited,
        _numbers,
        _texts,
        _containers,
        _arrays,
        _frames,
        _expressions,
    ):
        known, found = compared(a, b, at, depth)
        if known:
            return found
    return _by_their_own_rule(a, b, at)


Found = tuple[bool, str | None]
UNKNOWN: Found = (False, None)


def _differ(a: object, b: object, at: str) -> Found:
    place = f"at {at}: " if at else ""
    if isinstance(a, str | bytes) and type(a) is type(b):
        first = next((i for i, pair in enumerate(zip(a, b, strict=False)) if pair[0] != pair[1]), 0)
        start = max(first - 10, 0) if len(a) > 80 else 0
        place = f"at {at}[{start}:]: " if start else place
        a, b = a[start:], b[start:]
    left, right = (side[:80] for side in _told_apart(a, b))
    return True, f"{place}{left} against {right}"


def _types_differ(a: object, b: object, at: str) -> Found:
    place = f"at {at}: " if at else ""
    return True, f"{place}{kind_of(a)} against {kind_of(b)}"


def _same_if(same: bool, a: object, b: object, at: str) -> Found:
    return (True, None) if same else _differ(a, b, at)


def _is_truth(value: object) -> bool:
    numpy = sys.modules.get("numpy")
    return (
        isinstance(value, bool)
        or (numpy is not None and isinstance(value, numpy.bool_))
        or type(value).__name__ in ("BooleanTrue", "BooleanFalse")
    )


def _singular(a: Any, b: Any, at: str, depth: int) -> Found:
    """None, the ellipsis, members of an enumeration and truth values."""
    if a is None or b is None or a is ... or b is ...:
        return _same_if(a is b, a, b, at)
    if isinstance(a, enum.Enum) or isinstance(b, enum.Enum):
        return _same_if(a is b, a, b, at)
    if _is_truth(a) or _is_truth(b):
        return _same_if(_is_truth(a) and _is_truth(b) and bool(a) == bool(b), a, b, at)
    return UNKNOWN


def _inherited(a: Any, b: Any, at: str, depth: int) -> Found:
    """Two objects of a subclass, by what they hold and not by what they say of themselves."""
    if type(a) is not type(b) or (beneath := bare(a)) is a:
        return UNKNOWN
    return True, _difference(beneath, bare(b), at, depth + 1)


def _texts(a: Any, b: Any, at: str, depth: int) -> Found:
    kind: Any
    for kind in (str, bytes, bytearray):
        if isinstance(a, kind) or isinstance(b, kind):
            return _same_if(
                isinstance(a, kind) and isinstance(b, kind) and kind.__eq__(a, b), a, b, at
            )
    return UNKNOWN


def _is_infinite(value: object) -> bool:
    if type(value).__module__.partition(".")[0] == "sympy":
        return bool(getattr(value, "is_infinite", False))
    found = _as_number(value)
    return found is not None and not found.finite


def _as_number(value: object) -> Number | None:
    """The real number that something is, if it is one. An array without axes is still an array."""
    if type(value) in (int, float, Fraction):
        return number(value)
    if value is None or isinstance(value, str | bytes | complex | Mapping | Sequence | Set):
        return None
    if type(value).__module__.partition(".")[0] == "sympy" and not _is_sympy_number(value):
        return None
    if getattr(value, "shape", ()) != () or (
        hasattr(value, "__array_priority__")
        and (type(value).__name__ in ("ndarray", "Tensor", "Parameter"))
    ):
        return None
    try:
        return number(value)
    except TypeError:
        return None


def _parts(value: Any) -> tuple[Any, Any] | None:
    """The parts of a complex number."""
    numpy = sys.modules.get("numpy")
    is_complex = isinstance(value, complex) or type(value).__name__ in ("mpc", "acb")
    is_complex |= numpy is not None and isinstance(value, numpy.complexfloating)
    return (value.real, value.imag) if is_complex else None


def _is_sympy_number(value: Any) -> bool:
    return bool(getattr(value, "is_Rational", False) or getattr(value, "is_Float", False))


def _is_rounded(value: object) -> bool:
    """Whether a number is of a floating type, so that it stands for all that round to it."""
    return (
        isinstance(value, float)
        or getattr(getattr(value, "dtype", None), "kind", "") == "f"
        or bool(getattr(value, "is_Float", False))
        or type(value).__name__ in ("mpf", "arf")
    )


def _numbers(a: Any, b: Any, at: str, depth: int) -> Found:
    parts, others = _parts(a), _parts(b)
    if parts is not None and others is not None:
        found = _first([(".real", parts[0], others[0]), (".imag", parts[1], others[1])], at, depth)
        return True, found
    left, right = _as_number(a), _as_number(b)
    if parts is not None or others is not None:
        return _differ(a, b, at)
    if left is None and right is None:
        return UNKNOWN
    if left is None or right is None:
        return _differ(a, b, at)
    for value, known in ((a, left), (b, right)):
        if not known.exact and known.finite:
            raise TypeError(
                f"identical: {text(value)[:80]} is an interval and no exact number; use equal"
            )
    same = left.low == right.low and _is_rounded(a) == _is_rounded(b)
    if not same and left.low == right.low:
        return _types_differ(a, b, at)
    return _same_if(same, a, b, at)


def _containers(a: Any, b: Any, at: str, depth: int) -> Found:
    if dataclasses.is_dataclass(a) and not isinstance(a, type) and type(a) is type(b):
        if type(a).__eq__ is object.__eq__ or not _is_plain_record(a):
            return UNKNOWN
        fields = dataclasses.fields(a)
        pairs = [
            (f".{f.name}", getattr(a, f.name), getattr(b, f.name)) for f in fields if f.compare
        ]
        return True, _first(pairs, at, depth)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        keys = {key: key for key in b}
        for key in a:
            if key not in keys or _difference(key, keys[key], "", depth + 1) is not None:
                return True, f"{at or 'a mapping'}: the key {text(key)[:80]} is on one side only"
        if len(a) != len(b):
            extra = next(key for key in b if key not in a)
            return True, f"{at or 'a mapping'}: the key {text(extra)[:80]} is on one side only"
        return True, _first([(f"[{key!r}]", a[key], b[keys[key]]) for key in a], at, depth)
    if isinstance(a, Set) and isinstance(b, Set):
        members = {member: member for member in b}
        for member in a:
            if member not in members or _difference(member, members[member], "", depth + 1):
                return True, f"{at or 'a set'}: {text(member)[:80]} is on one side only"
        if len(a) != len(b):
            extra = next(member for member in b if member not in a)
            return True, f"{at or 'a set'}: {text(extra)[:80]} is on one side only"
        return True, None
    if _is_sequence(a) and _is_sequence(b):
        if type(a) is not type(b):
            return _types_differ(a, b, at)
        if len(a) != len(b):
            return True, f"{at or 'a sequence'}: {many(len(a), 'member')} against {len(b)}"
        return True, _first([(f"[{i}]", *pair) for i, pair in enumerate(zip(a, b, strict=True))],
                            at, depth)  # fmt: skip
    if any(isinstance(side, Mapping | Set) or _is_sequence(side) for side in (a, b)):
        return _types_differ(a, b, at)
    return UNKNOWN


def _is_plain_record(value: Any) -> bool:
    """Whether a dataclass is compared by its fields, as dataclasses does it by itself."""
    return bool(type(value).__dataclass_params__.eq) and "__eq__" in type(value).__dict__


def _is_sequence(value: object) -> bool:
    """Lists, tuples and what else is registered as a sequence, expressions and arrays excepted."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


def _first(pairs: Iterable[tuple[str, Any, Any]], at: str, depth: int) -> str | None:
    for place, a, b in pairs:
        found = _difference(a, b, at + place, depth + 1)
        if found is not None:
            return found
    return None


def _arrays(a: Any, b: Any, at: str, depth: int) -> Found:
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if torch is not None and (torch.is_tensor(a) or torch.is_tensor(b)):
        if not (torch.is_tensor(a) and torch.is_tensor(b)):
            return _types_differ(a, b, at)
        if a.dtype != b.dtype or a.shape != b.shape:
            return _forms_differ(a, b, at)
        a, b = (side.detach().to_dense().cpu().resolve_conj().resolve_neg() for side in (a, b))
        if a.dtype in (torch.bfloat16, torch.half):
            a, b = a.float(), b.float()
        return _entries(a.numpy(), b.numpy(), at, depth)
    if numpy is None or not (isinstance(a, numpy.ndarray) or isinstance(b, numpy.ndarray)):
        return UNKNOWN
    if type(a) is not type(b):
        return _types_differ(a, b, at)
    if isinstance(a, numpy.ma.MaskedArray):
        raise TypeError("identical: compare the mask and the data of a masked array")
    if a.dtype != b.dtype or a.shape != b.shape:
        return _forms_differ(a, b, at)
    return _entries(a, b, at, depth)


def _forms_differ(a: Any, b: Any, at: str) -> Found:
    place = f"at {at}: " if at else ""
    return (
        True,
        f"{place}{a.dtype} of shape {tuple(a.shape)} against {b.dtype} of shape {tuple(b.shape)}",
    )


def _entries(a: Any, b: Any, at: str, depth: int) -> Found:
    """Two arrays of numpy of one shape and type, entry by entry."""
    import numpy as np

    if a.dtype.kind not in "biufcmMSUV" or a.dtype.names:
        places = list(np.ndindex(a.shape))
        return True, _first([(_place(i), a[i], b[i]) for i in places], at, depth)
    equal = np.asarray(a == b)
    if equal.all():
        return True, None
    where = tuple(int(i) for i in np.argwhere(~equal)[0])
    return _differ(a[where], b[where], at + _place(where))


def _place(index: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""


def _frames(a: Any, b: Any, at: str, depth: int) -> Found:
    """Columns, frames and labels of pandas: labels, types and every value."""
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return UNKNOWN
    kinds = (pandas.DataFrame, pandas.Series, pandas.Index)
    if not (isinstance(a, kinds) or isinstance(b, kinds)):
        if a is pandas.NA or b is pandas.NA or a is pandas.NaT or b is pandas.NaT:
            return _differ(a, b, at)
        return UNKNOWN
    if type(a) is not type(b):
        return _types_differ(a, b, at)
    if a.shape != b.shape:
        return True, f"{at or 'a table'}: shape {a.shape} against {b.shape}"
    if isinstance(a, pandas.DataFrame):
        found = _first(
            [(".index", a.index, b.index), (".columns", a.columns, b.columns)], at, depth
        )
        columns = [(f".iloc[:, {i}]", a.iloc[:, i], b.iloc[:, i]) for i in range(a.shape[1])]
        return True, found or _first(columns, at, depth)
    if a.dtype != b.dtype:
        return True, f"{at or 'a column'}: {a.dtype} against {b.dtype}"
    pairs: list[tuple[str, Any, Any]] = []
    if isinstance(a, pandas.Series):
        pairs += [(".index", a.index, b.index), (".name", a.name, b.name)]
    else:
        pairs += [(".names", list(a.names), list(b.names))]
    pairs += [(f"[{i}]", *pair) for i, pair in enumerate(zip(a.tolist(), b.tolist(), strict=True))]
    return True, _first(pairs, at, depth)


def _expressions(a: Any, b: Any, at: str, depth: int) -> Found:
    """Expressions of SymPy by structure; what is merely equal is told apart from what is not."""
    sympy = sys.modules.get("sympy")
    if sympy is None:
        return UNKNOWN
    kinds = (sympy.Basic, sympy.MatrixBase)
    if not (isinstance(a, kinds) or isinstance(b, kinds)):
        return UNKNOWN
    if not (isinstance(a, kinds) and isinstance(b, kinds)):
        return _types_differ(a, b, at)
    if any(side.has(sympy.S.NaN) for side in (a, b)):
        return _differ(a, b, at)
    for part in {type(part): part for side in (a, b) for part in sympy.preorder_traversal(side)}:
        if not str(getattr(part.__eq__, "__module__", "sympy")).startswith("sympy"):
            raise TypeError(
                f"identical: {part.__name__} has an == of its own; compare its arguments"
            )
    if a == b and isinstance(a, sympy.MatrixBase) == isinstance(b, sympy.MatrixBase):
        return True, None
    _, found = _differ(a, b, at)
    if isinstance(a, sympy.Expr) and isinstance(b, sympy.Expr) and sympy.expand(a - b) == 0:
        found = f"{found}: equal but not identical; symbolic.identity decides equality"
    return True, found


def _by_their_own_rule(a: Any, b: Any, at: str) -> str | None:
    """Objects of any other type: of one type, and equal by their own ==."""
    place = f"{at}: " if at else ""
    for side in (a, b):
        compares: Any = type(side).__eq__
        if compares is object.__eq__ or isinstance(side, type):
            raise TypeError(
                f"identical: {place}two objects of type {kind_of(side)} can only be asked whether "
                "they are one object; compare what they hold"
            )
        if not _plainly(side == side, side, place):
            return _differ(a, b, at)[1]  # like NaN, it is not even the same as itself
        if _equals_anything(side):
            raise TypeError(f"identical: {place}objects of type {kind_of(side)} equal anything")
    if type(a) is not type(b):
        return _types_differ(a, b, at)[1]
    if _plainly(a == b, a, place) and _plainly(b == a, a, place):
        return None
    return _differ(a, b, at)[1]


def _equals_anything(side: object) -> bool:
    try:
        return (side == object()) is True
    except Exception:  # an == that refuses strangers is a careful one
        return False


def _plainly(answer: object, side: object, place: str) -> bool:
    """The truth value that == gave. TypeError when it gave something else."""
    if not _is_truth(answer):
        raise TypeError(
            f"identical: {place}== between objects of type {kind_of(side)} gives "
            f"{kind_of(answer)} and no truth value; compare what they hold"
        )
    return bool(answer)


def is_nothing(value: object) -> bool:
    """Whether an object is 0, empty, or nothing but zeros: comparing it shows nothing."""
    if value is None:
        return True
    if isinstance(value, str | bytes) or _is_truth(value):
        return False
    value = bare(value)
    if isinstance(value, Mapping | Set | Sequence):
        return not len(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return not any(field.compare for field in dataclasses.fields(value))
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape != () and hasattr(value, "any"):
        try:
            return not bool((value != 0).any())  # type: ignore[attr-defined]
        except (TypeError, ValueError, RuntimeError):
            return False
    parts = _parts(value)
    if parts is not None:
        return bool(parts[0] == 0 and parts[1] == 0)
    found = _as_number(value)
    return found is not None and found.is_zero
