"""report.html: one self-contained page, safe to open from disk and to send to a reviewer."""

from __future__ import annotations

import bisect
import functools
import itertools
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup, escape

from refutable import text as texts
from refutable.auditing import answers as answering
from refutable.auditing.answers import Answer, PhaseMap
from refutable.auditing.atlas import Atlas
from refutable.claim import Kind, Provenance, Verdict
from refutable.records import history
from refutable.records.compare import Difference
from refutable.records.gap import GapRecord
from refutable.records.history import Past
from refutable.records.results import ClaimRecord, LegRecord, Results
from refutable.reports import atlas as atlas_table
from refutable.reports import (
    comparison,
    difference,
    glossary,
    graph,
    ladder_figure,
    mathematics,
    opening,
    quantity,
    sweep,
    timeline,
    trace,
    trend,
    witness,
    words,
)
from refutable.reports.quantity import Quantity

if TYPE_CHECKING:
    import pandas as pd

NEAREST = 6
"""Claims that are named as the closest to failing."""
MOST_UNFOLDED = 40
"""Claims that do not hold that are shown in full at the top; of more, links."""


@dataclass(frozen=True)
class Most:
    """What a leg shows at most of each, so that a page of any size stays small enough to send."""

    rows: int
    ladders: int
    certificates: int

    @classmethod
    def of(cls, results: Results) -> Most:
        """The largest shares with which everything fits; every leg gets a row."""
        legs = [leg for claim in results.claims for leg in claim.legs]
        certificates = [sum(gap.certificate is not None for gap in leg.gaps) for leg in legs]
        return cls(
            rows=max(1, _share([len(leg.gaps) for leg in legs], 5000)),
            ladders=_share([len(leg.series) for leg in legs], 1000),
            certificates=_share(certificates, 500),
        )


def _share(sizes: Sequence[int], room: int) -> int:
    """The most that each may take so that together they need no more than the room."""
    shares = range(max(sizes, default=0) + 1)
    fitting = bisect.bisect_right(shares, room, key=lambda most: sum(min(s, most) for s in sizes))
    return fitting - 1


def page(results: Results, folder: Path | None = None) -> str:
    """The page of a run; with a folder, what is found there becomes part of it.

    An atlas, maps, and a history whose last run is this one.
    """
    atlas = atlas_table.of(folder)
    runs = history.read(folder / history.FILE) if folder else ()
    runs = runs if runs and runs[-1].id == results.run.id else ()
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            results=results,
            run=results.run,
            totals=results.totals,
            main=_main(results),
            nearest=_nearest(results),
            chapters=_chapters(results.claims),
            counts=[(v, n) for v in Verdict if (n := results.totals.verdicts.get(v))],
            verdicts=list(Verdict),
            kinds=list(Kind),
            provenances=list(Provenance),
            coverage=words.coverage(results),
            graph=graph.layout(results),
            atlas=atlas,
            maps=_maps(folder),
            most=Most.of(results),
            folder=folder,
            unsound=opening.unsound(results),
            remarked=[claim for claim in results.claims if any(words.remarks(claim))],
            runs=runs if len(runs) > 1 else (),
            MOST_UNFOLDED=MOST_UNFOLDED,
        )
    )


def audit(
    atlas: Atlas, folder: Path, answers: Sequence[Answer] = (), maps: Sequence[PhaseMap] = ()
) -> str:
    """The page of an audit: margins, the questions answered, and maps as they are stored."""
    return (
        _environment()
        .get_template("audit.html.j2")
        .render(atlas=atlas, folder=folder, answers=answers, maps=_drawn(maps))
    )


def changes(found: Difference, runs: Sequence[Past]) -> str:
    """The page of a difference, that of the last two of several runs where there are more."""
    return (
        _environment()
        .get_template("difference.html.j2")
        .render(
            verdict=difference.verdict(found),
            sides=difference.sides(found),
            sections=list(difference.sections(found)),
            runs=runs,
        )
    )


def traced(records: Sequence[Mapping[str, Any]], varied: Sequence[str], frame: pd.DataFrame) -> str:
    """The page of one trace, or of several over the parameters that vary.

    frame: the trajectory's series, or a row per configuration.
    """
    from refutable.reports import figure, sweep_figure, trajectory_figure

    first = records[0]
    if varied:
        heading, below = sweep.heading(records, varied), sweep.LEGEND
        heads, rows = sweep.table(records, varied)
        picture = figure.inline(lambda empty: sweep_figure.draw(empty, frame, varied), heading)
    else:
        heading, below = trace.heading(first), trace.ending(first)
        heads, rows = trace.events(first)
        picture = figure.inline(lambda empty: trajectory_figure.draw(empty, first, frame), heading)
    return (
        _environment()
        .get_template("trace.html.j2")
        .render(
            heading=heading, remarks=sweep.remarks(records), heads=heads, rows=rows, below=below,
            picture=picture,
        )
    )  # fmt: skip


