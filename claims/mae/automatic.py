"""Automatic: the module's own derivatives at any Q, beside its attention and the closed forms.

A search draws small settings, samples of any weight, and Q with correlations of any scale in any
basis; whatever is claimed for every Q is compared there with automatic differentiation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch

from refutable import property as properties
from refutable.claim import Context, Evidence
from refutable.claims import assumptions
from refutable.gap import Gap, equal
from refutable.model import correlations, data, gradients, losses, vit

Floats = data.Floats
ROUNDING = 1e-13
"""Float64, relative to U³ (the largest an integrand can be of order): softmax and contractions of
at most some 60 terms per entry, each good to tens of units of 2e-16."""
REGIMES = (
    "K = 1",
    "K > 1",
    "random latents",
    "random placement",
    "several patches masked",
    "most patches masked",
    "γ ≠ ½",
    "z ≠ 1",
    "saturated attention",
)
"""What must have been visited: where any of these is missing a formula may be right by accident."""
BATCH = 4


def regimes_of(state: assumptions.State) -> Iterator[str]:
    """What a search must have visited."""
    yield from assumptions.regimes_of(state.setting)
    if state.correlations.scale > 2:
        yield "saturated attention"


class Measured:
    """One state with its loss, its gradient by automatic differentiation, and its attention.

    automatic: -BᵀL′(Q)B (d, d). attention: (B, P, P). A: (B, P, N). z: (B, N). own: (B, P).
    weight: (B, P) the sample's weight where the query is masked, else 0.
    """

    def __init__(self, state: assumptions.State) -> None:
        setting, rng = state.setting, np.random.default_rng(state.correlations.seed)
        self.setting, self.rng = setting, rng
        self.basis = data.random_rotation(setting, rng)
        self.samples = data.draw(setting, BATCH, rng)
        self.phi, self.upsilon = state.correlations.of(setting)
        features = rng.standard_normal((setting.features, setting.dimension))
        G = np.vstack([np.hstack([self.upsilon, self.phi]), features])
        self.module = vit.MaskedAutoencoder(setting, self.basis)
        self.module.Q.data = torch.from_numpy(self.basis @ G @ self.basis.T)
        self.loss = losses.reconstruction(self.module, self.samples)
        (gradient,) = torch.autograd.grad(self.loss, self.module.Q, create_graph=True)
        self.gradient = gradient
        self.automatic = -correlations.coordinates(gradient.detach().numpy(), self.basis)
        X = torch.from_numpy(data.masked(setting, self.samples, self.basis))
        self.attention = self.module.attention(X).detach().numpy()
        self.A = correlations.areas_of(setting, self.samples, self.attention)
        self.z = self.samples.latents
        self.own = setting.area_of[self.samples.cluster]
        self.weight = self.samples.weights[:, None] * ~self.samples.visible
        self.tolerance = ROUNDING * max(1.0, setting.latents.U**3)

    @property
    def per_query(self) -> tuple[Floats, Floats, Floats]:
        """z_n, A_n and Σ_{m≠n} z_m²A_m², each (B, P)."""
        z_n = np.take_along_axis(self.z, self.own, axis=1)
        A_n = np.take_along_axis(self.A, self.own[:, :, None], axis=2)[:, :, 0]
        return z_n, A_n, self.squares_without(self.own)

    def squares_without(self, own: data.Ints) -> Floats:
        """Σ_{m≠n} z_m²A_m², (B, P)."""
        is_own = np.arange(self.setting.areas) == own[:, :, None]
        return np.where(is_own, 0, (self.z[:, None, :] * self.A) ** 2).sum(axis=2)

    def closed(self) -> tuple[Floats, Floats, Floats]:
        """The code's closed forms α (P, K·N), β (P, P) and L_p (P,) at this Q."""
        queries = np.arange(self.setting.P)
        return gradients.reconstruction(self.setting, self.samples, queries, self.phi, self.upsilon)

    def is_own(self) -> data.Bools:
        """(P, K·N) whether a feature is that of the query's own area, in the feature's cluster."""
        own = self.setting.area_of.T  # (P, K)
        return (np.arange(self.setting.areas) == own[:, :, None]).reshape(self.setting.P, -1)

    def by_feature(self, per_area: Floats) -> Floats:
        """Σ_b weight · per_area (B, P, N) at the columns of the sample's cluster: (P, K·N)."""
        found = np.zeros((self.setting.P, self.setting.features))
        for b, k in enumerate(self.samples.cluster):
            block = correlations.of_cluster(self.setting, int(k), found)
            block += self.weight[b][:, None] * per_area[b]
        return found

    def gap(self, name: str, measured: Floats, predicted: Floats) -> Gap:
        """The entry of two arrays that differs most, as a gap."""
        worst = np.unravel_index(np.abs(measured - predicted).argmax(), measured.shape)
        return equal(
            name,
            measured[worst],
            predicted[worst],
            self.tolerance,
            "float64 rounding of sums of some 60 terms of order U³ at most: 1e-13·U³",
        )


def search(
    context: Context,
    gaps_of: Callable[[Measured], Iterable[Gap]],
    *,
    examples: int = 40,
    full: int = 400,
) -> Evidence:
    """Search small settings, samples of any weight and any Q in any basis."""
    return properties.search(
        context,
        assumptions.states(assumptions.settings()),
        lambda state: gaps_of(Measured(state)),
        examples=context.at(quick=examples, full=full),
        regimes_of=regimes_of,
        require=REGIMES,
    )
