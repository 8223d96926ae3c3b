"""Structure of the MAE's training: what stays 0, and the basis, which plays no part.

The formulas are those of `gradients`; here they are followed along training on the whole matrix Q.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy as sp

from refutable.claim import Case, Claim, Context, Evidence, Provenance
from refutable.claims.mae import gradients
from refutable.claims.mae.gradients import (
    ANY_AREAS,
    REGIMES,
    SAMPLE,
    Floats,
    Measured,
    own_variables,
    search,
)
from refutable.gap import Gap, at_most, equal
from refutable.model import correlations, data, descent, losses, vit
from refutable.model import gradients as closed_forms
from refutable.model.setting import Latents, Setting
from refutable.model.trajectory import Series
from refutable.prove import symbolic

STATED_IN = ("refutable.claims.mae.gradients",)
"""Where else parts of the statements are."""

DRIFT = 1e-11
"""Correlations after some hundred descent steps of size ≤ 1, each adding rounding of at most
ROUNDING; the loss is descended, so that differences are not amplified beyond a small factor."""


def trained(
    setting: Setting,
    samples: data.Samples,
    steps: int,
    step: float,
    basis: Floats | None = None,
) -> tuple[Floats, Series]:
    """Q after training the full module by automatic differentiation, and the losses on the way."""
    module = vit.MaskedAutoencoder(setting, basis)
    values = descent.train_module(module, samples, steps=steps, step=step)
    return module.Q.detach().numpy(), values


def training_settings(context: Context) -> Iterator[Setting]:
    """Settings of either sign of C_1² - P·C_s, one and several clusters, random placement."""
    base = Setting.of_sizes(12, 5, 2, gamma=0.5, latents=Latents.two_point(0.75, 1.25))
    yield base.replace(K=2, placement="random", placement_seed=context.seed % 1000)
    yield Setting.of_sizes(12, 3, 2, gamma=0.5)
    if context.profile != "quick":
        yield base.replace(K=3, gamma=0.75)
        yield Setting.of_sizes(24, 8, 4, gamma=0.5, K=2, latents=base.latents)


def training(context: Context) -> Iterator[tuple[Setting, data.Samples, int]]:
    """Settings, a batch for each and how many steps of size 1 to train on it."""
    for i, setting in enumerate(training_settings(context)):
        rng = np.random.default_rng([context.seed, i])
        yield setting, data.draw(setting, 48, rng), context.at(quick=60, full=600)


STEP = 1.0

invariant_span = Claim(
    id="grad.invariant-span",
    title="Rows along features stay 0",
    statement=r"v_{k,j}^\top Q^{(t)} = 0 \quad\text{for all } t",
    provenance=Provenance.DERIVED,
    assumptions=(
        "orthonormal features",
        "orthonormal positions",
        "zero initialisation",
        "plain gradient descent",
        "one head, one layer",
    ),
    rests_on=(),
)


def idle_rows(setting: Setting) -> slice:
    """Rows of G = BᵀQB that the loss cannot see: those of the features."""
    return slice(setting.P, setting.dimension)


@invariant_span.leg("property", require=REGIMES)
def gradient_has_no_feature_rows(context: Context) -> Evidence:
    """The gradient at Q with zero feature rows keeps them zero."""

    def gaps(at: Measured) -> Iterator[Gap]:
        measured = at.automatic[idle_rows(at.setting)]
        yield at.gap("gradient along features", measured, np.zeros_like(measured))

    return search(context, gaps)


@invariant_span.leg("trained")
def feature_rows_of_trained_models(context: Context) -> Iterator[Gap | Case]:
    """Feature rows of Q along training by automatic differentiation."""
    for setting, samples, steps in training(context):
        yield Case((f"K = {setting.K}",))
        basis = data.random_rotation(setting, context.rng())
        Q, values = trained(setting, samples, steps, STEP, basis)
        G = correlations.coordinates(Q, basis)
        yield at_most(
            "largest entry of a feature's row after training",
            np.abs(G[idle_rows(setting)]).max(),
            0,
            DRIFT,
            "the exact value is 0; rounding of some hundred steps in a random basis",
        )
        yield has_trained(values)


def has_trained(values: Series) -> Gap:
    """Nothing is shown by a training that did not move."""
    return at_most(
        "loss after training over loss before",
        values[-1] / values[0],
        0.9,
        0,
        "the run must have left its start for the statement to say anything",
    )


invariant_span.mistake(
    idle_rows,
    "the rows along positions claimed to stay 0",
    lambda original: lambda setting: slice(0, setting.P),
)
invariant_span.mistake(
    vit.MaskedAutoencoder,
    "queries carry the mean patch beside the position",
    gradients.asking(lambda module, X: module.positions + X.mean(dim=1, keepdim=True)),
)

shift = Claim(
    id="grad.shift",
    title="Position correlations of a query sum to 0",
    statement=r"\sum_q \beta_{p\to q} = 0,\ \text{ hence }\ \sum_q \Upsilon^{(t)}_{p\to q} = 0",
    provenance=Provenance.DERIVED,
    assumptions=("orthonormal positions", "zero initialisation", "plain gradient descent"),
    rests_on=("grad.position",),
)


@shift.leg("symbolic")
def position_rates_sum_to_zero(context: Context) -> Iterator[Gap]:
    """The sum over all keys for any number of areas."""
    own, other, masked = gradients.predicted_pulls(SAMPLE.z_j, SAMPLE.A_j, *own_variables(SAMPLE))
    # Over all but two areas Σ A_m(h - z_m²A_m) = h·ΣA_m - Σz_m²A_m².
    further = SAMPLE.W / SAMPLE.total * masked - SAMPLE.S2 / SAMPLE.total**2
    hidden = SAMPLE.R / SAMPLE.total * masked
    total = SAMPLE.A_n * own + SAMPLE.A_j * other + further + hidden
    yield symbolic.identity("any number of areas", total, sp.Integer(0), ANY_AREAS)


@shift.leg("property", require=REGIMES)
def position_rates_of_the_module_sum_to_zero(context: Context) -> Evidence:
    """Row sums of the automatic gradient."""

    def gaps(at: Measured) -> Iterator[Gap]:
        for name, beta in (
            ("automatic", correlations.position(at.setting, at.automatic)),
            ("closed form", at.closed()[1]),
        ):
            total = beta.sum(axis=1)
            yield at.gap(name, total, np.zeros_like(total))

    return search(context, gaps)


@shift.leg("trained")
def position_correlations_sum_to_zero(context: Context) -> Iterator[Gap | Case]:
    """Row sums of Υ along training."""
    for setting, samples, steps in training(context):
        yield Case((f"K = {setting.K}",))
        Q, values = trained(setting, samples, steps, STEP)
        upsilon = correlations.position(setting, Q)
        yield equal(
            "largest sum over keys after training",
            np.abs(upsilon.sum(axis=1)).max(),
            0,
            DRIFT,
            "the exact value is 0; rounding of some hundred steps",
        )
        yield has_trained(values)


shift.mistake(
    gradients.predicted_pulls,
    "masked keys get nothing",
    lambda original: lambda *args: (*original(*args)[:2], 0 * args[0]),
)
shift.mistake(
    closed_forms.residual,
    "h counted twice",
    lambda original: lambda A, z, own: 2 * original(A, z, own),
)

rotation = Claim(
    id="grad.rotation",
    title="The basis plays no part",
    statement=(
        r"\text{for every orthogonal } B:\ "
        r"(\Phi^{(t)},\Upsilon^{(t)})\text{ in the basis } B "
        r"\text{ equal those in the canonical one}"
    ),
    provenance=Provenance.DERIVED,
    assumptions=(
        "orthonormal features",
        "orthonormal positions",
        "zero initialisation",
        "plain gradient descent",
    ),
    rests_on=("grad.own", "grad.other", "grad.position"),
)


def predicted_coordinates(Q: Floats, basis: Floats) -> Floats:
    """e_pᵀQv and e_pᵀQe_q for a basis whose columns are the e and the v (Definition 3.1)."""
    return basis.T @ Q @ basis


@rotation.leg("trained")
def training_in_another_basis(context: Context) -> Iterator[Gap | Case]:
    """The same training in the canonical and in a random orthonormal basis."""
    for setting, samples, steps in training(context):
        yield Case((f"K = {setting.K}",))
        basis = data.random_rotation(setting, context.rng())
        turned, _ = trained(setting, samples, steps, STEP, basis)
        plain, values = trained(setting, samples, steps, STEP)
        G = predicted_coordinates(turned, basis)
        closed = descent.train_closed(setting, samples, steps=steps, step=STEP)
        for name, other in (("automatic, canonical basis", plain), ("closed form", closed)):
            worst = np.unravel_index(np.abs(G - other).argmax(), G.shape)
            yield equal(
                f"random basis against {name}",
                G[worst],
                other[worst],
                DRIFT,
                "the same real number; rounding of some hundred steps",
            )
        yield has_trained(values)


rotation.mistake(
    predicted_coordinates,
    "the matrix itself claimed to be the same",
    lambda original: lambda Q, basis: Q,
)
rotation.mistake(
    losses.patch_losses,
    "a penalty on single entries of Q",
    lambda original: (
        lambda module, *rest: original(module, *rest) + 1e-3 * module.Q.abs().sum() / len(module.Q)
    ),
)

CLAIMS = (invariant_span, shift, rotation)
