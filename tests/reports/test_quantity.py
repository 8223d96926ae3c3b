"""Names of gaps are taken apart so that a table names a long setting once, and loses none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refutable.reports import quantity
from refutable.reports.quantity import Quantity

NAMES = {
    "Φ_1, κ=(0.85, 0.3) z=1 K=4 γ=0.5: drift": (
        "Φ_1: drift", (("κ", "(0.85, 0.3)"), ("z", "1"), ("K", "4"), ("γ", "0.5")),
    ),
    "tail/bound, area 0 of P = 9, M = 6": ("tail/bound, area 0", (("P", "9"), ("M", "6"))),
    "less than one area is left, κ = 0.75, 0.5, P = 1e30": (
        "less than one area is left", (("κ", "0.75, 0.5"), ("P", "1e30")),
    ),
    "P = 4, K = 1, 2 latents, τ = 1e+07: enumerated": (
        "2 latents: enumerated", (("P", "4"), ("K", "1"), ("τ", "1e+07")),
    ),
    "keys = feature, query = position: largest D": (
        "largest D", (("keys", "feature"), ("query", "position")),
    ),
    "-zΦ_1 at t = K/(γρz⁴)": ("-zΦ_1 at t = K/(γρz⁴)", ()),
    "x = 3": ("x = 3", ()),
    "Δ ≥ -0.499 [z3]": ("Δ ≥ -0.499 [z3]", ()),
    "n = 1, n = 2: twice": ("n = 1, n = 2: twice", ()),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_quantity_at_a_setting(name: str) -> None:
    assert quantity.split(name) == Quantity(*NAMES[name])


def test_a_list_of_many_values_is_shown_by_its_ends() -> None:
    many = ",".join(f"{i / 10}" for i in range(32))
    assert quantity.split(f"max Φ, z={many}").at == "z = 32 values, 0.0 .. 3.1"


def test_only_long_settings_that_come_again_get_letters() -> None:
    long = quantity.split("Φ, κ=(0.85, 0.3) z=1 K=4 γ=0.5: drift")
    once = quantity.split("Φ, κ=(0.85, 0.3) z=1 K=4 γ=0.6: drift")
    short = quantity.split("Φ, P = 4")
    found = quantity.lettered([long, short, long, once, short])
    assert found == {long.setting: "A"}


@given(st.text(alphabet="aκP=(,:) 0.9\n^/", max_size=60))
def test_no_sign_of_a_name_is_lost_but_punctuation_and_joining_words(name: str) -> None:
    found = quantity.split(name)
    kept = found.name + "".join(symbol + value for symbol, value in found.setting)
    lost = re.compile(r"[\s,:;=]")
    assert sorted(lost.sub("", kept)) == sorted(lost.sub("", name))
