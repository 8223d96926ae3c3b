"""Claims of another theorem: gradient descent on a quadratic converges at rate (1 - ημ)^t.

Let f(x) = ½ xᵀHx with μI ≤ H ≤ LI and 0 < μ ≤ L. For 0 < η ≤ 2/(μ+L), x_{t+1} = x_t - ηHx_t gives
‖x_t‖ ≤ (1-ημ)^t ‖x_0‖. Nothing here knows of vision transformers: this file is a template.
"""

import math

import numpy as np
import sympy as sp
import torch
from hypothesis import strategies as st

from refutable import (
    Audit,
    Claim,
    Dial,
    Provenance,
    Statement,
    at_least,
    at_most,
    equal,
    inequality,
    property,
    scaling,
    symbolic,
)

ETA, MU, L, H = sp.symbols("eta mu L h", positive=True)


def rate(eta, mu):
    """The factor by which ‖x‖ shrinks per step, claimed."""
    return 1 - eta * mu


def largest_step(mu, largest):
    """The largest step for which the rate is claimed."""
    return 2 / (mu + largest)


def descend(spectrum, eta, steps):
    """‖x_t‖/‖x_0‖ for t = 1..steps, by torch on ½ xᵀ diag(spectrum) x from x_0 = (1, ..., 1)."""
    x = torch.ones(len(spectrum), dtype=torch.float64, requires_grad=True)
    lengths = []
    for _ in range(steps):
        [gradient] = torch.autograd.grad(0.5 * (torch.from_numpy(spectrum) * x**2).sum(), x)
        with torch.no_grad():
            x -= eta * gradient
        lengths.append(float(x.detach().norm()) / math.sqrt(len(spectrum)))
    return np.array(lengths)


convergence = Claim(
    id="gd.rate",
    title="Gradient descent on a quadratic converges at rate (1 - ημ)^t",
    statement=r"\|x_t\| \le (1-\eta\mu)^t\,\|x_0\|,\quad 0<\eta\le\tfrac{2}{\mu+L}",
    provenance=Provenance.STATED,
    paper="Nesterov (2004), Theorem 2.1.15",
)


@convergence.leg("symbolic")
def eigenvectors_decouple(context):
    """Along an eigenvector of eigenvalue h, a step multiplies x by 1 - ηh."""
    x = sp.Symbol("x", real=True)
    yield symbolic.identity(
        "one step", x - ETA * sp.diff(H * x**2 / 2, x), (1 - ETA * H) * x, "eigenvectors decouple"
    )


@convergence.leg("smt")
def every_eigenvalue_is_slower(context):
    """|1 - ηh| ≤ 1 - ημ for every eigenvalue h in [μ, L]; μ, h and L in units of 1/η."""
    assumptions = [MU <= H, H <= L, MU + L <= 2]
    for name, factor in (("1 - ηh", 1 - H), ("ηh - 1", H - 1)):
        yield from inequality.proved(name, assumptions, factor <= 1 - MU, "any spectrum")


@convergence.leg("property")
def spectra_are_searched(context):
    """Spectra, steps and numbers of steps, against torch."""
    spectra = st.lists(st.floats(0.1, 10), min_size=1, max_size=6)

    def gaps(drawn):
        values, share, steps = drawn
        mu, largest = min(values), max(values)
        eta = share * largest_step(mu, largest)
        measured = descend(np.array(values), eta, steps)[-1]
        bound = rate(eta, mu) ** steps
        yield at_most("‖x_t‖/‖x_0‖", measured, bound, 1e-12, "float64 error of 40 steps")

    return property.search(
        context,
        st.tuples(spectra, st.floats(0.01, 1), st.integers(1, 40)),
        gaps,
        examples=context.at(quick=60, full=400),
        regimes_of=lambda drawn: ["one eigenvalue" if len(set(drawn[0])) == 1 else "several"],
        require=("several",),
    )


@convergence.leg("scaling")
def steps_grow_like_the_condition_number(context):
    """At η = 2/(μ+L) the steps to ε are (κ/2)·log(1/ε) as κ = L/μ grows."""
    kappas = [10.0**k * (1 + 2 * (k % 2)) for k in range(2, 10)]  # not all on decades
    steps = [math.log(1e-6) / math.log1p(-largest_step(1, k)) for k in kappas]
    yield from scaling.power_law("steps to 1e-6", np.log(kappas), np.log(steps), exponent=1.0)
    yield from scaling.limit(
        "steps over κ·log(1/ε)", np.log(kappas),
        [n / (k * math.log(1e6)) for n, k in zip(steps, kappas, strict=True)],
        0.5, tolerance=1e-3, why="corrections of order 1/κ = 1e-9 at the top",
    )  # fmt: skip


