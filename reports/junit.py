"""junit.xml: one test case per claim, no properties."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from refutable.claim import Verdict
from refutable.records.results import ClaimRecord, Results, Run
from refutable.reports import witness, words
from refutable.reports.escaping import xml


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
        timestamp=xml(results.run.started.removesuffix("+00:00")),
    )
    for claim in results.claims:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=f"claims.{claim.provenance.value}",
            name=xml(claim.id),
            time=f"{sum(leg.seconds for leg in claim.legs):.3f}",
        )
        _add_outcome(case, claim, results.run)
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


def _add_outcome(case: ET.Element, claim: ClaimRecord, run: Run) -> None:
    tag = _tag(claim)
    if tag is None:
        beside = [*claim.remarks, *words.remarks(claim)]
        if beside:  # of a test that passes, the only text that readers show
            ET.SubElement(case, "system-out").text = xml("\n".join(dict.fromkeys(beside)))
        return
    said = words.acceptance(claim.accepted) if claim.accepted else claim.title
    outcome = ET.SubElement(case, tag, message=xml(f"{claim.verdict.value}: {said}"))
    if tag != "skipped":
        outcome.set("type", claim.verdict.value)
    outcome.text = xml("\n".join(_lines(claim, run)))


def _lines(claim: ClaimRecord, run: Run) -> Iterator[str]:
    yield from claim.remarks
    yield from words.remarks(claim)
    for leg in claim.legs:
        yield from (f"{leg.kind.value}: {line}" for line in words.trouble(leg))
        if words.drawn(leg):
            yield f"drawn: {words.drawn(leg)}"
        yield from words.traceback(leg)
        yield from witness.lines(leg)
        if leg.verdict.is_trouble:
            yield f"again: {words.again(run, claim, leg)}"
