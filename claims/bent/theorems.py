"""What the main theorems say of a small trained model: where it attends to, and through what."""

from __future__ import annotations

import math

from refutable.claims.bent import dials
from refutable.claims.bent.plans import EPSILON, MISS, PATIENCE
from refutable.claims.bent.statement import NEARLY_ALL, SHOWN, Gaps
from refutable.claims.mae import laws
from refutable.gap import at_least, at_most
from refutable.model.bent.observation import Observed
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind

SPREAD_MISS = 0.14
"""The same where latents are ½ or 1½: half of the samples have a latent that collapses late. With
8 clusters the miss is 0.126 by then and falling, with 2 it has stopped at 0.195."""


def grown(run: Observed, kind: QueryKind) -> Gaps:
    """Queries of a kind attend to their own area, through its grown feature correlation."""
    seen = run.kinds[kind]
    yield at_least(
        f"{kind} queries whose largest area attention is their own area's",
        seen.own_largest[-1], NEARLY_ALL, 0, "nearly all masked queries with a visible own area",
    )  # fmt: skip
    yield at_least(
        f"own-area attention of the worst {kind} patch",
        seen.least_own[-1], 0.5, 0, "T_½ has passed for every patch and cluster",
    )  # fmt: skip
    yield at_least(
        f"Φ own over the largest other Φ, {kind} queries",
        seen.phi_own[-1] / max(seen.phi_other[-1], 1e-12), 3, 0,
        "others stay of order P^-(1-κ_s) log P while Φ own grows like log P",
    )  # fmt: skip


def collapsed(run: Observed, miss: float = MISS) -> Gaps:
    """Every query, whatever its area, attends to the global area."""
    yield at_least(
        SHOWN, 1 - run.none_visible, 1 - miss, 0,
        "where none is visible attention to it is 0 (cl.visible-global)",
    )  # fmt: skip
    for kind, seen in run.kinds.items():
        yield at_least(
            f"mean attention of {kind} queries to the global area",
            seen.global_attention[-1], 1 - miss, 0, f"1 - {miss:g}, asked for at the end",
        )  # fmt: skip
        yield at_least(
            f"{kind} queries whose largest area attention is the global area's",
            seen.global_largest[-1], NEARLY_ALL, 0, "nearly all queries",
        )  # fmt: skip
    yield at_least(
        "Φ global over the largest other Φ",
        run.local.phi_global[-1] / max(run.local.phi_other[-1], 1e-12), 3, 0,
        "the global feature dominates",
    )  # fmt: skip


def converges(_: Setting, run: Observed) -> Gaps:
    """Theorem 4.1."""
    for kind, seen in run.kinds.items():
        yield at_most(
            f"loss gap of the worst patch, {kind} part", seen.loss_gap[-1], EPSILON, 0,
            f"ε = {EPSILON:g} at {PATIENCE:g}·(K/(γρz⁴) + K/(4z²ε))",
        )  # fmt: skip


def global_case(_: Setting, run: Observed) -> Gaps:
    """Theorem 4.2 for a query in the global area."""
    yield from grown(run, "global")


def local_positive(_: Setting, run: Observed) -> Gaps:
    """Theorem 4.2 for a local query at a positive gap: Φ_1 falls first, then Φ_n grows."""
    yield from grown(run, "local")
    seen = run.local
    yield at_most(
        "Φ global over its largest rival among the others, local queries",
        seen.phi_global[-1] / max(seen.phi_other[-1], 1e-12), -1.5, 0,
        "the global feature is given up by an amount of order log P, the others by less",
    )  # fmt: skip
    switch, half = run.switch(), run.half("local")
    yield at_most(
        "T_1 over T_½",
        math.inf if half is None else (math.inf if switch is None else switch / half), 1, 0,
        "Φ_1 leads until T_1, before own attention reaches ½; the limit is 1/3",
    )  # fmt: skip


def local_negative(_: Setting, run: Observed) -> Gaps:
    """Theorem 4.2 for a local query at a negative gap: Φ_n leads from the start."""
    yield from grown(run, "local")
    seen = run.local
    moved = seen.phi_own[1] - seen.phi_own[0]
    yield at_most(
        "first change of Φ global over that of Φ own, local queries",
        abs(seen.phi_global[1] - seen.phi_global[0]) / max(abs(moved), 1e-12), 1, 0,
        "|α_1| < α_n from the start; the limit is 0",
    )  # fmt: skip


def collapses(_: Setting, run: Observed) -> Gaps:
    """Theorem 4.4."""
    yield from collapsed(run)


def local_attention_is_own(_: Setting, run: Observed) -> Gaps:
    """Every masked query attends to its own area."""
    for kind in ("local", "global"):
        seen = run.kinds[kind]
        yield at_least(
            f"{kind} queries whose largest area attention is their own area's",
            seen.own_largest[-1], NEARLY_ALL, 0, "nearly all with a visible own area",
        )  # fmt: skip


def mechanism(setting: Setting, run: Observed) -> Gaps:
    """Figure 4: attention to the own area through a grown Φ_n, and a suppressed Φ_1 if Δ > 0."""
    yield from grown(run, "local")
    if dials.information_gap(setting) > 0 and setting.latents.is_constant:
        depth = laws.depth_at_half(setting) / setting.latents.U
        yield at_most(
            "Φ global of local queries at the end", run.local.phi_global[-1], -depth, 0,
            "suppressed by the amount of local.crossover; at this size it falls further",
        )  # fmt: skip


def collapses_all_latents(_: Setting, run: Observed) -> Gaps:
    """cl.cluster-threshold: samples of small latents collapse, too."""
    yield from collapsed(run, SPREAD_MISS)