convergence.mistake(rate, "rate 1 - 2ημ", lambda f: lambda eta, mu: f(eta, 2 * mu))
convergence.mistake(largest_step, "steps up to 2.2/(μ+L)", lambda f: lambda mu, L: 1.1 * f(mu, L))

threshold = Claim(
    id="gd.threshold",
    title="The step 2/L is the largest that does not diverge",
    statement=r"\eta>2/L\ \Rightarrow\ \|x_t\|\to\infty,\qquad \eta<2/L\ \Rightarrow\ x_t\to 0",
    provenance=Provenance.DERIVED,
    rests_on=("gd.rate",),
)


def critical_step(largest):
    """The step at which the fastest eigenvector neither grows nor shrinks, claimed."""
    return 2 / largest


@threshold.leg("trained")
def both_sides_of_the_threshold(context):
    """Descents 1 % below and above the critical step."""
    spectrum = np.array([1.0, 3.0, 4.0])
    steps = context.at(quick=1000, full=5000)
    below, above = (
        descend(spectrum, factor * critical_step(4.0), steps)[-1] for factor in (0.99, 1.01)
    )
    yield at_most("‖x_t‖ just below", below, 1e-3, 0, "0.98^1000 = 2e-9, and room")
    yield at_least("‖x_t‖ just above", above, 1e3, 0, "1.02^1000 = 4e8, and room")
    at = descend(spectrum, critical_step(4.0), steps)[-1]
    yield equal("‖x_t‖ at the threshold", at, 1 / math.sqrt(3), 1e-9, "one coordinate is left")


threshold.mistake(critical_step, "threshold 1/L", lambda f: lambda L: f(L) / 2)
threshold.mistake(critical_step, "threshold 2.1/L", lambda f: lambda L: 1.05 * f(L))

CLAIMS = (convergence, threshold)

# ------------------------------------------------------------- how far the assumptions can be bent

STEP = Dial(
    name="step",
    assumption="small step",
    title="step η over 1/L",
    source="Nesterov (2004), Theorem 2.1.15",
    enters="optimiser",
    grid=(1, 1.25, 1.5, 1.75, 2.25, 3),
)
CURVATURE = Dial(
    name="smallest-curvature",
    assumption="strong convexity",
    title="smallest eigenvalue μ over L",
    source="Nesterov (2004), Theorem 2.1.15",
    enters="data",
    grid=(0.1, 0.05, 0, -0.05, -0.1),
)


def bent(base, dials):
    """Spectrum and step of a base with dials turned."""
    spectrum = np.array(base["spectrum"], dtype=float)
    largest = spectrum.max()
    if "smallest-curvature" in dials:
        spectrum[spectrum.argmin()] = dials["smallest-curvature"] * largest
    return spectrum, dials.get("step", 1.0) / largest


def keeps_the_rate(base, dials, seed, profile):
    """gd.rate at one spectrum."""
    spectrum, eta = bent(base, dials)
    bound = abs(rate(eta, spectrum.min())) ** base["steps"]
    measured = descend(spectrum, eta, base["steps"])[-1]
    yield at_most("‖x_t‖/‖x_0‖ over its bound", measured / bound, 1, 1e-9, "float64 error")


def does_not_grow(base, dials, seed, profile):
    """gd.threshold at one spectrum: the last step is no longer than the one before."""
    x = descend(*bent(base, dials), base["steps"])
    yield at_most("‖x_t‖/‖x_{t-1}‖", x[-1] / x[-2], 1, 1e-9, "float64 error")


def simpler(base):
    """Two eigenvalues and few steps."""
    return st.builds(
        lambda mu, steps: {"spectrum": [mu, 1.0], "steps": steps},
        st.sampled_from([0.5, 0.2, 0.1]),
        st.sampled_from([2, 10, 40]),
    )


BASES = ({"spectrum": [1.0, 3.0, 10.0], "steps": 100},)

AUDIT = Audit(
    (STEP, CURVATURE),
    (
        Statement(
            claim="gd.rate", measured="‖x_t‖ ≤ (1-ημ)^t ‖x_0‖ at one spectrum", bases=BASES,
            check=keeps_the_rate, simpler=simpler, random=False,
        ),
        Statement(
            claim="gd.threshold", measured="‖x_t‖ does not grow any more", bases=BASES,
            check=does_not_grow, simpler=simpler, random=False,
        ),
    ),
)  # fmt: skip
