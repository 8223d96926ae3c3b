"""MAE by stochastic gradient descent: how far a trained correlation lies from the population's.

Sources: none; derived here. A step η on the mean of B samples moves a query's row by η(α + ξ),
E ξ = 0 and Cov ξ = V/B with V that of one sample's rates. To first order in the noise the row's
covariance C·η/B at time t follows dC/dt = JC + CJᵀ + V along the path of the population, J the
slopes of the mean rates: errors grow while Φ_n grows faster the larger it is, and heal once it
saturates. So the spread is √(C_nn·η/B): of the power ½ in η/B, and the same for all η and B of one
η/B. Keys of one area are alike to the mean rates, so that the noise of single Υ does not reach Φ_n:
a row is Φ_j and the mean Υ of every area, and the Υ of the query's own key.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy import linalg, stats

from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims import assumptions
from refutable.claims.runs.plants import scaled
from refutable.claims.runs.regimes import BOTH_SIGNS, sign_of
from refutable.gap import Gap, at_most, equal, identical
from refutable.model import correlations, data, descent, enumeration, gradients
from refutable.model.setting import Latents, Setting
from refutable.reuse import shared

spread = Claim(
    id="sgd.spread",
    title="Sampled gradients spread the own correlation like √(η/B)",
    statement=r"""Batches of $B$ fresh samples: at a fixed time the spread of $\Phi_{p\to v_n}$
        is $\sqrt{C_{nn}\eta/B}\,(1+o(1))$ as $\eta/B\to0$; $C'=JC+CJ^\top+V$, $C(0)=0$, $J$ the
        slopes of the mean rates of the query's row, $V$ the covariance of one sample's.""",
    measured="local patches over several seeds, P = 36 and 64, at the time of ε = 0.01; J and V "
    "from samples along the path of their mean, which two steps over every sequence of masks check",
    provenance=Provenance.SHARPENED,
    assumptions=(
        *assumptions.MODEL,
        "zero initialisation",
        "uniform masking",
        "plain gradient descent",
        "small step",
    ),
    rests_on=("grad.own", "tier.enumeration", "thm4.1"),
)

SETTINGS = (
    Setting.of_sizes(36, 18, 6, kappa_c=0.8, kappa_s=1 / 2),
    Setting.of_sizes(36, 12, 6, kappa_c=0.7, kappa_s=1 / 2),
    Setting.of_sizes(
        64, 32, 8, kappa_c=5 / 6, kappa_s=1 / 2, gamma=0.75, latents=Latents.constant(1.25)
    ),
)
"""Both signs of the gap; and where neither z nor γ is the usual."""
TIME = 96.0
"""About T*(0.01) at z = 1."""
FALSE_ALARM = 1e-8
"""Of one gap."""
STEPS = ((1.0, 1), (4.0, 4), (2.0, 8), (1.0, 4), (0.5, 4))
"""(η, B) with η/B = 1 twice, 1/4 twice, and 1/8."""
COARSE = 6.0
"""Step of the population's path, along which C is added up, in units of 1/(2γz⁴)."""
SEEN, SETS = 450, 4
"""Samples by which V and J are known, and independent sets of them, which tell how well."""
SLOPE_STEP = 1e-5
WIDTH = float(stats.norm.isf(FALSE_ALARM / 2))
"""Standard deviations that a normal number exceeds with this chance."""


@shared.run_once
def trained_correlations(
    setting: Setting, seed: int, eta: float, batch: int, models: int
) -> data.Floats:
    """Φ_n at TIME of every local patch of every model, (models, patches)."""
    local = np.flatnonzero(setting.area_of[0])
    found = []
    for number in range(models):
        rng = np.random.default_rng([seed, number, 17, round(8 * eta), batch])
        batches = (data.draw(setting, batch, rng) for _ in itertools.count())
        G = descent.train_closed(setting, batches, steps=round(TIME / eta), step=eta)
        found.append(correlations.feature(setting, G)[local, setting.area_of[0][local]])
    return np.array(found)


def independent(setting: Setting, values: data.Floats) -> float:
    """How many independent values tell as much of a spread as these (models, patches).

    Patches of one area see the same masks: with an intraclass correlation r (Fisher's, from pairs)
    m of them are worth m/(1 + (m - 1)r), for the square of which the spread is the mean, r².
    """
    area = setting.area_of[0][setting.area_of[0] > 0]
    off, pairs, sizes = values - values.mean(), [], []
    for j in np.unique(area):
        of_area = off[:, area == j]
        m = of_area.shape[1]
        products = of_area.sum(axis=1) ** 2 - (of_area**2).sum(axis=1)
        pairs.append(float(products.mean()) / (m * (m - 1)))
        sizes.append(m)
    r = max(0.0, float(np.mean(pairs)) / float((off**2).mean()))
    return values.size / (1 + (float(np.mean(sizes)) - 1) * r**2)


