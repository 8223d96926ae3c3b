"""Contrastive learning: exact gradients, one shared row, and the win of the global feature.

Sources: Definitions 2.6 and 2.7, Theorem 4.4; all but the theorem's direction is derived here from
the definitions. z are latents, w softmax weights (0 the positive), a_j = (1-γ)C_j/P.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
import torch
from hypothesis import strategies as st
from scipy import integrate, optimize

from claims import configurations, runs, theorems
from claims.checking import property as properties
from claims.checking import scaling, shared, symbolic
from claims.checking.claim import Case, Claim, Context, Evidence, Provenance
from claims.checking.gap import Gap, at_least, at_most, equal, identical
from model import correlations, data, descent, enumeration, gradients, losses, reduced, vit
from model.setting import Contrastive, Latents, Setting
from model.trajectory import Event, Trajectory

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
    settings = configurations.settings(max_P=9, min_P=4, details=details())
    return st.builds(Instance, settings, st.floats(0, 3), st.integers(1, 4), configurations.seeds())


def reading_of(instance: Instance) -> tuple[str, str]:
    """The regimes of an instance: its keys and its query."""
    details = instance.setting.contrastive
    return f"keys {details.keys}", f"query {details.query}"


EVERY_READING = tuple(f"{x} {y}" for x in ("keys", "query") for y in (
    ("feature", "feature+position") if x == "keys" else ("position", "feature+position")
))  # fmt: skip


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
def _gradient_feature_symbolic(context: Context) -> Iterator[Gap]:
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


@gradient_feature.leg("property", require=EVERY_READING)
def _gradient_feature_property(context: Context) -> Evidence:
    def gaps(instance: Instance) -> Iterator[Gap]:
        yield from same_matrix("columns of features", instance, slice(instance.setting.P, None))

    return properties.search(
        context,
        instances(),
        gaps,
        examples=context.at(quick=60, full=300),
        regimes_of=reading_of,
        require=EVERY_READING,
    )


gradient_feature.mistake(
    "the mean pull S is left out",
    "claims.contrastive.feature_rate",
    lambda original: lambda z, A, g, S: original(z, A, g, 0 * S),
)
gradient_feature.mistake(
    "the positive pulls with w_0 instead of 1-w_0",
    "claims.contrastive.softmax_pull",
    lambda original: lambda w, Y: original([1 - w[0], *w[1:]], Y),
)
gradient_feature.mistake(
    "negatives of other clusters are taken for the same cluster",
    "model.gradients.pulls",
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
def _gradient_position_symbolic(context: Context) -> Iterator[Gap]:
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


@gradient_position.leg("property", require=EVERY_READING)
def _gradient_position_property(context: Context) -> Evidence:
    def gaps(instance: Instance) -> Iterator[Gap]:
        yield from same_matrix("columns of positions", instance, slice(0, instance.setting.P))

    return properties.search(
        context,
        instances(),
        gaps,
        examples=context.at(quick=60, full=300),
        regimes_of=reading_of,
        require=EVERY_READING,
    )


gradient_position.mistake(
    "masked keys pull like visible ones",
    "claims.contrastive.position_rate",
    lambda original: lambda attention, visible, z, g, S: original(attention, 1, z, g, S),
)
gradient_position.mistake(
    "negatives of other clusters are taken for the same cluster",
    "model.gradients.pulls",
    lambda original: lambda setting, views, *A: original(setting, _one_cluster(views), *A),
)


# ------------------------------------------------------------- what holds along every trajectory

POSITION_READINGS = tuple(reading for reading in READINGS if reading["query"] == "position")


def descend(
    module: vit.ContrastiveViT, batches: Iterable[data.Views], step: float
) -> Iterator[data.Floats]:
    """Minibatch gradient descent on the contrastive loss; yields Q before and after every step."""
    optimiser = torch.optim.SGD(module.parameters(), lr=step)
    yield module.Q.detach().numpy().copy()
    for views in batches:
        optimiser.zero_grad()
        losses.contrastive(module, views).backward()
        optimiser.step()
        yield module.Q.detach().numpy().copy()


def small_setting(reading: Any, *, weight_decay: float = 0.0, **changes: Any) -> Setting:
    """A setting that trains in milliseconds: 12 patches in areas of 6, 3 and 3, two clusters."""
    details = Contrastive(negatives=4, weight_decay=weight_decay, **reading)
    setting = Setting.of_sizes(
        12, 6, 3, K=2, latents=Latents.two_point(0.5, 1.5), placement="random", contrastive=details
    )
    return setting.replace(**changes)


def minibatches(setting: Setting, seed: int, steps: int, size: int = 8) -> Iterator[data.Views]:
    """Fresh random batches."""
    rng = np.random.default_rng(seed)
    return (data.views(setting, size, rng) for _ in range(steps))


class UnequalPooling(vit.ContrastiveViT):
    """A planted mistake: the mean over queries weighs the first patches more."""

    def forward(self, X: torch.Tensor, queries: vit.Index | None = None) -> torch.Tensor:
        """F(X) as a weighted mean."""
        share = torch.linspace(1.5, 0.5, self.setting.P, dtype=X.dtype) / self.setting.P
        return torch.einsum("p,bpq,bqd->bd", share, self.attention(X), X)


class UnequalPositions(vit.ContrastiveViT):
    """A planted mistake: position encodings of unequal length."""

    def __init__(self, setting: Setting, basis: data.Floats | None = None) -> None:
        super().__init__(setting, basis)
        self.positions = self.positions * torch.linspace(0.5, 1.5, setting.P)[:, None].double()


def reconstruct_instead(original: Any) -> Any:
    """A planted mistake: the reconstruction loss in place of the contrastive one."""

    def loss(module: vit.ContrastiveViT, views: data.Views) -> torch.Tensor:
        other = vit.MaskedAutoencoder(module.setting, module.basis)
        other.Q = module.Q
        return losses.reconstruction(other, views.first)

    return loss


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


@zero_gradient.leg("symbolic")
def _zero_gradient_symbolic(context: Context) -> Iterator[Gap]:
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
def _zero_gradient_property(context: Context) -> Evidence:
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
    "latents are allowed to vary",
    "claims.contrastive.indistinguishable",
    lambda original: lambda setting: setting.replace(K=1, latents=Latents.two_point(0.5, 1.5)),
)
zero_gradient.mistake(
    "the positive pulls with w_0 instead of 1-w_0",
    "claims.contrastive.softmax_pull",
    lambda original: lambda w, Y: original([1 - w[0], *w[1:]], Y),
)

rank_one = Claim(
    id="cl.rank-one",
    title="Contrastive learning gives all patches one row",
    statement=(
        r"\text{From }Q^{(0)}=0\text{, for every sequence of minibatches, }Q^{(t)} = (\sum_p "
        r"e_p)w^\top\text{: with queries by position, contrastive learning cannot tell patches "
        r"apart}"
    ),
    provenance=Provenance.SHARPENED,
    assumptions=("zero initialisation", "orthonormal positions", "contrastive details"),
    rests_on=("cl.gradient-feature", "cl.gradient-position"),
)


def spread_of_rows(setting: Setting, G: data.Floats) -> tuple[float, float]:
    """Largest difference of a patch's row from the mean row, and largest entry elsewhere."""
    rows = G[: setting.P]
    return float(np.abs(rows - rows.mean(axis=0)).max()), float(np.abs(G[setting.P :]).max())


def one_row(name: str, setting: Setting, G: data.Floats, tolerance: float, why: str) -> list[Gap]:
    """All rows of patches are equal, and rows of features are zero."""
    size = max(float(np.abs(G).max()), 1e-300)
    rows, features = spread_of_rows(setting, G)
    return [
        at_most(f"{name}: rows of patches differ by", rows / size, 0, tolerance, why),
        at_most(f"{name}: rows of features reach", features / size, 0, tolerance, why),
    ]


@rank_one.leg("property", require=("keys feature", "keys feature+position"))
def _rank_one_property(context: Context) -> Evidence:
    # One step keeps the form; by induction so does every sequence of steps.
    def gaps(instance: Instance) -> Iterator[Gap]:
        setting = instance.setting
        details = dataclasses.replace(setting.contrastive, query="position")
        setting = setting.replace(contrastive=details)
        row = np.random.default_rng(instance.seed).standard_normal(setting.dimension)
        G = np.zeros((setting.dimension, setting.dimension))
        G[: setting.P] = instance.scale * row
        found = autograd(setting, instance.views(), G, instance.seed)
        unit = setting.latents.U**2 / setting.P + details.weight_decay * max(instance.scale, 1)
        rows, features = spread_of_rows(setting, found)
        why = "rounding only, relative to U²/P + λ|Q|, the order of one row's gradient"
        yield at_most("rows of the gradient differ by", rows / unit, 0, ROUNDING, why)
        yield at_most("rows of features reach", features / unit, 0, ROUNDING, why)

    return properties.search(
        context,
        instances(),
        gaps,
        examples=context.at(quick=40, full=200),
        regimes_of=reading_of,
        require=("keys feature", "keys feature+position"),
    )


@rank_one.leg("trained")
def _rank_one_trained(context: Context) -> Iterator[Gap]:
    chosen = context.at(quick=POSITION_READINGS[::3], full=POSITION_READINGS)
    for i, reading in enumerate(chosen):
        setting = small_setting(reading)
        basis = data.basis(setting, data.random_rotation(setting, context.rng()))
        batches = minibatches(setting, context.seed + i, context.at(quick=80, full=300))
        *_, Q = descend(vit.ContrastiveViT(setting, basis), batches, step=20.0)
        G = correlations.coordinates(Q, basis)
        name = f"keys {reading['keys']}, {reading['views']} views"
        yield at_least(
            f"{name}: largest correlation", float(np.abs(G).max()), 0.5, 0, "something was learned"
        )
        why = "rounding of each step, amplified over the run by less than 1e6"
        yield from one_row(name, setting, G, 1e-9, why)


