"""The paper's pictures on its own data model: what is to be drawn, as plain numbers.

Figures 1 to 4 of the paper show vision transformers on images. Here they are the models of the
trained legs (torch on the whole of Q) on the data of Definition 2.1, small enough for seconds, and
the trajectories of Theorems 4.2 and 4.4 in the reduced dynamics.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from refutable.claims import tracing
from refutable.claims.comparison.diversity import NEAR, at_complete_attention, limit_diversity
from refutable.claims.runs import contrastive, masked
from refutable.claims.theorems import figure_4, theorem_4_1
from refutable.model import correlations, data
from refutable.model.setting import Contrastive, Setting
from refutable.model.trajectory import Objective

Picture = dict[str, Any]

EXAMPLE = Setting.of_sizes(
    64, 32, 4, kappa_c=5 / 6, kappa_s=1 / 3, K=3, contrastive=contrastive.FEW
)
"""8 × 8 patches, a global area of half of them and eight local ones; Δ = 1/3."""
LARGE = Setting(P=10**25, kappa_c=0.9, kappa_s=0.3, contrastive=Contrastive(negatives=math.inf))
"""Δ = 1/2, where predictions and events of MAE agree to eight digits."""


def trajectory(objective: Objective, seed: int = 0) -> Picture:
    """Record and series of a local query, as `claims trace` finds them."""
    setting = LARGE.replace(K=8) if objective == "cl" else LARGE
    found = tracing.trace(setting, objective, seed=seed)
    return {"record": found.record, "series": found.frame()}


def trained_mae(setting: Setting, seed: int) -> masked.TrainedMae:
    """The autoencoder of Theorem 4.1 on this data."""
    return masked.torch_mae(setting, seed, theorem_4_1.training_time(setting))


def trained_cl(setting: Setting, seed: int) -> contrastive.TrainedCl:
    """The contrastive model of Theorem 4.4 on this data."""
    time, step = contrastive.training_time(setting), contrastive.STEP * setting.P
    return contrastive.torch_cl(setting, seed, time, step)


def described(setting: Setting) -> dict[str, float]:
    """What a caption says of a setting."""
    return {
        "P": setting.P,
        "C_1": setting.C_1,
        "C_s": setting.C_s,
        "clusters": setting.K,
        "gap": setting.information_gap,
    }


def between_areas(
    setting: Setting, samples: data.Samples, A: data.Floats, chosen: data.Bools
) -> data.Floats:
    """Mean attention (N, N + 1) of an area's chosen patches on each area, and on masked keys.

    A: (B, P, N), as `correlations.area_attention` gives it. chosen: (B, P). The mean is over
    patches, samples and clusters.
    """
    own = setting.area_of[samples.cluster]
    rows = [A[chosen & (own == j)].mean(axis=0) for j in range(setting.areas)]
    return np.column_stack([rows, 1 - np.sum(rows, axis=1)])


def heat_maps(seed: int = 0) -> Picture:
    """mae, cl: (N, N + 1) mean attention of queries of each area on each area and masked keys.

    Queries of the autoencoder are masked patches whose area shows a patch; of CL, all patches.
    """
    mae, cl = trained_mae(EXAMPLE, seed), trained_cl(EXAMPLE, seed)
    everyone = np.ones_like(cl.test.visible)
    return {
        "setting": described(EXAMPLE),
        "mae": between_areas(EXAMPLE, mae.test, mae.attention(), mae.answerable()),
        "cl": between_areas(EXAMPLE, cl.test, cl.attention(), everyone),
    }


def hilbert(order: int) -> data.Ints:
    """(4**order, 2) cells of a square along Hilbert's curve: neighbours stay neighbours."""
    if order == 0:
        return np.zeros((1, 2), dtype=np.int64)
    part, side = hilbert(order - 1), 2 ** (order - 1)
    turned, up, across = part[:, ::-1], np.array([0, side]), np.array([side, side])
    last = np.array([2 * side - 1, side - 1]) - turned
    return np.concatenate([turned, part + up, part + across, last])


def data_model(seed: int = 0) -> Picture:
    """Images of every cluster: areas (K, 8, 8) of the patches, and one mask (K, 8, 8) each.

    Patches follow Hilbert's curve, so that areas are patches of the picture; nothing in the data
    model depends on the order.
    """
    cells = hilbert(3)
    samples = data.draw(EXAMPLE, EXAMPLE.K, np.random.default_rng(seed), stratified=True)

    def laid_out(values: np.ndarray) -> np.ndarray:
        square = np.empty((len(values), 8, 8), dtype=values.dtype)
        square[:, cells[:, 1], cells[:, 0]] = values
        return square

    return {
        "setting": described(EXAMPLE) | {"gamma": EXAMPLE.gamma},
        "areas": laid_out(EXAMPLE.area_of[samples.cluster]),
        "visible": laid_out(samples.visible),
    }


def diversity(seed: int = 0) -> Picture:
    """panels: for Δ > 0 and Δ < 0, D of MAE and CL over shares of the training time.

    Beside them the limit claimed for MAE, what is near enough, and what is compared with it: D
    extrapolated to complete attention.
    """
    panels = []
    for setting in (EXAMPLE, contrastive.SMALL[1]):
        mae, cl = trained_mae(setting, seed), trained_cl(setting, seed)
        panel: Picture = {"setting": described(setting)}
        for name, run, masked_only in (("mae", mae, True), ("cl", cl, False)):
            found = [
                correlations.diversity(run.test, run.attention(moment), masked_only=masked_only)
                for moment in range(len(run.times))
            ]
            panel[name] = {"shares": run.times / run.times[-1], "diversity": np.array(found)}
        panels.append(
            panel
            | {
                "limit": limit_diversity(setting),
                "near": NEAR,
                "extrapolated": at_complete_attention(mae),
            }
        )
    return {"panels": panels}


EDITS = {
    "as trained": {"own": True, "global_": True, "rest": True},
    "Φ own set to 0": {"own": False, "global_": True, "rest": True},
    "Φ global set to 0": {"own": True, "global_": False, "rest": True},
    "all else set to 0": {"own": True, "global_": True, "rest": False},
}
"""What is kept of a trained model's correlations, by what is said of it."""


def mechanism(seed: int = 0) -> Picture:
    """models: for Δ > 0 and Δ < 0, own attention of masked local patches with correlations removed.

    attention: by edit, (n,) one entry per local patch and cluster. weight: e^{zΦ_1}, (n,), the
    weight of a global patch against that at Q = 0.
    """
    models = []
    for setting in (masked.SMALL_POSITIVE, masked.SMALL_NEGATIVE):
        run = trained_mae(setting, seed)
        phi = masked.rows_of(run, "local").global_
        models.append(
            {
                "setting": described(setting),
                "attention": {name: figure_4.edited(run, **edit) for name, edit in EDITS.items()},
                "weight": np.exp(setting.latents.L * phi).ravel(),
            }
        )
    return {"models": models}


PICTURES: dict[str, Callable[[int], Picture]] = {
    "trajectory-mae": lambda seed: trajectory("mae", seed),
    "trajectory-cl": lambda seed: trajectory("cl", seed),
    "attention": heat_maps,
    "data-model": data_model,
    "diversity": diversity,
    "mechanism": mechanism,
}
"""Every picture by name, from a seed; some seconds in all."""
