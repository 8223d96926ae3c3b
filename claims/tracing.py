"""Trace: one configuration's dynamics, with the predicted events beside the measured ones."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refutable.claims.contrastive import collapse
from refutable.claims.mae import global_laws, laws
from refutable.model import descent, reduced
from refutable.model.setting import Setting
from refutable.model.trajectory import Engine, Event, Objective, QueryKind, Trajectory
from refutable.records import html

if TYPE_CHECKING:
    import pandas as pd

EVENTS = ("switch", "half", "done")
SERIES = (
    "log_t",
    "phi_global",
    "phi_own",
    "phi_other",
    "upsilon_own",
    "upsilon_global",
    "upsilon_other",
    "rate_global",
    "rate_own",
    "own_attention",
    "global_attention",
    "loss_gap",
)
"""Series of a trajectory, as columns."""

Prediction = Mapping[str, Mapping[str, float] | None]


@dataclass(frozen=True, repr=False)
class Trace:
    """One configuration's dynamics. record: as `claims trace --json` prints it."""

    trajectory: Trajectory
    record: dict[str, Any]

    def frame(self) -> pd.DataFrame:
        """The series over time: log_t, correlations, rates, attentions, loss gap; one row each."""
        import pandas as pd

        return pd.DataFrame({name: getattr(self.trajectory, name) for name in SERIES})

    def events(self) -> pd.DataFrame:
        """One row per event that occurred: log t and the correlations, measured and predicted."""
        import pandas as pd

        rows = []
        for name, event in self.record["events"].items():
            if event is not None:
                row = {"event": name}
                for key in ("log_t", "phi_global", "phi_own"):
                    row[key] = event[key]
                    row[f"{key}_predicted"] = event["predicted"].get(key)
                rows.append(row)
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        """One line: the configuration."""
        setting = self.record["setting"]
        return (
            f"{setting['objective']}, {setting['query']} query, P = 1e{setting['log10_P']:.4g}, "
            f"gap {setting['gap']:.3g}, engine {self.record['engine']}; natural logarithms."
        )

    def to_html(self) -> str:
        """The events as an HTML table under the configuration, for notebooks."""
        return html.table(repr(self), self.events())

    def _repr_html_(self) -> str:
        return self.to_html()


def trace(
    setting: Setting,
    objective: Objective = "mae",
    query: QueryKind = "local",
    *,
    loss_gap: float = 1e-3,
    engine: Engine = "reduced",
    seed: int = 0,
) -> Trace:
    """Follow one query through training, down to a loss gap; natural logarithms.

    seed: of the sampled masks (engines descent and closed; the reduced dynamics sample nothing).
    Raises SettingError for a setting that the engine cannot take.
    """
    started = time.perf_counter()
    trajectory = _integrate(setting, objective, query, loss_gap, engine, seed)
    seconds = time.perf_counter() - started
    predicted = _predict(objective, query, setting, loss_gap)
    record = {
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
    return Trace(trajectory, record)


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
        predict = collapse.predicted_events
    else:
        predict = (laws if query == "local" else global_laws).predicted_events
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
        "gap": setting.information_gap,
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
