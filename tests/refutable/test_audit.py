"""The audit core: a margin is what was tried, and what was not tried or not decided is no margin.

Statements here are arithmetic with a known break, so that every verdict is reached on purpose and a
wrong one cannot be blamed on training.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from refutable import cli
from refutable.auditing import margins, selection
from refutable.auditing.atlas import Atlas, Margin, Outcome, PairRecord
from refutable.auditing.dial import Dial
from refutable.auditing.effort import EFFORT
from refutable.auditing.point import point_task
from refutable.auditing.run import audit
from refutable.auditing.selection import load
from refutable.claim import Profile
from refutable.errors import UsageError
from refutable.replay import replay
from refutable.reports import atlas as atlas_report

BREAK = 0.6
BENT = '''
import os, time
from hypothesis import strategies as st
from refutable.auditing.statement import Audit, Statement
from refutable.claim import Claim, Provenance
from refutable.auditing.dial import Dial
from refutable.gap import at_most

def claim(id):
    made = Claim(id=id, title=id, statement=id, provenance=Provenance.DERIVED)
    @made.leg("exact")
    def leg(context):
        yield at_most("x", 0, 1, 0, "exact")
    return made

def dial(name, grid=(0.0, 0.25, 0.5, 0.75, 1.0), **rest):
    return Dial(name=name, assumption=f"the {name} one", title=name, source="here", enters="data",
                grid=grid, **rest)

def size(name, value, base, seed, profile):
    """More than 1: broken."""
    if name == "breaking" and value > BREAK and base["n"] >= 3:
        return 2.0
    if name == "backwards" and value < 0.3:
        return 2.0
    if name == "fragile" and value > 0:
        return 2.0
    if name == "raising" and value >= 0.5:
        raise ArithmeticError("cannot be run")
    if name == "raising-later" and value > 0.5:
        if value < 1:
            raise ArithmeticError("cannot be run in between")
        return 2.0
    if name == "seedy" and value >= 0.5:
        return 2.0 if seed % 2 else 0.0
    if name == "of-profile" and value > 0.5:
        return 2.0 if profile == "quick" else 0.0
    if name == "returning" and value == 0.5:
        return 2.0
    if name == "slow" and "SLOW" in os.environ:
        time.sleep(60)
    return 0.0

def check(base, dials, seed, profile):
    if "COUNTED" in os.environ:
        with open(os.environ["COUNTED"], "a") as file:
            print(*dials, file=file)
    for name, value in dials.items():
        yield at_most("size", size(name, value, base, seed, profile), 1.0, 0, "exact")

def wrong(base, dials, seed, profile):
    yield at_most("size", 2.0, 1.0, 0, "exact")

def nothing(base, dials, seed, profile):
    return ()

def simpler(base):
    return st.builds(lambda n, m: {"n": n, "m": m}, st.integers(0, 9), st.integers(0, 9))

def out(name):
    return "it makes no sense" if name == "excluded" else None

CLAIMS = [claim(id) for id in ("bent", "wrong", "nothing", "other")]
AUDIT = Audit(
    tuple(dial(name) for name in (
        "harmless", "breaking", "fragile", "raising", "raising-later", "seedy", "excluded",
        "of-profile", "returning", "slow",
    )) + (dial("backwards", (1.0, 0.5, 0.0)),
          dial("whole", (1.0, 2.0, 4.0), whole=True),
          dial("switch", (0.0, 1.0), labels={0.0: "off", 1.0: "on"})),
    (
        Statement(claim="bent", measured="size at most 1", check=check, main=True,
                  bases=({"n": 1, "m": 1}, {"n": 8, "m": 5}), simpler=simpler, untestable=out),
        Statement(claim="wrong", measured="size at most 1", bases=({"n": 1},), check=wrong),
        Statement(claim="nothing", measured="nothing", bases=({"n": 1},), check=nothing),
    ),
)
'''.replace("BREAK", str(BREAK))  # fmt: skip

IN_ONE_PROCESS = "CLAIMS = [", "LEGS_SHARE_A_PROCESS = True\nCLAIMS = ["
"""What to replace by what, so that pieces of work, which are arithmetic, need no process each."""
Write = Callable[..., str]
_numbers = itertools.count()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write the module under a name of its own, some text replaced; writing again reloads it."""
    name = f"bent_{next(_numbers)}"

    def written(old: str = "", new: str = "") -> str:
        assert old in BENT
        path = tmp_path / f"{name}.py"
        path.write_text(BENT.replace(old, new) if old else BENT)
        monkeypatch.delitem(sys.modules, name, raising=False)
        return str(path)

    return written


