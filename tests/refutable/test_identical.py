"""`identical` compares what objects hold, whatever their printed text leaves out."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import enum
import functools
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import flint
import mpmath
import numpy as np
import pandas as pd
import pytest
import sympy as sp
import torch
from hypothesis import given
from hypothesis import strategies as st

from refutable.gap import identical
from refutable.records.results import GapRecord
from refutable.sameness import compare, is_nothing

x, y = sp.symbols("x y")


@dataclasses.dataclass
class Point:
    """A record."""

    at: object
    label: str = "p"


@dataclasses.dataclass(eq=False)
class Handle:
    """A record without ==."""

    at: object


class Colour(enum.Enum):
    """Two members."""

    RED = 1
    BLUE = 2


class Always:
    """Equal to anything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Never:
    """Equal to nothing, itself included."""

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]


LONG = np.arange(4000)
LATE = LONG.copy()
LATE[2000] = -1
COLUMN = pd.Series(range(400))
OTHER = COLUMN.copy()
OTHER[200] = -1
NAN = math.nan
SAME: dict[str, tuple[Any, Any]] = {
    "int and fraction": (1, Fraction(1)),
    "int and decimal": (1, Decimal("1.0")),
    "int of numpy": (3, np.int64(3)),
    "ints of flint": (flint.fmpz(3), 3),
    "fractions": (Fraction(2, 4), flint.fmpq(1, 2)),
    "sympy and fraction": (sp.Rational(1, 2), Fraction(1, 2)),
    "widths of floats": (np.float32(0.5), 0.5),
    "mpf": (mpmath.mpf(0.5), 0.5),
    "complex": (1 + 2j, mpmath.mpc(1, 2)),
    "truth": (True, np.True_),
    "truth of sympy": (sp.true, True),
    "none": (None, None),
    "text": ("a" * 5000, "a" * 5000),
    "mapping in another order": ({"a": 1, "b": [2]}, {"b": [2], "a": 1}),
    "counter": (collections.Counter("aab"), {"a": 2, "b": 1}),
    "sets": ({3, 1, 2}, frozenset({1, 2, 3})),
    "nested": ([Fraction(2, 4), (1, {2})], [Fraction(1, 2), (1, {2})]),
    "arrays": (LONG, LONG.copy()),
    "arrays in a mapping": ({"a": LONG}, {"a": LONG.copy()}),
    "object arrays": (np.array([1, "a"], dtype=object), np.array([1, "a"], dtype=object)),
    "tensors": (torch.ones(2), torch.ones(2)),
    "columns": (COLUMN, COLUMN.copy()),
    "frames": (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]})),
    "labels": (pd.Index([1, 2]), pd.Index([1, 2])),
    "expressions": (x + y, y + x),
    "matrices": (sp.Matrix([[x]]), sp.Matrix([[x]])),
    "polynomials": (flint.fmpz_poly([1, 2]), flint.fmpz_poly([1, 2])),
    "records": (Point([1, 2]), Point([1, 2])),
    "members": (Colour.RED, Colour.RED),
    "dates": (datetime.date(2020, 1, 1), datetime.date(2020, 1, 1)),
    "ranges": (range(10**12), range(10**12)),
    "factorial": (math.factorial(2000), math.prod(range(1, 2001))),
    "sign of 0": (0.0, -0.0),
}
DIFFERENT: dict[str, tuple[Any, Any]] = {
    "middle of an array": (LONG, LATE),
    "type of entries": (np.arange(3), np.arange(3.0)),
    "shape": (np.zeros((2, 3)), np.zeros((3, 2))),
    "array and list": (np.arange(2), [0, 1]),
    "array and number": (np.array(5), 5),
    "fifth digit": (torch.tensor([2 / 3]), torch.tensor([0.66668])),
    "precision": (torch.tensor([0.5]), torch.tensor([0.5], dtype=torch.float64)),
    "tensor and array": (torch.ones(2), np.ones(2, dtype=np.float32)),
    "imaginary part": (torch.tensor([1 + 1j]), torch.tensor([1 + 2j])),
    "middle of a column": (COLUMN, OTHER),
    "label of a column": (pd.Series([1], name="a"), pd.Series([1], name="b")),
    "labels of rows": (pd.Series([1], index=[0]), pd.Series([1], index=[1])),
    "type of a column": (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1.0]})),
    "order of columns": (pd.DataFrame({"a": [1], "b": 2}), pd.DataFrame({"b": [2], "a": 1})),
    "last bit": (mpmath.mpf(1) + mpmath.mpf(2) ** -52, mpmath.mpf(1)),
    "last digit": (math.factorial(2000), math.factorial(2000) + 1),
    "middle digit": (10**4000, 10**4000 + 10**2000),
    "middle letter": ("a" * 5001, "a" * 2500 + "b" + "a" * 2500),
    "number and text": (7, "7"),
    "none and text": (None, "None"),
    "exact and float": (1, 1.0),
    "fraction and float": (Fraction(1, 2), 0.5),
    "number and truth": (1, True),
    "rational and float of sympy": (sp.Integer(1), sp.Float(1)),
    "text and bytes": ("a", b"a"),
    "list and tuple": ([1], (1,)),
    "length": ([1, 2], [1]),
    "member": ({1}, {1, 2}),
    "member of another type": ({1}, {True}),
    "key": ({1: 2}, {1.0: 2}),
    "value": ({"a": 1}, {"a": 2}),
    "field": (Point(1), Point(2)),
    "enumerations": (Colour.RED, Colour.BLUE),
    "member and value": (Colour.RED, 1),
    "structure": ((x + y) ** 2, x**2 + 2 * x * y + y**2),
    "assumptions": (sp.Symbol("x", positive=True), x),
    "nan": (NAN, NAN),
    "nan in a list": ([NAN], [NAN]),
    "nan in an array": (np.array([NAN]), np.array([NAN])),
    "nan in a tensor": (torch.tensor([NAN]), torch.tensor([NAN])),
    "nan in a column": (pd.Series([NAN]), pd.Series([NAN])),
    "nan in an expression": (x + sp.nan, x + sp.nan),
    "nan of numpy": (np.float64("nan"), np.float64("nan")),
    "nan of decimals": (Decimal("nan"), Decimal("nan")),
    "nan as a key": ({NAN: 1}, {NAN: 1}),
    "not a time": (np.datetime64("NaT"), np.datetime64("NaT")),
    "missing": (pd.NA, pd.NA),
    "infinity": (math.inf, math.inf),
    "infinity of sympy": (sp.oo, sp.oo),
    "not equal to itself": (Never(), Never()),
}
CYCLE: list[Any] = []
CYCLE.append(CYCLE)
REFUSED: dict[str, tuple[Any, Any]] = {
    "objects without ==": (Handle(1), Handle(1)),
    "functions": (compare, compare),
    "classes": (Point, Point),
    "generators": ((n for n in [1]), (n for n in [1])),
    "equal to anything": (Always(), Always()),
    "holds itself": (CYCLE, CYCLE),
    "inexact balls": (flint.arb(1) / 3, flint.arb(1) / 3),
    "in a list": ([Handle(1)], [Handle(1)]),
}


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME)
def test_the_same(pair: tuple[Any, Any]) -> None:
    for a, b in (pair, pair[::-1]):
        gap = identical("it", a, b, "exact")
        assert gap.holds
        assert gap.measured == gap.predicted


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT)
def test_not_the_same_and_shown_to_differ(pair: tuple[Any, Any]) -> None:
    for a, b in (pair, pair[::-1]):
        gap = identical("it", a, b, "exact")
        assert gap.fails
        record = GapRecord.of(gap)
        assert record.measured != record.predicted
        assert max(len(str(record.measured)), len(str(record.predicted))) < 1200


