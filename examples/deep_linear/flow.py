"""What gradient flow keeps, how fast each mode is learned, and where it waits."""

from __future__ import annotations

import itertools
from fractions import Fraction
from math import exp, log

import numpy as np
import sympy as sp
import torch
from hypothesis import strategies as st

from deep_linear import networks
from deep_linear.networks import aligned, descend, gradients, half_time, imbalance
from refutable import (
    Theta,
    at_least,
    at_most,
    claim,
    equal,
    for_all,
    identical,
    inequality,
    ladder,
    leg,
    symbolic,
)

EXACT = "fractions: nothing is rounded"
NUMBER = st.fractions(-2, 2, max_denominator=4)


def matrices(number):
    """Lists of so many square matrices of fractions, of 1 to 3 dimensions."""
    return st.integers(1, 3).flatmap(
        lambda d: st.lists(
            st.lists(NUMBER, min_size=d * d, max_size=d * d), min_size=number, max_size=number
        ).map(lambda drawn: [np.array(w, dtype=object).reshape(d, d) for w in drawn])
    )


NETWORKS = st.integers(2, 4).flatmap(lambda depth: matrices(depth + 1))
"""Weights, and a target as the last matrix."""
DEPTHS = {"two layers": lambda drawn: len(drawn) == 3, "deeper": lambda drawn: len(drawn) > 3}


def largest(found):
    """The largest entry of several matrices."""
    return max(abs(entry) for matrix in found for entry in matrix.flat)


@claim(
    "dl.balance",
    r"\tfrac{d}{dt}\big(W_{j+1}^\top W_{j+1}-W_jW_j^\top\big)=0",
    source="Arora, Cohen & Hazan (2018), Theorem 1; Du, Hu & Lee (2018)",
    assumptions=("gradient flow", "linear activations"),
)
class Balance:
    """Gradient flow keeps the imbalance of neighbouring layers."""

    @for_all(drawn=NETWORKS, regimes=DEPTHS)
    def property(self, drawn):
        """Two to four layers of up to three units, in fractions: both layers gain the same."""
        *weights, target = drawn
        slopes = gradients(weights, target)
        upper = [b.T @ g for b, g in zip(weights[1:], slopes[1:], strict=True)]
        lower = [g @ a.T for a, g in zip(weights, slopes[:-1], strict=False)]
        for j, (up, low) in enumerate(zip(upper, lower, strict=True), start=1):
            yield identical(f"W_{j + 1}ᵀ∂L/∂W_{j + 1}", up.tolist(), low.tolist(), EXACT)

    def symbolic(self, context):
        """Two layers of two units."""
        a, b, target = (
            np.array(sp.symbols(f"{name}1:5", real=True), dtype=object).reshape(2, 2)
            for name in "abm"
        )
        slopes = gradients([a, b], target)
        for (i, up), low in zip(
            enumerate((b.T @ slopes[1]).flat), (slopes[0] @ a.T).flat, strict=True
        ):
            yield symbolic.identity(f"entry {i + 1}", up, low, "N = d = 2")


Balance.mistake(
    gradients, "one layer learns twice as fast",
    lambda f: lambda weights, target: [2 * f(weights, target)[0], *f(weights, target)[1:]],
)  # fmt: skip


@claim(
    "dl.drift",
    r"D_{k+1}-D_k=\eta^2\big(G_{j+1}^\top G_{j+1}-G_jG_j^\top\big)",
    rests_on=("dl.balance",),
    assumptions=("linear activations",),
)
class Drift:
    """A step of descent moves the imbalance by order η² alone, and a whole descent by order η."""

    @for_all(drawn=NETWORKS, step=st.fractions(0, 1, max_denominator=5), regimes=DEPTHS)
    def property(self, drawn, step):
        """In fractions."""
        *weights, target = drawn
        before, after = imbalance(weights), imbalance(descend(weights, target, step))
        for j, (old, new) in enumerate(zip(before, after, strict=True)):
            expected = moved(gradients(weights, target), step)[j]
            yield identical(
                f"D_{j + 1} after a step", new.tolist(), (old + expected).tolist(), EXACT
            )

    def scaling(self, context):
        """To the time t = 4, from layers 0.9 and 0.1 of one unit each."""

        def drift(k):
            weights = [np.array([[0.9]]), np.array([[0.1]])]
            there = descend(weights, np.array([[1.0]]), 4 / k, k)
            return float(largest([imbalance(there)[0] - imbalance(weights)[0]]))

        sizes = (400, 700, 1200, 2000, 3600, 6000, 10000)
        yield from ladder(drift, sizes, size="k").follows(Theta("1/k"))


def moved(slopes, step):
    """By what a step moves the imbalance, claimed."""
    return [step**2 * (b.T @ b - a @ a.T) for a, b in itertools.pairwise(slopes)]