Found = Callable[..., PairRecord]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What audits of the module as it stands come to: by dial, and profile full or deep."""
    path = tmp_path_factory.mktemp("bent") / "bent_as_it_stands.py"
    path.write_text(BENT.replace(*IN_ONE_PROCESS))
    dials: dict[Profile, list[str]] = {"full": list(CONSTRUCTED), "deep": ["breaking", "seedy"]}
    pairs = {
        (pair.dial, profile): pair
        for profile, names in dials.items()
        for pair in audit("bent", dials=names, sources=(str(path),), profile=profile).pairs
    }
    return lambda dial, profile="full": pairs[dial, profile]


def one(
    source: str, dial: str, profile: Any = "full", claim: str = "bent", **rest: Any
) -> PairRecord:
    [pair] = audit(claim, dials=[dial], sources=(source,), profile=profile, **rest).pairs
    return pair


def command(capsys: Any, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `claims ...` in this process."""
    monkeypatch.setattr(sys, "argv", ["claims", *words])
    with pytest.raises(SystemExit) as end:
        cli.main()
    said = capsys.readouterr()
    return int(end.value.code or 0), said.out, said.err


CONSTRUCTED = {
    "harmless": Margin.ROBUST,
    "whole": Margin.ROBUST,
    "switch": Margin.ROBUST,
    "breaking": Margin.BREAKS,
    "backwards": Margin.BREAKS,
    "returning": Margin.BREAKS,
    "raising-later": Margin.UNDECIDED,
    "fragile": Margin.LOAD_BEARING,
    "excluded": Margin.UNTESTABLE,
    "raising": Margin.UNDECIDED,
}


