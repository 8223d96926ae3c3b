"""audit.md: the atlas, the maps, and the questions that reviewers asked, answered by number."""

from __future__ import annotations

from collections.abc import Sequence

from refutable.auditing.answers import Answer, PhaseMap
from refutable.auditing.atlas import Atlas
from refutable.reports import atlas as atlas_table
from refutable.reports.escaping import block, code, markdown


def page(atlas: Atlas, answers: Sequence[Answer] = (), maps: Sequence[PhaseMap] = ()) -> str:
    """The whole page. answers, maps: as stored in questions.json and phases.json."""
    lines = ["# Audit", ""]
    lines.append(
        "Which assumptions carry the theorems, and how far each can be bent. Statements are finite "
        "ones, tried on trained models with a few dozen patches; what each says is in `atlas.json`."
    )
    for answer in answers:
        lines += ["", f"## {markdown(answer.question)}", ""]
        for sentence in answer.sentences:
            lines += [markdown(sentence), ""]
        lines.append("| " + " | ".join(map(markdown, answer.columns)) + " |")
        lines.append("|---" * len(answer.columns) + "|")
        for row in answer.rows:
            lines.append("| " + " | ".join(markdown(_number(cell)) for cell in row) + " |")
        if answer.histogram:
            most = max(count for _, count in answer.histogram) or 1
            bars = (
                f"{label:>14}  {'█' * round(30 * count / most)} {count:g}"
                for label, count in answer.histogram
            )
            lines += ["", *block(bars)]
        lines += ["", f"Reproduced by {code(answer.command)}."]
    if maps:
        lines += ["", "## Maps"]
    for found in maps:
        lines += [
            "",
            f"### {markdown(found.title)} ({code(found.claim)})",
            "",
            f"![{markdown(found.title)}](phase-{found.name}.svg)",
            "",
            f"Colour: {markdown(found.value_label)}. Line: {markdown(found.boundary_label)}. "
            f"Points: {markdown(found.trained_label)}.",
        ]
    lines += ["", "## Atlas", "", atlas_table.markdown(atlas)]
    lines += [f"Reproduced by {code(atlas.run.command)}.", ""]
    return "\n".join(lines)


def _number(cell: float | str) -> str:
    return cell if isinstance(cell, str) else f"{cell:g}"
