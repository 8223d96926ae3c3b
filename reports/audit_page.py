"""audit.md: the atlas, the maps, and the questions that reviewers asked, answered by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from refutable.auditing.atlas import Atlas
from refutable.reports import atlas as atlas_table


def page(
    atlas: Atlas,
    answers: Sequence[Mapping[str, Any]] = (),
    maps: Sequence[Mapping[str, Any]] = (),
) -> str:
    """The whole page. answers, maps: records as stored in questions.json and phases.json."""
    lines = ["# Audit", ""]
    lines.append(
        "Which assumptions carry the theorems, and how far each can be bent. Statements are finite "
        "ones, tried on trained models with a few dozen patches; what each says is in `atlas.json`."
    )
    for answer in answers:
        lines += ["", f"## {answer['question']}", ""]
        for sentence in answer["sentences"]:
            lines += [_cell(sentence), ""]
        lines.append("| " + " | ".join(map(_cell, answer["columns"])) + " |")
        lines.append("|---" * len(answer["columns"]) + "|")
        for row in answer["rows"]:
            lines.append("| " + " | ".join(_cell(_number(cell)) for cell in row) + " |")
        if answer["histogram"]:
            most = max(count for _, count in answer["histogram"]) or 1
            lines += ["", "```"]
            for label, count in answer["histogram"]:
                lines.append(f"{label:>14}  {'█' * round(30 * count / most)} {count}")
            lines.append("```")
        lines += ["", f"Reproduced by `{answer['command']}`."]
    if maps:
        lines += ["", "## Maps"]
    for found in maps:
        lines += [
            "",
            f"### {_cell(found['title'])} (`{found['claim']}`)",
            "",
            f"![{_cell(found['title'])}](phase-{found['name']}.svg)",
            "",
            f"Colour: {_cell(found['value_label'])}. Line: {_cell(found['boundary_label'])}. "
            f"Points: {_cell(found['trained_label'])}.",
        ]
    lines += ["", "## Atlas", "", atlas_table.markdown(atlas)]
    lines += [f"Reproduced by `{_cell(atlas.run.command)}`.", ""]
    return "\n".join(lines)


def _number(cell: Any) -> str:
    return f"{cell:g}" if isinstance(cell, int | float) else str(cell)


def _cell(text: str) -> str:
    return " ".join(str(text).replace("|", "\\|").replace("<", "&lt;").split())
