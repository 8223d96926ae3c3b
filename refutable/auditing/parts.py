"""Parts: what a folder says of the part of an audit that it holds, and the atlas of all parts."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from refutable.auditing.atlas import Atlas, AtlasTotals, DialRecord, PairRecord
from refutable.errors import UsageError
from refutable.merge import in_order, whole_run
from refutable.records.documents import is_there
from refutable.records.shards import Part
from refutable.shard import Shard

FILE = "atlas-shard.json"


class AtlasPart(Part):
    """A shard of an audit that has ended.

    wanted: claim and dial of every pair of the whole audit, in the order of its atlas. dials: all
    of the audit. pairs: those of this shard.
    """

    wanted: tuple[tuple[str, str], ...]
    dials: tuple[DialRecord, ...]
    pairs: tuple[PairRecord, ...]


def write(
    folder: Path, shard: Shard, fingerprint: str, atlas: Atlas, wanted: Sequence[tuple[str, str]]
) -> None:
    """Say that a shard of an audit has ended in this folder; atlas: of its own pairs."""
    AtlasPart(
        number=shard.number, of=shard.of, fingerprint=fingerprint, run=atlas.run,
        wanted=tuple(wanted), dials=atlas.dials, pairs=atlas.pairs,
    ).write(folder / FILE)  # fmt: skip


def forget(folder: Path) -> None:
    """A shard begins anew in this folder, and has not ended."""
    with contextlib.suppress(FileNotFoundError):
        (folder / FILE).unlink()


def is_part(folder: Path) -> bool:
    """Whether a shard of an audit has ended in this folder."""
    return is_there(folder / FILE)


def merged(folders: Sequence[Path], command: str = "") -> Atlas:
    """The atlas of the whole audit whose shards these folders hold, in whatever order.

    UsageError for no folder, a damaged shard, shards of audits that could have come out
    differently, one that is there twice, and those that are missing.
    """
    found = in_order([(folder, AtlasPart.read(folder / FILE)) for folder in folders])
    (here, first), *others = found
    for there, part in others:
        if (part.wanted, part.dials) != (first.wanted, first.dials):
            raise UsageError(f"shards of different audits: other pairs in {here} and in {there}")
    pairs = {(pair.claim, pair.dial): pair for _, part in found for pair in part.pairs}
    count = sum(len(part.pairs) for _, part in found)
    if set(pairs) != set(first.wanted) or count != len(pairs):
        lost = sorted(set(first.wanted) - set(pairs))
        what = f"the pair {' / '.join(lost[0])} is in none" if lost else "a pair is in two"
        raise UsageError(f"the shards do not make the audit: {what}")
    together = tuple(pairs[name] for name in first.wanted)
    return Atlas(
        run=whole_run([part for _, part in found], command),
        dials=first.dials,
        pairs=together,
        totals=AtlasTotals.of(together),
    )
