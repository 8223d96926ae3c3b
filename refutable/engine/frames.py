"""Frames: messages between the process that supervises and those that run what users wrote.

A frame is a JSON object and, beside it, bytes that whoever forwards them does not read. `slot` says
which of the children of a server is meant. What one side cannot parse never runs any code: nothing
is unpickled in the supervising process.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

_HEAD = struct.Struct(">HII")
LONGEST = 2**28
"""Bytes of the text of a frame; what announces more is none."""


class Readable(Protocol):
    """A stream of bytes, buffered or not."""

    def read(self, size: int, /) -> bytes | None:
        """At most so many bytes; none when it has ended."""


@dataclass(frozen=True)
class Frame:
    """One message. slot: of whom, or to whom. body: a JSON object. blob: bytes beside it."""

    slot: int
    body: Mapping[str, Any]
    blob: bytes = b""

    def packed(self) -> bytes:
        """The bytes to send. ValueError for a body that JSON cannot hold."""
        text = json.dumps(self.body, allow_nan=False).encode()  # ASCII: surrogates pass, escaped
        return _HEAD.pack(self.slot, len(text), len(self.blob)) + text + self.blob


def is_of_work(body: object) -> bool:
    """Whether a process that does work may say this; user code shares it, and its pipe."""
    match body:
        case {"tick": True} | {"want": str()} | {"made": str(), "files": dict() | None}:
            return True
        case {"value": _, **rest} | {"failure": {"type": str(), "message": str()}, **rest}:
            files, last, spent = (rest.get(name) for name in ("files", "last", "spent"))
            return (
                rest.keys() == {"files", "last", "spent"}
                and isinstance(files, dict)
                and all(isinstance(mark, str) for mark in files.values())
                and isinstance(last, bool)
                and isinstance(spent, int | float)
            )
    return False


def _sizes(head: bytes | bytearray) -> tuple[int, int, int]:
    """Slot, and the sizes of text and blob. ValueError for what is no head of a frame."""
    slot, text_size, blob_size = _HEAD.unpack_from(head)
    if text_size > LONGEST:
        raise ValueError(f"a frame of {text_size} bytes")
    return slot, text_size, blob_size


def read(stream: Readable) -> Frame | None:
    """The next frame of a blocking stream; None when it has ended, be it in the middle of one.

    ValueError for what is no frame.
    """
    head = _exactly(stream, _HEAD.size)
    if head is None:
        return None
    slot, text_size, blob_size = _sizes(head)
    text, blob = _exactly(stream, text_size), _exactly(stream, blob_size)
    return None if text is None or blob is None else Frame(slot, json.loads(text), blob)


def _exactly(stream: Readable, size: int) -> bytes | None:
    """So many bytes of a stream that may return fewer at a time; None when it ends before."""
    parts = []
    while size:
        part = stream.read(size)
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


@dataclass
class Parser:
    """Frames out of bytes that arrive in pieces."""

    _pending: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete now. ValueError for what is no frame."""
        self._pending += data
        while len(self._pending) >= _HEAD.size:
            slot, text_size, blob_size = _sizes(self._pending)
            end = _HEAD.size + text_size + blob_size
            if len(self._pending) < end:
                return
            text = bytes(self._pending[_HEAD.size : _HEAD.size + text_size])
            blob = bytes(self._pending[_HEAD.size + text_size : end])
            del self._pending[:end]
            yield Frame(slot, json.loads(text), blob)
