"""The tutorial cannot rot: its files are written as the page shows, and its commands are run."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "encode-your-own.md").read_text(encoding="utf-8")
FILES: dict[str, str] = {}
for _name, _code in re.findall(r'```python title="(\S+)"\n(.*?)```', PAGE, re.DOTALL):
    FILES[_name] = FILES.get(_name, "") + _code + "\n\n"
COMMANDS = re.findall(r"```console\n\$ ([^\n]*)\n(.*?)```", PAGE, re.DOTALL)
LENIENT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PROGRAMS = {"claims": [sys.executable, "-m", "claims"], "pytest": [sys.executable, "-m", "pytest"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a reader would work; later commands use what earlier ones wrote."""
    made = tmp_path_factory.mktemp("tutorial")
    for name, code in FILES.items():
        (made / name).write_text(code, encoding="utf-8")
    return made


def test_every_block_is_run() -> None:
    assert PAGE.count("```") == 2 * (PAGE.count('```python title="') + len(COMMANDS))
    assert FILES.keys() == {"heron.py", "too_bold.py"}


@pytest.mark.parametrize(("command", "shown"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_a_command_prints_what_the_page_shows(folder: Path, command: str, shown: str) -> None:
    program, *words = shlex.split(command)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "PYTEST_"))}
    done = subprocess.run(
        [*PROGRAMS[program], *words], cwd=folder, capture_output=True, text=True, timeout=300,
        env=environment | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert doctest.OutputChecker().check_output(shown, done.stdout, LENIENT), done.stdout
    assert done.returncode == int("too_bold" in command), done.stderr