rank_one.mistake(
    "patches are pooled with unequal weights",
    "model.vit.ContrastiveViT",
    lambda original: UnequalPooling,
)
rank_one.mistake(
    "the reconstruction loss in place of the contrastive one",
    "model.losses.contrastive",
    reconstruct_instead,
)


# ------------------------------------------------------------------------------- pooling and shift


class Pooling(vit.ContrastiveViT):
    """Attention pooling by a single query w: F(X) = Σ_q softmax_q(wᵀk_q) X_q."""

    def __init__(self, setting: Setting, decay: float) -> None:
        details = dataclasses.replace(setting.contrastive, weight_decay=decay)
        super().__init__(setting.replace(contrastive=details))
        self.Q = torch.nn.Parameter(torch.zeros(setting.dimension, dtype=torch.float64))

    def forward(self, X: torch.Tensor, queries: vit.Index | None = None) -> torch.Tensor:
        """(B, d) from masked patches (B, P, d)."""
        keys = X
        if self.setting.contrastive.keys == "feature+position":
            keys = X + self.positions
        return torch.einsum("bq,bqd->bd", torch.softmax(keys @ self.Q, dim=1), X)


def pooling_step(setting: Setting) -> float:
    """Step of the equivalent pooling for a unit step of training, claimed."""
    return 1 / setting.P


def pooling_decay(setting: Setting) -> float:
    """Weight decay λ′ of the equivalent pooling, claimed."""
    return setting.P * setting.contrastive.weight_decay


pooling = Claim(
    id="cl.pooling",
    title="Contrastive training is attention pooling",
    statement=(
        r"\text{With queries by position, training }Q\text{ with step }\eta\text{ is training one "
        r"query }w\text{ of }F(X)=\sum_q\mathrm{softmax}_q(w^\top k_q)X_q\text{ with step "
        r"}\eta/P\text{ and }\lambda'=P\lambda"
    ),
    provenance=Provenance.DERIVED,
    assumptions=("zero initialisation", "plain gradient descent", "contrastive details"),
    rests_on=("cl.rank-one",),
)


@pooling.leg("trained")
def _pooling_trained(context: Context) -> Iterator[Gap]:
    steps, step = context.at(quick=60, full=200), 20.0
    for i, reading in enumerate(POSITION_READINGS):
        setting = small_setting(reading, weight_decay=2e-4)
        batches = list(minibatches(setting, context.seed + i, steps))
        *_, Q = descend(vit.ContrastiveViT(setting), batches, step)
        single = Pooling(setting, pooling_decay(setting))
        *_, w = descend(single, batches, step * pooling_step(setting))
        yield equal(
            f"keys {reading['keys']}, {reading['views']} views: a row of Q against w",
            float(np.abs(Q[0] - w).max() / np.abs(w).max()),
            0,
            1e-9,
            "rounding of each step, amplified over the run by less than 1e6",
        )


pooling.mistake(
    "the step is not divided by P", "claims.contrastive.pooling_step", lambda original: lambda s: 1
)
pooling.mistake(
    "weight decay is not multiplied by P",
    "claims.contrastive.pooling_decay",
    lambda original: lambda s: s.contrastive.weight_decay,
)

shift = Claim(
    id="cl.shift",
    title="Position correlations of a query sum to zero",
    statement=(
        r"\text{With positions in the keys }\sum_q\beta_{p\to q}=-\lambda\sum_q\Upsilon_{p\to "
        r"q}\text{, hence }\sum_q\Upsilon^{(t)}_{p\to q}=0\text{ from }Q^{(0)}=0"
    ),
    provenance=Provenance.DERIVED,
    assumptions=("zero initialisation", "orthonormal positions"),
    rests_on=("cl.gradient-position",),
)


@shift.leg("property", require=EVERY_READING)
def _shift_property(context: Context) -> Evidence:
    def gaps(instance: Instance) -> Iterator[Gap]:
        setting = instance.setting
        G, views = instance.coordinates(), instance.views()
        decay = setting.contrastive.weight_decay
        unit = setting.latents.U**2 + decay * setting.P * max(instance.scale, 1)
        rows = slice(0, setting.P)
        expected = -decay * G[rows, rows].sum(axis=1)
        for name, found in (
            ("automatic differentiation", autograd(setting, views, G, instance.seed)),
            ("closed form", closed_form(instance)),
        ):
            error = np.abs(found[rows, rows].sum(axis=1) - expected).max()
            yield at_most(f"Σβ + λΣΥ by {name}", error / unit, 0, ROUNDING, "rounding only")

    return properties.search(
        context,
        instances(),
        gaps,
        examples=context.at(quick=40, full=200),
        regimes_of=reading_of,
        require=EVERY_READING,
    )


@shift.leg("trained")
def _shift_trained(context: Context) -> Iterator[Gap]:
    for i, views in enumerate(("independent", "complementary")):
        reading = {"keys": "feature+position", "views": views, "query": "position"}
        setting = small_setting(reading)
        batches = minibatches(setting, context.seed + i, context.at(quick=100, full=400))
        *_, Q = descend(vit.ContrastiveViT(setting), batches, step=20.0)
        upsilon = correlations.position(setting, Q)
        yield at_most(
            f"{views} views: |ΣΥ| over Σ|Υ|",
            float(np.abs(upsilon.sum(axis=1)).max() / np.abs(upsilon).sum(axis=1).min()),
            0,
            1e-9,
            "rounding of each step, amplified over the run by less than 1e6",
        )


shift.mistake(
    "position encodings differ in length",
    "model.vit.ContrastiveViT",
    lambda original: UnequalPositions,
)
shift.mistake(
    "masked keys get no gradient",
    "model.gradients._key_rates",
    lambda original: (
        lambda s, k, part, per_area, per_mask, on_key: original(
            s, k, part, per_area, 0 * per_mask, on_key
        )
    ),
)


# ---------------------------------------------------------------------------------- initialisation

SHAPES = {"Δ > 0": ((0.9, 0.3), (0.6, 0.1)), "Δ < 0": ((0.6, 0.3), (0.65, 0.4))}
"""(κ_c, κ_s) by the sign of the information gap; the sizes are separated by at least P^0.25."""
DIGITS = (40, 52, 64, 76, 88, 100)
"""The ladder P = 10^k: at its foot P^{κ_s-κ_c}, the slowest correction, is at most 1e-8."""
ALL_SHAPES = tuple(shape for shapes in SHAPES.values() for shape in shapes)


def rung(digits: int, shape: tuple[float, float], **changes: Any) -> Setting:
    """The setting with P = 10^digits and constants c_1, c_s that are not 1."""
    kappa_c, kappa_s = shape
    fields: dict[str, Any] = {"gamma": 0.4, "K": 8, "c_1": 0.7, "c_s": 2.0, **changes}
    return Setting(P=10**digits, kappa_c=kappa_c, kappa_s=kappa_s, **fields)


def log(number: Fraction) -> float:
    """Natural logarithm of a positive fraction of any size."""
    return math.log(number.numerator) - math.log(number.denominator)


def log_P(digits: Iterable[int]) -> list[float]:
    """Natural logarithms of the rungs P = 10^k."""
    return [k * math.log(10) for k in digits]


def initial_global(setting: Setting) -> float:
    """Leading term of α_1(0), claimed."""
    m_1, m_2, m_3 = (setting.latents.moment(r) for r in (1, 2, 3))
    a_1 = (1 - setting.gamma) * (setting.C_1 / setting.P)
    scale = setting.contrastive.c_N / (setting.K * setting.P)
    return scale * a_1**2 * (m_3 - m_1 * m_2 / setting.K)


def initial_local(setting: Setting) -> float:
    """Leading term of α_m(0), claimed: the first summand leads for Δ < 0, the second for Δ > 0."""
    m_1, m_2, m_3 = (setting.latents.moment(r) for r in (1, 2, 3))
    visible = 1 - setting.gamma
    a_1, a_m = visible * (setting.C_1 / setting.P), visible * (setting.C_s / setting.P)
    scale = setting.contrastive.c_N / (setting.K * setting.P)
    spread = m_1 * (m_2 - m_1**2 / setting.K)
    return scale * a_m * (a_m * (m_3 - m_1 * m_2 / setting.K - visible * spread) - a_1**2 * spread)


def weights_bound(setting: Setting, size: int) -> float:
    """Largest |α_j(0) - its value with equal softmax weights|, C_j = size, claimed.

    Similarities at Q = 0 lie in [0, σ], σ = U²Σ_i C_i²/P², so weights are off by e^{±σ/τ} at most.
    """
    P, U, C_s = setting.P, setting.latents.U, setting.C_s
    last = P - setting.C_1 - (setting.locals - 1) * C_s
    squares = setting.C_1**2 + (setting.locals - 1) * C_s**2 + last**2
    sigma = U**2 * (squares / P**2)
    excess = math.expm1(sigma / setting.contrastive.tau)
    scale = setting.contrastive.c_N * U**3 / (setting.K * P)
    return scale * excess * (size / P) * (size / P + squares / P**2)


def enumerated_rates(setting: Setting) -> tuple[float, float]:
    """α_1(0) and α_m(0) of cluster 0 by enumerating all views, masks, latents and negatives."""
    phi = np.zeros((1, setting.features))
    alpha, _, _ = gradients.contrastive(setting, enumeration.views(setting), phi)
    return float(alpha[0, 0]), float(alpha[0, 1])


def enumerable_settings(full: bool) -> Iterator[Setting]:
    """Small settings of which every contrastive batch with one negative can be laid out."""
    laws = (Latents.constant(1.0), Latents.two_point(0.5, 1.5))
    for K, gamma, law in ((1, 0.5, laws[1]), (2, 0.5, laws[0]), (2, 0.3, laws[1])):
        yield Setting.of_sizes(4, 2, 2, gamma=gamma, K=K, latents=law)
    yield Setting.of_sizes(5, 2, 1, gamma=0.4, K=2)
    if full:
        yield Setting.of_sizes(6, 3, 1, gamma=0.5, K=2)
        yield Setting.of_sizes(5, 2, 2, gamma=0.4, K=2, latents=laws[1])


