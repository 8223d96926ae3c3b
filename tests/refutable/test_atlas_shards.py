"""Shards of an audit: any division comes to the whole atlas, a wrong set of parts to nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from refutable.auditing import parts
from refutable.auditing.atlas import Atlas
from refutable.auditing.run import audit
from refutable.cli import cli
from refutable.errors import UsageError
from refutable.shard import Shard

SOURCE = """
from refutable import Audit, Claim, Dial, Provenance, Statement, at_most

def claim(id):
    made = Claim(id=id, title=id, statement=id, provenance=Provenance.DERIVED)

    @made.leg("exact")
    def leg(context):
        yield at_most("x", 0, 1, 0, "exact")

    return made

def check(base, dials, seed, profile):
    for name, value in dials.items():
        yield at_most("size", 3 * value if name == "breaking" else 0, 1, 0, "exact")

CLAIMS = [claim(id) for id in ("first", "second", "third")]
AUDIT = Audit(
    tuple(
        Dial(name=name, assumption=name, title=name, source="here", enters="data",
             grid=(0.0, 0.25, 0.5, 1.0))
        for name in ("breaking", "harmless")
    ),
    tuple(
        Statement(claim=id, measured="size at most 1", bases=({"n": 1},), check=check)
        for id in ("first", "second", "third")
    ),
)
"""


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "bent.py"
    path.write_text(SOURCE, encoding="utf-8")
    return str(path)


def divided(source: str, out: Path, of: int, **rest: Any) -> list[Path]:
    folders = [out / f"{number}-of-{of}" for number in range(1, of + 1)]
    for number, folder in enumerate(folders, start=1):
        audit(sources=[source], out=folder, shard=Shard(number, of), **rest)
    return folders


@pytest.mark.parametrize("of", [2, 4, 9])
def test_parts_in_any_order_come_to_the_whole_atlas(
    source: str, tmp_path: Path, of: int, plain: Callable[[Any], Any]
) -> None:
    """Six pairs: also in parts that cut a dial, and in more parts than there are pairs."""
    whole = audit(sources=[source])
    folders = divided(source, tmp_path, of)
    assert plain(parts.merged(folders)) == plain(parts.merged(folders[::-1])) == plain(whole)


def test_the_command_line_divides_and_merges(
    source: str, tmp_path: Path, plain: Callable[[Any], Any]
) -> None:
    folders = [str(tmp_path / str(number)) for number in (1, 2)]
    for number, folder in enumerate(folders, start=1):
        words = ["audit", "--module", source, "--out", folder, "--shard", f"{number}/2"]
        assert CliRunner().invoke(cli, words).exit_code == 0
    out = tmp_path / "whole"
    found = CliRunner().invoke(cli, ["merge", *folders, "--out", str(out)])
    assert found.exit_code == 0, found.output
    assert plain(Atlas.read(out / "atlas.json")) == plain(audit(sources=[source]))
    refused = CliRunner().invoke(cli, ["merge", *folders, "--strict"])
    assert isinstance(refused.exception, UsageError)


def test_parts_that_are_missing_or_there_twice_are_named(source: str, tmp_path: Path) -> None:
    first, second, third = divided(source, tmp_path, 3)
    with pytest.raises(UsageError, match="shards are missing: 2/3"):
        parts.merged([first, third])
    with pytest.raises(UsageError, match="shard 2/3 is there 2 times"):
        parts.merged([first, second, third, second])
    with pytest.raises(UsageError, match="nothing to merge"):
        parts.merged([])


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ({"seed": 1}, "seed is 0 in .* and 1 in"),
        ({"select": ["first"]}, "selection is everything in .* and first in"),
        ({"dials": ["harmless"]}, "different audits: other pairs in"),
    ],
)
def test_parts_of_different_audits_are_not_merged(
    source: str, tmp_path: Path, rest: dict[str, Any], said: str
) -> None:
    audit(sources=[source], out=tmp_path / "1", shard=Shard(1, 2))
    audit(sources=[source], out=tmp_path / "2", shard=Shard(2, 2), **rest)
    with pytest.raises(UsageError, match=said):
        parts.merged([tmp_path / "1", tmp_path / "2"])


def test_a_pair_that_a_part_lost_is_named(source: str, tmp_path: Path) -> None:
    folders = divided(source, tmp_path, 2)
    file = folders[1] / parts.FILE
    stored = json.loads(file.read_text(encoding="utf-8"))
    lost = stored["pairs"].pop()
    file.write_text(json.dumps(stored), encoding="utf-8")
    with pytest.raises(UsageError, match=f"the pair {lost['claim']} / {lost['dial']} is in none"):
        parts.merged(folders)


def test_what_ended_stays_until_its_part_is_begun_again(
    source: str, tmp_path: Path, plain: Callable[[Any], Any]
) -> None:
    [folder] = divided(source, tmp_path, 1)
    Path(source).write_text("CLAIMS = []\nAUDIT = 0\n", encoding="utf-8")
    with pytest.raises(UsageError):
        audit(sources=[source], out=folder, shard=Shard(1, 1))
    assert parts.is_part(folder)
    Path(source).write_text(SOURCE.replace("3 * value", "4 * value"), encoding="utf-8")
    audit(sources=[source], out=folder, shard=Shard(1, 1))
    assert plain(parts.merged([folder])) == plain(audit(sources=[source]))


@pytest.mark.parametrize("more", [["--shard", "1/2"], ["--shard", "3/2", "--out", "x"]])
def test_a_part_that_there_is_not_and_one_that_is_not_kept_are_refused(
    source: str, more: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = CliRunner().invoke(cli, ["audit", "--module", source, *more])
    assert isinstance(found.exception, UsageError)
