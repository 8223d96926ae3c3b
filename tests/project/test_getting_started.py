"""The first page that a newcomer follows: its files are written, its commands run, in its order."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
BLOCK = re.compile(r'```(python title="(?P<file>\S+)"|console)\n(?P<text>.*?)```', re.DOTALL)
LENIENT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def test_its_files_and_commands_do_what_it_shows(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "PYTEST_"))}
    codes = []
    for block in BLOCK.finditer(PAGE):
        if block["file"]:
            (tmp_path / block["file"]).write_text(block["text"], encoding="utf-8")
            continue
        command, _, shown = block["text"].removeprefix("$ ").partition("\n")
        program, *words = shlex.split(command)
        assert program == "claims"
        done = subprocess.run(
            [sys.executable, "-m", "refutable", *words], cwd=tmp_path, capture_output=True,
            text=True, timeout=120, env=environment | {"PYTHONPATH": str(ROOT), "COLUMNS": "120"},
        )  # fmt: skip
        printed = doctest.OutputChecker().check_output(shown, done.stdout, LENIENT)
        assert printed, f"{command}:\n{done.stdout}{done.stderr}"
        codes.append(done.returncode)
    assert codes == [1, 0, 0, 0]  # it fails, is fixed, holds, and its mistake is killed
