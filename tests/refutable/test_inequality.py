"""Deciders of inequalities that share no code: each proves, refutes, or says that it cannot."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from types import ModuleType

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy.core.relational import Relational

from refutable import check
from refutable.claim import Undecided, Vacuous, Verdict, evidence_of
from refutable.claims import assumptions as configurations
from refutable.claims.mae import one_sample, signs, sizes
from refutable.gap import Gap
from refutable.prove import boxes, cells, coverings, inequality, smt, squares
from refutable.prove.answer import Answer
from refutable.prove.deciding import Decided, DisagreementError
from refutable.prove.relations import met, refutes, symbols_of

x, y = sp.symbols("x y", positive=True)
a, b, c = sp.symbols("a b c", real=True)
SQUARE = [a >= 0, a <= 1, b >= 0, b <= 1]
SIMPLEX = [a >= 0, b >= 0, c >= 0, a + b + c <= 1]
MOTZKIN = a**4 * b**2 + a**2 * b**4 + c**6 >= 3 * a**2 * b**2 * c**2

Decider = Callable[..., Decided]
both = pytest.mark.parametrize("decided", [smt.decided, boxes.decided], ids=["z3", "balls"])


def outcome(found: Decided) -> str:
    if isinstance(found, Undecided):
        return "vacuous" if isinstance(found, Vacuous) else "undecided"
    return "proved" if found.holds else "refuted"


@both
@pytest.mark.parametrize(
    ("assumptions", "conclusion", "expected"),
    [
        ([x >= 0, y >= 0], x**2 + y**2 >= 2 * x * y, "proved"),  # attained inside, homogeneous
        ([], x**2 + y**2 >= sp.Rational(199, 100) * x * y, "proved"),
        ([], x**2 + y**2 >= sp.Rational(201, 100) * x * y, "refuted"),
        ([], x**3 + x >= 0, "proved"),  # since x is positive
        (SQUARE, a * b <= 1, "proved"),  # attained
        (SQUARE, a * b < 1, "refuted"),  # attained
        (SQUARE, a * b < sp.Rational(11, 10), "proved"),
        (SQUARE, a * (1 - a) <= sp.Rational(1, 4), "proved"),  # attained inside, a square
        (SQUARE, a * (1 - a) <= sp.Rational(249, 1000), "refuted"),
        (SQUARE, 2 * a + 3 * b >= 1 + 4 * a * b, "refuted"),  # rises along b = 0, falls along b = 1
        (SIMPLEX, a * b * c <= sp.Rational(1, 26), "proved"),  # 1/27 is sharp
        (SIMPLEX, a * b * c <= sp.Rational(1, 28), "refuted"),
        (SIMPLEX, a**2 + b**2 + c**2 <= 1, "proved"),
        ([*SQUARE, sp.Eq(c, a * b)], c <= (a + b) / 2, "proved"),
        ([a >= 1, a <= 0], a >= 5, "vacuous"),  # from nothing
        ([a >= 0, a <= 1, a**2 > 1], a >= 5, "vacuous"),  # empty by strictness only
    ],
    ids=str,
)
def test_theorems_and_counterexamples(
    decided: Decider, assumptions: list[Relational], conclusion: Relational, expected: str
) -> None:
    found = decided("it", assumptions, conclusion, "nothing is lumped")
    assert outcome(found) == expected
    if isinstance(found, Gap) and found.witness:
        symbols = symbols_of([*assumptions, conclusion])
        witness = {symbol: sp.sympify(found.witness[str(symbol)]) for symbol in symbols}
        assert refutes(witness, assumptions, conclusion)


@both
def test_the_sign_of_a_symbol_is_an_assumption(decided: Decider) -> None:
    assert outcome(decided("x", [], x**3 + x >= 0, "positive")) == "proved"
    between = [a >= -1, a <= 1]
    assert outcome(decided("a", between, a**3 + a >= 0, "any real")) == "refuted"


def test_what_exhausts_a_decider_is_undecided() -> None:
    assert outcome(smt.decided("Motzkin", [], MOTZKIN, "known", resource_limit=100)) == "undecided"
    # Attained at thirds, which no halving reaches.
    inside = [a >= 0, a <= 3, b >= 0, b <= 3, sp.Eq(c, 1)]
    assert (
        outcome(boxes.decided("Motzkin", inside, MOTZKIN, "known", most_boxes=300)) == "undecided"
    )
    unbounded = boxes.decided("line", [a >= 0], a**2 + 1 >= a, "a ray without a scale")
    assert isinstance(unbounded, Undecided)
    assert "nothing bounds a from both sides" in unbounded.reason


@pytest.mark.parametrize("inhabited", [smt.inhabited, boxes.inhabited], ids=["z3", "balls"])
def test_impossible_assumptions_are_noticed(inhabited: Decider) -> None:
    assert outcome(inhabited("empty", [x > 1, x < 0], "must be satisfiable")) == "refuted"
    assert outcome(inhabited("a simplex", SIMPLEX, "must be satisfiable")) == "proved"


def test_only_polynomials_are_decided() -> None:
    for decided in (smt.decided, boxes.decided):
        with pytest.raises(ValueError, match=r"sin\(a\) is no polynomial"):
            decided("sine", SQUARE, sp.sin(a) <= 1, "no polynomial")


UNKNOWN = Answer(found="unknown", reason="planted")


def judged(*decided: Decided) -> Verdict:
    return check.judge(evidence_of(decided))[0]


def test_a_disagreement_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """A point that is confirmed beside a proof: one of the deciders is wrong."""

    def ask(conclusion: Relational) -> list[Decided]:
        return list(inequality.proved("product", SQUARE, conclusion, "nothing is lumped"))

    assert judged(*ask(a * b <= 1)) is Verdict.HOLDS
    assert judged(*ask(a * b <= sp.Rational(1, 2))) is Verdict.FAILS
    for module in (smt, coverings, boxes):
        with monkeypatch.context() as patch:
            patch.setattr(module, "solve", lambda *_: Answer(found="empty"))
            with pytest.raises(DisagreementError, match="refuted at"):
                ask(a * b <= sp.Rational(1, 2))


def test_an_offered_point_counts_when_it_is_confirmed_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither as a refutation nor as a proof."""
    wrong = Answer(found="point", point={a: sp.S.Zero, b: sp.S.Zero})
    monkeypatch.setattr(smt, "solve", lambda *_: wrong)
    found = smt.decided("product", SQUARE, a * b <= 1, "nothing is lumped")
    assert isinstance(found, Undecided)
    assert "does not confirm" in found.reason
    labels = [gap.name for gap in inequality.proved("p", SQUARE, a * b <= 1, "no sums")]
    assert labels == ["p [cvc5]", "p [balls]"]


