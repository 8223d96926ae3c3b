"""A run continues with what still counts, loses nothing when it is killed, and leaves no trace."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from refutable import run
from refutable.claim import Verdict
from refutable.errors import UsageError
from refutable.events import LegFinished, RunStarted
from refutable.records import journal
from refutable.records.results import Results

HEAD = """
import json, os, subprocess, time
from pathlib import Path

from refutable import Claim, Provenance, at_most, equal

HERE = Path(__file__).parent
CLAIMS = []


def leg(id, **rest):
    claim = Claim(id=id, title=id, statement=id, provenance=Provenance.DERIVED)
    CLAIMS.append(claim)
    return claim.leg("exact", **rest)

"""


def source(folder: Path, text: str, name: str = "resumed") -> str:
    path = folder / f"{name}.py"
    path.write_text(HEAD + text, encoding="utf-8")
    return str(path)


def again(path: str, out: Path, select: str = "", **rest: Any) -> tuple[Results, int, list[str]]:
    """The results, how many legs were taken from before, and which were run."""
    taken, ran = -1, []
    for event in run.run([select] if select else [], sources=[path], out=out, **rest):
        if isinstance(event, RunStarted):
            taken = event.earlier
        elif isinstance(event, LegFinished):
            ran.append(event.claim)
        elif not hasattr(event, "results"):
            continue
        else:
            return event.results, taken, ran
    raise AssertionError


BOUND = """
@leg("bound"{rest})
def bound(context):
    yield at_most("bound", {value}, 0.5, 0, "claimed")


@leg("other")
def other(context):
    yield equal("one", 1, 1, 0, "whole numbers")
