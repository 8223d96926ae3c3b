"""The work of an audit: what shares a training is tried together, and nothing else is shared."""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from benchmarks import bench_schedule
from refutable.auditing import order, run
from refutable.auditing.atlas import Atlas, Margin, Outcome, PairRecord
from refutable.auditing.cell import Found, Point
from refutable.auditing.dial import Dial
from refutable.auditing.point import again_task, point_task
from refutable.auditing.run import audit
from refutable.auditing.scan import Scan
from refutable.auditing.selection import Audited
from refutable.auditing.units import Units
from refutable.engine.agenda import Agenda
from refutable.engine.pool import Ended, Job
from refutable.errors import UsageError

SOURCE = """
import os, random, time
from pathlib import Path
from refutable import Audit, Claim, Dial, Provenance, Statement, at_most

HERE = Path(__file__).parent

def claim(id):
    made = Claim(id=id, title=id, statement=id, provenance=Provenance.DERIVED)

    @made.leg("exact")
    def leg(context):
        yield at_most("x", 0, 1, 0, "exact")

    return made

def ours(id):
    def check(base, dials, seed, profile):
        [(dial, value)] = dials.items()
        with open(HERE / "tried.txt", "a") as file:
            print(os.getpid(), base["model"], dial, value, seed, id, file=file)
        if (id, dial) == ("second", "hangs") and value > 0:
            time.sleep(600)
        if (id, dial) == ("second", "ends") and value > 0.4:
            os._exit(3)
        limit = {"first": 0.6, "second": 0.8}.get(id, 2)
        yield at_most("drawn", random.random() / 1e6, 1, 0, "of a generator that all share")
        yield at_most("value", value if dial == "bends" else 0, limit, 0, "exact")

    return check

def statement(id, *models):
    return Statement(claim=id, measured="small", check=ours(id), main=True,
                     bases=tuple({"model": model} for model in models))

CLAIMS = [claim(id) for id in ("first", "second", "other")]
AUDIT = Audit(
    tuple(
        Dial(name=name, assumption=name, title=name, source="here", enters="data",
             grid=(0.0, 0.25, 0.5, 1.0))
        for name in ("bends", "hangs", "ends", "harmless")
    ),
    (statement("first", "a", "b"), statement("second", "a"), statement("other", "b")),
)
"""


WHOLE = """
from refutable import Audit, Claim, Dial, Provenance, Statement, at_most

counted = Claim(id="counted", title="few", statement="few", provenance=Provenance.DERIVED)

@counted.leg("exact")
def leg(context):
    yield at_most("copies", 1, 2, 0, "exact")

def check(base, dials, seed, profile):
    yield at_most("copies", len(range(dials["copies"])), 2, 0, "whole numbers only")

CLAIMS = [counted]
AUDIT = Audit(
    (Dial(name="copies", assumption="one copy", title="copies", source="here", enters="data",
          grid=(1, 2, 6), whole=True),),
    (Statement(claim="counted", measured="copies", check=check, bases=({},), main=True),),
)
"""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    path = tmp_path / "units.py"
    path.write_text(SOURCE, encoding="utf-8")
    monkeypatch.delitem(sys.modules, "units", raising=False)  # that of another test
    return str(path)


def by_name(atlas: Atlas) -> dict[tuple[str, str], PairRecord]:
    return {(pair.claim, pair.dial): pair for pair in atlas.pairs}


def test_all_that_is_asked_of_a_model_is_asked_in_one_process(source: str, tmp_path: Path) -> None:
    """A process each, so that a training in it is made once; and what was found is not shared."""
    found = by_name(audit(sources=(source,), dials="bends", profile="full", workers=2))
    processes, claims = defaultdict(set), defaultdict(list)
    for line in (tmp_path / "tried.txt").read_text().splitlines():
        pid, model, _, value, seed, claim = line.split()
        processes[model, value, seed].add(pid)
        claims[model, value, seed].append(claim)
    grid = [at for at in claims if at[1] in ("0.0", "0.25", "0.5", "1.0")]
    assert len(grid) == 2 * 4 * 3
    for at in grid:
        assert claims[at] == (["first", "second"] if at[0] == "a" else ["first", "other"])
        assert len(processes[at]) == 1
    assert len(set.union(*(processes[at] for at in grid))) == len(grid)
    for claim, bound in (("first", 0.6), ("second", 0.8)):
        pair = found[claim, "bends"]
        assert pair.holds_to is not None
        assert pair.breaks_at is not None
        assert pair.holds_to <= bound < pair.breaks_at < pair.holds_to + 0.1
    assert found["other", "bends"].verdict is Margin.ROBUST


