"""Gradients of the reconstruction loss: Lemma 5.1 in its exact form.

Everything here is derived from Definitions 2.1-2.5 and holds for any Q, not only along training.
On a sample that masks the query p of area n, with z the latents and A the area attention,
squares = Σ_{m≠n} z_m²A_m² is all that the other areas contribute, however many they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import sympy as sp
import torch

from refutable.claim import Claim, Context, Evidence, Provenance
from refutable.claims import assumptions
from refutable.claims.mae.automatic import REGIMES, Floats, Measured, search
from refutable.gap import Gap
from refutable.model import correlations, data, gradients, losses
from refutable.model import symbolic as definitions
from refutable.prove import symbolic

MODEL = assumptions.MODEL


def predicted_loss(z_n: Any, A_n: Any, squares: Any) -> Any:
    """½(z_n²(1-A_n)² + Σ_{m≠n} z_m²A_m²)."""
    return (z_n**2 * (1 - A_n) ** 2 + squares) / 2


def predicted_own(z_n: Any, A_n: Any, squares: Any) -> Any:
    """α_{p→v_n} of a sample: z_nA_n(z_n²(1-A_n)² + Σ_{m≠n} z_m²A_m²)."""
    return z_n * A_n * (z_n**2 * (1 - A_n) ** 2 + squares)


def predicted_other(z_m: Any, A_m: Any, z_n: Any, A_n: Any, squares: Any) -> Any:
    """α_{p→v_m} of a sample, m ≠ n: z_mA_m(h - z_m²A_m), h = Σ_{i≠n} z_i²A_i² - z_n²A_n(1-A_n)."""
    return z_m * A_m * (squares - z_n**2 * A_n * (1 - A_n) - z_m**2 * A_m)


KEYS: tuple[definitions.Key, ...] = ("own", "other", "masked")


def predicted_pulls(z_m: Any, A_m: Any, z_n: Any, A_n: Any, squares: Any) -> tuple[Any, Any, Any]:
    """The pull h - g_q of a key q visible in the own area, visible in area m, or masked.

    β_{p→q} of a sample is attn_{p→q} times this.
    """
    h = squares - z_n**2 * A_n * (1 - A_n)
    return h + z_n**2 * (1 - A_n), h - z_m**2 * A_m, h


SAMPLE = definitions.GeneralMae()
"""One sample; W and S_2 stand for the sums over all areas but two, so identities hold for any N."""
TWO_AREAS = definitions.GeneralMae(W=sp.Integer(0), S2=sp.Integer(0))
ANY_AREAS = "differentiated from the definitions in SymPy; the other areas enter through two sums"
IN_CODE = "the code's closed form on symbols, two areas, against the derivative in SymPy"


def own_variables(sample: definitions.GeneralMae) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """z_n, A_n and Σ_{m≠n} z_m²A_m²."""
    return sample.z_n, sample.A_n, sample.others


def two_areas() -> tuple[Any, Any, Any]:
    """The arrays A (1, 2), z (1, 2) and own (1,) that the code takes, filled with symbols."""
    A = np.array([[TWO_AREAS.A_n, TWO_AREAS.A_j]], dtype=object)
    z = np.array([[TWO_AREAS.z_n, TWO_AREAS.z_j]], dtype=object)
    return A, z, np.array([0])


decomposition = Claim(
    id="grad.loss",
    title="The loss splits by areas",
    statement=(
        r"L_p = \tfrac12\,\mathbb{E}\big[\mathbf 1\{p\in\mathcal M\}\big(z_n^2(1-A_n)^2 "
        r"+ \textstyle\sum_{m\neq n} z_m^2 A_m^2\big)\big]"
    ),
    provenance=Provenance.DERIVED,
    assumptions=MODEL,
    rests_on=("data.partition",),
)


@decomposition.leg("symbolic")
def loss_by_pythagoras(context: Context) -> Iterator[Gap]:
    """The decomposition for any number of areas, and the code's loss on three."""
    loss = predicted_loss(*own_variables(SAMPLE))
    yield symbolic.identity("any number of areas", SAMPLE.loss, loss, ANY_AREAS)
    coded = gradients.loss_integrand(*two_areas())
    yield symbolic.identity("code", coded[0], TWO_AREAS.loss, IN_CODE)


