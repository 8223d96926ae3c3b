"""Annotations of GitHub Actions: what does not hold, shown beside the run and the pull request.

The runner reads them from the log. It shows ten errors and ten warnings of a step; all are in the
log, and in the step summary.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from refutable.claim import Verdict
from refutable.records.results import ClaimRecord, Results
from refutable.reports import words


def lines(results: Results, counting: Collection[Verdict]) -> Iterator[str]:
    """A workflow command per claim with news: an error where the verdict counts, else a warning.

    counting: the verdicts that make the run fail. Accepted and undecided claims are warnings;
    claims that hold, and those that were not run and need not, are no news.
    """
    for claim in results.claims:
        if claim.verdict in counting and not claim.accepted:
            yield _command("error", claim, results)
        elif claim.accepted or claim.verdict is Verdict.UNDECIDED:
            yield _command("warning", claim, results)


def _command(level: str, claim: ClaimRecord, results: Results) -> str:
    text = [claim.title]
    if claim.accepted:
        text.append(words.acceptance(claim.accepted))
    text += [f"{leg.kind.value}: {line}" for leg in claim.legs for line in words.trouble(leg)]
    text += [f"witness ({leg.kind.value}): {leg.witness}" for leg in claim.legs if leg.witness]
    text.append(f"again: {results.run.command}")
    said = "\n".join(text)
    title = f"{claim.id} {words.verdict(claim)}"
    return f"::{level} title={_property(title)}::{_data(said)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
