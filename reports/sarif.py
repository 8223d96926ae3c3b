"""claims.sarif: what does not hold, for code scanning (SARIF 2.1.0)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from refutable.claim import Verdict
from refutable.records.results import ClaimRecord, LegRecord, Results
from refutable.reports import witness, words
from refutable.reports.annotations import below

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {
    Verdict.FAILS: "error",
    Verdict.ERROR: "error",
    Verdict.VACUOUS: "warning",
    Verdict.UNDECIDED: "warning",
}
"""How grave a verdict is; the others are no finding."""


def sarif(results: Results) -> str:
    """One rule per claim and one result per leg that does not hold; what is accepted is suppressed.

    Places in or below the folder that is being checked (GITHUB_WORKSPACE, or where this runs) are
    relative to it, which is what code scanning shows beside a line.
    """
    found = [
        (claim, leg) for claim in results.claims for leg in claim.legs if leg.verdict in LEVELS
    ]
    ids = list(dict.fromkeys(claim.id for claim, _ in found))
    run = {
        "tool": {
            "driver": {
                "name": "refutable",
                "version": version("refutable"),
                "rules": [_rule(results[id]) for id in ids],
            }
        },
        "invocations": [
            {
                "commandLine": results.run.command,
                "startTimeUtc": results.run.started,
                "executionSuccessful": True,
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(claim, leg, ids.index(claim.id)) for claim, leg in found],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _rule(claim: ClaimRecord) -> dict[str, Any]:
    return {
        "id": claim.id,
        "shortDescription": {"text": claim.title},
        "fullDescription": {"text": claim.statement},
        "properties": {"provenance": claim.provenance.value, "paper": claim.paper},
    }


def _result(claim: ClaimRecord, leg: LegRecord, rule: int) -> dict[str, Any]:
    lines = [*words.trouble(leg), *witness.lines(leg)]
    result: dict[str, Any] = {
        "ruleId": claim.id,
        "ruleIndex": rule,
        "level": LEVELS[leg.verdict],
        "message": {"text": "\n".join([f"{leg.kind.value} {leg.verdict.value}", *lines])},
        "partialFingerprints": {"claimAndLeg/v1": f"{claim.id}/{leg.kind.value}"},
        "locations": [
            {"physicalLocation": {"artifactLocation": file, "region": {"startLine": line}}}
            for file, line in _places(leg)
        ],
    }
    if claim.accepted:
        said = claim.accepted.reason
        result["suppressions"] = [{"kind": "external", "justification": said}]
    return result


def _places(leg: LegRecord) -> Iterator[tuple[dict[str, str], int]]:
    """Where it failed, or where the leg is written: the first of these that is known."""
    gaps = [gap.place for gap in leg.gaps if not gap.holds]
    for place in (words.place(leg), *gaps, leg.place):
        file, _, line = (place or "").rpartition(":")
        if file and line.isdigit():
            yield _artifact(Path(file)), max(int(line), 1)
            return


def _artifact(file: Path) -> dict[str, str]:
    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())
    inside = below(root, str(file))
    if inside or not file.is_absolute():
        return {"uri": inside or file.as_posix(), "uriBaseId": "%SRCROOT%"}
    return {"uri": file.as_uri()}
