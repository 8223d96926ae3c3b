"""A setting that the definitions exclude is refused; sizes are exact at every P."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refutable.model import lumping, reduced
from refutable.model.setting import Contrastive, Latents, Setting, SettingError

GOOD = {"P": 64, "kappa_c": 0.75, "kappa_s": 0.3}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kappa_c": 0.5}, r"kappa_c must lie in \[0.5005, 1.0\]"),
        ({"kappa_c": math.nan}, "kappa_c"),
        ({"kappa_s": 0.6}, r"kappa_s must lie in \[0.001, 0.5\]"),
        ({"gamma": 0.0}, "gamma must lie strictly between 0 and 1"),
        ({"gamma": 1.0}, "gamma"),
        ({"gamma": math.nan}, "gamma"),
        ({"gamma": 0.001}, "masks 0 of 64"),
        ({"P": 2}, "P must be a whole number of at least 3"),
        ({"P": -64}, "P must be"),
        ({"P": 64.0}, "P must be"),
        ({"K": 0}, "K must be"),
        ({"c_1": -1.0}, "c_1 must be positive"),
        ({"c_s": math.nan}, "c_s must be positive"),
        ({"kappa_c": 1.0}, "take c_1 < 1"),
        ({"P": 4, "kappa_c": 0.9}, "too small"),
        ({"placement": "diagonal"}, "placement"),
        ({"local_sizes": (2, 3)}, "local_sizes must be positive and sum to P - C_1"),
        ({"local_sizes": (0, 1000)}, "local_sizes must be positive"),
    ],
)
def test_what_the_definitions_exclude(change: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Setting(**(GOOD | change))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "one", "1,2,3", "-1", "2,1", "nan", "0", "inf", "1,1", "1;2"])
def test_latents_that_cannot_be(text: str) -> None:
    with pytest.raises(SettingError):
        Latents.parse(text)


@pytest.mark.parametrize(
    "change",
    [{"tau": 0.0}, {"tau": math.nan}, {"negatives": -1}, {"negatives": 1.5}, {"keys": "patch"}],
)
def test_contrastive_details_that_cannot_be(change: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        Contrastive(**change)  # type: ignore[arg-type]


@settings(derandomize=True)
@given(
    P=st.integers(16, 3000),
    kappa_c=st.floats(0.5005, 0.9),
    kappa_s=st.floats(0.001, 0.5),
    K=st.integers(1, 3),
    placement=st.sampled_from(["contiguous", "random"]),
)
def test_areas_cover_the_patches(
    P: int, kappa_c: float, kappa_s: float, K: int, placement: str
) -> None:
    made = Setting(P=P, kappa_c=kappa_c, kappa_s=kappa_s, K=K, placement=placement)  # type: ignore[arg-type]
    sizes = made.area_sizes
    assert sizes.sum() == P
    assert sizes[0] == made.C_1 == round(P**kappa_c)
    assert (sizes[1:-1] == made.C_s).all()
    assert made.C_s <= sizes[-1] < 2 * made.C_s
    for row in made.area_of:
        assert (np.bincount(row) == sizes).all()


def test_sizes_are_exact_at_huge_P() -> None:
    made = Setting(P=10**100, kappa_c=0.9, kappa_s=0.3)
    assert made.C_1 == 10**90
    assert made.C_s == 10**30
    assert made.locals == (10**100 - 10**90) // 10**30
    assert made.information_gap == pytest.approx(0.5)
    with pytest.raises(SettingError, match="too large to lay out"):
        _ = made.area_sizes


def test_the_masked_count_reads_gamma_as_written() -> None:
    assert Setting.of_sizes(10, 4, 2, gamma=0.3).M == 3  # not floor(0.3·10) of a float just below
    assert Setting.of_sizes(10, 4, 2, gamma=0.7).M == 7


def test_the_uniform_law_has_its_moments() -> None:
    law = Latents.uniform(0.5, 1.5)
    for r in range(6):
        exact = (1.5 ** (r + 1) - 0.5 ** (r + 1)) / (r + 1)
        assert law.moment(r) == pytest.approx(exact, rel=1e-14)


def test_numpy_numbers_are_numbers() -> None:
    made = Setting(P=64, kappa_c=np.float64(0.75), kappa_s=np.float64(0.3), gamma=np.float64(0.5))
    assert (made.C_1, made.C_s, made.M) == (23, 3, 32)


def test_local_kinds_are_the_sizes_of_the_local_areas_in_order() -> None:
    assert Setting.of_sizes(21, 8, 4).local_kinds == ((4, 2), (5, 1))
    assert Setting.of_sizes(20, 8, 4).local_kinds == ((4, 2), (4, 1))
    assert Setting.of_sizes(15, 8, 4).local_kinds == ((7, 1),)
    assert Setting.of_sizes(20, 8, 4, local_sizes=(2, 4, 6)).local_kinds == ((2, 1), (4, 1), (6, 1))
    with pytest.raises(SettingError, match="local areas have 7 patches, not 4"):
        reduced.mae(Setting.of_sizes(15, 8, 4), "local", size=4)


def test_local_areas_may_have_sizes_of_their_own() -> None:
    made = Setting.of_sizes(20, 8, 4, local_sizes=(2, 4, 6), K=2, placement="random")
    assert made.area_sizes.tolist() == [8, 2, 4, 6]
    assert made.areas == 4
    for row in made.area_of:
        assert np.bincount(row).tolist() == [8, 2, 4, 6]
    with pytest.raises(SettingError, match="C_s = 4 must lie between"):
        made.replace(local_sizes=(6, 6))
    with pytest.raises(SettingError, match="take local areas of C_s patches"):
        reduced.mae(made, "local", counts="mean")
    assert not lumping.applies(made.replace(K=1, local_sizes=(3, 4, 5)))