class TestVerdicts:
    """Each is reached by what is constructed to be so, and by nothing else."""

    @pytest.mark.parametrize("dial", CONSTRUCTED)
    def test_by_construction(self, found: Found, dial: str) -> None:
        assert found(dial).verdict is CONSTRUCTED[dial]

    def test_seeds_that_disagree_are_counted(self, found: Found) -> None:
        pair = found("seedy", "deep")  # eight seeds: odd and even ones
        assert pair.verdict is Margin.UNDECIDED
        trial = next(t for t in pair.trials if t.value == 0.5)
        assert trial.outcome is Outcome.MIXED
        assert (trial.seeds, 0 < trial.failing < 8) == (8, True)

    def test_robust_reaches_the_end(self, found: Found) -> None:
        pair = found("harmless")
        assert (pair.holds_to, pair.breaks_at, pair.witness) == (1.0, None, None)
        assert [trial.value for trial in pair.trials] == [0.0, 0.25, 0.5, 0.75, 1.0]
        assert all(trial.seeds == 3 for trial in pair.trials)
        assert pair.confidence == pytest.approx(0.05 ** (1 / 3), abs=1e-4)  # Clopper and Pearson

    @pytest.mark.parametrize("profile", ["quick", "full", "deep"])
    def test_bisection_brackets_the_break(
        self, write: Write, found: Found, profile: Profile
    ) -> None:
        pair = (
            one(write(), "breaking", "quick") if profile == "quick" else found("breaking", profile)
        )
        assert pair.holds_to is not None
        assert pair.breaks_at is not None
        assert pair.holds_to <= BREAK < pair.breaks_at
        width = 0.25 / 2 ** EFFORT[profile].bisections
        assert pair.breaks_at - pair.holds_to <= width + 1e-3  # values have three digits

    def test_a_dial_that_goes_down(self, found: Found) -> None:
        pair = found("backwards")
        assert pair.breaks_at is not None
        assert pair.holds_to is not None
        assert pair.breaks_at < 0.3 <= pair.holds_to
        assert pair.trials[0].value == 1.0

    def test_what_raises_is_told_and_never_robust(self, write: Write, found: Found) -> None:
        """Also when it raises at one value only, the last one included."""
        pair = found("raising")
        assert pair.note == "ArithmeticError: cannot be run"
        assert pair.holds_to == 0.25
        only_last = write("value >= 0.5:\n        raise", "value == 1:\n        raise")
        assert one(only_last, "raising").verdict is Margin.UNDECIDED
        at_start = write("value >= 0.5:\n        raise", "value == 0:\n        raise")
        pair = one(at_start, "raising")
        assert pair.verdict is Margin.UNDECIDED
        assert pair.fails_as_assumed

    def test_a_run_that_raises_between_is_not_called_a_disagreement(self, write: Write) -> None:
        source = write("value < 1:", "value < 0.75:")
        pair = one(source, "raising-later")
        assert (pair.holds_to, pair.breaks_at) == (0.5, 0.75)
        assert pair.note == "in between, at 0.625: ArithmeticError: cannot be run in between"

    def test_what_holds_again_further_out_is_told(self, found: Found) -> None:
        pair = found("returning")
        assert pair.verdict is Margin.BREAKS
        assert "holds again at 0.75, 1" in (pair.note or "")

    def test_what_is_false_as_assumed_has_no_margin(self, write: Write) -> None:
        pair = one(write(), "harmless", claim="wrong")
        assert pair.verdict is Margin.UNDECIDED
        assert "does not hold as assumed" in (pair.note or "")
        assert pair.fails_as_assumed

    def test_nothing_measured_is_no_pass(self, write: Write) -> None:
        pair = one(write(), "harmless", claim="nothing")
        assert (pair.verdict, pair.note) == (Margin.UNDECIDED, "nothing was measured")

    def test_without_main_statements_quick_audits_all(self, write: Write) -> None:
        """Rather than none, with exit code 0."""
        atlas = audit(sources=(write("check=check, main=True", "check=check"),), dials=["harmless"])
        assert [pair.claim for pair in atlas.pairs] == ["bent", "wrong", "nothing"]

    def test_what_is_costly_is_audited_where_it_is_selected_or_deep(self, write: Write) -> None:
        source = write('claim="wrong", measured', 'claim="wrong", costly=True, measured')
        plan = selection.Plan.read(selection.plan((source,)))
        catalogue = load((source,))[0]

        def chosen(select: tuple[str, ...], profile: Profile) -> list[str]:
            found, _ = selection.choose(catalogue, plan, select, (), ("harmless",), profile)
            return [statement.claim for statement in found]

        assert chosen((), "full") == ["bent", "nothing"]
        assert chosen((), "deep") == ["bent", "wrong", "nothing"]
        assert chosen(("wrong",), "quick") == ["wrong"]

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ('"harmless", "breaking"', '"harmless", "harmless"', "2 times a dial 'harmless'"),
            ('claim="nothing"', 'claim="bent"', "2 times a statement on claim 'bent'"),
            ('claim="nothing"', 'claim="noting"', "Did you mean nothing"),
            ("AUDIT = Audit(", "OTHER = Audit(", "offers no AUDIT"),
            ("AUDIT = Audit(", "AUDIT = 7\nOTHER = Audit(", "must be an Audit"),
        ],
    )
    def test_a_module_that_contradicts_itself_is_refused(
        self, write: Write, old: str, new: str, message: str
    ) -> None:
        source = write(old, new)
        with pytest.raises(UsageError, match=message):
            load((source,))


BESIDE = """
OTHER = Audit((dial("far"), dial("near")), (
    Statement(claim="other", measured="size at most 1", check=check, bases=({"n": 1},)),
))
AUDIT = Audit(AUDIT.dials, AUDIT.statements, beside=(OTHER,))
"""


