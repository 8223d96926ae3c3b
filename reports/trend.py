"""Claims over several runs: what changed since the last, what is narrow, and what is flaky."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup
from rich.console import Console
from rich.table import Table

from refutable.claim import Verdict
from refutable.records.history import Course, Found, Past, courses
from refutable.reports import words
from refutable.reports.terminal import said

MOVED = 0.1
"""Share of an allowance from which on a closeness that moved is worth a word."""
WIDTH, HEIGHT = 90, 20
MOST = 12
"""Runs that a table has columns for, the newest."""


def changes(runs: Sequence[Past]) -> Iterator[str]:
    """What the last run found otherwise than the one before it."""
    *_, before, after = runs
    for id in dict.fromkeys((*after.claims, *before.claims)):
        old, new = before.claims.get(id), after.claims.get(id)
        if old is None or new is None:
            yield f"{id}: {'new' if old is None else 'gone'}"
        elif old.verdict is not new.verdict:
            yield f"{id}: {words.marked(old.verdict)} → {words.marked(new.verdict)}"
        elif _moved(old, new) > MOVED:
            ends = " → ".join(words.percent(one.closeness or 0.0) for one in (old, new))
            yield f"{id}: closeness {ends}"


def _moved(old: Found, new: Found) -> float:
    if old.closeness is None or new.closeness is None:
        return 0.0
    return abs(old.closeness - new.closeness)


def eventful(runs: Sequence[Past], most: int = 10) -> list[Course]:
    """Claims that changed over the runs, and the narrowest of the others, those first that matter.

    Worse ones first, then flaky ones, then by closeness.
    """
    found = list(courses(runs))
    changed = [one for one in found if one.changes or one.moved > MOVED]
    narrow = [one for one in found if one not in changed and one.last and one.last.closeness]
    order = sorted(changed, key=lambda one: (not one.is_worse, not one.is_flaky))
    return order + narrow[:most]


def spark(course: Course) -> Markup:
    """Closeness over the runs as a line, from 0 at the bottom to 100 % at the top."""
    step = WIDTH / max(1, len(course.over) - 1)
    points = [
        (round(number * step, 1), round(HEIGHT - 1 - (HEIGHT - 2) * min(found.closeness, 1.0), 1))
        for number, found in enumerate(course.over)
        if found and found.closeness is not None
    ]
    if len(points) < 2:
        return Markup("")
    return Markup(
        '<svg class="plot spark" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" '
        'aria-label="closeness over the runs"><path class="axis" d="M0,1H{w}"/>'
        '<path class="line" d="M{line}"/></svg>'
    ).format(w=WIDTH, h=HEIGHT, line="L".join(f"{x:g},{y:g}" for x, y in points))


def heads(runs: Sequence[Past]) -> list[str]:
    """A heading for each run: its day, and its time where two are of one day."""
    days = [run.started[5:10] for run in runs]
    if len(set(days)) == len(days):
        return days
    return [f"{run.started[5:10]} {run.started[11:16]}".rstrip() for run in runs]


def remark(course: Course) -> str:
    """'worse', 'flaky: its verdict changed 3 times', or empty."""
    parts = ["worse"] if course.is_worse else []
    if course.is_flaky:
        parts.append(f"flaky: its verdict changed {course.changes} times")
    return ", ".join(parts)


def mark(found: Found | None) -> str:
    """A verdict and a closeness in a cell."""
    if found is None:
        return ""
    shown = words.MARKS[found.verdict]
    return f"{shown} {words.percent(found.closeness)}" if found.closeness is not None else shown


def show(runs: Sequence[Past], console: Console) -> None:
    """Print the courses of claims over runs."""
    shown = runs[-MOST:]
    for number, run in enumerate(shown, 1):
        console.print(
            said(f"{number}: {run.started}, profile {run.profile}, seed {run.seed}, "
                 f"{words.many(len(run.claims), 'claim')}")
        )  # fmt: skip
    console.print()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("claim")
    for number in range(1, len(shown) + 1):
        table.add_column(str(number), justify="right", no_wrap=True)
    table.add_column("")
    for course in eventful(shown):
        cells = [said(mark(found)) for found in course.over]
        table.add_row(said(course.id, most=100), *cells, said(remark(course), "bold red"))
    console.print(table)
    console.print()
    console.print(said(sentence(shown), "bold"))


def sentence(runs: Sequence[Past]) -> str:
    """How many claims are worse, flaky, and as they were."""
    found = list(courses(runs))
    worse = sum(course.is_worse for course in found)
    flaky = sum(course.is_flaky for course in found)
    held = sum(bool(c.last) and c.last.verdict is Verdict.HOLDS for c in found if c.last)
    return (
        f"{words.many(len(found), 'claim')} over {words.many(len(runs), 'run')}: "
        f"{held} hold in the last, {worse} worse than in one before, {flaky} flaky."
    )
