"""Invariants: queries that do not interact, rows that stay 0, sums of 0, and the basis.

The formulas are those of `gradients`; here they are followed along training on the whole matrix Q.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import sympy as sp
import torch

from refutable.claim import Case, Claim, Context, Evidence, Provenance
from refutable.claims.mae import gradients
from refutable.claims.mae.automatic import REGIMES, Measured, search
from refutable.claims.mae.gradients import ANY_AREAS, SAMPLE, own_variables
from refutable.claims.mae.training import DRIFT, STEP, has_trained, trained, training
from refutable.gap import Gap, at_most, equal
from refutable.model import correlations, data, descent, losses, vit
from refutable.model import gradients as closed_forms
from refutable.model import symbolic as definitions
from refutable.model.data import Floats
from refutable.model.setting import Setting
from refutable.prove import symbolic

STATED_IN = ("refutable.claims.mae.gradients",)
"""Where else parts of the statements are."""


decoupling = Claim(
    id="grad.query-decoupling",
    title="Queries do not interact",
    statement=(
        r"Q_p := e_p^\top Q:\quad \frac{\partial^2 L}{\partial Q_p\,\partial Q_{p'}} = 0"
        r"\ \text{ for } p\neq p'"
    ),
    provenance=Provenance.DERIVED,
    assumptions=("orthonormal positions", "one head, one layer"),
    rests_on=(),
)


def uncoupled_rows(patches: int, p: int) -> list[int]:
    """The queries whose rows do not feel row p: all others."""
    return [other for other in range(patches) if other != p]


@decoupling.leg("symbolic", expects="that the mixed derivatives vanish is the statement")
def rows_do_not_meet(context: Context) -> Iterator[Gap]:
    """Mixed second derivatives of the whole loss on a small case."""
    queries = [
        definitions.GeneralMae(
            **{name: sp.Symbol(f"{name}_{p}", positive=True) for name in ("s_n", "s_j", "W", "R")}
        )
        for p in range(2)
    ]
    total = queries[0].loss + queries[1].loss
    for p in range(2):
        for other in uncoupled_rows(2, p):
            here, there = queries[p], queries[other]
            for a, b in itertools.product(
                (here.s_n, here.s_j, here.R), (there.s_n, there.s_j, there.R)
            ):
                yield symbolic.identity(
                    f"∂²L/∂{a}∂{b}",
                    sp.diff(total, a, b),
                    sp.Integer(0),
                    "row p moves the softmax weights of query p only; " + ANY_AREAS,
                )


@decoupling.leg("property", require=REGIMES)
def mixed_derivatives_of_the_module(context: Context) -> Evidence:
    """Automatic second derivatives between rows of Q."""

    def gaps(at: Measured) -> Iterator[Gap]:
        p = int(at.rng.integers(at.setting.P))
        w = at.rng.standard_normal(at.setting.dimension)
        direction = torch.from_numpy(np.outer(at.basis[:, p], w / np.linalg.norm(w)))
        (bend,) = torch.autograd.grad((at.gradient * direction).sum(), at.module.Q)
        rows = at.basis[:, : at.setting.P].T @ bend.numpy()
        measured = rows[uncoupled_rows(at.setting.P, p)]
        yield at.gap("second derivative across rows", measured, np.zeros_like(measured))

    return search(context, gaps)


def asking(question: Any) -> Any:
    """A plant: the autoencoder's queries become question(module, X), (B or 1, P, d)."""

    def plant(original: Any) -> Any:
        class Asking(original):  # type: ignore[misc]  # whichever network is planted in
            def attention(self, X: torch.Tensor, queries: Any = None) -> torch.Tensor:
                asking = question(self, X)[:, self._chosen(queries)] @ self.Q
                return torch.softmax(asking @ (X + self.positions).transpose(1, 2), dim=-1)

        return Asking

    return plant


decoupling.mistake(
    uncoupled_rows,
    "a row claimed not to feel itself",
    lambda original: lambda patches, p: list(range(patches)),
)
decoupling.mistake(
    vit.MaskedAutoencoder,
    "a query asks with its neighbour's position too",
    asking(lambda module, X: (module.positions + module.positions.roll(1, 0))[None]),
)


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


invariant_span.mistake(
    idle_rows,
    "the rows along positions claimed to stay 0",
    lambda original: lambda setting: slice(0, setting.P),
)
invariant_span.mistake(
    vit.MaskedAutoencoder,
    "queries carry the mean patch beside the position",
    asking(lambda module, X: module.positions + X.mean(dim=1, keepdim=True)),
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


CLAIMS = (decoupling, invariant_span, shift, rotation)
