"""The reduced flow of one MAE query with fluctuating mask counts at a given P, enclosed.

The flow is that of `reduced.fluctuating`, written a second time: every count of the own area is an
atom with its exact probability, the global count given it stands at two values with its exact mean
and variance, and the other areas enter by the exact mean of Σ u_m². The query is a masked key of
its own. Correlations are in units of 1/U, U the largest latent, and σ = U(Φ_n - Φ_1).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from flint import arb, arb_series

from refutable.model.ball_flow import Flow, Values, Weights, ball
from refutable.model.reduced.coupling import is_coupled
from refutable.model.setting import Setting, SettingError
from refutable.model.trajectory import QueryKind

MOST_COUNTS = 130
"""Of the own area, that are summed one by one."""
UNLIKE = Fraction(1, 10**6)
"""Of all patches, how many may lie in a remainder area. Its Φ_m, of order C_s/P, is taken for that
of the others, which moves their weight by less than this share of C_s/P."""
SHARP = Fraction(1, 10**11)
"""Relative variance below which the global count stands at its mean."""


@dataclass(frozen=True)
class Atom:
    """Latents, their and the counts' chance, and the counts over P, of which masks show some.

    answerable: whether a patch of the own area is visible. others: visible patches of the other
    areas. squares: E Σ u_m² over them, over P². share, square: E u_m/C_s of one, and E u_m²/C_s
    over P.
    """

    z_n: arb
    z_1: arb
    chance: arb
    answerable: bool
    own: arb
    own_dark: arb
    global_: arb
    global_dark: arb
    others: arb
    others_dark: arb
    squares: arb
    share: arb
    square: arb

    @functools.cached_property
    def zz_n(self) -> arb:
        """z_n²."""
        return self.z_n**2

    @functools.cached_property
    def zz_1(self) -> arb:
        """z_1²."""
        return self.z_1**2


class Areas(NamedTuple):
    """How many patches the own, the global and the other areas have; one of these, and all pairs.

    pairs: Σ C_m(C_m - 1) over the other areas.
    """

    own: int
    global_: int
    others: int
    each: int
    pairs: int


def areas_around(setting: Setting, query: QueryKind) -> Areas:
    """The areas that a query sees; a global one has no further global area."""
    C_1, C_s, P = setting.C_1, setting.C_s, setting.P
    pairs = sum(number * C * (C - 1) for C, number in setting.local_kinds)
    if query == "global":
        return Areas(C_1, 0, P - C_1, C_s, pairs)
    return Areas(C_s, C_1, P - C_1 - C_s, C_s, pairs - C_s * (C_s - 1))


class FluctuatingFlow(Flow):
    """Atoms of the counts, exact.

    Raises SettingError for areas unlike, a remainder that counts (UNLIKE), clusters of different
    partitions, which meet through the positions, fewer than two areas beside the own one, and for
    counts too many to sum.
    """

    states = 7
    """Υ_p comes last."""

    def __init__(self, setting: Setting, query: QueryKind) -> None:
        setting.require_alike("the enclosed flow")
        self.setting, self.query = setting, query
        P, areas = setting.P, areas_around(setting, query)
        if areas.own < 2 or areas.others < 2:
            raise SettingError("the enclosed flow asks for two patches in the own and other areas")
        self._refuse()
        self.U = ball(setting.latents.U)
        self.z2 = self.U**2
        self.per_missing = ball(Fraction(setting.M, P))
        self.per_P = ball(Fraction(1, P))
        self.each = ball(Fraction(areas.each, P))
        self.unit = self.U**4 * (1 - ball(setting.gamma)) * ball(Fraction(areas.own, P))
        joint = setting.K if setting.shared_partition else 1
        self.per_key = [
            ball(Fraction(joint, max(n, 1))) for n in (areas.global_, areas.own - 1, areas.others)
        ]
        self.per_self = ball(Fraction(joint, P))
        latents = setting.latents
        self.law = [
            (ball(z), ball(q)) for z, q in zip(latents.values, latents.probabilities, strict=True)
        ]
        globals_ = self.law if query == "local" else [(arb(0), arb(1))]
        self.atoms = [
            atom
            for (z_n, q_n), (z_1, q_1) in itertools.product(self.law, globals_)
            for atom in self._atoms(areas, z_n, z_1, q_n * q_1)
        ]

    def _refuse(self) -> None:
        if is_coupled(self.setting):
            raise SettingError("clusters of different partitions are not enclosed")
        usual = self.setting.C_s
        unlike = sum(size * n for size, n in self.setting.local_kinds if size != usual)
        if unlike > UNLIKE * self.setting.P:
            raise SettingError(
                f"a remainder of {unlike} among {self.setting.P} patches has a Φ_m of its own, "
                "which is not enclosed"
            )

    def _atoms(self, areas: Areas, z_n: arb, z_1: arb, chance: arb) -> Iterator[Atom]:
        return _atoms(self.setting, areas, z_n, z_1, chance)

    def weights(self, phi_1: Any, phi_n: Any, state: Values) -> Weights:
        """Means of the rates; W_n and d are those of A_n and 1 - A_n, and S is 1."""
        _, phi_m, ups_1, ups_n, ups_m, _, ups_p = state
        e_1, e_n, e_m, e_p = ups_1.exp(), ups_n.exp(), ups_m.exp(), ups_p.exp()
        m0 = m1 = m2 = m3 = 0 * e_m
        for z, q in self.law:
            on = (phi_m * (z / self.U)).exp() * e_m
            square = (z * on) ** 2 * q
            m0, m1, m2, m3 = m0 + q * on, m1 + q * z * on, m2 + square, m3 + z * square
        on_n = {id(z): ((z / self.U) * phi_n).exp() * e_n for z, _ in self.law}
        off_n = {id(z): ((-z / self.U) * phi_n - ups_n).exp() for z, _ in self.law}
        on_1 = {id(a.z_1): ((a.z_1 / self.U) * phi_1).exp() * e_1 for a in self.atoms}
        dark_p = e_p * self.per_P
        zero = 0 * e_m
        one = 1 + zero
        a_1 = a_n = a_m = b_1 = b_n = b_m = b_p = pull_1 = pull_n = att = missing = zero
        for at in self.atoms:
            W_1 = at.global_ * on_1[id(at.z_1)]
            crowd = at.others * m0 + at.others_dark * e_m
            dark_1, dark_n = at.global_dark * e_1, at.own_dark * e_n
            rest = crowd + dark_1 + dark_n + dark_p
            d = W_1 + rest
            per_d = 1 / d
            x, per_d2 = W_1 * per_d, per_d * per_d
            if at.answerable:
                # A_n and 1 - A_n, from what is below 1 of A_n/(1 - A_n) and its inverse.
                odds = at.own * on_n[id(at.z_n)] * per_d
                if _below_one(odds):
                    B = 1 / (1 + odds)
                    A = odds * B
                else:
                    odds = d * off_n[id(at.z_n)] / at.own
                    A = 1 / (1 + odds)
                    B = odds * A
                turn, missed = at.zz_n * A, at.zz_n
            else:
                A, B, turn, missed = zero, one, zero, zero
            push = at.zz_1 * x
            squares = (at.squares * m2) * per_d2
            leak = push * x + squares
            by = at.chance * B * B
            own_push = by * A * (missed + leak)
            global_push = by * x * (push * (A + B * (1 - x)) + turn - squares * B)
            dark = by * per_d * (leak * B - turn)
            a_1 += at.z_1 * global_push
            a_n += at.z_n * own_push
            a_m += at.share * m1 * dark - by * per_d2 * (at.square * m3)
            b_1 += dark_1 * dark
            b_n += dark_n * dark
            pull_1 -= global_push
            pull_n += own_push
            b_m += crowd * dark - by * squares
            b_p += dark
            att += at.chance * A
            missing += by * (missed + leak)
        return Weights(
            W_n=att, d=1 - att, S=one, own=self.U * a_n, pushed=self.U * a_1,
            others=(self.U * self.each * a_m, b_1, b_n, b_m, e_p * b_p, pull_1, pull_n),
            missing=missing,
        )  # fmt: skip

    def small(self, w: Weights, per: Any, fall: Any, rise: Any) -> list[Any]:
        """Speeds of Φ_m, Υ_1, Υ_n, Υ_m, of time and of Υ_p.

        A constant latent is left out of the pulls on visible keys: they are those of the features.
        """
        to_m, to_1, to_n, to_other, to_self, pull_1, pull_n = (x * per for x in w.others)
        if len(self.law) == 1:
            pull_1, pull_n = -fall / self.z2, rise / self.z2
        per_1, per_n, per_m = self.per_key
        return [
            to_m,
            (to_1 + pull_1) * per_1,
            (to_n + pull_n) * per_n,
            to_other * per_m,
            self.unit * per,
            to_self * self.per_self,
        ]


class MeanFlow(FluctuatingFlow):
    """Every count at its mean, as `reduced.mean_counts` has it, and latents by their law.

    The query is no key of its own, and clusters do not meet: Υ_p stays 0. For constant latents it
    is the flow of `ball_flow`, which is followed faster there.
    """

    def __init__(self, setting: Setting, query: QueryKind) -> None:
        super().__init__(setting, query)
        areas = areas_around(setting, query)
        self.per_missing, self.per_P, self.per_self = ball(setting.gamma), arb(0), arb(0)
        self.per_key = [
            ball(Fraction(1, max(n, 1))) for n in (areas.global_, areas.own, areas.others)
        ]

    def _refuse(self) -> None:
        """Whatever clusters do, they do by time alone."""

    def _atoms(self, areas: Areas, z_n: arb, z_1: arb, chance: arb) -> Iterator[Atom]:
        dark = ball(self.setting.gamma)
        seen = 1 - dark
        own, first, others, each = (
            ball(Fraction(n, self.setting.P))
            for n in (areas.own, areas.global_, areas.others, areas.each)
        )
        yield Atom(
            z_n=z_n, z_1=z_1, chance=chance, answerable=True,
            own=seen * own, own_dark=dark * own,
            global_=seen * first, global_dark=dark * first,
            others=seen * others, others_dark=dark * others,
            squares=seen**2 * others * each, share=seen, square=seen**2 * each,
        )  # fmt: skip


def _below_one(x: Any) -> bool:
    """Whether the middle of a ball, or of a series where it begins, is."""
    return bool((x[0] if isinstance(x, arb_series) else x).mid() < 1)


def _atoms(setting: Setting, areas: Areas, z_n: arb, z_1: arb, chance: arb) -> Iterator[Atom]:
    """Every own count, with the global one at two values each."""
    P, visible = setting.P, setting.P - setting.M
    N = areas.global_ + areas.others
    for u, q in _hypergeometric(P - 1, areas.own - 1, visible):
        left = visible - u
        mean = Fraction(left * areas.global_, N)
        variance = mean * Fraction(areas.others * (N - left), N * (N - 1))
        sharp = variance <= SHARP * mean**2
        for sign in (0,) if sharp else (-1, 1):
            global_ = ball(mean) + sign * ball(variance).sqrt()
            others = left - global_
            pair = ball(Fraction(areas.each - 1, areas.others - 1))
            pairs = ball(Fraction(areas.pairs, areas.others * (areas.others - 1)))
            share = others / areas.others
            yield Atom(
                z_n=z_n, z_1=z_1, chance=chance * ball(q / (1 if sharp else 2)), answerable=u > 0,
                own=ball(Fraction(u, P)), own_dark=ball(Fraction(areas.own - 1 - u, P)),
                global_=global_ / P, global_dark=(areas.global_ - global_) / P,
                others=others / P, others_dark=(areas.others - others) / P,
                squares=others * (1 + (others - 1) * pairs) / P**2,
                share=share, square=share * (1 + (others - 1) * pair) / P,
            )  # fmt: skip


def _hypergeometric(N: int, K: int, n: int) -> list[tuple[int, Fraction]]:
    """Counts and chances of n drawn of N, of which K are looked for; exact.

    Raises SettingError for more than MOST_COUNTS.
    """
    low, high = max(0, n + K - N), min(K, n)
    if high - low >= MOST_COUNTS:
        raise SettingError(f"an own area of {K + 1} patches has too many counts to sum")
    found = [Fraction(1)]
    for u in range(low, high):
        found.append(found[-1] * Fraction((K - u) * (n - u), (u + 1) * (N - K - n + u + 1)))
    whole = sum(found)
    return [(low + i, x / whole) for i, x in enumerate(found)]
