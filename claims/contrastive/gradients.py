"""Contrastive learning: the exact gradients, for any Q and under every reading.

Sources: Definitions 2.6 and 2.7; the formulas are derived here from the definitions. z are latents,
w softmax weights (0 the positive), A area attention.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
import torch
from hypothesis import strategies as st

from refutable import property as properties
from refutable.claim import Claim, Context, Evidence, Provenance
from refutable.claims import assumptions
from refutable.gap import Gap, at_most, equal
from refutable.model import correlations, data, gradients, losses, vit
from refutable.model.setting import Contrastive, Latents, Setting
from refutable.prove import symbolic

ROUNDING = 1e-10
"""Relative: float64 sums of some hundred terms, exponents up to a few units, lose 3-5 digits."""


# ------------------------------------------------------------------- configurations for gradients


@dataclass(frozen=True)
class Instance:
    """A small setting, a matrix Q of the given scale, and a batch, all drawn from the seed."""

    setting: Setting
    scale: float
    batch: int
    seed: int

    def coordinates(self) -> data.Floats:
        """G = BᵀQB with independent normal entries."""
        d = self.setting.dimension
        return self.scale * np.random.default_rng(self.seed).standard_normal((d, d))

    def views(self) -> data.Views:
        """A contrastive batch."""
        return data.views(self.setting, self.batch, np.random.default_rng(self.seed + 1))


READINGS: tuple[dict[str, Any], ...] = tuple(
    {"keys": keys, "views": views, "query": query}
    for query in ("position", "feature+position")
    for keys in ("feature", "feature+position")
    for views in ("independent", "complementary")
)
"""Every reading of Definitions 2.6 and 2.7, the canonical one first."""


@st.composite
def details(draw: st.DrawFn) -> Contrastive:
    """Any reading of the contrastive objective, with few negatives."""
    return Contrastive(
        tau=draw(st.sampled_from([0.2, 1.0, 5.0])),
        negatives=draw(st.integers(1, 4)),
        weight_decay=draw(st.sampled_from([0.0, 0.3])),
        **draw(st.sampled_from(READINGS)),
    )


def instances() -> st.SearchStrategy[Instance]:
    """Any small setting under any reading, and any Q of scale up to 3."""
    settings = assumptions.settings(max_P=9, min_P=4, details=details())
    return st.builds(Instance, settings, st.floats(0, 3), st.integers(1, 4), assumptions.seeds())


LARGE = 1.0
"""From this scale of Q on attention is far from that at Q = 0."""


def regimes_of(instance: Instance) -> Iterator[str]:
    """The regimes of an instance: those of its setting, its reading, and the scale of Q."""
    yield from assumptions.regimes_of(instance.setting)
    if instance.scale >= LARGE:
        yield "large Q"


EVERY_READING = (
    "keys = feature",
    "keys = feature+position",
    "query = position",
    "query = feature+position",
)
EVERYWHERE = (
    *EVERY_READING,
    "views = independent",
    "views = complementary",
    "K > 1",
    "random latents",
    "several patches masked",
    "most patches masked",
    "several negatives",
    "τ < 1",
    "τ > 1",
    "large Q",
)
"""What must have been visited: where any of these is missing a formula may be right by accident."""


def autograd(setting: Setting, views: data.Views, G: data.Floats, seed: int) -> data.Floats:
    """-BᵀL′(Q)B by automatic differentiation of the torch module, in a random basis B."""
    basis = data.basis(setting, data.random_rotation(setting, np.random.default_rng(seed)))
    module = vit.ContrastiveViT(setting, basis)
    with torch.no_grad():
        module.Q.copy_(torch.from_numpy(basis @ G @ basis.T))
    losses.contrastive(module, views).backward()
    assert module.Q.grad is not None
    return -correlations.coordinates(module.Q.grad.numpy(), basis)


def closed_form(instance: Instance) -> data.Floats:
    """The same from the closed form: -BᵀL′(Q)B, by rows of patches where queries are positions."""
    setting, views, G = instance.setting, instance.views(), instance.coordinates()
    details = setting.contrastive
    if details.query == "feature+position":
        return gradients.contrastive_matrix(setting, views, G)[0]
    alpha, beta, _ = gradients.contrastive(
        setting, views, correlations.feature(setting, G), correlations.position(setting, G)
    )
    ascent = -details.weight_decay * G
    ascent[: setting.P] = np.column_stack([beta, alpha])
    return ascent


def same_matrix(name: str, instance: Instance, columns: slice) -> Iterator[Gap]:
    """The closed form agrees with automatic differentiation in these columns of coordinates."""
    setting = instance.setting
    by_autograd = autograd(setting, instance.views(), instance.coordinates(), instance.seed)
    error = np.abs(closed_form(instance) - by_autograd)[:, columns].max()
    unit = setting.latents.U**2 + setting.contrastive.weight_decay * max(instance.scale, 1)
    yield equal(
        name,
        error / unit,
        0,
        ROUNDING,
        "largest entry of the difference over U² + λ|Q|, an upper bound of the gradient's order; "
        "rounding of float64 only",
    )


# --------------------------------------------------------------------------------- the gradients

s_0, s_1, s_2, s_3, tau = sp.symbols("s_0 s_1 s_2 s_3 tau", positive=True)
W, T, z, P, x = sp.symbols("W T z P x", positive=True)
Y_0, Y_1, Y_2, R_0, R_1, R_2 = sp.symbols("Y_0 Y_1 Y_2 R_0 R_1 R_2", real=True)


def softmax_pull(w: Any, Y: Any) -> Any:
    """Pull g_j = (1-w_0)Y_0 - Σ_{s ≥ 1} w_s Y_s, claimed; Y_s = z_jA_j of view s, else 0."""
    return (1 - w[0]) * Y[0] - sum(ws * Ys for ws, Ys in zip(w[1:], Y[1:], strict=True))


def feature_rate(z: Any, A: Any, g: Any, S: Any) -> Any:
    """P·α_{p→v_j} on one sample, claimed: z_jA_{p,j}(z_jg_j - S_p)."""
    return z * A * (z * g - S)


def position_rate(attention: Any, visible: Any, z: Any, g: Any, S: Any) -> Any:
    """P·β_{p→q} on one sample, claimed: attn_{p→q}(1{q∈𝒰}z_jg_j - S_p)."""
    return attention * (visible * z * g - S)


def weights_of_loss() -> tuple[list[sp.Expr], list[sp.Expr]]:
    """Softmax weights w, and ∂L/∂Sim_s of L = -τ log softmax_0, one positive and three negatives.

    Negatives 1 and 2 are of the sample's cluster, 3 is not. Exponentials become positive symbols.
    """
    sims = sp.symbols("Sim_0:4", real=True)
    e = sp.symbols("omega_0:4", positive=True)
    loss = tau * sp.log(sum(sp.exp(s / tau) for s in sims)) - sims[0]
    as_symbols = {sp.exp(s / tau): symbol for s, symbol in zip(sims, e, strict=True)}
    slopes = [sp.diff(loss, s).subs(as_symbols) for s in sims]
    return [symbol / sum(e) for symbol in e], slopes


def sample_derivative(similarities: list[sp.Expr], variable: sp.Symbol, chain: sp.Expr) -> sp.Expr:
    """-dL/ds on one sample by the chain rule; variable = e^{…s…}, chain = d variable/ds."""
    _, slopes = weights_of_loss()
    return -sum(
        slope * sp.diff(sim, variable) * chain
        for slope, sim in zip(slopes, similarities, strict=True)
    )


gradient_feature = Claim(
    id="cl.gradient-feature",
    title="Contrastive gradient along features",
    statement=(
        r"\alpha_{p\to v_{k,j}} = \tfrac{1}{KP}\,E[z_jA_{p,j}(z_jg_j-S_p)\mid k] - "
        r"\lambda\Phi_{p\to v_{k,j}}\text{ with }g_j = (1-w_0)z_jA_j^{++} - "
        r"\sum_{s\,\text{same}}w_sz_j^{(s)}A_j^{-,s}\text{, }S_p=\sum_iA_{p,i}z_ig_i\text{, for "
        r"any }Q\text{; also in matrix form when queries carry features}"
    ),
    provenance=Provenance.DERIVED,
    assumptions=("orthonormal features", "orthonormal positions", "fixed identity value matrix"),
)


@gradient_feature.leg("symbolic")
def feature_rate_by_the_chain_rule(context: Context) -> Iterator[Gap]:
    """The derivative of the loss of one sample, for any number of areas and keys."""
    # W: weight of area j. T: that of everything else, R_s: its part of P·Sim_s, both free of Φ_j.
    # So the identity stands for any number of areas and keys; other queries drop out of d/dΦ_j.
    w, _ = weights_of_loss()
    Y, R = [Y_0, Y_1, Y_2, sp.Integer(0)], [R_0, R_1, R_2, sp.Integer(0)]
    sims = [(W * z * Ys + Rs) / (W + T) / P for Ys, Rs in zip(Y, R, strict=True)]
    g = softmax_pull(w, Y)
    S = (W * z * g + softmax_pull(w, R)) / (W + T)
    yield symbolic.identity(
        "α_{p→v_j} on one sample",
        sample_derivative(sims, W, z * W),
        feature_rate(z, W / (W + T), g, S) / P,
        "any number of areas and keys (T, R_s gather the others); two negatives of the sample's "
        "cluster and one of another, in each of which the formula is additive",
    )


def same_loss(instance: Instance) -> Gap:
    """The loss that closed forms report is the torch module's."""
    setting, views, G = instance.setting, instance.views(), instance.coordinates()
    if setting.contrastive.query == "feature+position":
        found = gradients.contrastive_matrix(setting, views, G)[1]
    else:
        G[setting.P :] = 0  # rows of features, of which these queries have none
        feature, position = correlations.feature(setting, G), correlations.position(setting, G)
        found = gradients.contrastive(setting, views, feature, position)[2]
    module = vit.ContrastiveViT(setting, data.basis(setting))
    with torch.no_grad():
        module.Q.copy_(torch.from_numpy(module.basis @ G @ module.basis.T))
        expected = float(losses.contrastive(module, views))
    scale = setting.contrastive.tau * math.log(1 + setting.contrastive.negatives) + abs(expected)
    return equal(
        "loss, closed form less torch", (found - expected) / scale, 0, ROUNDING,
        "over its modulus and the loss of equal similarities; rounding of float64 only",
    )  # fmt: skip


