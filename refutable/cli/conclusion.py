"""Conclusion: what verbs do with the results of a run: write, print, and say the exit code."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from refutable import streams
from refutable.auditing.atlas import Atlas
from refutable.claim import Verdict
from refutable.cli import options
from refutable.errors import UsageError, nearest
from refutable.records import baseline, history
from refutable.records.counting import ALLOWABLE, Counting
from refutable.records.documents import put
from refutable.records.results import Results
from refutable.text import many


def _allowed(_: click.Context, __: click.Parameter, texts: Sequence[str]) -> frozenset[Verdict]:
    """The verdicts that words like 'undecided,not-run' name. UsageError for any other."""
    known = [verdict.value for verdict in ALLOWABLE]
    named = [word.strip() for text in texts for word in text.split(",")]
    for word in named:
        if word not in known:
            raise UsageError(
                f"--allow takes {' and '.join(known)}, separated by a comma, not {word!r}."
                f"{nearest(word, known)}"
            )
    return frozenset(map(Verdict, named))


allow = click.option(
    "--allow", "allowed", multiple=True, metavar="VERDICTS", callback=_allowed,
    help="Tolerate claims that are undecided, not-run, or both.",
)  # fmt: skip
strict = click.option(
    "--strict", is_flag=True, help="Count a remark beside a verdict, such as: nothing was compared."
)
accept = click.option(
    "--baseline", "accepted", type=click.Path(path_type=Path), metavar="FILE.toml",
    help="Verdicts accepted until a day: exit 1 only for news.",
)  # fmt: skip


def require_place(out: Path | None) -> None:
    """UsageError unless results and reports can be written, before anything is run."""
    from refutable.reports import folder

    folder.require_summary()
    folder.require_free(out, [options.RESULTS, *(file for file, _ in folder.FORMATS.values())])


def conclude(
    found: Results,
    entries: Mapping[str, baseline.Entry],
    counting: Counting,
    out: Path | None,
    as_json: bool,
    write_baseline: Path | None = None,
    earlier: Path | None = None,
) -> int:
    """Write and print results as the baseline leaves them; the exit code.

    entries: what the baseline accepts, by claim. counting: which verdicts do not count. earlier:
    a file of earlier runs that this one is added to, and whose trend the page of `out` shows.
    """
    from refutable.reports import folder

    today = datetime.datetime.now(datetime.UTC).date()
    results, notices = baseline.apply(found, entries, today)
    if earlier is not None:
        runs = history.with_run(history.read(earlier), results)
        history.write(earlier, runs)
        if out is not None:
            history.write(out / history.FILE, runs)
    if out is not None:
        results.write(out / options.RESULTS)
        folder.write(results, out)
    folder.append_step_summary(results)
    _show(results, counting, out, as_json)
    for notice in notices:
        streams.say(f"baseline: {notice.id} {notice.text}", err=True)
    if write_baseline:
        told = {notice.id for notice in notices}
        kept = [entry for id, entry in entries.items() if id not in told]
        until = today + datetime.timedelta(days=baseline.DAYS)
        put(write_baseline, baseline.text(results, counting.verdicts, until, kept))
        streams.say(f"Baseline in {write_baseline}: write the reasons that say TODO", err=True)
    lapsed = any(notice.fails or (counting.strict and notice.stale) for notice in notices)
    return counting.exit_code(results) or int(lapsed)


def _show(results: Results, counting: Counting, out: Path | None, as_json: bool) -> None:
    """Print results on stdout, and on GitHub Actions what counts as annotations on stderr."""
    from refutable.reports import annotations, console, folder

    if as_json:
        options.print_json(results)
    else:
        console.show(results, options.console(), out)
        if out is not None:
            files = ", ".join([options.RESULTS, *(file for file, _ in folder.FORMATS.values())])
            streams.say(f"Reports in {out}: {files}")
    if os.environ.get("GITHUB_ACTIONS") == "true":  # whose runner reads both streams
        for line in annotations.lines(results, counting):
            streams.command(line)


def show_atlas(atlas: Atlas, out: Path | None, as_json: bool) -> int:
    """Print an atlas that was written in `out`; 1 when a claim does not hold even as assumed."""
    from refutable.reports import atlas as table
    from refutable.reports import folder

    if as_json:
        options.print_json(atlas)
    else:
        table.show(atlas, options.console())
        if out is not None:
            streams.say(f"Atlas in {out}: {', '.join(folder.ATLAS)}")
    broken = sorted({pair.claim for pair in atlas.pairs if pair.fails_as_assumed})
    for claim in broken:
        streams.say(f"{claim} does not hold as assumed", err=True)
    return int(bool(broken))


def show_durations(results: Results, most: int) -> None:
    """Say on standard error which legs took longest, and their share of all work."""
    legs = [
        (leg.seconds, f"{claim.id} [{leg.kind.value}]")
        for claim in results.claims
        for leg in claim.legs
        if leg.verdict is not Verdict.NOT_RUN
    ]
    total = sum(seconds for seconds, _ in legs)
    if not most or not total:
        return
    streams.say(f"{many(len(legs), 'leg')} took {total:.1f} s in all; longest:", err=True)
    for seconds, name in sorted(legs, key=lambda leg: (-leg[0], leg[1]))[:most]:
        streams.say(f"  {seconds:8.2f} s  {seconds / total:4.0%}  {name}", err=True)
