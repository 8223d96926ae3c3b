"""The losses written a second time in SymPy, from the definitions, sharing no code with the rest.

Exponentials become positive symbols: with s = e^{zΦ + ...}, ∂/∂Φ acts as z·s·∂/∂s, so losses are
rational functions and an identity is decided by expanding a numerator. Two families: whole small
populations, and one sample with any number of areas, the untouched ones entering through sums.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import sympy as sp

Key = Literal["own", "other", "masked"]


def is_identity(left: sp.Expr, right: sp.Expr) -> bool:
    """Whether two rational functions are equal everywhere: the numerator of left - right is 0."""
    numerator, _ = sp.fraction(sp.together(left - right))
    return sp.expand(numerator) == 0


def _positive(names: str) -> Any:
    return sp.symbols(names, positive=True)


@dataclass(frozen=True)
class GeneralMae:
    """One sample with query p masked in area n, and any number of areas (Definitions 2.4, 2.5).

    s_n, s_j: Σ over visible keys of e^{e_pᵀQ(X_q + e_q)} in the own area n and another area j.
    W, S2: Σ s_m and Σ z_m²s_m² over all other areas. R: Σ e^{Υ} over masked keys.
    y: the part of s_n, s_j or R that belongs to one key q, taken from the area that `key` names.
    """

    key: Key | None = None
    z_n: sp.Symbol = field(default_factory=lambda: _positive("z_n"))
    z_j: sp.Symbol = field(default_factory=lambda: _positive("z_j"))
    s_n: sp.Symbol = field(default_factory=lambda: _positive("s_n"))
    s_j: sp.Symbol = field(default_factory=lambda: _positive("s_j"))
    W: sp.Symbol = field(default_factory=lambda: _positive("W"))
    S2: sp.Symbol = field(default_factory=lambda: _positive("S_2"))
    R: sp.Symbol = field(default_factory=lambda: _positive("R"))
    y: sp.Symbol = field(default_factory=lambda: _positive("y"))

    @property
    def weights(self) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
        """Weight of area n, of area j, of all masked keys, the split-off key y included."""
        parts = zip(("own", "other", "masked"), (self.s_n, self.s_j, self.R), strict=True)
        own, other, masked = (s + (self.y if self.key == name else 0) for name, s in parts)
        return own, other, masked

    @property
    def total(self) -> sp.Expr:
        """The softmax denominator."""
        return sum(self.weights) + self.W

    @property
    def A_n(self) -> sp.Expr:
        """Attention of the own area."""
        return self.weights[0] / self.total

    @property
    def A_j(self) -> sp.Expr:
        """Attention of area j."""
        return self.weights[1] / self.total

    @property
    def others(self) -> sp.Expr:
        """Σ_{m≠n} z_m²A_m²."""
        return self.z_j**2 * self.A_j**2 + self.S2 / self.total**2

    @property
    def loss(self) -> sp.Expr:
        """½‖F_p - X_p‖², squared coefficient by coefficient of the orthonormal features."""
        return ((self.z_n * self.A_n - self.z_n) ** 2 + self.others) / 2

    def own_rate(self) -> sp.Expr:
        """-∂loss/∂Φ_{p→v_n}, by differentiation (key None)."""
        return -self.z_n * self.s_n * sp.diff(self.loss, self.s_n)

    def other_rate(self) -> sp.Expr:
        """-∂loss/∂Φ_{p→v_j}, by differentiation (key None)."""
        return -self.z_j * self.s_j * sp.diff(self.loss, self.s_j)

    def position_rate(self) -> sp.Expr:
        """-∂loss/∂Υ_{p→q}, by differentiation, q the key split off."""
        return -self.y * sp.diff(self.loss, self.y)


@dataclass(frozen=True)
class GeneralCl:
    """⟨Σ_i A_i z_i v_i, G⟩ of one query on one view, any number of areas, G = Σ g_i v_i constant.

    s_j: weight of area j's visible keys; W, H: Σ s_m and Σ z_m g_m s_m over all other areas;
    R: weight of the masked keys; y: one key's part of s_j ("own") or of R ("masked").
    """

    key: Literal["own", "masked"] | None = None
    z_j: sp.Symbol = field(default_factory=lambda: _positive("z_j"))
    s_j: sp.Symbol = field(default_factory=lambda: _positive("s_j"))
    W: sp.Symbol = field(default_factory=lambda: _positive("W"))
    R: sp.Symbol = field(default_factory=lambda: _positive("R"))
    y: sp.Symbol = field(default_factory=lambda: _positive("y"))
    g_j: sp.Symbol = field(default_factory=lambda: sp.Symbol("g_j", real=True))
    H: sp.Symbol = field(default_factory=lambda: sp.Symbol("H", real=True))

    @property
    def weight(self) -> sp.Expr:
        """Weight of area j, its split-off key included."""
        return self.s_j + (self.y if self.key == "own" else 0)

    @property
    def total(self) -> sp.Expr:
        """The softmax denominator."""
        return self.weight + self.W + self.R + (self.y if self.key == "masked" else 0)

    @property
    def A_j(self) -> sp.Expr:
        """Attention of area j."""
        return self.weight / self.total

    @property
    def pooled(self) -> sp.Expr:
        """S = Σ_i A_i z_i g_i."""
        return (self.z_j * self.g_j * self.weight + self.H) / self.total

    def feature_rate(self) -> sp.Expr:
        """∂S/∂Φ_j, by differentiation (key None)."""
        return self.z_j * self.s_j * sp.diff(self.pooled, self.s_j)

    def position_rate(self) -> sp.Expr:
        """∂S/∂Υ_q, by differentiation, q the key split off."""
        return self.y * sp.diff(self.pooled, self.y)


def softmax_rates() -> tuple[sp.Expr, sp.Expr, sp.Expr, sp.Expr]:
    """-∂/∂σ_0 and -∂/∂σ_s of -τ log softmax(σ/τ)_0 by differentiation, and w_0, w_s.

    Any number of negatives: s is one of them, the rest enter through their sum.
    """
    E_0, E_s, rest, tau = _positive("E_0 E_s E_rest tau")
    total = E_0 + E_s + rest
    loss = -tau * sp.log(E_0 / total)
    positive, negative = (-(E / tau) * sp.diff(loss, E) for E in (E_0, E_s))
    return sp.simplify(positive), sp.simplify(negative), E_0 / total, E_s / total


@dataclass(frozen=True)
class SmallMae:
    """A whole MAE population of one query: loss L_p as a rational function.

    loss: L_p. x: e^{Φ_{p→v_{k,j}}} by (k, j). y: e^{Υ_{p→q}} by q. Latents must be whole numbers,
    so that e^{zΦ} = x^z stays rational.
    """

    loss: sp.Expr
    x: Mapping[tuple[int, int], sp.Symbol]
    y: Sequence[sp.Symbol]

    def feature_rate(self, k: int, j: int) -> sp.Expr:
        """α_{p→v_{k,j}} = -∂L_p/∂Φ, by differentiation."""
        return -self.x[k, j] * sp.diff(self.loss, self.x[k, j])

    def position_rate(self, q: int) -> sp.Expr:
        """β_{p→q} = -∂L_p/∂Υ, by differentiation."""
        return -self.y[q] * sp.diff(self.loss, self.y[q])


def small_mae(
    areas: Sequence[Sequence[int]],
    masked: int,
    latents: Mapping[int, sp.Rational],
    query: int,
) -> SmallMae:
    """L_p of `query` by summing over every cluster, latent vector and mask (Definition 2.5).

    areas[k][q]: area of patch q in cluster k. masked: size of ℳ. latents: probability by value.
    """
    K, P, N = len(areas), len(areas[0]), 1 + max(map(max, areas))
    x = {(k, j): sp.Symbol(f"x_{k}_{j}", positive=True) for k in range(K) for j in range(N)}
    y = [sp.Symbol(f"y_{q}", positive=True) for q in range(P)]
    masks = list(itertools.combinations(range(P), masked))
    loss = sp.Integer(0)
    for k, z, mask in itertools.product(
        range(K), itertools.product(latents, repeat=N), (m for m in masks if query in m)
    ):
        chance = sp.prod([latents[value] for value in z]) / (K * len(masks))
        # A masked key keeps its positional encoding and loses its patch.
        weights = [
            y[q] * (1 if q in mask else x[k, areas[k][q]] ** z[areas[k][q]]) for q in range(P)
        ]
        output = [
            sum(weights[q] for q in range(P) if areas[k][q] == j and q not in mask) * z[j]
            for j in range(N)
        ]
        error = [output[j] / sum(weights) - (z[j] if j == areas[k][query] else 0) for j in range(N)]
        loss += chance * sum(e**2 for e in error) / 2
    return SmallMae(loss, x, y)


@dataclass(frozen=True)
class View:
    """A masked sample: cluster, latents by area, visible patches."""

    cluster: int
    latents: tuple[sp.Rational, ...]
    visible: frozenset[int]


@dataclass(frozen=True)
class SmallCl:
    """The contrastive loss of a tiny batch; the second arguments of Sim have symbols of their own.

    phi: Φ_{p→v_{k,j}} by (p, k, j). upsilon: Υ_{p→q} by (p, q). frozen: each stopped symbol's twin.
    """

    loss: sp.Expr
    phi: Mapping[tuple[int, int, int], sp.Symbol]
    upsilon: Mapping[tuple[int, int], sp.Symbol]
    frozen: Mapping[sp.Symbol, sp.Symbol]

    def rate(self, symbol: sp.Symbol, at: Mapping[sp.Symbol, Any], digits: int = 30) -> sp.Expr:
        """-∂L_cl/∂symbol with the stop-gradient, evaluated at the given correlations."""
        return (-sp.diff(self.loss, symbol)).subs(self.frozen).evalf(digits, subs=dict(at))

    def value(self, at: Mapping[sp.Symbol, Any], digits: int = 30) -> sp.Expr:
        """L_cl at the given correlations."""
        return self.loss.subs(self.frozen).evalf(digits, subs=dict(at))


def small_cl(
    areas: Sequence[Sequence[int]],
    batch: Sequence[tuple[View, View, Sequence[View]]],
    tau: sp.Rational,
    *,
    positions: bool,
) -> SmallCl:
    """L_cl (Definition 2.7), queries by position, averaged over (first, second, negatives).

    areas[k][q]: area of patch q in cluster k. positions: whether keys carry e_q.
    """
    K, P, N = len(areas), len(areas[0]), 1 + max(map(max, areas))
    features = list(itertools.product(range(P), range(K), range(N)))
    phi = {i: sp.Symbol("Phi_{}_{}_{}".format(*i), real=True) for i in features}
    pairs = itertools.product(range(P), range(P))
    upsilon = {(p, q): sp.Symbol(f"Upsilon_{p}_{q}", real=True) for p, q in pairs}
    frozen = {sp.Symbol(f"{s}_stopped", real=True): s for s in [*phi.values(), *upsilon.values()]}
    stopped = {s: twin for twin, s in frozen.items()}

    def embedding(view: View) -> list[sp.Expr]:
        """Coefficients of F(X) on this cluster's features."""
        k, result = view.cluster, [sp.Integer(0)] * N
        for p in range(P):
            scores = [
                (view.latents[areas[k][q]] * phi[p, k, areas[k][q]] if q in view.visible else 0)
                + (upsilon[p, q] if positions else 0)
                for q in range(P)
            ]
            total = sum(sp.exp(score) for score in scores)
            for q in view.visible:
                j = areas[k][q]
                result[j] += sp.exp(scores[q]) / total * view.latents[j] / P
        return result

    def similarity(first: View, other: View) -> sp.Expr:
        if first.cluster != other.cluster:
            return sp.Integer(0)
        target = [f.subs(stopped) for f in embedding(other)]
        return sum(a * b for a, b in zip(embedding(first), target, strict=True))

    loss = sp.Integer(0)
    for first, second, negatives in batch:
        positive = sp.exp(similarity(first, second) / tau)
        others = sum(sp.exp(similarity(first, negative) / tau) for negative in negatives)
        loss += -tau * sp.log(positive / (positive + others)) / len(batch)
    return SmallCl(loss, phi, upsilon, frozen)
