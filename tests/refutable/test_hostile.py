"""Whatever a leg does, it gets a verdict of its own, and so does every other leg.

In both ways of running legs: a process forked for each, and one process whose state is put back.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from refutable import run
from refutable.claim import Verdict
from refutable.engine import limits
from refutable.engine.server import ISOLATION
from refutable.errors import UsageError
from refutable.records.results import LegRecord, Results

WAYS = ["fork", "restore"] if sys.platform == "linux" else ["restore"]

HEAD = """
import asyncio, atexit, builtins, ctypes, decimal, faulthandler, math, os, random, re, signal
import stat, struct, subprocess, sys, threading, time, warnings
from pathlib import Path

import numpy as np

from refutable import Case, Claim, Evidence, Provenance, Undecided, at_most, equal, identical

CLAIMS = []


def leg(id, kind="exact", **rest):
    claim = Claim(id=id, title=id, statement=id, provenance=Provenance.DERIVED)
    CLAIMS.append(claim)
    return claim.leg(kind, **rest)


def good():
    return equal("one", 1, 1, 0, "whole numbers")


def into_every_pipe(data):
    for number in range(3, 100):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode) or stat.S_ISFIFO(os.fstat(number).st_mode):
                os.write(number, data)
        except OSError:
            pass
    time.sleep(3)


def wrong_answer(text):
    into_every_pipe(struct.pack(">HII", 0, len(text), 0) + text)


@leg("first.true")
def first_true(context):
    yield good()

"""

TAIL = """

@leg("last.true")
def last_true(context):
    yield good()


@leg("last.false")
def last_false(context):
    yield equal("one", 1, 2, 0, "whole numbers")
