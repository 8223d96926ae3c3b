"""The cache of runs: what is read is what was written under the same conditions, or nothing.

A run that is kept and wrongly found again would give a wrong verdict silently, so every way in
which an entry can be wrong is planted; and no state of the disk may cost more than the entry.
"""

from __future__ import annotations

import dataclasses
import errno
import importlib.metadata
import inspect
import io
import json
import math
import os
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from refutable.claims.bent import bases, plans
from refutable.errors import UsageError
from refutable.model.bent.observation import Observed
from refutable.model.bent.perturbation import Perturbation
from refutable.plain import jsonable
from refutable.records import documents
from refutable.reuse import cache, shared

Claims = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of its own for every test."""
    folder = tmp_path / "cache"
    monkeypatch.setenv(cache.FOLDER, str(folder))
    monkeypatch.delenv(cache.LIMIT, raising=False)
    monkeypatch.setattr(cache, "_writes", 0)
    return folder


def fresh(
    made: list[Any], depends_on: tuple[str, ...] = ("refutable.model.setting",)
) -> Callable[..., Any]:
    """A kept function as a new process has it: nothing in memory. `made` lists what it ran for."""

    @cache.kept(depends_on=depends_on, decode=dict)
    def run(x: float, seed: int = 0) -> dict[str, float]:
        made.append((x, seed))
        return {"twice": 2 * x, "seed": seed}

    return run


def entries(place: Path) -> list[Path]:
    return sorted(place.glob("*.json"))


def test_a_hit_after_a_miss(place: Path) -> None:
    made: list[Any] = []
    assert fresh(made)(1.5) == fresh(made)(1.5) == {"twice": 3.0, "seed": 0}
    assert made == [(1.5, 0)]
    assert {path.suffix for path in place.iterdir()} == {".json"}  # no lock, nothing partial


def test_another_seed_or_setting_misses() -> None:
    made: list[Any] = []
    for arguments in ((1.0, 0), (1.0, 1), (2.0, 0)):
        fresh(made)(*arguments)
    assert made == [(1.0, 0), (1.0, 1), (2.0, 0)]


def test_another_version_of_a_library_misses(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    fresh(made)(1.0)
    version = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata, "version", lambda n: "0.0" if n == "torch" else version(n)
    )
    cache._code.cache_clear()
    fresh(made)(1.0)
    monkeypatch.undo()
    cache._code.cache_clear()
    assert len(made) == 2


def test_other_code_misses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The source of the packages that decide a result is part of its name."""
    package = tmp_path / "decides"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "inside.py").write_text("x = 1")
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[Any] = []
    for source in ("x = 1", "x = 2", "x = 1"):
        (package / "inside.py").write_text(source)
        cache._code.cache_clear()
        fresh(made, ("decides",))(1.0)
    assert len(made) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],  # truncated
        lambda text: "",
        lambda text: text.replace("3.0", "4.0"),  # a changed value under the old checksum
        lambda text: '{"somebody": "else\'s"}',
        lambda text: "\x00\xff",
        lambda text: "[1, 2]",
    ],
)
def test_a_damaged_or_foreign_entry_is_made_again(
    place: Path, damage: Callable[[str], str]
) -> None:
    made: list[Any] = []
    fresh(made)(1.5)
    [path] = entries(place)
    whole = path.read_text()
    path.write_text(damage(whole))
    with pytest.warns(cache.CacheWarning, match="made again"):
        assert fresh(made)(1.5) == {"twice": 3.0, "seed": 0}
    assert len(made) == 2
    assert path.read_text() == whole  # mended


def test_an_entry_that_does_not_decode_is_made_again(place: Path) -> None:
    """The checksum is right, the record is of another shape."""
    made: list[Any] = []
    fresh(made)(1.5)
    [path] = entries(place)
    cache._write(path, 7)
    with pytest.warns(cache.CacheWarning, match="made again"):
        assert fresh(made)(1.5)["twice"] == 3.0


