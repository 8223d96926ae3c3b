"""Which statements and dials an audit tries: what modules offer, and what a request names."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from refutable import catalogue as catalogues
from refutable.auditing.dial import Dial, find
from refutable.auditing.statement import Audit, Statement
from refutable.catalogue import Catalogue
from refutable.claim import Profile
from refutable.errors import UsageError, nearest, said


def load(sources: Sequence[str]) -> tuple[Catalogue, Offered]:
    """The claims and the audits of modules that define CLAIMS and AUDIT.

    UsageError when none of them offers an AUDIT, one has nothing to try or says a thing twice, or
    one speaks of an unknown claim.
    """
    catalogue = catalogues.load(sources)
    found = [getattr(catalogues.module_of(source), "AUDIT", None) for source in sources]
    audits = [audit for audit in found if audit is not None]
    where = ", ".join(sources)
    if not audits:
        raise UsageError(f"{where} offers no AUDIT: nothing says how to bend it")
    if not all(isinstance(audit, Audit) for audit in audits):
        raise UsageError(f"AUDIT of {where} must be an Audit of dials and statements")
    offered = Offered(tuple(part for audit in audits for part in audit.parts))
    dials = Counter(dial.name for dial in offered.dials)
    statements = Counter(statement.claim for statement in offered.statements)
    for what, names in (("dial", dials), ("statement on claim", statements)):
        if not names:
            raise UsageError(f"AUDIT of {where} has no {what}: there is nothing to try")
        [(most, count)] = names.most_common(1)
        if count > 1:
            raise UsageError(f"AUDIT of {where} has {count} times a {what} {most!r}")
    for statement in offered.statements:
        catalogue.entry(statement.claim, placed=False)
        if not statement.bases:
            raise UsageError(
                f"the statement on claim {statement.claim!r} has no base to be tried at"
            )
        _require_plain(statement)
    return catalogue, offered


def _require_plain(statement: Statement) -> None:
    """UsageError for a base that is not JSON."""
    try:
        for base in statement.bases:
            json.dumps(base)
    except (TypeError, ValueError, RecursionError) as problem:
        raise UsageError(
            f"the statement on claim {statement.claim!r} has a base that is not JSON: {problem}"
        ) from None


@dataclass(frozen=True)
class Offered:
    """All audits that sources offer: a statement is tried under the dials of its own one."""

    parts: tuple[Audit, ...]

    @property
    def dials(self) -> tuple[Dial, ...]:
        """Every dial, audit by audit."""
        return tuple(dial for part in self.parts for dial in part.dials)

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Every statement, audit by audit."""
        return tuple(statement for part in self.parts for statement in part.statements)

    @property
    def by_name(self) -> dict[str, Dial]:
        """Dials by name."""
        return {dial.name: dial for dial in self.dials}


@dataclass(frozen=True, kw_only=True)
class Audited:
    """What a supervisor knows of a statement.

    dials: names of those it is tried under. bases: as JSON. untestable: by dial, why it cannot be
    tried. simplifies: whether a simpler base can be looked for.
    """

    claim: str
    measured: str
    main: bool
    costly: bool
    random: bool
    simplifies: bool
    dials: tuple[str, ...]
    bases: tuple[str, ...]
    untestable: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """What sources offer to audit, as data. UsageError where a word names nothing."""

    dials: tuple[Dial, ...]
    statements: tuple[Audited, ...]

    @property
    def by_name(self) -> dict[str, Dial]:
        """Dials by name."""
        return {dial.name: dial for dial in self.dials}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Plan:
        """The plan from its JSON."""
        return cls(
            tuple(_dial(dial) for dial in data["dials"]),
            tuple(
                Audited(**{**s, "dials": tuple(s["dials"]), "bases": tuple(s["bases"])})
                for s in data["statements"]
            ),
        )


def _dial(data: Mapping[str, Any]) -> Dial:
    labels = {float(value): label for value, label in data["labels"]}
    grid, coarse = tuple(map(float, data["grid"])), tuple(map(float, data["coarse"]))
    return Dial(**{**data, "grid": grid, "coarse": coarse, "labels": labels})


