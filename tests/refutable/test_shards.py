"""Shards: any division of a run comes to the whole again, and a wrong set of parts to nothing."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from refutable import merge, run
from refutable.claim import Verdict
from refutable.cli import cli
from refutable.errors import UsageError
from refutable.records import shards
from refutable.records.journal import RESULTS
from refutable.shard import Shard

SOURCE = """
from refutable import Claim, Provenance, equal, at_most
from refutable.table import Table

CLAIMS = []


def claim(id, *kinds, found=1, rests_on=(), profile="quick"):
    made = Claim(
        id=id, title=id, statement=id, provenance=Provenance.DERIVED, rests_on=rests_on
    )
    for kind in kinds:
        def leg(context, kind=kind):
            yield equal(f"{kind} under {context.seed}", found, 1, 0, "whole numbers")
        made.leg(kind, profile=profile)(leg)
    CLAIMS.append(made)
    return made


claim("base", "exact", "trained", found=2)
claim("middle", "exact", rests_on=("base",))
claim("top", "exact", "trained", "symbolic", rests_on=("middle",))
claim("slow", "exact", profile="full")
tabled = claim("tabled", "exact", "trained")


@tabled.table
def numbers():
    return Table("numbers", ("n",), ((1,), (2,)), "")
"""


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "parted.py"
    path.write_text(SOURCE, encoding="utf-8")
    return str(path)


def parts(source: str, out: Path, of: int, **rest: Any) -> list[Path]:
    folders = [out / f"{number}-of-{of}" for number in range(1, of + 1)]
    for number, folder in enumerate(folders, start=1):
        run.verify(sources=[source], out=folder, shard=Shard(number, of), **rest)
    return folders


@pytest.mark.parametrize("of", [3, 9])
def test_any_division_comes_to_the_whole(
    source: str, tmp_path: Path, of: int, plain: Callable[[Any], Any]
) -> None:
    """In whatever order parts are named; 9 are more than there are legs."""
    whole = plain(run.verify(sources=[source]))
    assert [claim["verdict"] for claim in whole["claims"]].count("fails") == 1
    assert whole["claims"][2]["blocked_by"] == ["base"]
    folders = parts(source, tmp_path, of)
    for some in [folders, folders[::-1]]:
        assert plain(merge.merged(some).results) == whole


def test_a_selection_is_divided_as_well(
    source: str, tmp_path: Path, plain: Callable[[Any], Any]
) -> None:
    """What lies between selected claims still says which rests on which."""
    words = ["base", "top", "kind:exact"]
    whole = plain(run.verify(words, sources=[source]))
    assert whole["claims"][1]["blocked_by"] == ["base"]
    folders = [tmp_path / "1", tmp_path / "2"]
    for number, folder in enumerate(folders, start=1):
        run.verify(words, sources=[source], out=folder, shard=Shard(number, 2))
    assert plain(merge.merged(folders).results) == whole


def test_every_leg_is_of_one_shard(source: str, tmp_path: Path) -> None:
    ran = []
    for folder in parts(source, tmp_path, 3):
        lines = (folder / RESULTS).read_text(encoding="utf-8").splitlines()
        ran += [(e["claim"], e["leg"]["kind"]) for e in map(json.loads, lines)]
    assert len(ran) == len(set(ran)) == 8


def test_a_run_goes_on_from_what_was_merged(source: str, tmp_path: Path) -> None:
    runner, out = CliRunner(), tmp_path / "whole"
    folders = map(str, parts(source, tmp_path, 2))
    assert runner.invoke(cli, ["merge", *folders, "--out", str(out)]).exit_code == 1
    with contextlib.closing(run.run(sources=[source], out=out)) as events:
        started = next(events)
    assert (started.legs, started.earlier) == (8, 8)


def test_what_is_missing_or_there_twice_is_named(source: str, tmp_path: Path) -> None:
    first, second, third = parts(source, tmp_path, 3)
    with pytest.raises(UsageError, match="missing: 2/3"):
        merge.merged([first, third])
    with pytest.raises(UsageError, match=r"shard 2/3 is there 2 times: \S+ and \S+"):
        merge.merged([first, second, second, third])
    with pytest.raises(UsageError, match=r"no shard that has ended.*shard\.json"):
        merge.merged([first, second, tmp_path])


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ({"seed": 1}, "seed is 0 in .* and 1 in"),
        ({"profile": "full"}, "profile is quick in .* and full in"),
        ({"select": ["top"]}, "selection is everything in .* and top in"),
    ],
)
def test_shards_of_different_runs_are_not_merged(
    source: str, tmp_path: Path, rest: dict[str, Any], said: str
) -> None:
    run.verify(sources=[source], out=tmp_path / "1", shard=Shard(1, 2))
    run.verify(sources=[source], out=tmp_path / "2", shard=Shard(2, 2), **rest)
    with pytest.raises(UsageError, match=said):
        merge.merged([tmp_path / "1", tmp_path / "2"])


def test_shards_of_different_versions_or_code_are_not_merged(source: str, tmp_path: Path) -> None:
    first, second = parts(source, tmp_path, 2)
    file = second / shards.FILE
    stored = json.loads(file.read_text(encoding="utf-8"))
    stored["run"]["environment"]["numpy"] = "0.1"
    file.write_text(json.dumps(stored), encoding="utf-8")
    with pytest.raises(UsageError, match=r"versions: numpy is \S+ in \S+ and 0\.1 in"):
        merge.merged([first, second])
    Path(source).write_text(SOURCE.replace("found=2", "found=1"), encoding="utf-8")
    run.verify(sources=[source], out=second, shard=Shard(2, 2))
    with pytest.raises(UsageError, match="different code"):
        merge.merged([first, second])


def test_a_leg_that_a_journal_lost_is_an_error(source: str, tmp_path: Path) -> None:
    """Also one that somebody changed: its checksum is wrong."""
    folders = parts(source, tmp_path, 2)
    file = folders[0] / RESULTS
    lines = file.read_text(encoding="utf-8").splitlines()
    changed = lines[0].replace('"fails"', '"holds"').replace('"seconds": 0', '"seconds": 9')
    file.write_text("\n".join([changed, *lines[1:]]) + "\n", encoding="utf-8")
    results = merge.merged(folders).results
    legs = [leg for claim in results.claims for leg in claim.legs]
    assert [leg.note for leg in legs if leg.verdict is Verdict.ERROR] == [
        "Lost: the run ended before it was judged"
    ]


def test_a_shard_that_was_begun_again_has_not_ended(source: str, tmp_path: Path) -> None:
    [folder] = parts(source, tmp_path, 1)
    again = run.run(sources=[source], out=folder, shard=Shard(1, 1), seed=3)
    with contextlib.closing(again) as events:
        list(itertools.islice(events, 2))
    with pytest.raises(UsageError, match="no shard that has ended"):
        merge.merged([folder])


@pytest.mark.parametrize("text", ["9/8", "0/8", "3/0", "-1/8", "3", "3/8/2", "a/b", "٣/8", ""])
def test_a_part_that_there_is_not_is_refused(text: str, source: str, tmp_path: Path) -> None:
    words = ["verify", "--module", source, "--out", str(tmp_path / "out"), f"--shard={text}"]
    found = CliRunner().invoke(cli, words)
    assert isinstance(found.exception, UsageError)
    assert not (tmp_path / "out").exists()


def test_a_shard_needs_a_folder(source: str) -> None:
    found = CliRunner().invoke(cli, ["verify", "--module", source, "--shard", "1/2"])
    assert "--out" in str(found.exception)
