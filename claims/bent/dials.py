"""The dials: every assumption of the theorems, and the ways in which it can be less than true."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from refutable.auditing.dial import Dial
from refutable.model.bent.perturbation import Perturbation
from refutable.model.bent.training import BATCH
from refutable.model.setting import KAPPA_C_RANGE, KAPPA_S_RANGE, Latents, Setting, SettingError


class Part(StrEnum):
    """The part of the setup that a dial enters."""

    DATA = "data"
    MASKS = "masks"
    INITIALISATION = "initialisation"
    OPTIMISER = "optimiser"
    ARCHITECTURE = "architecture"
    CONTRASTIVE = "contrastive"


Turn = Callable[[Setting, Perturbation, float], tuple[Setting, Perturbation]]


@dataclass(frozen=True)
class Placed:
    """A dial, and how it is turned."""

    dial: Dial
    turn: Turn


# --------------------------------------------------------------------------- how dials are turned


def field(name: str, of: Callable[[float], Any] = float) -> Turn:
    """Set one field of the perturbation."""
    return lambda setting, perturbation, value: (
        setting,
        dataclasses.replace(perturbation, **{name: of(value)}),
    )


def setting_field(name: str, of: Callable[[float], Any] = float) -> Turn:
    """Set one field of the setting."""
    return lambda setting, perturbation, value: (
        setting.replace(**{name: of(value)}),
        perturbation,
    )


def contrastive_field(name: str, of: Callable[[float], Any] = float) -> Turn:
    """Set one detail of the contrastive objective."""
    return lambda setting, perturbation, value: (
        setting.replace(contrastive=dataclasses.replace(setting.contrastive, **{name: of(value)})),
        perturbation,
    )


def with_latents(law: Callable[[float], Latents]) -> Turn:
    """Set the law of the latents."""
    return lambda setting, perturbation, value: (
        setting.replace(latents=law(value)),
        perturbation,
    )


def spread(ratio: float) -> Latents:
    """Two latents with U/L = ratio and mean 1; one when they coincide."""
    L = 2 / (1 + ratio)
    return Latents.constant(1.0) if ratio == 1 else Latents.two_point(L, ratio * L)


def from_zero(L: float) -> Latents:
    """L and 1 with equal chance; one latent when they coincide."""
    return Latents.constant(1.0) if L == 1 else Latents.two_point(L, 1.0)


LARGEST_BATCH = max(BATCH.values())
"""Samples per step as assumed, which a batch of 0 stands for: the training is the same one."""
CORRELATED = Latents.two_point(0.9, 1.1)
"""The law in which latents of different areas can be correlated; constant ones cannot."""


def correlate(
    setting: Setting, perturbation: Perturbation, value: float
) -> tuple[Setting, Perturbation]:
    """Random latents, one for all areas of a sample with this chance."""
    return setting.replace(latents=CORRELATED), dataclasses.replace(
        perturbation, latent_correlation=value
    )


def of_sizes(setting: Setting, C_1: int, C_s: int) -> Setting:
    """The setting with other sizes; exponents as sizes have them, as far as they are allowed."""

    def exponent(size: int, allowed: tuple[float, float]) -> float:
        low, high = allowed
        return min(max(math.log(size) / math.log(setting.P), low), high)

    kappa_c, kappa_s = exponent(C_1, KAPPA_C_RANGE), exponent(C_s, KAPPA_S_RANGE)
    return setting.replace(
        kappa_c=kappa_c,
        kappa_s=kappa_s,
        c_1=C_1 / setting.P**kappa_c,
        c_s=C_s / setting.P**kappa_s,
    )


def information_gap(setting: Setting) -> float:
    """Δ as the sizes have it: log(C_1²/(P·C_s))/log P (data.gap-meaning)."""
    return math.log(setting.C_1**2 / (setting.P * setting.C_s)) / math.log(setting.P)


def shrink_global(
    setting: Setting, perturbation: Perturbation, share: float
) -> tuple[Setting, Perturbation]:
    """A global area of this share of its size; the patches become local."""
    return of_sizes(setting, max(1, round(share * setting.C_1)), setting.C_s), perturbation


def cross_gap(
    setting: Setting, perturbation: Perturbation, way: float
) -> tuple[Setting, Perturbation]:
    """The information gap Δ(1 - way), by the size of the global area."""
    if way == 0:
        return setting, perturbation
    gap = information_gap(setting) * (1 - way)
    C_1 = round(math.sqrt(setting.P ** (1 + gap) * setting.C_s))
    return of_sizes(setting, C_1, setting.C_s), perturbation


def enlarge_local(
    setting: Setting, perturbation: Perturbation, share: float
) -> tuple[Setting, Perturbation]:
    """A local area of this share of the global one's size, and no smaller than it was.

    The other local areas give the patches, one being left to each; then the global area gives.
    """
    while True:
        size = max(setting.C_s, round(share * setting.C_1))
        if size + setting.locals - 1 <= setting.P - setting.C_1:
            break
        setting = of_sizes(setting, setting.C_1 - 1, setting.C_s)
    return setting, dataclasses.replace(perturbation, largest_local=size / setting.C_s)


def switch(name: str, turn: Turn, off: str, on: str, **rest: Any) -> Placed:
    """A dial of two positions."""
    labels = {0.0: off, 1.0: on}
    return Placed(Dial(name=name, grid=(0.0, 1.0), labels=labels, **rest), turn)


def scan(
    name: str,
    turn: Turn,
    grid: tuple[float, ...],
    coarse: tuple[float, ...],
    *,
    whole: bool = False,
    **rest: Any,
) -> Placed:
    """A dial of many positions."""
    return Placed(
        Dial(name=name, grid=grid, coarse=coarse, whole=whole, **rest),
        turn,
    )


# ---------------------------------------------------------------------------------------- the dials

DATA: dict[str, Any] = {"enters": Part.DATA}
MASKS: dict[str, Any] = {"enters": Part.MASKS, "source": "Definition 2.5"}
TRAINING: dict[str, Any] = {"enters": Part.OPTIMISER}
CONTRASTIVE: dict[str, Any] = {
    "enters": Part.CONTRASTIVE,
    "assumption": "contrastive details",
    "source": "Definition 2.7",
}

PLACED: tuple[Placed, ...] = (
    scan(
        "feature-coherence", field("feature_coherence"),
        (0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9), (0, 0.1, 0.3, 0.7),
        assumption="orthonormal features", source="Definition 2.1",
        title="inner product μ of any two features of a cluster", **DATA,
    ),
    scan(
        "shared-global-feature", field("shared_global"),
        (0, 0.1, 0.25, 0.5, 0.75, 1), (0, 0.25, 0.5, 1),
        assumption="orthonormal features", source="Definition 2.1",
        title="inner product of the global features of two clusters; 1: they share one", **DATA,
    ),
    scan(
        "position-coherence", field("position_coherence"),
        (0, 0.1, 0.3, 0.5, 0.7, 0.9), (0, 0.3, 0.9),
        assumption="orthonormal positions", source="Definition 2.1",
        title="inner product of any two positional encodings", **DATA,
    ),
    scan(
        "position-feature-overlap", field("position_feature_overlap"),
        (0, 0.05, 0.1, 0.2, 0.4, 0.7), (0, 0.1, 0.4),
        assumption="orthonormal positions", source="Definition 2.1",
        title="inner product of e_p with the feature of its area in the first cluster", **DATA,
    ),
    scan(
        "noise", field("noise"),
        (0, 0.1, 0.2, 0.5, 1, 2), (0, 0.2, 1),
        assumption="exact features", source="Definition 2.1",
        title="length σ of the noise added to every patch, beside latents of 1", **DATA,
    ),
    scan(
        "latent-jitter", field("latent_jitter"),
        (0, 0.1, 0.25, 0.5, 0.75, 1), (0, 0.25, 1),
        assumption="constant-in-area latent", source="Definition 2.1",
        title="relative half-width of the jitter of z from patch to patch", **DATA,
    ),
    scan(
        "smallest-latent", with_latents(from_zero),
        (1, 0.8, 0.6, 0.4, 0.2, 0.1, 0), (1, 0.6, 0.2, 0),
        assumption="latents bounded away from 0", source="Definition 2.1",
        title="L, where latents are L or 1 with equal chance", **DATA,
    ),
    scan(
        "latent-ratio", with_latents(spread),
        (1, 1.25, 1.5, 2, 3, 4), (1, 1.5, 3),
        assumption="latents bounded away from 0", source="Definition 2.1",
        title="U/L, where latents are L or U with equal chance and mean 1", **DATA,
    ),
    scan(
        "latent-correlation", correlate,
        (0, 0.25, 0.5, 0.75, 1), (0, 0.5, 1),
        assumption="latents bounded away from 0", source="Definition 2.1",
        title="chance that all areas of a sample share one latent, 0.9 or 1.1", **DATA,
    ),
    scan(
        "sign-flips", field("sign_flips"),
        (0, 0.02, 0.05, 0.1, 0.25, 0.5), (0, 0.05, 0.25),
        assumption="latents bounded away from 0", source="Definition 2.1",
        title="chance that the latent of an area has the other sign", **DATA,
    ),
    scan(
        "initial-scale", field("init_scale"),
        (0, 0.1, 0.3, 1, 3, 10, 30), (0, 1, 10),
        assumption="zero initialisation", source="Definition 2.4", enters=Part.INITIALISATION,
        title="σ_0: correlations start with standard deviation σ_0/√d",
    ),
    scan(
        "value-perturbation", field("value_perturbation"),
        (0, 0.1, 0.3, 0.5, 1), (0, 0.3, 1),
        assumption="fixed identity value matrix", source="Definitions 2.4 and 2.6",
        enters=Part.ARCHITECTURE, title="ε in W^V = I + εG, entries of G of variance 1/d",
    ),
    scan(
        "value-training", field("value_training"),
        (0, 1e-5, 1e-4, 1e-3, 1e-2, 0.1), (0, 1e-4, 1e-2),
        assumption="fixed identity value matrix", source="Definitions 2.4 and 2.6",
        enters=Part.ARCHITECTURE, title="learning rate of W^V over that of Q",
    ),
    scan(
        "block-masks", field("block_masks"),
        (0, 0.25, 0.5, 0.75, 1), (0, 0.5, 1),
        assumption="uniform masking",
        title="chance that a mask is one contiguous block", **MASKS,
    ),
    switch(
        "bernoulli-masks", field("bernoulli_masks", bool), "exactly M", "independently",
        assumption="uniform masking", title="whether patches are masked independently", **MASKS,
    ),
    scan(
        "high-masking", setting_field("gamma"),
        (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98), (0.5, 0.8, 0.98),
        assumption="uniform masking", title="masking ratio γ towards 1", **MASKS,
    ),
    scan(
        "low-masking", setting_field("gamma"),
        (0.5, 0.4, 0.3, 0.2, 0.1, 0.05), (0.5, 0.2, 0.05),
        assumption="uniform masking", title="masking ratio γ towards 0", **MASKS,
    ),
    scan(
        "large-local-area", enlarge_local,
        (0, 0.5, 0.7, 0.8, 0.9, 1, 1.1), (0, 0.7, 0.9, 1.1),
        assumption="size separation κ_c > κ_s", source="Definition 2.1",
        title="size of one local area over that of the global one", **DATA,
    ),
    scan(
        "small-global-area", shrink_global,
        (1, 0.8, 0.6, 0.5, 0.4, 0.3), (1, 0.6, 0.3),
        assumption="size separation κ_c > κ_s", source="Definition 2.1",
        title="size of the global area over the assumed one", **DATA,
    ),
    scan(
        "gap-crossing", cross_gap,
        (0, 0.25, 0.5, 0.75, 1, 1.5, 2), (0, 0.5, 1, 2),
        assumption="gap bounded away from 0", source="Theorems 4.1 and 4.2",
        title="1 - Δ/Δ_assumed: at 1 the gap is 0, at 2 it has the other sign", **DATA,
    ),
    scan(
        "batch", field("batch", lambda size: 0 if size == LARGEST_BATCH else int(size)),
        (LARGEST_BATCH, 32, 16, 8, 4, 2), (LARGEST_BATCH, 16, 4), whole=True,
        assumption="population gradient", source="Definitions 2.5 and 2.7",
        title="fresh samples per step", **TRAINING,
    ),
    scan(
        "momentum", field("momentum"),
        (0, 0.3, 0.5, 0.8, 0.9, 0.95), (0, 0.5, 0.9),
        assumption="plain gradient descent", source="Definitions 2.5 and 2.7",
        title="heavy-ball momentum", **TRAINING,
    ),
    switch(
        "adam", field("optimiser", lambda on: "adam" if on else "descent"), "descent", "Adam",
        assumption="plain gradient descent", source="Definitions 2.5 and 2.7",
        title="Adam in place of gradient descent", **TRAINING,
    ),
    scan(
        "weight-decay", field("weight_decay"),
        (0, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2), (0, 1e-5, 1e-4, 1e-3, 3e-2),
        assumption="plain gradient descent", source="Definitions 2.5 and 2.7",
        title="λ of (λ/2)‖Q‖²", **TRAINING,
    ),
    scan(
        "step", field("step_factor"),
        (1, 2, 4, 8, 16, 32), (1, 4, 16),
        assumption="small step", source="Theorems 4.1 and 4.4",
        title="step η over the one of the tests, at the same training time", **TRAINING,
    ),
    scan(
        "clusters", setting_field("K", int),
        (8, 6, 4, 3, 2, 1), (8, 3, 2, 1), whole=True,
        assumption="many clusters", source="Theorem 4.4", title="number of clusters K", **DATA,
    ),
    switch(
        "shared-partition", setting_field("shared_partition", bool), "own", "shared",
        assumption="many clusters", source="Definition 2.1",
        title="whether all clusters have the same areas", **DATA,
    ),
    scan(
        "low-temperature", contrastive_field("tau"),
        (1, 0.5, 0.3, 0.2, 0.1, 0.05), (1, 0.3, 0.1),
        title="τ towards 0", **CONTRASTIVE,
    ),
    scan(
        "high-temperature", contrastive_field("tau"),
        (1, 3, 10, 100), (1, 10, 100),
        title="τ towards infinity", **CONTRASTIVE,
    ),
    scan(
        "negatives", contrastive_field("negatives", int),
        (32, 16, 8, 4, 2, 1), (32, 8, 2, 1), whole=True,
        title="number of negatives N_c", **CONTRASTIVE,
    ),
    switch(
        "views", contrastive_field("views", lambda on: "complementary" if on else "independent"),
        "independent", "complementary",
        title="masks of the two views", **CONTRASTIVE,
    ),
    switch(
        "keys",
        contrastive_field("keys", lambda on: "feature+position" if on else "feature"),
        "feature", "feature+position",
        title="what keys consist of", **CONTRASTIVE,
    ),
    switch(
        "queries",
        contrastive_field("query", lambda on: "feature+position" if on else "position"),
        "position", "feature+position",
        title="what queries consist of", **CONTRASTIVE,
    ),
    switch(
        "no-stop-gradient", field("stop_gradient", lambda on: not on), "stopped", "flows",
        title="gradient through the second argument of Sim", **CONTRASTIVE,
    ),
    switch(
        "normalised-similarity", field("normalised", bool), "inner product", "cosine",
        title="what Sim is", **CONTRASTIVE,
    ),
    scan(
        "heads", field("heads", int), (1, 2), (1, 2), whole=True,
        assumption="one head, one layer", source="Definitions 2.4 and 2.6",
        enters=Part.ARCHITECTURE, title="number of heads, averaged",
    ),
    scan(
        "layers", field("layers", int), (1, 2), (1, 2), whole=True,
        assumption="one head, one layer", source="Definitions 2.4 and 2.6",
        enters=Part.ARCHITECTURE, title="number of attention layers",
    ),
)  # fmt: skip

DIALS: tuple[Dial, ...] = tuple(placed.dial for placed in PLACED)
"""Every dial, in the order of the assumptions."""

TURNS: Mapping[str, Turn] = {
    placed.dial.name: placed.turn
    for placed in sorted(PLACED, key=lambda placed: placed.turn is enlarge_local)
}
"""How each is turned, in the order in which several are: the size of a local area comes last, being
relative to the global one's."""


def place(setting: Setting, dials: Mapping[str, float]) -> tuple[Setting, Perturbation]:
    """The setting and the perturbation with these dials turned.

    SettingError or PerturbationError when they cannot go together, as two that set the same thing.
    """
    perturbation = Perturbation()
    turned_by: dict[str, str] = {}
    for name in (name for name in TURNS if name in dials):
        before = _fields(setting, perturbation)
        setting, perturbation = TURNS[name](setting, perturbation, dials[name])
        for what, value in _fields(setting, perturbation).items():
            if value == before[what]:
                continue
            if what in turned_by:
                raise SettingError(
                    f"dials {turned_by[what]!r} and {name!r} both set {what}: turn one of them"
                )
            turned_by[what] = name
    return setting, perturbation


def _fields(setting: Setting, perturbation: Perturbation) -> dict[str, Any]:
    """Everything that a dial can set, by name."""
    records = (setting.contrastive, setting, perturbation)
    return {
        f.name: getattr(record, f.name)
        for record in records
        for f in dataclasses.fields(record)
        if f.name != "contrastive"
    }
