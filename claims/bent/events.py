"""Times and depths of a small trained model against the reduced dynamics of its setting."""

from __future__ import annotations

import math

from refutable.claims.bent.expected import Expected
from refutable.claims.bent.plans import EPSILON
from refutable.claims.bent.statement import Ask, Gaps
from refutable.gap import at_most
from refutable.model.bent.observation import Observed
from refutable.model.setting import Setting, SettingError
from refutable.model.trajectory import QueryKind

COARSEST = 0.5
"""Where a prediction may be off by more than this share, this share is allowed: with more, nothing
could break. A choice."""
NOISE = 0.1
"""Of log T_½ and of a correlation, claimed. Six seeds of each base, as assumed, scatter by 0.05 at
most in a time and by 0.005 in a correlation, from small batches and from looks a tenth apart."""
ROOM = (
    f"δ(1/z + dΦ/d log t) for where areas lie, and {NOISE:g} for small batches and looks; "
    "δ = log E e^Y - E Y of what own keys weigh elsewhere"
)


def expected_of(setting: Setting, query: QueryKind) -> Expected:
    """The reduced dynamics to ε/20, some 20 times the time at which a model is to reach ε."""
    return Expected(setting, query, EPSILON / 20)


def half_time(kind: QueryKind) -> Ask:
    """T_½ is that of the reduced dynamics."""

    def ask(setting: Setting, run: Observed) -> Gaps:
        expected = expected_of(setting, kind)
        log_half, found = expected.half, run.half(kind)
        if log_half is None or log_half == -math.inf:
            raise SettingError("the reduced dynamics have no event 'half' here after the start")
        yield at_most(
            f"|log of T_½ over the reduced one, {math.exp(log_half):.4g}|, {kind} queries",
            math.inf if found is None else abs(math.log(max(found, 1e-9)) - log_half),
            min(expected.late(log_half) + NOISE, math.log1p(COARSEST)), 0,
            f"{ROOM}, over dΦ_n/d log t; at most log {1 + COARSEST:g}",
        )  # fmt: skip

    return ask


def switch_time(_: Setting, run: Observed) -> Gaps:
    """T_1 is a third of T_½, as for P → ∞; at P = 36 the reduced dynamics have 0.27."""
    first, half = run.switch(), run.half("local")
    yield at_most(
        "|log of 3T_1/T_½|",
        math.inf if first is None or half is None else abs(math.log(3 * first / half)),
        math.log(2), 0, "a factor of two tells the limit 1/3 from no first phase and from no second"
    )  # fmt: skip


def end_of(kind: QueryKind, series: str, what: str) -> Ask:
    """A correlation at the end is that of the reduced dynamics."""

    def ask(setting: Setting, run: Observed) -> Gaps:
        expected, end = expected_of(setting, kind), math.log(run.times[-1])
        predicted, found = expected.at(series, end), getattr(run.kinds[kind], series)[-1]
        yield at_most(
            f"{what} against the reduced {predicted:.4g}, {kind} queries",
            abs(found - predicted),
            min(expected.moved(series, end) + NOISE, COARSEST / 2 * abs(predicted)), 0,
            f"{ROOM}; at most {COARSEST / 2:g} of the prediction",
        )  # fmt: skip

    return ask