"""

INTO_THE_PIPE = "wrote into it|SIGKILL"
ENDINGS = {
    "exit": ("sys.exit(0)", "SystemExit"),
    "exit-text": ("sys.exit('nothing left to do')", "nothing left to do"),
    "quit": ("quit()", "SystemExit|NameError"),
    "os-exit": ("os._exit(0)", "exited with status 0"),
    "keyboard": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "generator-exit": ("raise GeneratorExit", "GeneratorExit"),
    "stop-iteration": ("next(iter(()))", "StopIteration"),
    "cancelled": ("raise asyncio.CancelledError", "CancelledError"),
    "skip": ("import pytest; pytest.skip('no data')", "no data"),
    "own-base": ("raise type('Stop', (BaseException,), {})('enough')", "Stop: enough"),
    "group": ("raise BaseExceptionGroup('all', [SystemExit(0)])", "BaseExceptionGroup"),
    "mute": (
        "class Mute(Exception):\n        def __str__(self): raise RuntimeError\n    raise Mute",
        "Mute: a message that raises RuntimeError",
    ),
    "deep": ("f = lambda n: f(n + 1); f(0)", "RecursionError"),
    "memory": ("bytearray(10 ** 15)", "MemoryError"),
    "closed-pipes": ("os.closerange(3, 200); time.sleep(3)", "closed the pipe|status 1"),
    "answers-nothing": ("wrong_answer(b'{}')", INTO_THE_PIPE),
    "refuses-all": ("""wrong_answer(b'{"refused": "no claim is worth it"}')""", INTO_THE_PIPE),
    "answers-noise": ("wrong_answer(b'{')", INTO_THE_PIPE),
    "writes-noise": ("into_every_pipe(b'noise' * 40)", INTO_THE_PIPE),
    "fails-oddly": (
        """wrong_answer(b'{"failure": {"type": "A", "message": "B", "line": "C"}, '
                 b'"files": {}, "last": true, "spent": 0}')""",
        "A: B",
    ),
    "input": ("input('Continue?')", "EOFError"),
    "sigint": ("os.kill(os.getpid(), signal.SIGINT); time.sleep(20)", "KeyboardInter"),
}  # fmt: skip
"""What a leg does before it would hold, and what its record says of the error."""

POSIX_ENDINGS = {
    "null": ("ctypes.string_at(0)", "SIGSEGV"),
    "abort": ("os.abort()", "SIGABRT"),
    "c-abort": ("ctypes.CDLL(None).abort()", "SIGABRT"),
    "kill": ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
    "term": ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(20)", "SIGTERM"),
    "group-kill": ("os.killpg(0, signal.SIGKILL)", "SIGKILL"),
    "alarm": ("signal.alarm(1); time.sleep(20)", "SIGALRM"),
    "deep-c": (
        "sys.setrecursionlimit(10 ** 9); x = []\n    for _ in range(10 ** 6): x = [x]\n    repr(x)",
        "SIGSEGV|MemoryError|RecursionError",
    ),
}  # fmt: skip

ENDLESS = {
    "loop": "while True: pass",
    "sleep": "time.sleep(1e6)",
    "stubborn": "\n".join(
        ["while True:", "        try: time.sleep(1e6)", "        except BaseException: pass"]
    ),
    "power": "pow(7, 10 ** 9)",
    "regex": "re.match('(a+)+$', 'a' * 60 + 'b')",
    "deadlock": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "join": "t = threading.Thread(target=time.sleep, args=(1e6,)); t.start(); t.join()",
    "stopped": "os.kill(os.getpid(), signal.SIGSTOP)",
    "masked": "\n".join(
        ["for s in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:",
         "        signal.signal(s, signal.SIG_IGN)",
         "    time.sleep(1e6)"]
    ),
    "child": "subprocess.run([sys.executable, '-c', 'import time; time.sleep(1e6)'])",
}  # fmt: skip

HARMLESS = {
    "prints": "print('epoch 1'); sys.stdout.write('x' * 10 ** 6); os.write(1, b'raw')",
    "closed-output": "os.close(1); os.close(2); sys.stdout.close(); sys.stderr = None",
    "atexit": "atexit.register(os._exit, 0)",
    "thread": "threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()",
    "blocking-thread": "threading.Thread(target=time.sleep, args=(1e6,)).start()",
    "orphan": "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1e6)'])",
    "hooks": "sys.excepthook = sys.settrace = None; faulthandler.disable()",
    "collector": "import gc; gc.disable(); gc.set_threshold(1)",
    "deleter": "type('D', (), {'__del__': lambda self: 1 / 0})()",
}

if hasattr(os, "fork"):
    HARMLESS |= {
        "forks": "os.fork()",
        "child-exits": "os.fork() or sys.exit(0)",
        "daemon": "os.fork() or (os.setsid(), os.fork() or time.sleep(1e6))",
    }


def module(folder: Path, name: str, bodies: dict[str, str]) -> str:
    """A file with a leg of each body, after which it would hold."""
    legs = [
        f"@leg({id!r})\ndef leg_{number}(context):\n    {body}\n    yield good()\n"
        for number, (id, body) in enumerate(bodies.items())
    ]
    path = folder / f"hostile_{name}.py"
    path.write_text(HEAD + "\n".join(legs) + TAIL, encoding="utf-8")
    return str(path)


def legs_of(results: Results) -> dict[str, LegRecord]:
    return {claim.id: claim.legs[0] for claim in results.claims}


def others_are_judged(legs: dict[str, LegRecord]) -> None:
    for id, verdict in (("first.true", "holds"), ("last.true", "holds"), ("last.false", "fails")):
        assert legs[id].verdict.value == verdict, legs[id].note


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(ISOLATION, request.param)
    return str(request.param)


def test_a_leg_that_ends_its_process_or_leaves_by_any_exception_is_an_error(
    way: str, tmp_path: Path
) -> None:
    endings = ENDINGS | (POSIX_ENDINGS if sys.platform != "win32" else {})
    source = module(tmp_path, f"endings_{way}", {id: body for id, (body, _) in endings.items()})
    legs = legs_of(run.verify(sources=[source], workers=2, limit=15))
    others_are_judged(legs)
    wrong = {
        id: (legs[id].verdict.value, legs[id].note)
        for id, (_, said) in endings.items()
        if legs[id].verdict is not Verdict.ERROR
        or not any(part in (legs[id].note or "") for part in said.split("|"))
        or legs[id].failure is None
        or legs[id].gaps
    }
    assert not wrong


def test_a_leg_that_does_not_end_is_undecided(way: str, tmp_path: Path) -> None:
    bodies = ENDLESS if sys.platform != "win32" else {k: ENDLESS[k] for k in ("loop", "sleep")}
    source = module(tmp_path, f"endless_{way}", bodies)
    before = time.monotonic()
    legs = legs_of(run.verify(sources=[source], workers=2, limit=0.7))
    assert time.monotonic() - before < 60
    others_are_judged(legs)
    said = "time: it was stopped after 0.7 s"
    wrong = {
        id: (legs[id].verdict.value, legs[id].note)
        for id in bodies
        if legs[id].verdict is not Verdict.UNDECIDED or not (legs[id].note or "").startswith(said)
    }
    assert not wrong
    if sys.platform != "win32":  # where it stood, also in a loop of C
        for id in ("loop", "power", "regex"):
            assert f"hostile_endless_{way}.py" in (legs[id].note or ""), legs[id].note


def test_what_a_leg_leaves_behind_ends_with_it(way: str, tmp_path: Path) -> None:
    mark = f"left_by_{os.getpid()}_{way}"
    bodies = {
        id: body.replace("time; time", f"time as {mark}, time; time")
        for id, body in HARMLESS.items()
    }
    source = module(tmp_path, f"harmless_{way}", bodies)
    legs = legs_of(run.verify(sources=[source], workers=2, limit=20))
    others_are_judged(legs)
    wrong = {id: legs[id].note for id in HARMLESS if legs[id].verdict is not Verdict.HOLDS}
    assert not wrong
    if sys.platform == "linux":
        assert not running(mark)


def running(mark: str) -> list[str]:
    """Command lines of processes that hold a mark."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                state = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
            except (OSError, ValueError):
                continue
            if mark in line and state != "Z":
                found.append(line)
    return found


