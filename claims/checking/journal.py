"""Journal: one line per finished leg, flushed as it ends, so that finished work is never lost."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TextIO

from pydantic import ValidationError

from claims.checking.claim import Kind, Verdict
from claims.checking.errors import UsageError
from claims.checking.results import SCHEMA_VERSION, LegRecord, require_schema_version

NAME = "results.jsonl"


class Journal:
    """The journal of a folder, open for appending; `finished` are its legs under this fingerprint.

    fingerprint: everything that decides a verdict (seed, profile, code, library versions). Lines
    with another fingerprint stay in the file and are ignored, as is a line cut off by a crash; legs
    that ended in an error are run again.
    UsageError when `folder` is not a folder, cannot be written, or holds another schema version.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self.finished: dict[tuple[str, Kind], LegRecord] = {}
        self.path = folder / NAME
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
        """Take over finished legs; whether the file ends in the middle of a line."""
        if not self.path.exists():
            return False
        text = self.path.read_text(encoding="utf-8", errors="replace")
        for line in text.splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            require_schema_version(entry, self.path)
            if entry.get("fingerprint") != self.fingerprint:
                continue
            try:
                leg = LegRecord.model_validate(entry["leg"])
            except (KeyError, ValidationError):
                continue
            if leg.verdict is not Verdict.ERROR:
                self.finished[(entry["claim"], leg.kind)] = leg
        return bool(text) and not text.endswith("\n")

    def add(self, claim_id: str, leg: LegRecord) -> None:
        """Append a finished leg and flush it to disk."""
        entry = {
            "schema_version": SCHEMA_VERSION,
            "fingerprint": self.fingerprint,
            "claim": claim_id,
            "leg": leg.model_dump(mode="json"),
        }
        self._file.write(json.dumps(entry, ensure_ascii=False, allow_nan=False) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()