"""


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


Change = Callable[[Path], object]
READS: dict[str, tuple[str, str, Change, Change]] = {
    "a file": (
        "", "float((HERE / 'x.txt').read_text())",
        lambda f: put(f / "x.txt", "0.25"), lambda f: put(f / "x.txt", "3"),
    ),
    "a file by descriptor": (
        "", "float(os.read(os.open(HERE / 'x.txt', os.O_RDONLY), 9))",
        lambda f: put(f / "x.txt", "0.25"), lambda f: put(f / "x.txt", "3"),
    ),
    "a file by NumPy": (
        "", "float(__import__('numpy').loadtxt(HERE / 'x.txt'))",
        lambda f: put(f / "x.txt", "0.25"), lambda f: put(f / "x.txt", "3"),
    ),
    "a file that was not there": (
        "", "float((HERE / 'x.txt').read_text()) if (HERE / 'x.txt').exists() "
        "else len(os.listdir(HERE / 'data'))",
        lambda f: (f / "data").mkdir(), lambda f: put(f / "data" / "x.txt", ""),
    ),
    "a folder": (
        "", "len(list((HERE / 'data').glob('*.csv')))",
        lambda f: (f / "data").mkdir(), lambda f: put(f / "data" / "1.csv", ""),
    ),
    "a module imported late": (
        "", "__import__('late').VALUE",
        lambda f: put(f / "late.py", "VALUE = 0.25\n"),
        lambda f: put(f / "late.py", "VALUE = 33.5\n"),
    ),
    "a declared file": (
        ", reads=['x.bin']", "float(subprocess.check_output(['cat', HERE / 'x.bin']))",
        lambda f: put(f / "x.bin", "0.25"), lambda f: put(f / "x.bin", "3"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", READS)
def test_a_leg_counts_while_what_it_read_is_unchanged(kind: str, tmp_path: Path) -> None:
    rest, value, before, change = READS[kind]
    before(tmp_path)
    path, out = source(tmp_path, BOUND.format(rest=rest, value=value)), tmp_path / "out"
    assert again(path, out)[2] == ["bound", "other"]
    assert again(path, out)[1:] == (2, [])
    change(tmp_path)
    results, taken, ran = again(path, out)
    assert (taken, ran) == (1, ["bound"])
    assert results["bound"].verdict is Verdict.FAILS


def test_a_leg_counts_while_the_environment_that_it_declares_is_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = BOUND.format(rest=", reads=['$GIVEN']", value="float(os.environ.get('GIVEN', '0.1'))")
    path, out = source(tmp_path, text), tmp_path / "out"
    assert again(path, out)[2] == ["bound", "other"]
    assert again(path, out)[1:] == (2, [])
    monkeypatch.setenv("GIVEN", "3")
    results, taken, ran = again(path, out)
    assert (taken, ran) == (1, ["bound"])
    assert results["bound"].verdict is Verdict.FAILS
    monkeypatch.setenv("GIVEN", "0.2")
    assert again(path, out)[2] == ["bound"]


IMPORTED: dict[str, tuple[str, dict[str, str], str, str]] = {
    "a module beside": (
        "from beside import VALUE", {"beside.py": "VALUE = 0.25\n"}, "beside.py", "VALUE = 33.5\n",
    ),
    "a module below a package": (
        "from package.inner import VALUE",
        {"package/__init__.py": "", "package/inner.py": "VALUE = 0.25\n"},
        "package/inner.py", "VALUE = 33.5\n",
    ),
    "a file read when imported": (
        "VALUE = json.loads((HERE / 'x.json').read_text())", {"x.json": "0.25"}, "x.json", "3",
    ),
    "a file executed": (
        "exec((HERE / 'x.py').read_text())", {"x.py": "VALUE = 0.25\n"}, "x.py", "VALUE = 33.5\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", IMPORTED)
def test_all_that_importing_read_is_in_the_fingerprint(kind: str, tmp_path: Path) -> None:
    line, files, changed, text = IMPORTED[kind]
    for name, content in files.items():
        put(tmp_path / name, content)
    path = source(tmp_path, f"{line}\n" + BOUND.format(rest="", value="VALUE"))
    out = tmp_path / "out"
    again(path, out)
    assert again(path, out)[1:] == (2, [])
    put(tmp_path / changed, text)
    results, taken, _ = again(path, out)
    assert taken == 0
    assert results["bound"].verdict is Verdict.FAILS


def test_the_fingerprint_depends_on_seed_and_profile_and_not_on_selection(tmp_path: Path) -> None:
    path, out = source(tmp_path, BOUND.format(rest="", value="0.2")), tmp_path / "out"
    again(path, out, "bound")
    assert again(path, out)[1:] == (1, ["other"])
    assert again(path, out, seed=1)[1] == 0
    assert again(path, out, profile="full")[1] == 0
    assert again(path, out, workers=2)[1] == 2


def test_what_a_leg_writes_itself_is_no_input_of_it(tmp_path: Path) -> None:
    text = BOUND.format(rest="", value="(HERE / 'log').open('a').write('x') / 9")
    path, out = source(tmp_path, text), tmp_path / "out"
    again(path, out)
    put(tmp_path / "log", "another")
    assert again(path, out)[1] == 2


def test_what_was_stopped_for_want_of_time_is_tried_again(tmp_path: Path) -> None:
    text = (
        "@leg('slow')\ndef slow(context):\n    time.sleep(1)\n    yield equal('a', 1, 1, 0, 'w')\n"
    )
    path, out = source(tmp_path, text), tmp_path / "out"
    assert again(path, out, limit=0.3)[0]["slow"].verdict is Verdict.UNDECIDED
    assert again(path, out, limit=20)[0]["slow"].verdict is Verdict.HOLDS
    assert again(path, out, limit=0.3)[0]["slow"].verdict is Verdict.HOLDS


class TestDamage:
    """Lines of a journal that are not as they were written are ignored, and never crash."""

    @pytest.fixture
    def written(self, tmp_path: Path) -> tuple[str, Path, list[dict[str, Any]]]:
        path = source(tmp_path, BOUND.format(rest="", value="3"))
        again(path, tmp_path / "out")
        file = tmp_path / "out" / run.JOURNAL
        return path, file, [json.loads(line) for line in file.read_text().split("\n") if line]

    @staticmethod
    def signed(entry: dict[str, Any]) -> dict[str, Any]:
        entry.pop("sha256", None)
        return entry | {"sha256": journal._digest(entry)}

    @pytest.mark.parametrize("resigned", [False, True])
    def test_a_changed_verdict_is_judged_again(
        self, written: tuple[str, Path, list[dict[str, Any]]], resigned: bool
    ) -> None:
        """Also where whoever changed it brought the checksum up to date."""
        path, file, entries = written
        for entry in entries:
            if entry["claim"] == "bound":
                entry["leg"]["verdict"] = "holds"
                entry["leg"]["gaps"][0]["holds"] = True
        lines = [self.signed(entry) if resigned else entry for entry in entries]
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        results, taken, ran = again(path, file.parent)
        assert results["bound"].verdict is Verdict.FAILS
        assert (taken, ran) == (1, ["bound"])

    @pytest.mark.parametrize(
        "line",
        [
            "", "null", "[]", "5", '"text"', "{}", "{", "\x00", "\ufeff{}", "[" * 9999,
            '{"schema_version": "1"}', '{"schema_version": null, "leg": 3}',
            '{"schema_version": 1, "fingerprint": ["a"], "sha256": {}}', '{"a": NaN}',
            '{"schema_version": 1, "sha256": 10}', "9" * 5000, '{"claim": "\\ud800"}',
        ],
    )  # fmt: skip
    def test_a_malformed_line_is_ignored(
        self, written: tuple[str, Path, list[dict[str, Any]]], line: str
    ) -> None:
        path, file, _ = written
        file.write_bytes(line.encode() + b"\n\xff\xfe\n" + file.read_bytes() + line.encode())
        assert again(path, file.parent)[1:] == (2, [])

    @pytest.mark.parametrize(
        "change",
        [
            {"leg": None}, {"leg": {}}, {"leg": []}, {"claim": None}, {"claim": {"a": 1}},
            {"files": None}, {"files": {"/x": 3}}, {"files": []}, {"files": {"\x00": "a"}},
        ],
    )  # fmt: skip
    def test_a_well_signed_line_of_nonsense_is_ignored(
        self, written: tuple[str, Path, list[dict[str, Any]]], change: dict[str, Any]
    ) -> None:
        path, file, entries = written
        lines = [self.signed(entry | change) for entry in entries]
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        assert again(path, file.parent)[1] == 0

    def test_another_schema_version_is_refused(
        self, written: tuple[str, Path, list[dict[str, Any]]]
    ) -> None:
        path, file, _ = written
        file.write_text('{"schema_version": 2}\n')
        with pytest.raises(UsageError, match="schema version 2"):
            again(path, file.parent)


def test_separators_in_texts_do_not_split_a_line(tmp_path: Path) -> None:
    text = (
        "@leg('split')\ndef split(context):\n"
        "    yield equal('a\\u2028b\\x85c\\x0bd\\x1ce', 1, 1, 0, 'w\\x0c')\n"
    )
    path, out = source(tmp_path, text), tmp_path / "out"
    first, *_ = again(path, out)
    results, taken, ran = again(path, out)
    assert (taken, ran) == (1, [])
    assert results["split"].legs[0].gaps == first["split"].legs[0].gaps


SLOW = """
def slow(id):
    @leg(id)
    def wait(context):
        with (HERE / "ran").open("a") as marks:
            marks.write(id + "\\n")
        time.sleep({seconds})
        yield equal("one", 1, 1, 0, "whole numbers")

