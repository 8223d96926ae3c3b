"""Gradient descent on the exact population of contrastive learning, in balls: a proof at a size.

From Q = 0 all patches keep one row (cl.rank-one). Constant latents and local areas of one size
leave four numbers of it: Φ_1, Φ_m, and Υ of a key in the global and in a local area. Of a view that
shows v global patches every global key then weighs the same, and so does every local one, so that
its similarity to another view of the cluster is z²(A_1A_1′ + bb′D): A_1 and the attention b of one
visible local patch follow from v, and D = Σ_j u_ju_j′ is a whole number, the sum over local areas
of products of visible counts. An expectation over views is therefore a finite sum with rational
chances over v and, for each further view, (v′, D). Views of other clusters score 0.

With Y_0 of the positive and w the softmax over all views, E g = E[Y_0 - Σ_s w_sY_s]; the positive
and the negatives of its cluster are independent masks of one law, so that sets of them are summed,
not lists.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, fmpq

from refutable.model import ball_descent
from refutable.model.ball_descent import precision
from refutable.model.setting import Setting, SettingError

BITS_A_STEP = 8.0
"""Radii grow by at most some 200 = 2^7.6 a step at η = 8KP/z⁴ and τ ≥ ½, less at smaller η."""
LARGEST_TABLE = 200_000
"""Most count vectors of one view, and most sets of views, that are laid out."""

Other = tuple[int, int]
"""Of a further view of the cluster: how many global patches it shows, and D with the first."""
Law = dict[Other, fmpq]


@dataclass(frozen=True)
class Seen:
    """The shared row during training, every number a ball that holds the exact value.

    steps: taken so far. phi: Φ_1, Φ_m. upsilon: Υ_1, Υ_m of a key in either kind of area.
    alpha, beta: rates of phi and upsilon. attention: mean A_1 over views. shift: Σ_q Υ_q.
    """

    steps: int
    phi: tuple[arb, arb]
    upsilon: tuple[arb, arb]
    alpha: tuple[arb, arb]
    beta: tuple[arb, arb]
    attention: arb
    shift: arb


def applies(setting: Setting) -> bool:
    """Whether four numbers hold the population: see `descend`."""
    details = setting.contrastive
    equal = setting.C_1 + setting.locals * setting.C_s == setting.P and not setting.local_sizes
    plain = details.views == "independent" and details.query == "position"
    # Keys with a position meet clusters that place their areas elsewhere.
    alike = details.keys == "feature" or setting.K == 1 or setting.shared_partition
    few = details.negatives < math.inf and not details.weight_decay
    return setting.latents.is_constant and equal and plain and alike and few


def descend(setting: Setting, eta: Fraction, steps: int) -> Iterator[Seen]:
    """Every state from Q = 0 to `steps` steps of size η; population gradient, float64 nowhere.

    Sizes, M, K and η are exact; z and τ are the decimals that they were written as. Raises
    SettingError unless latents are constant, local areas of one size, views independent, queries
    positions, negatives few and undecayed, and, where keys have positions, clusters of one
    partition. Each state is to be used before the next is asked for, at the precision inside.
    """
    if not applies(setting):
        raise SettingError(
            "exact lumping of contrastive learning needs constant latents, local areas of equal "
            "size, independent views, queries by position, finitely many negatives, no weight "
            "decay, and keys without positions, K = 1 or a shared partition"
        )
    phi, upsilon = (arb(0), arb(0)), (arb(0), arb(0))
    with precision(bits_for(steps)):
        population = Population(setting)
        step = _ball(eta)
        for done in range(steps + 1):
            alpha, beta, attention = population.rates(phi, upsilon)
            shift = setting.C_1 * upsilon[0] + population.rest * upsilon[1]
            yield Seen(done, phi, upsilon, alpha, beta, attention, shift)
            phi = (phi[0] + step * alpha[0], phi[1] + step * alpha[1])
            upsilon = (upsilon[0] + step * beta[0], upsilon[1] + step * beta[1])


def bits_for(steps: int) -> int:
    """The precision at which the last of so many steps is known to some 30 digits."""
    return ball_descent.bits_for(steps, BITS_A_STEP)


def counts(setting: Setting) -> dict[tuple[int, ...], int]:
    """In how many ways a mask shows so many patches of each area, the global one first.

    Raises SettingError for more than LARGEST_TABLE vectors of counts.
    """
    if (setting.C_s + 1) ** setting.locals > LARGEST_TABLE:
        raise SettingError(f"{setting.locals} areas of {setting.C_s} have too many counts")
    shown, ways = setting.P - setting.M, {}
    for rest in itertools.product(range(setting.C_s + 1), repeat=setting.locals):
        v = shown - sum(rest)
        if 0 <= v <= setting.C_1:
            of_rest = math.prod(math.comb(setting.C_s, u) for u in rest)
            ways[v, *rest] = math.comb(setting.C_1, v) * of_rest
    return ways


def further_views(setting: Setting) -> Iterator[tuple[int, fmpq, Law]]:
    """All that first views show, up to the order of local areas.

    Of each: v, its chance, and the law of another view of its cluster.
    """
    ways = counts(setting)
    whole = math.comb(setting.P, setting.M)
    firsts: Counter[tuple[int, ...]] = Counter()
    for (v, *rest), number in ways.items():
        firsts[v, *sorted(rest)] += number
    for (v, *rest), number in firsts.items():
        law: Counter[Other] = Counter()
        for (other, *shown), times in ways.items():
            law[other, sum(map(int.__mul__, rest, shown))] += times
        yield v, fmpq(number, whole), {key: fmpq(times, whole) for key, times in law.items()}


def of_cluster(setting: Setting, number: int) -> Fraction:
    """The chance that so many of the negatives are of the sample's cluster."""
    negatives, K = int(setting.contrastive.negatives), setting.K
    ways = math.comb(negatives, number)
    return Fraction(ways * (K - 1) ** (negatives - number), K**negatives)


