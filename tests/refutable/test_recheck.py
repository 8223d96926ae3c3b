"""claims-recheck believes nothing: what was proved is decided again by code that shares none."""

from __future__ import annotations

import ast
import multiprocessing
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from refutable import recheck
from refutable.errors import UsageError
from refutable.records import certificates

CLAIMS = """
import sympy as sp
from refutable import Claim, Provenance, inequality, symbolic

x, y = sp.symbols("x y", real=True)
a, b = sp.symbols("a b", positive=True)
n = sp.Symbol("n", integer=True)
proved = Claim(id="proved", title="t", statement="s", provenance=Provenance.DERIVED)


@proved.leg("symbolic")
def identities(context):
    yield symbolic.identity("cube", (x + y) ** 3, x**3 + 3 * x**2 * y + 3 * x * y**2 + y**3, "w")
    yield symbolic.identity("fractions", 1 / a - 1 / (a + b), b / (a * (a + b)), "w")
    yield symbolic.identity("exponentials", sp.exp(x + y), sp.exp(x) * sp.exp(y), "w")
    yield symbolic.identity("circle", sp.sin(x) ** 2 + sp.cos(x) ** 2, sp.Integer(1), "w")


@proved.leg("smt")
def inequalities(context):
    yield from inequality.proved("two squares", [], x**2 + y**2 >= 2 * x * y, "w")
    yield from inequality.proved("whole", [], n**2 >= n, "w")
    yield from inequality.consistent("some", [x > y, y > 2], "w")


CLAIMS = [proved]
"""


