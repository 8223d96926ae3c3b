"""Bounds for every size are computed again by claims-recheck, which believes no number of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from flint import arb

from refutable.claims.contrastive import collapse
from refutable.claims.mae import every_mask, global_query, local_crossover, local_positive
from refutable.claims.runs.for_every_size import Bounds, Proof
from refutable.claims.runs.region import Region
from refutable.prove import majorant
from refutable.prove.majorant import Majorant
from tests.refutable.forging import forgeries, verdict

POSITIVE, NEGATIVE = Region(12, (0.9, 0.9), (0.3, 0.3)), Region(12, (0.6, 0.6), (0.4, 0.4))
TILED = Region(12, (0.75, 0.95), (0.25, 0.45), (0.45, 0.55))


def proof_of(bounds: Callable[[], Bounds], region: Region, number: int = 0) -> Proof:
    return dataclasses.replace(bounds().proofs[number], region=region)


def script(proof: Proof) -> str:
    found = proof.cover()
    assert not found.open
    (text,) = proof.certificate(found).scripts
    return text


@pytest.mark.parametrize(
    ("bounds", "region", "number"),
    [
        (local_positive.switch_time_bounds, POSITIVE, 0),
        (local_positive.depth_bounds, POSITIVE, 0),
        (local_crossover.crossover_bounds, NEGATIVE, 0),
        (local_crossover.crossover_bounds, POSITIVE, 1),
        (global_query.half_time_bounds, NEGATIVE, 0),
        (collapse.late_bounds, NEGATIVE, 0),
        (lambda: every_mask.bounds()[0], POSITIVE, 0),
        (lambda: every_mask.bounds()[1], NEGATIVE, 1),
        (every_mask.global_bounds, NEGATIVE, 0),
        (collapse.time_bounds, Region(12, (0.7, 0.75), (0.3, 0.35), (0.3, 0.3), 2.0, 0.7), 0),
    ],
)
def test_bounds_are_found_again(bounds: Callable[[], Bounds], region: Region, number: int) -> None:
    assert verdict(script(proof_of(bounds, region, number))) == "accepted"


@pytest.mark.parametrize(
    ("bounds", "region", "part"),
    [
        (collapse.time_bounds, NEGATIVE, 1),
        (global_query.half_time_bounds, NEGATIVE, 4),
        (local_positive.switch_time_bounds, POSITIVE, 5),
        (local_crossover.crossover_bounds, NEGATIVE, 5),
    ],
)
def test_no_number_can_be_changed(bounds: Callable[[], Bounds], region: Region, part: int) -> None:
    """All numbers, or a part of those of the longer files."""
    proof = dataclasses.replace(proof_of(bounds, region), asked=())
    changed = list(forgeries(script(proof)))
    assert len(changed) > 100
    for line, other in changed[::part]:
        assert verdict(other) == "rejected", line


def test_tiles_cover_what_is_meant_and_nothing_twice() -> None:
    text = script(proof_of(local_positive.switch_time_bounds, TILED))
    lines = text.splitlines()
    tiles = [line for line in lines if line.startswith("(tile ")]
    assert len(tiles) > 20
    path = tiles[7].split()[1]
    for other in (
        text.replace(tiles[7], ""),
        text.replace(tiles[7], tiles[7] + tiles[7].replace(path, path + "0")),
        text.replace(tiles[7], tiles[7].replace(path, path[:-1] + "8")),
        text.replace(tiles[7], tiles[6]),
        text.replace("(asked 2 (- 1) 1.15)", "(asked 2 (- 1) 1.0)"),  # more than is covered
        text.replace("(asked 2 (- 1) 1.15)", "(asked 2 (- 1) 1.3)"),  # tiles that are not meant
    ):
        assert other != text
        assert verdict(other) == "rejected"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("(grows 12)", ""),
        ("(assume assumed0)", ""),
        ("(follows assumed0", "(follows assumed1"),
        ("(share gamma)", "(share kappa_c)"),
        ("(bound ", "(bound assumed0) ("),
        ("(let x14 (times x2 x13)", "(let x14 (times x2 x14)"),
        ("(let x14 (times x2 x13)", "(let x13 (times x2 x13)"),
        ("(let x14 (times x2 x13)", "(let x14 (times x2 x12)"),
        ("(let x14 (times x2 x13)", "(let x14 (plus x2 x13)"),
        ("(let x14 (times x2 x13)", "(let x14 (largest x2)"),
    ],
)
def test_a_program_that_says_something_else_is_rejected(before: str, after: str) -> None:
    text = script(proof_of(local_positive.switch_time_bounds, POSITIVE))
    assert before in text
    assert verdict(text.replace(before, after)) == "rejected"


def test_sizes_far_beyond_the_ladders_are_decided_too() -> None:
    """Numbers of 500 digits ask for more bits, and a file that lies is seen to lie all the same."""
    proof = proof_of(global_query.half_time_bounds, dataclasses.replace(NEGATIVE, ten=500))
    text = script(dataclasses.replace(proof, asked=()))
    assert verdict(text) == "accepted"
    for line, other in list(forgeries(text))[::40]:
        assert verdict(other) == "rejected", line


def test_what_balls_do_not_decide_is_not_called_wrong() -> None:
    proof = proof_of(global_query.half_time_bounds, dataclasses.replace(NEGATIVE, ten=1000))
    assert verdict(script(proof)) == "not checkable"


def test_a_mistake_of_the_prover_s_arithmetic_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    right = majorant._law

    def law(value: arb, power: arb, operation: str, *parts: object) -> Majorant:
        return right(value * (0.999 if operation == "times" else 1), power, operation, *parts)

    monkeypatch.setattr(majorant, "_law", law)
    assert verdict(script(proof_of(global_query.half_time_bounds, NEGATIVE))) == "rejected"


def test_a_bound_that_grows_is_no_bound() -> None:
    """What would be read at N_0 alone: the step says nothing of larger sizes."""
    text = "\n".join(
        [
            "(set-info :kind bounds)", "(grows 12)", "(range k 0.5 0.5)", "(range l 0.1 0.1)",
            "(range g 0.5 0.5)", "(sizes (1.0 k) (1.0 l))", "(share g)",
            "(let x (above 1 0 -1 0) 0.000001000000500001 (- 0.5))", "(bound x)",
            "(tile whole 0.0000010000005 (- 0.5))",
        ]
    )  # fmt: skip
    assert verdict(text.replace(" 0.000001000000500001", " 0.0000010000005")) == "accepted"
    grows = text.replace("-1 0)", "0 0)").replace("(- 0.5)", "0.5")
    grows = grows.replace("0.000001000000500001", "1000000.5").replace(
        "0.0000010000005", "1000000.5"
    )
    assert verdict(grows) == "rejected"
    read_off = text.replace("(bound x)", "(let y (largest x) 0.0000010000005)(bound x)")
    assert verdict(read_off.replace(" 0.000001000000500001", " 0.0000010000005")) == "accepted"
    assert (
        verdict(grows.replace("(bound x)", "(let y (largest x) 1000000.5)(bound x)")) == "rejected"
    )
