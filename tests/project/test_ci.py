"""What CI is given works there: annotations cannot be forged, the action and the hook run.

The steps of the action are run as GitHub runs them: inputs put into the environment, then bash.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from refutable.claim import Kind, Provenance, Verdict
from refutable.cli import command_of
from refutable.records.counting import ALLOWABLE, Counting
from refutable.records.results import Acceptance, ClaimRecord, LegRecord, Results, Run, Totals
from refutable.reports import annotations as workflow
from refutable.text import visible

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
[HOOK] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
GUIDE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
GITHUB, SHARDS, GITLAB, PRE_COMMIT = (
    yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
)

CLAIMS = """
import beside  # a file in the same folder
from refutable import Claim, Provenance, Undecided, equal

def claim(id, *found):
    made = Claim(id=id, title=id + ", 100%:\\n::error::forged", statement=id,
                 provenance=Provenance.DERIVED)
    @made.leg("exact")
    def leg(context):
        yield from found
    return made

CLAIMS = [
    claim("good", equal("one", 1, 1, 0.1, "planted")),
    claim("open", equal("one", 1, 1, 0.1, "planted"), Undecided("x", "gave up")),
    claim("bad", equal("one", 1, 2, 0.1, "planted")),
]
"""
BASELINE = """
[bad]
verdict = "fails"
reason = "known"
expires = 9999-01-01
gaps.exact = ["one"]
"""
COMMAND = re.compile(r"::(error|warning) title=([^:,\r\n]*)::([^\r\n]*)")
BIN = str(Path(sys.executable).parent)


def bash(script: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    path = {"PATH": f"{home}/bin:{BIN}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=home, capture_output=True, text=True, timeout=300, env=clean | path | environment,
    )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with claims, and `claims` and `python` on the path as the action finds them."""
    (tmp_path / "my_claims.py").write_text(CLAIMS)
    (tmp_path / "beside.py").touch()
    (tmp_path / "known.toml").write_text(BASELINE)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "claims"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m refutable "$@"\n')
    command.chmod(0o755)
    return tmp_path


def record(verdict: Verdict, text: str, accepted: bool = False) -> ClaimRecord:
    leg = LegRecord(
        kind=Kind.EXACT, grade=Kind.EXACT.grade, verdict=verdict, note=text, witness={"at": text}
    )
    put_up_with = Acceptance(verdict=verdict, reason=text, expires="9999-01-01")
    return ClaimRecord(
        id=text, title=text, statement="", measured="", provenance=Provenance.DERIVED, paper=None,
        assumptions=(), rests_on=(), verdict=verdict, blocked_by=(), legs=(leg,),
        accepted=put_up_with if accepted else None,
    )  # fmt: skip


def levels(*claims: ClaimRecord, counting: Counting) -> list[tuple[str, str, str]]:
    run = Run(
        id="0", started="2026-01-01T00:00:00+00:00", seconds=1.0, seed=0, profile="quick",
        command="", environment={},
    )  # fmt: skip
    totals = Totals(claims=len(claims), legs=1, cases=0, verdicts={}, false_alarm=0.0)
    found = workflow.lines(Results(run=run, claims=claims, totals=totals), counting)
    matches = [COMMAND.fullmatch(line) for line in found]
    assert all(matches)
    return [match.groups() for match in matches if match]  # type: ignore[misc]


def unescaped(text: str) -> str:
    """As the runner does, %25 last."""
    for code, character in (("0D", "\r"), ("0A", "\n"), ("3A", ":"), ("2C", ","), ("25", "%")):
        text = text.replace(f"%{code}", character)
    return text


@pytest.mark.parametrize("text", ["a:b,c", "100%", "%0A", "one\r\n::error::two", "%253A", "::"])
def test_an_annotation_is_one_command_whatever_it_says(text: str) -> None:
    [(level, title, said)] = levels(record(Verdict.FAILS, text), counting=Counting())
    assert level == "error"
    shown = visible(text, keep="\n")
    assert unescaped(title).startswith(f"{shown} ✗ fails")
    assert unescaped(said).startswith(f"{shown}\nexact: {shown}\nwitness: ")


