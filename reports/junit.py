"""junit.xml: one test case per claim, no properties."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from claims.checking.claim import Verdict
from claims.checking.results import ClaimRecord, Results
from reports import words

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold."""


def junit(results: Results) -> str:
    """The document. Undecided and not-run count as skipped, vacuous as a failure."""
    verdicts = [claim.verdict for claim in results.claims]
    suite = ET.Element(
        "testsuite",
        name="claims",
        tests=str(len(verdicts)),
        failures=str(sum(v in (Verdict.FAILS, Verdict.VACUOUS) for v in verdicts)),
        errors=str(verdicts.count(Verdict.ERROR)),
        skipped=str(sum(v in (Verdict.UNDECIDED, Verdict.NOT_RUN) for v in verdicts)),
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


def _add_outcome(case: ET.Element, claim: ClaimRecord) -> None:
    tags = {
        Verdict.FAILS: "failure",
        Verdict.VACUOUS: "failure",
        Verdict.ERROR: "error",
        Verdict.UNDECIDED: "skipped",
        Verdict.NOT_RUN: "skipped",
    }
    tag = tags.get(claim.verdict)
    if tag is None:
        return
    outcome = ET.SubElement(case, tag, message=f"{claim.verdict.value}: {_clean(claim.title)}")
    if tag != "skipped":
        outcome.set("type", claim.verdict.value)
    lines = [f"{leg.kind.value}: {line}" for leg in claim.legs for line in words.trouble(leg)]
    lines += [f"witness: {leg.witness}" for leg in claim.legs if leg.witness]
    outcome.text = _clean("\n".join(lines))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
