"""Streams: a standard output and error that take any text, and never end a run.

A terminal may know ASCII only, a pipe may be closed by its reader, a disk full, a stream absent
from the start. What cannot be encoded is shown as an escape; what cannot be written is dropped and
remembered, and `settled` says what it means for the exit code. On GitHub Actions, whose runner
obeys lines of either stream, only `command` can write a line that is obeyed.
"""

from __future__ import annotations

import codecs
import errno
import io
import json
import os
import re
import select
import sys
from typing import Any, TextIO

from refutable import text as texts

PLAIN = {
    "✓": "+", "✗": "x", "∅": "0", "–": "-", "—": "-", "◐": "~", "…": ".", "·": "*", "×": "x",
    "±": "+-", "≤": "<=", "≥": ">=", "→": "->", "−": "-", "²": "^2", "³": "^3", "½": "1/2",
}  # fmt: skip
"""What the tool's own marks become where an encoding lacks them."""

WIDTHS = range(20, 1001)
"""Columns that a terminal may have; any other number of them is not believed."""

_OBEYED = re.compile(r"([^\x21-\x7e\w]*:)(?=:)")
"""The start of a line that the runner takes for a command, up to its second colon.

What cannot be seen may stand before it: the runner skips spaces, and compares as a language does.
"""
_MAY_BE_OBEYED = re.compile(r"[^\x21-\x7e\w]*:?")


def _plain(problem: UnicodeError) -> tuple[str, int]:
    """An error handler of codecs: marks in plain letters, everything else as an escape."""
    assert isinstance(problem, UnicodeEncodeError)
    lost = problem.object[problem.start : problem.end]
    shown = (PLAIN.get(c) or c.encode("unicode_escape").decode("ascii") for c in lost)
    return "".join(shown), problem.end


codecs.register_error("refutable.plain", _plain)


class _Kept(io.RawIOBase):
    """A file that is written as far as it can be; what kept it from that is remembered."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self.raw = raw
        self.problem: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of it, or drop the rest; says in either case that all was written."""
        left = memoryview(data).cast("B")
        size = len(left)
        while left and self.problem is None:
            try:
                written = self.raw.write(left)
            except OSError as problem:
                self.problem = problem
                break
            if written is None:  # somebody made the pipe non-blocking: wait for its reader
                select.select([], [self.raw], [])
            left = left[written or 0 :]
        return size

    def writable(self) -> bool:
        """Yes."""
        return True

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self.raw.isatty()

    def fileno(self) -> int:
        """The descriptor."""
        return self.raw.fileno()


class Stream(io.TextIOWrapper):
    """Standard output or error; `like` is the stream in whose place it stands.

    guarded: whether no line may be a command to the runner.
    """

    def __init__(self, raw: io.RawIOBase, like: io.TextIOWrapper | None, guarded: bool) -> None:
        self._kept = _Kept(raw)
        self._guarded = guarded
        self._line = ""  # how the line began that is not finished
        super().__init__(
            io.BufferedWriter(self._kept),
            encoding=like.encoding if like else "utf-8",
            errors="refutable.plain",
            line_buffering=like is None or like.line_buffering,
            write_through=like is not None and like.write_through,
        )

    @property
    def problem(self) -> OSError | None:
        """Why something could not be written; None when everything was."""
        return self._kept.problem

    def write(self, text: str) -> int:
        """Write text as lines that nothing obeys."""
        super().write(self._disarmed(text) if self._guarded else text)
        return len(text)

    def command(self, line: str) -> None:
        """Write a line that the runner is to obey."""
        super().write(line + "\n" if not self._line else f"\n{line}\n")
        self._line = ""

    def _disarmed(self, text: str) -> str:
        r"""The same with `::` at the start of a line as `:\:`, and `##[` as `##\u005b`.

        The latter is what JSON calls that character; the former cannot occur in it.
        """
        lines = re.split(r"(?<=[\r\n])", self._line + text)
        safe = [_OBEYED.sub(r"\1\\", one, count=1) if _OBEYED.match(one) else one for one in lines]
        safe = [one.replace("##[", "##\\u005b") for one in safe]
        written = "".join(safe)[len(self._line) :]
        last = safe[-1]
        self._line = last if _MAY_BE_OBEYED.fullmatch(last) else f"-{last[-2:]}"
        return written

    def close(self) -> None:
        """Write what is left. Whoever closes a standard stream does not own it."""
        self.flush()


def guard() -> None:
    """Put both standard streams and the environment in order, before anything is said.

    Streams that were replaced, by a test or a notebook, are left alone. A width of the terminal
    that is none is forgotten.
    """
    for name in ("COLUMNS", "LINES"):
        text = os.environ.get(name, "")
        if not (text.isascii() and text.isdecimal() and int(text[:9]) in WIDTHS):
            os.environ.pop(name, None)
    guarded = os.environ.get("GITHUB_ACTIONS") == "true"
    for name, fd in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        _occupy(fd)
        stream: TextIO | None = getattr(sys, name)
        if fd == 0:
            continue
        if stream is None:
            nowhere = io.FileIO(os.devnull, "wb")
            setattr(sys, name, Stream(nowhere, None, guarded))
        elif isinstance(stream, io.TextIOWrapper) and _fd_of(stream) == fd:
            raw: Any = getattr(stream.buffer, "raw", stream.buffer)
            setattr(sys, name, Stream(raw, stream, guarded))


def _fd_of(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return None


def _occupy(fd: int) -> None:
    """Let nothing else become a standard stream that is closed: a report would get what it says."""
    try:
        os.fstat(fd)
    except OSError:
        null = os.open(os.devnull, os.O_RDWR)
        if null != fd:
            os.dup2(null, fd)
            os.close(null)
        os.set_inheritable(fd, True)


def say(text: object, *, err: bool = False, end: str = "\n") -> None:
    """Print text of any origin, its lines kept: nothing in it is obeyed by a terminal."""
    stream = sys.stderr if err else sys.stdout
    print(texts.visible(str(text), keep="\n"), end=end, file=stream, flush=True)


def say_json(value: object, indent: int | None = None) -> None:
    """Print strict JSON, in ASCII whatever the stream can take."""
    print(json.dumps(value, indent=indent, allow_nan=False), flush=True)


def command(line: str) -> None:
    """Write one line to standard error for the runner of GitHub Actions to obey."""
    if isinstance(sys.stderr, Stream):
        sys.stderr.command(line)
    else:
        print(line, file=sys.stderr)


def settled(code: int, *, is_verdict: bool) -> int:
    """The exit code, once everything has been written.

    A reader that had enough (`| head`) changes nothing. Anything else that kept standard output
    from being written is said on standard error; it makes the exit code 2 unless that is the
    verdict of a run, which stands.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # of a stream that is not ours, or closed
            continue
    problem = getattr(sys.stdout, "problem", None)
    if problem is None or problem.errno == errno.EPIPE:
        return code
    print(f"claims: cannot write to standard output: {problem.strerror}", file=sys.stderr)
    return code if is_verdict else 2