Drift.mistake(moved, "nothing moves", lambda f: lambda slopes, step: f(slopes, 0 * step))
Drift.mistake(moved, "by 2η²", lambda f: lambda slopes, step: [2 * m for m in f(slopes, step)])


@claim(
    "dl.drift.original",
    r"\text{false: }W_{j+1}^\top W_{j+1}-W_jW_j^\top\text{ stays as it is under gradient descent}",
    original_of="dl.drift",
    title="Refuted: gradient descent, too, keeps the imbalance of layers",
)
@leg("exact", scope="one counterexample")
def drifts(context):
    """Layers 2 and 1 of one unit each, which are to make 1: a step of 1/4 takes 3 to 45/16."""
    weights = [np.array([[Fraction(n)]], dtype=object) for n in (2, 1)]
    target = np.array([[Fraction(1)]], dtype=object)
    there = descend(weights, target, Fraction(1, 4))
    before, after = (abs(imbalance(w)[0][0, 0]) for w in (weights, there))
    shown = {"W_1": 2, "W_2": 1, "M": 1, "eta": "1/4", "before": str(before), "after": str(after)}
    yield equal("imbalance before the step", before, 3, witness=shown)
    yield equal("imbalance after it", after, Fraction(45, 16), witness=shown)


drifts.mistake(descend, "no step", lambda f: lambda w, target, step, steps=1: w)

# ------------------------------------------------------------------------- how modes are learned


def mode(grown, s, start):
    """u(t) with grown = exp(2st), claimed."""
    return s * grown / (grown - 1 + s / start)


def singular(weights):
    """Singular values of what the layers make, largest first."""
    return np.linalg.svd(networks.end_to_end(weights), compute_uv=False)


STRENGTHS = (3.0, 2.0, 1.0)


LAG = "descent lags by 4.1η = 0.002 behind the flow at s = 3, where it is steepest; and room"


def turned(seed=0):
    """Two rotations of as many dimensions as there are strengths."""
    draw = np.random.default_rng(seed).standard_normal
    return [np.linalg.qr(draw((3, 3)))[0] for _ in range(2)]


@claim(
    "dl.mode",
    r"u_i(t)=\frac{s_i\,e^{2s_it}}{e^{2s_it}-1+s_i/u_i(0)}",
    source="Saxe, McClelland & Ganguli (2014), equation (10)",
    rests_on=("dl.balance",),
    assumptions=("gradient flow", "linear activations", "balanced start", "whitened inputs"),
)
class Mode:
    """With two layers each singular value of the target is learned on a sigmoid of its own."""

    def symbolic(self, context):
        """The sigmoid solves u' = 2u(s - u), which is the flow of two equal layers."""
        grown, s, start, a, b = sp.symbols("E s u_0 a b", positive=True)
        u = mode(grown, s, start)
        pace = 2 * s * grown * sp.diff(u, grown)
        yield symbolic.identity("pace", pace, 2 * u * (s - u), "E = exp(2st)")
        yield symbolic.identity("start", u.subs(grown, 1), start, "E = 1 at t = 0")
        of_a, of_b = gradients([np.array([[a]]), np.array([[b]])], np.array([[s]]))
        of_product = -(b * of_a + a * of_b)[0, 0].subs(b, a)
        yield symbolic.identity("flow", of_product, 2 * a**2 * (s - a**2), "layers of one unit")

    def trained(self, context):
        """By automatic differentiation in torch, on three modes at once, η = 1/2000."""
        left, right = turned()
        target = torch.from_numpy(left @ np.diag(STRENGTHS) @ right.T)
        weights = [torch.tensor(w, requires_grad=True) for w in aligned(left, right, 0.01)]
        step, optimiser = 1 / 2000, torch.optim.SGD(weights, lr=1 / 2000)
        for k in range(1, 6001):
            optimiser.zero_grad()
            (0.5 * ((weights[1] @ weights[0] - target) ** 2).sum()).backward()
            optimiser.step()
            if k % 1500 == 0:
                found = singular([w.detach().numpy() for w in weights])
                for s, u in zip(STRENGTHS, found, strict=True):
                    expected = mode(exp(2 * s * k * step), s, 0.01)
                    yield equal(f"mode {s:g} at t = {k * step:g}", float(u), expected, 0.004, LAG)

    def scaling(self, context):
        """Descent follows the flow up to order η, where it is steepest."""

        def lag(k):
            there = descend(
                [np.array([[0.1]])] * 2, np.array([[3.0]]), half_time(2, 3.0, 0.1) / k, k
            )
            return abs(float(networks.end_to_end(there)[0, 0]) - 1.5)

        sizes = (400, 700, 1200, 2000, 3600, 6000, 10000)
        yield from ladder(lag, sizes, size="k").follows(Theta("1/k"))