class TestAuditsBesideEachOther:
    """Statements about other models are tried under their own dials, and not under all."""

    @pytest.fixture
    def source(self, write: Write) -> str:
        path = Path(write())
        path.write_text(path.read_text(encoding="utf-8") + BESIDE, encoding="utf-8")
        return str(path)

    def test_pairs_are_of_one_audit(self, source: str) -> None:
        atlas = audit(profile="full", dials=["harmless", "near"], sources=(source,))
        assert [(pair.claim, pair.dial) for pair in atlas.pairs] == [
            ("bent", "harmless"), ("wrong", "harmless"), ("nothing", "harmless"), ("other", "near"),
        ]  # fmt: skip

    def test_a_selection_takes_its_own_dials_along(self, source: str) -> None:
        atlas = audit("other", sources=(source,))
        assert [pair.dial for pair in atlas.pairs] == ["far", "near"]

    def test_a_dial_of_another_model_is_refused(self, source: str) -> None:
        with pytest.raises(UsageError, match="other: the dials are far, near, not harmless"):
            audit("other", dials=["harmless"], sources=(source,))

    def test_a_point_is_tried_where_all_its_dials_are(
        self, source: str, capsys: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        words = ("audit", "other", "bent", "--module", source, "--set", "near=1")
        code, said, _ = command(capsys, monkeypatch, *words)
        assert code == 0
        assert "other at" in said
        assert "bent at" not in said
        code, _, error = command(capsys, monkeypatch, *words, "--set", "harmless=1")
        assert code == 2
        assert "no statement is tried under all of near, harmless" in error


DRAWS = """
        import random
        return 2.0 + random.random()
"""
ENDS = """
    if base["m"] not in (1, 5):
        os._exit(3)
"""
IS_DOWN = """
    if "DOWN" in os.environ and value == 0.625:
        raise ArithmeticError("down")
"""


class TestWitness:
    """A break can be seen again, on the simplest model that shows it."""

    def test_it_is_minimised(self, found: Found) -> None:
        witness = found("breaking", "deep").witness
        assert witness is not None
        assert witness["base"] == {"n": 3, "m": 0}
        assert witness["simplified"]

    def test_it_is_what_is_found_again_at_its_base(self, write: Write) -> None:
        """Also where a check draws, whatever other bases were tried before the simplest."""
        source = write('        return 2.0\n    if name == "back', f'{DRAWS}    if name == "back')
        witness = one(source, "breaking").witness
        assert witness is not None
        assert witness["simplified"]
        _, offered = load((source,))
        base, dials, seed = (witness[name] for name in ("base", "dials", "seed"))
        [again] = offered.parts[0].at("bent", base, dials, profile="full", seed=seed)
        assert witness["gap"]["measured"] == again.measured

    def test_a_break_stands_where_its_witness_cannot_be_simplified(self, write: Write) -> None:
        """The statement ends its process at every base but its own."""
        source = write('    if "COUNTED" in', f'{ENDS}    if "COUNTED" in')
        pair = one(source, "breaking")
        assert (pair.verdict, pair.holds_to) == (Margin.BREAKS, 0.594)
        assert pair.witness is not None
        assert (pair.witness["base"], pair.witness["simplified"]) == ({"n": 8, "m": 5}, False)
        assert "its witness could not be simplified: " in (pair.note or "")
        assert "status 3" in (pair.note or "")

    def test_a_break_that_is_found_elsewhere_later_has_a_witness_of_its_own(
        self, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where a check raised at first, an audit that goes on may bracket more closely."""
        source = write('    if name == "breaking"', f'{IS_DOWN}    if name == "breaking"')
        monkeypatch.setenv("DOWN", "")
        first = one(source, "breaking", out=tmp_path / "out")
        monkeypatch.delenv("DOWN")
        second = one(source, "breaking", out=tmp_path / "out")
        assert (first.breaks_at, second.breaks_at) == (0.75, 0.625)
        for pair in (first, second):
            assert pair.witness is not None
            assert pair.witness["dials"] == {"breaking": pair.breaks_at}

    def test_a_profile_says_how_many_bases_are_tried(
        self, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each of them as assumed first, and where the claim broke if it holds there."""
        counted = tmp_path / "counted"
        monkeypatch.setenv("COUNTED", str(counted))
        one(write(), "breaking", "full")
        values = 5 + EFFORT["full"].bisections
        checks = counted.read_text().split().count("breaking") - values * 3 * 2
        bases = EFFORT["full"].simplifications
        assert bases < checks <= 2 * bases

    def test_it_fails_until_it_is_fixed(
        self, write: Write, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source, out = write(), str(tmp_path / "out")
        words = ("replay", out, "bent/breaking", "--module", source)
        assert command(capsys, monkeypatch, "audit", "bent", "--dial", "breaking", "--module",
                       source, "--out", out, "--workers", "1")[0] == 0  # fmt: skip
        code, said, _ = command(capsys, monkeypatch, *words)
        assert (code, said.splitlines()[-1]) == (1, "FAILS")
        assert "size: measured 2, at most 1 was claimed" in said
        write(f"value > {BREAK}", "value > 2")  # mended
        code, said, _ = command(capsys, monkeypatch, *words)
        assert (code, said.splitlines()[-1]) == (0, "FIXED")
        write('name == "breaking" and', "1 / 0 and")
        code, said, _ = command(capsys, monkeypatch, *words)
        assert (code, said.splitlines()[-1]) == (2, "ERROR")
        assert "ZeroDivisionError" in said
        for old, new in (('claim="bent"', 'claim="other"'), ('"breaking", "fragile"', '"fragile"')):
            write(old, new)  # the claim is gone, then the dial
            code, said, error = command(capsys, monkeypatch, *words)
            assert (code, said.splitlines()[-1:]) == (2, ["ERROR"]), error
            assert "any more" in said

    def test_it_is_run_under_the_profile_that_found_it(self, write: Write, tmp_path: Path) -> None:
        source = write()
        atlas = audit("bent", dials=["of-profile"], sources=(source,), profile="quick")
        atlas.write(tmp_path / "atlas.json")
        assert replay(tmp_path, "bent/of-profile", (source,))[0] == "FAILS"

    def test_an_unknown_witness_names_those_there_are(self, write: Write, tmp_path: Path) -> None:
        source = write()
        audit("bent", dials=["breaking"], sources=(source,)).write(tmp_path / "atlas.json")
        with pytest.raises(UsageError, match=r"Did you mean bent/breaking\?"):
            replay(tmp_path, "bent/braking", (source,))


def timeless(atlas: Atlas) -> dict[str, Any]:
    """What must not depend on workers, interruptions or the hour."""
    found = atlas.model_dump(mode="json")
    found.pop("run")
    for pair in found["pairs"]:
        pair.pop("seconds")
    return found


def test_the_number_of_workers_changes_nothing(write: Write) -> None:
    """Nor whether all is done in one process, or each piece in one of its own."""
    two = audit(sources=(write(),), profile="full", workers=2)
    alone = audit(sources=(write(*IN_ONE_PROCESS),), profile="full", workers=1)
    assert timeless(alone) == timeless(two)


class TestResuming:
    """What is finished is never computed twice, and what is damaged is never believed."""

    def test_a_stopped_audit_continues(self, write: Write, tmp_path: Path) -> None:
        source, out, counted = write(), tmp_path / "out", tmp_path / "counted"
        words = [sys.executable, "-m", "refutable", "audit", "bent", "--module", source,
                 "--dial", "breaking", "--dial", "slow", "--out", str(out),
                 "--workers", "1"]  # fmt: skip
        environment = os.environ | {"COUNTED": str(counted)}
        process = subprocess.Popen(
            words, env=environment | {"SLOW": "1"}, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        until = time.monotonic() + 60
        while not (counted.exists() and "slow" in counted.read_text()):
            assert time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "the same command continues" in stderr
        assert [path.name for path in out.iterdir()] == ["atlas.jsonl"]  # nothing half-written
        before = counted.read_text().split().count("breaking")
        again = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
        assert again.returncode == 0, again.stderr
        assert before == counted.read_text().split().count("breaking") > 0
        whole = audit("bent", dials=["breaking", "slow"], sources=(source,))
        assert timeless(Atlas.read(out / "atlas.json")) == timeless(whole)

    def test_damaged_lines_and_raised_runs_are_tried_again(
        self, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source, out, counted = write(), tmp_path / "out", tmp_path / "counted"

        def run() -> Atlas:
            return audit(
                "bent", dials=["harmless", "breaking", "raising"], sources=(source,), out=out
            )

        first = run()
        journal = out / "atlas.jsonl"
        lines = [json.loads(line) for line in journal.read_text().splitlines()]
        dials = [line["point"][1] for line in lines]
        assert list(dict.fromkeys(dials)) == ["harmless", "breaking", "raising"]
        lines[dials.index("breaking")]["found"]["bent"]["worst"]["measured"] = 9.0
        journal.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"cut off')
        monkeypatch.setenv("COUNTED", str(counted))
        assert timeless(run()) == timeless(first)
        tried = counted.read_text().split()
        assert (set(tried), tried.count("breaking")) == ({"breaking", "raising"}, 1)


class TestMargins:
    """`--fail-below` fails when an assumption can be bent less far than was recorded."""

    @pytest.fixture
    def margins_file(self, tmp_path: Path) -> Path:
        return tmp_path / "margins.toml"

    @pytest.fixture
    def run(
        self, write: Write, capsys: Any, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[..., tuple[int, str, str]]:
        source = write(*IN_ONE_PROCESS)

        def run(*words: str) -> tuple[int, str, str]:
            return command(capsys, monkeypatch, "audit", "bent", "--module", source, "--workers",
                           "1", *words)  # fmt: skip

        return run

    def test_equal_and_larger_margins_pass(self, margins_file: Path, run: Any) -> None:
        assert run("--write-margins", str(margins_file))[0] == 0
        known = margins.read(margins_file)
        assert known["bent", "harmless"] == 1.0
        assert known["bent", "fragile"] == 0.0
        assert ("bent", "raising") not in known  # undecided
        assert ("bent", "excluded") not in known
        assert run("--fail-below", str(margins_file))[0] == 0
        margins_file.write_text('[bent]\nbreaking = 0.3\nbackwards = 0.9\n"of-profile" = 0\n')
        assert run("--fail-below", str(margins_file))[0] == 0

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("breaking = 0.9", "bent / breaking: held to 0.9, now 0.5"),
            ("backwards = 0.1", "bent / backwards: held to 0.1, now 0."),
            ("raising = 0.25", "bent / raising: held to 0.25, now undecided"),
            ("excluded = 0.25", "bent / excluded: held to 0.25, now untestable"),
        ],
    )
    def test_one_that_shrank_fails(
        self, margins_file: Path, run: Any, line: str, said: str
    ) -> None:
        margins_file.write_text(f"[bent]\n{line}\n")
        code, _, error = run("--fail-below", str(margins_file), "--dial", line.split()[0])
        assert code == 1
        assert f"margin shrank: {said}" in error

    def test_a_margin_that_was_not_tried_does_not_count(self, margins_file: Path, run: Any) -> None:
        margins_file.write_text("[bent]\nbreaking = 0.9\n")
        code, _, err = run("--fail-below", str(margins_file), "--dial", "harmless")
        assert code == 0
        assert "records no margin of the pairs tried" in err

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[bendt]\nbreaking = 0.5", "unknown audited claim 'bendt'. Did you mean bent?"),
            ("[bent]\nbraking = 0.5", "unknown dial 'braking'. Did you mean breaking"),
            ("[bent\n", "is not TOML"),
            ("bent = 1", "'bent' must be a table"),
            ('[bent]\nbreaking = "far"', "must be a number, not 'far'"),
            ("[bent]\nbreaking = true", "must be a number, not True"),
            ("[bent]\nbreaking = nan", "must be a number, not nan"),
            (None, "cannot read"),
        ],
    )
    def test_a_file_that_makes_no_sense_is_refused(
        self, margins_file: Path, run: Any, text: str | None, message: str
    ) -> None:
        if text is not None:
            margins_file.write_text(text)
        code, out, error = run("--fail-below", str(margins_file))
        assert (code, out) == (2, "")
        assert message in error

    def test_a_folder_that_is_not_there_is_refused_before_the_audit(self, run: Any) -> None:
        code, out, error = run("--write-margins", "no_such_folder/margins.toml")
        assert (code, out) == (2, "")
        assert "no folder no_such_folder" in error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--dial braking", "there is no dial 'braking'. Did you mean breaking"),
        ("--assumption the-harmles-one", "Allowed: the harmless one, the breaking one"),
        ("bendt", "no claim matches 'bendt'. Did you mean bent?"),
        ("--set braking=1", "Did you mean breaking"),
        ("--set breaking=1.5", "takes [0, 1], not 1.5"),
        ("--set breaking=-0.1", "takes [0, 1], not -0.1"),
        ("--set breaking=nan", "takes [0, 1], not nan"),
        ("--set whole=1.5", "takes whole numbers in [1, 4], not 1.5"),
        ("--set switch=0.5", "takes 0 (off), 1 (on), not 0.5"),
        ("--set breaking", "DIAL=VALUE with a number"),
        ("--set breaking=far", "DIAL=VALUE with a number"),
        ("--set breaking=0 --set breaking=1", "gives breaking twice"),
        ("--set breaking=0 --dial harmless", "--set tries one point"),
        ("bent --set raising=1", "bent at raising = 1: cannot be run"),
        ("--workers 0", "--workers must be"),
        ("--questions --out here", "asks about the paper's own claims"),
    ],
)
def test_bad_requests_name_what_is_allowed(
    write: Write, words: str, message: str, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, error = command(capsys, monkeypatch, "audit", "--module", write(), *words.split())
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert message in error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("block-masks=0.5 bernoulli-masks=1", "either blocks or independent"),
        ("low-masking=0.2 high-masking=0.8", "both set gamma"),
        ("smallest-latent=0.5 latent-ratio=2", "both set latents"),
        ("adam=1 momentum=0.5", "Adam has its own"),
        ("feature-coherence=0.7 shared-global-feature=1", "exceed 1 together"),
    ],
)
def test_contradictory_dials_are_refused(words: str, message: str) -> None:
    """Neither is silently left out; that what is raised is told in one line is tested above."""
    turned = dict(word.split("=") for word in words.split())
    values = {name: float(value) for name, value in turned.items()}
    with pytest.raises(ValueError, match=message):
        point_task(("refutable.claims",), "thm4.1", values, 1, "quick")


