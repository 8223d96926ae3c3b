"""Bounds for random latents and every P: floats lie within them, whatever law of the kind is taken.

And the laws that are bounded are those of the statements.
"""

from __future__ import annotations

import dataclasses
import math
import re
from fractions import Fraction
from types import SimpleNamespace

import pytest

from refutable.claims.mae import global_query, laws, local_positive_end, spread_latents
from refutable.claims.mae.ladders import LOSS_GAP
from refutable.claims.mae.spread_for_every_size import (
    FAR,
    FROM_1E12,
    GLOBAL_ENDS,
    GLOBAL_TIMES,
    LOCAL_ENDS,
    LOCAL_TIMES,
    NEAR,
    NEAR_APART,
    Kind,
    SpreadQuery,
    ended,
)
from refutable.claims.runs.region import Region
from refutable.model.setting import Latents, Setting
from refutable.model.trajectory import QueryKind
from refutable.prove.majorant import NotBoundedError
from tests.claims.lying_inside import inside
from tests.claims.test_statements_and_laws import value
from tests.refutable.forging import forgeries, verdict

LAWS = (
    Latents.two_point(1.0, 1.5),
    Latents((1.0, 1.1), (0.9, 0.1)),
    Latents((1.0, 1.2, 1.3, 1.5), (0.5, 0.1, 0.2, 0.2)),
)
SHAPES = ((12, 0.6, 0.4, 0.5), (16, 0.8, 0.3, 0.2), (25, 0.7, 0.5, 0.8))
KINDS = (*LOCAL_TIMES, *LOCAL_ENDS, GLOBAL_TIMES, GLOBAL_ENDS)
SETTINGS = [
    (Setting(P=10**ten, kappa_c=kappa_c, kappa_s=kappa_s, gamma=gamma, latents=latents), query)
    for ten, kappa_c, kappa_s, gamma in SHAPES
    for latents in LAWS
    for query in ("local", "global")
]  # fmt: skip


@pytest.mark.parametrize(("setting", "query"), SETTINGS)
def test_floats_lie_inside(setting: Setting, query: QueryKind) -> None:
    bounds, run = SpreadQuery(Region.of(setting), NEAR, query), ended(setting, query)
    own = setting.C_s if query == "local" else setting.C_1
    share = (1 - setting.gamma) * own / setting.P
    unit = setting.gamma * share / laws.growth_time(setting.latents)
    for moment in (run.half, run.done):
        assert moment
        assert inside(bounds.time, abs(math.exp(moment.log_t) * unit - 1))
    paths = [
        (bounds.small.upsilon_own, run.upsilon_own),
        (bounds.small.upsilon_other, run.upsilon_other),
        (bounds.small.phi_other, run.phi_other),
    ]
    if query == "local":
        paths.append((bounds.small.upsilon_global, run.upsilon_global))
        assert inside(bounds.small.phi_global, float(run.phi_global.max()))
    for law, path in paths:
        assert inside(law, float(abs(path).max()))


@pytest.mark.parametrize("query", ["local", "global"])
@pytest.mark.parametrize("ten", [16, 25, 60])
def test_the_own_correlation_at_the_end_lies_inside(query: QueryKind, ten: int) -> None:
    setting = Setting(P=10**ten, kappa_c=0.6, kappa_s=0.35, latents=LAWS[0])
    bounds, run = SpreadQuery(Region.of(setting), NEAR_APART, query), ended(setting, query)
    own = setting.C_s if query == "local" else setting.C_1
    assert run.done
    u = math.sqrt(2 * LOSS_GAP / (setting.gamma * 0.5))
    off = run.done.phi_own + math.log((1 - setting.gamma) * own / setting.P) - math.log(1 / u - 1)
    assert inside(bounds.own_at(LOSS_GAP), abs(off))


@pytest.mark.parametrize(
    ("name", "impossible"),
    [("smallest", 0), ("smallest", 2), ("largest", 1), ("atom", 0), ("atom", 2), ("second", 4)],
)
def test_a_kind_without_laws_is_refused(name: str, impossible: int) -> None:
    with pytest.raises(ValueError, match="need"):
        dataclasses.replace(FAR, **{name: Fraction(impossible)})


def test_what_is_not_bounded_is_refused() -> None:
    for region, spread in (
        (Region(3, (0.6, 0.6), (0.4, 0.4)), NEAR),  # P too small
        (Region(12, (0.6, 0.6), (0.4, 0.4)), dataclasses.replace(FAR, atom=Fraction(1, 100))),
    ):
        with pytest.raises(NotBoundedError):
            assert SpreadQuery(region, spread, "local").time.largest
    grows = SpreadQuery(Region(20, (0.9, 0.9), (0.3, 0.3)), NEAR, "local")
    with pytest.raises(NotBoundedError, match="not small"):
        grows.own_at(0.1)
    for ask in (grows.own_at, grows.time_to):
        with pytest.raises(NotBoundedError, match="not reached"):
            ask(1e-6)
    flat = SpreadQuery(Region(20, (0.6, 0.6), (0.4, 0.4)), NEAR, "local")
    with pytest.raises(NotBoundedError):  # latents as near to L as they like have no gap
        flat.own_at(LOSS_GAP)