for number in range({count}):
    slow(f"slow.{{number:02}}")
"""
HELD = SLOW.replace(
    "time.sleep({seconds})",
    'while not (HERE / "go").exists():\n            time.sleep(0.05)',
)
"""The same, waiting for a file in place of for a while."""


def started(folder: Path, path: str, out: Path, workers: int = 1) -> subprocess.Popen[str]:
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "refutable", "verify", "--module", path, "--out", str(out)]
    return subprocess.Popen(
        [*command, "--workers", str(workers)],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"TMPDIR": str(temporary)},
    )  # fmt: skip


def until(happens: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.02)


def at_work(path: str) -> list[int]:
    """Processes of a run over a file, the supervisor itself left out."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            files = {os.readlink(link) for link in [entry / "cwd", *(entry / "fd").iterdir()]}
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        here = any(str(Path(path).parent) in name for name in files)
        if b"refutable.engine.server" in line and here:
            found.append(int(entry.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="signals and /proc")
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)],
)
def test_a_stopped_run_leaves_nothing_behind_and_continues(
    number: signal.Signals, code: int, workers: int, tmp_path: Path
) -> None:
    path, out = source(tmp_path, SLOW.format(seconds=0.15, count=12)), tmp_path / "out"
    file = out / run.JOURNAL
    process = started(tmp_path, path, out, workers)
    until(lambda: file.exists() and file.read_text().count("\n") >= 3)
    assert at_work(path)
    process.send_signal(number)
    _, error = process.communicate(timeout=20)
    assert process.returncode == code, error
    if code > 0:
        assert "the same command continues" in error
        assert {p.name for p in out.iterdir()} == {run.JOURNAL}
    until(lambda: not at_work(path), 5)
    assert not list((tmp_path / "tmp").iterdir())
    kept = [json.loads(line)["claim"] for line in file.read_text().split("\n")[:-1]]
    results, taken, ran = again(path, out)
    assert taken == len(kept) == len(set(kept)) >= 3
    assert sorted([*kept, *ran]) == [f"slow.{n:02}" for n in range(12)]
    assert all(claim.verdict is Verdict.HOLDS for claim in results.claims)
    assert not list((tmp_path / "tmp").iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="signals and /proc")