@functools.cache
def _environment() -> jinja2.Environment:
    """What draws every page; its templates are compiled once for all pages of a process."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("refutable.reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    environment.globals.update(
        words=words, opening=opening, comparison=comparison, quantity=quantity, glossary=glossary,
        term=glossary.term, atlas_table=atlas_table, node=graph, timeline=timeline, dict=dict,
        trend=trend,
        witness=witness,
        ladder_figure=ladder_figure,
    )  # fmt: skip
    environment.filters.update(
        mathml=mathematics.mathml,
        number=words.number,
        ladder=ladder_figure.svg,
        worst=_worst,
        quantities=_quantities,
        reasons=_reasons,
        share=_share_of,
        at=_at,
        broken=_broken,
        coded=_coded,
        moment=_moment,
    )
    return environment


def _visible(value: Any) -> Any:
    """What goes into the page: of text, what cannot be seen is escaped."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return texts.visible(str(value), keep="\n\t")


@dataclass(frozen=True)
class Rows:
    """Gaps with their names taken apart. letters: of long settings; symbols: that occur in them."""

    rows: list[tuple[GapRecord, Quantity]]
    letters: dict[tuple[tuple[str, str], ...], str]

    @property
    def symbols(self) -> list[str]:
        """The symbols of the settings that have letters, in order."""
        return list(dict.fromkeys(name for setting in self.letters for name, _ in setting))


def _quantities(gaps: Sequence[GapRecord]) -> Rows:
    split = [quantity.split(gap.name) for gap in gaps]
    return Rows(list(zip(gaps, split, strict=True)), quantity.lettered(split))


HOT = 0.8
"""From here on a share of an allowance stands out."""


def _share_of(record: ClaimRecord | GapRecord, shown: str | None = None) -> Markup:
    """The end of a start tag and what follows it: a closeness with its bar."""
    earned = record.closeness
    if isinstance(record, GapRecord):
        earned = earned if record.holds else None
        shown = "" if earned is None else words.percent(earned)
    style = f" style=--c:{100 * earned:.0f}%" if earned and earned >= 0.005 else ""
    hot = '"c hot"' if earned and earned > HOT else "c"
    return Markup(f" class={hot}{style}>{escape(shown or '')}")


def _reasons(leg: LegRecord) -> list[str]:
    """Why the tolerances of what does not hold are what they are, each once."""
    return list(dict.fromkeys(gap.why for gap in leg.gaps if not gap.holds))[:3]


def _at(place: str) -> str:
    """The fragment that leads to a claim, or to a leg of it: 'ID', 'ID/KIND'."""
    return urllib.parse.quote(f"claim-{texts.visible(place)}", safe="/+.-_", errors="replace")


def _broken(id: str) -> Markup:
    """A name that may go on in the next line after each of its dots."""
    return Markup(".<wbr>").join(escape(part) for part in texts.visible(id).split("."))


def _coded(text: str) -> Markup:
    """Prose in which what stands between backticks is code."""
    parts = map(escape, texts.visible(text).split("`"))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part
        for number, part in enumerate(parts)
    )


def _moment(started: str) -> str:
    """'2026-11-26 13:18 UTC', of a time as it is stored; what is none stays as it is."""
    try:
        at = datetime.fromisoformat(started)
    except ValueError:
        return started
    return f"{at:%Y-%m-%d %H:%M} {at.tzname() or ''}".rstrip()


def _main(results: Results) -> list[ClaimRecord]:
    """Claims that the modules themselves put first."""
    by_id = {claim.id: claim for claim in results.claims}
    return [by_id[id] for id in results.main if id in by_id]


def _nearest(results: Results) -> list[ClaimRecord]:
    """Of what holds, what came closest to failing, the closest first."""
    close = [c for c in results.claims if c.verdict is Verdict.HOLDS and c.closeness is not None]
    return sorted(close, key=lambda claim: -(claim.closeness or 0.0))[:NEAREST]


def _chapters(claims: Sequence[ClaimRecord]) -> list[tuple[str, list[ClaimRecord]]]:
    """Claims in the order of the run, neighbours of one chapter together."""
    grouped = itertools.groupby(claims, key=lambda claim: claim.chapter)
    return [(chapter, list(members)) for chapter, members in grouped]


def _worst(leg: LegRecord, most: int) -> list[Any]:
    """The gaps of a leg that say most: failing ones, then the closest to failing."""
    order = sorted(leg.gaps, key=lambda gap: (gap.holds, -(gap.closeness or 0)))
    kept = set(map(id, order[:most]))
    return [gap for gap in leg.gaps if id(gap) in kept]


def _maps(folder: Path | None) -> list[tuple[PhaseMap, Markup]]:
    """The maps of a folder with their pictures."""
    return _drawn(answering.read_maps(folder / answering.MAPS) if folder else ())


def _drawn(found: Sequence[PhaseMap]) -> list[tuple[PhaseMap, Markup]]:
    if not found:
        return []
    from refutable.reports import phase_figure  # with matplotlib, which takes a second

    return [(one, phase_figure.picture(one)) for one in found]