def one_row_stands_for_all(instance: Instance) -> Gap:
    """The closed form of one row, penalty and all, against that of as many equal ones."""
    setting = instance.setting
    rng = np.random.default_rng(instance.seed)
    rows = [instance.scale * rng.standard_normal((1, n)) for n in (setting.features, setting.P)]
    alone, together = (
        gradients.contrastive(setting, instance.views(), *(np.repeat(row, n, 0) for row in rows))[2]
        for n in (1, setting.P)
    )
    return equal(
        "loss of one row that all patches share, over that of equal rows",
        alone / together,
        1,
        ROUNDING,
        "the same number; rounding of float64 only",
    )


@gradient_feature.leg("property", require=EVERYWHERE)
def feature_columns_by_autograd(context: Context) -> Evidence:
    """Any Q under every reading, against automatic differentiation; the loss, too."""

    def gaps(instance: Instance) -> Iterator[Gap]:
        yield from same_matrix("columns of features", instance, slice(instance.setting.P, None))
        yield same_loss(instance)
        yield one_row_stands_for_all(instance)

    return properties.search(
        context,
        instances(),
        gaps,
        examples=context.at(quick=60, full=300),
        regimes_of=regimes_of,
        require=EVERYWHERE,
    )


gradient_feature.mistake(
    feature_rate,
    "the mean pull S is left out",
    lambda original: lambda z, A, g, S: original(z, A, g, 0 * S),
)
gradient_feature.mistake(
    softmax_pull,
    "the positive pulls with w_0 instead of 1-w_0",
    lambda original: lambda w, Y: original([1 - w[0], *w[1:]], Y),
)
gradient_feature.mistake(
    gradients.pulls,
    "negatives of other clusters are taken for the same cluster",
    lambda original: lambda setting, views, *A: original(setting, _one_cluster(views), *A),
)