@decomposition.leg("property", require=REGIMES)
def loss_of_the_module(context: Context) -> Evidence:
    """The module's loss at any Q against the decomposition."""

    def gaps(at: Measured) -> Iterator[Gap]:
        predicted = (at.weight * predicted_loss(*at.per_query)).sum(axis=0)
        X = data.patches(at.setting, at.samples, at.basis)
        tensors = map(torch.from_numpy, (X, at.samples.visible, at.samples.weights))
        module_losses = losses.patch_losses(at.module, *tensors).detach().numpy()
        yield at.gap("module, every patch", module_losses, predicted)
        yield at.gap("closed form, every patch", at.closed()[2], predicted)

    return search(context, gaps)


decomposition.mistake(
    predicted_loss,
    "the query's own attention missing in the residual",
    lambda original: lambda z_n, A_n, squares: original(z_n, 0 * A_n, squares),
)
decomposition.mistake(
    losses.patch_losses,
    "the loss counts visible patches too",
    lambda original: (
        lambda module, X, visible, weights, queries=None: (
            original(module, X, visible, weights, queries)
            + original(module, X, ~visible, weights, queries)
        )
    ),
)


own_rate = Claim(
    id="grad.own",
    title="Rate of the own feature",
    statement=(
        r"\alpha_{p\to v_n} = \mathbb{E}\big[\mathbf 1\,z_n A_n\big(z_n^2(1-A_n)^2 "
        r"+ \textstyle\sum_{m\neq n} z_m^2A_m^2\big)\big]"
    ),
    provenance=Provenance.DERIVED,
    assumptions=MODEL,
    rests_on=("grad.loss",),
)


@own_rate.leg("symbolic")
def own_rate_is_the_slope(context: Context) -> Iterator[Gap]:
    """The derivative for any number of areas, and the code's integrand on three."""
    rate = predicted_own(*own_variables(SAMPLE))
    yield symbolic.identity("any number of areas", SAMPLE.own_rate(), rate, ANY_AREAS)
    coded = gradients.own_integrand(*two_areas())
    yield symbolic.identity("code", coded[0], TWO_AREAS.own_rate(), IN_CODE)


@own_rate.leg("property", require=REGIMES)
def own_rate_of_the_module(context: Context) -> Evidence:
    """Automatic derivatives at any Q against the formula."""

    def gaps(at: Measured) -> Iterator[Gap]:
        z_n, A_n, squares = at.per_query
        own = at.is_own()
        automatic = np.where(own, correlations.feature(at.setting, at.automatic), 0)
        integrand = predicted_own(z_n, A_n, squares)[:, :, None]
        predicted = np.where(own, at.by_feature(np.repeat(integrand, at.setting.areas, 2)), 0)
        yield at.gap("automatic", automatic, predicted)
        yield at.gap("closed form", np.where(own, at.closed()[0], 0), predicted)

    return search(context, gaps)


own_rate.mistake(
    predicted_own,
    "the other areas' attention left out",
    lambda original: lambda z_n, A_n, squares: original(z_n, A_n, 0 * squares),
)
own_rate.mistake(
    predicted_own,
    "a part in a billion too much",
    lambda original: lambda *given: original(*given) * (1 + 1e-9),
)
own_rate.mistake(
    gradients.own_integrand,
    "wrong sign",
    lambda original: lambda A, z, own: -original(A, z, own),
)


other_rate = Claim(
    id="grad.other",
    title="Rate of any other feature",
    statement=(
        r"m\neq n:\quad \alpha_{p\to v_m} = \mathbb{E}\big[\mathbf 1\,z_mA_m(h - z_m^2A_m)\big],"
        r"\quad h = \textstyle\sum_{i\neq n} z_i^2A_i^2 - z_n^2A_n(1-A_n)"
    ),
    provenance=Provenance.DERIVED,
    assumptions=MODEL,
    rests_on=("grad.loss",),
)


@other_rate.leg("symbolic")
def other_rate_is_the_slope(context: Context) -> Iterator[Gap]:
    """The derivative for any number of areas, and the code's integrand on three."""
    rate = predicted_other(SAMPLE.z_j, SAMPLE.A_j, *own_variables(SAMPLE))
    yield symbolic.identity("any number of areas", SAMPLE.other_rate(), rate, ANY_AREAS)
    coded = gradients.other_integrand(*two_areas())
    yield symbolic.identity("code", coded[0, 1], TWO_AREAS.other_rate(), IN_CODE)


