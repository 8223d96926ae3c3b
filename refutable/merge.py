"""Merge: the results of a whole run, from the folders of its shards, in whatever order.

Nothing is checked again and no source is imported: a leg that the journal of its shard has lost, or
that somebody changed, is an error, never a pass.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from refutable.errors import UsageError
from refutable.outcome import LegName, Outcome, TableName, leg_of, shares
from refutable.outline import Outline
from refutable.records import journal, shards
from refutable.records.results import LegRecord, Results, Run, TableRecord
from refutable.records.shards import Part
from refutable.shard import Shard

P = TypeVar("P", bound=Part)


@dataclass(frozen=True)
class Merged:
    """A whole run. entries: of the journals, one per leg, as they were written."""

    results: Results
    outline: Outline
    fingerprint: str
    entries: Mapping[LegName, Mapping[str, Any]]

    def keep(self, folder: Path) -> None:
        """Add the entries to the journal of a folder, so that a run there goes on from them.

        To be called inside `journal.writing`.
        """
        kept: journal.Journal[LegName, LegRecord] = journal.Journal(
            folder, journal.RESULTS, self.fingerprint, lambda _: None
        )
        try:
            for entry in self.entries.values():
                if entry not in kept.entries:
                    kept.add(entry)
        finally:
            kept.close()


def merged(folders: Sequence[Path], command: str = "") -> Merged:
    """The whole run whose shards these folders hold.

    UsageError for a folder without a shard that has ended, shards of runs that could have come out
    differently, a shard that is there twice, and those that are missing.
    """
    found = in_order([(folder, shards.read(folder)) for folder in folders])
    records = [record for _, record in found]
    first = records[0].run
    outline = Outline.read(records[0].outline)
    entries: dict[LegName, Mapping[str, Any]] = {}
    finished: dict[LegName, LegRecord] = {}
    tables: dict[TableName, TableRecord | str] = {}
    for folder, record in found:
        mine = shares(outline, first.select, first.profile, Shard(record.number, record.of))
        wanted = {(share.claim.id, kind) for share in mine for kind in share.own}
        stored, _ = journal.stored(folder / journal.RESULTS)
        for entry, name, leg in journal.counting(stored, record.fingerprint, leg_of):
            if name in wanted:
                finished[name], entries[name] = leg, entry
        tables |= {(t.claim, t.number): t.table or t.broken for t in record.tables}
    run = whole_run(records, command)
    outcome = Outcome(outline, first.profile, finished, tables)
    whole = shares(outline, first.select, first.profile)
    return Merged(outcome.results(run, whole), outline, records[0].fingerprint, entries)


def in_order(found: Iterable[tuple[Path, P]]) -> list[tuple[Path, P]]:
    """All parts of a run, with their folders, the first part first.

    UsageError for none, for parts of runs that could have come out differently, one that is there
    twice, and those that are missing.
    """
    ordered = sorted(found, key=lambda pair: pair[1].number)
    if not ordered:
        raise UsageError("there is nothing to merge")
    _require_alike(ordered)
    _require_each_once(ordered)
    return ordered


def whole_run(parts: Sequence[Part], command: str) -> Run:
    """What is said of the run that these parts make, which are in order."""
    runs = [part.run for part in parts]
    return runs[0].model_copy(
        update={
            "id": uuid.uuid5(uuid.NAMESPACE_OID, " ".join(run.id for run in runs)).hex,
            "started": min(run.started for run in runs),
            "seconds": sum(run.seconds for run in runs),
            "command": command,
        }
    )


_DECIDES: Mapping[str, Callable[[Part], Any]] = {
    "the number of shards": lambda record: record.of,
    "profile": lambda record: record.run.profile,
    "seed": lambda record: record.run.seed,
    "selection": lambda record: " ".join(record.run.select) or "everything",
    "modules": lambda record: " ".join(record.run.modules) or "the paper's claims",
}
"""What all shards of a run have in common, by name."""


def _require_alike(found: Sequence[tuple[Path, Part]]) -> None:
    """UsageError, naming what differs and where, unless all are of one run."""
    (here, first), *others = found
    for there, other in others:
        for what, of in _DECIDES.items():
            if of(first) != of(other):
                raise UsageError(
                    f"shards of different runs: {what} is {of(first)} in {here} "
                    f"and {of(other)} in {there}"
                )
        versions = first.run.environment, other.run.environment
        for name in sorted({*versions[0], *versions[1]}):
            one, two = (version.get(name, "none") for version in versions)
            if one != two:
                raise UsageError(
                    f"shards of different versions: {name} is {one} in {here} and {two} in {there}"
                )
        if first.fingerprint != other.fingerprint:
            raise UsageError(
                f"shards of different code: the sources or the tool changed between {here} "
                f"and {there}"
            )


def _require_each_once(found: Sequence[tuple[Path, Part]]) -> None:
    """UsageError, naming it, for a shard that is there twice or missing."""
    places: dict[int, list[Path]] = {}
    for folder, record in found:
        places.setdefault(record.number, []).append(folder)
    of = found[0][1].of
    for number, folders in places.items():
        if len(folders) > 1:
            where = " and ".join(map(str, folders))
            raise UsageError(f"shard {number}/{of} is there {len(folders)} times: {where}")
    missing = [f"{number}/{of}" for number in range(1, of + 1) if number not in places]
    if missing:
        raise UsageError(f"shards are missing: {', '.join(missing)}")
