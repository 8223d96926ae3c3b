"""A ladder's series say what its gaps were read from, and from where on the law is met."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refutable import scaling
from refutable.claim import Claim, Kind, Provenance, Verdict
from refutable.gap import Gap
from refutable.records.results import LegRecord, Results, Run, SeriesRecord, TableRecord, Totals
from refutable.reports import words
from refutable.series import Series
from refutable.table import Table

LOG_P = tuple(math.log(10) * e for e in range(20, 101, 10))
LOW = tuple(math.log(10) * e for e in range(1, 20, 2))


def series_of(gaps: list[Gap]) -> Series:
    found = [gap.series for gap in gaps if gap.series]
    assert len(found) == 1  # one ladder, one series
    return found[0]


def settled(exponent: float, log_power: float, correction: float, order: float) -> Series:
    """The series of P^exponent (log P)^log_power (1 + correction·P^-order), with smaller rungs."""

    def log_y(x: float) -> float:
        law = exponent * x + log_power * math.log(x)
        return law + math.log1p(correction * math.exp(-order * x))

    below = (LOW, [log_y(x) for x in LOW])
    gaps = scaling.power_law(
        "y", LOG_P, [log_y(x) for x in LOG_P], exponent, log_power=log_power, below=below
    )
    return series_of(list(gaps))


@given(
    st.floats(-2, 2), st.sampled_from([0.0, 1.0]), st.floats(0.2, 50), st.floats(0.2, 0.6)
)  # the correction is below a tenth from log P = log(10·correction)/order on
def test_settled_from_is_where_the_correction_falls_below_a_tenth(
    exponent: float, log_power: float, correction: float, order: float
) -> None:
    found = settled(exponent, log_power, correction, order)
    start = math.log(10 * correction) / order
    # On the judged rungs the correction moves the constant by its mean, some 1e-2 at most here.
    slack = 0.02 / order + correction * math.exp(-order * LOG_P[0]) / order
    expected = [x for x in found.x if x >= start + 10 * slack]
    assert found.settled_from is not None
    assert found.settled_from <= expected[0]
    later = [x for x in found.x if x > start - 10 * slack]
    assert found.settled_from >= later[0]


def test_a_law_that_is_left_again_has_not_settled_before() -> None:
    values = [1.0] * len(LOG_P)
    values[4] = 1.2
    found = series_of(list(scaling.limit("y", LOG_P, values, 1.0, tolerance=1, why="planted")))
    assert found.settled_from == LOG_P[5]


def test_what_cannot_be_measured_has_not_settled_and_is_not_stored() -> None:
    below = (LOW, [math.nan] * 3 + [1.0] * (len(LOW) - 3))
    values = [1.0] * len(LOG_P)
    gaps = scaling.limit("y", LOG_P, values, 1.0, tolerance=1, why="planted", below=below)
    found = series_of(list(gaps))
    assert found.settled_from == LOW[3]
    record = SeriesRecord.of(found)
    assert len(record.x) == len(record.residuals) == len(LOW) - 3 + len(LOG_P)
    assert record.judged_from == pytest.approx(LOG_P[0], rel=1e-5)


def test_never_within_a_tenth() -> None:
    gaps = scaling.limit("y", LOG_P, [2.0] * len(LOG_P), 1.0, tolerance=2, why="planted")
    assert series_of(list(gaps)).settled_from is None


def test_smaller_rungs_change_no_gap() -> None:
    log_y = [0.7 * x for x in LOG_P]
    below = (LOW, [0.1 * x for x in LOW])
    plain = list(scaling.power_law("y", LOG_P, log_y, 0.7))
    with_low = list(scaling.power_law("y", LOG_P, log_y, 0.7, below=below))
    assert [gap.measured for gap in plain] == [gap.measured for gap in with_low]


@pytest.mark.parametrize("seed", range(3))
def test_intervals_cover_the_exponent_and_the_constant(seed: int) -> None:
    import numpy as np

    noise = 1e-3 * np.random.default_rng(seed).standard_normal(len(LOG_P))
    log_y = [0.7 * x + math.log(3) + n for x, n in zip(LOG_P, noise, strict=True)]
    found = series_of(list(scaling.power_law("y", LOG_P, log_y, 0.7)))
    assert found.exponent_half_width is not None
    assert found.exponent is not None
    assert abs(found.exponent - 0.7) < found.exponent_half_width
    assert abs(found.constant - math.log(3)) < found.constant_half_width < 0.01


def test_stored_ladders_take_one_line_each_and_survive(tmp_path: Path) -> None:
    gaps = scaling.limit("[\n 1,\n 2\n]", LOG_P, [1.0] * len(LOG_P), 1.0, tolerance=1, why="x")
    series = SeriesRecord.of(series_of(list(gaps)))
    leg = LegRecord(
        kind=Kind.SCALING, grade=Kind.SCALING.grade, verdict=Verdict.HOLDS, series=(series,)
    )
    claim = Claim(id="a.b", title="t", statement="s", provenance=Provenance.DERIVED)
    table = TableRecord.of(Table("numbers", ("x", "y"), ((1.0, math.inf), ("a", 2.0))))

    from refutable.check import claim_record

    results = Results(
        run=Run(
            id="r", started="s", seconds=0, seed=0, profile="quick", command="", environment={}
        ),
        claims=(claim_record(claim, [leg], [], tables=[table]),),
        totals=Totals(claims=1, legs=1, cases=1, verdicts={}, false_alarm=0),
    )
    path = tmp_path / "results.json"
    results.write(path)
    assert Results.read(path) == results
    assert results.claims[0].tables[0].rows == ((1.0, "inf"), ("a", 2.0))
    text = path.read_text()
    assert json.loads(text)["claims"][0]["legs"][0]["series"][0]["name"] == "[\n 1,\n 2\n]"
    line = next(line for line in text.splitlines() if '"measured": [' in line and "]" in line)
    assert line.count(",") >= len(LOG_P) - 1


def test_a_table_has_no_ragged_rows() -> None:
    with pytest.raises(ValueError, match="every row"):
        TableRecord.of(Table("t", ("x", "y"), ((1.0,),)))


def test_a_ladder_in_words_says_where_its_law_sets_in() -> None:
    below = (LOW, [2.0] * 3 + [1.0] * (len(LOW) - 3))
    gaps = scaling.limit("y", LOG_P, [1.0] * len(LOG_P), 1.0, tolerance=1, why="x", below=below)
    text = words.ladder(SeriesRecord.of(series_of(list(gaps))))
    found = "y: mean of the upper half 1 ± 0, drift 0, within a tenth of its law from x = 1e7"
    assert text == found
    gaps = scaling.limit("y", LOG_P, [2.0] * len(LOG_P), 1.0, tolerance=2, why="x")
    assert "not within a tenth" in words.ladder(SeriesRecord.of(series_of(list(gaps))))


def test_a_table_in_words_has_aligned_columns() -> None:
    table = Table("numbers", ("tau", "K"), ((math.inf, 4.0), ("0.5", 12.345678)), "a note")
    title, head, *rows, note = words.aligned(TableRecord.of(table))
    assert (title, note) == ("numbers", "a note")
    assert {len(line) for line in rows} == {len(head)}
    assert rows[1].split() == ["0.5", "12.35"]
