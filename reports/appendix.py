r"""Tables for a paper's appendix: verdicts, margins of assumptions, and certificates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from refutable import text as texts
from refutable.claim import Verdict
from refutable.records import certificates
from refutable.records.results import ClaimRecord, Results
from refutable.reports import atlas as atlas_table
from refutable.reports import words
from refutable.reports.latex import Column, escape, linked, longtable, name, placed

_VERDICTS = (
    Column("Claim", 0.20), Column("What it says", 0.26), Column("Source", 0.15),
    Column("Verdict", 0.09), Column("Closeness"), Column("Evidence", 0.10),
)  # fmt: skip
_MARGINS = (
    Column("Assumption", 0.18), Column("What is turned", 0.26), Column("Claim", 0.18),
    Column("Finding", 0.18), Column("Theory", 0.12),
)  # fmt: skip
_CERTIFICATES = (
    Column("Claim", 0.22), Column("Leg", 0.10), Column("Decided"), Column("By", 0.28),
    Column("To be decided again", 0.24),
)  # fmt: skip


def verdicts(results: Results) -> str:
    """verdicts.tex; every text in it is escaped, so that it compiles whatever claims are called."""
    run, totals = results.run, results.totals
    caption = (
        f"Verdicts on {words.many(totals.claims, 'claim')}: {words.counts(results)}. "
        f"Profile {run.profile}, seed {run.seed}, {words.many(totals.legs, 'leg')} of evidence "
        f"over {words.many(totals.cases, 'case')}, "
        f"{run.started[:10]}."
    )
    rows = map(_row, results.claims)
    notes = [rf"\noindent {escape(note)}\par" for note in _notes(results)]
    lines = longtable(_VERDICTS, rows, caption, "tab:claims")
    return "\n".join([*lines, r"{\footnotesize", *notes, "}", ""])


def _row(claim: ClaimRecord) -> tuple[str, ...]:
    verdict = escape(words.verdict(claim).partition(" ")[2])
    return (
        placed(claim.id),
        escape(claim.title),
        escape(", ".join(filter(None, (claim.paper, claim.provenance.value)))),
        verdict if claim.verdict is Verdict.HOLDS else rf"\textbf{{{verdict}}}",
        escape(words.closeness(claim)),
        escape(words.grades(claim)),
    )


def _notes(results: Results) -> Iterator[str]:
    yield words.CLOSENESS
    partial = sum(bool(claim.left_out) for claim in results.claims)
    if partial:
        left = words.many(partial, "claim")
        yield f"The run left out legs of {left}; their verdicts rest on the others."
    for claim in results.claims:
        if claim.accepted:
            yield f"{claim.id} {words.acceptance(claim.accepted)}."
    for claim in results.claims:
        yield from (f"{claim.id}, {remark}." for remark in words.remarks(claim))
    remarked = words.remarked(results)
    if remarked:
        yield f"{remarked}."
    versions = ", ".join(f"{name} {version}" for name, version in results.run.environment.items())
    yield f"Versions: {versions}."


def margins(folder: Path) -> str | None:
    """margins.tex: how far each assumption can be bent; None where no atlas lies in the folder."""
    atlas = atlas_table.of(folder)
    if atlas is None:
        return None
    run = atlas.run
    caption = (
        f"How far assumptions can be bent. {atlas_table.counts(atlas)}. Profile {run.profile}, "
        f"seed {run.seed}, {run.started[:10]}. {atlas_table.agreement(atlas)}"
    )
    rows = [
        (
            escape(dial.assumption),
            escape(dial.title),
            linked(pair.claim, name(pair.claim)),
            escape(atlas_table.said(pair, dial)),
            escape(atlas_table.foreseen(pair, dial)),
        )
        for dial, pair in atlas_table.tried(atlas)
    ]
    return "\n".join([*longtable(_MARGINS, rows, caption, "tab:margins"), ""])


def decided(results: Results, folder: Path) -> str | None:
    """certificates.tex: what was decided for all values, with links to the scripts.

    They are looked for in the folder; None where nothing was decided.
    """
    found = certificates.certified(results)
    if not found:
        return None
    rows = [
        (
            linked(one.claim.id, name(one.claim.id)),
            one.leg.kind.value,
            str(len(one.gaps)),
            escape(", ".join(one.deciders)),
            certificates.listed(one, folder, _script),
        )
        for one in found
    ]
    caption = f"What was decided for all values, and by what. {certificates.TOLD.replace('`', '')}"
    return "\n".join([*longtable(_CERTIFICATES, rows, caption, "tab:certificates"), ""])


def _script(name: str, number: int) -> str:
    if not texts.is_name(name):
        return str(number)
    return rf"\claimfile{{{certificates.FOLDER}/{name}}}{{{number}}}"
