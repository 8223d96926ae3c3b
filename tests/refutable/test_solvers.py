"""z3 and cvc5 in a process of their own: nothing they do costs more than one question."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import sympy as sp

from refutable.errors import MissingPackageError
from refutable.gap import Gap
from refutable.prove import coverings, inequality, smt, solver_process, solvers
from refutable.prove.statement import Atom, Query, read

x, y = sp.symbols("x y", real=True)
numbers = sp.symbols("a b c d e f", positive=True)
MEANS = sum(v**6 for v in numbers) >= 6 * sp.prod(numbers)
"""Hours of work for either solver, in a few steps that no counter of work interrupts."""
HARD = read([], MEANS).counterexamples[0]
EASY = Query((Atom(x**2 - 3, "=="), Atom(x, ">")))
EMPTY = Query((Atom(-(x**2) - 1, ">="),))
both = pytest.mark.parametrize("solver", ["z3", "cvc5"])


@both
def test_answers_are_exact(solver: solvers.Solver) -> None:
    found = solvers.ask(solver, EASY, 10**6)
    assert found.found == "point"
    assert found.point == {x: sp.sqrt(3)}
    assert solvers.ask(solver, EMPTY, 10**6).found == "empty"
    assert solvers.version(solver)
    cubic = Query((Atom(x**3 - 2, "=="), Atom(3 * y - x, "==")))
    point = solvers.ask(solver, cubic, 10**6).point
    assert sp.N(point[x] ** 3 - 2, 30) == pytest.approx(0, abs=1e-25)
    assert sp.N(point[x] - 3 * point[y], 30) == pytest.approx(0, abs=1e-25)


@both
def test_whole_numbers_are_no_fractions(solver: solvers.Solver) -> None:
    n = sp.Symbol("n", integer=True)
    between = (Atom(3 * n - 1, ">"), Atom(2 - 3 * n, ">"))
    assert solvers.ask(solver, Query(between), 10**6).found == "point"
    assert solvers.ask(solver, Query(between, frozenset([n])), 10**6).found == "empty"


@both
def test_a_solver_that_gives_up_knows_nothing(solver: solvers.Solver) -> None:
    """Its own counter of work, which does not depend on the machine."""
    sextic = x**4 * y**2 + x**2 * y**4 - 3 * x**2 * y**2 + 1
    found = solvers.ask(solver, Query((Atom(-sextic, ">"),)), 10)
    assert found.found == "unknown"
    assert found.reason


@both
def test_a_question_without_end_ends_and_the_next_is_answered(solver: solvers.Solver) -> None:
    started = time.process_time()
    found = solvers.ask(solver, HARD, 10**9, seconds=1)
    assert found.found == "unknown"
    assert found.reason == "stopped after 1 s of CPU time"
    assert time.process_time() - started < 1  # not here
    assert solvers.ask(solver, EMPTY, 10**6).found == "empty"


def test_a_solver_that_crashes_costs_its_question_only() -> None:
    assert solvers.ask("z3", EMPTY, 10**6).found == "empty"
    child = solvers._process().child
    assert child is not None
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert solvers.ask("z3", EMPTY, 10**6).found == "empty"
    again = solvers._process().child
    assert again is not None
    assert again.pid != child.pid


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_a_forked_process_asks_a_child_of_its_own() -> None:
    """Otherwise two processes would read each other's answers."""
    assert solvers.ask("z3", EMPTY, 10**6).found == "empty"
    mine = solvers._process().child
    assert mine is not None
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            found = solvers.ask("z3", EASY, 10**6).found
            theirs = solvers._process().child
            code = 0 if found == "point" and theirs and theirs.pid != mine.pid else 2
            solvers._process().end()
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0
    assert mine.poll() is None
    assert solvers.ask("z3", EMPTY, 10**6).found == "empty"