@pytest.mark.parametrize("kind", [*LOCAL_TIMES, GLOBAL_TIMES])
def test_claims_recheck_takes_the_steps_of_a_time_again(kind: Kind) -> None:
    (proof,) = kind.times().proofs
    (text,) = proof.certificate(proof.cover()).scripts
    assert verdict(text) == "accepted"
    for line, other in list(forgeries(text))[::25]:
        assert verdict(other) == "rejected", line


def test_claims_recheck_takes_the_steps_of_an_end_again() -> None:
    for kind in (*LOCAL_ENDS, GLOBAL_ENDS):
        (proof,) = kind.own().proofs
        found = proof.cover()
        assert not found.open
        (text,) = proof.certificate(found).scripts
        assert verdict(text) == "accepted"


@pytest.mark.parametrize(
    ("statement", "kind", "share"),
    [
        (local_positive_end.own_final.statement, LOCAL_ENDS[0], "\\log\\rho"),
        (global_query.own_final.statement, GLOBAL_ENDS, "\\log a"),
    ],
)
def test_the_end_that_is_bounded_is_the_one_that_is_stated(
    statement: str, kind: Kind, share: str
) -> None:
    text = " ".join(statement.split())
    assert f"{share}\\to\\log(1/u-1)$" in text
    (radicand,) = re.findall(
        r"u=\\sqrt\{(2\\epsilon/\(\\gamma qL\^2\))\}\$ \(\$\\kappa_c<1\$\)", text
    )
    setting = kind.at[0]
    u = math.sqrt(value(radicand.replace("\\epsilon", "E ").replace("qL", "q z"), setting,
                        E=LOSS_GAP, q=setting.latents.probabilities[0]))  # fmt: skip
    own = setting.C_s if kind.query == "local" else setting.C_1
    met = math.log(1 / u - 1) - math.log((1 - setting.gamma) * own / setting.P)
    (proof,) = kind.own().proofs
    for miss, low, high in ((0, 0, 1e-9), (1e-3, 0.9e-3, 1.1e-3)):
        run = SimpleNamespace(done=SimpleNamespace(phi_own=met + miss))
        assert low <= proof.off(setting, run) < high  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "statement", [spread_latents.spread.statement, global_query.length.statement]
)
def test_the_time_that_is_bounded_is_the_one_that_is_stated(statement: str) -> None:
    assert r"\int_0^\infty d\phi/E[z^3e^{z\phi}]" in statement
    kind = LOCAL_TIMES[0] if "T^*" in statement else GLOBAL_TIMES
    setting = kind.at[0]
    law = list(zip(setting.latents.values, setting.latents.probabilities, strict=True))
    step = 1e-4
    total = sum(
        step / sum(q * z**3 * math.exp(z * (i + 0.5) * step) for z, q in law)
        for i in range(300_000)
    )
    own = setting.C_s if kind.query == "local" else setting.C_1
    unit = setting.gamma * (1 - setting.gamma) * own / setting.P
    (proof,) = kind.times().proofs
    for late, low, high in (((1, 1), 0, 1e-6), ((1.001, 1), 0.9e-3, 1.1e-3),
                            ((1, 1.001), 0.9e-3, 1.1e-3)):  # fmt: skip
        half, done = (SimpleNamespace(log_t=math.log(miss * total / unit)) for miss in late)
        run = SimpleNamespace(half=half, done=done)
        assert low <= proof.off(setting, run) < high  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_runs_that_are_compared_are_of_the_kind(kind: Kind) -> None:
    for setting in kind.at:
        latents, spread, region = setting.latents, kind.spread, kind.region
        assert spread.smallest == latents.L
        assert spread.largest >= latents.U
        assert latents.probabilities[0] >= spread.atom
        assert latents.values[1] >= spread.second
        assert 10**region.ten <= setting.P
        for name in ("kappa_c", "kappa_s", "gamma"):
            low, high = getattr(region, name)
            assert low <= getattr(setting, name) <= high


def test_the_scope_names_all_that_is_asked_of_a_law() -> None:
    said = "every law of z on [1, 3] with P(z = 1) ≥ 0.25"
    for kind, more in ((LOCAL_TIMES[1], ""), (LOCAL_ENDS[1], " and none between 1 and 1.5")):
        for bounds in (kind.times(), kind.own()):
            assert f", {said}{more}, other z" in bounds.proofs[0].scope


def test_regions_need_no_tiles() -> None:
    """One tile is enough, as neither the sign of the gap nor κ_c - κ_s is asked for."""
    (proof,) = Kind(NEAR, "local", FROM_1E12, ()).times().proofs
    found = proof.cover()
    assert len(found.proved) == 1
    assert not found.open
