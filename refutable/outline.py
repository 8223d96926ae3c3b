"""Outline: what sources say, as data that another process can hold.

Whoever supervises a run knows the claims by their entries and never imports the sources.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from refutable import catalogue as catalogues
from refutable.catalogue import Catalogue
from refutable.errors import UsageError
from refutable.records.contents import Entry
from refutable.records.results import SourceRecord

DESCRIBE = "refutable.outline:describe"
"""What a process does that has imported the sources."""


@dataclass(frozen=True)
class Outline:
    """What sources define.

    catalogue: of entries; no claim is to be taken from it. not_checked: what the sources leave out,
    with the reason. unlisted: ids of claims that a source defines and that are missing from CLAIMS.
    main: ids of the claims that come first. sources: what they are about. indexed: whether some
    claims are known by an index alone, and not imported.
    """

    catalogue: Catalogue
    not_checked: Mapping[str, str]
    unlisted: tuple[str, ...]
    main: tuple[str, ...] = ()
    sources: tuple[SourceRecord, ...] = ()
    indexed: bool = False

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Outline:
        """The outline from its JSON. UsageError as for a catalogue."""
        claims = [Entry.model_validate(claim) for claim in data["claims"]]
        unlisted, main = tuple(data["unlisted"]), tuple(data["main"])
        sources = tuple(SourceRecord.model_validate(source) for source in data.get("sources", ()))
        indexed = bool(data.get("indexed"))
        return cls(Catalogue(claims), data["not_checked"], unlisted, main, sources, indexed)


def describe(
    sources: Sequence[str], select: Sequence[str] = (), *, chosen: bool = True
) -> dict[str, Any]:
    """The outline of sources, as JSON.

    chosen: whether what is selected is imported, even where an index says all that is asked.
    UsageError for sources that cannot be used, a selection included.
    """
    catalogue = catalogues.loaded(tuple(sources))
    if chosen:
        catalogue.select(select)
    try:
        entries = [catalogue.entry(id, placed=False) for id in catalogue.ids]
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"a claim is not as it must be: {where}: {first['msg']}") from problem
    return {
        "claims": [entry.model_dump(mode="json") for entry in entries],
        "not_checked": catalogues.not_checked(sources),
        "unlisted": catalogues.unlisted(sources),
        "main": catalogues.main(sources),
        "sources": [source.model_dump(mode="json") for source in map(about, sources)],
        "indexed": catalogue.is_indexed,
    }


def about(source: str) -> SourceRecord:
    """What the claims of a module are about: its PAPER (title, authors, link), or else itself.

    UsageError when PAPER is something else than these texts.
    """
    module = catalogues.module_of(source)
    paper = getattr(module, "PAPER", {})
    known = {"title": str, "authors": tuple, "link": str}
    if not isinstance(paper, Mapping) or any(
        not isinstance(value, known.get(name, ())) for name, value in paper.items()
    ):
        raise UsageError(
            f"PAPER of {source!r} must map title and link to texts, authors to a tuple"
        )
    first = (inspect.getdoc(module) or "").split("\n")[0].strip()
    return SourceRecord(
        name=module.__name__,
        title=str(paper.get("title", first.rstrip("."))),
        authors=tuple(map(str, paper.get("authors", ()))),
        link=str(paper.get("link", "")),
        version=str(getattr(module, "__version__", "")),
    )
