"""claims verify: check claims, and write results and reports."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from pathlib import Path

import click

from refutable import streams
from refutable.claim import Profile, Verdict
from refutable.cli import options
from refutable.cli.examples import examples
from refutable.errors import UsageError, nearest
from refutable.records import baseline
from refutable.records.counting import ALLOWABLE, Counting
from refutable.records.documents import put
from refutable.records.results import Results


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


@click.command(
    "verify",
    epilog=examples(
        "claims verify",
        "claims verify 'thm4.*' --profile full --out report",
        "claims verify --module my_claims.py --strict",
        "claims verify --baseline claims.toml --allow not-run",
    ),
)
@options.select
@options.profile
@options.seed
@options.workers
@options.limit
@click.option(
    "--out", type=click.Path(path_type=Path), default=None,
    help="Folder for journal, results and reports; a stopped run continues there.",
)  # fmt: skip
@options.as_json
@click.option("--allow", "allowed", multiple=True, metavar="VERDICTS", callback=_allowed,
              help="Tolerate claims that are undecided, not-run, or both.")  # fmt: skip
@click.option("--strict", is_flag=True,
              help="Count a remark beside a verdict, such as: nothing was compared.")  # fmt: skip
@click.option("--baseline", "accepted", type=click.Path(path_type=Path), metavar="FILE.toml",
              help="Verdicts accepted until a day: exit 1 only for news.")  # fmt: skip
@click.option("--write-baseline", type=click.Path(path_type=Path), metavar="FILE.toml",
              help="Write what this run would have to accept; you give the reasons.")  # fmt: skip
@options.module
def command(
    select: tuple[str, ...],
    profile: Profile,
    seed: int,
    workers: str,
    limit: float | None,
    out: Path | None,
    as_json: bool,
    allowed: frozenset[Verdict],
    strict: bool,
    accepted: Path | None,
    write_baseline: Path | None,
    modules: tuple[str, ...],
) -> None:
    """Check claims, and write results and reports.

    Exit code 0 when every selected claim holds or is accepted by the baseline, else 1.
    """
    from refutable import run  # what it takes to check, after it was asked for
    from refutable.cli import progress
    from refutable.events import Event, RunStarted
    from refutable.reports import folder

    sources = options.sources(modules)
    _require_free(write_baseline, accepted)
    folder.require_summary()
    folder.require_free(out, [options.RESULTS, *(file for file, _ in folder.FORMATS.values())])
    entries: dict[str, baseline.Entry] = {}

    def on_event(event: Event) -> None:
        if isinstance(event, RunStarted) and accepted:
            entries.update(baseline.read(accepted, event.outline.catalogue.entries()))
        shown.event(event)

    with progress.shown(out) as shown:
        found = run.verify(
            select,
            sources=sources,
            profile=profile,
            seed=seed,
            workers=options.worker_count(workers),
            limit=limit,
            out=out,
            command=options.command_line(),
            on_event=on_event,
        )
    today = datetime.datetime.now(datetime.UTC).date()
    results, notices = baseline.apply(found, entries, today)
    counting = Counting(allowed, strict)
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
    lapsed = any(notice.fails or (strict and notice.stale) for notice in notices)
    raise SystemExit(counting.exit_code(results) or int(lapsed))


def _require_free(write_baseline: Path | None, accepted: Path | None) -> None:
    """UsageError when a baseline cannot be written, before anything is run."""
    if write_baseline and write_baseline != accepted and write_baseline.exists():
        raise UsageError(f"{write_baseline} exists; to bring it up to date, also --baseline it")
    if write_baseline and not write_baseline.parent.is_dir():
        raise UsageError(f"there is no folder {write_baseline.parent} for --write-baseline")


def _show(results: Results, counting: Counting, out: Path | None, as_json: bool) -> None:
    """Print results on stdout, and on GitHub Actions what counts as annotations on stderr."""
    from refutable.reports import annotations, console, folder

    if as_json:
        options.print_json(results)
    else:
        console.show(results, options.console())
        if out is not None:
            files = ", ".join([options.RESULTS, *(file for file, _ in folder.FORMATS.values())])
            streams.say(f"Reports in {out}: {files}")
    if os.environ.get("GITHUB_ACTIONS") == "true":  # whose runner reads both streams
        for line in annotations.lines(results, counting):
            streams.command(line)
