"""A real cluster, of processes, comes to what one worker comes to, whatever happens to it."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import distributed
import pytest
from click.testing import CliRunner

from refutable import check, run
from refutable.auditing import run as auditing
from refutable.claim import Verdict
from refutable.cli import cli
from refutable.engine import cluster, remote
from refutable.errors import UsageError
from refutable.events import Event, LegFinished, LegStarted, RunFinished, RunStarted

SOURCE = """
import os, random, signal, time
from pathlib import Path
from refutable import Audit, Claim, Dial, Provenance, Statement, at_most, equal

HERE = Path(__file__).parent
CLAIMS = []


def claim(id, measured, seconds=0.0):
    made = Claim(id=id, title=id, statement=id, provenance=Provenance.DERIVED)

    @made.leg("exact")
    def leg(context):
        time.sleep(seconds)
        yield equal("drawn", random.random(), 0.5, 1, "anything in the unit interval")
        yield equal(id, measured(), 1, 0, "whole numbers")

    CLAIMS.append(made)


for number in range(6):
    claim(f"holds-{number}", lambda: 1, 0.2)
claim("fails", lambda: 2)
claim("raises", lambda: 1 / 0)
claim("ends-its-process", lambda: os._exit(3))

AUDIT = Audit(
    dials=(
        Dial(name="width", assumption="a", title="t", source="s", enters="data", grid=(0, 1, 2)),
        Dial(name="depth", assumption="a", title="t", source="s", enters="data", grid=(0, 1, 2)),
    ),
    statements=(
        Statement(
            claim="holds-0", measured="m", bases=({},),
            check=lambda base, dials, seed, profile: [
                at_most("sum", sum(dials.values()), 1.2, 0, "a bound")
            ],
        ),
    ),
)
"""


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "clustered.py"
    path.write_text(SOURCE, encoding="utf-8")
    return str(path)


def processes() -> Any:
    """A cluster of two processes on this machine."""
    return distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
    )


@pytest.fixture(scope="module")
def two() -> Iterator[Any]:
    """A cluster of two processes."""
    with processes() as made:
        yield made


def test_verdicts_are_those_of_one_worker(
    source: str, two: Any, plain: Callable[[Any], Any]
) -> None:
    alone = run.verify(sources=[source])
    spread = run.verify(sources=[source], scheduler=two.scheduler_address)
    assert plain(spread) == plain(alone)
    assert {claim.id: claim.verdict.value for claim in spread.claims[6:]} == {
        "fails": "fails", "raises": "error", "ends-its-process": "error",
    }  # fmt: skip


def test_an_audit_is_that_of_one_worker(source: str, two: Any, plain: Callable[[Any], Any]) -> None:
    alone = auditing.audit(sources=[source])
    spread = auditing.audit(sources=[source], scheduler=two.scheduler_address)
    assert plain(spread) == plain(alone)


def test_work_is_spread_and_a_client_leaves_nothing_behind(source: str, two: Any) -> None:
    under_way, most = 0, 0
    for event in run.run(sources=[source], scheduler=two.scheduler_address):
        under_way += {LegStarted: 1, LegFinished: -1}.get(type(event), 0)
        most = max(most, under_way)
    assert most == 2
    with distributed.Client(two.scheduler_address, set_as_default=False) as client:
        assert set(client.run(children).values()) <= {0}


def children() -> int:
    """How many processes this one has."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    return len(listed.read_text(encoding="ascii").split()) if listed.exists() else 0


def test_what_a_lost_worker_did_is_done_again(source: str, plain: Callable[[Any], Any]) -> None:
    alone = run.verify(sources=[source])
    with processes() as made:
        killed = False
        for event in run.run(sources=[source], scheduler=made.scheduler_address):
            if isinstance(event, LegFinished) and not killed:
                os.kill(made.workers[0].pid, signal.SIGKILL)
                killed = True
        assert isinstance(event, RunFinished)
        assert plain(event.results) == plain(alone)


def test_a_piece_of_work_that_ends_workers_is_an_error(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest goes on."""
    monkeypatch.setattr(remote, "unit", deadly)
    results = run.verify(["holds-*"], sources=[source], scheduler="local:2")
    verdicts = {claim.id: claim.verdict for claim in results.claims}
    assert "each of the 3 workers" in (results["holds-3"].legs[0].note or "")
    assert verdicts.pop("holds-3") is Verdict.ERROR
    assert set(verdicts.values()) == {Verdict.HOLDS}


def deadly(setup: Any, job: Any) -> Any:
    """A unit of work that ends the worker itself on one claim."""
    if job["args"].get("claim") == "holds-3":
        os.kill(os.getpid(), signal.SIGKILL)
    return remote.unit(setup, job)


def test_when_the_scheduler_is_lost_the_same_command_continues(
    source: str, tmp_path: Path, plain: Callable[[Any], Any]
) -> None:
    made, out = processes(), tmp_path / "out"

    def lose(event: Event) -> None:
        if isinstance(event, LegFinished):
            made.close()

    with pytest.raises(UsageError, match=r"the scheduler at \S+ is gone"):
        run.verify(sources=[source], out=out, scheduler=made.scheduler_address, on_event=lose)
    again = list(run.run(sources=[source], out=out))
    assert isinstance(again[0], RunStarted)
    assert again[0].earlier >= 1
    assert isinstance(again[-1], RunFinished)
    assert plain(again[-1].results) == plain(run.verify(sources=[source]))


def test_other_versions_are_refused(source: str, two: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    here = check.environment()
    monkeypatch.setattr(check, "environment", lambda: here | {"numpy": "0.1"})
    with pytest.raises(UsageError, match=r"worker \S+ has another version: numpy is .* 0\.1 here"):
        run.verify(sources=[source], scheduler=two.scheduler_address)


def test_other_code_is_refused(source: str, two: Any) -> None:
    """A worker that finds another source under the same name."""

    def change(event: Event) -> None:
        Path(source).write_text(SOURCE + "\n# another\n", encoding="utf-8")

    with pytest.raises(UsageError, match="not the same file there"):
        run.verify(sources=[source], scheduler=two.scheduler_address, on_event=change)


def test_an_address_where_nobody_listens_is_refused_in_time(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setattr(cluster, "CONNECTING", 2.0)
    before = time.monotonic()
    found = CliRunner().invoke(cli, ["verify", "--module", source, "--scheduler", address])
    assert time.monotonic() - before < 20
    assert isinstance(found.exception, UsageError)
    assert str(found.exception).startswith(f"no scheduler answers at {address}")
    assert "\n" not in str(found.exception)


@pytest.mark.parametrize("text", ["local:0", "local:-1", "local:two", "local:", "node", ""])
def test_what_names_no_scheduler_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--scheduler (local:N )?takes"):
        cluster.local(text)


def test_without_the_package_a_line_says_what_to_install(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"pip install 'refutable\[cluster\]'"):
        run.verify(sources=[source], scheduler="local:1")