@other_rate.leg("property", require=REGIMES)
def other_rate_of_the_module(context: Context) -> Evidence:
    """Automatic derivatives at any Q against the formula."""

    def gaps(at: Measured) -> Iterator[Gap]:
        z_n, A_n, squares = (x[:, :, None] for x in at.per_query)
        own = at.is_own()
        automatic = np.where(own, 0, correlations.feature(at.setting, at.automatic))
        integrand = predicted_other(at.z[:, None, :], at.A, z_n, A_n, squares)
        predicted = np.where(own, 0, at.by_feature(integrand))
        yield at.gap("automatic", automatic, predicted)
        yield at.gap("closed form", np.where(own, 0, at.closed()[0]), predicted)

    return search(context, gaps)


other_rate.mistake(
    predicted_other,
    "the own area's share of h with the wrong sign",
    lambda original: (
        lambda z_m, A_m, z_n, A_n, squares: (
            original(z_m, A_m, z_n, A_n, squares) + 2 * z_m * A_m * z_n**2 * A_n * (1 - A_n)
        )
    ),
)
other_rate.mistake(
    gradients.residual,
    "h without the other areas",
    lambda original: lambda A, z, own: original(A, z, own) - (z**2 * A**2).sum(axis=-1),
)


position_rate = Claim(
    id="grad.position",
    title="Rate of a position correlation",
    statement=(
        r"\beta_{p\to q} = \mathbb{E}\big[\mathbf 1\,\mathrm{attn}_{p\to q}(h-g_q)\big],\quad "
        r"g_q = -z_n^2(1-A_n)\ (q\in\mathcal U\cap\mathcal P_n),\ "
        r"z_m^2A_m\ (q\in\mathcal U\cap\mathcal P_m),\ 0\ (q\in\mathcal M)"
    ),
    provenance=Provenance.DERIVED,
    assumptions=MODEL,
    rests_on=("grad.loss",),
)


@position_rate.leg("symbolic")
def position_rate_is_the_slope(context: Context) -> Iterator[Gap]:
    """One key's weight split off from its area, for every kind of key."""
    for i, key in enumerate(KEYS):
        sample = definitions.GeneralMae(key=key)
        pull = predicted_pulls(sample.z_j, sample.A_j, *own_variables(sample))[i]
        attention = sample.y / sample.total
        yield symbolic.identity(
            f"{key} key, any number of areas", sample.position_rate(), attention * pull, ANY_AREAS
        )


@position_rate.leg("property", require=REGIMES)
def position_rate_of_the_module(context: Context) -> Evidence:
    """Automatic derivatives at any Q against the formula."""

    def gaps(at: Measured) -> Iterator[Gap]:
        automatic = correlations.position(at.setting, at.automatic)
        predicted = (at.weight[:, :, None] * predicted_key_rates(at)).sum(axis=0)
        yield at.gap("automatic", automatic, predicted)
        yield at.gap("closed form", at.closed()[1], predicted)

    return search(context, gaps)


def predicted_key_rates(at: Measured) -> Floats:
    """attn_{p→q}(h - g_q) of every sample, query and key: (B, P, P)."""
    z_n, A_n, squares = (x[:, :, None] for x in at.per_query)
    area = at.own[:, None, :]  # of the key, in the sample's cluster
    z_q = np.take_along_axis(at.z, at.own, axis=1)[:, None, :]
    A_q = np.take_along_axis(at.A, np.broadcast_to(area, at.attention.shape), axis=2)
    own, other, masked = predicted_pulls(z_q, A_q, z_n, A_n, squares)
    pull = np.where(area == at.own[:, :, None], own, other)
    return at.attention * np.where(at.samples.visible[:, None, :], pull, masked)


position_rate.mistake(
    predicted_pulls,
    "masked keys get nothing",
    lambda original: lambda *args: (*original(*args)[:2], 0 * args[0]),
)
position_rate.mistake(
    gradients.position_integrand,
    "visible keys of other areas pulled the wrong way",
    lambda original: (
        lambda A, z, own: 2 * gradients.residual(A, z, own)[..., None] - original(A, z, own)
    ),
)

CLAIMS = (decomposition, own_rate, other_rate, position_rate)