def initial_laws() -> tuple[Setting, ...]:
    """Laws of the latents and numbers of clusters and negatives under which rates are taken."""
    base = rung(DIGITS[0], ALL_SHAPES[0])
    few = Contrastive(negatives=3, tau=0.5)
    return (
        base,
        base.replace(latents=Latents.two_point(0.5, 1.5), K=2, contrastive=few),
        base.replace(latents=Latents.two_point(0.5, 1.5), K=1),
    )


def on_ladder(base: Setting, shape: tuple[float, float]) -> list[Setting]:
    """The setting on every rung."""
    kappa_c, kappa_s = shape
    return [base.replace(P=10**k, kappa_c=kappa_c, kappa_s=kappa_s) for k in DIGITS]


def label(setting: Setting) -> str:
    """What of a setting of a ladder differs from others."""
    law = f"{setting.latents.L:.3g}..{setting.latents.U:.3g}"
    return f"κ_c = {setting.kappa_c}, κ_s = {setting.kappa_s}, K = {setting.K}, z = {law}"


init_global = Claim(
    id="cl.init-global",
    title="At first the global feature grows",
    statement=(
        r"\alpha_{p\to v_{k,1}}(0) = c_N(1-\gamma)^2(C_1/P)^2(m_3-\mu m_2/K)/(KP)\,(1+o(1)) > "
        r"0\text{ for either sign of }\Delta\text{; exponent }2\kappa_c-3\text{ "
        r"(}\kappa_c<1\text{, and }K\ge2\text{ or random latents)}"
    ),
    provenance=Provenance.DERIVED,
    measured="the exact rate for equal softmax weights, with a bound of what other weights change",
    assumptions=(
        "zero initialisation",
        "uniform masking",
        "size separation κ_c > κ_s",
        "contrastive details",
    ),
    rests_on=("cl.gradient-feature", "mask.moments"),
)


def weights_are_equal(index: int, full: bool) -> Iterator[Gap]:
    """Enumerated rates agree with the exact ones as τ → ∞, and within the bound at any τ."""
    for setting in enumerable_settings(full):
        size = (setting.C_1, setting.C_s)[index]
        for tau_ in (0.5, 1e7):
            at = setting.replace(contrastive=Contrastive(tau=tau_, negatives=1))
            exact = float(enumeration.initial_cl_rates(at)[index])
            bound = weights_bound(at, size)
            yield at_most(
                f"P = {at.P}, K = {at.K}, {len(at.latents.values)} latents, τ = {tau_:g}: "
                "enumerated against equal weights",
                abs(enumerated_rates(at)[index] - exact),
                bound,
                1e-15,
                "the bound on unequal softmax weights, and rounding of numbers below 1",
            )


def weights_do_not_matter(index: int, leading: float, setting: Setting) -> Gap:
    """On a rung the bound on unequal weights is o(1) of the rate's leading term."""
    size = (setting.C_1, setting.C_s)[index]
    return at_most(
        f"{label(setting)}: unequal weights over the leading term, P = 1e{len(str(setting.P)) - 1}",
        weights_bound(setting, size) / abs(leading),
        0,
        1e-6,
        "at most a constant times (C_1/P)² + C_s/P, below P^-0.2 here",
    )


@init_global.leg("exact")
def _init_global_exact(context: Context) -> Iterator[Gap | Case]:
    yield Case(("enumerated",))
    yield from weights_are_equal(0, context.profile != "quick")
    for base in initial_laws():
        for sign, shapes in SHAPES.items():
            for shape in shapes:
                yield Case((sign,))
                top = on_ladder(base, shape)[-1]
                exact = enumeration.initial_cl_rates(top)[0]
                yield identical(
                    f"{label(top)}: sign of α_1(0) at P = 1e100",
                    (exact > 0) - (exact < 0),
                    1,
                    "exact fraction",
                )
                yield weights_do_not_matter(0, initial_global(top), top)


@init_global.leg("scaling")
def _init_global_scaling(context: Context) -> Iterator[Gap]:
    for base in initial_laws():
        for shape in ALL_SHAPES:
            ladder = on_ladder(base, shape)
            rates = [enumeration.initial_cl_rates(s)[0] for s in ladder]
            name = f"{label(ladder[0])}: α_1(0)"
            exponent = global_exponent(ladder[0])
            yield from scaling.power_law(
                name, log_P(DIGITS), [log(abs(r)) for r in rates], exponent
            )
            yield from scaling.limit(
                f"{name} over its leading term",
                log_P(DIGITS),
                [float(r) / initial_global(s) for r, s in zip(rates, ladder, strict=True)],
                1,
                tolerance=5e-4,
                why="three digits; the corrections P^{κ_s-κ_c} and P^{κ_c-1} are below 1e-9",
            )


def global_exponent(setting: Setting) -> float:
    """Exponent of α_1(0), claimed."""
    return 2 * setting.kappa_c - 3


init_global.mistake(
    "1-γ instead of (1-γ)²",
    "claims.contrastive.initial_global",
    lambda original: lambda s: original(s) / (1 - s.gamma),
)
init_global.mistake(
    "exponent off by 0.02",
    "claims.contrastive.global_exponent",
    lambda original: lambda s: original(s) + 0.02,
)
init_global.mistake(
    "third moments taken for second ones",
    "model.enumeration.exact_moment",
    lambda original: lambda setting, r: original(setting, min(r, 2)),
)

init_local = Claim(
    id="cl.init-local",
    title="At first local features move by the sign of the gap",
    statement=(
        r"\alpha_{p\to v_{k,m}}(0)\text{ has the sign of }-\Delta\text{ (large }P\text{); "
        r"exponent }2\kappa_c+\kappa_s-4\text{ for }\Delta>0\text{ and }2\kappa_s-3\text{ for "
        r"}\Delta<0"
    ),
    provenance=Provenance.DERIVED,
    measured=init_global.measured,
    assumptions=(*init_global.assumptions, "gap bounded away from 0"),
    rests_on=("cl.gradient-feature", "mask.moments"),
)


def local_exponent(setting: Setting) -> float:
    """Exponent of α_m(0), claimed."""
    kappa_c, kappa_s = setting.kappa_c, setting.kappa_s
    return 2 * kappa_c + kappa_s - 4 if setting.gap > 0 else 2 * kappa_s - 3


def local_sign(setting: Setting) -> int:
    """Sign of α_m(0), claimed."""
    return -1 if setting.gap > 0 else 1


@init_local.leg("exact")
def _init_local_exact(context: Context) -> Iterator[Gap | Case]:
    yield Case(("enumerated",))
    yield from weights_are_equal(1, context.profile != "quick")
    for base in initial_laws():
        for sign, shapes in SHAPES.items():
            for shape in shapes:
                yield Case((sign,))
                top = on_ladder(base, shape)[-1]
                exact = enumeration.initial_cl_rates(top)[1]
                yield identical(
                    f"{label(top)}: sign of α_m(0) at P = 1e100",
                    (exact > 0) - (exact < 0),
                    local_sign(top),
                    "exact fraction",
                )
                yield weights_do_not_matter(1, initial_local(top), top)


@init_local.leg("scaling")
def _init_local_scaling(context: Context) -> Iterator[Gap]:
    for base in initial_laws():
        for shape in ALL_SHAPES:
            ladder = on_ladder(base, shape)
            rates = [enumeration.initial_cl_rates(s)[1] for s in ladder]
            name = f"{label(ladder[0])}: |α_m(0)|"
            sizes = [log(abs(r)) for r in rates]
            yield from scaling.power_law(name, log_P(DIGITS), sizes, local_exponent(ladder[0]))
            yield from scaling.limit(
                f"{name} over its leading term",
                log_P(DIGITS),
                [float(r) / initial_local(s) for r, s in zip(rates, ladder, strict=True)],
                1,
                tolerance=5e-4,
                why="three digits; the corrections C_1/P and 1/C_s are below 1e-9",
            )


init_local.mistake(
    "the sign of the gap instead of its opposite",
    "claims.contrastive.local_sign",
    lambda original: lambda s: -original(s),
)
init_local.mistake(
    "exponents of the two regimes exchanged",
    "claims.contrastive.local_exponent",
    lambda original: lambda s: 2 * s.kappa_s - 3 if s.gap > 0 else 2 * s.kappa_c + s.kappa_s - 4,
)
init_local.mistake(
    "third moments taken for second ones",
    "model.enumeration.exact_moment",
    lambda original: lambda setting, r: original(setting, min(r, 2)),
)

init_dominance = Claim(
    id="cl.init-dominance",
    title="At first the global feature wins, whatever the gap",
    statement=(
        r"|\alpha_m(0)/\alpha_1(0)|\text{ has exponent }\max(\kappa_s-1,\,2(\kappa_s-\kappa_c)) < "
        r"0"
    ),
    provenance=Provenance.DERIVED,
    assumptions=init_local.assumptions,
    rests_on=("cl.init-global", "cl.init-local"),
)


def dominance_exponent(setting: Setting) -> float:
    """Exponent of |α_m(0)/α_1(0)|, claimed."""
    return max(setting.kappa_s - 1, 2 * (setting.kappa_s - setting.kappa_c))


@init_dominance.leg("scaling", require=tuple(SHAPES))
def _init_dominance_scaling(context: Context) -> Iterator[Gap | Case]:
    for sign, shapes in SHAPES.items():
        for shape in shapes:
            yield Case((sign,))
            ladder = on_ladder(initial_laws()[1], shape)
            rates = [enumeration.initial_cl_rates(s) for s in ladder]
            ratios = [log(abs(local) / global_) for global_, local in rates]
            name = f"{label(ladder[0])}: |α_m(0)|/α_1(0)"
            exponent = dominance_exponent(ladder[0])
            yield from scaling.power_law(name, log_P(DIGITS), ratios, exponent)
            yield at_most(
                f"{name} at P = 1e100",
                ratios[-1],
                -10,
                0,
                "its logarithm: smaller by e^10 at least",
            )


