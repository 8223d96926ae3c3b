"""Dump: where the code of a leg stands, as the interpreter writes it at a crash or near a limit."""

from __future__ import annotations

import contextlib
import faulthandler
import re
from collections.abc import Callable, Iterator
from typing import IO

MOST = 16_000
"""Bytes of a file that are read, from its end: several dumps."""


@contextlib.contextmanager
def dumping(file: IO[bytes] | None) -> Iterator[Callable[[float], None]]:
    """What arms a dump of where the code stands, shortly before a limit and at a crash.

    Again and again, as work goes on beyond its limit that waits for a core.
    """

    def arm(limit: float) -> None:
        if file is None:
            return
        file.seek(0)
        file.truncate()
        faulthandler.enable(file=file, all_threads=False)
        faulthandler.dump_traceback_later(max(limit - 0.5, 0.6 * limit), repeat=True, file=file)

    try:
        yield arm
    finally:
        faulthandler.cancel_dump_traceback_later()


def dumped(file: IO[bytes] | None) -> str:
    """The last stack that was dumped to a file, innermost call first; empty without one."""
    if file is None:
        return ""
    file.seek(max(0, file.seek(0, 2) - MOST))
    text = file.read(MOST).decode(errors="replace")
    return re.split(r"(?m)^(?=Timeout \(|Fatal Python error)", text)[-1]