ASKING = """
import sys, threading
sys.path[:0] = {path!r}
from refutable.prove import solvers
from tests_question import HARD
threading.Timer(0.5, lambda: print(solvers._process().child.pid, flush=True)).start()
solvers.ask("cvc5", HARD, 10**9, seconds=60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells a child on Linux only")
def test_no_solver_outlives_the_process_that_asks(tmp_path: Path) -> None:
    question = "import sympy as sp\nfrom refutable.prove.statement import read\n"
    question += "v = sp.symbols('a b c d e f', positive=True)\n"
    question += "HARD = read([], sum(a**6 for a in v) >= 6*sp.prod(v)).counterexamples[0]\n"
    (tmp_path / "tests_question.py").write_text(question, encoding="utf-8")
    code = ASKING.format(path=[str(tmp_path), *sys.path])
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    child = int(parent.stdout.readline())
    assert Path(f"/proc/{child}").exists()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(100):
        if not Path(f"/proc/{child}").exists():
            return
        time.sleep(0.1)
    raise AssertionError(f"process {child} is still there")


@both
def test_an_absent_solver_is_told_from_a_broken_one(
    solver: solvers.Solver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, solver, None)
    question: dict[str, Any] = {"solver": solver, "limit": 10, "whole": [], "atoms": []}
    assert solver_process.answer(question) == {"missing": True}


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    def missing(solver: solvers.Solver, *_: Any) -> Any:
        if solver in names:
            raise MissingPackageError(solvers.PACKAGES[solver], "deciding an inequality")
        return ask(solver, *_)

    ask = solvers.ask
    monkeypatch.setattr(solvers, "ask", missing)
    monkeypatch.setattr(solvers, "_versions", {})


@pytest.mark.parametrize(
    ("gone", "left", "package"), [("z3", "cvc5", "z3-solver"), ("cvc5", "z3", "cvc5")]
)
def test_without_one_solver_the_other_decides_and_says_so(
    gone: str, left: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, gone)
    (found,) = inequality.proved("hyperbola", [sp.Eq(x * y, 1)], x**2 + y**2 >= 2, "no sums")
    assert isinstance(found, Gap)
    assert found.name == f"hyperbola [{left}]"
    assert found.holds
    assert found.certificate
    assert f"{package} is not installed" in found.certificate.alone
    assert [gap.name for gap in inequality.consistent("c", [x >= 0, x <= 1], "no sums")] == [
        f"c [{left}]",
        "c [balls]",
    ]


def test_without_any_solver_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is undecided for lack of an installation; squares and balls decide what they can."""
    without(monkeypatch, "z3", "cvc5")
    with pytest.raises(MissingPackageError, match="z3-solver or cvc5 is not installed"):
        list(inequality.proved("hyperbola", [sp.Eq(x * y, 1)], x**2 + y**2 >= 2, "no sums"))
    (found,) = inequality.proved("squares", [], x**2 + y**2 >= 2 * x * y, "no sums")
    assert isinstance(found, Gap)
    assert found.name == "squares [squares]"
    for module, package in ((smt, "z3-solver"), (coverings, "cvc5")):
        with pytest.raises(MissingPackageError, match=f"^{package} is not installed"):
            module.by()
    with pytest.raises(MissingPackageError, match=r"^z3-solver is not installed"):
        smt.decided("squares", [], x**2 >= 0, "no sums")
    bounded = [x >= 0, x <= 1]
    both = inequality.proved("square", bounded, x**2 <= x, "no sums")
    assert [gap.name for gap in both] == ["square [balls]", "square [squares]"]
    monkeypatch.setitem(sys.modules, "flint", None)
    with pytest.raises(MissingPackageError):
        list(inequality.proved("square", bounded, x**2 <= x, "no sums"))
    with pytest.raises(MissingPackageError):
        list(inequality.consistent("square", bounded, "no sums"))


def test_solvers_are_loaded_when_asked_only() -> None:
    code = "import sys; import refutable.prove.inequality, refutable.prove.symbolic; "
    code += "late = ('z3', 'cvc5', 'refutable.prove.boxes'); "  # SymPy may load flint for itself
    code += "print([name for name in late if name in sys.modules])"
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"
