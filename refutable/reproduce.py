"""Reproduce: a stored witness as a test or a script of its own, to be kept or sent to somebody."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from refutable import catalogue as catalogues
from refutable.catalogue import DEFAULT_SOURCES
from refutable.claim import Claim, claims_made
from refutable.errors import UsageError
from refutable.records.results import LegRecord, Results, Run

Form = Literal["pytest", "script"]


def reproduced(folder: Path, witness: str, sources: Sequence[str], form: Form) -> str:
    """A test, or a script, that measures a stored witness again; both need `refutable` alone.

    witness: CLAIM/KIND of a failing leg in the folder. sources: where its claims are, unless where
    the run found them. UsageError when there is no such leg, or the claim cannot be loaded.
    """
    results = Results.read(folder / "results.json")
    id, _, kind = witness.rpartition("/")
    legs = {(c.id, leg.kind.value): leg for c in results.claims for leg in c.legs if leg.witness}
    if (id, kind) not in legs:
        there = ", ".join("/".join(key) for key in legs) or "none"
        raise UsageError(
            f"{folder} holds no witness {witness!r} of a failing leg. There are: {there}"
        )
    given = tuple(sources) or results.run.modules or DEFAULT_SOURCES
    found = catalogues.load(given)[id]
    return _text(found, legs[id, kind], results.run, form)


def _text(claim: Claim, leg: LegRecord, run: Run, form: Form) -> str:
    said = [gap.said for gap in leg.gaps if not gap.holds]
    imports, name = _imported(claim)
    arguments = [f'"{leg.kind.value}"']
    made = []
    if leg.spelled is not None:
        *needed, expression = leg.spelled.split("\n")
        imports = [*imports, *(line for line in needed if line not in imports)]
        made = [f"configuration = {expression}"]
        arguments.append("configuration")
    arguments += [f'profile="{run.profile}"', f"seed={run.seed}"]
    loop = f"for gap in {name}.at({', '.join(arguments)}):"
    if form == "pytest":
        test = re.sub(r"\W+", "_", f"{claim.id}_{leg.kind.value}")
        body = [*made, loop, "    assert gap.holds, str(gap)"]
        body = ["", "", f"def test_{test}():", *(f"    {line}" for line in body)]
    else:
        body = ["", *made, loop, '    print("holds" if gap.holds else "FAILS", gap)']
    head = [f'"""{claim.id} [{leg.kind.value}] fails: {claim.title}.', "", *said[:3], '"""', ""]
    head = [line.replace("\\", "\\\\") for line in head]
    return "\n".join([*head, *imports, *body]) + "\n"


def _imported(claim: Claim) -> tuple[list[str], str]:
    """Lines that import a claim from where it is stated, and the name that it has then."""
    maker = next(module for module, made in claims_made() if made is claim)
    module = sys.modules[maker]
    lines = []
    top = sys.modules[maker.partition(".")[0]]
    if top.__name__ != "refutable" and top.__file__:
        file = Path(top.__file__).resolve()
        folder = file.parent.parent if file.stem == "__init__" else file.parent
        lines = [
            "import sys",
            "",
            f'sys.path.insert(0, r"{folder}")  # where {top.__name__} stands',
        ]
    expression = _bound(vars(module), claim)
    if expression is None:
        raise UsageError(f"{claim.id} has no name in {maker}: put it into its CLAIMS")
    return [*lines, f"from {maker} import {expression.partition('[')[0]}"], expression


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
