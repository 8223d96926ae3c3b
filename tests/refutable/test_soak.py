"""Many seeds: a verdict that chance turns is named, wherever and in however many parts it ran."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from refutable.claim import Verdict
from refutable.cli import cli
from refutable.errors import UsageError
from refutable.gap import tight
from refutable.records.results import GapRecord
from refutable.records.soak import FILE, SoakRecord
from refutable.shard import Shard
from refutable.soak import room, soak

SOURCE = """
import random
from refutable import Claim, Provenance, at_most, equal

CLAIMS = []


def claim(id, bound, kind="trained"):
    made = Claim(id=id, title=id, statement=id, provenance=Provenance.DERIVED)

    @made.leg(kind)
    def leg(context):
        drawn = random.Random(context.seed).random()
        yield at_most("drawn", drawn, bound, 0, "a bound", false_alarm=1e-9)

    CLAIMS.append(made)


claim("steady", 20.0)
claim("narrow", 2.0)
claim("flips", 0.5)
claim("never", -1.0)
claim("does-not-draw", 20.0, "exact")
"""


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "soaked.py"
    path.write_text(SOURCE, encoding="utf-8")
    return str(path)


def test_a_verdict_that_chance_turns_is_named(source: str, tmp_path: Path) -> None:
    record = soak([], range(8), out=tmp_path / "out", sources=[source])
    assert (record.legs, record.seeds) == (4, tuple(range(8)))
    [flip] = record.flips
    assert flip.claim == "flips"
    assert sorted(seed for seeds in flip.seeds.values() for seed in seeds) == list(range(8))
    assert record.unsound == {"never [trained]": Verdict.FAILS}
    rooms = [gap.claim for gap in record.narrowest]
    assert rooms.index("narrow") < rooms.index("steady")
    assert SoakRecord.read(tmp_path / "out" / FILE) == record


@pytest.mark.parametrize(
    ("measured", "left"), [(1.9, 0.15), (1.75, 0.0), (2.0, 0.05), (2.1, -0.05)]
)
def test_above_an_attained_bound_there_is_room_for_rounding_alone(
    measured: float, left: float
) -> None:
    gap = tight("g", measured, 2.0, 0.25, "a bound", rounding=0.05, false_alarm=1e-9)
    found = room(GapRecord.of(gap))
    assert found == pytest.approx(left, abs=1e-12)


def test_parts_come_to_the_whole_and_nothing_is_checked_twice(source: str, tmp_path: Path) -> None:
    whole = soak([], range(5), out=tmp_path / "whole", sources=[source])
    for number in (1, 2):
        part = tmp_path / f"part-{number}"
        soak([], range(5), out=part, sources=[source], shard=Shard(number, 2))
        for folder in part.glob("seed-*"):
            shutil.copytree(folder, tmp_path / "all" / folder.name)
    earlier = []
    together = soak(
        [], range(5), out=tmp_path / "all", sources=[source],
        on_event=lambda event: earlier.append(getattr(event, "earlier", 0)),
    )  # fmt: skip
    assert sum(earlier) == 20
    assert together.model_copy(update={"run": whole.run}) == whole


def test_the_command_line_exits_with_1_where_a_verdict_turns(source: str, tmp_path: Path) -> None:
    words = ["verify", "--module", source, "--seeds", "6", "--out", str(tmp_path / "out")]
    flips = CliRunner().invoke(cli, words)
    assert flips.exit_code == 1
    assert "1 verdict flip;" in " ".join(flips.stdout.split())
    steady = CliRunner().invoke(cli, [*words, "--json", "steady"])
    assert steady.exit_code == 0
    assert json.loads(steady.stdout)["flips"] == []


@pytest.mark.parametrize(
    "more", [[], ["--out", "soaked", "--strict"], ["--out", "x", "--shard", "3/3"]]
)
def test_what_cannot_be_asked_of_many_seeds_is_refused(
    source: str, more: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nowhere to keep them, what counts in one run alone, or a part without a seed."""
    monkeypatch.chdir(tmp_path)
    found = CliRunner().invoke(cli, ["verify", "--module", source, "--seeds", "2", *more])
    assert isinstance(found.exception, UsageError)
