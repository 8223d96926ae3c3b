"""Whatever a terminal, a pipe or a place is like, a command ends with its own exit code.

Never a traceback, and a run that holds exits with 0 even where nobody can read that it does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = """
from refutable import Claim, Provenance, equal

good = Claim(id="good", title="é ≥ ∫ 𝔸", statement=r"1 \\ge 1", provenance=Provenance.DERIVED)


@good.leg("exact")
def leg(context):
    print("said by a leg: ✓ \\udcff")
    yield equal("one ≥", 1, 1, 0, "exact")


CLAIMS = [good]
"""
BARE = {
    name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "PYTHONPATH") if name in os.environ
}
PLACES = {
    "no home": {},
    "a home that is none": {"HOME": "/nowhere/at/all", "XDG_CACHE_HOME": "/nowhere"},
    "ASCII": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "ASCII, strict": {"PYTHONIOENCODING": "ascii:strict"},
    "a dumb terminal": {"TERM": "dumb"},
    "no colour": {"NO_COLOR": "1", "FORCE_COLOR": "1"},
    "an unknown locale": {"LC_ALL": "xx_XX.nonsense", "LANG": "?"},
    "no columns": {"COLUMNS": "", "LINES": "-3"},
    "an unknown time zone": {"TZ": "Nowhere/Land"},
}
COMMANDS = ("list", "explain good", "verify --limit 60", "selftest --help")


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("streams") / "good_claims.py"
    file.write_text(GOOD, encoding="utf-8")
    return file


def command(words: str, module: Path) -> list[str]:
    rest = [] if "--help" in words else ["--module", str(module)]
    return [sys.executable, "-m", "refutable", *words.split(), *rest]


def shell(line: str, words: str, module: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command inside a line of a shell, where it is "$@"."""
    return subprocess.run(
        ["bash", "-c", line, "bash", *command(words, module)],
        cwd=cwd, capture_output=True, text=True, timeout=200, encoding="utf-8",
    )  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("words", ["list", "verify --limit 60"])
def test_no_place_changes_an_exit_code(place: str, words: str, module: Path) -> None:
    done = subprocess.run(
        command(words, module),
        cwd=module.parent, env=BARE | PLACES[place], capture_output=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stdout + done.stderr
    assert b"fault of claims" not in done.stderr
    assert done.stdout


@pytest.mark.skipif(os.name != "posix", reason="a POSIX shell's redirections")
@pytest.mark.parametrize("words", COMMANDS)
@pytest.mark.parametrize(
    "line",
    [
        '"$@" <&-', '"$@" >&-', '"$@" 2>&-', '"$@" <&- >&- 2>&-',
        '"$@" | head -n 1; exit ${PIPESTATUS[0]}', '"$@" | true; exit ${PIPESTATUS[0]}',
    ],
)  # fmt: skip
def test_closed_streams_and_impatient_readers(
    line: str, words: str, module: Path, tmp_path: Path
) -> None:
    done = shell(line, words, module, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize("words", ["list", "verify --limit 60"])
def test_a_full_disk(words: str, module: Path, tmp_path: Path) -> None:
    """A list that is lost is named on the other stream; a verdict stands in the exit code."""
    lost = shell('"$@" >/dev/full', words, module, tmp_path)
    assert lost.returncode == (2 if words == "list" else 0), lost.stderr
    assert "No space left on device" in lost.stderr
    assert shell('"$@" 2>/dev/full', words, module, tmp_path).returncode == 0
    assert "Traceback" not in lost.stderr


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a folder in use cannot be deleted")
@pytest.mark.parametrize("words", COMMANDS)
def test_a_working_folder_that_was_deleted(words: str, module: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = shell('rmdir "$PWD" && "$@"', words, module, gone)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