init_dominance.mistake(
    "the smaller exponent instead of the larger",
    "claims.contrastive.dominance_exponent",
    lambda original: lambda s: min(s.kappa_s - 1, 2 * (s.kappa_s - s.kappa_c)),
)
init_dominance.mistake(
    "local areas taken for the global one",
    "model.enumeration.initial_cl_rates",
    lambda original: lambda setting: original(setting)[:1] * 2,
)


# ------------------------------------------------------------------------- the collapse, and when

MANY = Contrastive(negatives=math.inf)
CONSTANT = rung(DIGITS[0], ALL_SHAPES[0], latents=Latents.constant(1.0), contrastive=MANY)
OTHER = CONSTANT.replace(
    latents=Latents.constant(1.3), K=3, contrastive=Contrastive(negatives=5, tau=0.7)
)
RANDOM = CONSTANT.replace(latents=Latents.uniform(0.5, 1.5), c_1=1.0)


@shared.run_once
def collapse(setting: Setting) -> Trajectory:
    """The reduced run until long after the transition (constant latents), or until just after it.

    The loss gap (C_1/P)²/10¹² is reached at some 10¹² times the transition time.
    """
    if setting.latents.is_constant:
        return reduced.cl(setting, loss_gap=1e-12 * (setting.C_1 / setting.P) ** 2)
    late = (3 - 2 * setting.kappa_c) * setting.log_P + math.log(setting.K) + 3
    return reduced.cl(setting, loss_gap=1e-9, log_t_max=late)


def happened(event: Event | None) -> Event:
    """The event; an error when the run ended before it."""
    if event is None:
        raise ArithmeticError("the run ended before the event")
    return event


def transition(setting: Setting) -> Event:
    """The first time with Attn_{p→𝒫_{k,1}} = 1/2 on average."""
    return happened(collapse(setting).half)


def shapes_of(context: Context) -> tuple[tuple[float, float], ...]:
    """Exponents of the ladders: both signs of the gap in every profile."""
    return context.at(quick=(ALL_SHAPES[0], *ALL_SHAPES[2:3]), full=ALL_SHAPES)


def ladders(context: Context) -> Iterator[list[Setting]]:
    """Ladders of constant latents: both signs of the gap in every profile."""
    for shape in shapes_of(context):
        yield on_ladder(CONSTANT, shape)
    for shape in context.at(quick=(), full=(ALL_SHAPES[0], ALL_SHAPES[2])):
        yield on_ladder(OTHER, shape)


def c_T(setting: Setting) -> float:
    """T·P^{2κ_c-3}/K, claimed, for the transition time T and c_1 = 1."""
    z, q = np.array(setting.latents.values), np.array(setting.latents.probabilities)
    U = setting.latents.U

    def slowness(phi: float) -> float:
        e = q * np.exp((z - U) * phi)  # the common factor e^{2UΦ} is put in front
        speed = z**3 @ (e * np.exp((z - U) * phi)) - (z**2 @ e) * (z @ e) / setting.K
        return math.exp(-2 * U * phi) / (setting.contrastive.c_N * speed)

    return integrate.quad(slowness, 0, math.inf)[0] / (1 - setting.gamma) ** 2


def transition_time(setting: Setting) -> float:
    """Claimed log T, with the constant c_1 of the global area: C_1 = c_1·P^{κ_c}."""
    power = (3 - 2 * setting.kappa_c) * setting.log_P
    return math.log(c_T(setting) * setting.K / setting.c_1**2) + power


def time_exponent(setting: Setting) -> float:
    """Exponent of T, claimed."""
    return 3 - 2 * setting.kappa_c


time = Claim(
    id="cl.time",
    title="When the global feature takes over",
    statement=(
        r"\text{Transition time }T = c_T K P^{3-2\kappa_c}\text{, independent of }\kappa_s\text{ "
        r"and of the sign of }\Delta\text{, with }c_T = (1-\gamma)^{-2}\int_0^\infty "
        r"d\Phi\,/\,(c_N[E z^3e^{2z\Phi} - \tfrac1K E(z^2e^{z\Phi})E(ze^{z\Phi})])\text{; "
        r"}z=1\text{, }N_c\to\infty\text{: }c_T = 1/(2(1-\gamma)^2(1-1/K))"
    ),
    provenance=Provenance.SHARPENED,
    measured="first time with average global attention 1/2 in the reduced dynamics",
    assumptions=(
        "zero initialisation",
        "size separation κ_c > κ_s",
        "small step",
        "many clusters",
        "contrastive details",
    ),
    rests_on=("cl.rank-one", "cl.init-global"),
)


@time.leg("scaling", require=tuple(SHAPES))
def _time_scaling(context: Context) -> Iterator[Gap | Case]:
    # Latents at 16 values: where κ_c is small their front creeps from one to the next.
    for ladder in (*ladders(context), on_ladder(RANDOM, ALL_SHAPES[0])):
        yield Case(("Δ > 0" if ladder[0].gap > 0 else "Δ < 0",))
        log_T = [transition(s).log_t for s in ladder]
        name = f"{label(ladder[0])}: T"
        yield from scaling.power_law(name, log_P(DIGITS), log_T, time_exponent(ladder[0]))
        ratios = [math.exp(t - transition_time(s)) for t, s in zip(log_T, ladder, strict=True)]
        yield from scaling.limit(
            f"{name}/(c_T K P^(3-2κ_c)/c_1²)",
            log_P(DIGITS),
            ratios,
            1,
            tolerance=5e-4,
            why="three digits; corrections P^{-2(1-κ_c)} log P and P^{κ_s-κ_c} are below 1e-9",
        )


@time.leg("exact")
def _time_exact(context: Context) -> Iterator[Gap]:
    for K in (2, 8, 100):
        setting = CONSTANT.replace(K=K)
        yield equal(
            f"c_T at z = 1, N_c → ∞, K = {K}, against 1/(2(1-γ)²(1-1/K))",
            c_T(setting) * 2 * (1 - setting.gamma) ** 2 * (1 - 1 / K),
            1,
            1e-9,
            "accuracy of the quadrature",
        )


time.mistake(
    "constant off by 5 %", "claims.contrastive.c_T", lambda original: lambda s: 1.05 * original(s)
)
time.mistake(
    "exponent off by 0.02",
    "claims.contrastive.time_exponent",
    lambda original: lambda s: original(s) + 0.02,
)
time.mistake(
    "visible and masked patches exchanged",
    "model.reduced.cl",
    lambda original: lambda s, **rest: original(s.replace(gamma=1 - s.gamma), **rest),
)


def missing(setting: Setting, phi: float) -> float:
    """1 - A_1 at Φ_1 = phi and Φ_m = 0 for constant latents, from the definition of attention."""
    a_1 = (1 - setting.gamma) * (setting.C_1 / setting.P)
    return 1 / (1 + a_1 * math.exp(setting.latents.U * phi) / (1 - a_1))


def late_constant(setting: Setting) -> float:
    """Limit of (1-A_1)·t/(KP), claimed for constant z and N_c → ∞."""
    z2 = setting.latents.U**2
    return (setting.K - 1 + math.exp(z2 / setting.contrastive.tau)) / ((setting.K - 1) * z2**2)


def late_loss(setting: Setting) -> float:
    """Limit of the loss gap times t/(KP), claimed: free of τ and K."""
    return 2 / setting.latents.U**2


def late_power() -> float:
    """Power of t with which attention to anything else vanishes, claimed."""
    return -1.0


late = Claim(
    id="cl.late",
    title="How slowly the collapse completes",
    statement=(
        r"\text{Constant }z\text{, }N_c\to\infty\text{: }(1-A_1)\,t/(KP) \to "
        r"(K-1+e^{z^2/\tau})/((K-1)z^4)\text{: power }-1\text{, slowed down by "
        r"}e^{z^2/\tau}\text{ for small }\tau\text{; and the loss above its limit, times "
        r"}t/(KP)\text{, tends to }2/z^2"
    ),
    provenance=Provenance.SHARPENED,
    measured="at a loss gap of (C_1/P)²/10¹², some 10¹² times the transition time",
    assumptions=(
        "zero initialisation",
        "constant-in-area latent",
        "many clusters",
        "contrastive details",
    ),
    rests_on=("cl.time",),
)


@late.leg("scaling")
def _late_scaling(context: Context) -> Iterator[Gap]:
    sharp = Contrastive(negatives=math.inf, tau=0.25)
    warm = CONSTANT.replace(latents=Latents.constant(1.3), K=3)
    bases = (CONSTANT, CONSTANT.replace(contrastive=sharp), warm)
    shapes = shapes_of(context)
    for base, shape in ((bases[0], s) for s in shapes):
        yield from _late(base, shape, DIGITS)
    for base in bases[1:]:
        yield from _late(base, shapes[0], (DIGITS[0], DIGITS[-1]))


def _late(base: Setting, shape: tuple[float, float], digits: tuple[int, ...]) -> Iterator[Gap]:
    kappa_c, kappa_s = shape
    ladder = [base.replace(P=10**k, kappa_c=kappa_c, kappa_s=kappa_s) for k in digits]
    name = f"{label(ladder[0])}, τ = {base.contrastive.tau}"
    ends = [happened(collapse(s).done) for s in ladder]
    times = [e.log_t - s.log_P - math.log(s.K) for e, s in zip(ends, ladder, strict=True)]
    depths = [missing(s, e.phi_global) for e, s in zip(ends, ladder, strict=True)]
    why = "three digits; the transition time is some 1e-12 of the time measured at"
    yield from scaling.limit(
        f"{name}: (1-A_1)t/(KP) over its limit",
        log_P(digits),
        [d * math.exp(t) / late_constant(s) for d, t, s in zip(depths, times, ladder, strict=True)],
        1,
        tolerance=5e-4,
        why=why,
    )
    gaps = [math.log(float(collapse(s).loss_gap[-1])) for s in ladder]
    yield from scaling.limit(
        f"{name}: loss gap times t/(KP) over its limit",
        log_P(digits),
        [math.exp(g + t) / late_loss(s) for g, t, s in zip(gaps, times, ladder, strict=True)],
        1,
        tolerance=5e-4,
        why=why,
    )
    run, top = collapse(ladder[-1]), ladder[-1]
    after = run.log_t > transition(top).log_t + math.log(1e3)
    log_depth = [math.log(missing(top, phi)) for phi in run.phi_global[after].tolist()]
    yield from scaling.power_law(
        f"{name}: 1-A_1 against t at P = 1e{digits[-1]}",
        run.log_t[after].tolist(),
        log_depth,
        late_power(),
        why="a quarter of 0.02; measured from 1000 transition times on",
    )


