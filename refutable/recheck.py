"""claims-recheck: decide again what `claims verify --certificates DIR` has written.

It shares no code with what wrote the files, and is short enough to be read in one sitting: a reader
of SMT-LIB 2, polynomials with fractions as coefficients, and the other solver. A script is

- accepted when it says `sat` and its point meets every assertion in exact arithmetic; when it says
  `unsat` and an assertion cannot be met because its sides are one and the same rational function,
  or because the terms of a sum of squares add up to nothing though one of them is positive; or when
  a solver that did not write it also says `unsat`;
- rejected when its point breaks an assertion, when its squares show nothing, or when the other
  solver finds a point;
- not checkable when no other solver is installed, or none decides it.

What is no question for a solver is decided in `recheck_kinds`, each file within a time. What is not
looked at is how a statement was turned into polynomials; that is written beside it.
"""

from __future__ import annotations

import multiprocessing
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from multiprocessing import Process
from multiprocessing.connection import Connection
from pathlib import Path

from refutable import recheck_kinds
from refutable.recheck_arithmetic import (
    Polynomial,
    TooLargeError,
    Tree,
    declared,
    fraction,
    plus,
    quotient,
    read,
    times,
    value,
)

SECONDS = 120
"""Wall time that a file is given, or a solver that is asked about one."""
USAGE = f"""\
Usage: claims-recheck [--strict] [--seconds N] DIR

  Decide again what `claims verify --certificates DIR` has written, with other code.
  A file, or a solver that is asked about one, is given N seconds ({SECONDS}); what then has
  no answer is not checkable.
  Exit 0 unless a script is rejected or, with --strict, cannot be checked: then 1.
"""

# --- SMT-LIB ------------------------------------------------------------------------------------


