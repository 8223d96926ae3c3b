"""A stored witness becomes a test or a script that fails as it did."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refutable.errors import UsageError
from refutable.reproduce import reproduced
from refutable.spelling import spelled

FALSE = '''"""Claims that are false."""

from dataclasses import dataclass
from fractions import Fraction

from hypothesis import strategies as st

from refutable import Claim, Provenance, Theta, at_most, claim, for_all, ladder, leg
from refutable import property, scaling


@dataclass(frozen=True)
class Start:
    x: Fraction
    steps: tuple


starts = st.builds(Start, x=st.fractions(0, 9), steps=st.tuples(st.integers(0, 9)))


@claim("false.named", r"x \\\\le 7")
@for_all(start=starts, share=st.floats(0, 1))
def named(start, share):
    r"""At most \\\\seven."""
    yield at_most("x", start.x + start.steps[0], 7)


drawn = Claim(id="false.drawn", title="t", statement="s", provenance=Provenance.DERIVED)


@drawn.leg("property")
def pairs(context):
    return property.search(
        context,
        st.tuples(st.integers(0, 9), st.integers(0, 9)),
        lambda pair: [at_most("sum", sum(pair), 12)],
        examples=100,
    )


@claim("false.quoting", "s", title='says """stop""" and "')
@leg("exact")
def quoting():
    yield at_most('the \\"\\"\\"x\\x07\\"\\"\\"', 1, 0, witness={"n": 1})


@claim("false.ladder", "s", title="t")
@leg("scaling")
def climbs():
    return ladder(lambda n: n, scaling.sizes(4, 256), name="n").follows(Theta("N**2"))


class Odd:
    def __repr__(self):
        return "odd"


unnamed = [
    claim("false.unspelled", "s", title="t")(
        for_all(odd=st.builds(Odd), n=st.integers(0, 9))(lambda odd, n: at_most("n", n, 5))
    )
]
'''
FILE = "false_claims_to_reproduce.py"
WITNESSES = (
    "named/property",
    "drawn/property",
    "quoting/exact",
    "ladder/scaling",
    "unspelled/property",
)


def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    path = str(Path(__file__).parents[2])
    return subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, timeout=200,
        env=environment | {"PYTHONPATH": path},
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reproduce")
    (folder / FILE).write_text(FALSE.replace("\\\\\\\\", "\\"), encoding="utf-8")
    done = run("-m", "refutable", "verify", "--module", FILE, "--out", "out",
               "--workers", "1", folder=folder)  # fmt: skip
    assert done.returncode == 1, done.stderr
    return folder


@pytest.mark.parametrize("witness", WITNESSES)
def test_a_script_measures_the_witness_again(folder: Path, witness: str) -> None:
    """Where it lies, and from wherever it is started."""
    written = reproduced(folder / "out", f"false.{witness}", [str(folder / FILE)], "script")
    script = folder / "elsewhere" / "script.py"
    script.parent.mkdir(exist_ok=True)
    script.write_text(written, encoding="utf-8")
    done = run(str(script), folder=script.parent)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("FAILS ")
    assert ("configuration = " in written) == (witness[:5] in ("named", "drawn"))


def test_a_test_fails_until_the_claim_is_mended(folder: Path) -> None:
    written = run(
        "-m", "refutable", "replay", "out", "false.named/property", "--pytest", folder=folder
    )
    assert "from fractions import Fraction" in written.stdout
    assert "def test_false_named_property():" in written.stdout
    (folder / "test_named.py").write_text(written.stdout, encoding="utf-8")
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_named.py")
    done = run(*words, folder=folder)
    assert done.returncode == 1
    assert "x: measured" in done.stdout
    claims = folder / FILE
    claims.write_text(claims.read_text("utf-8").replace("steps[0], 7)", "steps[0], 18)"), "utf-8")
    assert run(*words, folder=folder).returncode == 0


BENT = """
from refutable import Audit, Dial, Statement, at_most, claim, equal, leg


@claim("bent.drop", "s", title="t")
@leg("exact", scope="1")
def drop():
    yield equal("x", 1, 1)


@claim("bent.beside", "s", title="t")
@leg("exact", scope="1")
def of_another_model():
    yield equal("x", 1, 1)


def check(base, dials, seed, profile):
    yield at_most("x", base["x"][0] + sum(dials.values()) + seed % 1000 / 1e6, 1.5)


