"""Certificates as files: the questions behind what was proved, for `claims-recheck`."""

from __future__ import annotations

from pathlib import Path

from refutable.claim import Verdict
from refutable.errors import UsageError
from refutable.records.documents import put
from refutable.records.gap import GapRecord
from refutable.records.results import Results


def require_empty(folder: Path) -> None:
    """UsageError unless certificates can be written there: scripts of another run would mix in."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--certificates: {folder} is not a folder")
    if folder.is_dir() and any(folder.glob("*.smt2")):
        raise UsageError(f"--certificates: {folder} holds certificates of an earlier run")


def write(results: Results, folder: Path) -> str:
    """Write a file for each script of a leg that holds; what was written, in words."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = [
        (claim, leg, [gap for gap in leg.gaps if gap.certificate and gap.certificate.for_all])
        for claim in results.claims
        for leg in claim.legs
        if leg.verdict is Verdict.HOLDS
    ]
    files, bare = 0, 0
    for claim, leg, gaps in shown:
        scripts = [(gap.name, script) for gap in gaps for script in _scripts(gap)]
        bare += sum(not _scripts(gap) for gap in gaps)
        for number, (name, script) in enumerate(scripts, 1):
            head = f"; {claim.id} [{leg.kind.value}] {' '.join(name.split())}\n"
            put(folder / f"{claim.id}.{leg.kind.value}.{number:03}.smt2", head + script)
        files += len(scripts)
    rest = f"; {bare} decided gaps have none, being about more than fractions" if bare else ""
    return f"{files} scripts in {folder}, for `claims-recheck`{rest}"


def _scripts(gap: GapRecord) -> tuple[str, ...]:
    return gap.certificate.scripts if gap.certificate else ()
