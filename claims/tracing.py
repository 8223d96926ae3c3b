"""Trace: one configuration's dynamics, with the predicted events beside the measured ones."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from claims import contrastive_collapse, mae_global, mae_laws
from model import descent, reduced
from model.setting import Setting
from model.trajectory import Engine, Event, Objective, QueryKind, Trajectory

EVENTS = ("switch", "half", "done")
Prediction = Mapping[str, Mapping[str, float] | None]


def run(
    setting: Setting,
    objective: Objective,
    query: QueryKind,
    *,
    loss_gap: float,
    engine: Engine = "reduced",
    seed: int = 0,
) -> tuple[Trajectory, dict[str, Any]]:
    """The trajectory, and its record as `claims trace --json` prints it; natural logarithms.

    seed: of the sampled masks (engines descent and closed; the reduced dynamics sample nothing).
    Raises SettingError for a setting that the engine cannot take.
    """
    started = time.perf_counter()
    trajectory = _integrate(setting, objective, query, loss_gap, engine, seed)
    seconds = time.perf_counter() - started
    predicted = _predict(objective, query, setting, loss_gap)
    return trajectory, {
        "setting": _describe(setting, objective, query),
        "engine": engine,
        "events": {name: _event(getattr(trajectory, name), predicted.get(name)) for name in EVENTS},
        "max_abs": trajectory.max_abs(),
        "final": {
            "phi_global": float(trajectory.phi_global[-1]),
            "phi_own": float(trajectory.phi_own[-1]),
            "own_attention": float(trajectory.own_attention[-1]),
            "loss_gap": float(trajectory.loss_gap[-1]),
            "log_t": float(trajectory.log_t[-1]),
        },
        "seconds": seconds,
    }


def _integrate(
    setting: Setting,
    objective: Objective,
    query: QueryKind,
    loss_gap: float,
    engine: Engine,
    seed: int,
) -> Trajectory:
    if engine == "reduced":
        if objective == "mae":
            return reduced.mae(setting, query, loss_gap=loss_gap)
        return reduced.cl(setting, loss_gap=loss_gap)
    return descent.trace(setting, objective, query, engine=engine, loss_gap=loss_gap, seed=seed)


def _predict(
    objective: Objective, query: QueryKind, setting: Setting, loss_gap: float
) -> Prediction:
    predict: Callable[[Setting, float], Prediction]
    if objective == "cl":
        predict = contrastive_collapse.predicted_events
    else:
        predict = (mae_laws if query == "local" else mae_global).predicted_events
    return predict(setting, loss_gap)


def _event(event: Event | None, predicted: Mapping[str, float] | None) -> dict[str, Any] | None:
    if event is None:
        return None
    return {
        "log_t": event.log_t,
        "phi_global": event.phi_global,
        "phi_own": event.phi_own,
        "predicted": dict(predicted or {}),
    }


def _describe(setting: Setting, objective: Objective, query: QueryKind) -> dict[str, Any]:
    """The setting as plain numbers; P as an exact integer."""
    described: dict[str, Any] = {
        "objective": objective,
        "query": query,
        "P": setting.P,
        "log10_P": setting.log_P / math.log(10),
        "kappa_c": setting.kappa_c,
        "kappa_s": setting.kappa_s,
        "gap": setting.gap,
        "gamma": setting.gamma,
        "clusters": setting.K,
        "latents": list(setting.latents.values),
        "C_1": setting.C_1,
        "C_s": setting.C_s,
    }
    if objective == "cl":
        details = setting.contrastive
        negatives = details.negatives
        described["tau"] = details.tau
        described["negatives"] = int(negatives) if math.isfinite(negatives) else "inf"
    return described