DECIDERS = {"z3": smt, "cvc5": coverings, "balls": boxes, "squares": squares}


@pytest.mark.parametrize("alone", DECIDERS.values(), ids=DECIDERS)
def test_where_one_decider_alone_comes_to_an_end_the_certificate_says_so(
    alone: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in DECIDERS.values():
        if module is not alone:
            monkeypatch.setattr(module, "solve", lambda *_: UNKNOWN)
    (found,) = inequality.proved("product", SQUARE, a * b <= 1, "nothing is lumped")
    assert isinstance(found, Gap)
    assert found.certificate is not None
    assert found.certificate.alone.count("planted") == 3
    monkeypatch.setattr(alone, "solve", lambda *_: UNKNOWN)
    (none,) = inequality.proved("product", SQUARE, a * b <= 1, "nothing is lumped")
    assert judged(none) is Verdict.UNDECIDED


def test_certificates_say_what_was_decided_and_how() -> None:
    told = [a >= 0, a <= x, b >= 0, b <= x]
    answers = inequality.proved("product", told, a * b <= x**2, "two symbols stand for all")
    for found, by, resource in zip(
        answers,
        ("z3 ", "cvc5 ", "ball arithmetic, python-flint "),
        ("rlimit", "rlimit", "boxes"),
        strict=True,
    ):
        assert isinstance(found, Gap)
        proof = found.certificate
        assert proof is not None
        assert proof.by.startswith(by)
        assert not proof.alone
        assert proof.resource[resource] > 0
        assert proof.negated == str(a * b > x**2)
        assert proof.assumptions == tuple(map(str, told))
        assert proof.sums == "two symbols stand for all"
        assert set(proof.variables) == {"a", "b", "x"}
    assert any("homogeneous (weights a: 1, b: 1, x: 1)" in step for step in proof.reductions)
    assert "cell: a in [0, 1], b in [0, 1], x in 1" in proof.reductions


polynomials = st.lists(
    st.tuples(st.integers(-4, 4), st.sampled_from([sp.S.One, a, b, a * b, a**2, b**2, a**2 * b])),
    min_size=1,
    max_size=5,
).map(lambda terms: sum((k * power for k, power in terms), sp.S.Zero))
corners = st.sampled_from([SQUARE, [a >= 0, b >= 0, a + b <= 1], [a >= 0, a <= b, b <= 1]])


@given(corners, polynomials, st.booleans())
@settings(max_examples=60, derandomize=True, database=None)
def test_the_deciders_agree(told: list[Relational], p: sp.Expr, strict: bool) -> None:
    conclusion = sp.StrictGreaterThan(p, 0) if strict else sp.GreaterThan(p, 0)
    by_z3 = outcome(smt.decided("p", told, conclusion, "random"))
    by_balls = outcome(boxes.decided("p", told, conclusion, "random", most_boxes=1000))
    assert by_z3 in ("proved", "refuted")
    assert by_balls in (by_z3, "undecided")


@given(st.lists(st.integers(-1, 4), min_size=8, max_size=8))
@settings(max_examples=100, derandomize=True, database=None)
def test_what_holds_at_the_corners_decides_for_a_multilinear_slack(values: list[int]) -> None:
    """It is smallest at a corner, so that a face is only taken where the slack falls towards it."""
    sides = [(1 - x, x) for x in (a, b, c)]
    slack = sp.expand(sum(v * sp.prod(w) for v, w in zip(values, product(*sides), strict=True)))
    told = [*SQUARE, c >= 0, c <= 1]
    found = boxes.decided("slack", told, sp.GreaterThan(slack, 0, evaluate=False), "corners")
    assert outcome(found) == ("proved" if min(values) >= 0 else "refuted")


@given(st.lists(st.integers(0, 9), min_size=4, max_size=4))
@settings(max_examples=10, derandomize=True, database=None)
def test_a_needle_is_found(shares: list[int]) -> None:
    """The only counterexamples lie in a ball of radius 1/10 anywhere in the simplex."""
    total = sum(shares) or 1
    needle = [sp.Rational(share, total) for share in shares[:3]]
    apart = sum((s - p) ** 2 for s, p in zip((a, b, c), needle, strict=True))
    found = boxes.decided("needle", SIMPLEX, apart >= sp.Rational(1, 100), "planted")
    assert outcome(found) == "refuted"


DOMAINS = {
    "own": (one_sample.Named(), signs.OWN_CASE),
    "global leads": (one_sample.Named(global_=True), [*signs.GLOBAL_CASE, *signs.leading()]),
    "other": (one_sample.Named(other=True), sizes.pulls()["masked key"][0]),
}


@pytest.mark.parametrize(("named", "told"), DOMAINS.values(), ids=DOMAINS)
@given(configurations.attentions(local_query=True, others=1))
@settings(max_examples=25, derandomize=True, database=None)
def test_every_attention_vector_lies_in_a_cell(
    named: one_sample.Named, told: list[Relational], point: configurations.Attention
) -> None:
    """Whatever way the assumptions are covered: otherwise a proof would leave points out."""
    scale = Fraction(point.U)
    unit = configurations.Attention(
        point.areas,
        tuple(z / scale for z in point.latents),
        point.own,
        point.L / scale,
        Fraction(1),
    )
    values = named.lumps(unit)
    if not all(met(relation, values) for relation in told):
        return
    for cover in cells.cases(told)[0].covers():  # the case U = 1
        assert any(_inside(cell, values) for cell in cover)


def _inside(cell: cells.Cell, values: dict[sp.Symbol, sp.Rational]) -> bool:
    by_name = {str(symbol): value for symbol, value in values.items()}

    def value(text: str) -> sp.Expr:
        return sp.sympify(text, locals={name: sp.Symbol(name) for name in by_name}).subs(by_name)

    for name, text in cell.ranges.items():
        low, _, high = text.strip("[]").partition(", ")
        if not value(low) <= by_name[name] <= value(high or low):
            return False
    return True