late.mistake(
    "no slowdown by e^{z²/τ}",
    "claims.contrastive.late_constant",
    lambda original: lambda s: s.K / ((s.K - 1) * s.latents.U**4),
)
late.mistake(
    "power -1/2 instead of -1",
    "claims.contrastive.late_power",
    lambda original: lambda: -0.5,
)
late.mistake(
    "twice as many clusters in the dynamics",
    "model.reduced.cl",
    lambda original: lambda s, **rest: original(s.replace(K=2 * s.K), **rest),
)


def depth_of(setting: Setting, loss_gap: float) -> float:
    """1 - A_1 from the loss above its limit, for small gaps, constant latents and N_c → ∞."""
    K, z2 = setting.K, setting.latents.U**2
    return loss_gap * (K - 1 + math.exp(z2 / setting.contrastive.tau)) / (2 * z2 * (K - 1))


def growth(setting: Setting, log_inverse_depth: float) -> float:
    """Claimed zΦ_1 at a small 1 - A_1 = e^{-log_inverse_depth}, constant latents, up to o(1)."""
    constant = math.log((1 - setting.gamma) * setting.c_1)
    return (1 - setting.kappa_c) * setting.log_P + log_inverse_depth - constant


def growth_log_power(setting: Setting) -> float:
    """Power of log P in e^{LΦ_1} at a fixed depth, claimed: -1 for a law with a density at L."""
    return 0.0 if setting.latents.is_constant else -1.0


feature_growth = Claim(
    id="cl.feature-growth",
    title="How far the global correlation grows",
    statement=(
        r"z\Phi_1 = (1-\kappa_c)\log P + \log\tfrac1{1-A_1} + O(1)\text{, the constant being "
        r"}-\log((1-\gamma)c_1)\text{ for constant latents; with random latents }z\text{ is the "
        r"smallest, and }O(\log\log P)\text{ is subtracted when their law has a density there}"
    ),
    provenance=Provenance.RECONSTRUCTED,
    paper="Theorem 4.4",
    measured="at A_1 = 1/2 and at a small loss gap, from which A_1 is known without Φ_1",
    assumptions=(
        "zero initialisation",
        "latents bounded away from 0",
        "many clusters",
        "contrastive details",
    ),
    rests_on=("cl.time", "cl.late"),
)


def at_depth(setting: Setting, depth: float) -> float:
    """Φ_1 at which 1 - E A_1 = depth, from the rates' attention."""

    def excess(phi: float) -> float:
        return 1 - reduced.cl_rates(setting, phi_global=phi).attention - depth

    highest = 2 * (setting.log_P - math.log(depth)) / setting.latents.L
    return optimize.brentq(excess, 0, highest, rtol=1e-12)


@feature_growth.leg("scaling")
def _feature_growth_scaling(context: Context) -> Iterator[Gap]:
    for shape in shapes_of(context):
        ladder = on_ladder(CONSTANT, shape)
        name = f"{label(ladder[0])}: zΦ_1"
        grown = [s.latents.U * transition(s).phi_global for s in ladder]
        yield from scaling.power_law(f"{name} at A_1 = 1/2", log_P(DIGITS), grown, 1 - shape[0])
        ends = [happened(collapse(s).done) for s in ladder]
        left = [float(collapse(s).loss_gap[-1]) for s in ladder]
        ahead = [
            s.latents.U * e.phi_global - growth(s, -math.log(depth_of(s, gap)))
            for s, e, gap in zip(ladder, ends, left, strict=True)
        ]
        yield from scaling.limit(
            f"{name} less the claimed growth, at a small loss gap",
            log_P(DIGITS),
            ahead,
            0,
            tolerance=5e-4,
            why="three digits of the weight e^{zΦ}; corrections C_1/P are below 1e-9",
        )
    random = RANDOM.replace(latents=Latents.uniform(0.5, 1.5, 96))
    ladder = on_ladder(random, ALL_SHAPES[2])
    weights = [s.latents.L * at_depth(s, 1e-3) for s in ladder]
    yield from scaling.power_law(
        f"{label(random)}: LΦ_1 at E A_1 = 0.999",
        log_P(DIGITS),
        weights,
        1 - ALL_SHAPES[2][0],
        log_power=growth_log_power(random),
    )


feature_growth.mistake(
    "κ_s in place of κ_c",
    "claims.contrastive.growth",
    lambda original: lambda s, depth: original(s, depth) + (s.kappa_c - s.kappa_s) * s.log_P,
)
feature_growth.mistake(
    "no log log P for a law with a density",
    "claims.contrastive.growth_log_power",
    lambda original: lambda s: 0.0,
)
feature_growth.mistake(
    "visible and masked patches exchanged",
    "model.reduced.cl",
    lambda original: lambda s, **rest: original(s.replace(gamma=1 - s.gamma), **rest),
)


def local_correlation(setting: Setting, phi: float) -> float:
    """Φ_m when Φ_1 = phi, claimed for constant z."""
    z, gamma = setting.latents.U, setting.gamma
    up = gamma / (2 * z) * (setting.C_s / setting.C_1) ** 2 * -math.expm1(-2 * z * phi)
    return up - (1 - gamma) * (setting.C_s / setting.P) * phi


def locals_exponent(setting: Setting) -> tuple[float, float]:
    """Exponent of |Φ_m| and the power of log P with it, claimed."""
    if setting.gap > 0:
        return setting.kappa_s - 1, 1.0
    return 2 * (setting.kappa_s - setting.kappa_c), 0.0


locals_stay = Claim(
    id="cl.locals-stay",
    title="Local features are not learned",
    statement=(
        r"\text{Constant }z\text{: }\Phi_m \approx \tfrac{\gamma}{2z}(C_s/C_1)^2(1-e^{-2z\Phi_1}) "
        r"- (1-\gamma)(C_s/P)\Phi_1\text{: exponent }2(\kappa_s-\kappa_c)\text{ for "
        r"}\Delta<0\text{, }\kappa_s-1\text{ with a factor }\log P\text{ for }\Delta>0"
    ),
    provenance=Provenance.RECONSTRUCTED,
    paper="Theorem 4.4",
    measured="Φ_m at the transition and long after it, in the reduced dynamics",
    assumptions=(
        "zero initialisation",
        "constant-in-area latent",
        "size separation κ_c > κ_s",
        "gap bounded away from 0",
        "many clusters",
        "contrastive details",
    ),
    rests_on=("cl.init-local", "cl.time"),
)


def local_at(setting: Setting, phi: float) -> float:
    """Φ_m of the run when Φ_1 = phi; Φ_m is linear or constant in Φ_1 by then."""
    run = collapse(setting)
    return float(np.interp(phi, run.phi_global, run.phi_other))


@locals_stay.leg("scaling", require=tuple(SHAPES))
def _locals_stay_scaling(context: Context) -> Iterator[Gap | Case]:
    for ladder in ladders(context):
        yield Case(("Δ > 0" if ladder[0].gap > 0 else "Δ < 0",))
        name = f"{label(ladder[0])}: Φ_m"
        halves = [transition(s).phi_global for s in ladder]
        found = [local_at(s, phi) for s, phi in zip(ladder, halves, strict=True)]
        exponent, log_power = locals_exponent(ladder[0])
        sizes = [math.log(abs(phi)) for phi in found]
        yield from scaling.power_law(name, log_P(DIGITS), sizes, exponent, log_power=log_power)
        for when, phis in (
            ("at the transition", halves),
            ("long after", [float(collapse(s).phi_global[-1]) for s in ladder]),
        ):
            ratios = [
                local_at(s, phi) / local_correlation(s, phi)
                for s, phi in zip(ladder, phis, strict=True)
            ]
            yield from scaling.limit(
                f"{name} over the formula, {when}",
                log_P(DIGITS),
                ratios,
                1,
                tolerance=1e-3,
                why="three digits; corrections C_1/P, C_s/C_1 are below 1e-9",
            )


locals_stay.mistake(
    "the sign of the second term",
    "claims.contrastive.local_correlation",
    lambda original: lambda s, phi: original(s, phi) + 2 * (1 - s.gamma) * (s.C_s / s.P) * phi,
)
locals_stay.mistake(
    "exponents of the two regimes exchanged",
    "claims.contrastive.locals_exponent",
    lambda original: (
        lambda s: (2 * (s.kappa_s - s.kappa_c), 0.0) if s.gap > 0 else (s.kappa_s - 1, 1.0)
    ),
)
locals_stay.mistake(
    "a local correlation that never moves",
    "claims.contrastive.local_at",
    lambda original: lambda s, phi: original(s, phi) * 0.9,
)


def positions_of(setting: Setting, phi: float) -> tuple[float, float]:
    """Υ_{p→q} = n·first + second for q in the global areas of n clusters, claimed at Φ_1 = phi.

    Leading order phi/(zC_1) and -K·phi/(zP); what is pulled from all but the visible global
    patches, P - (1-γ)C_1 in number, is shared by them evenly.
    """
    z, P, visible = setting.latents.U, setting.P, (1 - setting.gamma) * setting.C_1
    pushed = phi / (z * (P - visible))
    return phi / (z * setting.C_1) + (1 - setting.gamma) * pushed, -setting.K * pushed


def positions_powers() -> tuple[float, float]:
    """Powers of C_1 and of P in Υ_{p→q}/Φ_1, for q in a global area and elsewhere, claimed."""
    return -1.0, -1.0