def sets_of(law: Law, size: int) -> Iterator[tuple[tuple[Other, ...], fmpq]]:
    """Sets of so many independent views, with repetition, and the chance of each."""
    for chosen in itertools.combinations_with_replacement(sorted(law), size):
        orders = math.factorial(size)
        for times in Counter(chosen).values():
            orders //= math.factorial(times)
        yield chosen, math.prod((law[key] for key in chosen), start=fmpq(orders))


class Beside:
    """What may stand beside a view that shows v global patches.

    others: further views with their chances. sets: by how many views of other clusters stand in the
    softmax beside them, sets of views of this cluster, as indices into others, and their chances.
    """

    def __init__(self, setting: Setting, firsts: list[tuple[fmpq, Law]]) -> None:
        self.chance = _ball(sum(chance for chance, _ in firsts))
        keys = sorted({key for _, law in firsts for key in law})
        place = {key: i for i, key in enumerate(keys)}
        mean: defaultdict[Other, fmpq] = defaultdict(fmpq)
        for chance, law in firsts:
            for key, part in law.items():
                mean[key] += chance * part
        self.others = [(*key, _ball(mean[key])) for key in keys]
        negatives = int(setting.contrastive.negatives)
        self.sets: dict[int, list[tuple[tuple[int, ...], arb]]] = {}
        for same in range(negatives + 1):
            found: defaultdict[tuple[int, ...], fmpq] = defaultdict(fmpq)
            share = of_cluster(setting, same)
            for chance, law in firsts if share else ():
                for chosen, part in sets_of(law, same + 1):
                    found[tuple(place[key] for key in chosen)] += chance * part
            whole = fmpq(share.numerator, share.denominator)
            self.sets[negatives - same] = [(s, _ball(whole * part)) for s, part in found.items()]


class Population:
    """What views show, their chances, and the sizes of the areas, all exact.

    Its balls have the precision at which it is made.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.shown = setting.P - setting.M
        self.rest = setting.P - setting.C_1
        details, latents = setting.contrastive, setting.latents
        self.z = _ball(Fraction(repr(latents.L)))
        self.tau = _ball(Fraction(repr(float(details.tau))))
        self.positions = details.keys == "feature+position"
        firsts: defaultdict[int, list[tuple[fmpq, Law]]] = defaultdict(list)
        for v, chance, law in further_views(setting):
            firsts[v].append((chance, law))
        self.views = {v: Beside(setting, found) for v, found in firsts.items()}

    def rates(
        self, phi: tuple[arb, arb], upsilon: tuple[arb, arb]
    ) -> tuple[tuple[arb, arb], tuple[arb, arb], arb]:
        """Rates of Φ and Υ, and mean A_1 over views."""
        setting, z = self.setting, self.z
        on_1, on_m = ((z * f + u).exp() for f, u in zip(phi, upsilon, strict=True))
        off_1, off_m = (u.exp() for u in upsilon)
        A, b, dark_1, dark_m = {}, {}, {}, {}
        for v in self.views:
            R = self.shown - v
            hidden = ((setting.C_1 - v) * off_1, (self.rest - R) * off_m)
            per = 1 / (v * on_1 + R * on_m + hidden[0] + hidden[1])
            A[v], b[v], dark_1[v], dark_m[v] = (
                v * on_1 * per,
                on_m * per,
                *(x * per for x in hidden),
            )
        alpha_1 = alpha_m = beta_1 = beta_m = attention = arb(0)
        for v, beside in self.views.items():
            scores = [(z * z * A[v] * A[o], z * z * D * b[v] * b[o]) for o, D, _ in beside.others]
            g_1, g_m = pulls(beside, scores, self.tau)
            g, seen = g_1 + g_m, (self.shown - v) * b[v]
            alpha_1 += g_1 - A[v] * g
            alpha_m += g_m - seen * g
            beta_1 += g_1 - (A[v] + dark_1[v]) * g
            beta_m += g_m - (seen + dark_m[v]) * g
            attention += beside.chance * A[v]
        of_one = z / (setting.K * setting.P)
        alpha = (of_one * alpha_1, of_one * alpha_m / setting.locals)
        if not self.positions:
            return alpha, (arb(0), arb(0)), attention
        P = setting.P
        return alpha, (beta_1 / (P * setting.C_1), beta_m / (P * self.rest)), attention


def pulls(beside: Beside, scores: list[tuple[arb, arb]], tau: arb) -> tuple[arb, arb]:
    """E[z_1A_1g_1] and E[Σ_m z_mA_mg_m] over what stands beside a view.

    scores: of every further view, z²A_1A_1′ and z²bb′D, which add up to its similarity.
    """
    weights = [((x + y) / tau).exp() for x, y in scores]
    shares = [arb(0)] * len(weights)
    for elsewhere, sets in beside.sets.items():
        for chosen, chance in sets:
            share = chance / sum((weights[i] for i in chosen), start=arb(elsewhere))
            for i in chosen:
                shares[i] += share
    left = [
        chance - weight * share
        for (_, _, chance), weight, share in zip(beside.others, weights, shares, strict=True)
    ]
    return (
        sum((rest * x for rest, (x, _) in zip(left, scores, strict=True)), start=arb(0)),
        sum((rest * y for rest, (_, y) in zip(left, scores, strict=True)), start=arb(0)),
    )


def _ball(number: Fraction | fmpq) -> arb:
    if isinstance(number, Fraction):
        number = fmpq(number.numerator, number.denominator)
    return arb(number)
