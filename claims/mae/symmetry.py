"""Symmetry of the MAE's training: areas that move together, and placement, which plays no part.

Areas are alike, and patches may be relabelled, as long as all clusters are alike. Followed on the
exact population, by enumeration of all masks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import flint
import numpy as np

from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.mae.training import DRIFT, STEP, has_trained, trained
from refutable.gap import Gap, at_least, at_most, equal, identical
from refutable.model import correlations, data, descent, enumeration, gradients, lumping
from refutable.model.data import Floats
from refutable.model.setting import Latents, Setting
from refutable.prove.balls import BALLS, ball, precise
from refutable.prove.counterexample import counterexample

together = Claim(
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


@together.leg("exact")
def areas_move_together(context: Context) -> Iterator[Gap | Case]:
    """All masks enumerated, in floats: equal areas keep equal correlations."""
    why = "equal by symmetry; rounding of some hundred steps"
    for setting in one_partition(context):
        yield Case((f"K = {setting.K}",))
        steps = context.at(quick=40, full=300)
        G = descent.train_closed(setting, enumeration.population(setting), steps=steps, step=STEP)
        widest, largest = spread(setting, G)
        yield at_most("largest difference of alike areas", widest, 0, DRIFT, why, false_alarm=0)
        fewest = min(len(alike(setting, k, p)) for k in range(setting.K) for p in range(setting.P))
        yield at_least("fewest areas that are compared", fewest, 2, 0, "one area is like itself")
        moved = "the areas must have moved; by 0.1 or more, wherever they are placed"
        yield at_least("their largest correlation", largest, 0.01, 0, moved, false_alarm=1e-12)
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


@together.leg("trained")
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


together.mistake(
    alike,
    "the own area claimed to move with the others",
    lambda original: lambda setting, k, p: list(range(1, setting.areas)),
)
together.mistake(
    spread,
    "alike areas a billionth apart",
    lambda original: lambda *given: (original(*given)[0] + 1e-9, original(*given)[1]),
)
together.mistake(
    spread,
    "areas of crossed partitions four times as far apart",
    lambda original: lambda *given: (4 * original(*given)[0], original(*given)[1]),
)
together.mistake(
    spread,
    "areas of crossed partitions alike",
    lambda original: lambda *given: (0.0, original(*given)[1]),
)
together.mistake(spread, "areas that do not move", lambda _: lambda *given: (0.0, 0.0))
together.mistake(
    enumeration.masks,
    "the mask leaves the last patch always visible",
    lambda original: (
        lambda setting, masked=None: (found := original(setting, masked))[found[:, -1]]
    ),
)

# ------------------------------------------------------------------------- its refuted first form

CROSSED = Setting.of_sizes(6, 2, 2, gamma=0.5, K=2)
"""Two clusters of three areas of two patches, the second moved by half the patches."""
SHARED = CROSSED.replace(shared_partition=True)
STEPS = 3
"""Gradient steps of size 1: one leaves rates equal, the second already feels Υ."""


def descended(setting: Setting, query: int) -> list[list[flint.arb]]:
    """Φ_{p→v_{k,j}} of one query after STEPS steps from Q = 0, (K, N) balls: every mask, z = 1."""
    visible = enumeration.masks(setting, masked=query)
    chance = ball(Fraction(setting.M, setting.P * setting.K * len(visible)))
    phi = [[flint.arb(0)] * setting.areas for _ in range(setting.K)]
    upsilon = [flint.arb(0)] * setting.P
    for _ in range(STEPS):
        alpha = [list(row) for row in phi]
        beta = list(upsilon)
        for k, area in enumerate(setting.area_of.tolist()):
            z = np.array([flint.arb(1)] * setting.areas, dtype=object)
            own = np.array(area[query])
            for seen in visible.tolist():
                scores = [
                    y + phi[k][j] if shown else y
                    for y, j, shown in zip(upsilon, area, seen, strict=True)
                ]
                weights = [score.exp() for score in scores]
                attention = [weight / sum(weights, flint.arb(0)) for weight in weights]
                A = np.array([flint.arb(0)] * setting.areas, dtype=object)
                for a, j, shown in zip(attention, area, seen, strict=True):
                    A[j] += a if shown else 0
                per_area = gradients.feature_integrand(A, z, own)
                pull = gradients.position_integrand(A, z, own)
                h = gradients.residual(A, z, own)
                for j in range(setting.areas):
                    alpha[k][j] += chance * per_area[j]
                for q, (a, j, shown) in enumerate(zip(attention, area, seen, strict=True)):
                    beta[q] += chance * a * (pull[j] if shown else h)
        phi, upsilon = alpha, beta
    return phi


first_lumping = Claim(
    id="grad.lumping.original",
    original_of="grad.lumping",
    title="Refuted: areas of equal size move together for any clusters",
    statement=r"\text{false: }\Phi^{(t)}_{p\to v_m}=\Phi^{(t)}_{p\to v_{m'}}\text{ for all }t"
    r"\text{ if }C_m=C_{m'},\ m,m'\ne n,\text{ for every }K\text{ and all partitions}",
    measured="K = 2, P = 6, areas of two patches that cross, population gradient descent with "
    "step 1, three steps",
    provenance=Provenance.DERIVED,
    assumptions=("zero initialisation", "uniform masking", "population gradient"),
)


@first_lumping.leg("exact", scope="a counterexample")
def alike_areas_part(context: Context) -> Iterator[Gap]:
    """Every mask, in balls; with one shared partition the balls overlap as they must."""
    with precise():
        for setting, name, expected in (
            (CROSSED, "partitions that cross", False),
            (SHARED, "one shared partition", True),
        ):
            one, other = descended(setting, 0)[0][1:]
            yield identical(
                f"the balls of Φ_2 and Φ_3 overlap, {name}",
                one.overlaps(other),
                expected,
                "equal numbers lie in overlapping balls",
                certificate=counterexample(
                    BALLS, "Φ_2 = Φ_3", P=6, K=2, C_j=2, M=3, p=0, steps=STEPS,
                    Phi_2=one.str(12), Phi_3=other.str(12),
                ),
            )  # fmt: skip


first_lumping.mistake(
    "refutable.claims.mae.symmetry.CROSSED",
    "the clusters share their partition",
    lambda original: original.replace(shared_partition=True),
)
first_lumping.mistake("refutable.claims.mae.symmetry.STEPS", "a single step", lambda original: 1)

# --------------------------------------------------------------------------------------- placement

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

# ------------------------------------------------------------------------- its refuted first form

first_placement = Claim(
    id="grad.placement.original",
    original_of="grad.placement",
    title="Refuted: where each cluster's areas lie plays no part",
    statement=r"\text{false: }\Phi^{(t)}_{p\to v_n}\text{ is the same for every placement of each "
    r"cluster's areas}",
    measured="K = 2, P = 6, areas of two patches: the second cluster's areas on those of the "
    "first, or moved by half the patches; population gradient descent with step 1, three steps",
    provenance=Provenance.DERIVED,
    assumptions=("zero initialisation", "uniform masking", "population gradient"),
)


@first_placement.leg("exact", scope="a counterexample")
def own_correlations_differ(context: Context) -> Iterator[Gap]:
    """Every mask, in balls; the first cluster lies the same in both."""
    with precise():
        same = (CROSSED.area_of[0] == SHARED.area_of[0]).all()
        yield identical("the first cluster is placed alike", bool(same), True, "by construction")
        crossed, shared = (descended(setting, 0)[0][0] for setting in (CROSSED, SHARED))
        yield identical(
            "the balls of Φ_n overlap",
            crossed.overlaps(shared),
            False,
            "equal numbers lie in overlapping balls",
            certificate=counterexample(
                BALLS, "Φ_n does not depend on the placement", P=6, K=2, C_j=2, M=3, p=0,
                steps=STEPS, crossed=crossed.str(12), shared=shared.str(12),
            ),
        )  # fmt: skip


first_placement.mistake(
    "refutable.claims.mae.symmetry.CROSSED",
    "the second placement is the first",
    lambda original: original.replace(shared_partition=True),
)
first_placement.mistake("refutable.claims.mae.symmetry.STEPS", "a single step", lambda original: 1)

CLAIMS = (together, first_lumping, placement, first_placement)
