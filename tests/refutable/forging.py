"""Files for claims-recheck in which one number was changed, and what it says of a file."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from refutable import recheck

NUMBER = re.compile(r"(?<=[ (])-?\d+(?:\.\d+)?(?=[ )])")


def forgeries(script: str) -> Iterator[tuple[str, str]]:
    """Every number of a script changed once: the line as it was and the whole script."""
    for found in NUMBER.finditer(script):
        word = found[0]
        short = "." not in word and len(word) < 8
        if short:
            other = str(int(word) + 1)
        else:
            other = f"{float(word) * 1.001:.20f}" if float(word) else "0.1"
        line = script[script.rfind("\n", 0, found.start()) + 1 : script.find("\n", found.end())]
        yield line, script[: found.start()] + other + script[found.end() :]


def verdict(script: str) -> str:
    """accepted, rejected or not checkable, of a `.cert` file that holds the script."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "script.cert")
        file.write_text(script, encoding="utf-8")
        return recheck.verdict(file)[0]
