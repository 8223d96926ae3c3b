"""claims list: the catalogue."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from refutable import catalogue as catalogues
from refutable import streams
from refutable.cli import options
from refutable.cli.examples import examples
from refutable.paper import theorems as papers
from refutable.reports import catalogue as catalogue_report


@click.command(
    "list",
    epilog=examples(
        "claims list",
        "claims list 'local+.*' kind:scaling",
        "claims list --module my_claims.py --json",
        "claims list --module my_claims.py --paper paper.tex",
    ),
)
@options.select
@options.module
@click.option("--paper", type=click.Path(path_type=Path), metavar="FILE.tex",
              help="The theorems of a LaTeX source, and which of them have claims.")  # fmt: skip
@options.as_json
def command(
    select: tuple[str, ...], modules: tuple[str, ...], paper: Path | None, as_json: bool
) -> None:
    r"""The catalogue: what is claimed, where it comes from and how it is checked.

    With --paper it lists the theorems of a paper instead, with their numbers, also of files that it
    reads by \input or \include. One has a claim where \claim{ID} stands in it, or up to the next
    one, or where a claim has its label, or its number (Theorem 4.1), as its place in the paper.
    """
    sources = options.sources(modules)
    catalogue = catalogues.load(sources)
    chosen = [catalogue.entry(id) for id, _ in catalogue.pick(select)]
    if paper is not None:
        found, missing = papers.theorems(paper, chosen)
        for line in missing:
            streams.say(line, err=True)
        if as_json:
            streams.say_json([dataclasses.asdict(theorem) for theorem in found], 1)
        else:
            for line in catalogue_report.coverage(found):
                streams.say(line)
    elif as_json:
        rows = [catalogue_report.row(claim) for claim in chosen]
        streams.say_json(rows, 1)
    else:
        not_checked = {} if select else catalogues.not_checked(sources)
        catalogue_report.show(chosen, not_checked, options.console())