def test_a_point_of_several_dials_is_judged(
    write: Write, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write()
    for value, expected in ((0.5, 0), (0.7, 1)):
        code, out, _ = command(capsys, monkeypatch, "audit", "bent", "--module", source,
                               "--set", f"breaking={value}", "--set", "harmless=1")  # fmt: skip
        assert code == expected
        assert out.count("✓") + out.count("✗") == 4  # two gaps at two bases
        assert ("✗" in out) == bool(expected)


def test_what_is_false_as_assumed_fails_the_audit(
    write: Write, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, error = command(capsys, monkeypatch, "audit", "wrong", "--dial", "harmless",
                             "--module", write(), "--workers", "1")  # fmt: skip
    assert code == 1
    assert "wrong does not hold as assumed" in error


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ({"grid": (0.0,)}, "must move one way"),
        ({"grid": (0.0, 1.0, 0.5)}, "must move one way"),
        ({"grid": (0.0, 1.0, math.inf)}, "finite"),
        ({"grid": (0.0, 1.0), "labels": {0.0: "off"}}, "labels every value"),
        ({"grid": (0.0, 0.5), "whole": True}, "whole numbers only"),
        ({"grid": (0.0, 0.5, 1.0), "coarse": (0.5, 1.0)}, "coarse is a part"),
        ({"grid": (0.0, 1.0), "enters": " "}, "enters must say something"),
    ],
)
def test_a_dial_that_cannot_be_scanned_is_refused(rest: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Dial(
            **{"name": "d", "assumption": "a", "title": "t", "source": "s", "enters": "data"} | rest
        )


def test_the_page_of_a_run_shows_an_audit_made_later_in_its_folder(
    write: Write, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = write(), tmp_path / "both"
    words = ("--module", source, "--workers", "1", "--out", str(out))
    assert command(capsys, monkeypatch, "verify", "bent", *words)[0] == 0
    assert "breaking" not in (out / "report.html").read_text()
    assert command(capsys, monkeypatch, "audit", "bent", "--dial", "breaking", *words)[0] == 0
    assert "breaking" in (out / "report.html").read_text()


def test_an_assumption_and_a_dial_are_both_asked_of_a_pair(write: Write) -> None:
    source = write()
    both = audit("bent", assumptions="the harmless one", dials="harmless", sources=(source,))
    assert [pair.dial for pair in both.pairs] == ["harmless"]
    with pytest.raises(UsageError, match="no dial among breaking is of the harmless one"):
        audit("bent", assumptions="the harmless one", dials="breaking", sources=(source,))


def test_a_margin_bar_is_the_part_of_the_range(write: Write) -> None:
    [pair] = (found := audit("bent", dials="breaking", sources=(write(),))).pairs
    assert pair.holds_to is not None
    assert atlas_report.part(pair, found.dials[0]) == pair.holds_to  # of [0, 1]