def sampled_rates(setting: Setting, samples: data.Samples, p: int, row: data.Floats) -> data.Floats:
    """Rates of a row (Φ_j, mean Υ_j, Υ_p) on each sample, 0 where p is visible: (B, 2N+1)."""
    N, area, hidden = setting.areas, setting.area_of[0], ~samples.visible
    of_area, elsewhere = np.eye(N)[area], hidden & (np.arange(setting.P) != p)
    phi, upsilon, z = row[:N], row[N : 2 * N], samples.latents
    shown = (samples.visible @ of_area) * np.exp(z * phi + upsilon)
    dark, self_ = (elsewhere @ of_area) * np.exp(upsilon), math.exp(row[-1])
    total = shown.sum(axis=1) + dark.sum(axis=1) + self_
    A, own = shown / total[:, None], np.full(len(samples), area[p])
    h = gradients.residual(A, z, own)
    pull = A * gradients.position_integrand(A, z, own) + dark / total[:, None] * h[:, None]
    keys = setting.area_sizes - (np.arange(N) == area[p])
    rates = [gradients.feature_integrand(A, z, own), pull / keys, (self_ / total * h)[:, None]]
    return np.concatenate(rates, axis=1) * hidden[:, [p]]


def grown(C: data.Floats, J: data.Floats, V: data.Floats, time: float) -> data.Floats:
    """C after `time` of dC/dt = JC + CJᵀ + V, J and V constant meanwhile (Van Loan's integral)."""
    n = len(C)
    block = linalg.expm(time * np.block([[-J, V], [np.zeros((n, n)), J.T]]))
    carried = block[n:, n:].T
    return carried @ C @ carried.T + carried @ block[:n, n:]


def slopes(setting: Setting, samples: data.Samples, p: int, row: data.Floats) -> data.Floats:
    """J: slopes of the mean rates (rows) in every entry of the row (columns)."""
    mean = sampled_rates(setting, samples, p, row).mean(axis=0)
    moved = [
        (sampled_rates(setting, samples, p, row + unit).mean(axis=0) - mean) / SLOPE_STEP
        for unit in SLOPE_STEP * np.eye(len(row))
    ]
    return np.stack(moved, axis=1)


def noise_of(rates: data.Floats, *, population: bool = False) -> data.Floats:
    """V: covariance of one sample's rates, from some samples (B, n) or from all there are."""
    return np.cov(rates.T, bias=population)


@dataclass(frozen=True)
class Start:
    """Where a path starts: a row of the query p, and samples by which V and J are known.

    everything: whether these are all samples there are, of which V is the mean square.
    """

    setting: Setting
    samples: data.Samples
    p: int
    row: data.Floats
    everything: bool = False

    def variance(self, time: float, steps: int) -> float:
        """C_nn after a time along the path of the mean rates, C = 0 before: by midpoints."""
        setting, row, step = self.setting, self.row, time / steps
        C = np.zeros((len(row), len(row)))
        for _ in range(steps):
            middle = row + self._rates(row).mean(axis=0) * step / 2
            rates = self._rates(middle)
            V = noise_of(rates, population=self.everything)
            C = grown(C, slopes(setting, self.samples, self.p, middle), V, step)
            row = row + rates.mean(axis=0) * step
        n = int(setting.area_of[0, self.p])
        return float(C[n, n])

    def _rates(self, row: data.Floats) -> data.Floats:
        return sampled_rates(self.setting, self.samples, self.p, row)


@dataclass(frozen=True)
class Predicted:
    """√C_nn at TIME. error: its standard error, relative; by_step: what its steps change in it."""

    spread: float
    error: float
    by_step: float


