"""claims explain: one claim, and how it was last judged."""

from __future__ import annotations

from pathlib import Path

import click

from refutable import catalogue as catalogues
from refutable.cli import options
from refutable.records.results import Results, TableRecord
from refutable.reports import words


@click.command("explain")
@click.argument("claim_id", metavar="ID")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("report"), show_default=True,
    help="Folder whose results.json holds the last verdict.",
)  # fmt: skip
@options.module
def command(claim_id: str, out: Path, modules: tuple[str, ...]) -> None:
    """One claim: statement, source, assumptions, what it rests on, how it is checked."""
    claim = catalogues.load(options.sources(modules))[claim_id]
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
    lines += [f"  {mistake.title}  [{mistake.name}]" for mistake in claim.mistakes]
    lines.append("")
    path = out / options.RESULTS
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