@pytest.mark.parametrize(
    ("dial", "note"), [("hangs", "time: it was stopped after 3 s"), ("ends", "status 3")]
)
def test_what_ends_its_process_costs_that_claim_alone(
    source: str, tmp_path: Path, dial: str, note: str
) -> None:
    """Though others were to be tried beside it; and it is not tried at every value that is left."""
    found = by_name(audit(sources=(source,), dials=[dial, "harmless"], limit=3))
    lost = found["second", dial]
    assert lost.verdict is Margin.UNDECIDED
    assert [trial.outcome for trial in lost.trials] == [Outcome.ERROR]
    assert note in (lost.note or "")
    assert all(pair.verdict is Margin.ROBUST for name, pair in found.items()
               if name != ("second", dial))  # fmt: skip
    tried = [line.split()[1:] for line in (tmp_path / "tried.txt").read_text().splitlines()]
    first = "0.25" if dial == "hangs" else "0.5"
    values = [value for _, turned, value, _, claim in tried if (turned, claim) == (dial, "second")]
    assert values.count(first) == 2  # beside another, and alone
    assert all(float(value) <= float(first) for value in values)


def test_what_a_check_draws_does_not_depend_on_what_is_tried_beside_it(source: str) -> None:
    whole = audit(sources=(source,), dials=["bends", "harmless"], profile="full")
    for claim in ("first", "second"):
        alone = audit(claim, sources=(source,), dials="bends", profile="full")
        assert plain(alone)[0] in plain(whole)


def test_a_point_draws_at_every_base_as_an_audit_does(source: str) -> None:
    rows = point_task((source,), "first", {"harmless": 1.0}, 7, "quick")
    assert [row["base"] for row in rows] == [{"model": "a"}, {"model": "b"}]
    assert len({row["gaps"][0]["measured"] for row in rows}) == 1


def test_a_whole_dial_has_whole_values_wherever_it_is_turned(tmp_path: Path) -> None:
    """Values pass through JSON and records, which tell 2 from 2.0 and keep the second."""
    path = tmp_path / "whole.py"
    path.write_text(WHOLE, encoding="utf-8")
    sources = (str(path),)
    [pair] = audit(sources=sources, dials="copies").pairs
    assert (pair.holds_to, pair.breaks_at) == (2, 3)  # by bisection: 6, 4 and 3 are tried
    [row] = point_task(sources, "counted", {"copies": 2.0}, 7, "quick")
    assert row["gaps"][0]["measured"] == 2
    [gap] = again_task(sources, "counted", {}, {"copies": 2.0}, 7, "quick")
    assert gap["measured"] == 2


def test_a_stopped_audit_keeps_every_point(source: str, tmp_path: Path) -> None:
    """Also of pairs that are not finished."""
    out, tried = tmp_path / "out", tmp_path / "tried.txt"
    whole = audit(sources=(source,), dials="bends", profile="full")
    tried.unlink()
    events = run.run(sources=(source,), dials="bends", profile="full", out=out)
    while not tried.exists() or len(tried.read_text().splitlines()) < 20:
        next(events)
    events.close()
    before = {tuple(line.split()[1:]) for line in tried.read_text().splitlines()[:18]}
    tried.unlink()
    atlas = audit(sources=(source,), dials="bends", profile="full", out=out)
    assert not before & {tuple(line.split()[1:]) for line in tried.read_text().splitlines()}
    assert plain(atlas) == plain(whole)


def plain(atlas: Atlas) -> list[PairRecord]:
    return [pair.model_copy(update={"seconds": 0}) for pair in atlas.pairs]


def test_a_schedule_can_be_played_again(source: str, tmp_path: Path) -> None:
    """All of its work by one worker, and with workers enough only what waits for something."""
    atlas = audit(sources=(source,), dials=["bends", "harmless"], profile="full", out=tmp_path)
    atlas.write(tmp_path / "atlas.json")
    played = bench_schedule.Played(tmp_path)
    alone, jobs = played.play(1)
    assert alone == pytest.approx(sum(map(played.seconds, jobs)))
    points = [job.key for job in jobs]
    assert {point.value for point in points if point.dial == "harmless"} == {0, 0.25, 0.5, 1}
    many = played.play(math.inf)[0]
    longest = max(map(played.seconds, jobs))
    assert longest <= many <= played.play(2)[0] <= alone
    assert many >= 4 * min(map(played.seconds, jobs))  # a grid, and three bisections after it


