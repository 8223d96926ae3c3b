"""Files for claims-recheck in which one number was changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
