"""The kill table on the console, and when `claims selftest` exits with 0."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from refutable.cli import cli
from refutable.errors import UsageError

CLAIMS = """
from refutable import Claim, Provenance, equal


def one():
    return 1


def idle():
    return 1


def claim(id, value=1):
    made = Claim(id=id, title=id, statement="s", provenance=Provenance.DERIVED)

    @made.leg("exact")
    def leg(context):
        yield equal("one", one(), value, 0, "toy")

    return made


def plant(original):
    return lambda: 2


sharp, bare, idle_ones, false = claim("sharp"), claim("bare"), claim("idle"), claim("false", 3)
sharp.mistake(one, "two for one", plant)
idle_ones.mistake(idle, "what nobody calls", plant)
false.mistake(one, "two for one", plant)
CLAIMS = (sharp, bare, idle_ones, false)
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("selftest") / "toy_selftest.py"
    file.write_text(CLAIMS, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("select", "code", "said"),
    [
        ("sharp", 0, "1 of 1 planted mistake killed."),
        ("bare", 1, "These have no planted mistake: bare"),
        ("idle", 1, "not reached: no leg called what it spoils"),
        ("false", 1, "not sound: no leg holds without it"),
        ("false", 1, "Without any mistake these do not hold, either: false"),
        ("*", 1, "1 of 3 planted mistakes killed."),
    ],
)
def test_only_what_can_fail_and_is_true_exits_with_0(
    module: Path, select: str, code: int, said: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "refutable", "selftest", select, "--module", str(module)],
        capture_output=True, text=True, timeout=200, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert said in done.stdout


def test_parts_plant_in_every_claim_once_and_one_is_empty(module: Path) -> None:
    """Each claim in one part, with the exit code that it has alone; a fifth of four is refused."""
    words = ["selftest", "--module", str(module), "--workers", "1"]
    codes = []
    for number in range(1, 5):
        done = CliRunner().invoke(cli, [*words, "--shard", f"{number}/4"])
        assert ("sharp: two for one" in done.stderr) == (done.exit_code == 0), done.output
        codes.append(done.exit_code)
    assert sorted(codes) == [0, 1, 1, 1]
    empty = CliRunner().invoke(cli, [*words, "--shard", "5/5"])
    assert isinstance(empty.exception, UsageError)


def test_a_cluster_plants_and_finds_what_one_worker_does(module: Path) -> None:
    words = ["selftest", "sharp", "idle", "--module", str(module)]
    alone, many = (
        CliRunner().invoke(cli, [*words, *more])
        for more in (["--workers", "1"], ["--scheduler", "local:2"])
    )
    assert "1 of 2 planted mistakes killed" in " ".join(alone.stdout.split())
    assert (many.exit_code, many.stdout) == (alone.exit_code, alone.stdout)