@shared.run_once
def predicted_spread(setting: Setting, seed: int) -> Predicted:
    """By several sets of samples; by steps twice as long on one of them."""
    rng = np.random.default_rng([seed, 18])
    p = int(np.flatnonzero(setting.area_of[0])[0])
    at_0 = np.zeros(2 * setting.areas + 1)
    sets = [Start(setting, data.draw(setting, SEEN, rng), p, at_0) for _ in range(SETS)]
    steps = math.ceil(TIME * 2 * setting.gamma * setting.latents.L**4 / COARSE)
    found = [start.variance(TIME, steps) for start in sets]
    mean, rough = float(np.mean(found)), sets[0].variance(TIME, math.ceil(steps / 2))
    return Predicted(
        math.sqrt(mean),
        float(np.std(found, ddof=1)) / mean / 2 / math.sqrt(SETS),
        # Of the second order: the error of the longer steps is four times as large.
        abs(math.log(rough / found[0])) / 2 / 3,
    )


def predicted_power() -> float:
    """The power of η/B."""
    return 0.5


@spread.leg("trained", require=BOTH_SIGNS)
def spread_of_trained_models(context: Context) -> Iterator[Gap | Case]:
    """Spread over patches and models for several steps and batches, over √(C_nn·η/B)."""
    models, root = context.at(quick=6, full=12), context.root_seed
    for setting in context.at(quick=SETTINGS[:2], full=SETTINGS):
        yield Case((sign_of(setting),))
        name = f"C_1 = {setting.C_1}, γ = {setting.gamma:g}, z = {setting.latents.L:g}"
        unit = predicted_spread(setting, root)
        steps = context.at(quick=STEPS[:3], full=STEPS)
        found = [trained_correlations(setting, root, *step, models) for step in steps]
        logs = np.array([math.log(float(np.std(values, ddof=1)) / unit.spread) for values in found])
        worth = np.array([independent(setting, values) for values in found])
        x = np.log([eta / B for eta, B in steps])
        power, _ = np.polyfit(x, logs, 1)
        yield equal(
            f"{name}: power of η/B in the spread of Φ_n",
            float(power),
            predicted_power(),
            WIDTH * math.sqrt(0.5 / worth.mean() / float(((x - x.mean()) ** 2).sum())),
            f"{WIDTH:.1f} standard errors of a slope through {len(steps)} logarithms of spreads, "
            f"each of some {worth.mean():.0f} independent values",
            false_alarm=FALSE_ALARM,
        )
        over, noise = logs - predicted_power() * x, math.sqrt(0.5 / worth.sum())
        yield equal(
            f"{name}: log of the spread of Φ_n over √(Cη/B), mean over {len(steps)} ways",
            float(over.mean()),
            0,
            WIDTH * math.hypot(noise, unit.error),
            f"{WIDTH:.1f} standard errors: of spreads of {worth.sum():.0f} independent values in "
            f"all, and {unit.error:.1g} of the predicted one",
            false_alarm=FALSE_ALARM,
        )
        yield at_most(
            f"{name}: what the steps of the path change in the predicted spread, relative",
            unit.by_step,
            noise / 4,
            0,
            "a quarter of the standard error of the spreads, beside which it counts for 3 %",
            false_alarm=FALSE_ALARM,
        )


# --------------------------------------------------------------------- one step, every batch

SMALL = Setting.of_sizes(5, 2, 1, gamma=0.6)


def rates_of_masks(setting: Setting) -> list[Fraction]:
    """α_{p→v_n} at Q = 0 of a patch in the global area on every mask, z = 1."""
    of_area, found = np.eye(setting.areas, dtype=int)[setting.area_of[0]], []
    for visible in enumeration.masks(setting):
        A = [Fraction(int(n), setting.P) for n in visible @ of_area]
        others = sum(a * a for j, a in enumerate(A) if j)
        found.append(A[0] * ((1 - A[0]) ** 2 + others) * (not visible[0]))
    return found


def variance_of_batches(variance: Fraction, batch: int) -> Fraction:
    """Variance of a batch's mean rate, claimed: V/B."""
    return variance / batch


@spread.leg("exact", scope="P = 5, every batch of up to three masks, at Q = 0")
def variance_of_one_step(context: Context) -> Iterator[Gap]:
    """Every batch, in fractions: the mean rate is the population's, its variance V/B."""
    rates = rates_of_masks(SMALL)
    mean = sum(rates, Fraction(0)) / len(rates)
    variance = sum(((r - mean) ** 2 for r in rates), Fraction(0)) / len(rates)
    for batch in (1, 2, 3):
        means = [
            sum(drawn, Fraction(0)) / batch for drawn in itertools.product(rates, repeat=batch)
        ]
        found = sum(((m - mean) ** 2 for m in means), Fraction(0)) / len(means)
        why = "samples are independent; every batch counted, in fractions"
        yield identical(f"B = {batch}: mean rate", sum(means, Fraction(0)) / len(means), mean, why)
        yield identical(
            f"B = {batch}: variance of the rate", found, variance_of_batches(variance, batch), why
        )


