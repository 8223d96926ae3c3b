"""What is built installs beside any code: nothing of a user's is shadowed, nothing needs it all.

The wheel is installed in fresh environments that share the installed libraries, so that nothing is
downloaded, and is used in repositories that hold every name of machine-learning repositories.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LIBRARIES = Path(sysconfig.get_paths()["purelib"])
HEAVY = ("torch", "z3-solver", "python-flint", "scikit-learn", "matplotlib")
"""What a slim environment does without."""


def run(*words: str | Path, cwd: Path, code: int | None = 0) -> str:
    """What a command prints, which must exit with `code`; it does not see this checkout."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PYTEST", "GITHUB"))
    }
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, capture_output=True, text=True, timeout=300,
        env=environment | {"CLAIMS_CACHE_DIR": ""},
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert code is None or done.returncode == code, said
    assert "Traceback" not in said, said
    return said


def build(target: str, source: Path, out: Path) -> Path:
    """The wheel or the source distribution of a folder."""
    run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", out, cwd=source)
    [built] = out.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build("sdist", ROOT, folder)) as archive:
        archive.extractall(folder, filter="data")
    [found] = [path for path in folder.iterdir() if path.is_dir()]
    return found


def contents(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as found:
        return {name: found.read(name) for name in found.namelist()}


def test_a_wheel_from_the_source_distribution_is_the_one_from_the_checkout(
    wheel: Path, unpacked: Path, tmp_path: Path
) -> None:
    assert contents(build("wheel", unpacked, tmp_path)) == contents(wheel)


def test_every_module_is_installed_once_and_below_one_name(wheel: Path) -> None:
    installed = {name for name in contents(wheel) if ".dist-info/" not in name}
    folders = {"refutable": ROOT / "refutable"} | {
        f"refutable/{name}": ROOT / name for name in ("claims", "model", "reports")
    }
    there = {
        f"{prefix}/{path.relative_to(folder).as_posix()}"
        for prefix, folder in folders.items()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.match("*.pyc")
    }
    assert installed == there
    assert {"refutable/py.typed", "refutable/records/results.schema.json"} <= installed


def test_the_source_distribution_holds_no_links(unpacked: Path) -> None:
    """Hatchling drops links, and other systems cannot make them."""
    assert not [path for path in unpacked.rglob("*") if path.is_symlink()]


def test_one_file_is_one_module() -> None:
    """In a checkout refutable/claims is a link: no file may be loaded under two names."""
    script = (
        "import collections, pathlib, sys, refutable.claims, refutable.reports.folder\n"
        "refutable.claims.CLAIMS\n"
        "root = pathlib.Path(refutable.__file__).parents[1]\n"
        "files = [pathlib.Path(module.__file__).resolve() for module in list(sys.modules.values())"
        " if getattr(module, '__file__', None)]\n"
        "ours = collections.Counter(file for file in files if file.is_relative_to(root))\n"
        "assert not [file for file, times in ours.items() if times > 1 and 'site-packages' not in"
        " file.parts]\n"
        "assert not {'claims', 'model', 'reports'} & sys.modules.keys()\n"
    )
    run(sys.executable, "-c", script, cwd=ROOT)


def environment(folder: Path, wheel: Path) -> Path:
    """A virtual environment with the wheel and no library; its folder of programs."""
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=ROOT)
    bin = folder / ("Scripts" if sys.platform == "win32" else "bin")
    pip = ("-m", "pip", "--python", bin / "python", "--disable-pip-version-check")
    run(sys.executable, *pip, "install", "-q", "--no-deps", "--no-index", wheel, cwd=folder)
    return bin


def site(bin: Path) -> Path:
    """Where an environment keeps its libraries."""
    said = run(
        bin / "python", "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])",
        cwd=bin,
    )  # fmt: skip
    return Path(said.strip())


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """An environment with every library."""
    bin = environment(tmp_path_factory.mktemp("full") / "venv", wheel)
    (site(bin) / "libraries.pth").write_text(f"{LIBRARIES}\n", encoding="utf-8")
    return bin


