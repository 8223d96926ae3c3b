"""Gradient descent from Q = 0, by automatic differentiation or by the closed forms.

A batch that repeats is an empirical population; an iterator of batches gives stochastic gradients.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import numpy as np
import torch

from refutable.model import data, engines, gradients, lumping, vit
from refutable.model.setting import Setting, SettingError
from refutable.model.shapes import Array, Float
from refutable.model.steps import GradientDescent
from refutable.model.trajectory import (
    Engine,
    Objective,
    QueryKind,
    Series,
    Trajectory,
    events,
)

Batches = data.Samples | data.Views | Iterable[data.Samples] | Iterable[data.Views]
Explicit = Literal["descent", "closed"]


def for_query_kind(setting: Setting, kind: QueryKind) -> int:
    """A patch of that kind in cluster 0, and in as many other clusters as possible.

    Where several areas qualify it avoids a last area of unequal size.
    """
    is_global = setting.area_of == 0
    agree = (is_global == (kind == "global")).sum(axis=0).astype(float)
    agree[is_global[0] != (kind == "global")] = -1.0
    if kind == "local":
        agree -= 0.5 * (setting.area_sizes[setting.area_of] != setting.C_s).mean(axis=0)
    return int(np.argmax(agree))


def default_step(setting: Setting, objective: Objective) -> float:
    """A step well inside the stable range: 1/(2U⁴) for MAE; P·min(1, τ)/(2U⁴) for CL.

    Curvature of a row is of order U⁴; the contrastive loss divides it by P and by τ.
    """
    eta = 0.5 / setting.latents.U**4
    return eta if objective == "mae" else eta * setting.P * min(1.0, setting.contrastive.tau)


def descend_mae(
    setting: Setting,
    query: int | QueryKind,
    batches: data.Samples | Iterable[data.Samples] | None = None,
    *,
    engine: Explicit = "closed",
    step: float | None = None,
    steps: int = 1000,
    loss_gap: float | None = None,
    records: int = 200,
    basis: Float[Array, "d d"] | None = None,
) -> Trajectory:
    """Train the MAE row of one query patch from Q = 0: Q ← Q - η∇L_p (rows do not interact).

    batches: one batch, repeated, or an iterable of batches; None is the exact population, possible
    for the closed engine where `lumping.rates` is. L*_p is the infimum over each batch.
    step: η (default `default_step`). Stops after `steps`, or when the loss gap reaches `loss_gap`.
    records: about how many log-spaced moments to keep. basis: (d, d), for the descent engine.
    Raises SettingError where lumping does, or when the descent engine has no batches.
    """
    patch = for_query_kind(setting, query) if isinstance(query, str) else query
    kind: QueryKind = "global" if setting.area_of[0, patch] == 0 else "local"
    eta = default_step(setting, "mae") if step is None else step
    if engine == "descent":
        if batches is None:
            raise SettingError("the descent engine needs a batch of samples")
        module = vit.MaskedAutoencoder(setting, basis)
        looks = engines.automatic(module, patch, _repeat(batches), eta)
    elif batches is None:
        looks = engines.lumped_mae(setting, patch, kind, eta)
    else:
        looks = engines.closed_mae(setting, patch, _repeat(batches), eta)
    return _trajectory(setting, "mae", kind, engine, looks, eta, steps, loss_gap, records)


def descend_cl(
    setting: Setting,
    query: int | QueryKind,
    batches: data.Views | Iterable[data.Views],
    *,
    engine: Explicit = "closed",
    step: float | None = None,
    steps: int = 1000,
    loss_gap: float | None = None,
    records: int = 200,
    basis: Float[Array, "d d"] | None = None,
) -> Trajectory:
    """Train the contrastive model from Q = 0 and watch one query patch; arguments as above.

    The closed engine keeps one row for all queries where they ask by position (cl.rank-one), and
    the whole matrix otherwise; the descent engine always trains the whole Q and assumes nothing.
    The loss gap is against all attention on the global areas, without the penalty there.
    """
    patch = for_query_kind(setting, query) if isinstance(query, str) else query
    kind: QueryKind = "global" if setting.area_of[0, patch] == 0 else "local"
    eta = default_step(setting, "cl") if step is None else step
    if engine == "descent":
        module = vit.ContrastiveViT(setting, basis)
        looks = engines.automatic(module, patch, _repeat(batches), eta)
    elif setting.contrastive.query == "position":
        looks = engines.pooled_cl(setting, patch, _repeat(batches), eta)
    else:
        looks = engines.matrix_cl(setting, patch, _repeat(batches), eta)
    return _trajectory(setting, "cl", kind, engine, looks, eta, steps, loss_gap, records)


def trace(
    setting: Setting,
    objective: Objective,
    query: QueryKind,
    *,
    engine: Engine = "closed",
    loss_gap: float = 0.01,
    seed: int = 0,
    steps: int = 100_000,
    size: int = 512,
) -> Trajectory:
    """One query's trajectory on the exact population where it is lumpable, else on drawn samples.

    size: how many samples to draw from `seed`; for the engine descent at most 32 MB of vectors.
    Raises SettingError for the reduced engine, which is not this module's.
    """
    if engine == "reduced":
        raise SettingError("descent has the engines descent and closed, not reduced")
    rng = np.random.default_rng(seed)
    patch = for_query_kind(setting, query)
    if engine == "descent":
        size = max(16, min(size, 4_000_000 // (setting.P * setting.dimension)))
    if objective == "cl":
        batch = data.views(setting, size, rng)
        return descend_cl(setting, patch, batch, engine=engine, loss_gap=loss_gap, steps=steps)
    if engine == "closed" and lumping.applies(setting):
        return descend_mae(setting, patch, engine=engine, loss_gap=loss_gap, steps=steps)
    samples = data.draw(setting, size, rng, masked=patch, stratified=True)
    return descend_mae(setting, patch, samples, engine=engine, loss_gap=loss_gap, steps=steps)


def train_closed(
    setting: Setting,
    batches: Batches,
    *,
    steps: int,
    step: float | None = None,
    start: Float[Array, "d d"] | None = None,
) -> Float[Array, "d d"]:
    """Train every patch at once by the closed forms; returns coordinates G = BᵀQB, (d, d).

    MAE on `Samples`, CL on `Views`. start: G at first, (d, d), 0 unless given.
    """
    P = setting.P
    G = np.zeros((setting.dimension, setting.dimension)) if start is None else start.copy()
    queries = np.arange(P)
    for batch in itertools.islice(_repeat(batches), steps):
        if isinstance(batch, data.Views):
            eta = default_step(setting, "cl") if step is None else step
            G += eta * gradients.contrastive_matrix(setting, batch, G)[0]
        else:
            eta = default_step(setting, "mae") if step is None else step
            alpha, beta, _ = gradients.reconstruction(setting, batch, queries, G[:P, P:], G[:P, :P])
            G[:P, P:] += eta * alpha
            G[:P, :P] += eta * beta
    return G


def train_module(
    module: vit.MaskedAutoencoder | vit.ContrastiveViT,
    batches: Batches,
    *,
    steps: int,
    step: float | None = None,
    optimizer: torch.optim.Optimizer | GradientDescent | None = None,
) -> Series:
    """Train the module's Q in place, all patches at once; returns the loss before each step.

    optimizer: over the module's parameters, plain gradient descent of size `step` unless given.
    """
    setting = module.setting
    objective: Objective = "mae" if isinstance(module, vit.MaskedAutoencoder) else "cl"
    eta = default_step(setting, objective) if step is None else step
    optimizer = optimizer or GradientDescent((tensor, eta) for tensor in module.parameters())
    values = []
    for _, loss in itertools.islice(engines.losses_of(module, _repeat(batches)), steps):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(loss.item())
    return np.array(values)


def _repeat(batches: Any) -> Iterator[Any]:
    """The same batch forever, or the batches of an iterable."""
    single = isinstance(batches, data.Samples | data.Views)
    return itertools.repeat(batches) if single else iter(batches)


def _trajectory(
    setting: Setting,
    objective: Objective,
    query: QueryKind,
    engine: Engine,
    looks: Iterator[engines.Look],
    eta: float,
    steps: int,
    loss_gap: float | None,
    records: int,
) -> Trajectory:
    """Follow an engine from t = 0 to the stop; events come from every step, records are thinned."""
    seen: list[engines.Look] = []
    for look in itertools.islice(looks, steps + 1):
        seen.append(look)
        if loss_gap is not None and look.loss_gap <= loss_gap and len(seen) > 1:
            break
    start, rest = seen[0], seen[1:]
    names = [field.name for field in dataclasses.fields(engines.Look)]
    series = {name: np.array([getattr(look, name) for look in rest], float) for name in names}
    log_t = np.log(eta * np.arange(1, len(rest) + 1))
    ahead = bool(abs(start.rate_global) > start.rate_own)
    switches = objective == "mae" and query == "local" and ahead
    switch, half, done = events(log_t, series, switches=switches, loss_gap=loss_gap)
    kept = np.arange(len(rest))
    if len(rest) > records:
        kept = np.unique(np.geomspace(1, len(rest), records).round().astype(int)) - 1
    return Trajectory(
        setting=setting,
        objective=objective,
        query=query,
        engine=engine,
        log_t=log_t[kept],
        switch=switch,
        half=half,
        done=done,
        **{name: values[kept] for name, values in series.items()},
    )
