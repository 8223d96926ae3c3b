"""A leg finds the state that the sources left, whatever ran before it: victims in every order."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from refutable import run
from refutable.engine.server import ISOLATION

WAYS = ["fork", "restore", "shared"] if sys.platform == "linux" else ["restore", "shared"]
"""A process for each leg; one for all, put back; and one that a source asks for."""

HEAD = '''
import builtins, decimal, locale, logging, math, os, random, signal, sys, warnings

import flint
import mpmath
import numpy as np
import torch
import hypothesis
import pandas
import scipy.special
import sympy

from refutable import Claim, Provenance, equal, identical

CLAIMS = []


def law(x):
    return 3 * x


class Law:
    factor = 3

    def at(self, x):
        return self.factor * x


def leg(id):
    claim = Claim(id=id, title=id, statement=id, provenance=Provenance.DERIVED)
    CLAIMS.append(claim)
    return claim.leg("exact")


def named(name):
    """A module of this file's imports, so that the linter of nobody minds."""
    return sys.modules[name]

'''

SPOILED: dict[str, tuple[str, str]] = {
    "random": ("random.seed(1)", "random.random()"),
    "random-state": ("[random.random() for _ in range(9)]", "random.getrandbits(40)"),
    "numpy-random": ("np.random.seed(1)", "float(np.random.normal())"),
    "torch-random": ("torch.manual_seed(1)", "float(torch.rand(()))"),
    "sympy-random": ("sympy.core.random.seed(1)", "sympy.core.random.random()"),
    "errstate": ("np.seterr(all='ignore')", "sorted(np.geterr().items())"),
    "errcall": ("np.seterrcall(print)", "np.geterrcall()"),
    "printing": ("np.set_printoptions(precision=1)", "str(np.array([1 / 3]))"),
    "filters": ("warnings.simplefilter('error')", "[f[0] for f in warnings.filters]"),
    "decimal": ("decimal.getcontext().prec = 3", "str(decimal.Decimal(1) / 7)"),
    "traps": (
        "decimal.getcontext().traps[decimal.Inexact] = True", "str(decimal.Decimal(1) / 3)",
    ),
    "mpmath": ("mpmath.mp.dps = 70", "mpmath.mp.dps"),
    "mpmath-iv": ("mpmath.iv.prec = 200", "mpmath.iv.prec"),
    "flint": ("flint.ctx.prec = 300", "flint.ctx.prec"),
    "dtype": ("torch.set_default_dtype(torch.float64)", "str(torch.tensor(1.0).dtype)"),
    "grad": ("torch.set_grad_enabled(False)", "torch.is_grad_enabled()"),
    "threads": ("torch.set_num_threads(3)", "torch.get_num_threads()"),
    "deterministic": (
        "torch.use_deterministic_algorithms(True)", "torch.are_deterministic_algorithms_enabled()",
    ),
    "environment": ("os.environ['PATH'] = ''; os.environ['NEW'] = 'x'", "os.environ.get('NEW')"),
    "environment-gone": ("os.environ.pop('PATH')", "'PATH' in os.environ"),
    "folder": ("os.chdir('/')", "os.getcwd()"),
    "path": ("sys.path.insert(0, '/nowhere'); sys.path.append('/there')", "sys.path"),
    "path-object": ("sys.path = []", "len(sys.path)"),
    "argv": ("sys.argv[:] = ['x']", "sys.argv"),
    "recursion": ("sys.setrecursionlimit(150)", "sys.getrecursionlimit()"),
    "digits": ("sys.set_int_max_str_digits(700)", "sys.get_int_max_str_digits()"),
    "stdout": ("sys.stdout = None", "sys.stdout is not None"),
    "function": ("globals()['law'] = lambda x: 5", "law(4)"),
    "method": ("Law.at = lambda self, x: 5", "Law().at(4)"),
    "attribute": ("Law.factor = 7", "Law.factor"),
    "added": ("Law.extra = 1; globals()['extra'] = 1", "hasattr(Law, 'extra')"),
    "deleted": ("del Law.factor", "hasattr(Law, 'factor')"),
    "math": ("math.sqrt = lambda x: 7", "math.sqrt(4)"),
    "numpy": ("np.sqrt = lambda x: 7", "float(np.sqrt(4))"),
    "builtins": ("builtins.sum = lambda x: 7", "sum([1, 2])"),
    "builtin-added": ("builtins.surprise = 1", "hasattr(builtins, 'surprise')"),
    "modules": ("sys.modules['math'] = sys.modules['os']", "__import__('math').__name__"),
    "module-gone": ("del sys.modules['decimal']", "'decimal' in sys.modules"),
    "signals": ("signal.signal(signal.SIGINT, signal.SIG_IGN)", "signal.getsignal(signal.SIGINT)"),
    "hooks": ("sys.excepthook = print", "sys.excepthook is sys.__excepthook__"),
    "trace": ("sys.settrace(lambda *_: None)", "sys.gettrace()"),
    "collector": ("named('gc').disable()", "named('gc').isenabled()"),
    "logger": ("logging.getLogger('x').setLevel(50)", "logging.getLogger('x').level"),
    "path-hooks": ("sys.path_hooks.clear()", "len(sys.path_hooks)"),
    "decimal-default": (
        "decimal.DefaultContext.prec = 2", "decimal.DefaultContext.prec",
    ),
    "evaluates": (
        "named('sympy.core.parameters').global_parameters.evaluate = False",
        "named('sympy.core.parameters').global_parameters.evaluate",
    ),
    "assumed": (
        "named('sympy').assumptions.assume.global_assumptions.add(named('sympy').Q.real(1))",
        "len(named('sympy').assumptions.assume.global_assumptions)",
    ),
    "special": (
        "named('scipy.special').seterr(all='raise')",
        "named('scipy.special').geterr()['singular']",
    ),
    "tables": (
        "named('pandas').set_option('display.max_rows', 1)",
        "named('pandas').get_option('display.max_rows')",
    ),
    "examples": (
        "named('hypothesis').settings.register_profile('one', max_examples=1); "
        "named('hypothesis').settings.load_profile('one')",
        "named('hypothesis').settings.default.max_examples",
    ),
    "denormals": (
        "named('torch').set_flush_denormal(True)", "float('5e-324') * 1.0 != 0",
    ),
    "mask": ("os.umask(0o777)", "[os.umask(0o22), os.umask(0o22)][0]"),
}  # fmt: skip
"""What a leg changes, and what another one looks at."""


SPOILER_FIRST, SPOILER_LAST = -1, 1


def written(folder: Path, name: str, order: int, way: str) -> str:
    """A file with a spoiler and a victim of each kind, in this order or the other."""
    lines = ["import gc"]
    for number, (id, (change, look)) in enumerate(SPOILED.items()):
        spoiler = (
            f"@leg('spoils.{id}')\ndef spoil_{number}(context):\n    {change}\n"
            "    yield identical('one', 1, 1, 'whole numbers')\n"
        )
        victim = (
            f"@leg('victim.{id}')\ndef victim_{number}(context):\n"
            f"    yield identical('seen', str({look}), '', 'shown beside')\n"
        )
        lines += [victim, spoiler][::order]
    if way == "shared":
        lines.append("LEGS_SHARE_A_PROCESS = True")
    path = folder / f"{name}.py"
    path.write_text(HEAD + "\n".join(lines), encoding="utf-8")
    return str(path)


def seen(source: str, select: str, workers: int = 1) -> dict[str, str]:
    """What the victims saw."""
    results = run.verify([select] if select else [], sources=[source], workers=workers)
    legs = {claim.id: claim.legs[0] for claim in results.claims}
    judges_itself = legs.pop("spoils.builtins", None)  # what it rebound, the tool uses, too
    assert judges_itself is None or "builtins.sum" in (judges_itself.note or "")
    broken = {id: leg.note for id, leg in legs.items() if leg.verdict.value == "error"}
    assert not broken
    assert all(leg.verdict.value == "holds" for id, leg in legs.items() if id[0] == "s")
    return {id: str(leg.gaps[0].measured) for id, leg in legs.items() if id[0] == "v"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all files are, since the name of a folder is part of what is seen."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def undisturbed(folder: Path) -> dict[str, str]:
    """What the victims see in processes of their own while nothing is spoiled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ISOLATION, WAYS[0])
        found = seen(written(folder, "alone", SPOILER_LAST, WAYS[0]), "victim.*")
    assert len(found) == len(SPOILED)
    return found


@pytest.mark.parametrize(
    ("way", "order", "workers"),
    [(way, SPOILER_FIRST, 1) for way in WAYS]
    + [(way, SPOILER_LAST, 2) for way in WAYS if way != "fork"],
)
def test_a_leg_finds_the_state_that_the_sources_left(
    way: str,
    order: int,
    workers: int,
    folder: Path,
    undisturbed: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same in every way of running, and whatever ran before it in the same process."""
    monkeypatch.setenv(ISOLATION, "restore" if way == "restore" else "fork")
    found = seen(written(folder, f"{way}_{workers}", order, way), "", workers)
    assert {id: text for id, text in found.items() if text != undisturbed[id]} == {}
