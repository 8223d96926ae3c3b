"""The pages that are made and not written: one per claim, the command line, and parts of others.

A hook of MkDocs (see mkdocs.yml). Everything comes from the catalogue and the command line, so that
no page can say something else than the code does.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from refutable import claims
from refutable.claim import Claim, Provenance
from refutable.claims.assumptions import ASSUMPTIONS
from refutable.cli import VERBS, cli, command_of
from refutable.records.results import Results
from refutable.reports import mathematics, words

PROVENANCE = {
    Provenance.STATED: "the text says it",
    Provenance.RECONSTRUCTED: "the text names the result, the formula is this project's",
    Provenance.DERIVED: "a lemma of this project on the way",
    Provenance.SHARPENED: "stronger than the order of magnitude that the paper states",
}

REPORT = Path(__file__).parents[1] / "report"
"""Where `make docs` has left a run."""

MARK = re.compile(r"<!-- ([a-z-]+) -->")


def on_config(config: Any) -> Any:
    """MkDocs: put the chapters into the navigation."""
    config.nav = navigation(config.nav)
    return config


def on_files(files: Any, config: Any) -> Any:
    """MkDocs: add the pages that are made."""
    from mkdocs.structure.files import File

    for path, text in (pages() | example()).items():
        files.append(File.generated(config, path, content=text))
    return files


@functools.cache
def last_run() -> Results | None:
    """The run that `claims verify --out report` left in this checkout, if there is one."""
    path = REPORT / "results.json"
    return Results.read(path) if path.is_file() else None


def example() -> dict[str, str]:
    """The report of the last run, and of an audit beside it, as files of the site."""
    names = ("report.html", "audit.html") if last_run() else ()
    return {
        f"example/{name}": (REPORT / name).read_text(encoding="utf-8")
        for name in names
        if (REPORT / name).is_file()
    }


def on_page_markdown(markdown: str, **_: Any) -> str:
    """MkDocs: fill the marks of a written page."""
    return filled(markdown)


def navigation(nav: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The navigation of mkdocs.yml with a page per claim."""
    found = []
    for entry in nav:
        [(title, target)] = entry.items()
        if target == "claims/index.md":
            chapters = [
                {name: [{claim.id: _path(claim)} for claim in chapter]}
                for name, chapter in chapters_of_claims().items()
            ]
            target = [target, *chapters]
        elif isinstance(target, list):
            target = navigation(target)
        found.append({title: target})
    return found


def chapters_of_claims() -> dict[str, tuple[Claim, ...]]:
    """The claims by the title of their chapter."""
    return {
        title: tuple(importlib.import_module(module).CLAIMS)
        for module, title in claims.CHAPTERS.items()
    }


def _judged(claim: Claim) -> Iterator[str]:
    """How the last run judged a claim, and where its report says so."""
    found = last_run()
    record = next((one for one in found.claims if one.id == claim.id), None) if found else None
    if found is None or record is None:
        return
    said = [words.verdict(record), words.closeness(record), words.grades(record)]
    judged = words.inline(", ".join(filter(None, said)))
    yield (
        f"- last verdict: {judged} (profile {found.run.profile}, {found.run.started[:10]}; "
        f"[in the report](../example/report.html#claim-{claim.id}))"
    )


def pages() -> dict[str, str]:
    """Every page that is made: its path under docs/, and its Markdown."""
    made = {"claims/index.md": catalogue_page(), "command-line.md": command_line_page()}
    return made | {_path(claim): claim_page(claim) for claim in claims.CLAIMS}


def filled(markdown: str) -> str:
    """A written page with its marks replaced. KeyError for an unknown mark."""
    parts = {
        "counts": _counts,
        "provenance": _provenance,
        "not-checked": _not_checked,
        "example": _example,
        "corrections": _corrections,
    }
    return MARK.sub(lambda mark: "\n".join(parts[mark[1]]()), markdown)


def _path(claim: Claim) -> str:
    return f"claims/{claim.id}.md"


def _link(id: str, folder: str = "") -> str:
    return f"[{id}]({folder}{id}.md)"


def _counts() -> Iterator[str]:
    found = claims.CLAIMS
    legs = sum(len(claim.legs) for claim in found)
    mistakes = sum(len(claim.mistakes) for claim in found)
    yield f"There are {len(found)} claims with {legs} legs of evidence. {mistakes} planted mistakes"
    yield "show that the checks can fail."


def _provenance() -> Iterator[str]:
    counts = Counter(claim.provenance for claim in claims.CLAIMS)
    yield from ("| source | claims | meaning |", "|---|---:|---|")
    for provenance, meaning in PROVENANCE.items():
        yield f"| {provenance.value} | {counts[provenance]} | {meaning} |"


def _example() -> Iterator[str]:
    if last_run():
        yield "[The report of a run](example/report.html), as `claims verify` writes it."
        if "example/audit.html" in example():
            yield "[The page of an audit](example/audit.html), too."
    else:
        yield "`claims verify --out report` writes the report of a run, a file that opens anywhere."


