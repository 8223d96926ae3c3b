"""The command line: the only module that sees claims and reports together."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from refutable import catalogue as catalogues
from refutable import check, claims
from refutable.claim import PROFILES, Profile, Verdict
from refutable.errors import UsageError
from refutable.model.setting import Contrastive, Latents, Setting, SettingError
from refutable.records import baseline
from refutable.records.documents import put
from refutable.records.results import LegRecord, Results, TableRecord
from refutable.reports import annotations as annotations_report
from refutable.reports import atlas as atlas_report
from refutable.reports import console as console_report
from refutable.reports import difference, folder, words
from refutable.selftest import planted

if TYPE_CHECKING:
    from refutable.auditing.atlas import PairRecord
    from refutable.reuse.cache import Usage
    from refutable.selftest.mutants import Spoiled

RESULTS = "results.json"

_profile = click.option(
    "--profile", type=click.Choice(PROFILES), default="quick", show_default=True,
    help="How much effort to spend.",
)  # fmt: skip
_seed = click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="The root seed."
)
_module = click.option(
    "--module", "modules", multiple=True, metavar="FILE_OR_PACKAGE",
    help="Claims of your own in place of the paper's: a Python file or a module with CLAIMS.",
)  # fmt: skip
_workers = click.option(
    "--workers", default="auto", show_default=True, metavar="N|auto",
    help="Processes; verdicts do not depend on it.",
)  # fmt: skip
_select = click.argument("select", nargs=-1)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")


def _sources(modules: tuple[str, ...]) -> tuple[str, ...]:
    return modules or ("refutable.claims",)


def _out() -> Console:
    width = None if sys.stdout.isatty() else max(120, int(os.environ.get("COLUMNS", "0")))
    return Console(width=width)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="refutable")
def cli() -> None:
    """Check the theorems on self-supervised vision transformers by running them.

    The paper: 'A Theoretical Analysis of Self-Supervised Learning for Vision Transformers'.

    SELECT picks claims: ids with globs ('local+.*'), kind:scaling, provenance:stated.
    Exit codes: 0 all selected claims hold, 1 some do not, 2 the request cannot be met.
    """


@cli.command("list")
@_select
@_module
@_json
def list_(select: tuple[str, ...], modules: tuple[str, ...], as_json: bool) -> None:
    """The catalogue: what is claimed, where it comes from and how it is checked."""
    chosen = catalogues.load(_sources(modules)).select(select)
    if as_json:
        rows = [
            {
                "id": claim.id,
                "title": claim.title,
                "provenance": claim.provenance.value,
                "paper": claim.paper,
                "kinds": [kind.value for kind in claim.legs],
                "assumptions": claim.assumptions,
                "rests_on": claim.rests_on,
                "original_of": claim.original_of,
            }
            for claim, _ in chosen
        ]
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("claim", "what it says", "source", "checked by"):
        table.add_column(name, no_wrap=name == "claim")
    for claim, _ in chosen:
        source = claim.paper or claim.provenance.value
        if claim.paper and claim.provenance.value == "reconstructed":
            source += " (reconstructed)"
        if claim.original_of:
            source = f"first form of {claim.original_of}, refuted"
        table.add_row(escape(claim.id), escape(claim.title), source, ", ".join(claim.legs))
    console = _out()
    console.print(table)
    if not select and not modules:
        console.print("\n[bold]Not checked[/]")
        for what, reason in claims.NOT_CHECKED.items():
            console.print(f"- {escape(what)}: {escape(reason)}", highlight=False)


@cli.command()
@click.argument("claim_id", metavar="ID")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("report"), show_default=True,
    help="Folder whose results.json holds the last verdict.",
)  # fmt: skip
@_module
def explain(claim_id: str, out: Path, modules: tuple[str, ...]) -> None:
    """One claim: statement, source, assumptions, what it rests on, how it is checked."""
    claim = catalogues.load(_sources(modules))[claim_id]
    lines = [
        f"{claim.id}: {claim.title}",
        "",
        f"  {claim.statement}",
        "",
        f"source       {claim.provenance.value}" + (f", {claim.paper}" if claim.paper else ""),
        f"measured     {claim.measured or 'as stated'}",
        f"assumptions  {', '.join(claim.assumptions) or 'none beyond the definitions'}",
        f"rests on     {', '.join(claim.rests_on) or 'nothing else'}",
        *(
            [f"refutes      the first statement of {claim.original_of}, by its witness"]
            if claim.original_of
            else []
        ),
        "",
        "checked by",
    ]
    for kind, leg in claim.legs.items():
        what = (leg.run.__doc__ or "as stated").strip().splitlines()[0]
        since = "" if leg.profile == "quick" else f" (from profile {leg.profile})"
        lines.append(f"  {kind.value:9} {kind.grade.value:9} {what}{since}")
    for compute in claim.tables:
        lines += ["", *words.aligned(TableRecord.of(compute())), ""]
    lines.append("refuted by each of these planted mistakes")
    lines += [f"  {mistake.title}  [{mistake.target}]" for mistake in claim.mistakes]
    lines.append("")
    path = out / RESULTS
    stored = Results.read(path).claims if path.exists() else ()
    last = next((record for record in stored if record.id == claim.id), None)
    if last is None:
        lines.append(f"last verdict none in {out} (run `claims verify {claim.id} --out {out}`)")
    else:
        lines.append(
            f"last verdict {words.marked(last.verdict)}, closeness {words.closeness(last)}"
        )
        for leg_record in last.legs:
            lines.append(f"  {leg_record.kind.value:9} {words.marked(leg_record.verdict)}")
            for gap in leg_record.gaps:
                lines.append(
                    f"      {gap.name}: {words.number(gap.measured)} {gap.relation.value} "
                    f"{words.number(gap.predicted)} ± {gap.tolerance:.3g}"
                )
                lines.append(f"        because {gap.why}")
                said = words.certificate(gap.certificate) if gap.certificate else []
                lines += [f"        {line}" for line in said]
            lines += [f"      ladder {words.ladder(series)}" for series in leg_record.series]
    click.echo("\n".join(lines))


@cli.command()
@_select
@_profile
@_seed
@_workers
@click.option(
    "--out", type=click.Path(path_type=Path), default=None,
    help="Folder for journal, results and reports; a stopped run continues there.",
)  # fmt: skip
@_json
@click.option("--strict", is_flag=True, help="Exit 1 for undecided and not-run claims, too.")
@click.option("--baseline", "accepted", type=click.Path(path_type=Path), metavar="FILE.toml",
              help="Verdicts accepted until a day: exit 1 only for news.")  # fmt: skip
@click.option("--write-baseline", type=click.Path(path_type=Path), metavar="FILE.toml",
              help="Write what this run would have to accept; you give the reasons.")  # fmt: skip
@_module
def verify(
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
    sources = _sources(modules)
    total = check.count_jobs(select, sources, profile)
    if write_baseline and write_baseline != accepted and write_baseline.exists():
        raise UsageError(f"{write_baseline} exists; to bring it up to date, also --baseline it")
    if write_baseline and not write_baseline.parent.is_dir():
        raise UsageError(f"there is no folder {write_baseline.parent} for --write-baseline")
    folder.require_free(out, [RESULTS, *(file for file, _ in folder.FORMATS.values())])
    entries = baseline.read(accepted, catalogues.load(sources)) if accepted else {}
    with _ShownProgress(total) as shown:
        try:
            results = check.verify(
                select,
                sources=sources,
                profile=profile,
                seed=seed,
                workers=_worker_count(workers),
                out=out,
                command=shlex.join(["claims", *sys.argv[1:]]),
                progress=shown.leg,
            )
        except KeyboardInterrupt:
            _say_interrupted(out)
            raise SystemExit(130) from None
    today = datetime.datetime.now(datetime.UTC).date()
    results, notices = baseline.apply(results, entries, today)
    if out is not None:
        results.write(out / RESULTS)
        folder.write(results, out)
    folder.append_step_summary(results)
    if as_json:
        click.echo(json.dumps(results.model_dump(mode="json"), ensure_ascii=False, allow_nan=False))
    else:
        console_report.show(results, _out())
        if out is not None:
            files = ", ".join([RESULTS, *(file for file, _ in folder.FORMATS.values())])
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


def _say_interrupted(out: Path | None) -> None:
    kept = (
        f"what is finished is in {out}; the same command continues"
        if out
        else "nothing is kept without --out"
    )
    click.echo(f"\nclaims: interrupted; {kept}", err=True)


def exit_code(results: Results, strict: bool) -> int:
    """0 when all selected claims hold or are accepted, else 1."""
    bad = _counting(strict)
    return int(any(claim.verdict in bad and not claim.accepted for claim in results.claims))


def _counting(strict: bool) -> set[Verdict]:
    """The verdicts that make a run exit with 1; undecided and not-run only when strict."""
    bad = {Verdict.FAILS, Verdict.VACUOUS, Verdict.ERROR}
    return bad | {Verdict.UNDECIDED, Verdict.NOT_RUN} if strict else bad


def _worker_count(text: str) -> int:
    cores = len(os.sched_getaffinity(0))
    if text == "auto":
        return cores
    most = 4 * cores  # each takes some 300 MB
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise UsageError(
            f"--workers must be auto, or a whole number from 1 to {most} on {cores} cores, "
            f"not {text!r}"
        )
    return int(text)


class _ShownProgress:
    """Progress on stderr: a live bar on a terminal, a line per leg elsewhere."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        self._bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task("", total=total)

    def __enter__(self) -> _ShownProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def leg(self, claim_id: str, leg: LegRecord) -> None:
        """Show that a leg has ended."""
        self._step(f"{claim_id} [{leg.kind.value}] {words.marked(leg.verdict)}", leg.seconds)

    def pair(self, pair: PairRecord) -> None:
        """Show that a pair of claim and dial has ended."""
        self._step(f"{pair.dial} {pair.claim}: {pair.verdict.value}", pair.seconds)

    def _step(self, text: str, seconds: float) -> None:
        self._done += 1
        self._bar.update(self._task, completed=self._done, description=escape(text))
        if self._bar.disable:
            click.echo(f"[{self._done}/{self._total}] {text} ({seconds:.1f} s)", err=True)


