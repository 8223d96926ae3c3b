"""claims figures: the paper's pictures, on its own data model, on real images, and as published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from refutable import streams
from refutable.cli import options
from refutable.cli.examples import examples
from refutable.errors import UsageError
from refutable.text import many


@click.command(
    "figures",
    epilog=examples(
        "claims figures",
        "claims figures pictures --seed 1",
        "claims figures pictures --images photographs",
        "claims figures pictures --checkpoints networks --images photographs",
    ),
)
@click.argument("folder_", metavar="[DIR]", default=Path("docs/figures"),
                type=click.Path(path_type=Path))  # fmt: skip
@options.seed
@options.checkpoints
@options.images
@options.heads
def command(
    folder_: Path, seed: int, checkpoints: Path | None, images: Path | None, heads: int | None
) -> None:
    """Draw the paper's pictures as SVG in DIR [default: docs/figures].

    On its own data model, and on real images by the networks that ship; with --images, Figures 1
    and 3 of these networks on your images, and with --checkpoints of published ones.
    """
    if folder_.exists() and not folder_.is_dir():
        raise UsageError(f"{folder_} is a file; give a folder")
    from refutable.reports import paper_figures

    if options.given(checkpoints, images, heads, crops=False):
        assert images is not None  # or it would have been refused
        found = _on_images(images, checkpoints, heads)
    else:
        from refutable import check
        from refutable.claims.comparison import pictures
        from refutable.claims.figures import pictures as real

        with check.one_thread():  # the same pictures on any machine, and sooner
            found = {name: compute(seed) for name, compute in pictures.PICTURES.items()}
            found |= {name: compute() for name, compute in real.PICTURES.items()}
    folder_.mkdir(parents=True, exist_ok=True)
    for name, picture in found.items():
        streams.say(paper_figures.write(name, picture, folder_))


def _on_images(
    images: Path, checkpoints: Path | None, heads: int | None
) -> dict[str, dict[str, Any]]:
    """Figures 1 and 3 of published networks, or of those that ship, on the user's images.

    UsageError for files that cannot be used.
    """
    from refutable.claims.figures import pictures
    from refutable.model.transformers.checkpoints import CheckpointProblem, folder
    from refutable.model.transformers.images import ImageProblem, files

    try:
        given = folder(checkpoints, heads) if checkpoints else []
        drawn = pictures.published(given, images) if checkpoints else pictures.own(images)
        count = len(files(images))
    except (CheckpointProblem, ImageProblem) as problem:
        raise UsageError(str(problem)) from None
    for each in given:
        how = each.objective or "an unknown method (name the file by it)"
        streams.say(f"{each.file.name}: {how}, in the naming of {each.naming}", err=True)
    first = f"the first {pictures.MOST} of " if count > pictures.MOST else ""
    streams.say(f"{images}: {first}{many(count, 'image')}", err=True)
    kind = "published" if checkpoints else "own"
    return dict(zip((f"{kind}-attention", f"{kind}-diversity"), drawn, strict=True))