def test_a_leg_with_a_limit_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "limited.py"
    path.write_text(
        HEAD + "@leg('short', limit=0.5)\ndef short(context):\n    time.sleep(60)\n"
        "@leg('long', limit=30)\ndef long(context):\n    time.sleep(1)\n    yield good()\n",
        encoding="utf-8",
    )
    legs = legs_of(run.verify(sources=[str(path)], limit=0.9))
    assert [legs[id].verdict.value for id in ("short", "long")] == ["undecided", "holds"]


def test_a_leg_is_said_to_be_still_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FIRST_NOTICE", 0.2)
    source = module(tmp_path, "slow", {"slow": "time.sleep(0.6)"})
    told = [e for e in run.run(["slow"], sources=[source]) if type(e).__name__ == "LegRunning"]
    assert [event.claim for event in told] == ["slow"]


class TestMemory:
    """A leg that takes all memory is an error, by a limit that a user can set."""

    @pytest.mark.skipif(sys.platform != "linux", reason="only here is the limit enforced")
    def test_a_large_allocation_is_an_error(
        self, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(limits.MEMORY, "600")
        grow = "\n".join(["held = []", "    while True: held.append(bytearray(10 ** 7))"])
        source = module(tmp_path, f"memory_{way}", {"at-once": "np.ones(10 ** 8)", "slowly": grow})
        legs = legs_of(run.verify(sources=[source]))
        others_are_judged(legs)
        for id in ("at-once", "slowly"):
            assert legs[id].verdict is Verdict.ERROR
            assert "Memory" in (legs[id].note or ""), legs[id].note

    @pytest.mark.parametrize("text", ["", "-1", "much", "1.5", "٣", "9" * 30])
    def test_the_limit_must_be_a_number(self, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(limits.MEMORY, text)
        with pytest.raises(UsageError, match="whole number of MiB"):
            limits.memory()


IMPORTS = {
    "exits": ("sys.exit(0)", "exits when it is imported"),
    "hard": ("os._exit(0)", "exited with status 0"),
    "interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "base": ("raise type('Stop', (BaseException,), {})('no licence')", "no licence"),
    "loop": ("while True: pass", "takes longer than 3 s"),
    "claims": ("CLAIMS = 5", "not iterable"),
    "endless": ("import itertools\nCLAIMS = (c for c in itertools.repeat(CLAIMS[0]))", "longer"),
    "property": ("def __getattr__(name): raise ValueError(name)\ndel CLAIMS", "ValueError: CLAIMS"),
}
POSIX_IMPORTS = {
    "null": ("ctypes.string_at(0)", "SIGSEGV"),
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
}


@pytest.mark.parametrize("id", [*IMPORTS, *POSIX_IMPORTS])
def test_a_source_that_cannot_be_imported_is_refused(
    id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(limits.MEMORY, "1500")
    if id in POSIX_IMPORTS and sys.platform == "win32":
        return
    body, said = (IMPORTS | POSIX_IMPORTS)[id]
    path = tmp_path / f"import_{id}.py"
    path.write_text(f"{HEAD}\n{body}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=said), run.opened([str(path)], import_limit=3):
        pass


def test_a_source_that_forks_when_imported_is_imported_once(way: str, tmp_path: Path) -> None:
    if not hasattr(os, "fork"):
        return
    path = tmp_path / "forking.py"
    path.write_text(f"{HEAD}\nos.fork()\n{TAIL}", encoding="utf-8")
    legs = legs_of(run.verify(sources=[str(path)]))
    others_are_judged(legs)


def test_threads_of_a_source_do_not_keep_it_from_running(tmp_path: Path) -> None:
    """Where importing left a thread, nothing is forked."""
    path = tmp_path / "threaded.py"
    start = "threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()"
    dies = "@leg('dies')\ndef dies(context):\n    os._exit(0)\n"
    path.write_text(f"{HEAD}\n{start}\n{dies}\n{TAIL}", encoding="utf-8")
    legs = legs_of(run.verify(sources=[str(path)], workers=2))
    others_are_judged(legs)
    assert "exited with status 0" in (legs["dies"].note or "")


def test_a_leg_that_ends_the_server_is_found_out(tmp_path: Path) -> None:
    """Of several that were running, only the one that did it is an error."""
    if sys.platform != "linux":
        return
    bodies = {f"waits.{n}": "time.sleep(0.3)" for n in range(3)}
    bodies["parricide"] = "time.sleep(0.1); os.kill(os.getppid(), signal.SIGKILL); time.sleep(9)"
    source = module(tmp_path, "parricide", bodies)
    legs = legs_of(run.verify(sources=[source], workers=3))
    others_are_judged(legs)
    assert legs["parricide"].verdict is Verdict.ERROR
    assert all(legs[f"waits.{n}"].verdict is Verdict.HOLDS for n in range(3))


def test_every_selected_leg_has_a_record_and_stdout_stays_clean(tmp_path: Path) -> None:
    bodies = {id: body for id, (body, _) in list(ENDINGS.items())[:5]} | {"p": HARMLESS["prints"]}
    source = module(tmp_path, "whole", bodies)
    done = subprocess.run(
        [sys.executable, "-m", "refutable", "verify", "--module", source, "--json"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    found = Results.model_validate_json(done.stdout)
    assert [claim.id for claim in found.claims] == [
        "first.true", *bodies, "last.true", "last.false",
    ]  # fmt: skip
    assert "epoch 1" in done.stderr
    assert len(done.stderr) < 10**5  # what is printed without end is cut short