def closure(names: list[str]) -> Iterator[importlib.metadata.Distribution]:
    """Distributions, and what they require."""
    seen: set[str] = set()
    while names:
        name = re.sub(r"[-_.]+", "-", names.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        found = importlib.metadata.distribution(name)
        yield found
        for line in found.requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                names.append(requirement.name)


def slim_requirements() -> list[str]:
    """What the documentation tells to install where not everything is wanted."""
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    lines: list[str] = re.findall(r"^pip install ((?:[a-z][a-z0-9-]* ?)+)$", page, re.MULTILINE)
    return lines[0].split()


@pytest.fixture(scope="module")
def slim(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """An environment with the libraries that the documentation names, and what these need."""
    bin = environment(tmp_path_factory.mktemp("slim") / "venv", wheel)
    shared = site(bin)
    names = []
    for distribution in closure(slim_requirements()):
        names.append(distribution.name)
        for top in {path.parts[0] for path in distribution.files or () if path.parts[0] != ".."}:
            source, target = LIBRARIES / top, shared / top
            if top not in ("__pycache__", "bin") and not target.exists():
                target.symlink_to(source)
    assert not {*HEAVY} & {*names}
    return bin


NET = "WIDTH = 3\n"
SHAPES = {
    "packages": {
        f"{name}/{file}": text
        for name in ("model", "claims", "reports")
        for file, text in (("__init__.py", ""), ("net.py", NET))
    },
    "folders": {f"{name}/net.py": NET for name in ("model", "claims", "reports")},
    "files": {f"{name}.py": NET for name in ("model", "claims", "reports")},
}
"""How a repository may hold names that this project uses, too."""

TEST = """
from pathlib import Path

import pytest
{imports}

ROOT = Path(__file__).parents[1]

@pytest.mark.parametrize("module", [model, claims, reports])
def test_own(module, fixture_of_the_repository):
    assert module.WIDTH == fixture_of_the_repository
    assert Path(module.__file__).is_relative_to(ROOT)
"""
CONFTEST = """
import pytest

@pytest.fixture
def fixture_of_the_repository():
    return 3
"""
CLAIMS = """
import bounds  # beside this file
{imports}
from refutable import Claim, Provenance, equal

width = Claim(id="width", title="As wide", statement="w=3", provenance=Provenance.DERIVED)

@width.leg("exact")
def leg(context):
    for module in (model, claims, reports):
        yield equal(module.__name__, module.WIDTH, bounds.width(), 0, "integers")

width.mistake(bounds.width, "too wide", lambda f: lambda: f() + 1)
CLAIMS = (width,)
"""


@pytest.fixture(params=SHAPES)
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A user's repository."""
    net = ".net" if request.param != "files" else ""
    imports = "\n".join(
        f"import {name}{net} as {name}" if net else f"import {name}"
        for name in ("model", "claims", "reports")
    )
    for path, text in {
        **SHAPES[request.param],
        "tests/conftest.py": CONFTEST,
        "tests/test_own.py": TEST.format(imports=imports),
        "my_claims.py": CLAIMS.format(imports=imports),
        "bounds.py": "def width():\n    return 3\n",
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_repository_with_the_same_names_works_as_before(full: Path, repository: Path) -> None:
    assert "3 passed" in run(full / "python", "-m", "pytest", cwd=repository)


def test_its_claims_are_checked_beside_its_tests(full: Path, repository: Path) -> None:
    own = run(
        full / "python", "-P", "-m", "pytest", "--claims-module", "my_claims.py", cwd=repository
    )
    assert re.search(r"^width +holds", own, re.MULTILINE), own
    both = run(full / "python", "-m", "pytest", "--claims", "--claims-module", "my_claims.py",
               "-k", "width or data.gap-range or test_own", "tests", cwd=repository)  # fmt: skip
    assert re.search(r"^width +holds", both, re.MULTILINE), both
    assert re.search(r"^data.gap-range +holds", both, re.MULTILINE), both
    assert "test_own.py ..." in both


def test_its_claims_are_verified_with_what_stands_beside_them(full: Path, repository: Path) -> None:
    elsewhere = repository / "elsewhere"
    elsewhere.mkdir()
    for cwd, file in ((repository, "my_claims.py"), (elsewhere, "../my_claims.py")):
        words = ("--module", file, "--workers", "2", "--out", "report")
        said = run(full / "claims", "verify", *words, cwd=cwd)
        assert "1 claim: 1 holds." in said
    said = run(full / "claims", "selftest", "--module", "my_claims.py", cwd=repository)
    assert "1 of 1 planted mistake killed." in said


def test_the_papers_claims_are_listed_there(full: Path, repository: Path) -> None:
    listed = json.loads(run(full / "python", "-m", "refutable", "list", "--json", cwd=repository))
    assert "thm4.4" in json.dumps(listed)


SQUARES = """
import numpy as np
import sympy as sp
from hypothesis import strategies as st

from refutable import (
    Claim, Provenance, at_least, equal, identical, inequality, property, scaling, symbolic,
)

x, y = sp.symbols("x y", positive=True)
squares = Claim(
    id="squares", title="Squares", statement="x^2 \\\\ge 0", provenance=Provenance.DERIVED
)

@squares.leg("symbolic")
def decided(context):
    yield symbolic.identity("square", (x + y)**2, x**2 + 2*x*y + y**2, "expanded")

@squares.leg("exact")
def counted(context):
    yield identical("sum of odd numbers", sum(range(1, 20, 2)), 100, "integers")

@squares.leg("property")
def searched(context):
    def gaps(drawn):
        yield at_least("square", float(np.square(drawn)), 0, 0, "no rounding below zero")
    return property.search(context, st.floats(-10, 10), gaps, examples=20)

@squares.leg("scaling")
def fitted(context):
    ladder = np.log(10.0 ** np.arange(2, 10))
    yield from scaling.power_law("square", ladder, 2 * ladder, exponent=2)

squares.mistake(np.square, "cubes", lambda f: lambda x: x**3)

needy = Claim(id="needy", title="Needs more", statement="x", provenance=Provenance.DERIVED)

@needy.leg("exact")
def there(context):
    yield equal("one", 1, 1, 0, "integers")

@needy.leg("smt")
def proved(context):
    yield from inequality.proved("square", [], x**2 + y**2 >= 2*x*y, "two numbers")

@needy.leg("trained")
def trained(context):
    import torch
    yield equal("one", float(torch.ones(1)), 1, 0, "integers")

needy.mistake(there, "none", lambda f: f)
CLAIMS = (squares, needy)
"""


@pytest.fixture
def squares(tmp_path: Path) -> Path:
    (tmp_path / "squares.py").write_text(SQUARES, encoding="utf-8")
    return tmp_path


def test_what_is_not_used_is_not_needed(slim: Path, squares: Path) -> None:
    """Every kind of evidence that NumPy and SymPy give, and every report."""
    words = ("--module", "squares.py", "--out", "out", "--workers", "2")
    said = run(slim / "claims", "verify", "squares", *words, cwd=squares)
    assert "1 claim: 1 holds." in said
    for name in ("report.html", "results.csv", "junit.xml", "summary.md", "results.json"):
        assert (squares / "out" / name).stat().st_size > 0
    run(slim / "claims", "report", "out", cwd=squares)
    run(slim / "claims", "explain", "squares", "--module", "squares.py", cwd=squares)
    said = run(slim / "claims", "selftest", "squares", "--module", "squares.py", cwd=squares)
    assert "1 of 1 planted mistake killed." in said
    said = run(slim / "python", "-m", "pytest", "--claims-module", "squares.py", "-k", "squares",
               cwd=squares)  # fmt: skip
    assert "1 passed" in said


def test_what_is_needed_and_missing_is_told_and_is_no_pass(slim: Path, squares: Path) -> None:
    words = ("verify", "needy", "--module", "squares.py", "--out", "out", "--workers", "1")
    said = run(slim / "claims", *words, cwd=squares)
    [claim] = json.loads((squares / "out" / "results.json").read_text("utf-8"))["claims"]
    legs = {leg["kind"]: leg for leg in claim["legs"]}
    assert legs["exact"]["verdict"] == "holds"
    for kind, package in (("smt", "z3-solver or cvc5"), ("trained", "torch")):
        assert legs[kind]["verdict"] == "not-run"
        assert f"{package} is not installed" in legs[kind]["not_run_reason"]
        assert f"1 leg was not run: {package} is not installed" in said


def test_the_paper_without_its_libraries_is_one_line(slim: Path, tmp_path: Path) -> None:
    assert "thm4.4" in run(slim / "claims", "list", cwd=tmp_path)
    run(slim / "claims", "explain", "thm4.4", cwd=tmp_path, code=None)
    said = run(slim / "claims", "verify", "thm4.4", "--workers", "1", cwd=tmp_path, code=1)
    assert "1 claim: 1 not-run." in said
    assert "is not installed" in said
    said = run(slim / "claims", "doctor", cwd=tmp_path, code=1)
    assert "missing  torch" in said
