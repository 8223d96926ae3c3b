"""The flow of two rows that meet through the positions, as equations for `claims-recheck`.

Each row's are those of `counts_script`, the names of the global query's with `g_` before them; the
local query's clock is that of both. What keys of a kind weigh more for the other clusters is the
mean of e^Υ there, to the power of their number. How areas overlap is taken from the prover, whose
shares the floats' are held to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from refutable.certificate import Certificate
from refutable.claims.mae import counts_script, flow_script
from refutable.claims.mae.flow_script import Constant, Equations
from refutable.model.ball_coupled import overlap
from refutable.model.ball_events import Enclosure
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind

NAME = re.compile(r"\b(?!exp\b)[A-Za-z_]\w*")
ROWS: dict[QueryKind, str] = {"local": "", "global": "g_"}
"""What stands before their names."""
UPSILON = {"global": "ups_1", "own": "ups_n", "other": "ups_m", "self": "ups_p"}
OF_KEYS = {
    "e_1": "global", "first_0": "global", "e_n": "own", "own_0": "own", "e_m": "other",
    "on_0": "other", "e_p": "self",
}  # fmt: skip
"""Weights of single keys, and their kind."""
OF_GLOBAL = {"phi_1": "0", "ups_1": "0", "phi_n": "phi"}
"""A global query has no further global area, and its Φ_n is a state."""
SLOPES = {
    "phi": "up", "phi_m": "z_U*each*a_m", "ups_n": "(b_n + up/z_U**2)*per_n",
    "ups_m": "b_m*per_m", "ups_p": "e_p*b_p*per_self",
}  # fmt: skip
"""Of a global query's row, in units of the clock's."""


def equations(setting: Setting, loss_gap: Fraction) -> Equations:
    """Of a local query's row, and of a global one's in its clock; constant latents."""
    constants: dict[str, Constant] = {}
    factors: dict[str, str] = {}
    weights: dict[str, str] = {}
    for query, row in ROWS.items():
        of = counts_script.equations(setting, query, loss_gap)
        constants |= {row + name: value for name, value in of.constants.items()}
        for kind, shares in overlap(setting, query).items():
            terms = []
            for (place, key), share in shares.items():
                constants[f"{row}s_{place}_{kind}_{key}"] = share
                factors[f"there_{place}_{key}"] = f"exp({ROWS[place]}{UPSILON[key]})"
                terms.append(f"{row}s_{place}_{kind}_{key}*there_{place}_{key}")
            if terms:
                factors[f"{row}more_{kind}"] = f"({' + '.join(terms)})**{setting.K - 1}"
        lets = {name: _met(row, name, term, factors) for name, term in of.weights.items()}
        if query == "local":
            weights, rest, slopes = lets, of.rest, dict(of.slopes)
        else:
            lets = _needed(OF_GLOBAL | lets, SLOPES)
            weights |= {row + name: _named(row, term) for name, term in lets.items()}
            slopes |= {row + name: f"({_named(row, term)})*unit" for name, term in SLOPES.items()}
    return Equations(constants, ("phi", *slopes), factors | weights, rest, slopes)


def _met(row: str, name: str, term: str, factors: Mapping[str, str]) -> str:
    """A term that is the weight of a key, times what the other clusters add to it."""
    kind = OF_KEYS.get(name)
    return f"({term})*more_{kind}" if f"{row}more_{kind}" in factors else term


def _named(row: str, term: str) -> str:
    return NAME.sub(lambda name: row + name[0], term)


def _needed(lets: dict[str, str], slopes: Mapping[str, str]) -> dict[str, str]:
    """Those of which a slope is made."""
    needed = set(NAME.findall(" ".join(slopes.values())))
    for name in reversed(lets):
        if name in needed:
            needed |= set(NAME.findall(lets[name]))
    return {name: term for name, term in lets.items() if name in needed}


def certificate(setting: Setting, loss_gap: Fraction, found: Enclosure) -> Certificate:
    """How the flow was enclosed, and a file that holds the path and its events."""
    return flow_script.certificate_of(equations(setting, loss_gap), "local", found)