PLAN = "refutable.auditing.selection:plan"
"""What a process does that has imported the sources."""


def plan(sources: Sequence[str]) -> dict[str, Any]:
    """What sources offer to audit, as JSON. UsageError as for `load`."""
    _, audit = loaded(tuple(sources))
    dials = [
        {
            **{f.name: getattr(dial, f.name) for f in dataclasses.fields(dial)},
            "grid": [repr(float(value)) for value in dial.grid],  # JSON has no infinity
            "coarse": [repr(float(value)) for value in dial.coarse],
            "labels": [[repr(float(value)), label] for value, label in dial.labels.items()],
        }
        for dial in audit.dials
    ]
    statements = [
        {"claim": s.claim, "measured": s.measured, "main": s.main, "costly": s.costly,
         "random": s.random, "simplifies": s.simpler is not None,
         "dials": [dial.name for dial in part.dials],
         "bases": [json.dumps(base) for base in s.bases],
         "untestable": _untestable(s, part.dials)}
        for part in audit.parts for s in part.statements
    ]  # fmt: skip
    return {"dials": dials, "statements": statements}


def _untestable(statement: Statement, dials: Sequence[Dial]) -> dict[str, str]:
    """By dial, why it cannot be tried. UsageError where the statement raises instead."""
    try:
        reasons = {dial.name: statement.untestable(dial.name) for dial in dials}
    except Exception as problem:
        raise UsageError(
            f"the statement on claim {statement.claim!r} cannot say what is untestable: "
            f"{said(problem)}"
        ) from None
    return {name: reason for name, reason in reasons.items() if reason is not None}


@functools.cache
def loaded(sources: tuple[str, ...]) -> tuple[Catalogue, Offered]:
    """As `load`, made once in a process that works for one audit."""
    return load(sources)


def choose(
    catalogue: Catalogue,
    audit: Plan,
    select: Sequence[str],
    assumptions: Sequence[str],
    dials: Sequence[str],
    profile: Profile,
) -> tuple[list[Audited], list[Dial]]:
    """Statements and dials that a request names; the main ones, and all dials, without.

    Where none is called a main one, all are; those that are costly have to be selected, or are left
    to profile deep. Dials that none of the statements is tried under are left out, and so are
    statements without a dial. An assumption may be written with hyphens. UsageError for a word that
    names nothing, and where nothing goes together.
    """
    statements = list(audit.statements)
    if select:
        named = {id for id, _ in catalogue.pick(select)}
        statements = [statement for statement in statements if statement.claim in named]
        if not statements:
            audited = ", ".join(statement.claim for statement in audit.statements)
            raise UsageError(f"{' '.join(select)!r} names no audited claim. Audited: {audited}.")
    elif profile == "quick":
        statements = [statement for statement in statements if statement.main] or statements
    elif profile == "full":
        statements = [statement for statement in statements if not statement.costly] or statements
    known = list(dict.fromkeys(dial.assumption for dial in audit.dials))
    plain = {_plain(name): name for name in known}
    wanted = set()
    for name in assumptions:
        if _plain(name) not in plain:
            raise UsageError(
                f"unknown assumption {name!r}.{nearest(name, known)} Allowed: {', '.join(known)}."
            )
        wanted.add(plain[_plain(name)])
    by_name = audit.by_name
    picked = {find(by_name, name).name for name in dials}
    chosen = [
        dial
        for dial in audit.dials
        if (not wanted or dial.assumption in wanted) and (not picked or dial.name in picked)
    ]
    if not chosen:
        raise UsageError(f"no dial among {', '.join(picked)} is of {', '.join(wanted)}")
    tried = [dial for dial in chosen if any(dial.name in s.dials for s in statements)]
    if not tried:
        asked, audited = (
            ", ".join(names) for names in ([d.name for d in chosen], [s.claim for s in statements])
        )
        theirs = ", ".join(dict.fromkeys(name for s in statements for name in s.dials))
        raise UsageError(f"{audited}: the dials are {theirs}, not {asked}")
    going = {dial.name for dial in tried}
    return [statement for statement in statements if going & set(statement.dials)], tried


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("-", " ").replace("_", " ").split())
