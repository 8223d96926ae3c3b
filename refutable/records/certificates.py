"""Certificates as files: the questions behind what was proved, for `claims-recheck`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from refutable.claim import Verdict
from refutable.errors import UsageError
from refutable.records.documents import put
from refutable.records.gap import GapRecord
from refutable.records.results import ClaimRecord, LegRecord, Results
from refutable.text import many

FOLDER = "certificates"
"""Where reports look for scripts, below their own folder, to lead to them."""
SUFFIXES = (".smt2", ".cert")
"""Of questions for any solver, and of what `claims-recheck` alone reads."""
MOST = 12
"""Scripts of a leg that a report names one by one."""
TOLD = (
    "`claims-recheck` decides scripts again, with other code; `claims verify --out DIR "
    "--certificates DIR/certificates` writes them."
)


def require_empty(folder: Path) -> None:
    """UsageError unless certificates can be written there: scripts of another run would mix in."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--certificates: {folder} is not a folder")
    if folder.is_dir() and any(p.suffix in SUFFIXES for p in folder.iterdir()):
        raise UsageError(f"--certificates: {folder} holds certificates of an earlier run")


@dataclass(frozen=True)
class Certified:
    """A leg that holds, and its gaps that a program decided for all values."""

    claim: ClaimRecord
    leg: LegRecord
    gaps: tuple[GapRecord, ...]

    @property
    def deciders(self) -> tuple[str, ...]:
        """The programs that decided it, with their versions."""
        return tuple(dict.fromkeys(gap.certificate.by for gap in self.gaps if gap.certificate))

    @property
    def scripts(self) -> dict[str, str]:
        """The questions that can be decided again, by the name of their file."""
        found = [(gap.name, script) for gap in self.gaps for script in _scripts(gap)]
        where = f"{self.claim.id}.{self.leg.kind.value}"
        head = f"; {self.claim.id} [{self.leg.kind.value}]"
        return {
            f"{where}.{number:03}{_suffix(script)}": f"{head} {' '.join(name.split())}\n{script}"
            for number, (name, script) in enumerate(found, 1)
        }


def certified(results: Results) -> list[Certified]:
    """The legs of a run that rest on certificates."""
    legs = [
        (claim, leg, tuple(g for g in leg.gaps if g.certificate and g.certificate.for_all))
        for claim in results.claims
        for leg in claim.legs
        if leg.verdict is Verdict.HOLDS
    ]
    return [Certified(claim, leg, gaps) for claim, leg, gaps in legs if gaps]


def write(results: Results, folder: Path) -> str:
    """Write a file for each script of a leg that holds; what was written, in words."""
    folder.mkdir(parents=True, exist_ok=True)
    found = certified(results)
    files = {name: text for one in found for name, text in one.scripts.items()}
    for name, text in files.items():
        put(folder / name, text)
    bare = sum(not _scripts(gap) for one in found for gap in one.gaps)
    without = many(bare, "decided gap has", "decided gaps have")
    rest = f"; {without} none, being about more than fractions" if bare else ""
    return f"{many(len(files), 'script')} in {folder}, for `claims-recheck`{rest}"


def _suffix(script: str) -> str:
    return SUFFIXES["(set-info :kind " in script]


def listed(one: Certified, folder: Path, link: Callable[[str, int], str]) -> str:
    """The first scripts of a leg by number, and how many more there are.

    link: leads to a script of this name, by its number, where it lies in the folder of reports.
    """
    names = list(one.scripts)
    shown = [
        link(name, number) if (folder / FOLDER / name).is_file() else str(number)
        for number, name in enumerate(names[:MOST], 1)
    ]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _scripts(gap: GapRecord) -> tuple[str, ...]:
    return gap.certificate.scripts if gap.certificate else ()
