"""Contrastive learning: what the collapse leaves behind, local features, positions and masks.

Sources: Theorem 4.4; constants are derived here.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from refutable import scaling
from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.contrastive import limit_systems
from refutable.claims.contrastive.ladders import (
    SHAPES,
    collapse,
    label,
    ladders,
    limit,
    power_law,
    transition,
)
from refutable.claims.runs import contrastive as runs
from refutable.claims.runs import limiting
from refutable.claims.runs.finite_size import MEAN_SIGMAS
from refutable.claims.runs.limiting import Step
from refutable.claims.runs.plants import scaled
from refutable.gap import Gap, at_least, equal
from refutable.model import correlations, data, enumeration, gradients
from refutable.model.setting import Contrastive, Latents, Setting


def local_correlation(setting: Setting, phi: float) -> float:
    """Φ_m when Φ_1 = phi, claimed for constant z."""
    z, gamma = setting.latents.U, setting.gamma
    up = gamma / (2 * z) * (setting.C_s / setting.C_1) ** 2 * -math.expm1(-2 * z * phi)
    return up - (1 - gamma) * (setting.C_s / setting.P) * phi


def locals_exponent(setting: Setting) -> tuple[float, float]:
    """Exponent of |Φ_m| and the power of log P with it, claimed."""
    if setting.information_gap > 0:
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


def over_formula(setting: Setting, phi: float) -> float:
    """Φ_m of the run over the claimed one."""
    return local_at(setting, phi) / local_correlation(setting, phi)


@locals_stay.leg("symbolic", expects="Φ_m starts at 0")
def law_of_the_limit(context: Context) -> Iterator[Step]:
    """From the exact rates: each part of dΦ_m/dΦ_1 leads at one sign of Δ; both, integrated."""
    yield limiting.limiting()
    yield from limit_systems.locals_stay()


@locals_stay.leg("scaling", require=tuple(SHAPES))
def local_correlation_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Φ_m at the transition and long after it, against its power of P and its formula."""
    for ladder in ladders(context):
        yield Case(("Δ > 0" if ladder[0].information_gap > 0 else "Δ < 0",))
        name = f"{label(ladder[0])}: Φ_m"
        exponent, log_power = locals_exponent(ladder[0])
        yield from power_law(
            context,
            name,
            ladder,
            lambda s: math.log(abs(local_at(s, transition(s).phi_global))),
            exponent,
            log_power=log_power,
        )
        for when, ratio in (
            ("at the transition", lambda s: over_formula(s, transition(s).phi_global)),
            ("long after", lambda s: over_formula(s, float(collapse(s).phi_global[-1]))),
        ):
            yield from limit(
                context,
                f"{name} over the formula, {when}",
                ladder,
                ratio,
                1,
            )


locals_stay.mistake(limit_systems.first_part, "masked patches twice as many", scaled(2))
locals_stay.mistake(
    local_correlation,
    "the sign of the second term",
    lambda original: lambda s, phi: original(s, phi) + 2 * (1 - s.gamma) * (s.C_s / s.P) * phi,
)
locals_stay.mistake(
    local_correlation,
    "the latent taken for 1",
    lambda original: (
        lambda s, phi: original(s.replace(latents=Latents.constant(1.0)), s.latents.U * phi)
    ),
)
locals_stay.mistake(local_correlation, "off by a part in ten thousand", scaled(1.0001))
locals_stay.mistake(
    locals_exponent,
    "exponents of the two regimes exchanged",
    lambda original: (
        lambda s: (
            (2 * (s.kappa_s - s.kappa_c), 0.0) if s.information_gap > 0 else (s.kappa_s - 1, 1.0)
        )
    ),
)
locals_stay.mistake(
    local_at,
    "a local correlation that never moves",
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
def position_rates_along_the_collapse(context: Context) -> Iterator[Gap]:
    """β over α_1 while the collapse goes on, in a global area and elsewhere."""
    sizes = [2**9, 2**10, 3 * 2**9, 2**12, 3 * 2**11, 2**14]
    sizes += context.at(quick=[], full=[3 * 2**13, 2**16])
    for kappa_c in context.at(quick=(0.6,), full=(0.6, 0.75)):
        for K, attention in ((2, 0.5), (3, 0.95)):
            ladder = [
                Setting(P=size, kappa_c=kappa_c, kappa_s=0.3, gamma=0.4, K=K).replace(
                    latents=Latents.constant(1.3), contrastive=WITH_POSITIONS
                )
                for size in sizes
            ]
            name = f"κ_c = {kappa_c}, K = {K}, A_1 = {attention}"
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
                    x_label="log size",
                )
                yield equal(
                    f"{name}: β/α_1 {where} over the formula, P = {sizes[-1]}",
                    ratios[-1],
                    1,
                    0.01,
                    "the batch shows and hides 1e3 global patches or more: noise below 0.3 %",
                    false_alarm=1e-10,
                )


