"""Foreseen: what the reduced dynamics say of a statement on a setting, beside what is found."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping

from refutable.auditing.statement import Base
from refutable.claims.bent.expected import Expected
from refutable.claims.bent.plans import EPSILON, planned
from refutable.claims.contrastive import leftovers
from refutable.model import reduced
from refutable.model.bent.perturbation import Perturbation
from refutable.model.setting import Setting, SettingError
from refutable.model.trajectory import Objective, QueryKind

QUERIES: tuple[QueryKind, ...] = ("local", "global")
Foreseen = Callable[[Setting, float], bool]
"""Whether a statement holds by the reduced dynamics of a setting, at a time."""


def by_reduced(
    objective: Objective, holds: Foreseen
) -> Callable[[Base, Mapping[str, float]], bool | None]:
    """A statement's `foreseen`: None for what the reduced dynamics leave out.

    They have exact features, a population and one head; weight decay they have for the contrastive
    row, and of its readings the one of keys by feature and queries by position.
    """

    def foreseen(base: Base, turned: Mapping[str, float]) -> bool | None:
        plan = planned(base, turned, objective)
        setting, perturbation = plan.setting, plan.perturbation
        details = setting.contrastive
        if objective == "cl":
            decay = details.weight_decay + perturbation.weight_decay
            details = dataclasses.replace(details, weight_decay=decay)
            setting = setting.replace(contrastive=details)
            perturbation = dataclasses.replace(perturbation, weight_decay=0.0)
        readings = (details.keys, details.query, details.views)
        canonical = objective == "mae" or readings == ("feature", "position", "independent")
        if perturbation != Perturbation() or not canonical or setting.latents.L <= 0:
            return None
        return holds(setting, plan.time)

    return foreseen


def in_time(log_t: float | None, time: float) -> bool:
    """Whether an event happens, and by then."""
    return log_t is not None and log_t <= math.log(time)


def reduced_of(setting: Setting, kind: QueryKind) -> Expected:
    """The reduced dynamics of a kind of query, to a fiftieth of the loss without attention."""
    return Expected(setting, kind, setting.gamma * setting.latents.moment(2) / 100)


def reduced_converges(setting: Setting, time: float) -> bool:
    """Both kinds of query come within ε."""
    return all(reduced_of(setting, k).at("loss_gap", math.log(time)) <= EPSILON for k in QUERIES)


def reduced_grows(*kinds: QueryKind) -> Foreseen:
    """These kinds of query attend to their own area for the larger part."""
    return lambda setting, time: all(
        in_time(reduced_of(setting, kind).half, time) for kind in kinds
    )


def reduced_in_two_phases(setting: Setting, time: float) -> bool:
    """T_1 exists, and comes before T_½."""
    found = reduced_of(setting, "local")
    switch, half = found.usual.switch, found.half
    if switch is None or half is None:
        return False
    return switch.log_t <= half <= math.log(time)


def reduced_in_one_phase(setting: Setting, time: float) -> bool:
    """|α_1| < α_n at the start, and T_½ is reached."""
    found = reduced_of(setting, "local")
    return found.usual.switch is None and in_time(found.half, time)


def reduced_collapses(miss: float) -> Foreseen:
    """Attention to the global area reaches 1 - miss, less the masks that show nothing of it."""

    def holds(setting: Setting, time: float) -> bool:
        shown = 1 - float(leftovers.none_visible(setting))
        try:
            path = reduced.cl(setting, loss_gap=1e-3, log_t_max=math.log(time))
        except SettingError:  # the gradient is 0, or the global feature does not grow
            return False
        return bool(path.global_attention.max() * shown >= 1 - miss)

    return holds