positions_stay = Claim(
    id="cl.positions-stay",
    title="Position correlations stay small",
    statement=(
        r"\Upsilon_{p\to q} \approx \tfrac{\Phi_1}{z}\big(\tfrac{n_q}{C_1}-\tfrac KP\big),\quad "
        r"n_q = \#\{k: q\in\mathcal P_{k,1}\}\ \text{(keys with positions, constant } z\text{)}"
    ),
    provenance=Provenance.DERIVED,
    measured=(
        "rates β over α_1 along the collapse, P = 2^9 to 2^14, which integrate to Υ over Φ_1; and "
        "trained models, with corrections of relative order C_1/P"
    ),
    assumptions=(
        "zero initialisation",
        "orthonormal positions",
        "constant-in-area latent",
        "uniform masking",
        "many clusters",
        "contrastive details",
    ),
    rests_on=("cl.gradient-position", "cl.shift", "cl.feature-growth"),
)
WITH_POSITIONS = Contrastive(negatives=4, keys="feature+position")


def rates_over_feature(setting: Setting, attention: float) -> tuple[float, float]:
    """Mean β over α_1 for q in one global area and in none, where A_1 is about `attention`.

    On one batch that is the same in every run.
    """
    visible = (1 - setting.gamma) * setting.C_1 / setting.P
    odds = attention / (1 - attention) * (1 - visible) / visible
    phi = np.zeros((1, setting.features))
    phi[0, :: setting.areas] = math.log(odds) / setting.latents.U
    views = data.views(setting, max(8, 2**17 // setting.P), np.random.default_rng(0))
    alpha, beta, _ = gradients.contrastive(setting, views, phi, np.zeros((1, setting.P)))
    holders = (setting.area_of == 0).sum(axis=0)
    rate = alpha[0, :: setting.areas].mean()
    return float(beta[0, holders == 1].mean() / rate), float(beta[0, holders == 0].mean() / rate)


@positions_stay.leg("scaling")
def _positions_stay_scaling(context: Context) -> Iterator[Gap]:
    powers = range(9, context.at(quick=15, full=17))
    for kappa_c in context.at(quick=(0.6,), full=(0.6, 0.75)):
        ladder = [
            Setting(P=2**k, kappa_c=kappa_c, kappa_s=0.3, gamma=0.4, K=2).replace(
                latents=Latents.constant(1.3), contrastive=WITH_POSITIONS
            )
            for k in powers
        ]
        for attention in (0.5, 0.95):
            name = f"κ_c = {kappa_c}, A_1 = {attention}"
            found = [rates_over_feature(s, attention) for s in ladder]
            claimed = [positions_of(s, 1.0) for s in ladder]
            inside = [f[0] / (c[0] + c[1]) for f, c in zip(found, claimed, strict=True)]
            outside = [f[1] / c[1] for f, c in zip(found, claimed, strict=True)]
            powers_ = positions_powers()
            for where, ratios, power, scale in (
                ("in a global area", inside, powers_[0], [s.C_1 for s in ladder]),
                ("elsewhere", outside, powers_[1], [s.P for s in ladder]),
            ):
                yield from scaling.power_law(
                    f"{name}: β/α_1 {where} against the size, finite-size factor divided out",
                    [math.log(size) for size in scale],
                    [math.log(r / x) for r, x in zip(ratios, scale, strict=True)],
                    power,
                )
                yield equal(
                    f"{name}: β/α_1 {where} over the formula, P = 2^{powers[-1]}",
                    ratios[-1],
                    1,
                    0.01,
                    "the batch shows and hides 1e3 global patches or more: noise below 0.3 %",
                    false_alarm=1e-10,
                )


@positions_stay.leg("trained", profile="full")
def _positions_stay_trained(context: Context) -> Iterator[Gap]:
    for seed in range(2):
        base = theorems.CL_NEGATIVE
        time_ = theorems.cl_time(base)
        setting = base.replace(contrastive=dataclasses.replace(WITH_POSITIONS, negatives=16))
        step = theorems.CL_STEP * setting.P
        run = runs.trained_cl(setting, context.root_seed + seed, time_, step)
        holders = (setting.area_of == 0).sum(axis=0)
        slope, offset = np.polyfit(holders, run.upsilon[-1, 0], 1)
        phi = float(run.phi[-1, 0, :: setting.areas].mean())
        for name, found, claimed in zip(
            ("per cluster that holds q in its global area", "elsewhere"),
            (slope, offset),
            positions_of(setting, phi),
            strict=True,
        ):
            yield equal(
                f"seed {seed}: Υ_{{p→q}} {name}, over the formula",
                found / claimed,
                1,
                0.2,
                "fluctuations of 8 ± 2 visible global patches change it by about 1/16, noise of "
                "the batches by less than 2 %",
                false_alarm=1e-10,
            )


positions_stay.mistake(
    "positions learn as much as the feature",
    "claims.contrastive.positions_of",
    lambda original: lambda s, phi: (s.C_1 * original(s, phi)[0], original(s, phi)[1]),
)
positions_stay.mistake(
    "like 1/√C_1 in a global area",
    "claims.contrastive.positions_powers",
    lambda original: lambda: (-0.5, -1.0),
)
positions_stay.mistake(
    "masked keys get no gradient",
    "model.gradients._key_rates",
    lambda original: (
        lambda s, k, part, per_area, per_mask, on_key: original(
            s, k, part, per_area, 0 * per_mask, on_key
        )
    ),
)


# ----------------------------------------------------------- where the collapse stops: thresholds

Law = tuple[float, float]
"""The uniform law on [L, U]."""
LATENT_LAW: Law = (0.5, 1.5)


NODES = np.polynomial.legendre.leggauss(24)
"""Nodes and weights on [-1, 1]: exact to rounding for exponents up to U²/τ = 7.5."""


def net_pull(z: float, law: Law, K: float, tau: float) -> float:
    """h(z), claimed: mean pull on samples of global latent z while they, and only they, collapse.

    Those above z have collapsed, those below have not; N_c → ∞.
    """
    L, U = law
    x, w = NODES
    A, on_A = (x + 1) / 2, w / 2
    above, on_above = (z + U + (U - z) * x) / 2, w / 2 * (U - z) / (U - L)
    weight = np.exp(np.outer(A, above) * z / tau)
    against = (weight * above) @ on_above / (K - (U - z) / (U - L) + weight @ on_above)
    return float(on_A @ (z * A - against))


def resting_latent(law: Law, K: float, tau: float) -> float | None:
    """z*, the largest root of h in [L, U], claimed to be where the collapse stops; None if none."""
    zs = np.linspace(law[1], law[0], 41).tolist()
    for high, low in itertools.pairwise(zs):
        if net_pull(low, law, K, tau) <= 0:
            return optimize.brentq(net_pull, low, high, args=(law, K, tau))
    return None


def cluster_threshold(law: Law, tau: float) -> float:
    """K_c, claimed: the least K from which h > 0 on [L, U], for N_c → ∞."""
    zs = np.linspace(*law, 21).tolist()

    def least_pull(K: float) -> float:
        return min(net_pull(z, law, K, tau) for z in zs)

    return optimize.brentq(least_pull, 1 + 1e-9, 100, xtol=1e-9)


def crowded(digits: int, K: int, tau: float, latents: Latents | None = None) -> Setting:
    """A rung with K clusters, N_c → ∞ and the uniform law resolved finer than a front is wide."""
    width = (LATENT_LAW[1] - LATENT_LAW[0]) * digits
    law = latents or Latents.uniform(*LATENT_LAW, nodes=32 + int(width))
    details = Contrastive(negatives=math.inf, tau=tau)
    return rung(digits, (0.6, 0.2), K=K, c_1=1.0, latents=law, contrastive=details)


@shared.run_once
def resting_place(setting: Setting) -> float | None:
    """Φ_1/((1-κ_c) log P) at the first zero of α_1 beyond the transition; None if there is none.

    Looked for up to 1.1/L, where samples of every latent have collapsed.
    """
    unit = (1 - setting.kappa_c) * setting.log_P

    def rate(x: float) -> float:
        return reduced.cl_rates(setting, phi_global=x * unit).alpha_global

    # α_1 falls to any value within a front's width 1/Φ, so some 80 points cannot miss it.
    xs = np.linspace(1 / setting.latents.U, 1.1 / setting.latents.L, 80).tolist()
    for low, high in itertools.pairwise(xs):
        if rate(high) <= 0:
            return optimize.brentq(rate, low, high, xtol=1e-10)
    return None


THRESHOLDS = ((1e9, 4.0), (1.0, 5.0), (0.5, 6.45), (0.3, 9.54))
"""(τ, K_c) for z ∼ U[1/2, 3/2]."""

threshold = Claim(
    id="cl.cluster-threshold",
    title="The collapse needs enough clusters",
    statement=(
        r"\text{Random latents with a density on all of }[L,U]\text{, }N_c\to\infty\text{: the "
        r"collapse is complete iff }h(z) = \int_0^1\Big(zA - "
        r"\frac{E[z'e^{zAz'/\tau};z'>z]}{K-P(z'>z)+E[e^{zAz'/\tau};z'>z]}\Big)dA > 0\text{ on "
        r"}[L,U]\text{, that is for }K>K_c\text{; }\tau\to\infty\text{: }K_c = 2\mu/L\text{. A "
        r"same-cluster negative with }z'>z\text{ scores above the positive. With a gap in the law "
        r"no }K\text{ is enough: for }\{L,U\}\text{, }\Phi_1/((1-\kappa_c)\log P)\to 2/(L+U)"
    ),
    provenance=Provenance.SHARPENED,
    measured="whether α_1 stays positive until all samples have collapsed, for K on either side of "
    "K_c, at P = 1e100",
    assumptions=("latents bounded away from 0", "many clusters", "contrastive details"),
    rests_on=("cl.gradient-feature",),
)


@threshold.leg("exact")
def _threshold_exact(context: Context) -> Iterator[Gap]:
    for tau_, value in THRESHOLDS:
        yield equal(
            f"K_c for z ∼ U[1/2, 3/2], τ = {tau_:g}",
            cluster_threshold(LATENT_LAW, tau_),
            value,
            0.006,
            "the value is given to two decimals",
        )
    for law in ((0.5, 1.5), (1.0, 1.5), (0.2, 2.0)):
        yield equal(
            f"K_c for z ∼ U{list(law)}, τ → ∞, against 2μ/L",
            cluster_threshold(law, 1e12),
            (law[0] + law[1]) / law[0],
            1e-6,
            "accuracy of the root",
        )


@threshold.leg("scaling", require=("K < K_c", "K > K_c", "two-point law"))
def _threshold_scaling(context: Context) -> Iterator[Gap | Case]:
    chosen = context.at(quick=THRESHOLDS[1:2], full=THRESHOLDS)
    for tau_, _ in chosen:
        K_c = cluster_threshold(LATENT_LAW, tau_)
        # A front of width 1/log P cannot tell K from a K_c that is closer than that.
        below, above = math.ceil(K_c - 0.1) - 1, math.floor(K_c + 0.1) + 1
        for K, collapses in ((below, False), (above, True)):
            yield Case(("K > K_c" if collapses else "K < K_c",))
            yield identical(
                f"τ = {tau_:g}, K = {K}: the collapse is complete",
                resting_place(crowded(100, K, tau_)) is None,
                collapses,
                f"K_c = {K_c:.3f}",
            )
    for K in context.at(quick=(16,), full=(4, 16, 64)):
        yield Case(("two-point law",))
        law = Latents.two_point(*LATENT_LAW)
        found = [resting_place(crowded(k, K, 1.0, law)) or math.inf for k in DIGITS]
        yield from approach(
            f"latents {LATENT_LAW}, K = {K}: Φ_1/((1-κ_c) log P)", found, gap_rest()
        )


def gap_rest() -> float:
    """Limit of Φ_1/((1-κ_c) log P) for latents L or U, claimed."""
    return 2 / sum(LATENT_LAW)


def approach(name: str, values: list[float], predicted: float) -> Iterator[Gap]:
    """The limit along the ladder of values whose error is a series in 1/log P."""
    x = 1 / np.array(log_P(DIGITS))
    fit = np.polynomial.Polynomial.fit(x, values, 2, domain=[0, float(x.max())])
    yield equal(
        f"{name}, extrapolated to log P → ∞",
        float(fit(0)) if math.isfinite(sum(values)) else math.inf,
        predicted,
        0.004,
        "quadratic in 1/log P: the cubic term is about (front width)³ < 0.004 here",
    )
    yield at_most(
        f"{name}: error shrinks",
        abs(values[-1] - predicted),
        abs(values[0] - predicted),
        0,
        "the error at P = 1e100 is less than at P = 1e40",
    )


threshold.mistake(
    "half the pull of the negatives",
    "claims.contrastive.net_pull",
    lambda original: lambda z, law, K, tau: original(z, law, 2 * K, tau),
)
threshold.mistake(
    "latents taken to be constant",
    "claims.contrastive.LATENT_LAW",
    lambda original: (0.999, 1.001),
)
threshold.mistake(
    "the two-point law rests where L alone would",
    "claims.contrastive.gap_rest",
    lambda original: lambda: 1 / LATENT_LAW[0],
)

below_threshold = Claim(
    id="cl.below-threshold",
    title="Too few clusters: the collapse stops half-way",
    statement=(
        r"K<K_c\text{, latents with a density: }\Phi_1/((1-\kappa_c)\log P) \to 1/z_*\text{ with "
        r"}z_*\text{ the largest root of }h\text{; the fraction }\Pr(z<z_*)\text{ of samples does "
        r"not collapse, and local correlations grow from then on}"
    ),
    provenance=Provenance.DERIVED,
    measured="the zero of α_1 in the reduced rates, extrapolated in 1/log P",
    assumptions=threshold.assumptions,
    rests_on=("cl.cluster-threshold",),
)


def uncollapsed(law: Law, K: int, tau: float) -> float:
    """Limit of 1 - A_1, claimed: Pr(z < z*)."""
    z = resting_latent(law, K, tau)
    return 0.0 if z is None else (z - law[0]) / (law[1] - law[0])


@below_threshold.leg("scaling")
def _below_threshold_scaling(context: Context) -> Iterator[Gap]:
    for K, tau_ in context.at(quick=((3, 1.0),), full=((3, 1.0), (2, 1.0), (2, 1e9), (5, 0.5))):
        z = resting_latent(LATENT_LAW, K, tau_)
        ladder = [crowded(k, K, tau_) for k in DIGITS]
        name = f"K = {K}, τ = {tau_:g}"
        found = [resting_place(s) or math.inf for s in ladder]
        predicted = math.inf if z is None else 1 / z
        yield from approach(f"{name}: Φ_1/((1-κ_c) log P)", found, predicted)
        rates = [
            reduced.cl_rates(s, phi_global=x * (1 - s.kappa_c) * s.log_P)
            for s, x in zip(ladder, found, strict=True)
        ]
        left = [1 - rate.attention for rate in rates]
        yield from approach(f"{name}: 1 - A_1", left, uncollapsed(LATENT_LAW, K, tau_))
        yield at_least(
            f"{name}: α_m at rest over its order a_m/(KP Φ²), smallest on the ladder",
            min(
                rate.alpha_other * s.K * s.P * (s.P / s.C_s) * s.log_P**2
                for rate, s in zip(rates, ladder, strict=True)
            ),
            1e-3,
            0,
            "positive by much more than rounding: local correlations grow",
        )


below_threshold.mistake(
    "K_c as if negatives of one cluster did not count twice",
    "claims.contrastive.net_pull",
    lambda original: lambda z, law, K, tau: original(z, law, K + 1, tau),
)
below_threshold.mistake(
    "the fraction that does collapse",
    "claims.contrastive.uncollapsed",
    lambda original: lambda law, K, tau: 1 - original(law, K, tau),
)
below_threshold.mistake(
    "one cluster more in the dynamics",
    "model.reduced.cl_rates",
    lambda original: lambda s, **phi: original(s.replace(K=s.K + 1), **phi),
)


decay_threshold = Claim(
    id="cl.decay-threshold",
    title="Weight decay above a threshold stops the collapse",
    statement=(
        r"\text{Constant }z\text{: collapse iff }\lambda<\lambda_c = "
        r"2e\,z\,\alpha_1(0)\,(1+o(1))"
    ),
    provenance=Provenance.DERIVED,
    measured=(
        "least α_1(Φ_1)/Φ_1 before the transition without decay; runs with λ 2 % below and above"
    ),
    assumptions=(
        "zero initialisation",
        "plain gradient descent",
        "constant-in-area latent",
        "many clusters",
        "contrastive details",
    ),
    rests_on=("cl.init-global", "cl.time"),
)


def decay_of(setting: Setting) -> float:
    """λ_c, claimed: Φe^{-2zΦ} is at most 1/(2ez)."""
    return 2 * math.e * setting.latents.U * initial_global(setting)


def least_slope(setting: Setting) -> float:
    """Least α_1(Φ_1)/Φ_1 for Φ_1 ≤ 2/z: with more decay than that the growth comes to rest."""

    def slope(phi: float) -> float:
        return reduced.cl_rates(setting, phi_global=phi).alpha_global / phi

    z = setting.latents.U
    return float(optimize.minimize_scalar(slope, bounds=(0.05 / z, 2 / z), method="bounded").fun)


def with_decay(setting: Setting, decay: float) -> Setting:
    """The setting with weight decay λ."""
    return setting.replace(contrastive=dataclasses.replace(setting.contrastive, weight_decay=decay))


@decay_threshold.leg("scaling")
def _decay_threshold_scaling(context: Context) -> Iterator[Gap]:
    for base in (CONSTANT, OTHER):
        for shape in shapes_of(context):
            ladder = on_ladder(base, shape)
            name = label(ladder[0])
            yield from scaling.limit(
                f"{name}: λ_c/(2e z α_1(0))",
                log_P(DIGITS),
                [least_slope(s) / decay_of(s) for s in ladder],
                1,
                tolerance=5e-4,
                why="three digits; the correction C_1/P is below 1e-9",
            )
    for share, collapses in ((0.98, True), (1.02, False)):
        setting = rung(60, ALL_SHAPES[0], contrastive=MANY)
        decayed = with_decay(setting, share * decay_of(setting))
        late_ = transition_time(setting) + math.log(100)
        run = reduced.cl(decayed, loss_gap=1e-9, log_t_max=late_)
        yield identical(
            f"λ = {share} λ_c, P = 1e60: collapses within 100 transition times",
            run.half is not None,
            collapses,
            "a bottleneck 2 % wide is passed in some 1/√0.02 transition times",
        )


@decay_threshold.leg("trained", profile="full")
def _decay_threshold_trained(context: Context) -> Iterator[Gap]:
    base = theorems.CL_NEGATIVE
    time_ = 2 * theorems.cl_time(base)
    for share, collapses in ((0.5, True), (2.0, False)):
        setting = with_decay(base, share * decay_of(base))
        run = runs.trained_cl(setting, context.root_seed, time_, theorems.CL_STEP * base.P)
        bound = at_least if collapses else at_most
        yield bound(
            f"λ = {share} λ_c: attention on the global area",
            float(run.attention()[:, 0, 0].mean()),
            0.7 if collapses else 0.3,
            0,
            "one of two rest points: near 1, or near the initial 1/16",
            false_alarm=1e-10,
        )


decay_threshold.mistake(
    "2z α_1(0), as if e were 1",
    "claims.contrastive.decay_of",
    lambda original: lambda s: original(s) / math.e,
)
decay_threshold.mistake(
    "twice the decay in the dynamics",
    "model.reduced.cl_rates",
    lambda original: lambda s, phi_global: original(s, phi_global=2 * phi_global),
)

visible_global = Claim(
    id="cl.visible-global",
    title="Masks bound the collapse",
    statement=(
        r"1-E\,\mathrm{Attn}_{p\to\mathcal P_{k,1}} \ge "
        r"\Pr(\mathcal U\cap\mathcal P_{k,1}=\emptyset) = \tbinom{P-C_1}{P-M}\big/\tbinom{P}{P-M}"
    ),
    provenance=Provenance.DERIVED,
    assumptions=("uniform masking",),
    rests_on=("mask.moments",),
)


def none_visible(setting: Setting) -> Fraction:
    """Pr(no global patch is visible), claimed."""
    P, seen = setting.P, setting.P - setting.M
    return Fraction(math.comb(P - setting.C_1, seen), math.comb(P, seen))


@visible_global.leg("exact")
def _visible_global_exact(context: Context) -> Iterator[Gap]:
    rng = context.rng()
    for P_, C_1, C_s, gamma in ((6, 2, 1, 0.5), (8, 2, 3, 0.7), (9, 4, 2, 0.6)):
        setting = Setting.of_sizes(P_, C_1, C_s, gamma=gamma)
        samples = enumeration.population(setting)
        name = f"P = {P_}, C_1 = {C_1}, γ = {gamma}"
        for scale in (0.0, 1.0, 5.0):
            phi = scale * rng.standard_normal((1, setting.features))
            upsilon = scale * rng.standard_normal((1, P_))
            A = correlations.area_attention(setting, samples, phi, upsilon)[:, 0, 0]
            yield at_least(
                f"{name}, Q of scale {scale}: 1 - E A_1 over all masks",
                float(samples.weights @ (1 - A)),
                float(none_visible(setting)),
                1e-12,
                "rounding",
            )
        phi = np.zeros((1, setting.features))
        phi[0, 0] = 60.0
        A = correlations.area_attention(setting, samples, phi, np.zeros((1, P_)))[:, 0, 0]
        yield equal(
            f"{name}, Φ_1 = 60: 1 - E A_1 over all masks",
            float(samples.weights @ (1 - A)),
            float(none_visible(setting)),
            1e-12,
            "rounding: what attention is left off a visible global area is below P·e^-60",
        )


@visible_global.leg("trained")
def _visible_global_trained(context: Context) -> Iterator[Gap]:
    run = canonical_run(context, theorems.CL_NEGATIVE)
    setting, test = run.setting, run.test
    inside = setting.area_of[test.cluster] == 0
    hidden = ~(inside & test.visible).any(axis=1)
    missed = 1 - run.attention()[:, :, 0].mean(axis=1)
    yield at_least(
        "trained: 1 - A_1 averaged over test samples, against the share without a visible patch",
        float(missed.mean()),
        float(hidden.mean()),
        1e-12,
        "rounding; holds sample by sample",
    )


def canonical_run(context: Context, setting: Setting) -> runs.TrainedCl:
    """The trained model that the main theorem is measured on."""
    time_, step = theorems.cl_time(setting), theorems.CL_STEP * setting.P
    return runs.trained_cl(setting, context.root_seed, time_, step)


visible_global.mistake(
    "as if masks hid every patch independently",
    "claims.contrastive.none_visible",
    lambda original: lambda s: Fraction(s.M, s.P) ** s.C_1,
)
visible_global.mistake(
    "masks that hide one patch less",
    "model.enumeration.population",
    lambda original: lambda s: original(s.replace(gamma=(s.M - 1) / s.P + 1e-6)),
)

readings = Claim(
    id="cl.readings",
    title="The collapse under every reading of the definitions",
    statement=(
        r"\mathrm{Attn}_{p\to\mathcal P_{k,1}}\to1\text{ under every reading of keys, views and "
        r"queries; with features in the queries }\mathrm{rank}\,Q>1\text{, and masked queries come "
        r"last}"
    ),
    provenance=Provenance.DERIVED,
    assumptions=(
        "zero initialisation",
        "size separation κ_c > κ_s",
        "small step",
        "many clusters",
        "contrastive details",
    ),
    rests_on=("thm4.4", "cl.gradient-feature", "cl.gradient-position"),
)
READING_SIZES = {"Δ > 0": (24, 12, 3), "Δ < 0": (24, 8, 4)}
"""P, C_1, C_s with C_1² above and below P·C_s, and all local areas of one size."""


@dataclass(frozen=True)
class ByQuery:
    """Attention on the global area by kind of query at half time and at the end.

    rank: second singular value of Q over the first. diversity: of all queries at the end.
    """

    visible: tuple[float, float]
    masked: tuple[float, float]
    rank: float
    diversity: float


@shared.run_once
def trained_reading(setting: Setting, seed: int, steps: int) -> ByQuery:
    """Train the whole matrix Q on fresh batches, and look at test samples."""
    rng = np.random.default_rng([seed, 11])
    batches = (data.views(setting, 12, rng) for _ in itertools.count())
    test = data.draw(setting, 64, np.random.default_rng([seed, 12]), stratified=True)
    G = np.zeros((setting.dimension, setting.dimension))
    found: list[list[float]] = [[], []]
    A = np.empty((len(test), setting.P, setting.areas))
    for _ in range(2):
        G = descent.train_closed(setting, batches, steps=steps // 2, step=2.0 * setting.P, start=G)
        for k, part in test.parts:
            attention = gradients.contrastive_attention(setting, part, k, G)
            A[test.cluster == k] = correlations.areas_of(setting, part, attention)
        found[0].append(float(A[:, :, 0][test.visible].mean()))
        found[1].append(float(A[:, :, 0][~test.visible].mean()))
    singular = np.linalg.svd(G, compute_uv=False)
    return ByQuery(
        visible=(found[0][0], found[0][1]),
        masked=(found[1][0], found[1][1]),
        rank=float(singular[1] / singular[0]),
        diversity=correlations.diversity(test, A, masked_only=False),
    )


def last_to_collapse(run: ByQuery) -> tuple[float, float]:
    """Attention at half time of the queries claimed to be ahead, and of those claimed behind."""
    return run.visible[0], run.masked[0]


def reading_name(setting: Setting) -> str:
    """The reading of the definitions, in words."""
    details = setting.contrastive
    return f"keys {details.keys}, {details.views} views, query {details.query}"


def trained_readings(context: Context) -> Iterator[tuple[str, Setting, ByQuery]]:
    """Models under the readings that are not canonical, with the sign of their gap."""
    plan = [(reading, sign) for reading in READINGS[4:] for sign in READING_SIZES]
    plan += zip(READINGS[1:4], (*READING_SIZES, "Δ > 0"), strict=True)
    if context.profile == "quick":
        plan = [plan[1], plan[6], plan[-1]]
    for reading, sign in plan:
        details = Contrastive(negatives=4, **reading)
        setting = Setting.of_sizes(
            *READING_SIZES[sign], K=4, placement="random", contrastive=details
        )
        steps = context.at(quick=200, full=400)
        yield sign, setting, trained_reading(setting, context.root_seed, steps)


@readings.leg("trained", require=tuple(READING_SIZES))
def _readings_trained(context: Context) -> Iterator[Gap | Case]:
    for sign, setting, run in trained_readings(context):
        yield Case((sign,))
        query, name = setting.contrastive.query, f"{reading_name(setting)}, {sign}"
        for kind, A in (("visible", run.visible), ("masked", run.masked)):
            yield at_least(
                f"{name}: attention of {kind} queries on the global area",
                A[1],
                context.at(quick=0.7, full=0.9),
                0,
                "it starts at 1/6 to 1/4; what is missing falls as 1/t",
                false_alarm=1e-10,
            )
        if query == "feature+position":
            ahead, behind = last_to_collapse(run)
            yield at_least(
                f"{name}: visible queries are ahead of masked ones half-way",
                ahead - behind,
                0.01,
                0,
                "rows of features learn from all patches of their area at once",
                false_alarm=1e-10,
            )
            yield at_least(f"{name}: rank of Q", run.rank, 0.01, 0, "more than one singular value")
        else:
            yield at_most(f"{name}: rank of Q", run.rank, 0, 1e-9, "rounding: rank one")


readings.mistake(
    "masked queries come first",
    "claims.contrastive.last_to_collapse",
    lambda original: lambda run: original(run)[::-1],
)
readings.mistake(
    "negatives pull instead of pushing",
    "model.gradients.pulls",
    lambda original: lambda *given: (-original(*given)[0], original(*given)[1]),
)

# ------------------------------------------------------------------------------ for `claims trace`


def correlation_at(setting: Setting, miss: float) -> float:
    """Φ_1 at which 1-A_1 = miss, Φ_m = 0, constant latents: the inverse of `missing`."""
    a_1 = (1 - setting.gamma) * (setting.C_1 / setting.P)
    return math.log((1 / miss - 1) * (1 - a_1) / a_1) / setting.latents.U


def predicted_events(setting: Setting, loss_gap: float) -> dict[str, dict[str, float] | None]:
    """The log t and Φ_1 predicted at `half` and `done`; large P.

    Only the time is predicted for random latents, and only the transition for finitely many
    negatives (cl.time, cl.late). There is no switch.
    """
    log_half = transition_time(setting)
    half = {"log_t": log_half}
    if not setting.latents.is_constant:
        return {"switch": None, "half": half, "done": None}
    phi = correlation_at(setting, 0.5)
    half |= {"phi_global": phi, "phi_own": phi}
    if setting.contrastive.negatives != math.inf:
        return {"switch": None, "half": half, "done": None}
    log_rest = setting.log_P + math.log(setting.K * late_loss(setting) / loss_gap)
    phi = correlation_at(setting, late_constant(setting) * loss_gap / late_loss(setting))
    done = {"log_t": float(np.logaddexp(log_half, log_rest)), "phi_global": phi, "phi_own": phi}
    return {"switch": None, "half": half, "done": done}


CLAIMS = (
    gradient_feature,
    gradient_position,
    zero_gradient,
    rank_one,
    pooling,
    shift,
    init_global,
    init_local,
    init_dominance,
    time,
    late,
    feature_growth,
    locals_stay,
    positions_stay,
    threshold,
    below_threshold,
    decay_threshold,
    visible_global,
    readings,
)