@cli.command()
@_select
@click.option("--assumption", "assumptions", multiple=True, metavar="NAME",
              help="Only dials of this assumption.")  # fmt: skip
@click.option("--dial", "dials", multiple=True, metavar="NAME", help="Only this dial.")
@click.option("--set", "point", multiple=True, metavar="DIAL=VALUE",
              help="Try one point with these dials turned, in place of a scan.")  # fmt: skip
@_profile
@_seed
@_workers
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
@_json
@_module
def audit(
    select: tuple[str, ...],
    assumptions: tuple[str, ...],
    dials: tuple[str, ...],
    point: tuple[str, ...],
    profile: Profile,
    seed: int,
    workers: str,
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
    from refutable.auditing import margins, selection
    from refutable.auditing import run as auditing

    sources = _sources(modules)
    if questions and (out is None or modules):
        raise UsageError("--questions needs --out, and asks about the paper's own claims")
    if point:
        if assumptions or dials or out or fail_below or write_margins or as_json:
            raise UsageError(
                "--set tries one point: with SELECT, --profile, --seed and --module only"
            )
        raise SystemExit(_show_point(select, point, sources, profile, seed))
    if write_margins and not write_margins.parent.is_dir():
        raise UsageError(f"there is no folder {write_margins.parent} for --write-margins")
    folder.require_free(out, folder.ATLAS)
    recorded = margins.read(fail_below) if fail_below else {}
    if fail_below:
        _, known = selection.load(sources)
        audited = {statement.claim for statement in known.statements}
        margins.require_known(recorded, audited, set(known.by_name), fail_below)
    total = selection.count_pairs(select, assumptions, dials, sources, profile)
    with _ShownProgress(total) as shown:
        try:
            atlas = auditing.audit(
                select,
                assumptions=assumptions,
                dials=dials,
                sources=sources,
                profile=profile,
                seed=seed,
                workers=_worker_count(workers),
                out=out,
                command=shlex.join(["claims", *sys.argv[1:]]),
                progress=shown.pair,
            )
        except KeyboardInterrupt:
            _say_interrupted(out)
            raise SystemExit(130) from None
    if out is not None:
        if questions:
            _answer(out, profile, seed)
        folder.write_atlas(atlas, out)
        if (out / RESULTS).exists():  # the page of a run that was made here shows the atlas, too
            folder.write(Results.read(out / RESULTS), out, ["html"])
    if write_margins:
        put(write_margins, margins.text(atlas))
    if as_json:
        click.echo(json.dumps(atlas.model_dump(mode="json"), ensure_ascii=False, allow_nan=False))
    else:
        atlas_report.show(atlas, _out())
        if out is not None:
            click.echo(f"Atlas in {out}: {', '.join(folder.ATLAS)}")
    if fail_below and not any((pair.claim, pair.dial) in recorded for pair in atlas.pairs):
        click.echo(f"{fail_below} records no margin of the pairs tried", err=True)
    lost = list(margins.shrunk(atlas, recorded))
    for line in lost:
        click.echo(f"margin shrank: {line}", err=True)
    broken = sorted({pair.claim for pair in atlas.pairs if pair.fails_as_assumed})
    for claim in broken:
        click.echo(f"{claim} does not hold as assumed", err=True)
    raise SystemExit(int(bool(lost or broken)))


def _answer(out: Path, profile: Profile, seed: int) -> None:
    """Answer the reviewers' questions and compute the maps, into the folder."""
    from refutable import check
    from refutable.claims.bent import phase_maps
    from refutable.claims.bent import questions as asking

    with check.one_thread():
        asking.write(asking.answers(profile, seed), out / "questions.json")
        click.echo("questions answered", err=True)
        phase_maps.write(phase_maps.maps(profile, seed), out / "phases.json")
        click.echo("maps computed", err=True)


def _show_point(
    select: tuple[str, ...],
    point: tuple[str, ...],
    sources: tuple[str, ...],
    profile: Profile,
    seed: int,
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
    for claim, base, gaps in at_point(select, turned, sources, profile, seed):
        click.echo(f"{claim} at {json.dumps(dict(base))}")
        if isinstance(gaps, str):
            click.echo(f"  – untestable: {gaps}")
            continue
        for gap in gaps:
            failed += not gap.holds
            click.echo(
                f"  {'✓' if gap.holds else '✗'} {gap.name}: {words.number(gap.measured)} "
                f"{gap.relation.value.replace('_', ' ')} {words.number(gap.predicted)} "
                f"± {gap.tolerance:.3g}"
            )
    return int(failed > 0)


@cli.command()
@click.argument("folder_", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("witness")
@_module
def replay(folder_: Path, witness: str, modules: tuple[str, ...]) -> None:
    """Run one stored counterexample again: FIXED, FAILS or ERROR.

    WITNESS is CLAIM/KIND of a failing leg in DIR/results.json, or CLAIM/DIAL of a break in
    DIR/atlas.json. Exit 0 when fixed, 1 when it still fails, 2 when it cannot be run.
    """
    from refutable import replay as replaying

    outcome, lines = replaying.replay(folder_, witness, _sources(modules))
    for line in lines:
        click.echo(line)
    click.echo(outcome)
    raise SystemExit({"FIXED": 0, "FAILS": 1, "ERROR": 2}[outcome])


@cli.command()
@_select
@_profile
@_seed
@_workers
@click.option(
    "--mutations", type=click.IntRange(0), default=None,
    help="Also spoil this many statements at random [default: 300 in profile deep, else 0].",
)  # fmt: skip
@_module
def selftest(
    select: tuple[str, ...],
    profile: Profile,
    seed: int,
    workers: str,
    mutations: int | None,
    modules: tuple[str, ...],
) -> None:
    """Plant every mistake and show which are caught: the kill table.

    Exit 1 if one survives, a random mutation does and its claim does not say why, or a claim does
    not hold even without a mistake.
    """
    sources = _sources(modules)
    ids = [claim.id for claim, _ in catalogues.load(sources).select(select)]
    processes = _worker_count(workers)
    table = _kill_table("planted mistake")
    survived = total = 0
    for id, mistake, bite in planted.bite_all(ids, sources, profile, seed, processes):
        click.echo(f"{id}: {mistake.title}: {bite.outcome}", err=True)
        total += 1
        survived += bite.outcome != "killed"
        _add_bite(table, id, mistake.title, bite)
    _out().print(table)
    click.echo(f"{total - survived} of {total} planted mistakes killed.")
    if mutations is None:
        mutations = 300 if profile == "deep" else 0
    if mutations:
        from refutable.selftest import mutants as mutating  # with SymPy, which other commands spare

        found = mutating.search(ids, sources, mutations, profile, seed, processes)
        survived += sum(spoiled.unexplained for spoiled in found)
        _show_mutations(found)
    unspoiled = check.verify(ids, sources=sources, profile=profile, seed=seed, workers=processes)
    doubtful = [c.id for c in unspoiled.claims if c.verdict is not Verdict.HOLDS]
    if doubtful:
        click.echo(f"Without any mistake these do not hold, either: {', '.join(doubtful)}")
    raise SystemExit(int(bool(survived or doubtful)))


def _show_mutations(found: Sequence[Spoiled]) -> None:
    """The mutants that no leg refuted, each with its reason, and how many were."""
    table = _kill_table("mutation")
    for spoiled in found:
        if spoiled.bite.outcome == "survived":
            mutant = spoiled.mutant
            _add_bite(table, mutant.claim, f"{mutant.target}: {mutant.spoil}", spoiled.bite)
            table.add_row("", f"[dim]{escape(spoiled.why or 'not explained')}[/]")
    _out().print(table)
    outcomes = Counter(spoiled.bite.outcome for spoiled in found)
    unexplained = sum(spoiled.unexplained for spoiled in found)
    click.echo(
        f"{len(found)} random mutations: {outcomes['killed']} killed, {outcomes['error']} noticed "
        f"by an error, {outcomes['survived']} survived ({unexplained} of them unexplained), "
        f"{outcomes['did not apply']} changed nothing."
    )


def _kill_table(what: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("claim", what, "outcome", "caught by"):
        table.add_column(name, no_wrap=name == "claim")
    return table


def _add_bite(table: Table, id: str, what: str, bite: planted.Bite) -> None:
    style = "green" if bite.outcome == "killed" else "bold red"
    caught = bite.leg.value if bite.leg else ""
    table.add_row(escape(id), escape(what), f"[{style}]{bite.outcome}[/]", caught)


def _picture_path(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    """A file that a picture can be written to. UsageError otherwise, before anything is run."""
    if path is None:
        return None
    from refutable.reports.figure import UNDATED  # with matplotlib, which takes a second

    if path.suffix not in UNDATED:
        raise UsageError(f"--plot writes {', '.join(UNDATED)}, not {path.name!r}")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent} for --plot")
    if path.is_dir():
        raise UsageError(f"--plot takes a file, and {path} is a folder")
    return path


def _number(name: str, low: float, high: float) -> Callable[..., float | None]:
    def read(_: click.Context, __: click.Parameter, value: float | None) -> float | None:
        if value is not None and not low <= value <= high:  # NaN fails this, too
            raise UsageError(f"{name} must lie in [{low:g}, {high:g}], not {value}")
        return value

    return read


def _patches(P: int | None, log10_P: float | None) -> int:
    """P from whichever of the two was given. UsageError unless exactly one was."""
    if (P is None) == (log10_P is None):
        raise UsageError("give exactly one of --P and --log10-P")
    if P is not None:
        return P
    assert log10_P is not None
    if not 0 < log10_P <= 300:
        raise UsageError(f"--log10-P must lie in (0, 300], not {log10_P}")
    whole, part = divmod(log10_P, 1)
    return round(10**part * 10**15) * 10 ** int(whole) // 10**15


@cli.command()
@click.option("--objective", type=click.Choice(["mae", "cl"]), required=True)
@click.option("--query", type=click.Choice(["local", "global"]), default="local", show_default=True)
@click.option("--P", "P", type=int, help="Number of patches.")
@click.option("--log10-P", "log10_P", type=float, help="Number of patches, as a power of ten.")
@click.option("--kappa-c", type=float, required=True, help="Exponent of the global area.")
@click.option("--kappa-s", type=float, required=True, help="Exponent of a local area.")
@click.option("--c-1", type=float, default=1.0, show_default=True, help="C_1 = c_1·P^kappa_c.")
@click.option("--c-s", type=float, default=1.0, show_default=True, help="C_s = c_s·P^kappa_s.")
@click.option("--gamma", type=float, default=0.5, show_default=True, help="Masking ratio.")
@click.option("--latents", default="1", show_default=True, metavar="Z|L,U",
              help="A constant, or two values with probability one half each.")  # fmt: skip
@click.option("--clusters", type=int, default=None,
              help="Number of clusters K [default: 1 for mae, 8 for cl].")  # fmt: skip
@click.option("--tau", type=float, default=1.0, show_default=True, help="Temperature (cl).")
@click.option("--negatives", type=float, default=16, show_default=True,
              help="Number of negatives (cl); inf for the limit, reduced engine only.")  # fmt: skip
@click.option("--loss-gap", type=float, default=1e-3, show_default=True,
              callback=_number("--loss-gap", 1e-250, 1e3))  # fmt: skip
@click.option("--engine", type=click.Choice(["reduced", "descent", "closed"]), default="reduced",
              show_default=True)  # fmt: skip
@_seed
@_json
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE", callback=_picture_path,
              help="Also draw the correlations over time: .svg, .png or .pdf.")  # fmt: skip
def trace(
    as_json: bool, plot: Path | None, P: int | None, log10_P: float | None, **options: Any
) -> None:
    """One configuration's dynamics, with the predicted events beside the measured ones."""
    context = click.get_current_context()
    given = click.core.ParameterSource.COMMANDLINE
    if options["objective"] == "mae":
        for name in ("tau", "negatives"):
            if context.get_parameter_source(name) is given:
                raise UsageError(f"--{name} belongs to --objective cl")
    clusters = options["clusters"]
    if clusters is None:
        clusters = 8 if options["objective"] == "cl" else 1
    setting = Setting(
        P=_patches(P, log10_P),
        kappa_c=options["kappa_c"],
        kappa_s=options["kappa_s"],
        c_1=options["c_1"],
        c_s=options["c_s"],
        gamma=options["gamma"],
        latents=Latents.parse(options["latents"]),
        K=clusters,
        contrastive=Contrastive(tau=options["tau"], negatives=options["negatives"]),
    )
    from refutable.claims import tracing  # takes seconds: bad input and other commands do without

    found = tracing.trace(
        setting,
        options["objective"],
        options["query"],
        loss_gap=options["loss_gap"],
        engine=options["engine"],
        seed=options["seed"],
    )
    if plot is not None:
        from refutable.reports import figure, trajectory_figure

        record, series = found.record, found.frame()
        figure.write(lambda empty: trajectory_figure.draw(empty, record, series), plot)
    if as_json:
        click.echo(json.dumps(_strict(found.record), indent=1, allow_nan=False))
    else:
        _show_trace(found.record, _out())
        if plot is not None:
            click.echo(f"Picture in {plot}")


def _strict(value: Any) -> Any:
    """The same with infinities and NaN as text, which JSON cannot hold."""
    if isinstance(value, dict):
        return {key: _strict(item) for key, item in value.items()}
    if isinstance(value, float) and not abs(value) < float("inf"):
        return str(value)
    return value


def _show_trace(record: dict[str, Any], console: Console) -> None:
    setting = record["setting"]
    console.print(
        f"{setting['objective']}, {setting['query']} query, P = 1e{setting['log10_P']:.4g}, "
        f"Δ = {setting['gap']:.3g}, engine {record['engine']} ({record['seconds']:.2f} s)",
        highlight=False,
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("event")
    # Under CL all queries share one row, whose target is the global area whatever they belong to.
    shown = {"log_t": "log t", "phi_global": "Φ global", "phi_own": "Φ own"}
    contrastive = setting["objective"] == "cl"
    if contrastive:
        del shown["phi_own"]
    for name in shown.values():
        table.add_column(name, justify="right")
        table.add_column("predicted", justify="right", style="dim")
    two_phases = (
        setting["query"] == "local" and setting["objective"] == "mae" and setting["gap"] > 0
    )
    for name, event in record["events"].items():
        if event is None:
            table.add_row(
                name, "does not occur" if name == "switch" and not two_phases else "not reached"
            )
            continue
        cells = []
        for key in shown:
            predicted = event["predicted"].get(key)
            cells += [f"{event[key]:.5g}", "" if predicted is None else f"{predicted:.5g}"]
        table.add_row(name, *cells)
    console.print(table)
    final = record["final"]
    console.print(
        f"at the end: attention to the {'global' if contrastive else 'own'} area "
        f"{final['own_attention']:.6f}, loss "
        + ("above that of full collapse" if contrastive else "gap")
        + f" {final['loss_gap']:.3g}; "
        + ", ".join(f"max |{name}| {value:.3g}" for name, value in record["max_abs"].items()),
        highlight=False,
    )


@cli.command()
@click.argument("folder_", metavar="[DIR]", default=Path("docs/figures"),
                type=click.Path(path_type=Path))  # fmt: skip
@_seed
def figures(folder_: Path, seed: int) -> None:
    """Draw the paper's pictures on its own data model, as SVG in DIR [default: docs/figures]."""
    if folder_.exists() and not folder_.is_dir():
        raise UsageError(f"{folder_} is a file; give a folder")
    from refutable.claims import pictures
    from refutable.reports import paper_figures

    found = {name: compute(seed) for name, compute in pictures.PICTURES.items()}
    folder_.mkdir(parents=True, exist_ok=True)
    for name, picture in found.items():
        click.echo(paper_figures.write(name, picture, folder_))


@cli.command()
@click.argument("before", metavar="A", type=click.Path(path_type=Path))
@click.argument("after", metavar="B", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text",
              show_default=True)  # fmt: skip
@click.option("--moved", type=float, default=10.0, show_default=True, metavar="POINTS",
              callback=_number("--moved", 0, 1e6),
              help="Report closeness that changed by more percentage points.")  # fmt: skip
@click.option("--strict", is_flag=True, help="Exit 1 also when a leg's evidence is missing now.")
@_json
def diff(before: Path, after: Path, form: str, moved: float, strict: bool, as_json: bool) -> None:
    """What changed from run A to run B: folders, or their results.json.

    Exit 1 when a claim held and no longer does, or is gone. What a profile or a selection left out
    of one run is shown as not comparable, and is neither better nor worse.
    """
    from refutable.records import compare

    sides = [Results.read(side / RESULTS if side.is_dir() else side) for side in (before, after)]
    found = compare.compare(sides[0], sides[1], moved=moved / 100)
    if as_json:
        click.echo(json.dumps(found.model_dump(mode="json"), ensure_ascii=False, allow_nan=False))
    elif form == "markdown":
        click.echo(difference.markdown(found), nl=False)
    else:
        difference.show(found, _out())
    raise SystemExit(int(bool(found.regressions or (strict and found.weakened))))


@cli.command()
@click.argument("results", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--format", "formats", default=",".join(folder.FORMATS), show_default=True,
              metavar="NAMES", help="Comma-separated; latex on request.")  # fmt: skip
def report(results: Path, formats: str) -> None:
    """Render the reports of a folder again from its stored results."""
    names = formats.split(",")
    known = [*folder.FORMATS, *folder.ON_REQUEST]
    for name in names:
        if name not in known:
            raise UsageError(f"unknown format {name!r}; allowed: {', '.join(known)}")
    for path in folder.write(Results.read(results / RESULTS), results, names):
        click.echo(path)


@cli.command()
@click.option("--clear-cache", is_flag=True,
              help="Remove the runs that are kept, and say how much it was.")  # fmt: skip
def doctor(clear_cache: bool) -> None:
    """Versions, threads, the cache of runs, and what is missing. Exit 1 when something is."""
    from refutable.reuse import cache

    if clear_cache:
        click.echo(f"cleared  {_cache_line(cache.clear())}")
        return
    problems = 0
    for requirement in importlib.metadata.requires("refutable") or []:
        if "extra ==" in requirement:
            continue
        name = requirement.split(">")[0].split("=")[0].strip()
        try:
            click.echo(f"ok       {name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            problems += 1
            click.echo(f"missing  {requirement}")
    import torch

    click.echo(f"ok       {len(os.sched_getaffinity(0))} cores, {torch.get_num_threads()} threads")
    usage = cache.usage()
    blocked = usage.folder is not None and usage.folder.exists() and not usage.folder.is_dir()
    problems += blocked
    click.echo(f"{'blocked ' if blocked else 'ok      '} cache {_cache_line(usage)}")
    found = catalogues.load(["refutable.claims"])
    toothless = [claim.id for claim in found if not claim.mistakes]
    problems += len(toothless)
    click.echo(f"ok       {len(found)} claims, {sum(len(c.legs) for c in found)} legs")
    for id in toothless:
        click.echo(f"missing  a planted mistake of {id}")
    click.echo("Everything is in place." if not problems else f"{problems} problems.")
    raise SystemExit(int(problems > 0))


def _cache_line(usage: Usage) -> str:
    """'.../folder: 12 entries, 0.3 of 256 MiB'."""
    if usage.folder is None:
        return "off, as CLAIMS_CACHE_DIR is empty"
    sizes = f"{usage.bytes / 2**20:.1f} of {usage.limit / 2**20:.0f} MiB"
    kind = " (a file, where a folder must be)" if usage.folder.is_file() else ""
    return f"{usage.folder}{kind}: {usage.entries} entries, {sizes}"


def main() -> None:
    """Run the command line; bad input is one line on stderr and exit code 2."""
    try:
        cli.main(standalone_mode=False)
    except (UsageError, SettingError) as problem:
        _refuse(str(problem))
    except click.exceptions.Abort:
        raise SystemExit(130) from None
    except click.ClickException as problem:
        _refuse(problem.format_message())
    except MemoryError as problem:
        _refuse(f"out of memory: {problem or 'take a smaller P, or fewer --workers'}")
    except BrokenExecutor:
        _refuse(
            "a worker process died, perhaps for want of memory; with --out, what is finished is "
            "kept, and the same command continues, with fewer --workers if need be"
        )
    except OSError as problem:
        if isinstance(problem, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(141) from None
        _refuse(str(problem))


def _refuse(message: str) -> None:
    click.echo(f"claims: {' '.join(message.split())}", err=True)
    raise SystemExit(2)
