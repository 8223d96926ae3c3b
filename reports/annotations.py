"""Annotations of GitHub Actions: what does not hold, shown beside the run and the pull request.

The runner reads them from the log. It shows ten errors and ten warnings of a step; all are in the
log, and in the step summary.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from refutable.claim import Verdict
from refutable.records.counting import Counting
from refutable.records.results import ClaimRecord, LegRecord, Results
from refutable.reports import escaping, witness, words


def lines(results: Results, counting: Counting) -> Iterator[str]:
    """A workflow command per claim with news: an error where it counts against the run.

    Accepted and undecided claims are warnings, as is what holds with a remark or rests on what
    fails; claims that hold, and those that were not run and need not, are no news.
    """
    for claim in results.claims:
        if counting.counts(claim):
            yield _command("error", claim, results)
        elif claim.accepted or claim.verdict is Verdict.UNDECIDED or _is_qualified(claim):
            yield _command("warning", claim, results)


def _is_qualified(claim: ClaimRecord) -> bool:
    """Whether it holds, but not without a word."""
    said = bool(claim.blocked_by or claim.remarks) or any(words.remarks(claim))
    return claim.verdict is Verdict.HOLDS and said


def _command(level: str, claim: ClaimRecord, results: Results) -> str:
    text = [claim.title]
    if claim.accepted:
        text.append(words.acceptance(claim.accepted))
    text += words.remarks(claim)
    for leg in claim.legs:
        text += [f"{leg.kind.value}: {line}" for line in words.trouble(leg, 20)]
        text += words.traceback(leg, 6)
        text += witness.lines(leg)
    text.append(f"again: {results.run.command}")
    said = "\n".join(text)
    title = f"{claim.id} {words.verdict(claim)}"
    where = "".join(f"{name}={escaping.property_(value)}," for name, value in _place(claim.legs))
    return f"::{level} {where}title={escaping.property_(title)}::{escaping.data(said)}"


def _place(legs: tuple[LegRecord, ...]) -> Iterator[tuple[str, str]]:
    """File and line of the first exception in the repository that is being checked."""
    root = os.environ.get("GITHUB_WORKSPACE")
    for leg in legs if root else ():
        file = leg.failure and leg.failure.file and below(Path(root or ""), leg.failure.file)
        if leg.failure and file:
            yield "file", file
            yield "line", str(leg.failure.line or 1)
            return


def below(root: Path, file: str) -> str | None:
    """A file of a record, as it is named from the top of a repository; None where it is not in it.

    Records name it from the working directory.
    """
    found = Path.cwd() / file
    there = Path(file).is_absolute() or found.is_file()
    return found.relative_to(root).as_posix() if there and found.is_relative_to(root) else None