def test_a_base_that_is_not_json_is_refused(source: str) -> None:
    path = Path(source)
    text = path.read_text(encoding="utf-8").replace('{"model": model}', '{"model": {model}}')
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="claim 'first' has a base that is not JSON"):
        audit(sources=(source,))


def test_a_statement_that_cannot_say_what_is_testable_is_refused(source: str) -> None:
    path = Path(source)
    text = path.read_text(encoding="utf-8").replace(
        "main=True,", "main=True, untestable=lambda dial: 1 / 0,"
    )
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="'first' cannot say what is untestable: ZeroDivision"):
        audit(sources=(source,))


def test_what_others_wait_for_is_done_before_what_nobody_has_begun() -> None:
    first, second, third, fourth = (Job(name, {}, 1.0) for name in "abcd")
    agenda = Agenda()
    agenda.add([first, second])
    assert agenda.next() is first
    agenda.before([third, fourth])
    assert [agenda.next() for _ in range(4)] == [third, fourth, second, None]


def test_what_begins_the_longest_chain_is_begun_first() -> None:
    """A short point whose bisections and witness are long comes before a long one that ends it."""
    points = [Point('{"n": 1}', dial, 0.0, 7) for dial in ("short", "chained", "long")]
    known = {
        order.name_of(points[0], ("m",), "full"): 1.0,
        order.name_of(points[1], ("m",), "full"): 2.0,
        order.name_of(points[2], ("m",), "full"): 9.0,
        order.name_of(points[1]._replace(value=0.5), ("m",), "full"): 2.0,
        order.name_of(("claim", "chained"), ("m",), "full"): 3.0,
        order.name_of(("claim", "short"), ("other",), "full"): 99.0,
    }
    jobs = [Job("task", {}, 1.0, key=point) for point in points]
    assert [job.key.dial for job in order.longest_first(jobs, known, ("m",), "full")] == [
        "chained", "long", "short",
    ]  # fmt: skip
    assert order.longest_first(jobs, {}, ("m",), "full") == jobs


def audited(claim: str) -> Audited:
    return Audited(
        claim=claim, measured="m", main=True, costly=False, random=False, simplifies=False,
        dials=("d",), bases=("{}",), untestable={},
    )  # fmt: skip


@pytest.mark.parametrize("order_of_ends", [(1, 2), (2, 1)])
def test_of_several_points_that_are_lost_the_first_is_told(order_of_ends: tuple[int, int]) -> None:
    """Whichever of them ended first."""
    dial = Dial(name="d", assumption="a", title="t", source="s", enters="data", grid=(0, 1, 2))
    scan = Scan(audited("c"), dial, "full", 0)
    points = [point for point in scan.wanted if isinstance(point, Point)]
    for number in order_of_ends:
        scan.lose(points[number], f"lost at {number}")
    scan.tell(points[0], Found())
    assert scan.record is not None
    assert scan.record.note == "lost at 1"


def test_a_point_that_is_queued_is_joined_and_one_that_is_begun_is_not() -> None:
    """Who comes to want a point that nobody has begun is tried there with the others, once."""
    dial = Dial(name="d", assumption="a", title="t", source="s", enters="data", grid=(0, 1, 2))
    names = ("first", "second", "third")
    scans = {name: Scan(audited(name), dial, "full", 0) for name in names}
    units = Units(scans.values(), "full", 0, 1.0)
    [point, *_] = [point for point in scans["first"].wanted if isinstance(point, Point)]

    def wanted_by(name: str) -> list[Job]:
        return [job for job in units.jobs([(name, "d")]) if job.key == point]

    [job] = wanted_by("first")
    assert wanted_by("second") == []
    assert job.args["claims"] == ["first", "second"]
    units.started(job)
    assert wanted_by("third") == []
    assert job.args["claims"] == ["first", "second"]  # which was sent as it was
    ended = Ended(job, 0.1, stopped="died", why="it ended")
    _, more = units.ended(ended)
    again = [job.args["claims"] for job in more if job.key == point]
    assert again == [["first"], ["second"]]  # each alone, whichever of them ended the process
