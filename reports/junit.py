"""junit.xml: one test case per claim, no properties."""

from __future__ import annotations

import re
from collections import Counter
from xml.etree import ElementTree as ET

from refutable.claim import Verdict
from refutable.records.results import ClaimRecord, Results
from refutable.reports import words

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold."""


def junit(results: Results) -> str:
    """The document. Undecided, not-run and accepted count as skipped, vacuous as a failure."""
    tags = Counter(map(_tag, results.claims))
    suite = ET.Element(
        "testsuite",
        name="claims",
        tests=str(len(results.claims)),
        failures=str(tags["failure"]),
        errors=str(tags["error"]),
        skipped=str(tags["skipped"]),
        time=f"{results.run.seconds:.3f}",
        timestamp=results.run.started.removesuffix("+00:00"),
    )
    for claim in results.claims:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=f"claims.{claim.provenance.value}",
            name=_clean(claim.id),
            time=f"{sum(leg.seconds for leg in claim.legs):.3f}",
        )
        _add_outcome(case, claim)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


_TAGS = {
    Verdict.FAILS: "failure",
    Verdict.VACUOUS: "failure",
    Verdict.ERROR: "error",
    Verdict.UNDECIDED: "skipped",
    Verdict.NOT_RUN: "skipped",
}


def _tag(claim: ClaimRecord) -> str | None:
    return "skipped" if claim.accepted else _TAGS.get(claim.verdict)


def _add_outcome(case: ET.Element, claim: ClaimRecord) -> None:
    tag = _tag(claim)
    if tag is None:
        return
    said = words.acceptance(claim.accepted) if claim.accepted else claim.title
    outcome = ET.SubElement(case, tag, message=f"{claim.verdict.value}: {_clean(said)}")
    if tag != "skipped":
        outcome.set("type", claim.verdict.value)
    lines = [f"{leg.kind.value}: {line}" for leg in claim.legs for line in words.trouble(leg)]
    lines += [f"witness: {leg.witness}" for leg in claim.legs if leg.witness]
    outcome.text = _clean("\n".join(lines))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
