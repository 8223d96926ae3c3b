"""refutable: theorems as executable claims that are attacked, judged and reported.

Everything named here is public and stays; what else a module holds may change.

- A statement: `Claim`, `Provenance`; its legs yield `Gap` (made by `equal`, `at_most`, `at_least`
  or `identical`, each with a `Relation`), `Case`, `Undecided`, or return `Evidence`.
- Kinds of evidence: the modules `property`, `scaling`, `symbolic`, `smt`, `inequality`, `limits`.
- Bent assumptions: `Dial`, `Statement`, `Audit`.
- Runs: `verify`, `audit`.

Names are loaded when they are first used, so that importing this package costs next to nothing and
needs nothing that is not used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from refutable import property as property
    from refutable import scaling as scaling
    from refutable.auditing.dial import Dial as Dial
    from refutable.auditing.run import audit as audit
    from refutable.auditing.statement import Audit as Audit
    from refutable.auditing.statement import Statement as Statement
    from refutable.claim import Case as Case
    from refutable.claim import Claim as Claim
    from refutable.claim import Evidence as Evidence
    from refutable.claim import Provenance as Provenance
    from refutable.claim import Undecided as Undecided
    from refutable.gap import Gap as Gap
    from refutable.gap import Relation as Relation
    from refutable.gap import at_least as at_least
    from refutable.gap import at_most as at_most
    from refutable.gap import equal as equal
    from refutable.gap import identical as identical
    from refutable.prove import inequality as inequality
    from refutable.prove import limits as limits
    from refutable.prove import smt as smt
    from refutable.prove import symbolic as symbolic
    from refutable.run import verify as verify

    __version__: str

_HOMES = {
    "Audit": "auditing.statement",
    "Case": "claim",
    "Claim": "claim",
    "Dial": "auditing.dial",
    "Evidence": "claim",
    "Gap": "gap",
    "Provenance": "claim",
    "Relation": "gap",
    "Statement": "auditing.statement",
    "Undecided": "claim",
    "at_least": "gap",
    "at_most": "gap",
    "audit": "auditing.run",
    "equal": "gap",
    "identical": "gap",
    "verify": "run",
}
"""Public names, and the modules below this one that define them."""

_MODULES = {
    "inequality": "prove.inequality",
    "limits": "prove.limits",
    "property": "property",
    "scaling": "scaling",
    "smt": "prove.smt",
    "symbolic": "prove.symbolic",
}
"""Public modules, and where they are."""

__all__ = sorted(["__version__", *_HOMES, *_MODULES])


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(f"refutable.{_HOMES[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"refutable.{_MODULES[name]}")
    elif name == "__version__":
        from importlib.metadata import version  # takes as long as all the rest here

        value = version("refutable")
    else:
        raise AttributeError(f"module 'refutable' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