@pytest.mark.parametrize("pair", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_compared_by_value_is_refused(pair: tuple[Any, Any]) -> None:
    with pytest.raises(TypeError, match="identical: "):
        identical("it", *pair, "exact")


def test_where_it_differs_is_said() -> None:
    assert compare(LONG, LATE).difference == "at [2000]: 2000 against -1"
    assert compare({"a": [1, 2]}, {"a": [1, 3]}).difference == "at ['a'][1]: 2 against 3"
    assert "at [2490:]" in str(compare(*DIFFERENT["middle letter"]).difference)


def test_equal_expressions_of_another_form_are_pointed_to_identity() -> None:
    difference = compare((x + y) ** 2, sp.expand((x + y) ** 2)).difference
    assert difference is not None
    assert "equal but not identical" in difference
    assert "equal but" not in str(compare(x, y).difference)


def test_an_object_that_is_changed_later_changes_no_gap() -> None:
    values = [1, 2]
    gap = identical("values", values, [1, 2], "exact")
    values.append(3)
    assert gap.holds
    assert dataclasses.replace(gap, name="again").holds


def test_a_copy_with_another_side_is_compared_anew() -> None:
    gap = identical("word", "a", "a", "exact")
    assert dataclasses.replace(gap, predicted="b").fails


ATOMS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.fractions())
NESTED = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=2), inner, max_size=3),
        st.tuples(inner, inner),
    ),
    max_leaves=8,
)


