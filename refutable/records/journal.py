"""Journal: one line per finished leg, flushed as it ends, so that finished work is never lost."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, TextIO

from pydantic import ValidationError

from refutable.claim import Kind, Verdict
from refutable.errors import UsageError
from refutable.records.documents import SCHEMA_VERSION, require_schema_version
from refutable.records.results import LegRecord

NAME = "results.jsonl"


class Lines:
    """A file of JSON lines in a folder, open for appending.

    entries: what it held under this fingerprint (everything that decides a verdict: seed, profile,
    code, library versions). Lines with another fingerprint stay in the file and are ignored, as is
    a line cut off by a crash.
    UsageError when `folder` is not a folder, cannot be written, or holds another schema version.
    """

    def __init__(self, folder: Path, name: str, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self.entries: list[dict[str, Any]] = []
        self.path = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise UsageError(f"--out {folder} is not a folder") from None
        except OSError as problem:
            raise UsageError(f"cannot make {folder}: {problem.strerror}") from problem
        if not os.access(folder, os.W_OK | os.X_OK):
            raise UsageError(f"cannot write in {folder}")
        try:
            cut_off = self._read()
            self._file: TextIO = self.path.open("a", encoding="utf-8")
        except OSError as problem:
            raise UsageError(f"cannot write {self.path}: {problem.strerror}") from problem
        if cut_off:
            self._file.write("\n")  # so that the next line starts on its own

    def _read(self) -> bool:
        """Take over entries; whether the file ends in the middle of a line."""
        if not self.path.exists():
            return False
        text = self.path.read_text(encoding="utf-8", errors="replace")
        for line in text.splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            require_schema_version(entry, self.path)
            if entry.get("fingerprint") == self.fingerprint:
                self.entries.append(entry)
        return bool(text) and not text.endswith("\n")

    def add(self, entry: dict[str, Any]) -> None:
        """Append an entry and flush it to disk. UsageError when the disk does not take it."""
        marked = {"schema_version": SCHEMA_VERSION, "fingerprint": self.fingerprint, **entry}
        try:
            self._file.write(json.dumps(marked, ensure_ascii=False, allow_nan=False) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as problem:
            raise UsageError(f"cannot write {self.path}: {problem.strerror}") from problem

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Journal:
    """The journal of a verification; `finished` are its legs under this fingerprint.

    Legs that ended in an error are run again. UsageError as for Lines.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._lines = Lines(folder, NAME, fingerprint)
        self.finished: dict[tuple[str, Kind], LegRecord] = {}
        for entry in self._lines.entries:
            try:
                leg = LegRecord.model_validate(entry["leg"])
            except (KeyError, ValidationError):
                continue
            if leg.verdict is not Verdict.ERROR:
                self.finished[(entry["claim"], leg.kind)] = leg

    def add(self, claim_id: str, leg: LegRecord) -> None:
        """Append a finished leg and flush it to disk."""
        self._lines.add({"claim": claim_id, "leg": leg.model_dump(mode="json")})

    def close(self) -> None:
        """Close the file."""
        self._lines.close()
