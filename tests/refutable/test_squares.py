"""Sums of squares: found in floats, kept only where an exact identity holds, checked by others."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sympy as sp

from refutable.claim import Undecided
from refutable.gap import Gap
from refutable.prove import coverings, deciding, gram, inequality, squares
from refutable.prove import statement as statements
from refutable.prove.answer import Answer
from refutable.recheck import verdict

x, y = sp.symbols("x y", real=True)
a, b, c = sp.symbols("a b c", positive=True)
p, q, r = sp.symbols("p q r", nonnegative=True)

TRUE: dict[str, tuple[list[Any], Any]] = {
    "two squares": ([], x**2 + y**2 >= 2 * x * y),
    "Motzkin": ([], x**4 * y**2 + x**2 * y**4 + 1 >= 3 * x**2 * y**2),
    "Schur": ([], p * (p - q) * (p - r) + q * (q - p) * (q - r) + r * (r - p) * (r - q) >= 0),
    "Nesbitt": ([], a / (b + c) + b / (a + c) + c / (a + b) >= sp.Rational(3, 2)),
    "AM-GM": ([], a**3 + b**3 + c**3 >= 3 * a * b * c),
    "strict": ([], x**2 - 2 * x + 2 > 0),
    "interval": ([x >= 0, x <= 1], x * (1 - x) <= sp.Rational(1, 4)),
    "box": ([x >= -1, x <= 1], x**2 <= 1),
    "several": ([], sp.And(x**2 >= 0, x**2 + y**2 >= x * y)),
}
FALSE: dict[str, tuple[list[Any], Any]] = {
    "nearly two squares": ([], x**2 + y**2 >= sp.Rational(2001, 1000) * x * y),
    "nearly Motzkin": (
        [], x**4 * y**2 + x**2 * y**4 + 1 >= sp.Rational(3001, 1000) * x**2 * y**2
    ),
    "strict at a zero": ([], x**2 - 2 * x + 1 > 0),
    "odd": ([], x**3 >= 0),
    "outside of its interval": ([x >= 0], x * (1 - x) >= 0),
    "constant": ([x >= 0], sp.Ge(x - x - 1 + 0 * y, 0, evaluate=False)),
}  # fmt: skip


def shown(name: str, statement: tuple[list[Any], Any]) -> Any:
    return deciding.decided_by(squares, name, *statement, "as it is")


@pytest.mark.parametrize("name", TRUE)
def test_what_is_true_comes_with_an_identity_that_others_multiply_out(
    name: str, tmp_path: Path
) -> None:
    gap = shown(name, TRUE[name])
    assert isinstance(gap, Gap)
    assert gap.holds
    assert gap.certificate is not None
    assert gap.certificate.scripts
    for script in gap.certificate.scripts:
        assert "(set-info :squares (" in script
        (tmp_path / "proof.smt2").write_text(script, encoding="utf-8")
        assert verdict(tmp_path / "proof.smt2") == (
            "accepted", "the squares add up to nothing, and one is positive",
        )  # fmt: skip


@pytest.mark.parametrize("name", FALSE)
def test_what_is_false_has_no_sum_of_squares(name: str) -> None:
    assumptions, conclusion = FALSE[name]
    for query in statements.read(assumptions, conclusion).counterexamples:
        if query.symbols:
            assert squares.identity(query) is None


def test_it_is_asked_where_no_two_others_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverings, "solve", lambda _: Answer(found="unknown", reason="tired"))
    found = list(inequality.proved("Motzkin", *TRUE["Motzkin"], "as it is"))
    assert [gap.name for gap in found if isinstance(gap, Gap)] == [
        "Motzkin [z3]", "Motzkin [squares]",
    ]  # fmt: skip
    assert not any(gap.remarks for gap in found if isinstance(gap, Gap))


def test_numbers_beyond_floats_are_left_to_others() -> None:
    large = 10**200
    statement = x**2 + large**2 * y**2 >= 2 * large * x * y
    assert isinstance(shown("large", ([], statement)), Undecided)
    found = list(inequality.proved("large", [], statement, "as it is"))
    assert [gap.holds for gap in found if isinstance(gap, Gap)]


def test_nothing_is_wanted_of_no_entries() -> None:
    assert gram.found([0, 0], []) == [[], []]


def test_whole_numbers_and_equations_are_left_to_others() -> None:
    n = sp.Symbol("n", integer=True)
    for statement in (([], n**2 >= n), ([sp.Eq(x, 1)], x >= 1)):
        assert isinstance(shown("other", statement), Undecided)


SCRIPT = """\
(set-info :status unsat)
(set-info :source |sums of squares|)
(set-info :squares ({terms}))
(set-logic QF_NRA)
(declare-const |x| Real)
(declare-const |y| Real)
(assert (>= |x| 0.0))
(assert (> (+ (* (- 1.0) |x| |x|) (* 2.0 |x| |y|) (* (- 1.0) |y| |y|)) 0.0))
(assert ({relation} |y| 0.0))
(check-sat)
"""
RIGHT = "(1.0 (1) 1.0) (1.0 () (+ |x| (* (- 1.0) |y|)))"
WRONG = {
    "another sum": (RIGHT.replace("(+ |x|", "(+ (* 2.0 |x|)"), ">", "do not add up to nothing"),
    "a negative weight": (f"{RIGHT} ((- 1.0) () |x|) (1.0 () |x|)", ">", "no positive weight"),
    "no weight": (f"{RIGHT} (0.0 () |x|)", ">", "no positive weight"),
    "an assertion from behind": (RIGHT.replace("(1)", "(-2)"), ">", "no assertion of that number"),
    "no such assertion": (RIGHT.replace("(1)", "(7)"), ">", "cannot be read"),
    "an equation": (f"{RIGHT} (1.0 (2) 1.0)", "=", "an assertion with ="),
    "nothing": ("(1.0 () (+ |x| (* (- 1.0) |x|)))", ">", "none of its terms is positive"),
    "nothing at all": ("", ">", "none of its terms is positive"),
    "no positive term": (
        "(1.0 (1) (* |x| |y|)) (1.0 () (* |x| |y| (+ |x| (* (- 1.0) |y|))))", ">",
        "none of its terms is positive",
    ),
    "a fraction": (RIGHT.replace("|x|", "(/ 1.0 |x|)"), ">", "more than a number"),
    "a fraction of a fraction": (f"{RIGHT} (1.0 () (/ 1.0 (/ 1.0 |x|)))", ">", "than a number"),
    "a division by 0": (f"{RIGHT} (1.0 () (/ 1.0 (/ 1.0 0.0)))", ">", "a division by 0"),
    "no list": ("|x|", ">", "cannot be read"),
}  # fmt: skip


def test_squares_written_by_hand_are_accepted_when_they_are_right(tmp_path: Path) -> None:
    file = tmp_path / "right.smt2"
    file.write_text(SCRIPT.format(terms=RIGHT, relation=">"), encoding="utf-8")
    assert verdict(file)[0] == "accepted"


@pytest.mark.parametrize("name", WRONG)
def test_squares_that_show_nothing_are_rejected(name: str, tmp_path: Path) -> None:
    terms, relation, why = WRONG[name]
    file = tmp_path / "wrong.smt2"
    file.write_text(SCRIPT.format(terms=terms, relation=relation), encoding="utf-8")
    found, said = verdict(file)
    assert found == "rejected"
    assert why in said


MINUS_SQUARE = "(>= (* (- 1.0) |y| |y|) 0.0)"
ONLY_AT_0 = "(1.0 (0) 1.0) (1.0 () |y|)"
"""-y² >= 0 and y² add up to nothing: y is 0, and no more."""


@pytest.mark.parametrize(
    ("terms", "asserted", "found"),
    [
        ("(1.0 (0) 1.0) (1.0 (1) 1.0)", ("(>= |x| 0.0)", "(>= (- |x|) 0.0)"), "rejected"),  # at 0
        ("(1.0 (0) 1.0) (1.0 (1) 1.0)", ("(>= |x| 0.0)", "(> (- |x|) 0.0)"), "accepted"),
        (ONLY_AT_0, (MINUS_SQUARE, "(> (* |x| |y|) 0.0)"), "accepted"),
        (ONLY_AT_0, (MINUS_SQUARE, "(> (+ (* |x| |y|) |y|) 0.0)"), "accepted"),
        (ONLY_AT_0, (MINUS_SQUARE, "(> (+ |x| |y|) 0.0)"), "rejected"),  # x is 1
        (ONLY_AT_0, (MINUS_SQUARE, "(>= (* |x| |y|) 0.0)"), "rejected"),  # at 0
    ],
)
def test_terms_that_are_0_at_a_point_exclude_nothing(
    terms: str, asserted: tuple[str, ...], found: str, tmp_path: Path
) -> None:
    lines = [
        "(set-info :status unsat)", f"(set-info :squares ({terms}))",
        "(declare-const |x| Real) (declare-const |y| Real)",
        *(f"(assert {assertion})" for assertion in asserted),
    ]  # fmt: skip
    file = tmp_path / "terms.smt2"
    file.write_text("\n".join(lines), encoding="utf-8")
    assert verdict(file)[0] == found


def test_a_matrix_is_split_into_squares_exactly_or_not_at_all() -> None:
    third = Fraction(1, 3)
    terms = gram.squares([[Fraction(1), third], [third, Fraction(1, 9)]])
    assert terms == [(Fraction(1), [Fraction(1), third])]
    assert gram.squares([[Fraction(1), third], [third, Fraction(1, 10)]]) is None
    assert gram.squares([[Fraction(0), third], [third, Fraction(1)]]) is None
    assert gram.squares([[Fraction(0)]]) == []