@positions_stay.leg("trained", profile="full")
def positions_of_trained_models(context: Context) -> Iterator[Gap]:
    """Υ of trained models, by the number of global areas that a key lies in."""
    for seed in range(2):
        base = runs.NEGATIVE
        time_ = runs.training_time(base)
        setting = base.replace(contrastive=dataclasses.replace(WITH_POSITIONS, negatives=16))
        step = runs.STEP * setting.P
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
    positions_of,
    "positions learn as much as the feature",
    lambda original: lambda s, phi: (s.C_1 * original(s, phi)[0], original(s, phi)[1]),
)
positions_stay.mistake(
    positions_of,
    "two clusters, however many there are",
    lambda original: lambda s, phi: original(s.replace(K=2), phi),
)
positions_stay.mistake(
    positions_powers,
    "like 1/√C_1 in a global area",
    lambda original: lambda: (-0.5, -1.0),
)
positions_stay.mistake(
    gradients.key_rates,
    "masked keys get no gradient",
    lambda original: (
        lambda s, k, part, per_area, per_mask, on_key: original(
            s, k, part, per_area, 0 * per_mask, on_key
        )
    ),
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
def bound_over_every_mask(context: Context) -> Iterator[Gap]:
    """Every mask, at some random Q, in floats; attained where Φ_1 is large."""
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
                "rounding, at any Q",
                false_alarm=0,
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
def model_whose_masks_hide_much(context: Context) -> Iterator[Gap]:
    """A model whose masks often hide all of the global area: what it misses is little more."""
    setting = OFTEN_HIDDEN
    time_, step = runs.training_time(setting), runs.STEP * setting.P
    run = runs.trained_cl(setting, context.root_seed, time_, step)
    test = run.test
    inside = setting.area_of[test.cluster] == 0
    hidden = ~(inside & test.visible).any(axis=1)
    missed = 1 - run.attention()[:, :, 0].mean(axis=1)
    phi = run.phi[-1].reshape(setting.K, setting.areas).mean(axis=0)
    little = missed[~hidden]
    yield at_least(
        "trained: 1 - A_1 averaged over test samples, against the share without a visible patch",
        float(missed.mean()),
        float(hidden.mean()),
        1e-12,
        "rounding; holds sample by sample",
    )
    yield equal(
        "trained: 1 - A_1 averaged over test samples that show a global patch",
        float(little.mean()),
        runs.mean_miss(setting, float(phi[0]), float(phi[1:].mean()), shown=True),
        MEAN_SIGMAS * float(little.std(ddof=1)) / math.sqrt(len(little)),
        f"the rest of what is missed, at the model's own Φ by the law of the masks: "
        f"{MEAN_SIGMAS:g} standard errors",
        false_alarm=1e-10,
    )


OFTEN_HIDDEN = Setting.of_sizes(24, 6, 2, gamma=0.75, K=3, placement="random")
"""Masks hide all 6 global patches with probability 0.14."""
visible_global.mistake(
    none_visible,
    "as if masks hid every patch independently",
    lambda original: lambda s: Fraction(s.M, s.P) ** s.C_1,
)
visible_global.mistake(runs.mean_miss, "a quarter more than masks leave", scaled(1.25))
visible_global.mistake(
    enumeration.population,
    "masks that hide one patch less",
    lambda original: lambda s: original(s.replace(gamma=(s.M - 1) / s.P + 1e-6)),
)


CLAIMS = (locals_stay, positions_stay, visible_global)
