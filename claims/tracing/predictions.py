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
from refutable.claims.runs.plants import scaled
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
    measured="P = 1e100, through the same function as the command; z, γ, K and τ off 1, ½, 1 and "
    "1; Φ_1 at a negative gap, which tends to 0, relative to its prediction, at P = 1e40 too",
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
LATE_GAP = 1e-40
"""ε so small that T* is 2KP/(z²ε) and not T_½, at P = 1e100."""
SMALL_GAP = ladders.LOSS_GAP / 100
"""ε of some traces of an autoencoder, so that none is taken for granted."""
CROWDED = ladders.top_of(0.55, 0.5, 0.8, gamma=0.6, K=2).replace(P=10**40)
"""Δ = -0.4 and κ_c - κ_s = 0.05: -Φ_1 is a²/ρz + aΦ_n, and the second term half of the first."""


def traced() -> Iterator[tuple[Objective, QueryKind, Setting, float, tuple[str, ...]]]:
    """Objective, query, setting, loss gap, and the events that must come."""
    for top, gap in ((ladders.POSITIVE[1], SMALL_GAP), (ladders.RANDOM, ladders.LOSS_GAP)):
        yield "mae", "local", top, gap, ("switch", "half", "done")
    yield "mae", "local", ladders.NEGATIVE[1], ladders.LOSS_GAP, ("half", "done")
    for top, gap in ((ladders.POSITIVE[1], ladders.LOSS_GAP), (ladders.NEGATIVE[1], SMALL_GAP)):
        yield "mae", "global", top, gap, ("half", "done")
    for shapes in contrastive.SHAPES.values():
        top = contrastive.on_ladder(contrastive.OTHER, shapes[0])[-1]
        yield "cl", "global", top, LOSS_GAP, ("half", "done")
        many = replace(top.contrastive, negatives=math.inf)
        yield "cl", "global", top.replace(contrastive=many), LOSS_GAP, ("half", "done")
    top = contrastive.on_ladder(contrastive.MIXED, contrastive.SHAPES["Δ > 0"][0])[-1]
    yield "cl", "global", top, LATE_GAP, ("half", "done")


def allowed(
    objective: Objective, query: QueryKind, setting: Setting, loss_gap: float, at: str, what: str
) -> tuple[float, str]:
    """How far a prediction may be off, and why."""
    if objective == "mae":
        return ladders.at_the_top(setting, query)
    orders = (2 * (1 - setting.kappa_c), setting.kappa_c - setting.kappa_s)
    left, why = next_order.nothing(-min(orders), setting.log_P)
    if (at, what) not in (("done", "phi_global"), ("done", "phi_own")):
        return left, why  # T* is either of its terms to more digits than a float has
    second, third = theorem_4_4.second_order(setting, loss_gap)
    return left + (abs(second) + third) / setting.latents.L, (
        f"{why}; the second order in ε of log(1 - A_1), and the square of its terms"
    )


def held(name: str, setting: Setting, event: str, measured: float, predicted: float) -> Gap:
    """Φ_1 of a local query at a negative gap, of the order P^Δ, over what is predicted of it."""
    least, pushed = setting.C_s / setting.C_1, setting.C_1 / setting.P * (setting.C_1 / setting.C_s)
    return equal(
        f"{name}: phi_global at {event} over its prediction",
        measured / predicted,
        1,
        least + pushed + next_order.INTEGRATION,
        f"the next orders, C_s/C_1 = {least:.0e} and C_1²/(PC_s) = {pushed:.0e}, and integration",
    )


@predictions.leg(
    "scaling",
    require=dict.fromkeys(
        BOTH_SIGNS, tuple(f"{at}: log_t at half" for at in ("mae, local*", "mae, global*", "cl*"))
    ),
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
            if (objective, query) == ("mae", "local") and setting.information_gap < 0:
                phi = predicted.pop("phi_global")
                yield held(name, setting, event, events[event]["phi_global"], phi)
            for what, value in predicted.items():
                tolerance, why = allowed(objective, query, setting, loss_gap, event, what)
                yield equal(
                    f"{name}: {what} at {event}", events[event][what], value, tolerance, why
                )
    events = tracing.trace(CROWDED, "mae", "local").record["events"]
    for event in ("half", "done"):
        found, predicted = events[event], events[event]["predicted"]
        name = "mae, local query, κ_c - κ_s = 0.05, P = 1e40"
        yield held(name, CROWDED, event, found["phi_global"], predicted["phi_global"])


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
predictions.mistake(collapse.late_loss, "the tail of T* 1 % too long", scaled(1.01))
predictions.mistake(laws.global_per_start, "Φ_1 at a negative gap 5 % off", scaled(1.05))
predictions.mistake(laws.predicted_events, "Φ_n at T_½ off", off("half", "phi_own", 0.01))
predictions.mistake(
    global_laws.predicted_events, "a local query's in its place", lambda _: laws.predicted_events
)

CLAIMS = (predictions,)
