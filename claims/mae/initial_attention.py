"""Initial attention: what an untrained MAE attends to, every visible patch alike (theory 3.4)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from refutable.claim import Case, Claim, Context, Provenance, Undecided
from refutable.claims.mae import initial_rates as rates
from refutable.claims.mae.initial_evidence import (
    ALL,
    GAP_SIDES,
    GROWING,
    OFF,
    SMALL,
    START,
    SYMBOLS,
    case_of,
    name_of,
)
from refutable.claims.mae.initial_rates import Growing
from refutable.claims.runs.plants import scaled
from refutable.gap import Gap, equal, identical
from refutable.model import correlations, data, enumeration, vit
from refutable.prove import limits

STATED_IN = ("refutable.claims.mae.initial_rates", "refutable.claims.mae.initial_evidence")
"""Where else parts of the statements are."""


attention = Claim(
    id="init.attention",
    title="Before training every key gets the same attention",
    statement=r"""$Q=0$: $A_j=|\mathcal U\cap\mathcal P_{k,j}|/P$, and given $p\in\mathcal M$
        $E A_j=\frac{(C_j-1\{j=n\})(P-M)}{P(P-1)}$.""",
    provenance=Provenance.DERIVED,
    assumptions=START,
    rests_on=("mask.moments",),
)


@attention.leg("exact", require=("K > 1", "random latents"))
def attention_by_masks(context: Context) -> Iterator[Gap | Case]:
    """The module at Q = 0 on every mask, in floats, and the exact mean of its area attention."""
    for setting in SMALL:
        yield case_of(setting)
        p, n = 0, int(setting.area_of[0, 0])
        samples = enumeration.population(setting, masked=p)
        X = torch.tensor(data.masked(setting, samples, data.basis(setting)))
        module = vit.MaskedAutoencoder(setting)
        with torch.no_grad():
            A = correlations.areas_of(setting, samples, module.attention(X, [p]).numpy())[:, 0]
        counts = np.stack(
            [
                np.bincount(setting.area_of[k][seen], minlength=setting.areas)
                for k, seen in zip(samples.cluster, samples.visible, strict=True)
            ]
        )
        share = counts / setting.P
        worst = np.unravel_index((np.abs(A - share) + 1e-30 * share).argmax(), A.shape)
        why = f"float64 sums of {setting.P} terms; where they differ most"
        yield equal(f"A_j against count/P, {name_of(setting)}", A[worst], share[worst], 1e-14, why)
        hidden = enumeration.masks(setting, masked=p)
        for j, size in enumerate(setting.area_sizes.tolist()):
            seen = hidden[:, setting.area_of[0] == j]
            measured = Fraction(int(seen.sum()), len(seen) * setting.P)
            predicted = rates.mean_attention(setting, size, own=j == n)
            yield identical(f"E A_{j}, {name_of(setting)}", measured, predicted, ALL)
    for setting in GROWING:
        yield case_of(setting)
        drawn, among = setting.P - setting.M, setting.P - 1
        for j, size, own in ((0, setting.C_1, False), (1, setting.C_s, True)):
            count = enumeration.count_moment(drawn, among, [(size - own, 1)])
            predicted = rates.mean_attention(setting, size, own=own)
            name = f"E A_{j}, P = 1e100, {name_of(setting)}"
            yield identical(name, count / setting.P, predicted, "exact hypergeometric mean")


@attention.leg("symbolic", require=tuple(GAP_SIDES.values()))
def attention_in_the_limit(context: Context) -> Iterator[Gap | Case | Undecided]:
    """The mean attention of an area tends to (1-γ)C/P, every allowed exponent at once."""
    for side, gap in GAP_SIDES.items():
        sizes = Growing(side)
        for C, kappa, name in ((sizes.C_1, 0, "global"), (sizes.C_s, 1, "local")):
            yield Case((gap,))

            def exponent(corner: limits.Corner, kappa: int = kappa) -> Any:
                return corner[kappa] - 1

            yield from limits.limit(
                f"E A, {name} area, {gap}",
                rates.mean_attention(sizes, C, own=name == "local"),
                (1 - sizes.gamma) * C / sizes.P,
                exponent,
                sizes.growth,
                SYMBOLS,
            )


attention.mistake(rates.mean_attention, "off by 5 %", scaled(OFF))
attention.mistake(correlations.areas_of, "a part in 1e9 too much", scaled(1 + 1e-9))
attention.mistake(
    rates.mean_attention,
    "p taken for visible",
    lambda original: lambda setting, size, own: original(setting, size, own=False),
)

CLAIMS = (attention,)
