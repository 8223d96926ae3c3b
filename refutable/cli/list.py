"""claims list: the catalogue."""

from __future__ import annotations

import json

import click
from rich.markup import escape
from rich.table import Table

from refutable import catalogue as catalogues
from refutable import claims
from refutable.cli import options


@click.command("list")
@options.select
@options.module
@options.as_json
def command(select: tuple[str, ...], modules: tuple[str, ...], as_json: bool) -> None:
    """The catalogue: what is claimed, where it comes from and how it is checked."""
    chosen = catalogues.load(options.sources(modules)).select(select)
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
    console = options.console()
    console.print(table)
    if not select and not modules:
        console.print("\n[bold]Not checked[/]")
        for what, reason in claims.NOT_CHECKED.items():
            console.print(f"- {escape(what)}: {escape(reason)}", highlight=False)
