"""What the paper says: the table of contents of the claims, and what is not checked.

The chapters follow the order of the theory: definitions, gradients, signs, initialisation, the
dynamics of MAE, the main theorems, contrastive learning, and the comparison. No chapter is imported
before it is asked for, so that `refutable` can be used without this paper.

From Python, `refutable.verify(...)`, `refutable.audit(...)` and `claims.tracing.trace(...)` do what
the commands of these names do, and return records with `.frame()` and `.to_html()`.
"""

from __future__ import annotations

import importlib
from typing import Any

CHAPTERS = {
    "refutable.claims.data.areas": "Areas",
    "refutable.claims.data.information_gap": "The information gap",
    "refutable.claims.data.masks": "Masks",
    "refutable.claims.data.concentration": "Masks, concentration",
    "refutable.claims.data.empty_area": "Masks, areas that are hidden whole",
    "refutable.claims.data.views": "Views",
    "refutable.claims.mae.gradients": "Gradients",
    "refutable.claims.mae.invariants": "Invariants",
    "refutable.claims.mae.symmetry": "Symmetry",
    "refutable.claims.mae.signs": "Signs",
    "refutable.claims.mae.sizes": "Sizes",
    "refutable.claims.mae.loss": "The loss",
    "refutable.claims.mae.loss_descent": "The loss, step by step",
    "refutable.claims.mae.any_step": "The loss, large steps",
    "refutable.claims.mae.lemma_5_1": "Lemma 5.1",
    "refutable.claims.mae.initial_attention": "Initialisation, attention",
    "refutable.claims.mae.initial_features": "Initialisation, rates of features",
    "refutable.claims.mae.initial_gap": "Initialisation, which feature leads",
    "refutable.claims.mae.initial_positions": "Initialisation, rates of positions",
    "refutable.claims.mae.local_positive": "MAE, local query, positive gap",
    "refutable.claims.mae.local_positive_end": "MAE, local query, positive gap, the end",
    "refutable.claims.mae.local_negative": "MAE, local query, negative gap",
    "refutable.claims.mae.local_crossover": "MAE, local query, any gap",
    "refutable.claims.mae.every_mask": "MAE, the exact population for every size",
    "refutable.claims.mae.small_areas": "MAE, local query, few patches",
    "refutable.claims.mae.spread_latents": "MAE, local query, random latents",
    "refutable.claims.mae.unequal_areas": "MAE, local query, areas of different sizes",
    "refutable.claims.mae.global_query": "MAE, global query",
    "refutable.claims.mae.enclosed_flow": "MAE, the flow enclosed at given P",
    "refutable.claims.mae.enclosed_counts": "MAE, fluctuating counts enclosed at given P",
    "refutable.claims.mae.mask_ratio": "MAE, the mask ratio",
    "refutable.claims.theorems.theorem_4_1": "Theorem 4.1",
    "refutable.claims.theorems.theorem_4_2": "Theorem 4.2",
    "refutable.claims.theorems.figure_4": "Figure 4",
    "refutable.claims.theorems.theorem_4_4": "Theorem 4.4",
    "refutable.claims.contrastive.gradients": "Contrastive learning, gradients",
    "refutable.claims.contrastive.shared_row": "Contrastive learning, one row for all patches",
    "refutable.claims.contrastive.lumping": "Contrastive learning, counts of visible patches",
    "refutable.claims.contrastive.start": "Contrastive learning, initialisation",
    "refutable.claims.contrastive.collapse": "Contrastive learning, the collapse",
    "refutable.claims.contrastive.leftovers": "Contrastive learning, what is not learned",
    "refutable.claims.contrastive.cluster_threshold": "Contrastive learning, enough clusters",
    "refutable.claims.contrastive.below_threshold": "Contrastive learning, too few clusters",
    "refutable.claims.contrastive.weight_decay": "Contrastive learning, too much weight decay",
    "refutable.claims.contrastive.readings": "Contrastive learning, readings of the definitions",
    "refutable.claims.contrastive.cosine": "Contrastive learning, cosine similarity",
    "refutable.claims.comparison.locality": "MAE against contrastive learning, locality",
    "refutable.claims.comparison.diversity": "MAE against contrastive learning, diversity",
    "refutable.claims.comparison.reconstruction": "MAE against contrastive learning, filling in",
    "refutable.claims.comparison.both_signs": "MAE against contrastive learning, both signs",
    "refutable.claims.comparison.combined": "MAE and contrastive learning at once",
    "refutable.claims.comparison.heads": "Several heads",
    "refutable.claims.figures.one_layer": "Figure 3, the one-layer model on real patches",
    "refutable.claims.mae.sampling_noise": "MAE by stochastic gradients",
    "refutable.claims.figures.diversity": "Figure 3, vision transformers of several layers",
    "refutable.claims.figures.controls": "Figure 3, controls",
    "refutable.claims.figures.conditions": "Figure 3, its conditions",
    "refutable.claims.figures.areas": "Figure 3 and the gap of an image",
    "refutable.claims.figures.locality": "Figure 1",
    "refutable.claims.mae.tiers": "Links between the tiers",
    "refutable.claims.comparison.generated": "Trained on generated settings",
    "refutable.claims.mae.first_order": "MAE, areas of finite size",
    "refutable.claims.mae.mean_counts": "Links between the tiers, mean counts",
    "refutable.claims.contrastive.mean_counts": "Links between the tiers, contrastive learning",
    "refutable.claims.contrastive.mask_counts": "Contrastive learning, fluctuating mask counts",
    "refutable.claims.tracing.predictions": "What a trace predicts",
}
"""Modules of claims and their titles, in order."""

BESIDE = ("model",)
"""Folders next to this one that decide what the claims say, too."""

PAPER = {
    "title": "A Theoretical Analysis of Self-Supervised Learning for Vision Transformers",
    "authors": ("Yu Huang", "Zixin Wen", "Yuejie Chi", "Yingbin Liang"),
    "link": "https://arxiv.org/abs/2403.02233",
}
"""What a report names at its top."""

MAIN = (
    "thm4.1",
    "thm4.2.global",
    "thm4.2.local+",
    "thm4.2.local-",
    "thm4.4",
    "contrast.both-signs",
)
"""What a reader sees first."""

NOT_CHECKED = {
    "Figures 1 and 3 in networks of the paper's size": (
        "no checkpoints ship; the figures are checked in small networks on real images (fig1.*, "
        "fig3.*), and in published ones with `claims figures --checkpoints DIR --images DIR`"
    ),
    "Definitions and results that the source only numbers": (
        "of its 102 numbered statements the text at hand names ten; the others cannot be encoded"
    ),
    "The constants hidden in O, Θ and polylog of Theorem 4.1": (
        "an asymptotic statement has none; the sharpened claims state and check explicit ones"
    ),
}
"""What is deliberately not checked, with the reason."""


LEGS_SHARE_A_PROCESS = True
"""The legs may follow each other in one process: they keep to the state that is put back."""


def __getattr__(name: str) -> Any:
    if name == "CLAIMS":
        modules = [importlib.import_module(chapter) for chapter in CHAPTERS]
        return tuple(claim for module in modules for claim in module.CLAIMS)
    if name == "AUDIT":
        return importlib.import_module("refutable.claims.bent.statements").AUDIT
    raise AttributeError(f"module 'refutable.claims' has no attribute {name!r}")