# --------------------------------------------------- two steps, every sequence of masks

TWO_STEPS = Setting.of_sizes(6, 3, 3, latents=Latents.constant(1.25))
ROW = np.array([0.5, 2.0, 0.5, 0.5, 0.3])
"""Φ_1, Φ_n, mean Υ of both areas, and Υ_p, where V is no multiple of the unit matrix."""
SMALL_STEP = 1 / 8


def spread_of_paths(samples: data.Samples, p: int, eta: float) -> data.Floats:
    """Covariance of the row over η² after two steps of single samples, over every sequence."""
    rows = [ROW]
    for _ in range(2):
        rows = [
            row + eta * rate for row in rows for rate in sampled_rates(TWO_STEPS, samples, p, row)
        ]
    return noise_of(np.array(rows), population=True) / eta**2


@spread.leg("property")
def spread_of_two_steps(context: Context) -> Iterator[Gap]:
    """Every sequence of two masks, in floats: V by what is even in η, J and what V moves by odd.

    C(2η)/η is 2V + 2η(JV + VJᵀ + V′) + O(η²), V′ by which V changes along the path; of two whole
    steps the variance over η² is 2V + η(JV + VJᵀ + V′), as a step is over before it is felt.
    """
    samples, eta = enumeration.population(TWO_STEPS), SMALL_STEP
    p = int(np.flatnonzero(TWO_STEPS.area_of[0])[0])
    n = int(TWO_STEPS.area_of[0, p])
    start = Start(TWO_STEPS, samples, p, ROW, everything=True)
    found = [float(spread_of_paths(samples, p, step)[n, n]) for step in (eta, -eta)]
    claimed = [start.variance(2 * step, 2) / step for step in (eta, -eta)]
    for part, sign, share in (("even", 1, 1), ("odd", -1, 2)):
        exact, law = (forth + sign * back for forth, back in (found, claimed))
        exact *= share
        yield equal(
            f"variance of Φ_n after two steps, its {part} part in η, over the predicted",
            exact / law,
            1,
            eta**2,
            "what is left out, of second order in the noise, is of the order η² beside it",
        )
    for name, off in rates_off(samples, p):
        yield equal(f"mean of {name} over every mask, off by", off, 0, 1e-13, "rounding")


def rates_off(samples: data.Samples, p: int) -> Iterator[tuple[str, float]]:
    """By how much the mean rates at ROW are not those of the closed forms, by kind."""
    N, area = TWO_STEPS.areas, TWO_STEPS.area_of[0]
    upsilon = ROW[N : 2 * N][area]
    upsilon[p] = ROW[-1]
    alpha, beta, _ = gradients.reconstruction(
        TWO_STEPS, samples, np.array([p]), ROW[None, :N], upsilon[None]
    )
    others = np.arange(TWO_STEPS.P) != p
    mean = [float(beta[0, (area == j) & others].mean()) for j in range(N)]
    off = sampled_rates(TWO_STEPS, samples, p, ROW).mean(axis=0)
    off = np.abs(off - np.concatenate([alpha[0], mean, beta[0, [p]]]))
    yield "α", float(off[:N].max())
    yield "β", float(off[N:].max())


spread.mistake(predicted_power, "the power 1 of η/B", scaled(2))
spread.mistake(
    grown,
    "errors do not grow",
    lambda original: lambda C, J, V, time: original(C, 0 * J, V, time),
)
spread.mistake(
    variance_of_batches, "as if a batch were one sample", lambda original: lambda V, B: V
)
spread.mistake(
    sampled_rates,
    "the variance without the masks that show the query",
    lambda original: (
        lambda setting, samples, p, row: original(
            setting, samples.take(~samples.visible[:, p]), p, row
        )
    ),
)
spread.mistake(
    slopes,
    "what a rate moves and what moves it exchanged",
    lambda original: lambda *given: original(*given).T,
)
spread.mistake(
    noise_of,
    "mean squares in place of variances",
    lambda original: (
        lambda rates, population=False: (
            original(rates, population=population)
            + np.outer(rates.mean(axis=0), rates.mean(axis=0))
        )
    ),
)
spread.tolerates(independent, "how many values a spread is of: a wider or narrower tolerance")

CLAIMS = (spread,)
