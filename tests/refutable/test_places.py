"""Where a leg is written is told as a reader finds it: no path of the machine where one can do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from refutable import claims, failure, verify
from refutable.claim import Kind, Verdict
from refutable.records.contents import place_of_leg
from refutable.records.results import FailureRecord, LegRecord
from refutable.reports import words

ROOT = Path(__file__).parents[2]
LEG = next(claim for claim in claims.CLAIMS if claim.id == "thm4.4").legs[Kind.SCALING]


def test_below_the_working_directory_and_else_below_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    here = place_of_leg(LEG.run)
    monkeypatch.chdir(tmp_path)
    elsewhere = place_of_leg(LEG.run)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    os.rmdir(gone)
    for place in (here, elsewhere, place_of_leg(LEG.run)):
        assert place is not None
        file, _, line = place.rpartition(":")
        assert file == "refutable/claims/theorems/theorem_4_4.py"
        assert line.isdigit()


LATE = """from refutable import Theta, claim, ladder, leg, scaling


@claim("late.fails", "s", title="t")
@leg("scaling")
def fails():
    return ladder(lambda n: n**2, scaling.sizes(4, 256)).follows(Theta("N"))


@claim("late.breaks", "s", title="t")
@leg("scaling")
def breaks():
    return ladder(lambda n: n - 4, scaling.sizes(4, 256)).follows(Theta("N"))
"""


def test_a_ladder_that_is_returned_is_climbed_where_its_leg_stands(tmp_path: Path) -> None:
    """After the leg has returned, no code of the user's is on the way."""
    module = tmp_path / "late_claims.py"
    module.write_text(LATE, encoding="utf-8")
    found = verify(sources=[str(module)])
    [place] = {gap.place for gap in found["late.fails"].legs[0].gaps if not gap.holds}
    assert place == "late_claims.py:4"
    failure = found["late.breaks"].legs[0].failure
    assert failure is not None
    assert (failure.file, failure.line) == ("late_claims.py", 10)
    assert failure.message.startswith("f: growth is read from positive values")  # no <lambda>


BROKEN = """import os, time
from refutable import claim, equal, leg


@claim("a.fails", "s", title="t")
@leg("exact")
def fails():
    yield equal("one", 1, 2)


@claim("a.raises", "s", title="t")
@leg("exact")
def raises():
    try:
        open("/no/such/file")
    except OSError as problem:
        raise ValueError("none") from problem


@claim("a.ends", "s", title="t")
@leg("exact")
def ends():
    os.kill(os.getpid(), 11)


@claim("a.hangs", "s", title="t")
@leg("exact")
def hangs():
    time.sleep(60)
"""


def test_what_is_kept_names_no_folder_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package below the working directory, beside it, and a file by itself."""
    package = tmp_path / "there" / "ours"
    package.mkdir(parents=True)
    for file in (package / "__init__.py", package / "broken.py", tmp_path / "alone.py"):
        file.write_text(BROKEN if "init" not in file.name else "", encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.syspath_prepend(str(package.parent))
    for cwd, source, name in (
        (tmp_path, "ours.broken", "there/ours/broken.py"),
        (elsewhere, "ours.broken", "ours/broken.py"),
        (elsewhere, "../alone.py", "alone.py"),
    ):
        monkeypatch.chdir(cwd)
        found = verify(sources=[source], limit=1.0)
        legs = {claim.id.removeprefix("a."): claim.legs[0] for claim in found.claims}
        assert legs["fails"].gaps[0].place == f"{name}:8"
        for id, line in (("raises", 17), ("ends", 23)):
            failure = legs[id].failure
            assert failure is not None
            assert (failure.file, failure.line) == (name, line)
            assert f'  File "{name}", line {line}' in failure.traceback
        assert f"at {name}:29" in (legs["hangs"].note or "")
        assert str(tmp_path) not in str([leg.model_dump() for leg in legs.values()])


def test_a_package_may_reach_up_to_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a machine has an `__init__.py` in `/`, there is no folder above it to stop at."""
    monkeypatch.setattr("os.path.isfile", lambda _: True)
    file = Path("/nowhere/ours/broken.py").absolute()
    assert failure.named(file) == file.relative_to(file.anchor).as_posix()


def test_a_traceback_that_is_cut_begins_with_a_frame() -> None:
    """And has no line of carets, which points at nothing once the lines are indented."""
    text = "Traceback:\n" + "".join(
        f'  File "f{n}.py", line {n}, in f\n    g({n})\n    ^^~~\n' for n in range(9)
    )
    failure = FailureRecord(type="E", message="m", traceback=f"{text}E: m\n")
    record = LegRecord(
        kind=Kind.EXACT, grade=Kind.EXACT.grade, verdict=Verdict.ERROR, failure=failure
    )
    for most in range(2, 9):
        lines = words.traceback(record, most)
        assert len(lines) <= most
        assert lines[0].startswith("  File") or len(lines) == 1
        assert lines[-1] == "E: m"
        assert not [line for line in lines if "^" in line]