class Script:
    """What a script declares, asserts and says of itself. Raises ValueError for anything else."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.info: dict[str, Tree] = {}
        self.names: set[str] = set()
        self.whole: set[str] = set()
        self.asserted: list[Tree] = []
        for command in read(text):
            match command:
                case ["set-info", str(key), value]:
                    self.info[key] = value
                case ["declare-const", name, "Real" | "Int" as sort]:
                    self.names.add(declared(name))
                    self.whole |= {name} if sort == "Int" else set()
                case ["assert", tree]:
                    self.asserted.append(tree)
                case ["set-logic", _] | ["check-sat"]:
                    pass
                case _:
                    raise ValueError(f"a command that is not known: {str(command)[:80]}")
        if self.info.get(":status") not in ("sat", "unsat"):
            raise ValueError("no :status that says sat or unsat")


# --- Arithmetic ---------------------------------------------------------------------------------


def holds(tree: Tree, point: Mapping[str, Fraction]) -> bool:
    """Whether an assertion holds at a point."""
    relation, left, right = tree
    left, right = value(left, point), value(right, point)
    return bool(
        {
            ">=": left >= right, ">": left > right, "=": left == right, "distinct": left != right
        }[relation]
    )  # fmt: skip


def divisors(tree: Tree) -> Iterator[Tree]:
    """Every factor by which a term divides."""
    if isinstance(tree, str):
        return
    if tree[0] == "/":
        factors = [tree[2]]
        while factors:
            factor = factors.pop()
            if isinstance(factor, list) and factor[0] == "*":
                factors += factor[1:]
            else:
                yield factor
    for part in tree[1:]:
        yield from divisors(part)


def is_number(divisor: Tree, names: set[str]) -> bool:
    """Whether a term is a number other than 0."""
    top, bottom = quotient(divisor, names)
    return set(top) == set(bottom) == {()}


def impossible(script: Script) -> bool:
    """Whether two sides that are to differ are the same rational function, wherever it is defined.

    What they divide by must be asserted not to be 0, or be a number other than 0.
    """
    not_zero = [t[1] for t in script.asserted if t[0] == "distinct" and t[2] == "0.0"]

    def is_defined(divisor: Tree) -> bool:
        return divisor in not_zero or is_number(divisor, script.names)

    for relation, left, right in script.asserted:
        if relation != "distinct" or (right == "0.0" and left in not_zero and "/" not in str(left)):
            continue
        (a, b), (c, d) = quotient(left, script.names), quotient(right, script.names)
        if times(a, d) == times(c, b) and all(
            is_defined(divisor) for side in (left, right) for divisor in divisors(side)
        ):
            return True
    return False


def polynomial(tree: Tree, names: set[str]) -> Polynomial:
    """A term that divides by numbers alone. Raises ValueError for any other."""
    if not all(is_number(divisor, names) for divisor in divisors(tree)):
        raise ValueError("a polynomial that divides by more than a number")
    top, bottom = quotient(tree, names)
    return times(top, {(): 1 / bottom[()]})


def excluded(script: Script) -> str | None:
    """Why squares do not show that the assertions exclude each other; None where they do.

    A term is a weight above 0, times assertions that something is > 0 or >= 0, times a square: it
    is nowhere negative where all of them hold. When all terms add up to nothing, each is 0 there.
    """
    total: Polynomial = {}
    roots = []
    for weight, chosen, root in script.info[":squares"]:
        square = polynomial(root, script.names)
        part = times({(): fraction(weight)}, times(square, square))
        relations = [script.asserted[int(n)] for n in chosen]
        for relation, side, zero in relations:
            if relation not in (">", ">=") or zero != "0.0":
                return f"a term multiplies an assertion with {relation}"
            part = times(part, polynomial(side, script.names))
        if fraction(weight) <= 0 or any(int(n) < 0 for n in chosen):
            return "a term has no positive weight, or no assertion of that number"
        total = plus(total, part)
        if all(relation == ">" for relation, _, _ in relations):
            roots.append(square)
    if total:
        return "its terms do not add up to nothing"
    if any(set(root) == {()} for root in roots):
        return None
    # The squares of these variables are 0 where all terms are; there an assertion has to be broken.
    gone = {root[0][0][0] for root in map(list, roots) if len(root) == 1 and len(root[0]) == 1}
    for relation, side, zero in script.asserted:
        if relation == ">" and zero == "0.0" and gone:
            monomials = polynomial(side, script.names)
            if all(any(name in gone for name, _ in monomial) for monomial in monomials):
                return None
    return "none of its terms is positive"


# --- Other solvers ------------------------------------------------------------------------------


def z3_says(text: str) -> str:
    """sat, unsat or unknown."""
    import z3

    solver = z3.Solver()
    solver.from_string(text)
    return str(solver.check())


def cvc5_says(text: str) -> str:
    """sat, unsat or unknown."""
    import cvc5

    solver = cvc5.Solver(cvc5.TermManager())
    solver.setOption("nl-cov", "true")
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "script")
    while not (command := parser.nextCommand()).isNull():
        command.invoke(solver, parser.getSymbolManager())
    found = solver.checkSat()
    return "unsat" if found.isUnsat() else "sat" if found.isSat() else "unknown"


SOLVERS = {"z3": z3_says, "cvc5": cvc5_says}


def others_say(script: Script, file: Path, seconds: int) -> Iterator[tuple[str, str]]:
    """What the solvers that did not write the script say: their names and sat, unsat or why not."""
    source = str(script.info.get(":source", "")).strip("|").lower()
    for name in SOLVERS:
        if source.startswith(name):
            continue
        try:
            done = subprocess.run(
                [sys.executable, __file__, "--ask", name, str(file)],
                capture_output=True, text=True, timeout=seconds, encoding="utf-8",
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            yield name, f"no answer in {seconds} s"
            continue
        said = done.stdout.strip()
        if done.returncode < 0:
            said = ended(done.returncode)
        elif done.returncode:
            said = f"is not installed, or broke: {said[-200:]}"
        yield name, said


# --- Verdicts -----------------------------------------------------------------------------------


def verdict(file: Path, seconds: int = SECONDS) -> tuple[str, str]:
    """accepted, rejected or not checkable, and why. seconds: those of a solver."""
    try:
        if file.suffix == ".cert":
            return recheck_kinds.verdict(file.read_text(encoding="utf-8"))
        script = Script(file.read_text(encoding="utf-8"))
        if script.info[":status"] == "sat":
            pairs = script.info.get(":point", [])
            point = {name: fraction(number) for name, number in pairs}
            if set(point) != script.names:
                return "not checkable", "no point that names every variable"
            if any(point[name].denominator != 1 for name in script.whole):
                return "rejected", "the point has a fraction where a whole number is declared"
            broken = [tree for tree in script.asserted if not holds(tree, point)]
            return ("rejected", f"assertions that fail there: {len(broken)}") if broken else (
                "accepted", "the point meets every assertion, in exact arithmetic"
            )  # fmt: skip
        if ":squares" in script.info:
            doubt = excluded(script)
            return ("rejected", doubt) if doubt else (
                "accepted", "the squares add up to nothing, and one is positive"
            )  # fmt: skip
        if impossible(script):
            return "accepted", "the two sides are one rational function, in exact arithmetic"
    except TooLargeError:
        pass
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        ArithmeticError,
        RecursionError,
    ) as problem:
        return "rejected", f"cannot be read: {problem}"
    answers = dict(others_say(script, file, seconds))
    for name, said in answers.items():
        if said == "sat":
            return "rejected", f"{name} finds a point"
    for name, said in answers.items():
        if said == "unsat":
            return "accepted", f"{name} finds no point either"
    return "not checkable", "; ".join(f"{name}: {said}" for name, said in answers.items())


class Timed:
    """Verdicts on files one by one, in a process that is ended when a file takes too long."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        self._worker: tuple[Process, Connection] | None = None

    def __enter__(self) -> Timed:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """End the process; the next file gets another."""
        if self._worker:
            process, answers = self._worker
            process.kill()
            process.join()
            answers.close()
        self._worker = None

    def verdict(self, file: Path) -> tuple[str, str]:
        """accepted, rejected or not checkable, and why."""
        if file.suffix != ".cert":
            return verdict(file, self.seconds)
        if self._worker is None:
            ours, theirs = multiprocessing.Pipe()
            process = Process(target=_answer, args=(theirs, ours), daemon=True)
            process.start()
            theirs.close()
            self._worker = process, ours
        process, answers = self._worker
        try:
            answers.send(file)
            if answers.poll(self.seconds):
                found: tuple[str, str] = answers.recv()
                return found
            why = f"no answer in {self.seconds} s (--seconds gives more)"
        except (EOFError, OSError):  # nobody is at the other end any more
            process.join()
            why = f"what decides it {ended(process.exitcode or 0)}"
        self.end()
        return "not checkable", why


