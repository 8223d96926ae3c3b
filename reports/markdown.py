"""summary.md: the verdicts as a Markdown page, fit for a pull request or a CI step summary."""

from __future__ import annotations

from refutable.claim import Verdict
from refutable.records.results import Results
from refutable.reports import graph, words


def summary(results: Results) -> str:
    """The whole page."""
    run, totals = results.run, results.totals
    lines = [
        "# Claims",
        "",
        f"**{totals.claims} claims: {words.counts(results)}.** "
        f"Profile `{run.profile}`, seed {run.seed}, {totals.legs} legs of evidence over "
        f"{totals.cases:,} cases, probability of a false alarm {totals.false_alarm:.1g}.",
        "",
        "| claim | what it says | verdict | closeness | grade | left out |",
        "|---|---|---|---:|---|---|",
    ]
    for claim in results.claims:
        cells = (
            f"`{claim.id}`",
            claim.title,
            words.verdict(claim),
            words.closeness(claim),
            words.grades(claim),
            ", ".join(words.left_out(claim)),
        )
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    lines += ["", words.CLOSENESS, ""]
    lines += [f"- **{words.marked(v)}**: {words.MEANINGS[v]}" for v in Verdict]
    accepted = [(claim, claim.accepted) for claim in results.claims if claim.accepted]
    if accepted:
        lines += ["", "## Accepted for now", ""]
        lines += [f"- `{c.id}` {_cell(words.acceptance(found))}" for c, found in accepted]
    bad = [
        (claim, leg)
        for claim in results.claims
        for leg in claim.legs
        if leg.verdict not in (Verdict.HOLDS, Verdict.NOT_RUN)
    ]
    if bad:
        lines += ["", "## What does not hold"]
    for claim, leg in bad:
        lines += ["", f"### `{claim.id}`, {leg.kind.value} leg: {leg.verdict.value}", ""]
        lines += [f"- {_cell(line)}" for line in words.trouble(leg)]
        if leg.witness:
            lines.append(f"- witness: {_cell(str(leg.witness))}")
    blocked = [claim for claim in results.claims if claim.blocked_by]
    if blocked:
        lines += ["", "## Claims that rest on what does not hold", ""]
        lines += [
            f"- `{c.id}`: {', '.join(f'`{other}`' for other in c.blocked_by)}" for c in blocked
        ]
    lines += ["", "<details><summary>What rests on what</summary>", "", "```mermaid"]
    lines += [graph.mermaid(results), "```", "", "</details>"]
    lines += ["", "<details><summary>Cases by regime</summary>", "", words.COVERAGE, ""]
    lines += ["| regime | cases | claims |", "|---|---:|---:|"]
    for regime, (cases, where) in words.coverage(results).items():
        lines.append(f"| {_cell(regime)} | {cases:,} | {where} |")
    lines += ["", "</details>", "", "<details><summary>Environment</summary>", ""]
    lines += [f"- {name}: {_cell(version)}" for name, version in run.environment.items()]
    lines += [f"- command: {_cell(run.command)}", "", "</details>", ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text that can neither end a table cell nor start a tag."""
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())