Mode.mistake(mode, "half the pace", lambda f: lambda grown, s, start: f(grown ** sp.Rational(1, 2)
             if isinstance(grown, sp.Expr) else grown**0.5, s, start))  # fmt: skip
Mode.mistake(mode, "no saturation", lambda f: lambda grown, s, start: start * grown)


def sigmoid_time(s, start):
    """When a mode is half learned with two layers, claimed."""
    return log(s / start - 1) / (2 * s)


@claim(
    "dl.time",
    r"t_{1/2}=\frac{1}{2s}\log\Big(\frac{s}{u(0)}-1\Big)",
    source="Saxe, McClelland & Ganguli (2014)",
    rests_on=("dl.mode",),
    assumptions=("gradient flow", "balanced start", "small start"),
)
class Time:
    """With two layers the wait at the saddle is log(1/u(0))/(2s)."""

    @for_all(
        s=st.floats(0.2, 5), start=st.floats(1e-12, 0.02),
        regimes={"weak mode": lambda s: s < 1, "strong mode": lambda s: s > 1},
    )  # fmt: skip
    def property(self, s, start):
        """The flow, solved numerically."""
        found = half_time(2, s, start**0.5)
        return equal("t", found, sigmoid_time(s, start), 1e-6 * found, "a solver with rtol 1e-10")

    def symbolic(self, context):
        """Then E = s/u(0) - 1."""
        s, start = sp.symbols("s u_0", positive=True)
        yield symbolic.identity("half of s", mode(s / start - 1, s, start), s / 2, "E = exp(2st)")

    def scaling(self, context):
        """2st - log(1/u(0)) tends to log s."""
        sizes = [10.0**k * (1 + k % 2) for k in range(2, 12)]
        yield from ladder(
            lambda k: 4 * half_time(2, 2.0, k**-0.5) - log(k), sizes, name="2st - log k", size="k"
        ).tends_to(
            log(2), tolerance=1e-6,
            why="1/(2k) = 2e-12 at k = 2e11; log k = 26 by a solver of some 100 steps, each with "
            "rtol 1e-10: 3e-7 at most",
        )  # fmt: skip


Time.mistake(sigmoid_time, "1/s in place of 1/2s", lambda f: lambda s, start: 2 * f(s, start))
Time.mistake(mode, "no saturation", lambda f: lambda grown, s, start: start * grown)


def deep_time(depth, s, layer):
    """How long N ≥ 3 layers of this size wait, as it tends to 0, claimed."""
    return layer ** (2 - depth) / ((depth - 2) * s)


@claim(
    "dl.depth",
    r"t_{1/2}\sim\frac{a(0)^{2-N}}{(N-2)\,s},\quad N\ge 3",
    rests_on=("dl.time",),
    assumptions=("gradient flow", "balanced start", "small start"),
    measured="one unit per layer, which each mode is; N = 3 and 4",
)
@leg("scaling")
def depth(context):
    """With more than two layers the wait grows as a power of the start, not as a logarithm."""
    sizes = [10.0**k * (1 + k % 2) for k in (2, 2.5, 3, 3.5, 4, 4.5, 5)]
    for layers in (3, 4):
        waits = ladder(
            lambda k, layers=layers: half_time(layers, 2.0, 1 / k), sizes,
            name=f"wait of {layers} layers", size="k",
        )  # fmt: skip
        yield from waits.follows(Theta(f"k**{layers - 2}"))
        yield from waits.over(f"k**{layers - 2}").tends_to(
            deep_time(layers, 2.0, 1.0), tolerance=1e-3,
            why="what follows the escape takes a time of order 1: 1/k = 5e-6 of it, or less",
        )  # fmt: skip


depth.mistake(deep_time, "N in place of N - 2", lambda f: lambda n, s, a: f(n, s, a) * (n - 2) / n)


@claim(
    "dl.faster.original",
    r"\text{false: }t_{1/2}\text{ falls with }N\text{ for equal }W_N\cdots W_1(0)",
    original_of="dl.depth",
    title="Refuted: deeper networks learn sooner from the same function",
)
@leg("property")
@for_all(exponent=st.integers(2, 6))
def sooner(exponent):
    """From 10^-k and s = 1, each further layer waits longer."""
    start = 10.0**-exponent
    waits = {depth: half_time(depth, 1.0, start ** (1 / depth)) for depth in (1, 2, 3, 4)}
    for depth_ in (1, 2, 3):
        yield at_least(f"wait of {depth_ + 1} layers", waits[depth_ + 1], waits[depth_],
                       witness={"s": 1, "u(0)": start, "waits by depth": waits})  # fmt: skip


sooner.mistake(half_time, "deeper is faster", lambda f: lambda depth, s, layer: (
    f(depth, s, layer) / depth**9))  # fmt: skip


