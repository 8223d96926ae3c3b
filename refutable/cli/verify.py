"""claims verify: check claims, and write results and reports."""

from __future__ import annotations

import datetime
import json
import os
import shlex
import sys
from pathlib import Path

import click

from refutable import catalogue as catalogues
from refutable import check
from refutable.claim import Profile, Verdict
from refutable.cli import options, progress
from refutable.errors import UsageError
from refutable.records import baseline
from refutable.records.documents import put
from refutable.records.results import Results
from refutable.reports import annotations as annotations_report
from refutable.reports import console as console_report
from refutable.reports import folder


@click.command("verify")
@options.select
@options.profile
@options.seed
@options.workers
@click.option(
    "--out", type=click.Path(path_type=Path), default=None,
    help="Folder for journal, results and reports; a stopped run continues there.",
)  # fmt: skip
@options.as_json
@click.option("--strict", is_flag=True, help="Exit 1 for undecided and not-run claims, too.")
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
    out: Path | None,
    as_json: bool,
    strict: bool,
    accepted: Path | None,
    write_baseline: Path | None,
    modules: tuple[str, ...],
) -> None:
    """Check claims, and write results and reports."""
    sources = options.sources(modules)
    total = check.count_jobs(select, sources, profile)
    if write_baseline and write_baseline != accepted and write_baseline.exists():
        raise UsageError(f"{write_baseline} exists; to bring it up to date, also --baseline it")
    if write_baseline and not write_baseline.parent.is_dir():
        raise UsageError(f"there is no folder {write_baseline.parent} for --write-baseline")
    folder.require_free(out, [options.RESULTS, *(file for file, _ in folder.FORMATS.values())])
    entries = baseline.read(accepted, catalogues.load(sources)) if accepted else {}
    with progress.ShownProgress(total) as shown:
        try:
            results = check.verify(
                select,
                sources=sources,
                profile=profile,
                seed=seed,
                workers=options.worker_count(workers),
                out=out,
                command=shlex.join(["claims", *sys.argv[1:]]),
                on_event=shown.event,
            )
        except KeyboardInterrupt:
            progress.say_interrupted(out)
            raise SystemExit(130) from None
    today = datetime.datetime.now(datetime.UTC).date()
    results, notices = baseline.apply(results, entries, today)
    if out is not None:
        results.write(out / options.RESULTS)
        folder.write(results, out)
    folder.append_step_summary(results)
    if as_json:
        click.echo(json.dumps(results.model_dump(mode="json"), ensure_ascii=False, allow_nan=False))
    else:
        console_report.show(results, options.console())
        if out is not None:
            files = ", ".join([options.RESULTS, *(file for file, _ in folder.FORMATS.values())])
            click.echo(f"Reports in {out}: {files}")
    for notice in notices:
        click.echo(f"baseline: {notice.id} {notice.text}", err=True)
    if os.environ.get("GITHUB_ACTIONS") == "true":  # whose runner reads both streams
        for line in annotations_report.lines(results, _counting(strict)):
            click.echo(line, err=True)
    if write_baseline:
        told = {notice.id for notice in notices}
        kept = [entry for id, entry in entries.items() if id not in told]
        until = today + datetime.timedelta(days=baseline.DAYS)
        text = baseline.text(results, _counting(strict), until, kept)
        put(write_baseline, text)
        click.echo(f"Baseline in {write_baseline}: write the reasons that say TODO", err=True)
    lapsed = any(notice.fails or (strict and notice.stale) for notice in notices)
    raise SystemExit(exit_code(results, strict) or int(lapsed))


def exit_code(results: Results, strict: bool) -> int:
    """0 when all selected claims hold or are accepted, else 1."""
    bad = _counting(strict)
    return int(any(claim.verdict in bad and not claim.accepted for claim in results.claims))


def _counting(strict: bool) -> set[Verdict]:
    """The verdicts that make a run exit with 1; undecided and not-run only when strict."""
    bad = {Verdict.FAILS, Verdict.VACUOUS, Verdict.ERROR}
    return bad | {Verdict.UNDECIDED, Verdict.NOT_RUN} if strict else bad
