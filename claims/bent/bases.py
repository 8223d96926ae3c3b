"""Bases: the small models on which statements are tried, as assumed.

A base is JSON-ready: sizes, latents and the number of clusters of a model of a few dozen patches.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from refutable.auditing.statement import Base
from refutable.claims.bent import dials
from refutable.model.setting import Contrastive, Latents, Setting
from refutable.model.trajectory import Objective

POSITIVE: Base = {"P": 36, "C_1": 21, "C_s": 3, "latents": [1.0]}
"""Δ = 0.39: (1-γ)C_1² = 220 > P·C_s = 108, so that |α_1| > α_n at first."""
NEGATIVE: Base = {"P": 36, "C_1": 9, "C_s": 4, "latents": [1.0]}
"""Δ = -0.16: C_1² = 81 < 144."""
SPREAD: Base = {"P": 36, "C_1": 21, "C_s": 3, "latents": [0.5, 1.5]}
"""Latents that are not constant, where the number of clusters decides."""
BOTH = (POSITIVE, NEGATIVE)
CLUSTERS: dict[Objective, int] = {"mae": 2, "cl": 8}
NEGATIVES = 32


def of_objective(base: Base, objective: Objective) -> Base:
    """A base that says which model is trained there: those who say the same share the training."""
    return {"objective": objective, **base}


def setting_of(base: Base, objective: Objective) -> Setting:
    """The setting of a base, as assumed."""
    values = base["latents"]
    if len(values) == 1:
        latents = Latents.constant(*values)
    elif base.get("law") == "uniform":
        L, U = values
        latents = Latents.uniform(L, U, nodes=8)
    else:
        latents = Latents.two_point(*values)
    plain = Setting.of_sizes(
        int(base["P"]),
        int(base["C_1"]),
        int(base["C_s"]),
        K=int(base.get("K", CLUSTERS[objective])),
        latents=latents,
        placement="random",
        contrastive=Contrastive(negatives=NEGATIVES),
    )
    return dials.of_sizes(plain, plain.C_1, plain.C_s)


def simpler(objective: Objective) -> Callable[[Base], st.SearchStrategy[Base]]:
    """Smaller models with the sign of the gap that a base has, constant latents first."""

    def bases(base: Base) -> st.SearchStrategy[Base]:
        positive = base["C_1"] ** 2 > base["P"] * base["C_s"]
        sizes = [(12, 8, 1), (16, 10, 2), (24, 15, 2)] if positive else [
            (12, 4, 2), (16, 5, 2), (24, 7, 3)
        ]  # fmt: skip
        clusters = [1, 2] if objective == "mae" else [2, 4, 8]
        same = {"objective": base["objective"]} if "objective" in base else {}
        return st.builds(
            lambda size, K, latents: {
                **same, "P": size[0], "C_1": size[1], "C_s": size[2], "K": K, "latents": latents,
            },
            st.sampled_from([*sizes, (base["P"], base["C_1"], base["C_s"])]),
            st.sampled_from(clusters),
            st.sampled_from([[1.0], list(base["latents"])]),
        )  # fmt: skip

    return bases