def _one_cluster(views: data.Views) -> data.Views:
    """The batch with every negative relabelled to its sample's cluster."""
    relabelled = np.repeat(views.first.cluster, views.count)
    return dataclasses.replace(
        views, negatives=dataclasses.replace(views.negatives, cluster=relabelled)
    )


gradient_position = Claim(
    id="cl.gradient-position",
    title="Contrastive gradient along positions",
    statement=(
        r"\text{With positions in the keys, }\beta_{p\to q} = \tfrac1P E[\mathrm{attn}_{p\to "
        r"q}(1\{q\in\mathcal U\}z_{j(q)}g_{j(q)}-S_p)] - \lambda\Upsilon_{p\to q}\text{ for any }Q"
    ),
    provenance=Provenance.DERIVED,
    assumptions=("orthonormal features", "orthonormal positions", "fixed identity value matrix"),
    rests_on=("cl.gradient-feature",),
)


@gradient_position.leg("symbolic")
def position_rate_by_the_chain_rule(context: Context) -> Iterator[Gap]:
    """The derivative of the loss of one sample, for a visible and a masked key."""
    # x: weight of key q in area j. W: the area's other visible keys. T, R_s: all else, as before.
    w, _ = weights_of_loss()
    Y, R = [Y_0, Y_1, Y_2, sp.Integer(0)], [R_0, R_1, R_2, sp.Integer(0)]
    g = softmax_pull(w, Y)
    for name, seen in (("a visible key", 1), ("a masked key", 0)):
        total = x + W + T
        inside = W + seen * x
        sims = [(inside * z * Ys + Rs) / total / P for Ys, Rs in zip(Y, R, strict=True)]
        S = (inside * z * g + softmax_pull(w, R)) / total
        yield symbolic.identity(
            f"β_{{p→q}} on one sample, {name}",
            sample_derivative(sims, x, x),
            position_rate(x / total, seen, z, g, S) / P,
            "any number of areas and keys (W, T, R_s gather the others)",
        )


