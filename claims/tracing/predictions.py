"""Predictions: what `claims trace` prints beside the events that it measures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims import tracing
from refutable.claims.contrastive import collapse
from refutable.claims.contrastive import ladders as contrastive
from refutable.claims.mae import global_laws, ladders, laws
from refutable.claims.runs import next_order
from refutable.claims.runs.regimes import BOTH_SIGNS, sign_of
from refutable.claims.theorems import theorem_4_4
from refutable.gap import Gap, equal, identical
from refutable.model.setting import Setting
from refutable.model.trajectory import Objective, QueryKind

predictions = Claim(
    id="trace.predictions",
    title="The events that a trace predicts come as predicted",
    statement=(
        r"\text{for large } P:\ \log T,\ \Phi_{p\to v_1},\ \Phi_{p\to v_n}\text{ at }T_1,\ T_{1/2}"
        r"\text{ and }T^*(\epsilon)\text{ are those that are printed, up to }o(1)"
    ),
    measured="P = 1e100, through the same function as the command; z, γ, K and τ off 1, ½, 1 and 1",
    provenance=Provenance.DERIVED,
    assumptions=(*ladders.WITH_GAP, "many clusters", "contrastive details"),
    rests_on=(
        "local+.phase1-length",
        "local+.decoupling-depth",
        "local+.own-at-switch",
        "local+.phase2-length",
        "local+.own-final",
        "local-.length",
        "local-.own-final",
        "global.length",
        "global.own-final",
        "cl.time",
        "cl.late",
        "cl.feature-growth",
    ),
)

LOSS_GAP = 1e-6
"""ε of the contrastive traces, whose prediction is of first order in it."""


def traced() -> Iterator[tuple[Objective, QueryKind, Setting, float, tuple[str, ...]]]:
    """Objective, query, setting, loss gap, and the events that must come."""
    for top in (ladders.POSITIVE[1], ladders.RANDOM):
        yield "mae", "local", top, ladders.LOSS_GAP, ("switch", "half", "done")
    yield "mae", "local", ladders.NEGATIVE[1], ladders.LOSS_GAP, ("half", "done")
    for top in (ladders.POSITIVE[1], ladders.NEGATIVE[1]):
        yield "mae", "global", top, ladders.LOSS_GAP, ("half", "done")
    for shapes in contrastive.SHAPES.values():
        top = contrastive.on_ladder(contrastive.OTHER, shapes[0])[-1]
        yield "cl", "global", top, LOSS_GAP, ("half", "done")
        many = replace(top.contrastive, negatives=math.inf)
        yield "cl", "global", top.replace(contrastive=many), LOSS_GAP, ("half", "done")


def allowed(
    objective: Objective, query: QueryKind, setting: Setting, at: str, what: str
) -> tuple[float, str]:
    """How far a prediction may be off, and why."""
    if objective == "mae":
        return ladders.at_the_top(setting, query)
    orders = (2 * (1 - setting.kappa_c), setting.kappa_c - setting.kappa_s)
    left, why = next_order.nothing(-min(orders), setting.log_P)
    if (at, what) not in (("done", "phi_global"), ("done", "phi_own")):
        return left, why  # T* is T_½ to more digits than a float has, at P = 1e100
    second, third = theorem_4_4.second_order(setting, LOSS_GAP)
    return left + (abs(second) + third) / setting.latents.L, (
        f"{why}; the second order in ε of log(1 - A_1), and the square of its terms"
    )


@predictions.leg(
    "scaling",
    require=dict.fromkeys(
        BOTH_SIGNS, tuple(f"{at}: log_t at half" for at in ("mae, local*", "mae, global*", "cl*"))
    ),
    expects={"mae, local query, Δ = -*: phi_global *": "Φ_1 is of order P^Δ = 1e-15 at P = 1e100"},
)
def events_beside_their_predictions(context: Context) -> Iterator[Gap | Case]:
    """Every event that is printed of a local, a global and a contrastive query."""
    for objective, query, setting, loss_gap, expected in traced():
        yield Case((sign_of(setting),))
        events = tracing.trace(setting, objective, query, loss_gap=loss_gap).record["events"]
        law = f"z={','.join(f'{z:g}' for z in setting.latents.values)}"
        negatives = f", N_c = {setting.contrastive.negatives:g}" if objective == "cl" else ""
        name = f"{objective}, {query} query, Δ = {setting.information_gap:+.2g}, {law}{negatives}"
        come = tuple(event for event in events if events[event])
        yield identical(f"{name}: events", come, expected, "those that theory expects")
        for event in come:
            predicted = dict(events[event]["predicted"])
            if event == "half" and not setting.latents.is_constant:
                del predicted["phi_own"]  # E A_n = ½ is a plateau where half the latents are done
            for what, value in predicted.items():
                tolerance, why = allowed(objective, query, setting, event, what)
                yield equal(
                    f"{name}: {what} at {event}", events[event][what], value, tolerance, why
                )


Predicted = Callable[[Setting, float], dict[str, dict[str, float] | None]]


def off(event: str, what: str, by: float) -> Callable[[Predicted], Predicted]:
    """Plant predictions of which one is off by so much."""

    def plant(original: Predicted) -> Predicted:
        def predicted(setting: Setting, loss_gap: float) -> dict[str, dict[str, float] | None]:
            found = dict(original(setting, loss_gap))
            at = found[event]
            if at is not None:
                found[event] = {**at, what: at[what] + by}
            return found

        return predicted

    return plant


predictions.mistake(laws.predicted_events, "T_1 1 % late", off("switch", "log_t", 0.01))
predictions.mistake(laws.predicted_events, "Φ_1 at T_1 off", off("switch", "phi_global", 0.01))
predictions.mistake(laws.predicted_events, "Φ_n at T* off", off("done", "phi_own", 0.01))
predictions.mistake(global_laws.predicted_events, "T_½ 1 % late", off("half", "log_t", 0.01))
predictions.mistake(collapse.predicted_events, "Φ_1 at T_½ off", off("half", "phi_own", 0.01))
predictions.mistake(collapse.predicted_events, "T* 1 % late", off("done", "log_t", 0.01))
predictions.mistake(laws.predicted_events, "Φ_n at T_½ off", off("half", "phi_own", 0.01))
predictions.mistake(
    global_laws.predicted_events, "a local query's in its place", lambda _: laws.predicted_events
)

CLAIMS = (predictions,)
