"""What the paper says: the table of contents of the claims, and what is not checked.

The chapters follow the order of the theory: definitions, gradients, signs, initialisation, the
dynamics of MAE, the main theorems, contrastive learning, and the comparison. No chapter is imported
before it is asked for, so that `claims.checking` can be used without this paper.

From Python: `claims.verify(...)`, `claims.audit(...)` and `claims.trace(...)` do what the commands
of these names do, and return records with `.frame()` (pandas) and `.to_html()`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from claims.checking.audit import audit as audit
    from claims.checking.check import verify as verify
    from claims.tracing import trace as trace

CHAPTERS = {
    "claims.setup": "Data",
    "claims.masks": "Masks",
    "claims.gradients": "Gradients",
    "claims.structure": "Structure",
    "claims.signs": "Signs",
    "claims.sizes": "Sizes",
    "claims.loss": "The loss",
    "claims.lemma51": "Lemma 5.1",
    "claims.initialisation": "Initialisation",
    "claims.mae_positive": "MAE, local query, positive gap",
    "claims.mae_negative": "MAE, local query, negative gap",
    "claims.mae_crossover": "MAE, local query, any gap",
    "claims.mae_global": "MAE, global query",
    "claims.theorems": "Main theorems",
    "claims.contrastive_gradients": "Contrastive learning, gradients",
    "claims.contrastive_row": "Contrastive learning, one row for all patches",
    "claims.contrastive_start": "Contrastive learning, initialisation",
    "claims.contrastive_collapse": "Contrastive learning, the collapse",
    "claims.contrastive_locals": "Contrastive learning, what is not learned",
    "claims.contrastive_thresholds": "Contrastive learning, too few clusters",
    "claims.contrastive_decay": "Contrastive learning, too much weight decay",
    "claims.contrastive_readings": "Contrastive learning, readings of the definitions",
    "claims.comparison": "MAE against contrastive learning",
    "claims.tiers": "Links between the tiers",
    "claims.refuted": "First statements, refuted",
}
"""Modules of claims and their titles, in order."""

NOT_CHECKED = {
    "Figures 1 and 3 on natural images": (
        "they show pretrained ViT, DINO, MoCo and DeiT models; checked is their counterpart on the "
        "paper's own data model (contrast.diversity-mae, contrast.diversity-cl)"
    ),
    "Definitions and results that the source only numbers": (
        "of its 102 numbered statements the text at hand names ten; the others cannot be encoded"
    ),
    "The constants hidden in O, Θ and polylog of Theorem 4.1": (
        "an asymptotic statement has none; the sharpened claims state and check explicit ones"
    ),
}
"""What is deliberately not checked, with the reason."""

_VERBS = {
    "audit": "claims.checking.audit",
    "trace": "claims.tracing",
    "verify": "claims.checking.check",
}
"""Functions offered as `claims.NAME`, and the modules that they are loaded from."""


def __getattr__(name: str) -> Any:
    if name == "CLAIMS":
        modules = [importlib.import_module(chapter) for chapter in CHAPTERS]
        return tuple(claim for module in modules for claim in module.CLAIMS)
    if name == "AUDIT":
        return importlib.import_module("claims.audited").AUDIT
    if name in _VERBS:
        return getattr(importlib.import_module(_VERBS[name]), name)
    raise AttributeError(f"module 'claims' has no attribute {name!r}")