def test_the_limit_evicts_what_was_used_longest_ago(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old entry that was read lately stays; strangers' files are neither counted nor removed."""
    monkeypatch.setattr(cache, "CHECKED_EVERY", 2)
    made: list[Any] = []
    for x in (1.0, 2.0, 3.0):
        fresh(made)(x)
    paths = {json.loads(p.read_text())["value"]["twice"] / 2: p for p in entries(place)}
    for age, x in enumerate((3.0, 2.0, 1.0)):
        os.utime(paths[x], (1e9 - age, 1e9 - age))  # 1.0 was used longest ago
    fresh(made)(1.0)  # and now it is the latest
    stranger = place / "notes.json"
    stranger.write_text("x" * 10_000)
    os.utime(stranger, (0, 0))
    size = paths[1.0].stat().st_size
    monkeypatch.setattr(cache, "limit", lambda: 2 * size + 1)
    cache._make_room(place)
    assert set(entries(place)) == {paths[1.0], paths[3.0], stranger}


def test_a_process_that_writes_once_meets_the_limit(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most commands make fewer runs than are written between two looks at the size."""
    made: list[Any] = []
    for x in (1.0, 2.0, 3.0):
        monkeypatch.setattr(cache, "_writes", 0)  # as a new process has it
        monkeypatch.setattr(cache, "limit", lambda: 1)
        fresh(made)(x)
    assert len(entries(place)) <= 1


class FullFile(io.BytesIO):
    """A file on a disk that has no room: it was created, and takes nothing."""

    def __init__(self, path: Path, mode: str) -> None:
        super().__init__()
        with open(path, mode):
            pass

    def write(self, data: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("step", ["write", "replace"])
def test_a_full_disk_costs_the_entry_only(
    place: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    made: list[Any] = []
    if step == "write":
        monkeypatch.setattr(documents, "open", FullFile, raising=False)
    else:
        monkeypatch.setattr(Path, step, full)
    with pytest.warns(cache.CacheWarning, match="No space left"):
        assert fresh(made)(1.5) == {"twice": 3.0, "seed": 0}
    monkeypatch.undo()
    assert not place.exists() or list(place.iterdir()) == []


def test_a_folder_that_cannot_be_used_costs_the_entries_only(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write_text("a file in its place")
    with pytest.warns(cache.CacheWarning, match="cannot use"):
        assert fresh([])(1.5)["twice"] == 3.0


def test_an_entry_of_another_user_is_read(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its time of use cannot be set; that is no reason to make it again."""
    made: list[Any] = []
    fresh(made)(1.5)

    def refused(*_: Any) -> None:
        raise PermissionError(errno.EPERM, "not the owner")

    monkeypatch.setattr(os, "utime", refused)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fresh(made)(1.5)
    assert len(made) == 1


def test_an_empty_name_switches_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.FOLDER, "")
    made: list[Any] = []
    fresh(made)(1.0)
    fresh(made)(1.0)
    assert len(made) == 2
    assert cache.usage().folder is None


def test_nothing_is_taken_from_it_while_a_mistake_is_planted(place: Path) -> None:
    """A remembered run would hide the mistake, and the mistaken one would outlive it."""
    made: list[Any] = []
    fresh(made)(1.0)
    with shared.nothing_shared():
        fresh(made)(1.0)
        fresh(made)(2.0)
    assert len(made) == 3
    assert len(entries(place)) == 1


@pytest.mark.parametrize("text", ["0", "-3", "much", "1.5"])
def test_a_limit_must_be_a_number_of_megabytes(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.LIMIT, text)
    with pytest.raises(UsageError, match="whole number of MiB"):
        cache.limit()


def test_clearing_removes_entries_and_nothing_else(place: Path) -> None:
    for x in (1.0, 2.0):
        fresh([])(x)
    (place / "notes.json").write_text("{}")
    (place / f"{'0' * 64}.json.{'a' * 16}.partial").write_text("left by a crash")
    size = sum(path.stat().st_size for path in entries(place) if path.name != "notes.json")
    removed = cache.clear()
    assert (removed.entries, removed.bytes) == (2, size)
    assert [path.name for path in place.iterdir()] == ["notes.json"]
    assert cache.clear().entries == 0


def test_a_stored_run_is_the_run_that_was_made() -> None:
    """Every number of a training comes back, those that are not finite included."""
    base = {"P": 12, "C_1": 4, "C_s": 2, "latents": [1.0], "K": 1}
    setting = bases.setting_of(base, "mae")
    run = inspect.unwrap(plans.trained)(setting, "mae", Perturbation(), 3.0, 0.5, 0)
    lost = dataclasses.replace(run, diverged=True, loss=(1.0, math.inf, math.nan), shift=math.nan)
    for made in (run, lost):
        text = json.dumps(jsonable(made), allow_nan=False)
        read = TypeAdapter(Observed).validate_python(json.loads(text))
        assert repr(read) == repr(made)


def test_doctor_shows_and_clears_it(
    claims: Claims, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cache.LIMIT, "7")
    fresh([])(1.0)
    assert f"{place}: 1 entry, 0.0 of 7 MiB" in claims("doctor").stdout
    done = claims("doctor", "--clear-cache")
    assert (done.returncode, entries(place)) == (0, [])
    assert done.stdout.startswith(f"cleared  {place}: 1 entry, ")
    monkeypatch.setenv(cache.LIMIT, "none")
    done = claims("doctor")
    assert done.returncode == 2
    assert "claims: CLAIMS_CACHE_LIMIT must be a whole number of MiB" in done.stderr
