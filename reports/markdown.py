"""summary.md: the verdicts as a Markdown page, fit for a pull request or a CI step summary."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from pathlib import Path

from refutable.claim import Verdict
from refutable.records import certificates
from refutable.records.results import ClaimRecord, LegRecord, Results
from refutable.reports import atlas as atlas_table
from refutable.reports import graph, witness, words
from refutable.reports.escaping import block, code, markdown

LAST = 12
"""Lines of a traceback."""


def summary(results: Results) -> str:
    """The whole page."""
    run, totals = results.run, results.totals
    lines = [
        "# Claims",
        "",
        f"**{words.many(totals.claims, 'claim')}: {markdown(words.counts(results))}.** "
        f"Profile `{run.profile}`, seed {run.seed}, {words.many(totals.legs, 'leg')} of evidence "
        f"over {words.many(totals.cases, 'case')}, "
        f"probability of a false alarm {totals.false_alarm:.1g}.",
        *_unsound(results),
        "",
        "| claim | what it says | verdict | closeness | grade | left out |",
        "|---|---|---|---:|---|---|",
    ]
    for claim in results.claims:
        cells = (
            code(claim.id),
            markdown(claim.title),
            markdown(words.verdict(claim)),
            markdown(words.closeness(claim)),
            markdown(words.grades(claim)),
            ", ".join(claim.left_out),
        )
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", words.CLOSENESS, ""]
    lines += [f"- **{words.marked(v)}**: {words.MEANINGS[v]}" for v in Verdict]
    accepted = [(claim, claim.accepted) for claim in results.claims if claim.accepted]
    if accepted:
        lines += ["", "## Accepted for now", ""]
        lines += [f"- {code(c.id)} {markdown(words.acceptance(found))}" for c, found in accepted]
    blocked = [claim for claim in results.claims if claim.blocked_by]
    if blocked:
        lines += ["", "## Claims that rest on what does not hold", ""]
        lines += [f"- {code(c.id)}: {', '.join(map(code, c.blocked_by))}" for c in blocked]
    lines += _remarks(results)
    lines += ["", "<details><summary>What rests on what</summary>", "", "```mermaid"]
    lines += [graph.mermaid(results), "```", "", "</details>"]
    lines += ["", "<details><summary>Cases by regime</summary>", "", words.COVERAGE, ""]
    lines += ["| regime | cases | claims |", "|---|---:|---:|"]
    for regime, (cases, where) in words.coverage(results).items():
        lines.append(f"| {markdown(regime)} | {cases:,} | {where} |")
    lines += ["", "</details>", "", "<details><summary>Environment</summary>", ""]
    lines += [f"- {markdown(name)}: {markdown(v)}" for name, v in run.environment.items()]
    lines += [f"- command: {code(run.command)}", "", "</details>", ""]
    return "\n".join(lines)


def page(results: Results, folder: Path) -> str:
    """The summary, and what else lies in the folder: margins and certificates, with links."""
    return "\n".join([summary(results), *_margins(folder), *_certificates(results, folder)])


def _margins(folder: Path) -> Iterator[str]:
    atlas = atlas_table.of(folder)
    if atlas is None:
        return
    pages = [name for name in ("audit.html", "audit.md") if (folder / name).is_file()]
    more = f" More: {', '.join(f'[{name}]({name})' for name in pages)}." if pages else ""
    yield from ("## How far assumptions can be bent", "")
    yield f"{atlas_table.counts(atlas)}. {atlas_table.agreement(atlas)}{more}"
    yield from ("", *atlas_table.margins(atlas), "")


def _certificates(results: Results, folder: Path) -> Iterator[str]:
    found = certificates.certified(results)
    if not found:
        return
    yield from ("<details><summary>What was decided for all values</summary>", "")
    yield "| claim | leg | decided | by | to be decided again |"
    yield "|---|---|---:|---|---|"
    for one in found:
        cells = (
            code(one.claim.id),
            one.leg.kind.value,
            str(len(one.gaps)),
            markdown(", ".join(one.deciders)),
            certificates.listed(one, folder, _script),
        )
        yield f"| {' | '.join(cells)} |"
    yield from ("", certificates.TOLD, "", "</details>", "")


def _script(name: str, number: int) -> str:
    return f"[{number}]({certificates.FOLDER}/{urllib.parse.quote(name)})"


def _unsound(results: Results) -> Iterator[str]:
    """Every leg that keeps a claim from holding, before the table: it is what a reader came for."""
    bad = [(claim, leg) for claim in results.claims for leg in claim.legs if leg.verdict.is_trouble]
    if bad:
        yield from ("", "## What does not hold")
    for claim, leg in bad:
        yield from ("", f"### {code(claim.id)}, {leg.kind.value} leg: {leg.verdict.value}", "")
        yield from _details(results, claim, leg)
    if bad:
        yield from ("", "## All claims")


def _details(results: Results, claim: ClaimRecord, leg: LegRecord) -> Iterator[str]:
    for line in words.trouble(leg):
        yield f"- {markdown(line)}"
    place, drawn = words.place(leg), words.drawn(leg)
    if place:
        yield f"- at {code(place)}"
    if drawn:
        yield f"- drawn: {code(drawn)}"
    for line in witness.lines(leg):
        yield f"- {code(line)}"
    yield f"- again: {code(words.again(results.run, claim, leg))}"
    trace = words.traceback(leg, LAST)
    if trace:
        yield from ("", *block(trace))


def _remarks(results: Results) -> Iterator[str]:
    for title, found in (("Remarks", words.remarks), ("Foreseen remarks", words.expected)):
        lines = [(claim.id, remark) for claim in results.claims for remark in found(claim)]
        if lines:
            yield from ("", f"## {title}", "")
            if found is words.remarks:
                yield from (f"{words.remarked(results)}.", "")
            yield from (f"- {code(id)} {markdown(remark)}" for id, remark in lines)
