"""Fixtures for all tests, and the shapes of the model's arrays, checked in all of them."""

from __future__ import annotations

import functools
import inspect
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_type_hints
from unittest import mock

import hypothesis
import pytest
from beartype import BeartypeConf, beartype
from jaxtyping import AbstractArray, jaxtyped

from refutable import check, cli
from refutable.auditing.atlas import Atlas
from refutable.claim import Claim, Context, Kind, LegFunction, Provenance
from refutable.judgement import examine
from refutable.records.results import LegRecord, Results
from refutable.reuse import cache

# No test depends on how busy the machine is. Everything else is as Hypothesis has it, on CI or not.
hypothesis.settings.register_profile(
    "tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("tests")

CHECK = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""An integer is a float too."""


def says_shapes(hint: Any) -> bool:
    """Whether a type has a shape in it."""
    shaped = isinstance(hint, type) and issubclass(hint, AbstractArray)
    return shaped or any(map(says_shapes, get_args(hint)))


def checked(found: Any) -> Any:
    """A function, or what holds one in a class, that checks the shapes it names at every call."""
    if isinstance(found, functools.cached_property):
        found.func = checked(found.func)
        return found
    function = found.fget if isinstance(found, property) else getattr(found, "__func__", found)
    if not inspect.isfunction(function):
        return found
    if not any(map(says_shapes, get_type_hints(function).values())):
        return found
    if inspect.isgeneratorfunction(function):  # whose types the other form stops checking, anywhere
        return jaxtyped(found, typechecker=CHECK)
    # As two decorators, since the one that does both checks the arguments of each call twice.
    return jaxtyped(CHECK(found), typechecker=None)


class ShapesChecked(SourceFileLoader):
    """Loads a module, and has the shapes checked that its functions and dataclasses name.

    The hook that jaxtyping ships does so for every function, with shapes or without, and for inner
    ones each time they are made: the reduced dynamics then take six times as long.
    """

    def exec_module(self, module: ModuleType) -> None:
        """Run the module; nobody has seen its names yet when they are replaced."""
        super().exec_module(module)
        for name, found in list(vars(module).items()):
            if getattr(found, "__module__", None) != module.__name__:
                continue
            if inspect.isclass(found):
                if issubclass(found, tuple):  # a named tuple's types are read where it is made
                    found.__new__.__annotations__.update(get_type_hints(found))
                for part, method in list(vars(found).items()):
                    if (replaced := checked(method)) is not method:
                        setattr(found, part, replaced)
            else:
                setattr(module, name, checked(found))


class Studied(MetaPathFinder):
    """Finds the modules of the model, and gives them the loader that checks."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where a module of the model is; of others it says nothing."""
        spec = PathFinder.find_spec(name, path) if name.startswith("refutable.model.") else None
        if spec is not None and spec.origin is not None:
            spec.loader = ShapesChecked(name, spec.origin)
        return spec


sys.meta_path.insert(0, Studied())


@pytest.fixture
def examined() -> Callable[..., LegRecord]:
    """Runs a function as the leg of a claim and judges it: `examined(run, kind, **options)`."""

    def judged(run: LegFunction, kind: str = "exact", seed: int = 1, **options: Any) -> LegRecord:
        claim = Claim(id="a.claim", title="t", statement="s", provenance=Provenance.DERIVED)
        claim.leg(kind, **options)(run)
        return examine(claim.legs[Kind(kind)], Context("quick", 0, seed))

    return judged


@pytest.fixture
def plain() -> Callable[[Results | Atlas], Any]:
    """What is stored of a run or an audit, but for times, places and names of the run."""

    def stripped(document: Results | Atlas) -> Any:
        data = document.model_dump(mode="json")
        legs = [leg for claim in data.get("claims", ()) for leg in claim["legs"]]
        for name in ("id", "started", "seconds", "command"):
            del data["run"][name]
        for name in ("seconds", "started", "worker"):
            for leg in legs:
                del leg[name]
        for pair in data.get("pairs", ()):
            del pair["seconds"]
        return data

    return stripped


@pytest.fixture
def claims(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `claims WORDS` as its entry point does, but in this process; names are environment."""

    def run(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        with monkeypatch.context() as patch, mock.patch.dict(os.environ, environment):
            patch.setattr(sys, "argv", ["claims", *map(str, words)])
            for stream in ("stdout", "stderr"):  # which the entry point guards, each time anew
                patch.setattr(sys, stream, getattr(sys, stream))
            with pytest.raises(SystemExit) as end:
                cli.main()
        said = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return subprocess.CompletedProcess(words, end.value.code, said.out, said.err)

    return run


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Small matrices take longer with two threads, and far longer on a busy machine."""
    with check.one_thread():
        yield


@pytest.fixture(scope="session", autouse=True)
def kept_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests train and time is found by no run of the user's, and theirs by no test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(cache.FOLDER, str(tmp_path_factory.mktemp("kept")))
        yield


@pytest.fixture(scope="session")
def typeset() -> Callable[[Path], None]:
    """Compiles a paper by pdflatex, in its folder; a test that asks for it skips without one."""
    compiler = shutil.which("pdflatex")
    if compiler is None:
        pytest.skip("needs pdflatex: apt-get install texlive-latex-recommended")

    def compiled(path: Path) -> None:
        done = subprocess.run(
            [compiler, "-interaction=nonstopmode", "-halt-on-error", path.name],
            cwd=path.parent, capture_output=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]

    return compiled


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Chromium without a screen, driven by selenium; a test that asks for it skips without them."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (browser and driver):
        pytest.skip("needs Chromium and its driver: apt-get install chromium chromium-driver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    found = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield found
    found.quit()