@given(NESTED, NESTED)
def test_it_is_python_equality_where_types_agree(a: Any, b: Any) -> None:
    if compare(a, b).same:
        assert a == b
    assert compare(a, a).same
    assert compare([a, 1], [a, 2]).difference is not None


@pytest.mark.parametrize(
    "value",
    [0, 0.0, Fraction(0), sp.Integer(0), np.zeros(3), torch.zeros(2), [], {}, set(), None, 0j,
     flint.fmpq(0), np.float32(0), pd.Series([0, 0])],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_nought_and_nothing(value: Any) -> None:
    assert is_nothing(value)


@pytest.mark.parametrize("value", [1, 0.5, "", "0", False, [0], {"a": 0}, np.eye(2), x, {None}])
def test_something(value: Any) -> None:
    assert not is_nothing(value)


class _Lying:
    """What a subclass may say of itself, whatever it holds."""

    def __eq__(self, other: object) -> bool:
        return True

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Any:
        return iter(())

    def __contains__(self, item: object) -> bool:
        return True

    def __getitem__(self, place: object) -> int:
        return 0

    def __hash__(self) -> int:
        return 0

    def tolist(self) -> list[int]:
        return [0, 0]


def _lying(base: type) -> Any:
    return type(f"Lying{base.__name__}", (_Lying, base), {})


LYING: dict[str, Any] = {
    "text": lambda kind, *x: kind(x),
    "bytes": lambda kind, *x: kind(x),
    "list": lambda kind, *x: kind(x),
    "tuple": lambda kind, *x: kind(x),
    "set": lambda kind, *x: kind(x),
    "frozenset": lambda kind, *x: kind(x),
    "dict": lambda kind, *x: kind(enumerate(x)),
    "array": lambda kind, *x: np.array(x).view(kind),
    "tensor": lambda kind, *x: torch.tensor(x).as_subclass(kind),
    "column": lambda kind, *x: kind(list(x)),
}
BASES = {
    "text": str, "bytes": bytes, "list": list, "tuple": tuple, "set": set, "frozenset": frozenset,
    "dict": dict, "array": np.ndarray, "tensor": torch.Tensor, "column": pd.Series,
}  # fmt: skip


@pytest.mark.parametrize("name", LYING)
def test_a_subclass_is_asked_for_what_it_holds_and_not_whether_it_is_the_same(name: str) -> None:
    make = functools.partial(LYING[name], _lying(BASES[name]))
    assert not compare(make(1, 2), make(3, 4)).same
    assert not compare([make(1, 2)], [make(1, 3)]).same
    assert compare(make(1, 2), make(1, 2)).same
    assert not compare(make(1, 2), make(1, 2)).nothing


def test_a_text_is_not_the_same_as_a_subclass_that_says_so() -> None:
    assert not compare("no", _lying(str)("yes")).same
    assert not compare(_lying(str)("yes"), "no").same


def test_an_expression_with_an_equality_of_its_own_is_refused() -> None:
    lying = type("Lying", (sp.Symbol,), {"__eq__": lambda *_: True, "__hash__": sp.Symbol.__hash__})
    with pytest.raises(TypeError, match="Lying has an == of its own"):
        compare(lying("a") + 1, lying("b") + 1)


def test_a_record_of_which_no_field_is_compared_shows_nothing() -> None:
    record = dataclasses.make_dataclass("Record", [("x", int, dataclasses.field(compare=False))])
    assert compare(record(1), record(2)).nothing
    assert not compare(Point(0), Point(0)).nothing
