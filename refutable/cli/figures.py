"""claims figures: the paper's pictures on its own data model."""

from __future__ import annotations

from pathlib import Path

import click

from refutable import streams
from refutable.cli import options
from refutable.cli.examples import examples
from refutable.errors import UsageError


@click.command("figures", epilog=examples("claims figures", "claims figures pictures --seed 1"))
@click.argument("folder_", metavar="[DIR]", default=Path("docs/figures"),
                type=click.Path(path_type=Path))  # fmt: skip
@options.seed
def command(folder_: Path, seed: int) -> None:
    """Draw the paper's pictures on its own data model, as SVG in DIR [default: docs/figures]."""
    if folder_.exists() and not folder_.is_dir():
        raise UsageError(f"{folder_} is a file; give a folder")
    from refutable.claims.comparison import pictures
    from refutable.reports import paper_figures

    found = {name: compute(seed) for name, compute in pictures.PICTURES.items()}
    folder_.mkdir(parents=True, exist_ok=True)
    for name, picture in found.items():
        streams.say(paper_figures.write(name, picture, folder_))