@gradient_position.leg("property", require=EVERYWHERE)
def position_columns_by_autograd(context: Context) -> Evidence:
    """Any Q under every reading, against automatic differentiation."""

    def gaps(instance: Instance) -> Iterator[Gap]:
        yield from same_matrix("columns of positions", instance, slice(0, instance.setting.P))

    return properties.search(
        context,
        instances(),
        gaps,
        examples=context.at(quick=60, full=300),
        regimes_of=regimes_of,
        require=EVERYWHERE,
    )


gradient_position.mistake(
    position_rate,
    "masked keys pull like visible ones",
    lambda original: lambda attention, visible, z, g, S: original(attention, 1, z, g, S),
)
gradient_position.mistake(
    gradients.pulls,
    "negatives of other clusters are taken for the same cluster",
    lambda original: lambda setting, views, *A: original(setting, _one_cluster(views), *A),
)


zero_gradient = Claim(
    id="cl.zero-gradient",
    title="Where contrastive learning has no gradient",
    statement=(
        r"\nabla L_{cl}=0\text{ for every }Q\text{ when }N_c=0\text{, and when }K=1\text{, "
        r"}z\text{ is constant and nothing is masked (}\gamma=0\text{)}"
    ),
    provenance=Provenance.DERIVED,
    assumptions=("contrastive details",),
    rests_on=("cl.gradient-feature", "cl.gradient-position"),
)


def views_without_masks(setting: Setting, size: int) -> data.Views:
    """A batch of every sample's full picture: γ = 0, which no setting can have."""
    drawn = data.views(setting, size, np.random.default_rng(0))
    full = (
        dataclasses.replace(s, visible=np.ones_like(s.visible))
        for s in (drawn.first, drawn.second, drawn.negatives)
    )
    return data.Views(*full)


def indistinguishable(setting: Setting) -> Setting:
    """The setting in which, without masks, all samples are one and the same: K = 1, constant z."""
    return setting.replace(K=1, latents=Latents.constant(setting.latents.U))


@zero_gradient.leg("symbolic", expects="every factor of the rate vanishes without negatives")
def rates_without_contrast(context: Context) -> Iterator[Gap]:
    """Rates without negatives, and the pull when all views are the same."""
    # Without negatives w_0 = 1: every pull and with it every rate is 0.
    g, S = softmax_pull([sp.Integer(1)], [Y_0]), softmax_pull([sp.Integer(1)], [R_0])
    A = W / (W + T)
    why = "N_c = 0: the softmax over the positive alone is 1"
    yield symbolic.identity("α without negatives", feature_rate(z, A, g, S), sp.Integer(0), why)
    yield symbolic.identity("β without negatives", position_rate(A, 1, z, g, S), sp.Integer(0), why)
    w = sp.symbols("w_1 w_2", positive=True)
    alike = softmax_pull([1 - sum(w), *w], [Y_0, Y_0, Y_0])
    yield symbolic.identity(
        "pull when all views are the same", alike, sp.Integer(0), "Y_s = Y_0, Σ_s w_s = 1"
    )


@zero_gradient.leg("property")
def gradient_without_contrast(context: Context) -> Evidence:
    """Any Q, one cluster, constant latents, no masks: the automatic gradient is 0."""

    def gaps(instance: Instance) -> Iterator[Gap]:
        details = dataclasses.replace(instance.setting.contrastive, weight_decay=0.0)
        setting = indistinguishable(instance.setting.replace(contrastive=details))
        views = views_without_masks(setting, instance.batch)
        d = setting.dimension
        G = instance.scale * np.random.default_rng(instance.seed).standard_normal((d, d))
        found = np.abs(autograd(setting, views, G, instance.seed)).max()
        yield at_most(
            "largest entry of the gradient, K = 1, constant z, no mask",
            found / setting.latents.U**2,
            0,
            ROUNDING,
            "rounding only; relative to U², an upper bound of the gradient's order",
        )

    return properties.search(context, instances(), gaps, examples=context.at(quick=30, full=150))


zero_gradient.mistake(
    indistinguishable,
    "latents are allowed to vary",
    lambda original: lambda setting: setting.replace(K=1, latents=Latents.two_point(0.5, 1.5)),
)
zero_gradient.mistake(
    softmax_pull,
    "the positive pulls with w_0 instead of 1-w_0",
    lambda original: lambda w, Y: original([1 - w[0], *w[1:]], Y),
)
zero_gradient.tolerates(autograd, "the gradient is 0, and so is a multiple of it")
zero_gradient.tolerates(softmax_pull, "the gradient is 0, and so is a multiple of it")

CLAIMS = (gradient_feature, gradient_position, zero_gradient)
