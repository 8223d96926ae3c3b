"""The mean-count flow of one query as equations that `claims-recheck` follows again.

They are written here a third time: `model.reduced` has them in floats, `model.ball_flow` in balls.
The first form follows Φ_n, the second Φ_1; the other is known from the clock σ = z(Φ_n - Φ_1).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from refutable.certificate import Certificate
from refutable.model.ball_events import Enclosure, Ends
from refutable.model.ball_flow import BITS, GRID
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind
from refutable.prove.balls import BALLS
from refutable.prove.terms import decimal, fraction, prefix

STATE = ("phi", "phi_m", "ups_1", "ups_n", "ups_m", "time")
"""Of the followed correlation, zΦ_m, Υ_1, Υ_n, Υ_m, and t·γρz⁴/K."""
SIDES = {
    True: {"phi_n": "phi", "phi_1": "phi - sigma"},
    False: {"phi_1": "phi", "phi_n": "phi + sigma"},
}
WEIGHTS = {
    "W_1": "(1 - gamma)*a_1*exp(phi_1 + ups_1)",
    "W_n": "(1 - gamma)*a_n*exp(phi_n + ups_n)",
    "on_m": "exp(phi_m + ups_m)",
    "all_m": "(1 - gamma)*a_m*on_m",
    "one_m": "(1 - gamma)*a_s*on_m",
    "dark_1": "gamma*a_1*exp(ups_1)",
    "dark_n": "gamma*a_n*exp(ups_n)",
    "off_m": "exp(ups_m)",
    "R": "all_m + gamma*a_m*off_m + dark_1 + dark_n",
    "spread": "all_m*one_m",
    "d": "W_1 + R",
    "S": "d + W_n",
    "q": "W_1**2 + spread",
    "M": "d**2 + q",
    "h": "q - W_n*d",
    "up": "W_n*M",
    "down": "W_1*(W_1*(W_n + R) + W_n*d - spread)",
    "unit": "1/(up + down)",
}
"""Weights of areas in the softmax, and rates of zΦ_n and -zΦ_1, times S³."""
RATES = {
    True: {"lead": "up/down", "fall": "1/(1 + lead)", "rise": "lead*fall"},
    False: {"lead": "down/up", "rise": "1/(1 + lead)", "fall": "lead*rise"},
}
REST = {
    "pull_m": "(h - one_m*S)*unit",
    "to_1": "dark_1*h*unit",
    "to_n": "dark_n*h*unit",
    "half": "d/W_n - 1",
    "done": "M/S**2*gamma*z**2/2/loss_gap - 1",
}
AHEAD = {"ahead": "down/up - 1"}
BEHIND = {"behind": "up - down"}
"""Positive while the global correlation is the faster one, or the own one."""
SLOPES = {
    "phi_m": "one_m*pull_m",
    "ups_1": "(to_1 - fall)*per_first/z**2",
    "ups_n": "(to_n + rise)/own/z**2",
    "ups_m": "((1 - gamma)*on_m*pull_m + gamma*off_m*h*unit)/P/z**2",
    "time": "S**3*unit*(1 - gamma)*a_n",
}
EVENTS = {"half": "half", "done": "done", "switch": "ahead"}


@dataclass(frozen=True)
class Root:
    """rational + sign·scale·√square, exact: what counts come to that stand beside their mean."""

    rational: Fraction
    sign: int
    square: Fraction
    scale: Fraction = Fraction(1)

    def over(self, number: int) -> Root:
        """Divided by a whole number."""
        return dataclasses.replace(self, rational=self.rational / number, scale=self.scale / number)

    def short_of(self, number: int) -> Root:
        """What is left to a whole number."""
        return dataclasses.replace(self, rational=number - self.rational, scale=-self.scale)

    def with_pairs(self, pairs: Fraction) -> Root:
        """x(1 + (x - 1)·pairs): the mean of a sum of squares, where x is the whole."""
        x, s = self.rational, self.scale
        squared = x * x + (self.square * s * s if self.sign else 0)
        return dataclasses.replace(
            self,
            rational=x * (1 - pairs) + squared * pairs,
            scale=s * (1 - pairs + 2 * x * pairs),
        )

    def __str__(self) -> str:
        """As scripts write it."""
        if not self.sign:
            return fraction(self.rational)
        root = f"(sqrt {fraction(self.square)})"
        return f"(+ {fraction(self.rational)} (* {fraction(self.sign * self.scale)} {root}))"


Constant: TypeAlias = "Fraction | float | int | Root"


@dataclass(frozen=True)
class Equations:
    """A flow: constants, states, lets in their order up to `unit`, what is watched, and slopes."""

    constants: Mapping[str, Constant]
    state: tuple[str, ...]
    weights: Mapping[str, str]
    rest: Mapping[str, str]
    slopes: Mapping[str, str]


def equations(setting: Setting, query: QueryKind, loss_gap: Fraction) -> Equations:
    """Of counts at their mean, constant latents."""
    P, local = setting.P, query == "local"
    first = setting.C_1 if local else 0
    own = setting.C_s if local else setting.C_1
    constants: dict[str, Constant] = {
        "gamma": setting.gamma, "z": setting.latents.L, "P": P, "own": own, "loss_gap": loss_gap,
        "per_first": Fraction(1, first) if first else 0, "a_1": Fraction(first, P),
        "a_n": Fraction(own, P), "a_s": Fraction(setting.C_s, P),
        "a_m": Fraction(P - first - own, P),
    }  # fmt: skip
    return Equations(constants, STATE, WEIGHTS, REST, SLOPES)


def certificate(
    setting: Setting, query: QueryKind, loss_gap: Fraction, found: Enclosure
) -> Certificate:
    """How the flow was enclosed, and a file that holds the path and its events."""
    return certificate_of(equations(setting, query, loss_gap), query, found)


def certificate_of(of: Equations, query: QueryKind, found: Enclosure) -> Certificate:
    """The same of any equations."""
    moments = [m for m in (found.switch, found.half, found.done) if m is not None]
    radius = max(moment.widest for moment in moments) / 2
    return Certificate(
        by=BALLS,
        negated="the flow passes elsewhere, or its events come at another time",
        resource={"bits": BITS, "steps": found.steps},
        for_all=True,
        radii=f"at most {radius:.0e} at an event",
        scripts=("\n".join(lines(of, query, found)),),
    )


def lines(of: Equations, query: QueryKind, found: Enclosure) -> Iterator[str]:
    """The file: constants, the two forms, steps with states between them, events."""
    yield "(set-info :kind flow)"
    for name, value in of.constants.items():
        yield f"(constant {name} {value if isinstance(value, Root) else fraction(value)})"
    yield from (f"(state {name} 0)" for name in of.state)
    for follows_own in dict.fromkeys(passed.follows_own for passed in found.path):
        name = _name(follows_own)
        yield f"(phase {name})"
        if not follows_own:
            yield f"(enter phi {prefix('phi - sigma')})" if found.path[0].follows_own else ""
        watched = (AHEAD if found.switch else {}) | (BEHIND if found.own_first else {})
        for formulas in (SIDES[follows_own], of.weights, RATES[follows_own], of.rest, watched):
            yield from (f"(let {left} {prefix(right)})" for left, right in formulas.items())
        yield f"(slope phi {prefix('rise' if follows_own else '-fall')})"
        yield from (f"(slope {left} {prefix(right)})" for left, right in of.slopes.items())
    for event, state in found.states.items():
        yield f"(event {event} {EVENTS[event]})"
        yield f"(at {event} {' '.join(map(_middle, state))})"
    if query == "local" and found.pushed:
        yield f"(positive down {'switch' if found.switch else 'done'})"
    if found.own_first:
        yield "(positive behind done)"
    for passed in found.path:
        lengths = " ".join(str(int(length * GRID)) for length in passed.lengths)
        yield f"(take {_name(passed.follows_own)} {lengths})"
        yield f"(through {' '.join(map(_middle, passed.state))})"


def _name(follows_own: bool) -> str:
    return "own" if follows_own else "first"


def _middle(ends: Ends) -> str:
    """The middle of two ends in twelve digits."""
    middle = (ends[0] + ends[1]) / 2
    if not middle:
        return "0"
    size = len(str(abs(middle.numerator))) - len(str(middle.denominator))
    behind = max(12 - size, 0)
    return decimal(Fraction(round(middle * 10**behind), 10**behind), behind)
