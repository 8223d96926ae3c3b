"""Legs on enclosed flows: where balls decide nothing, they say so and at which setting."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from refutable.claim import Case, Context, Undecided
from refutable.claims.mae import enclosed_flow
from refutable.claims.mae.enclosed_flow import Found
from refutable.model import ball_events
from refutable.model.ball_flow import NotEnclosedError


def test_what_balls_do_not_decide_is_undecided_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ball_events, "_longest", lambda *_: 1.0)
    law = enclosed_flow.other_at_end
    found = list(enclosed_flow.at_rungs(Context("quick", 0, 0), "law", law, "local", 1))
    last = found[-1]
    assert isinstance(last, Undecided)
    assert "local query, P = 1e+03" in last.reason
    assert "has not come" in last.reason


def test_what_was_found_before_is_kept_and_other_problems_are_raised() -> None:
    @enclosed_flow.where_decided
    def leg(problem: Exception) -> Iterator[Found]:
        yield Case(("K > 1",))
        raise problem

    assert list(leg(NotEnclosedError("no box"))) == [
        Case(("K > 1",)),
        Undecided("the flow, enclosed", "no box"),
    ]
    with pytest.raises(ZeroDivisionError):
        list(leg(ZeroDivisionError()))
