"""Trace: one configuration's dynamics, with the predicted events beside the measured ones.

What `claims trace --json` prints is a TraceRecord; its JSON Schema is trace.schema.json beside this
file, which `python -m refutable.claims.tracing.schema` writes anew.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, PlainSerializer

from refutable.claims.contrastive import collapse
from refutable.claims.mae import global_laws, laws
from refutable.claims.tracing.remarks import remarks
from refutable.model import descent, reduced
from refutable.model.setting import Setting
from refutable.model.trajectory import Engine, Event, Objective, QueryKind, Trajectory
from refutable.records import html
from refutable.records.documents import Document, Record
from refutable.records.numbers import storable

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

Number = Annotated[
    float,
    Field(allow_inf_nan=True),
    PlainSerializer(storable, return_type=float | str, when_used="json"),
]
"""A float, stored by the rule of `records.numbers`."""


class SettingRecord(Record):
    """A setting as plain numbers; P is exact, gap is Δ."""

    objective: Objective
    query: QueryKind
    P: int
    log10_P: float
    kappa_c: float
    kappa_s: float
    gap: float
    gamma: float
    clusters: int
    latents: tuple[float, ...]
    C_1: int
    C_s: int


class MaeRecord(SettingRecord):
    """A setting of masked reconstruction."""

    objective: Literal["mae"]


class ContrastiveRecord(SettingRecord):
    """A setting of contrastive learning."""

    objective: Literal["cl"]
    tau: float
    negatives: int | Literal["inf"]


class EventRecord(Record):
    """A moment: log t and the correlations then, and what was predicted of some of them."""

    log_t: Number
    phi_global: Number
    phi_own: Number
    predicted: dict[str, Number]


class EventsRecord(Record):
    """The events of a trajectory, as in Trajectory; null for one that does not occur."""

    switch: EventRecord | None
    half: EventRecord | None
    done: EventRecord | None


class LargestRecord(Record):
    """Largest moduli over time of the correlations that stay small."""

    phi_other: Number
    upsilon_own: Number
    upsilon_global: Number
    upsilon_other: Number


class FinalRecord(Record):
    """The end of a trajectory."""

    phi_global: Number
    phi_own: Number
    own_attention: Number
    loss_gap: Number
    log_t: Number


class TraceRecord(Document):
    """A trace as stored; natural logarithms.

    remarks: where the configuration lies outside of what the theorems say. series: the trajectory
    by the names of SERIES, when it was asked for.
    """

    setting: MaeRecord | ContrastiveRecord
    engine: Engine
    events: EventsRecord
    max_abs: LargestRecord
    final: FinalRecord
    seconds: float
    remarks: tuple[str, ...] = ()
    series: dict[str, tuple[Number, ...]] | None = None


@dataclass(frozen=True, repr=False)
class Trace:
    """One configuration's dynamics. document: what is stored of it."""

    trajectory: Trajectory
    document: TraceRecord

    @property
    def record(self) -> dict[str, Any]:
        """The document as plain values, infinities as such."""
        return self.document.model_dump()

    def with_series(self) -> TraceRecord:
        """The document with the trajectory in it."""
        series = {name: tuple(getattr(self.trajectory, name).tolist()) for name in SERIES}
        return self.document.model_copy(update={"series": series})

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
    document = TraceRecord(
        setting=_describe(setting, objective, query),
        engine=engine,
        events=EventsRecord(
            **{name: _event(getattr(trajectory, name), predicted.get(name)) for name in EVENTS}
        ),
        max_abs=LargestRecord(**trajectory.max_abs()),
        final=FinalRecord(
            phi_global=trajectory.phi_global[-1],
            phi_own=trajectory.phi_own[-1],
            own_attention=trajectory.own_attention[-1],
            loss_gap=trajectory.loss_gap[-1],
            log_t=trajectory.log_t[-1],
        ),
        seconds=seconds,
        remarks=tuple(remarks(setting, objective, query, trajectory)),
    )
    return Trace(trajectory, document)


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


def _event(event: Event | None, predicted: Mapping[str, float] | None) -> EventRecord | None:
    if event is None:
        return None
    return EventRecord(
        log_t=event.log_t,
        phi_global=event.phi_global,
        phi_own=event.phi_own,
        predicted=dict(predicted or {}),
    )


def _describe(
    setting: Setting, objective: Objective, query: QueryKind
) -> MaeRecord | ContrastiveRecord:
    described: dict[str, Any] = {
        "query": query,
        "P": setting.P,
        "log10_P": setting.log_P / math.log(10),
        "kappa_c": setting.kappa_c,
        "kappa_s": setting.kappa_s,
        "gap": setting.information_gap,
        "gamma": setting.gamma,
        "clusters": setting.K,
        "latents": setting.latents.values,
        "C_1": setting.C_1,
        "C_s": setting.C_s,
    }
    if objective == "mae":
        return MaeRecord(objective="mae", **described)
    details = setting.contrastive
    negatives: int | Literal["inf"] = "inf"
    if math.isfinite(details.negatives):
        negatives = int(details.negatives)
    return ContrastiveRecord(objective="cl", **described, tau=details.tau, negatives=negatives)
