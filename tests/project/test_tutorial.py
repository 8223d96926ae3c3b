"""The tutorial cannot rot: its files are written as the page shows, and its commands are run."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "encode-your-own.md").read_text(encoding="utf-8")
FILES: dict[str, str] = {}
for _name, _code in re.findall(r'```python title="(\S+)"\n(.*?)```', PAGE, re.DOTALL):
    FILES[_name] = FILES.get(_name, "") + _code + "\n\n"
COMMANDS = re.findall(r"```console\n\$ ([^\n]*)\n(.*?)```", PAGE, re.DOTALL)
LENIENT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PROGRAMS = {
    "claims": [sys.executable, "-m", "refutable"],
    "pytest": [sys.executable, "-m", "pytest"],
}


def test_every_block_is_run() -> None:
    assert PAGE.count("```") == 2 * (PAGE.count('```python title="') + len(COMMANDS))
    assert FILES.keys() == {"heron.py", "descent.py", "bold.py"}


def test_the_commands_print_what_the_page_shows(tmp_path: Path) -> None:
    """In one folder and in order, as a reader works: later commands use what earlier ones wrote."""
    for name, code in FILES.items():
        (tmp_path / name).write_text(code, encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "PYTEST_"))}
    for command, shown in COMMANDS:
        program, *words = shlex.split(command)
        done = subprocess.run(
            [*PROGRAMS[program], *words], cwd=tmp_path, capture_output=True, text=True, timeout=300,
            env=environment | {"PYTHONPATH": str(ROOT), "COLUMNS": "120"},
        )  # fmt: skip
        printed = doctest.OutputChecker().check_output(shown, done.stdout, LENIENT)
        assert printed, f"{command}:\n{done.stdout}"
        assert done.returncode == int("bold.py" in command), f"{command}: {done.stderr}"
