"""Gradient descent on the exact population of one MAE query, in ball arithmetic: a proof at a size.

The rates are those of `lumping`, written a second time: expectations over masks are finite sums
over the counts (u_n, u_g) of visible own and global patches, with rational probabilities. Iterating
Q ← Q - η∇L in balls has no integration error; what is rounded stands in the radii. They grow by
some 1.4 a step, so the precision is chosen by the number of steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, ctx, fmpq

from refutable.model import lumping
from refutable.model.setting import Setting, SettingError
from refutable.model.trajectory import QueryKind

BITS_A_STEP = 0.6
"""Radii grow by some 1.4 = 2^0.49 a step at η = 1."""


@dataclass(frozen=True)
class Seen:
    """One query during training, every number a ball that holds the exact value.

    steps: taken so far. phi: Φ_own, Φ_global, Φ_other. upsilon: Υ_self, Υ_own, Υ_global, Υ_other.
    alpha: rates of phi. own_attention: mean A_n given p ∈ ℳ. loss_gap: L_p - L*_p. shift: Σ_q Υ_q.
    """

    steps: int
    phi: tuple[arb, arb, arb]
    upsilon: tuple[arb, arb, arb, arb]
    alpha: tuple[arb, arb, arb]
    own_attention: arb
    loss_gap: arb
    shift: arb


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Balls of so many bits while inside."""
    before, ctx.prec = ctx.prec, bits
    try:
        yield
    finally:
        ctx.prec = before


def descend(setting: Setting, query: QueryKind, eta: Fraction, steps: int) -> Iterator[Seen]:
    """Every state from Q = 0 to `steps` steps of size η; population gradient, float64 nowhere.

    Sizes, γ = M/P, K and η are exact; the latent is the rational number that its float is. Raises
    SettingError unless `lumping.applies`. Each state is to be used before the next is asked for, at
    the precision that holds inside (`bits_for`).
    """
    if not lumping.applies(setting):
        raise SettingError(
            "exact lumping needs constant latents, local areas of equal size, and K = 1 or a "
            "shared partition"
        )
    phi, upsilon = [arb(0)] * 3, [arb(0)] * 4
    with precision(bits_for(steps)):
        population = _Population(setting, query)
        step = arb(fmpq(eta.numerator, eta.denominator))
        for done in range(steps + 1):
            seen, beta = population.look(done, tuple(phi), tuple(upsilon))
            yield seen
            phi = [x + step * rate for x, rate in zip(phi, seen.alpha, strict=True)]
            upsilon = [x + step * rate for x, rate in zip(upsilon, beta, strict=True)]


def bits_for(steps: int, a_step: float = BITS_A_STEP) -> int:
    """The precision at which the last of so many steps is known to some 30 digits.

    a_step: bits by which radii grow at each.
    """
    return 128 + math.ceil(a_step * steps)


class _Population:
    """The counts that matter, their probabilities, and the sizes of the areas, all exact."""

    def __init__(self, setting: Setting, query: QueryKind) -> None:
        local = query == "local"
        self.C_n = setting.C_s if local else setting.C_1
        self.C_g = setting.C_1 if local else 0
        self.areas = setting.locals - 1 if local else setting.locals
        self.C_o = self.areas * setting.C_s
        self.C_s = setting.C_s
        self.z = arb(setting.latents.values[0])
        self.masked = arb(fmpq(setting.M, setting.P))
        self.K = setting.K
        drawn = setting.P - setting.M
        ways = {
            (u, g): math.comb(self.C_n - 1, u)
            * math.comb(self.C_g, g)
            * math.comb(self.C_o, drawn - u - g)
            for u in range(self.C_n)
            for g in range(self.C_g + 1)
            if 0 <= drawn - u - g <= self.C_o
        }
        whole = sum(ways.values())
        self.terms = [
            (u, g, drawn - u - g, fmpq(number, whole), self._squares(drawn - u - g))
            for (u, g), number in ways.items()
        ]

    def _squares(self, R: int) -> fmpq:
        """E Σ u_m² over the other areas when R of their C_o patches are visible."""
        if self.C_o <= 1:
            return fmpq(R)
        pairs = fmpq(self.C_s - 1, self.C_o - 1)  # that a second patch is of the first one's area
        return R + fmpq(R) * (R - 1) * pairs

    def look(
        self, done: int, phi: tuple[arb, ...], upsilon: tuple[arb, ...]
    ) -> tuple[Seen, tuple[arb, ...]]:
        """What a state is, and the rates of its Υ."""
        z, z2 = self.z, self.z * self.z
        on_n, on_g, on_o = ((z * f + u).exp() for f, u in zip(phi, upsilon[1:], strict=True))
        off_p, off_n, off_g, off_o = (u.exp() for u in upsilon)
        alpha, beta = [arb(0)] * 3, [arb(0)] * 4
        attention = gap = arb(0)
        for u, g, R, chance, squares in self.terms:
            hidden = (off_p, (self.C_n - 1 - u) * off_n, (self.C_g - g) * off_g,
                      (self.C_o - R) * off_o)  # fmt: skip
            per = 1 / (u * on_n + g * on_g + R * on_o + sum(hidden, start=arb(0)))
            A_n, A_g, A_o = u * on_n * per, g * on_g * per, R * on_o * per
            A_o2 = squares * (on_o * per) ** 2
            others = A_g * A_g + A_o2
            missing = (1 - A_n) ** 2 + others
            h = z2 * (others - A_n * (1 - A_n))
            pulls = (
                z2 * A_n * missing,
                A_g * (h - z2 * A_g),
                A_o * h - z2 * A_o2,
            )
            for j, pull in enumerate(pulls):
                alpha[j] += chance * pull
            for j, (on, off) in enumerate(zip((arb(0), *pulls), hidden, strict=True)):
                beta[j] += chance * (on + off * per * h)
            attention += chance * A_n
            # Where no own patch is visible the infimum of the loss is 1/2, and `others` is on top.
            gap += chance * (missing if u else others)
        rate = self.masked
        shares = (1, 1, max(self.areas, 1))
        keys = (1, max(self.C_n - 1, 1), max(self.C_g, 1), max(self.C_o, 1))
        sizes = (1, self.C_n - 1, self.C_g, self.C_o)
        seen = Seen(
            steps=done,
            phi=phi,
            upsilon=upsilon,
            alpha=tuple(rate / self.K * z * a / n for a, n in zip(alpha, shares, strict=True)),
            own_attention=attention,
            loss_gap=rate * z2 * gap / 2,
            shift=sum((n * x for n, x in zip(sizes, upsilon, strict=True)), start=arb(0)),
        )
        return seen, tuple(rate * b / n for b, n in zip(beta, keys, strict=True))