def test_killed_at_any_moment_nothing_is_lost(tmp_path: Path) -> None:
    path, out = source(tmp_path, SLOW.format(seconds=0.05, count=30)), tmp_path / "out"
    file = out / run.JOURNAL
    for trial in range(6):
        process = started(tmp_path, path, out, workers=1 + trial % 2)
        lines = file.read_text().count("\n") if file.exists() else 0
        until(lambda: file.exists() and file.read_text().count("\n") > lines + 1)  # noqa: B023
        time.sleep(0.013 * trial)
        process.kill()
        process.communicate(timeout=20)
    kept = [json.loads(line)["claim"] for line in file.read_text().split("\n") if line[-1:] == "}"]
    results, taken, ran = again(path, out)
    assert taken == len(set(kept)) == len(kept) >= 12
    assert len(results.claims) == 30 == taken + len(ran)


@pytest.mark.skipif(sys.platform != "linux", reason="a kill of the supervisor")
def test_a_second_start_is_refused_and_says_who_writes(tmp_path: Path) -> None:
    path, out = source(tmp_path, HELD.format(count=10)), tmp_path / "out"
    first = started(tmp_path, path, out)
    until(lambda: (out / journal.HOLDER).exists())
    others = [started(tmp_path, path, out) for _ in range(3)]
    for other in others:
        _, error = other.communicate(timeout=60)
        assert other.returncode == 2
        [line] = error.strip().split("\n")
        assert f"process {first.pid}" in line
    (tmp_path / "go").touch()
    _, error = first.communicate(timeout=60)
    assert first.returncode == 0, error
    lines = (out / run.JOURNAL).read_text().split("\n")[:-1]
    assert len(lines) == len({json.loads(line)["claim"] for line in lines}) == 10
    assert not (out / journal.HOLDER).exists()
    assert not (out / journal.LOCK).exists()


def test_a_folder_has_one_writer_in_one_process_too(tmp_path: Path) -> None:
    import threading

    refused: list[str] = []

    def write() -> None:
        try:
            with journal.writing(tmp_path):
                pass
        except UsageError as problem:
            refused.append(str(problem))

    with journal.writing(tmp_path), journal.writing(tmp_path):  # nested is fine
        other = threading.Thread(target=write)
        other.start()
        other.join()
    assert f"process {os.getpid()}" in refused[0]
    with journal.writing(tmp_path):
        pass
    assert not list(tmp_path.iterdir())
