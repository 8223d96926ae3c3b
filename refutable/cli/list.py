"""claims list: the catalogue."""

from __future__ import annotations

import click

from refutable import catalogue as catalogues
from refutable import streams
from refutable.cli import options
from refutable.cli.examples import examples
from refutable.reports import catalogue as catalogue_report


@click.command(
    "list",
    epilog=examples(
        "claims list",
        "claims list 'local+.*' kind:scaling",
        "claims list --module my_claims.py --json",
    ),
)
@options.select
@options.module
@options.as_json
def command(select: tuple[str, ...], modules: tuple[str, ...], as_json: bool) -> None:
    """The catalogue: what is claimed, where it comes from and how it is checked."""
    sources = options.sources(modules)
    catalogue = catalogues.load(sources)
    chosen = [catalogue.entry(id) for id, _ in catalogue.pick(select)]
    if as_json:
        rows = [catalogue_report.row(claim) for claim in chosen]
        streams.say_json(rows, 1)
    else:
        not_checked = {} if select else catalogues.not_checked(sources)
        catalogue_report.show(chosen, not_checked, options.console())
