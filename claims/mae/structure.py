"""Structure of the MAE's training: what stays 0, what moves together, and what plays no part.

The formulas are those of `gradients`; here they are followed along training on the whole matrix Q.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
from refutable.gap import Gap, at_least, at_most, equal
from refutable.model import correlations, data, descent, enumeration, losses, lumping, vit
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

lumping_claim = Claim(
    id="grad.lumping",
    title="Areas of equal size move together",
    statement=(
        r"\text{one partition (} K=1 \text{ or shared): } "
        r"\Phi^{(t)}_{p\to v_m}=\Phi^{(t)}_{p\to v_{m'}} \text{ for all } t "
        r"\text{ if } C_m=C_{m'},\ m,m'\neq n;\quad \text{else } "
        r"|\Phi_{p\to v_m}-\Phi_{p\to v_{m'}}| = O(\max|\Upsilon|\max_m|\Phi_{p\to v_m}|)"
    ),
    measured=(
        "population gradient descent by enumeration of all masks; the second bound with constant 1 "
        "at three times, which the first-order effect of Υ on the rates suggests but does not prove"
    ),
    provenance=Provenance.DERIVED,
    assumptions=("zero initialisation", "uniform masking", "population gradient"),
    rests_on=("grad.own", "grad.other", "grad.position"),
)


def alike(setting: Setting, k: int, p: int) -> list[int]:
    """Areas of cluster k that stand alike to patch p: local, not its own, of the common size."""
    own = int(setting.area_of[k, p])
    sizes = setting.area_sizes
    return [m for m in range(1, setting.areas) if m != own and sizes[m] == setting.C_s]


def spread(setting: Setting, G: Floats) -> tuple[float, float]:
    """Largest difference between the Φ of alike areas, over patches and clusters; their largest."""
    widest, largest = 0.0, 0.0
    for p in range(setting.P):
        for k in range(setting.K):
            row = correlations.of_cluster(setting, k, correlations.feature(setting, G))[p]
            phi = row[alike(setting, k, p)]
            widest, largest = max(widest, np.ptp(phi)), max(largest, np.abs(phi).max())
    return float(widest), float(largest)


def one_partition(context: Context) -> Iterator[Setting]:
    """Settings in which the claim says that alike areas stay equal."""
    base = Setting.of_sizes(9, 3, 2, gamma=0.5)
    yield base.replace(placement="random", placement_seed=context.seed % 1000, K=1)
    yield base.replace(K=2, shared_partition=True, gamma=0.7)
    yield Setting.of_sizes(8, 2, 2, gamma=0.5, latents=Latents.two_point(0.5, 1.5))
    if context.profile != "quick":
        yield Setting.of_sizes(12, 4, 2, gamma=0.5)


@lumping_claim.leg("exact")
def areas_move_together(context: Context) -> Iterator[Gap | Case]:
    """All masks enumerated: equal areas keep equal correlations."""
    why = "equal by symmetry; rounding of some hundred steps"
    for setting in one_partition(context):
        yield Case((f"K = {setting.K}",))
        steps = context.at(quick=40, full=300)
        G = descent.train_closed(setting, enumeration.population(setting), steps=steps, step=STEP)
        widest, largest = spread(setting, G)
        yield at_most("largest difference of alike areas", widest, 0, DRIFT, why)
        yield at_least("their largest correlation", largest, 0.01, 0, "the areas must have moved")
        if not lumping.applies(setting):
            continue
        for kind in ("local", "global"):
            p = descent.for_query_kind(setting, kind)
            row = correlations.feature(setting, G)[p]
            lumped = descent.descend_mae(setting, p, steps=steps, step=STEP)
            phi = {
                "Φ_n": (row[setting.area_of[0, p]], lumped.phi_own[-1]),
                "Φ_1": (row[0], lumped.phi_global[-1]),
                "Φ_m": (row[alike(setting, 0, p)[0]], lumped.phi_other[-1]),
            }
            for name, (full, few) in phi.items():
                yield equal(f"{kind} query, {name} lumped", few, full, DRIFT, why)


@lumping_claim.leg("trained")
def crossed_partitions_differ_by_position(context: Context) -> Iterator[Gap | Case]:
    """Clusters that cross: the difference against the order of Υ."""
    for K in context.at(quick=(2,), full=(2, 3)):
        setting = Setting.of_sizes(9, 3, 2, gamma=0.5, K=K)
        population = enumeration.population(setting)
        for steps, G in moments(
            setting, population, context.at(quick=(5, 20, 60), full=(5, 50, 300))
        ):
            yield Case((f"K = {K}, different partitions",))
            widest, largest = spread(setting, G)
            upsilon = np.abs(correlations.position(setting, G)).max()
            yield at_most(
                f"K = {K}, {steps} steps: difference of alike areas",
                widest,
                upsilon * largest,
                0,
                "Υ changes a rate by a factor 1 + O(Υ), hence Φ_m by O(Υ·Φ_m)",
            )
            yield at_least(
                f"K = {K}, {steps} steps: the difference is there",
                widest,
                0.01 * upsilon * largest,
                0,
                "with different partitions equality does not hold; a hundredth of the bound",
            )


def moments(
    setting: Setting, samples: data.Samples, at: Iterable[int]
) -> Iterator[tuple[int, Floats]]:
    """(steps, G) of one training at increasing numbers of steps."""
    G, done = None, 0
    for steps in at:
        G = descent.train_closed(setting, samples, steps=steps - done, step=STEP, start=G)
        done = steps
        yield steps, G


lumping_claim.mistake(
    alike,
    "the own area claimed to move with the others",
    lambda original: lambda setting, k, p: list(range(1, setting.areas)),
)
lumping_claim.mistake(
    enumeration.masks,
    "the mask leaves the last patch always visible",
    lambda original: (
        lambda setting, masked=None: (found := original(setting, masked))[found[:, -1]]
    ),
)

placement = Claim(
    id="grad.placement",
    title="Placement plays no part",
    statement=(
        r"\text{one permutation } \pi \text{ of } \mathcal P \text{ for all clusters: } "
        r"\Phi_{\pi(p)\to v},\Upsilon_{\pi(p)\to\pi(q)} \text{ equal } "
        r"\Phi_{p\to v},\Upsilon_{p\to q};\quad \text{partitions that cross differently: }"
        r"\ \Phi_{p\to v_n} \text{ changes by } O(\max|\Upsilon|\max|\Phi|)"
    ),
    measured="population gradient descent by enumeration of all masks; the bound with constant 1",
    provenance=Provenance.DERIVED,
    assumptions=("zero initialisation", "uniform masking", "population gradient"),
    rests_on=("grad.own", "grad.other", "grad.position", "grad.lumping"),
)


def relabelling(setting: Setting, other: Setting) -> data.Ints:
    """π, (P,): patch p of a one-partition setting stands where π(p) stands in the other."""
    found = np.empty(setting.P, dtype=np.int64)
    line, target = (np.argsort(s.area_of[0], kind="stable") for s in (setting, other))
    found[line] = target
    return found


@placement.leg("trained")
def training_under_a_relabelling(context: Context) -> Iterator[Gap | Case]:
    """The same training with patches placed elsewhere."""
    steps = context.at(quick=60, full=300)
    for K in (1, 2):
        setting = Setting.of_sizes(9, 3, 2, gamma=0.5, K=K, shared_partition=True)
        Q, values = trained(setting, enumeration.population(setting), steps, STEP)
        yield has_trained(values)
        own = {area: Q[p, setting.P + area] for p, area in enumerate(setting.area_of[0])}
        for seed in range(context.at(quick=1, full=4)):
            moved = setting.replace(placement="random", placement_seed=1 + seed)
            yield Case((f"K = {K}",))
            G, _ = trained(moved, enumeration.population(moved), steps, STEP)
            pi = np.concatenate([relabelling(setting, moved), np.arange(9, setting.dimension)])
            back = G[np.ix_(pi, pi)]
            worst = np.unravel_index(np.abs(back - Q).argmax(), Q.shape)
            yield equal(
                f"K = {K}, one permutation: Q",
                float(back[worst]),
                float(Q[worst]),
                DRIFT,
                "the law of masks does not know the labels; rounding of some hundred steps",
            )
            if K > 1:
                crossed = moved.replace(shared_partition=False)
                yield from crossing_changes_little(crossed, own, steps)


def crossing_changes_little(setting: Setting, own: dict[int, float], steps: int) -> Iterator[Gap]:
    """Own correlations of every patch and cluster against those of the one shared partition."""
    G = descent.train_closed(setting, enumeration.population(setting), steps=steps, step=STEP)
    phi, upsilon = correlations.feature(setting, G), correlations.position(setting, G)
    change = max(
        abs(correlations.of_cluster(setting, k, phi)[p, area] - own[area])
        for k in range(setting.K)
        for p, area in enumerate(setting.area_of[k])
    )
    bound = float(np.abs(upsilon).max() * np.abs(phi).max())
    why = "partitions meet through Υ alone, which changes rates by a factor 1 + O(Υ)"
    yield at_most("partitions that cross: change of Φ_n", change, bound, 0, why)
    yield at_least(
        "partitions that cross: there is a change",
        change,
        0.01 * bound,
        0,
        "so the statement needs one permutation for all clusters; a hundredth of the bound",
    )


placement.mistake(
    relabelling,
    "patches matched by label",
    lambda original: lambda setting, other: np.arange(setting.P),
)
placement.mistake(
    enumeration.masks,
    "the mask leaves the last patch always visible",
    lambda original: (
        lambda setting, masked=None: (found := original(setting, masked))[found[:, -1]]
    ),
)

CLAIMS = (invariant_span, shift, rotation, lumping_claim, placement)
