"""The cosine's losses, where attention is on one area to the last digit."""

from __future__ import annotations

import pytest

from refutable.claims.contrastive import cosine
from refutable.model.setting import Contrastive, Latents, Setting


@pytest.mark.parametrize("L", [0.5, 0.125, 0.01])
def test_the_collapsed_loss_is_a_number_however_far_apart_latents_are(L: float) -> None:
    """At Φ_1 = ±60/L the largest latent's exponent, 60·U/L, leaves the range of doubles."""
    setting = Setting.of_sizes(
        10, 2, 2, K=2, latents=Latents.two_point(L, 1.5),
        contrastive=Contrastive(tau=0.4, negatives=1),
    )  # fmt: skip
    low, high = (
        cosine.loss(setting, (far / L, 0.0), cosine.similarity)[0]
        for far in (-cosine.FAR, cosine.FAR)
    )
    assert high - low == pytest.approx(cosine.predicted_excess(setting), abs=1e-9)