def meanwhile(s, weaker, start):
    """What a weaker mode has learned when one of strength s is half learned, claimed."""
    return start * (s / start) ** (weaker / s)


@claim(
    "dl.order",
    r"u_2(t_{1/2}(s_1))\sim u(0)^{1-s_2/s_1}s_1^{s_2/s_1}\to 0",
    rests_on=("dl.mode", "dl.time"),
    assumptions=("gradient flow", "balanced start", "small start"),
)
class Order:
    """From a small start modes are learned one after the other, the strongest first."""

    def scaling(self, context):
        """Strengths 2 and 1: the weaker one has learned the root of the start."""
        sizes = [10.0**k * (1 + k % 2) for k in range(4, 12)]
        behind = ladder(
            lambda k: mode(exp(2 * sigmoid_time(2, 1 / k)), 1, 1 / k), sizes,
            name="weaker mode", size="k",
        )  # fmt: skip
        yield from behind.follows(Theta("k**(-1/2)"))
        yield from behind.over("k**(-1/2)").tends_to(
            meanwhile(2, 1, 1.0), tolerance=1e-4, why="corrections of order k^-1/2 = 2e-6"
        )

    def trained(self, context):
        """Descent on three modes from 1e-6, until the strongest is half learned."""
        left, right = turned()
        start, step = 1e-6, 1 / 1000
        there = descend(
            aligned(left, right, start), left @ np.diag(STRENGTHS) @ right.T, step,
            round(sigmoid_time(3, start) / step),
        )  # fmt: skip
        found = singular(there)
        for s, u in zip(STRENGTHS[1:], found[1:], strict=True):
            expected = meanwhile(3, s, start)
            yield equal(f"mode {s:g} when 3 is half learned", float(u), expected, 0.05 * expected,
                        "η s² t = 1 % of lag, and saturation, u/s = 1 %")  # fmt: skip


Order.mistake(meanwhile, "the weaker one waits", lambda f: lambda s, weaker, start: start)

# -------------------------------------------------------------------------------- where it waits


def loss(layers, s):
    """½(a_N ⋯ a_1 - s)² of layers of one unit."""
    return (np.prod(layers) - s) ** 2 / 2


@claim(
    "dl.saddles",
    r"\nabla L=0\ \Rightarrow\ ab=s\ \text{or}\ a=b=0,\ \text{where}\ \lambda_{\min}(\nabla^2L)=-s",
    source="Baldi & Hornik (1989); Kawaguchi (2016)",
    measured="two layers of one unit",
)
class Saddles:
    """With two layers every point without slope is a minimum, or a saddle that falls away."""

    def smt(self, context):
        """From both partial derivatives."""
        a, b, s = sp.symbols("a b s", real=True)
        flat = [sp.Eq(sp.expand(sp.diff(loss([a, b], s), u)), 0) for u in (a, b)]
        conclusion = sp.Or(sp.Eq(a * b, s), sp.Eq(a**2 + b**2, 0))
        yield from inequality.proved("points without slope", flat, conclusion, "one unit per layer")

    def symbolic(self, context):
        """Along (1, 1) the loss falls by s t² - t⁴/2 from the saddle."""
        s, t = sp.symbols("s t", positive=True)
        fall = loss([0, 0], s) - loss([t, t], s)
        yield symbolic.identity("fall", fall, falls(s, t), "along (1, 1)")


def falls(s, t):
    """By how much the loss falls from the saddle at 0, claimed."""
    return s * t**2 - t**4 / 2


Saddles.mistake(falls, "it rises", lambda f: lambda s, t: -f(s, t))
Saddles.mistake(loss, "half the target", lambda f: lambda layers, s: f(layers, s / 2))


@claim(
    "dl.saddles.original",
    r"\text{false: every saddle of a deep linear network has }\lambda_{\min}(\nabla^2L)<0",
    original_of="dl.saddles",
    title="Refuted: saddles are strict at every depth",
)
@leg("exact", scope="one counterexample")
def flat_saddle(context):
    """With three layers the loss falls from 0 by s t³ at most: faster than no multiple of t²."""
    s = Fraction(1)
    for t in (Fraction(1, 10), Fraction(1, 1000), Fraction(1, 10**6)):
        for signs in ((1, 1, 1), (1, -1, -1), (1, 1, 0)):
            layers = [t * sign for sign in signs]
            gain = loss([0, 0, 0], s) - loss(layers, s)
            shown = {"layers": [str(a) for a in layers], "s": 1, "fall of L": str(gain)}
            yield at_most(f"fall over t², t = {t} along {signs}", gain / t**2, t, witness=shown)


flat_saddle.mistake(loss, "two layers", lambda f: lambda layers, s: f(layers[:2], s))

CLAIMS = (
    Balance, Drift, drifts, Mode, Time, depth, sooner, Order, Saddles, flat_saddle
)  # fmt: skip
