"""claims audit: bend assumptions, and find where each claim breaks."""

from __future__ import annotations

import json
from pathlib import Path

import click

from refutable import streams
from refutable.claim import Profile
from refutable.cli import conclusion, options
from refutable.cli.examples import examples
from refutable.errors import UsageError
from refutable.records.documents import is_there, put
from refutable.records.results import Results
from refutable.shard import Shard


@click.command(
    "audit",
    epilog=examples(
        "claims audit --out report",
        "claims audit thm4.4 --assumption 'many clusters'",
        "claims audit thm4.1 --dial feature-coherence --profile full",
        "claims audit thm4.4 --set clusters=4 --set noise=0.05",
        "claims audit --profile full --shard 3/8 --out shard-3",
    ),
)
@options.select
@click.option("--assumption", "assumptions", multiple=True, metavar="NAME",
              help="Only dials of this assumption.")  # fmt: skip
@click.option("--dial", "dials", multiple=True, metavar="NAME", help="Only this dial.")
@click.option("--set", "point", multiple=True, metavar="DIAL=VALUE",
              help="Try one point with these dials turned, in place of a scan.")  # fmt: skip
@options.profile
@options.seed
@options.workers
@options.scheduler
@options.device
@options.limit
@options.shard
@click.option(
    "--out", type=click.Path(path_type=Path), default=None,
    help="Folder for journal, atlas and tables; a stopped audit continues there.",
)  # fmt: skip
@click.option(
    "--questions", is_flag=True,
    help="Also answer the reviewers' questions and draw the maps (needs --out).",
)  # fmt: skip
@click.option("--fail-below", type=click.Path(path_type=Path), metavar="MARGINS.toml",
              help="Exit 1 when a margin is smaller than recorded here.")  # fmt: skip
@click.option("--write-margins", type=click.Path(path_type=Path), metavar="MARGINS.toml",
              help="Record the margins found.")  # fmt: skip
@options.as_json
@options.module
def command(
    select: tuple[str, ...],
    assumptions: tuple[str, ...],
    dials: tuple[str, ...],
    point: tuple[str, ...],
    profile: Profile,
    seed: int,
    workers: str,
    scheduler: str | None,
    limit: float | None,
    shard: str | None,
    out: Path | None,
    questions: bool,
    fail_below: Path | None,
    write_margins: Path | None,
    as_json: bool,
    modules: tuple[str, ...],
) -> None:
    """Bend assumptions, and find where each claim breaks.

    Without SELECT, profile quick audits the main theorems, the others every audited claim. Exit 1
    when a claim does not hold even as assumed, or a margin shrank.
    """
    from refutable.auditing import margins
    from refutable.auditing import run as auditing
    from refutable.cli import progress
    from refutable.reports import folder

    sources = options.sources(modules)
    if questions and (out is None or modules):
        raise UsageError("--questions needs --out, and asks about the paper's own claims")
    part = None if shard is None else Shard.parse(shard)
    if part and out is None:
        raise UsageError("--shard needs --out: what is not kept cannot be put together")
    if part and (questions or fail_below or write_margins):
        raise UsageError("--shard tries one part; questions and margins are of the whole")
    if point:
        if assumptions or dials or part or out or fail_below or write_margins or as_json:
            raise UsageError(
                "--set tries one point: with SELECT, --profile, --seed and --module only"
            )
        raise SystemExit(_show_point(select, point, sources, profile, seed, limit))
    if write_margins:
        options.require_folder(write_margins, "--write-margins")
    folder.require_free(out, folder.ATLAS)
    recorded = margins.read(fail_below) if fail_below else {}

    def on_event(event: auditing.AuditEvent) -> None:
        if isinstance(event, auditing.AuditStarted) and fail_below:
            audited = {statement.claim for statement in event.plan.statements}
            margins.require_known(recorded, audited, set(event.plan.by_name), fail_below)
        shown.audit_event(event)

    with progress.shown(out) as shown:
        atlas = auditing.audit(
            select,
            assumptions=assumptions,
            dials=dials,
            sources=sources,
            profile=profile,
            seed=seed,
            workers=options.worker_count(workers),
            scheduler=scheduler,
            out=out,
            command=options.command_line(),
            limit=limit,
            shard=part,
            on_event=on_event,
        )
    if out is not None:
        if questions:
            _answer(out, profile, seed)
        folder.write_atlas(atlas, out)
        run = out / options.RESULTS
        if is_there(run):  # the page of a run that was made here shows the atlas, too
            folder.write(Results.read(run), out, ["html"])
    if write_margins:
        put(write_margins, margins.text(atlas))
    code = conclusion.show_atlas(atlas, out, as_json)
    if fail_below and not any((pair.claim, pair.dial) in recorded for pair in atlas.pairs):
        streams.say(f"{fail_below} records no margin of the pairs tried", err=True)
    lost = list(margins.shrunk(atlas, recorded))
    for line in lost:
        streams.say(f"margin shrank: {line}", err=True)
    raise SystemExit(code or int(bool(lost)))


def _answer(out: Path, profile: Profile, seed: int) -> None:
    """Answer the reviewers' questions and compute the maps, into the folder."""
    from refutable import check
    from refutable.auditing import answers
    from refutable.claims.bent import phase_maps
    from refutable.claims.bent import questions as asking

    with check.one_thread():
        answers.write(asking.answers(profile, seed), out / answers.ANSWERS)
        streams.say("questions answered", err=True)
        answers.write(phase_maps.maps(profile, seed), out / answers.MAPS)
        streams.say("maps computed", err=True)


def _show_point(
    select: tuple[str, ...],
    point: tuple[str, ...],
    sources: tuple[str, ...],
    profile: Profile,
    seed: int,
    limit: float | None,
) -> int:
    """Print the gaps of statements at one point of several dials; 1 when one does not hold."""
    from refutable.auditing.point import at_point

    turned: dict[str, float] = {}
    for item in point:
        name, _, text = item.partition("=")
        if name in turned:
            raise UsageError(f"--set gives {name} twice")
        try:
            turned[name] = float(text)
        except ValueError:
            raise UsageError(f"--set takes DIAL=VALUE with a number, not {item!r}") from None
    failed = 0
    for claim, base, gaps in at_point(select, turned, sources, profile, seed, limit=limit):
        streams.say(f"{claim} at {json.dumps(dict(base))}")
        if isinstance(gaps, str):
            streams.say(f"  – untestable: {gaps}")
            continue
        for record in gaps:
            failed += not record.holds
            streams.say(f"  {'✓' if record.holds else '✗'} {record.compared}")
    return int(failed > 0)