def test_errors_are_what_makes_the_run_fail() -> None:
    tolerant = Counting(frozenset(ALLOWABLE))
    every = [record(verdict, verdict.value) for verdict in Verdict]
    found = {
        unescaped(said).split("\n")[0]: level
        for level, _, said in levels(*every, counting=tolerant)
    }
    assert found == {
        "fails": "error", "error": "error", "vacuous": "error", "undecided": "warning",
    }  # fmt: skip
    assert {level for level, *_ in levels(*every, counting=Counting())} == {"error"}
    assert len(levels(*every, counting=Counting())) == 5
    known = record(Verdict.FAILS, "known", accepted=True)
    assert [level for level, *_ in levels(known, counting=Counting())] == ["warning"]


def inputs(**given: str) -> dict[str, str]:
    """What GitHub puts into `${{ ... }}`: defaults, and what a workflow gives."""
    assert given.keys() <= ACTION["inputs"].keys()
    values = {name: found["default"] for name, found in ACTION["inputs"].items()} | given
    return {f"inputs.{name}": value for name, value in values.items()} | {
        "github.action_path": str(ROOT)
    }


def step(name: str, home: Path, values: dict[str, str]) -> subprocess.CompletedProcess[str]:
    [found] = [step for step in STEPS if step.get("name") == name]
    environment = {
        key: re.sub(r"\$\{\{ (\S+) \}\}", lambda match: values[match[1]], value)
        for key, value in found["env"].items()
    }
    assert found["shell"] == "bash"
    environment |= {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(home / "step.md")}
    environment |= {"GITHUB_OUTPUT": str(home / "outputs"), "RUNNER_TEMP": str(home)}
    return bash(found["run"], home, **environment)


def test_the_action_declares_what_it_uses_and_pastes_nothing_into_a_script() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{\{ inputs\.([a-z-]+) \}\}", text)) == ACTION["inputs"].keys()
    for found in STEPS:
        assert "${{" not in found.get("run", "")
    [upload] = [found for found in STEPS if "upload-artifact" in found.get("uses", "")]
    assert upload["if"] == "${{ !cancelled() }}"
    assert upload["with"]["path"] == "${{ inputs.out }}"
    assert upload["with"]["name"] == "${{ steps.verify.outputs.artifact }}"
    assert [found["name"] for found in STEPS if found.get("id") == "verify"] == ["Verify"]


def installed(home: Path, **given: str) -> list[str]:
    """The words after `python -m pip install --quiet` in the action's first step."""
    said = home / "bin" / "python"
    said.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    said.chmod(0o755)
    words = step("Install", home, inputs(**given)).stdout.splitlines()
    assert words[:4] == ["-m", "pip", "install", "--quiet"]
    assert (Path(words[-1]) / "pyproject.toml").is_file()
    return words[4:-1]


def test_the_action_installs_itself_as_it_was_tested(home: Path) -> None:
    [option, constraints] = installed(home)
    assert option == "--constraint"
    assert Path(constraints).samefile(ROOT / "constraints.txt")


def test_the_action_installs_what_claims_need(home: Path) -> None:
    """A file or lines of one; a user's versions come before those of the tool's own tests."""
    (home / "needs.txt").write_text("einops\n", encoding="utf-8")
    assert installed(home, requirements="needs.txt") == ["--requirement", "needs.txt"]
    lines = "einops>=0.7\nnumpy==2.1.0 ; python_version < '3.12'"
    [option, file] = installed(home, requirements=lines)
    assert option == "--requirement"
    assert Path(file).read_text(encoding="utf-8").strip() == lines


@pytest.mark.parametrize(
    ("given", "code", "levels"),
    [
        ({}, 1, {"error"}),
        ({"select": "good"}, 0, set()),
        ({"select": "g* \n  ope?", "profile": "full"}, 1, {"error"}),
        ({"select": "good bad", "baseline": "known.toml", "out": "a folder/below"}, 0, {"warning"}),
        ({"select": "--help"}, 2, set()),
        ({"select": "$(touch pwned) `touch pwned`"}, 2, set()),
    ],
)
def test_the_action_verifies(
    home: Path, given: dict[str, str], code: int, levels: set[str]
) -> None:
    (home / "good").touch()  # what a glob of the shell would find
    done = step("Verify", home, inputs(module="my_claims.py", **given))
    assert done.returncode == code, done.stdout + done.stderr
    commands = [line for line in done.stderr.splitlines() if line.startswith("::")]
    assert {match[1] for line in commands if (match := COMMAND.fullmatch(line))} == levels
    assert all(COMMAND.fullmatch(line) for line in commands)
    assert not any(line.startswith("::") for line in done.stdout.splitlines())
    assert not (home / "pwned").exists()
    artifact = (home / "outputs").read_text().removeprefix("artifact=").strip()
    assert re.fullmatch(r"[\w.-]+", artifact)  # what upload-artifact takes
    if code != 2:
        assert (home / given.get("out", "claims-report") / "junit.xml").is_file()
        assert (home / "step.md").read_text(encoding="utf-8").startswith("# Claims")