def verify(module: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "refutable", "verify", "--module", str(module),
         "--certificates", str(folder)],
        capture_output=True, text=True, timeout=200, encoding="utf-8",
    )  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificates of a small module, written by the command line."""
    folder = tmp_path_factory.mktemp("certificates")
    (folder / "proved_claims.py").write_text(CLAIMS, encoding="utf-8")
    done = verify(folder / "proved_claims.py", folder / "found")
    assert done.returncode == 0, done.stderr
    assert "1 decided gap has none" in done.stderr  # of the circle
    return folder / "found"


def checked(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, recheck.__file__, *map(str, words)],
        capture_output=True, text=True, timeout=300, encoding="utf-8",
    )  # fmt: skip


def put(folder: Path, text: str) -> Path:
    file = folder / "one.smt2"
    file.write_text(text, encoding="utf-8")
    return file


def test_what_was_proved_is_accepted(written: Path) -> None:
    done = checked("--strict", written)
    assert done.returncode == 0, done.stdout
    number = len([*written.glob("*.smt2"), *written.glob("*.cert")])
    assert number >= 9
    assert done.stdout == f"{number} accepted, 0 rejected, 0 not checkable\n"


def test_it_shares_no_code_with_what_it_checks() -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(Path(recheck.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert imported - set(sys.stdlib_module_names) == {
        "z3",
        "cvc5",
        "refutable",
    }  # parts of itself


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("proved.symbolic.001", "3.0", "2.0"),  # another coefficient
        ("proved.symbolic.002", "(distinct |a| 0.0)", "true"),  # no relation
        ("proved.smt.001", "2.0", "3.0"),  # x² + y² ≥ 3xy is false
        ("proved.smt.001", "unsat", "perhaps"),
        ("proved.smt.001", "(check-sat)", "(check-sat"),
        ("proved.smt.001", "(check-sat)", "(exit)"),
    ],
)
def test_what_was_changed_is_rejected(
    name: str, before: str, after: str, written: Path, tmp_path: Path
) -> None:
    text = (written / f"{name}.smt2").read_text(encoding="utf-8")
    assert before in text
    assert recheck.verdict(put(tmp_path, text.replace(before, after)))[0] == "rejected"


@pytest.mark.parametrize(
    ("point", "found"),
    [
        ("((|x| 5.0) (|y| 3.0))", "accepted"),
        ("((|x| 3.0) (|y| 5.0))", "rejected"),
        ("((|x| 5.0) (|y| word))", "rejected"),
        ("((|x| 5.0))", "not checkable"),
    ],
)
def test_a_point_is_put_into_every_assertion(
    point: str, found: str, written: Path, tmp_path: Path
) -> None:
    texts = [file.read_text(encoding="utf-8") for file in sorted(written.iterdir())]
    lines = next(text for text in texts if ":point" in text).splitlines()
    other = [f"(set-info :point {point})" if ":point" in line else line for line in lines]
    assert recheck.verdict(put(tmp_path, "\n".join(other)))[0] == found


@pytest.mark.parametrize(
    ("name", "sort", "number", "found"),
    [
        ("|n|", "Int", "2.0", "accepted"),
        ("|n|", "Real", "(/ 5.0 2.0)", "accepted"),
        ("|n|", "Int", "(/ 5.0 2.0)", "rejected"),  # it is no whole number
        ("2.5", "Real", "2.0", "rejected"),  # it is a number, and stands for itself
    ],
)
def test_a_point_gives_symbols_what_they_are_declared_to_be(
    name: str, sort: str, number: str, found: str, tmp_path: Path
) -> None:
    lines = [
        "(set-info :status sat)", f"(set-info :point (({name} {number})))",
        f"(declare-const {name} {sort})", f"(assert (>= {name} 2.0))",
    ]  # fmt: skip
    assert recheck.verdict(put(tmp_path, "\n".join(lines)))[0] == found


def test_a_division_by_what_may_be_0_is_no_identity_here() -> None:
    """x/x is 1 only where x is not 0; elsewhere it means whatever a solver likes."""
    lines = [
        "(set-info :status unsat)", "(declare-const |x| Real)",
        "(assert (distinct (* |x| (/ 1.0 |x|)) 1.0))",
    ]  # fmt: skip
    assert not recheck.impossible(recheck.Script("\n".join(lines)))
    lines.append("(assert (distinct |x| 0.0))")
    assert recheck.impossible(recheck.Script("\n".join(lines)))


def test_a_spoilt_certificate_of_no_solver_is_rejected(written: Path, tmp_path: Path) -> None:
    (file,) = written.glob("*.cert")
    spoilt = file.read_text(encoding="utf-8").replace("(exp |y|)", "(exp |x|)")
    (tmp_path / file.name).write_text(spoilt, encoding="utf-8")
    done = checked(tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith(f"rejected: {file.name}: the two sides differ at a point")


LONG = f"""(set-info :kind mean)
(subset 7 {" ".join(f"x{i}" for i in range(20))})
(law z (1 0.5) (2 0.5))
(mean (* z x0 x1 x2) 1)
"""
"""155,040 cases."""
SHORT = "(set-info :kind mean)\n(law z (1 0.5) (2 0.5))\n(mean z 1.5)\n"


def test_a_file_that_takes_too_long_is_left_open_and_the_next_is_decided(tmp_path: Path) -> None:
    (tmp_path / "a.cert").write_text(LONG, encoding="utf-8")
    (tmp_path / "b.cert").write_text(SHORT, encoding="utf-8")
    done = checked("--seconds", "1", tmp_path)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "not checkable: a.cert: no answer in 1 s (--seconds gives more)",
        "1 accepted, 0 rejected, 1 not checkable",
    ]


def test_of_a_process_that_was_killed_it_is_said_and_the_next_file_is_decided(
    tmp_path: Path,
) -> None:
    """Not that there was no answer in time, which more time would change."""
    long, short = tmp_path / "a.cert", tmp_path / "b.cert"
    long.write_text(LONG, encoding="utf-8")
    short.write_text(SHORT, encoding="utf-8")
    with recheck.Timed(60) as timed, ThreadPoolExecutor(1) as others:
        asked = others.submit(timed.verdict, long)
        while not (at_work := multiprocessing.active_children()):
            assert not asked.done()
        at_work[0].kill()
        said = "what decides it was killed (SIGKILL)"
        assert asked.result(timeout=30) == ("not checkable", said)
        assert timed.verdict(short)[0] == "accepted"


def test_of_a_solver_that_was_killed_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = subprocess.CompletedProcess([], -signal.SIGKILL, "half an answ")
    monkeypatch.setattr(subprocess, "run", lambda *words, **options: killed)
    file = tmp_path / "one.smt2"
    file.write_text(
        "(set-info :status unsat)\n(declare-const x Real)\n(assert (< (* x x) 0))\n",
        encoding="utf-8",
    )
    said = "; ".join(f"{solver}: was killed (SIGKILL)" for solver in recheck.SOLVERS)
    assert recheck.verdict(file) == ("not checkable", said)


@pytest.mark.parametrize("seconds", ["0", "3000000", "9" * 5000, "1e3", "-1"])
def test_seconds_that_no_timer_counts_are_refused(seconds: str, tmp_path: Path) -> None:
    (tmp_path / "b.cert").write_text(SHORT, encoding="utf-8")
    done = checked("--seconds", seconds, tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage")


@pytest.mark.parametrize(
    "words",
    [(), ("--loud", "."), (".", "."), ("nowhere",), ("--seconds", "."), ("--seconds", "0", ".")],
)
def test_bad_requests_exit_with_2(words: tuple[str, ...]) -> None:
    done = checked(*words)
    assert (done.returncode, done.stdout) == (2, "")


def test_certificates_of_two_runs_do_not_mix(written: Path) -> None:
    folder = shutil.copytree(written, written.parent / "again")
    done = verify(written.parent / "proved_claims.py", folder)
    assert done.returncode == 2
    assert "of an earlier run" in done.stderr


@pytest.mark.parametrize("name", ["one.smt2", "one.cert"])
def test_a_folder_with_one_certificate_is_of_an_earlier_run(name: str, tmp_path: Path) -> None:
    (tmp_path / "results.json").touch()
    certificates.require_empty(tmp_path)
    (tmp_path / name).touch()
    with pytest.raises(UsageError, match="of an earlier run"):
        certificates.require_empty(tmp_path)


def test_a_leg_that_fails_leaves_no_certificate(tmp_path: Path) -> None:
    """Not even of what it proved before: its claim does not hold."""
    false = '    yield symbolic.identity("false", x, y, "w")\n'
    kept = '    yield symbolic.identity("fractions"'
    text = CLAIMS.replace(kept, false + kept)
    (tmp_path / "false_claims.py").write_text(text, encoding="utf-8")
    done = verify(tmp_path / "false_claims.py", tmp_path / "found")
    assert done.returncode == 1, done.stderr
    assert {file.name.split(".")[1] for file in (tmp_path / "found").iterdir()} == {"smt"}
