"""Solvers: z3 and cvc5, asked in a process of their own that can be stopped at any time.

Each has a deterministic counter of work. What escapes it, a single algebraic step that takes hours
or all memory, ends by a limit of CPU time; the question is then undecided, and the next one finds a
new process.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import sympy as sp

from refutable.errors import MissingPackageError
from refutable.prove import solver_process
from refutable.prove.answer import Answer
from refutable.prove.statement import Query

SECONDS = 5
"""CPU time for one question."""
PATIENCE = 20
"""Wall time, in multiples of the CPU time, after which a process is given up on in any case."""

Solver = Literal["z3", "cvc5"]
PACKAGES: dict[Solver, str] = {"z3": "z3-solver", "cvc5": "cvc5"}
_versions: dict[Solver, str] = {}


def ask(solver: Solver, query: Query, limit: int, seconds: int = SECONDS) -> Answer:
    """Whether some point meets all atoms. limit: in the solver's own units of work.

    Raises MissingPackageError when the solver is not installed.
    """
    symbols = query.symbols
    numbers = {symbol: i for i, symbol in enumerate(symbols)}
    question = {
        "solver": solver,
        "limit": limit,
        "seconds": seconds,
        "whole": [symbol in query.whole for symbol in symbols],
        "atoms": [[atom.operator, _written(atom.polynomial, numbers)] for atom in query.atoms],
    }
    reply = _process().reply(question)
    if "missing" in reply:
        raise MissingPackageError(PACKAGES[solver], "deciding an inequality")
    if "error" in reply:
        return Answer(found="unknown", reason=reply["error"])
    if "version" in reply:
        _versions[solver] = reply["version"]
    work = {"rlimit": reply["work"]} if reply.get("work") else {}
    if reply["found"] != "point":
        return Answer(found=reply["found"], reason=reply.get("reason", ""), work=work)
    values = map(_read, reply["point"])
    return Answer(found="point", point=dict(zip(symbols, values, strict=True)), work=work)


def version(solver: Solver) -> str:
    """The solver's version. Raises MissingPackageError when it is not installed."""
    if solver not in _versions:
        ask(solver, Query(()), 1000)
    return _versions[solver]


def _written(part: sp.Expr, numbers: Mapping[sp.Symbol, int]) -> list[Any]:
    if isinstance(part, sp.Symbol):
        return ["v", numbers[part]]
    if isinstance(part, sp.Rational):
        return ["q", str(part.p), str(part.q)]
    if isinstance(part, sp.Pow) and part.exp.is_Integer and part.exp > 0:
        return ["^", _written(part.base, numbers), int(part.exp)]
    if isinstance(part, sp.Add | sp.Mul):
        head = "+" if isinstance(part, sp.Add) else "*"
        return [head, *(_written(one, numbers) for one in part.args)]
    raise ValueError(f"{part} is no polynomial")


ROOT = sp.Symbol("x", real=True)


def _read(number: solver_process.Number) -> sp.Expr:
    kind, *rest = number
    if kind == "q":
        return sp.Rational(int(rest[0]), int(rest[1]))
    polynomial = sp.Add(*(_read(c) * ROOT**power for power, c in enumerate(rest[0])))
    roots = [root for root, _ in sp.Poly(polynomial, ROOT).real_roots(multiple=False)]
    if kind == "root":
        return roots[rest[1]]
    low, high = map(_read, rest[1])
    (found,) = (root for root in roots if low <= root <= high)
    return found


class _Process:
    """A child that answers one question at a time, started when first asked."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.lock = threading.Lock()
        self.child: subprocess.Popen[str] | None = None

    def reply(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """What the child answers; an unknown with the reason when it did not live to answer."""
        with self.lock:
            try:
                child = self._started()
            except OSError:  # where no process can be started, this one has to do
                return solver_process.answer(question)
            timer = threading.Timer(PATIENCE * question["seconds"], child.kill)
            timer.start()
            try:
                assert child.stdin
                assert child.stdout
                child.stdin.write(json.dumps(question) + "\n")
                child.stdin.flush()
                line = child.stdout.readline()
            except BrokenPipeError:
                line = ""
            except BaseException:  # interrupted while it computes: its answer would come too late
                self.end()
                raise
            finally:
                timer.cancel()
            if line:
                found: dict[str, Any] = json.loads(line)
                return found
            code = child.wait()
            self.end()
            return {"found": "unknown", "reason": _why(code, question["seconds"])}

    def _started(self) -> subprocess.Popen[str]:
        if self.child is not None and self.child.poll() is not None:
            self.end()
        if self.child is None:
            self.child = subprocess.Popen(
                [sys.executable, solver_process.__file__, str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                cwd=Path(solver_process.__file__).parent,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        return self.child

    def end(self) -> None:
        """Stop the child, if it is this process's own."""
        if self.child is not None and self.owner == os.getpid():
            self.child.kill()
            self.child.wait()
            for stream in (self.child.stdin, self.child.stdout):
                if stream:
                    stream.close()
        self.child = None


_at_work: dict[int, _Process] = {}


def _process() -> _Process:
    """The child of this process; a fork does not share it, since answers would get mixed up."""
    owner = os.getpid()
    if owner not in _at_work:
        _at_work.clear()
        _at_work[owner] = _Process()
        atexit.register(_at_work[owner].end)
    return _at_work[owner]


def _why(code: int, seconds: int) -> str:
    if code < 0 and -code == getattr(signal, "SIGXCPU", None):
        return f"stopped after {seconds} s of CPU time"
    return f"ended with {signal.Signals(-code).name if code < 0 else f'exit code {code}'}"