def _not_checked() -> Iterator[str]:
    for what, reason in claims.NOT_CHECKED.items():
        yield f"- **{words.inline(what)}**: {words.inline(reason)}."


def _corrections() -> Iterator[str]:
    titles = {claim.id: claim.title for claim in claims.CLAIMS}
    for claim in claims.CLAIMS:
        if claim.original_of:
            wrong, right = (_link(id, "claims/") for id in (claim.id, claim.original_of))
            title = words.inline(titles[claim.original_of])
            yield f"- {words.inline(claim.title)} ({wrong}). Instead: {title} ({right})."


def catalogue_page() -> str:
    """All claims by chapter."""
    lines = ["# Claims", "", *_counts(), ""]
    for title, chapter in chapters_of_claims().items():
        lines += [f"## {title}", "", "| claim | what it says | source | checked by |"]
        lines.append("|---|---|---|---|")
        for claim in chapter:
            cells = (_link(claim.id), words.inline(claim.title), _source(claim))
            lines.append(f"| {' | '.join(cells)} | {', '.join(claim.legs)} |")
        lines.append("")
    return "\n".join(lines)


def _source(claim: Claim) -> str:
    return f"{claim.paper}, {claim.provenance.value}" if claim.paper else claim.provenance.value


def claim_page(claim: Claim) -> str:
    """One claim: statement, source, what it rests on, how it is attacked, what it must catch."""
    above = [other.id for other in claims.CLAIMS if claim.id in other.rests_on]
    originals = [other.id for other in claims.CLAIMS if other.original_of == claim.id]
    lines = [
        f"# {claim.id}",
        "",
        f"**{words.inline(claim.title)}**",
        "",
        f'<div class="statement">{mathematics.mathml(claim.statement)}</div>',
        "",
        f"- source: {_source(claim)} ({PROVENANCE[claim.provenance]})",
        f"- measured: {words.inline(claim.measured) or 'as stated'}",
        f"- rests on: {_links(claim.rests_on)}",
        f"- what rests on it: {_links(above)}",
    ]
    if claim.original_of:
        lines.append(f"- first statement of {_link(claim.original_of)}, refuted by its witness")
    if originals:
        lines.append(f"- its first statement was wrong: {_links(originals)}")
    lines += _judged(claim)
    lines += ["", "```", f"claims verify {claim.id}", "```", "", "## Assumptions", ""]
    lines += list(_assumptions(claim)) or ["None beyond the definitions."]
    lines += ["", "## How it is attacked", ""]
    for kind, leg in claim.legs.items():
        lines += [f"### {kind.value}", ""]
        notes = [f"A leg that holds is worth at best: {kind.grade.value}."]
        if isinstance(leg.scope, str):
            notes.append(f"It covers: {leg.scope}.")
        if leg.profile != "quick":
            notes.append(f"It runs from profile {leg.profile} on.")
        if leg.required:
            regimes = ", ".join(map(words.inline, leg.required))
            notes.append(f"Without a case in each of these regimes it is vacuous: {regimes}.")
        lines += [*_paragraphs(leg.run.__doc__ or "As stated."), "", " ".join(notes), ""]
    lines += ["## Planted mistakes", "", "Each of these has to turn the verdict to `fails`.", ""]
    lines += [f"- {words.inline(m.title)} (`{m.name}`)" for m in claim.mistakes]
    for compute in claim.tables:
        table = compute()
        lines += ["", f"## {words.inline(table.title)}", ""]
        lines.append("| " + " | ".join(map(words.inline, table.columns)) + " |")
        lines.append("|" + "---:|" * len(table.columns))
        for row in table.rows:
            lines.append("| " + " | ".join(words.inline(words.cell(x)) for x in row) + " |")
        lines += ["", words.inline(table.note)]
    return "\n".join([*lines, ""])


def _links(ids: Any) -> str:
    return ", ".join(map(_link, ids)) or "nothing else"


def _assumptions(claim: Claim) -> Iterator[str]:
    for name in claim.assumptions:
        record = ASSUMPTIONS[name]
        yield f"- {words.inline(name)} ({record.definition}); bent by: {words.inline(record.dial)}"


def _paragraphs(docstring: str) -> Iterator[str]:
    for number, paragraph in enumerate(re.split(r"\n\s*\n", docstring.strip())):
        if number:
            yield ""
        yield words.inline(paragraph)


def command_line_page() -> str:
    """Every command's help, as it prints it."""
    lines = ["# The command line", "", *_paragraphs(cli.help or ""), ""]
    program = click.Context(cli, info_name="claims", terminal_width=88, **cli.context_settings)
    for name in VERBS:
        command = command_of(name)
        context = click.Context(command, info_name=name, parent=program)
        lines += [f"## claims {name}", "", "```text", context.get_help(), "```", ""]
    return "\n".join(lines)
