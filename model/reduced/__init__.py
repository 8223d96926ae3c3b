"""Reduced dynamics: training with areas of equal size lumped, at any P up to 1e300.

Rows of Q do not influence one another (MAE) or are all equal (CL), areas of one kind move together,
and masks enter through how many patches of every area they leave visible: by the law of that number
for MAE, by its mean (1-γ)·C_j for CL and for MAE with `counts="mean"`. Training is then an ordinary
differential equation in a handful of correlations (Definition 3.1), written so that no small
quantity is the difference of large ones: an attention of 1e-100 has as many correct digits as one
of 1/2.
"""

from __future__ import annotations

from refutable.model.reduced.contrastive import (
    ClRates,
    SoftmaxWeights,
    cl,
    cl_rates,
    softmax_weights,
)
from refutable.model.reduced.reconstruction import MaeRates, descend, mae, mae_rates

__all__ = [
    "ClRates",
    "MaeRates",
    "SoftmaxWeights",
    "cl",
    "cl_rates",
    "descend",
    "mae",
    "mae_rates",
    "softmax_weights",
]
