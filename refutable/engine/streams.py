"""Streams: what user code prints never reaches standard output, and never breaks a leg."""

from __future__ import annotations

import contextlib
import io
import os
from typing import Any

PRINTED = 64 * 2**10
"""Bytes of what one piece of work prints that are passed on."""


class Prints(io.RawIOBase):
    """Standard output and error of user code: goes to stderr, bounded, and never fails."""

    def __init__(self) -> None:
        super().__init__()
        self.left = PRINTED

    def writable(self) -> bool:
        """It can be written to."""
        return True

    def fileno(self) -> int:
        """Where it goes."""
        return 2

    def write(self, data: Any) -> int:
        """Pass on what is left of the allowance; a full disk or closed pipe is no error of it."""
        size = len(data)
        if self.left > 0:
            with contextlib.suppress(OSError):
                os.write(2, bytes(data)[: self.left])
                if size > self.left:
                    os.write(2, b"\n(more was printed, and is left out)\n")
            self.left -= size
        return size
