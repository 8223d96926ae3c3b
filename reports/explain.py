"""One claim in words: what it says, where it stands, how it is checked, how it was last judged."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from refutable import text as texts
from refutable.records.contents import Entry
from refutable.records.results import ClaimRecord, LegRecord, TableRecord
from refutable.reports import comparison, unicode_mathematics, words

LABEL = 13
"""Columns of what stands before the first lines: `assumptions  `."""


def lines(
    claim: Entry,
    tables: Sequence[TableRecord],
    last: ClaimRecord | None,
    out: Path,
    width: int = 10_000,
    modules: Sequence[str] = (),
) -> list[str]:
    """The lines of `claims explain`, wrapped. last: the record of the run whose folder is `out`.

    modules: those whose claim it is, for the commands; none are the paper's.
    """
    found = (
        *_stated(claim),
        *_checked(claim),
        *(line for table in tables for line in ["", *map(Whole, words.aligned(table)), ""]),
        *_planted(claim, modules),
        "",
        *_judged(claim, last, out, modules),
    )
    return [line for one in found for line in _wrapped(one, width)]


class Whole(str):
    """A line that is not wrapped, because it is a row of a table."""


def _wrapped(line: str, width: int) -> list[str]:
    """A line as lines of a width, those after the first indented below what it says."""
    shown = texts.visible(line.replace("\n", " "))
    if isinstance(line, Whole) or len(shown) <= width:
        return [shown]
    start = len(shown) - len(shown.lstrip())
    hanging = start + 2 if start or not shown[LABEL:].strip() else LABEL
    return textwrap.wrap(
        shown, width, subsequent_indent=" " * hanging, break_long_words=False,
        break_on_hyphens=False, drop_whitespace=True,
    )  # fmt: skip


def _stated(claim: Entry) -> Iterator[str]:
    source = claim.provenance.value + (f", {claim.paper}" if claim.paper else "")
    yield f"{claim.id}: {claim.title}"
    yield ""
    yield f"  {unicode_mathematics.text(claim.statement)}"
    yield ""
    yield f"stands in    {_short(claim.file)}:{claim.line}"
    yield f"source       {source}"
    yield f"measured     {claim.measured or 'as stated'}"
    yield f"assumptions  {', '.join(claim.assumptions) or 'none beyond the definitions'}"
    yield f"rests on     {', '.join(claim.rests_on) or 'nothing else'}"
    if claim.original_of:
        yield f"refutes      the first statement of {claim.original_of}, by its witness"


def _short(file: str) -> str:
    """A path as one would type it here."""
    path = Path(file).resolve()
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except (OSError, ValueError):  # elsewhere, or where nothing is any more
        return str(path)


def _checked(claim: Entry) -> Iterator[str]:
    yield ""
    yield "checked by"
    for leg in claim.legs:
        since = "" if leg.profile == "quick" else f" (from profile {leg.profile})"
        yield f"  {leg.kind.value:9} at best {leg.kind.grade.value:9} {leg.about}{since}"


def _planted(claim: Entry, modules: Sequence[str]) -> Iterator[str]:
    command = words.on_modules(["claims", "selftest", claim.id], modules)
    yield f"planted mistakes, each to turn the verdict to fails: `{command}`"
    for mistake in claim.mistakes:
        yield f"  {mistake.title}  [{mistake.target}]"


def _judged(
    claim: Entry, last: ClaimRecord | None, out: Path, modules: Sequence[str]
) -> Iterator[str]:
    if last is None:
        command = words.on_modules(["claims", "verify", claim.id, "--out", str(out)], modules)
        yield f"last verdict none in {out} (run `{command}`)"
        return
    closeness = words.closeness(last)
    yield f"last verdict {words.verdict(last)}" + (f", closeness {closeness}" if closeness else "")
    nearest = comparison.nearest(last)
    if nearest is not None:
        yield f"closest      {nearest[0].kind.value}: {nearest[1].compared}"
    for leg in last.legs:
        yield f"  {leg.kind.value:9} {words.marked(leg.verdict)} {words.grade(leg)}".rstrip()
        if leg.grade_reason and words.grade(leg):
            yield f"            not proved: {leg.grade_reason}"
        yield from _found(leg)
    yield from (f"  remark    {remark}" for remark in words.remarks(last))


def _found(leg: LegRecord) -> Iterator[str]:
    why = ""
    for gap in leg.gaps:
        yield f"      {gap.compared}"
        if gap.why != why:
            yield f"        because {gap.why}"
        why = gap.why
        if gap.certificate:
            yield from (f"        {line}" for line in words.certificate(gap.certificate))
    yield from (f"      ladder {words.ladder(series)}" for series in leg.series)