def _answer(asked: Connection, others: Connection) -> None:
    """Verdicts on files, for as long as somebody asks."""
    others.close()  # or nobody here would notice that whoever asks is gone
    with suppress(EOFError, KeyboardInterrupt):
        while True:
            asked.send(verdict(asked.recv()))


def ended(code: int) -> str:
    """How a process ended, from its exit code."""
    with suppress(ValueError):
        return f"was killed ({signal.Signals(-code).name})"
    return f"ended with exit code {code}"


def main() -> None:
    """The command line."""
    words = sys.argv[1:]
    if words[:1] == ["--ask"] and len(words) == 3:
        lines = Path(words[2]).read_text(encoding="utf-8").splitlines()
        # The answer is not to be whispered, nor asked for twice.
        asked = [line for line in lines if not line.startswith(("(set-info", "(check-sat"))]
        print(SOLVERS[words[1]]("\n".join(asked)))
        return
    if words in (["--help"], ["-h"]):
        print(USAGE, end="")
        return
    strict, seconds, folders = _asked(words)
    if len(folders) != 1 or folders[0].startswith("-"):
        sys.exit(_refuse(USAGE))
    files = sorted(p for p in Path(folders[0]).glob("*") if p.suffix in (".smt2", ".cert"))
    if not files:
        sys.exit(_refuse(f"claims-recheck: there is no .smt2 or .cert file in {folders[0]}"))
    counts = {"accepted": 0, "rejected": 0, "not checkable": 0}
    with Timed(seconds) as timed:
        for file in files:
            found, why = timed.verdict(file)
            counts[found] += 1
            if found != "accepted":
                print(f"{found}: {file.name}: {why}", flush=True)
    print(", ".join(f"{number} {found}" for found, number in counts.items()))
    sys.exit(1 if counts["rejected"] or (strict and counts["not checkable"]) else 0)


def _asked(words: list[str]) -> tuple[bool, int, list[str]]:
    """Whether --strict is among the words, the seconds, and what is left of them.

    Seconds of seven digits are left: timers count 2^31 ms at most.
    """
    rest = [word for word in words if word != "--strict"]
    seconds = SECONDS
    if rest[:1] == ["--seconds"] and rest[1:2] and re.fullmatch("[1-9][0-9]{0,5}", rest[1]):
        seconds, rest = int(rest[1]), rest[2:]
    return "--strict" in words, seconds, rest


def _refuse(text: str) -> int:
    print(text.rstrip("\n"), file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
