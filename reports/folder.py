"""A folder of reports: everything that is written from one run's results."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from refutable.auditing import answers as answering
from refutable.auditing.atlas import Atlas
from refutable.errors import UsageError
from refutable.records.documents import put
from refutable.records.results import Results
from refutable.reports import (
    appendix,
    audit_page,
    badge,
    junit,
    markdown,
    sarif,
    spreadsheet,
    style,
)


def _html(results: Results, folder: Path) -> str:
    from refutable.reports import html  # with what draws the page, for runs that write one

    return html.page(results, folder)


FORMATS: dict[str, tuple[str, Callable[[Results, Path], str]]] = {
    "html": ("report.html", _html),
    "markdown": ("summary.md", markdown.page),
    "junit": ("junit.xml", lambda results, _: junit.junit(results)),
    "csv": ("results.csv", lambda results, _: spreadsheet.results_csv(results)),
}
"""Name of a format: its file, and how it is rendered."""

ON_REQUEST: dict[str, tuple[tuple[str, Callable[[Results, Path], str | None]], ...]] = {
    "sarif": (("claims.sarif", lambda results, _: sarif.sarif(results)),),
    "latex": (
        ("verdicts.tex", lambda results, _: appendix.verdicts(results)),
        ("margins.tex", lambda _, folder: appendix.margins(folder)),
        ("certificates.tex", appendix.decided),
        ("claims.sty", lambda results, _: style.style(results)),
    ),
    "badge": (
        ("badge.svg", lambda results, _: badge.svg(results)),
        ("badge.json", lambda results, _: badge.endpoint(results)),
    ),
}
"""The files of formats that are written only when they are asked for; None is no file."""


def write(results: Results, folder: Path, formats: Sequence[str] = tuple(FORMATS)) -> list[Path]:
    """Write these formats into the folder; each file appears whole or not at all."""
    files = {name: (file,) for name, file in FORMATS.items()} | ON_REQUEST
    rendered = [
        (folder / file, render(results, folder)) for name in formats for file, render in files[name]
    ]
    return [put(path, text) for path, text in rendered if text is not None]


def require_free(folder: Path | None, names: Sequence[str]) -> None:
    """UsageError when a folder is in the place of a file that is to be written."""
    for name in names if folder else ():
        if folder and (folder / name).is_dir():
            raise UsageError(f"{folder / name} is a folder, in the place of a file to be written")


ATLAS = ("atlas.json", "atlas.csv", "audit.md", "audit.html")
"""Files of an audit."""


def write_atlas(atlas: Atlas, folder: Path) -> None:
    """Write the atlas, its table, its pages and its pictures, each whole or not at all.

    Answers (questions.json) and maps (phases.json) of the folder become parts of the pages.
    """
    from refutable.reports import html

    atlas.write(folder / "atlas.json")
    answers = answering.read_answers(folder / answering.ANSWERS)
    maps = answering.read_maps(folder / answering.MAPS)
    texts = {
        "atlas.csv": spreadsheet.atlas_csv(atlas),
        "audit.md": audit_page.page(atlas, answers, maps),
        "audit.html": html.audit(atlas, folder, answers, maps),
    }
    if maps:
        from refutable.reports import phase_figure  # with matplotlib, which takes a second

        texts |= {f"phase-{found.name}.svg": phase_figure.svg(found) for found in maps}
    for file, text in texts.items():
        put(folder / file, text)


def append_step_summary(results: Results) -> None:
    """Append the Markdown page to the file that GitHub Actions names, when there is one."""
    _append(markdown.summary(results))


def require_summary() -> None:
    """UsageError when GitHub Actions names a file for the page that cannot be written."""
    _append("")


def _append(page: str) -> None:
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if not file:
        return
    try:
        with open(file, "ab") as summary:
            summary.write(page.encode("utf-8", "backslashreplace"))
    except (OSError, ValueError) as problem:
        said = getattr(problem, "strerror", None) or problem
        raise UsageError(f"cannot write GITHUB_STEP_SUMMARY, {file}: {said}") from problem
