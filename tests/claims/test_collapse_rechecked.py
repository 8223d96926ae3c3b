"""Contrastive descent in balls is run again by claims-recheck, from formulas of its own."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from refutable import recheck_runs
from refutable.claim import Undecided
from refutable.claims.runs import exact_collapse
from refutable.gap import Gap
from refutable.model import ball_contrastive, enumeration
from refutable.model.setting import Contrastive, Latents, Setting
from refutable.reuse import shared
from tests.refutable.forging import forgeries, verdict

SMALL = Setting.of_sizes(
    7, 3, 2, gamma=0.3, K=3, latents=Latents.constant(1.25), shared_partition=True,
    contrastive=Contrastive(tau=2.0, negatives=1, keys="feature+position"),
)  # fmt: skip
SEVERAL = Setting.of_sizes(
    8, 4, 2, gamma=0.4, K=2, contrastive=Contrastive(tau=0.5, negatives=2)
)  # fmt: skip
STEPS = 8
"""Of SMALL, which passes A_1 = ½ at the fifth."""


def script(setting: Setting) -> str:
    found = exact_collapse.proved(setting, STEPS)
    (text,) = exact_collapse.certificate(setting, found).scripts
    return text


@pytest.mark.parametrize("setting", [SMALL, SEVERAL])
def test_the_path_is_found_again(setting: Setting) -> None:
    assert verdict(script(setting)) == "accepted"


def test_a_file_of_the_claim_is_accepted() -> None:
    """With everything that is said of a training, among which when A_1 passes ½."""
    setting = exact_collapse.SIZES[0]
    gaps = [gap for gap in exact_collapse.collapsed(setting) if isinstance(gap, Gap)]
    assert all(gap.holds for gap in gaps)
    [certificate] = [gap.certificate for gap in gaps if gap.certificate]
    (text,) = certificate.scripts
    for line in ("(first halfway ", "(least alpha_1 ", "(least ratio ", "(greatest ratio "):
        assert line in text
    assert verdict(text) == "accepted"


def test_no_number_can_be_changed() -> None:
    text = script(SMALL)
    assert "(first halfway 5)" in text
    changed = list(forgeries(text))
    assert len(changed) > 40
    for line, other in changed:
        # One view more than terms read changes nothing that is said.
        expected = "accepted" if "(views 5 3 " in other else "rejected"
        assert verdict(other) == expected, line


def _off(original: Any) -> Any:
    return lambda *given: (original(*given)[0] * (1 + 1e-6), original(*given)[1])


@pytest.mark.parametrize(
    ("name", "plant"),
    [
        ("pulls", _off),
        ("of_cluster", lambda original: lambda s, same: original(s.replace(K=s.K + 1), same)),
        ("counts", lambda original: lambda s: dict(list(original(s).items())[:-1])),
        (
            "Population",
            lambda original: (
                lambda s: original(s.replace(contrastive=replace(s.contrastive, tau=1.0)))
            ),
        ),
    ],
)
def test_a_mistake_of_the_prover_shows(
    monkeypatch: pytest.MonkeyPatch, name: str, plant: Any
) -> None:
    monkeypatch.setattr(ball_contrastive, name, plant(getattr(ball_contrastive, name)))
    with shared.nothing_shared():
        assert verdict(script(SMALL)) == "rejected"


def test_what_balls_leave_open_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ball_contrastive, "BITS_A_STEP", 0.1)
    with shared.nothing_shared():
        _, found = exact_collapse.collapsed(exact_collapse.SIZES[0])
    assert isinstance(found, Undecided)
    assert "leave open" in found.reason


@pytest.mark.parametrize("more", [1, 2])
def test_views_are_those_of_every_mask(more: int) -> None:
    area = SMALL.area_of[0]
    shown = [
        np.bincount(area[mask], minlength=SMALL.areas).tolist() for mask in enumeration.masks(SMALL)
    ]
    expected: Counter[tuple[int, ...]] = Counter()
    for (v, *one), *others in itertools.product(shown, repeat=1 + more):
        met = ((o, sum(a * b for a, b in zip(one, two, strict=True))) for o, *two in others)
        expected[v, *itertools.chain.from_iterable(met)] += 1
    sizes = ("v", SMALL.C_1), ("w", SMALL.C_s, SMALL.locals)
    rows = list(recheck_runs.views(SMALL.P - SMALL.M, more, *sizes))
    names = ("v", *(f"{kind}_{i}" for i in range(more) for kind in "vw"))
    found = {tuple(map(int, (row[name] for name in names))): row["chance"] for row in rows}
    whole = math.comb(SMALL.P, SMALL.M) ** (1 + more)
    assert found == {key: Fraction(times, whole) for key, times in expected.items()}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("(views 5 2 (v 3) (w 2 40))", "not checkable"),
        ("(views 5 90 (v 3) (w 2 2))", "not checkable"),
        ("(views 9 2 (v 3) (w 2 2))", "rejected"),
        ("(views 5 2 (v 3) (v 2 2))", "rejected"),
        ("(views 5 2 (v 3))", "rejected"),
    ],
)
def test_views_that_cannot_be_drawn(command: str, expected: str) -> None:
    text = script(SMALL)
    assert "(views 5 2 (v 3) (w 2 2))" in text
    assert verdict(text.replace("(views 5 2 (v 3) (w 2 2))", command)) == expected
