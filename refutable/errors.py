"""UsageError: one line that says what was wrong in a request, and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UsageError(Exception):
    """Bad input: shown as one line on stderr, exit code 2."""


def nearest(word: str, known: Iterable[str]) -> str:
    """' Did you mean X?' with the nearest known words, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(close)}?" if close else ""