def audit(dial, claim, *beside):
    turned = Dial(name=dial, assumption="x small", title="t", source="s", enters="e",
                  grid=(0, 0.25, 0.5, 1, 2))
    statement = Statement(claim=claim, measured="x", bases=({"x": [0.75]},), check=check)
    return Audit((turned,), (statement,), beside)


AUDIT = audit("slack", "bent.drop", audit("slack-beside", "bent.beside"))
"""


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audited")
    (folder / "bent_claims_to_reproduce.py").write_text(BENT, encoding="utf-8")
    words = ("--module", "bent_claims_to_reproduce.py", "--out", "out")
    done = run("-m", "refutable", "audit", *words, folder=folder)
    assert done.returncode == 0, done.stderr
    assert "breaks in" in done.stdout
    return folder


def test_a_break_of_an_audit_is_run_where_the_audit_found_it(audited: Path) -> None:
    done = run("-m", "refutable", "replay", "out", "bent.drop/slack", folder=audited)
    assert (done.returncode, done.stdout.split()[-1]) == (1, "FAILS")


def test_a_break_of_another_model_becomes_a_script_too(audited: Path) -> None:
    written = reproduced(
        audited / "out", "bent.beside/slack-beside",
        [str(audited / "bent_claims_to_reproduce.py")], "script",
    )  # fmt: skip
    (audited / "beside.py").write_text(written, encoding="utf-8")
    done = run("beside.py", folder=audited)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("FAILS x: ")


def test_a_break_of_an_audit_becomes_a_script_and_a_test(audited: Path) -> None:
    """That measure what the audit measured there, under its seed."""
    replay = ("-m", "refutable", "replay", "out", "bent.drop/slack")
    script = run(*replay, "--script", folder=audited).stdout
    (audited / "elsewhere").mkdir()
    (audited / "elsewhere" / "script.py").write_text(script, encoding="utf-8")
    done = run("script.py", folder=audited / "elsewhere")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("FAILS x: ")
    stored, _ = json.loads((audited / "out" / "atlas.json").read_text("utf-8"))["pairs"]
    assert f"measured {stored['witness']['gap']['measured']!r}," in done.stdout
    test = run(*replay, "--pytest", folder=audited).stdout
    assert "def test_bent_drop_slack():" in test
    assert "base = {'x': [0.75]}" in test
    (audited / "test_bent.py").write_text(test, encoding="utf-8")
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_bent.py")
    assert run(*words, folder=audited).returncode == 1
    claims = audited / "bent_claims_to_reproduce.py"
    claims.write_text(claims.read_text("utf-8").replace("1e6, 1.5)", "1e6, 9)"), "utf-8")
    assert run(*words, folder=audited).returncode == 0


def test_what_there_is_no_witness_of_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"There are: false\.named/property, "):
        reproduced(folder / "out", "false.named/exact", (), "script")


class Colour(Enum):
    """To be spelled."""

    RED = 1


@dataclass(frozen=True)
class Point:
    """To be spelled."""

    x: Fraction
    rest: tuple[Any, ...]


def made(text: str) -> Any:
    *imports, expression = text.split("\n")
    names: dict[str, Any] = {}
    exec("\n".join(imports), names)
    return eval(expression, names)


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary(),
    st.fractions(), st.decimals(allow_nan=False), st.just(Colour.RED),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner), st.tuples(inner), st.tuples(inner, inner), st.frozensets(st.integers()),
        st.sets(st.text()), st.dictionaries(st.text(), inner),
        st.builds(Point, x=st.fractions(), rest=st.tuples(inner)),
    ),
    max_leaves=8,
)  # fmt: skip


@given(VALUES)
def test_what_is_spelled_is_made_again(value: Any) -> None:
    text = spelled(value)
    if text is not None:  # too long otherwise
        again = made(text)
        assert again == value
        assert type(again) is type(value)


def test_arrays_are_made_again() -> None:
    for value in (np.arange(4.0), np.array([[1, 2]], dtype=np.int16), np.array([True]), np.ones(0)):
        again = made(spelled(value) or "")
        assert again.dtype == value.dtype
        assert (again == value).all()
    assert made(spelled(np.float32(0.1)) or "") == np.float32(0.1)
    assert made(spelled(float("inf")) or "") == float("inf")
    assert made(spelled(Decimal("1.50")) or "") == Decimal("1.5")


def test_what_has_no_spelling_has_none() -> None:
    @dataclass
    class Local:
        x: int

    for value in (object(), Local(1), [lambda: 1], "x" * 9000, np.array([object()])):
        assert spelled(value) is None