def test_the_action_takes_several_modules(home: Path) -> None:
    other = home / "more_claims.py"
    other.write_text(
        CLAIMS.replace('"good"', '"fine"').replace('"open"', '"o"').replace('"bad"', '"b"')
    )
    values = inputs(module="my_claims.py\nmore_claims.py\n", select="good fine")
    done = step("Verify", home, values)
    assert done.returncode == 0, done.stderr
    assert "2 claims: 2 hold." in done.stdout


def test_nothing_is_annotated_elsewhere(home: Path) -> None:
    done = bash("claims verify --module my_claims.py", home)
    assert done.returncode == 1
    assert not COMMAND.search(done.stdout + done.stderr)


def options_of(command: str) -> set[str]:
    return {option for found in command_of(command).params for option in found.opts}


def test_recipes_name_options_that_there_are() -> None:
    scripts = [found["run"] for found in STEPS if "run" in found]
    hook = HOOK["entry"].replace("'", "").replace(",", "")
    texts = [*scripts, hook, *GITLAB["verify-claims"]["script"], GUIDE]
    for text in texts:
        for command, words in re.findall(r"claims (verify|diff|report)\b([^`\n|]*)", text):
            assert set(re.findall(r"--[a-z][a-z-]+", words)) <= options_of(command)
    used = re.findall(r"(?<=\()--[a-z-]+|(?<= )--[a-z-]+(?= \")", scripts[1])
    assert set(used) == {"--profile", "--out", "--module", "--baseline"} <= options_of("verify")


def test_the_guide_uses_the_action_and_the_hook_as_they_are() -> None:
    [uses] = [found for found in GITHUB["jobs"]["verify"]["steps"] if "with" in found]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [[short]] = map(yaml.safe_load, re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL))
    assert short["uses"] == uses["uses"]
    assert uses["with"].keys() | short["with"].keys() <= ACTION["inputs"].keys()
    for name in ACTION["inputs"]:
        assert f"\n| `{name}` |" in GUIDE
    assert PRE_COMMIT["repos"][0]["hooks"][0]["id"] == HOOK["id"]
    report = GITLAB["verify-claims"]["artifacts"]["reports"]["junit"]
    out = re.search(r"--out (\S+)", GITLAB["verify-claims"]["script"][-1])
    assert out
    assert report == f"{out[1]}/junit.xml"
    assert GITLAB["verify-claims"]["artifacts"]["when"] == "always"


def test_the_hook_checks_every_file_that_it_is_passed(home: Path) -> None:
    """pre-commit splits the entry as a shell would, and adds the names of the files."""
    good = home / "below it" / "my_claims.py"
    good.parent.mkdir()
    (good.parent / "beside.py").touch()
    good.write_text(CLAIMS.partition('    claim("open"')[0] + "]\n")
    hook = shlex.join(shlex.split(HOOK["entry"]))
    assert shlex.split(HOOK["entry"])[0] == "python"  # there on every system, unlike a shell
    done = bash(f"{hook} 'below it/my_claims.py'", home)
    assert done.returncode == 0, done.stderr
    done = bash(f"{hook} my_claims.py 'below it/my_claims.py'", home)
    assert done.returncode == 1
    assert "3 claims: 1 holds, 1 fails, 1 undecided." in done.stdout
    assert "1 claim: 1 holds." in done.stdout
    options = shlex.join(PRE_COMMIT["repos"][0]["hooks"][0]["args"])
    assert options == "--baseline claims.toml"
    words = ("verify", "--module", "my_claims.py", "--write-baseline", "claims.toml")
    assert bash(shlex.join(["claims", *words]), home).returncode == 1
    accepted = home / "claims.toml"
    accepted.write_text(accepted.read_text("utf-8").replace("TODO", "planted"), "utf-8")
    done = bash(f"{hook} {options} my_claims.py", home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert HOOK["language"] == "python"
    for name in ("claims.py", "my_claims.py", "a/b_claims.py"):
        assert re.search(HOOK["files"], name)
