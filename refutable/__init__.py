"""refutable: theorems as executable claims that are attacked, judged and reported.

Everything named here is public and stays; what else a module holds may change.

- A statement: `Claim`, `Provenance`; its legs yield `Gap` (made by `equal`, `at_most`, `at_least`,
  `tight` or `identical`, each with a `Relation`), `Case`, `Undecided`, or return `Evidence`.
- The short form of one: `claim`, `leg`, `for_all`; `ladder` with `Theta`, `O`, `o`.
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
    from refutable.asymptotics import O as O
    from refutable.asymptotics import Theta as Theta
    from refutable.asymptotics import o as o
    from refutable.auditing.dial import Dial as Dial
    from refutable.auditing.run import audit as audit
    from refutable.auditing.statement import Audit as Audit
    from refutable.auditing.statement import Statement as Statement
    from refutable.claim import Case as Case
    from refutable.claim import Claim as Claim
    from refutable.claim import Evidence as Evidence
    from refutable.claim import Provenance as Provenance
    from refutable.claim import Undecided as Undecided
    from refutable.climb import ladder as ladder
    from refutable.decorators import claim as claim
    from refutable.decorators import for_all as for_all
    from refutable.decorators import leg as leg
    from refutable.gap import Gap as Gap
    from refutable.gap import Relation as Relation
    from refutable.gap import at_least as at_least
    from refutable.gap import at_most as at_most
    from refutable.gap import equal as equal
    from refutable.gap import identical as identical
    from refutable.gap import tight as tight
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
    "O": "asymptotics",
    "Provenance": "claim",
    "Relation": "gap",
    "Statement": "auditing.statement",
    "Theta": "asymptotics",
    "Undecided": "claim",
    "at_least": "gap",
    "at_most": "gap",
    "audit": "auditing.run",
    "equal": "gap",
    "for_all": "decorators",
    "identical": "gap",
    "ladder": "climb",
    "leg": "decorators",
    "o": "asymptotics",
    "tight": "gap",
    "verify": "run",
}
"""Public names, and the modules below this one that define them."""

_MODULES = {
    "claim": "claim",  # called, it is the decorator of that name
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
