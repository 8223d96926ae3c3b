"""Reproduce: a stored witness as a test or a script of its own, to be kept or sent to somebody."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Literal

from refutable import catalogue as catalogues
from refutable.auditing.atlas import Atlas, PairRecord
from refutable.auditing.statement import Audit
from refutable.catalogue import DEFAULT_SOURCES
from refutable.claim import Claim, claims_made
from refutable.errors import UsageError, nearest
from refutable.records.documents import is_there
from refutable.records.gap import GapRecord
from refutable.records.results import ClaimRecord, LegRecord, Results, Run
from refutable.text import visible

Form = Literal["pytest", "script"]


def reproduced(folder: Path, witness: str, sources: Sequence[str], form: Form) -> str:
    """A test, or a script, that measures a stored witness again; both need `refutable` alone.

    witness: CLAIM/KIND of a failing leg in the folder, or CLAIM/DIAL of a break of an audit there.
    sources: where its claims are, unless where the run found them. UsageError when there is no such
    witness, or the claim cannot be loaded.
    """
    runs, atlases = folder / "results.json", folder / "atlas.json"
    results = Results.read(runs) if is_there(runs) or not is_there(atlases) else None
    atlas = Atlas.read(atlases) if is_there(atlases) else None
    legs = {
        f"{c.id}/{leg.kind.value}": (c, leg)
        for c in (results.claims if results else ())
        for leg in c.legs
        if leg.witness
    }
    breaks = {f"{p.claim}/{p.dial}": p for p in (atlas.pairs if atlas else ()) if p.witness}
    if results and witness in legs:
        claim, leg = legs[witness]
        return _text(_leg(claim, leg, results.run, sources), form)
    if atlas and witness in breaks:
        return _text(_break(breaks[witness], atlas.run, sources), form)
    known = [*legs, *breaks]
    raise UsageError(
        f"{folder} holds no witness {witness!r}.{nearest(witness, known)} "
        f"There are: {', '.join(known) or 'none'}"
    )


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """What is measured again. title: on one line; said: what failed; gaps: an expression."""

    name: str
    title: str
    said: Sequence[str]
    imports: Sequence[str]
    made: Sequence[str]
    gaps: str


def _leg(claim: ClaimRecord, leg: LegRecord, run: Run, sources: Sequence[str]) -> _Measured:
    """A failing leg: of a search its configuration, where that can be spelled."""
    imports, name = _imported(catalogues.load(_sources(sources, run))[claim.id])
    arguments, made = [f'"{leg.kind.value}"'], []
    if leg.spelled is not None:
        *needed, expression = leg.spelled.split("\n")
        imports = [*imports, *(line for line in needed if line not in imports)]
        made = [f"configuration = {expression}"]
        arguments.append("configuration")
    arguments += [f'profile="{run.profile}"', f"seed={run.seed}"]
    return _Measured(
        name=f"{claim.id}_{leg.kind.value}",
        title=f"{claim.id} [{leg.kind.value}] fails: {claim.title}.",
        said=[gap.said for gap in leg.gaps if not gap.holds][:3],
        imports=imports,
        made=made,
        gaps=f"{name}.at({', '.join(arguments)})",
    )


def _break(pair: PairRecord, run: Run, sources: Sequence[str]) -> _Measured:
    """A break of an audit, at its base, dials and seed."""
    witness = pair.witness or {}
    broke = [GapRecord.model_validate(witness["gap"]).said] if witness.get("gap") else []
    given = _sources(sources, run)
    module = next((m for m in map(catalogues.module_of, given) if _audits(m, pair.claim)), None)
    if module is None:
        raise UsageError(f"{', '.join(given)} audits {pair.claim} no more, or has no AUDIT")
    arguments = f'"{pair.claim}", base, dials, profile="{run.profile}", seed={witness["seed"]}'
    return _Measured(
        name=f"{pair.claim}_{pair.dial}",
        title=f"{pair.claim} breaks where {pair.dial} is turned: {pair.measured}.",
        said=[f"Assumption: {pair.assumption}.", *broke],
        imports=[*_path_to(module), f"from {module.__name__} import AUDIT"],
        made=[f"base = {witness['base']!r}", f"dials = {witness['dials']!r}"],
        gaps=f"AUDIT.at({arguments})",
    )


def _audits(module: ModuleType, claim: str) -> bool:
    audit = getattr(module, "AUDIT", None)
    return isinstance(audit, Audit) and claim in audit.by_claim


def _text(measured: _Measured, form: Form) -> str:
    loop = f"for gap in {measured.gaps}:"
    if form == "pytest":
        test = re.sub(r"\W+", "_", measured.name)
        body = [*measured.made, loop, "    assert gap.holds, str(gap)"]
        body = ["", "", f"def test_{test}():", *(f"    {line}" for line in body)]
    else:
        body = ["", *measured.made, loop, '    print("holds" if gap.holds else "FAILS", gap)']
    title, *said = map(_in_docstring, (measured.title, *measured.said))
    head = [f'"""{title}', "", *said, '"""', ""]
    return "\n".join([*head, *measured.imports, *body]) + "\n"


def _in_docstring(text: str) -> str:
    """A line of a docstring that says this."""
    return visible(text).replace("\\", r"\\").replace('"""', r"\"\"\"")


def _sources(given: Sequence[str], run: Run) -> Sequence[str]:
    return tuple(given) or run.modules or DEFAULT_SOURCES


def _imported(claim: Claim) -> tuple[list[str], str]:
    """Lines that import a claim from where it is stated, and the name that it has then."""
    maker = next(module for module, made in claims_made() if made is claim)
    module = sys.modules[maker]
    expression = _bound(vars(module), claim)
    if expression is None:
        raise UsageError(f"{claim.id} has no name in {maker}: put it into its CLAIMS")
    name = expression.partition("[")[0]
    return [*_path_to(module), f"from {maker} import {name}"], expression


def _path_to(module: ModuleType) -> list[str]:
    """Lines after which a module can be imported from wherever it is asked for."""
    top = sys.modules[module.__name__.partition(".")[0]]
    if top.__name__ == "refutable" or not top.__file__:
        return []
    file = Path(top.__file__).resolve()
    folder = file.parent.parent if file.stem == "__init__" else file.parent
    return [
        "import sys",
        "",
        f'sys.path.insert(0, r"{folder}")  # where {top.__name__} stands',
    ]


def _bound(names: Mapping[str, object], claim: Claim) -> str | None:
    """The name that a module has for a claim, or its place in a list or a mapping there."""
    inside = None
    for name, value in names.items():
        if value is claim:
            return name
        items: Iterable[tuple[object, object]] = value.items() if isinstance(value, dict) else ()
        if isinstance(value, list | tuple):
            items = enumerate(value)
        inside = next((f"{name}[{key!r}]" for key, item in items if item is claim), inside)
    return inside
