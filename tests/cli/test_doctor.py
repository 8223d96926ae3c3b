"""The doctor says what is missing, what does not run without it, and how to install it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner, Result

from refutable import catalogue as catalogues
from refutable.cli import command_of
from refutable.cli.doctor import PURPOSES
from refutable.errors import DISTRIBUTIONS

ROOT = Path(__file__).parents[2]


def declared(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"]]
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    return {re.split(r"[^A-Za-z0-9._-]", name)[0] for name in wanted}


def consult(*words: str) -> Result:
    return CliRunner().invoke(command_of("doctor"), words)


def test_purposes_are_told_of_packages_that_are_declared() -> None:
    assert PURPOSES.keys() <= declared()
    assert set(DISTRIBUTIONS.values()) <= declared("photographs")


def test_all_is_well() -> None:
    done = consult()
    assert done.exit_code == 0
    assert done.output.endswith("Everything is in place.\n")


PARTS = ("torch.", "refutable.claims.", "refutable.model.")


def of_parts() -> dict[str, ModuleType]:
    return {name: part for name, part in sys.modules.items() if f"{name}.".startswith(PARTS)}


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As where torch is not installed, in modules that are not loaded yet.

    Afterwards what was loaded is again all that there is, in packages, too: of a module loaded
    twice, a class of one is none of the other.
    """
    loaded = of_parts()
    for name in loaded:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    version, find_spec = importlib.metadata.version, importlib.util.find_spec

    def absent(name: str) -> str:
        if name == "torch":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    def nowhere(name: str, *rest: Any) -> Any:
        return None if name == "torch" else find_spec(name, *rest)

    monkeypatch.setattr(importlib.metadata, "version", absent)
    monkeypatch.setattr(importlib.util, "find_spec", nowhere)
    yield
    for name in of_parts():
        del sys.modules[name]
    sys.modules.update(loaded)
    for name, part in loaded.items():
        package, _, last = name.rpartition(".")
        if package and package not in loaded:  # those loaded before have kept their own
            setattr(sys.modules[package], last, part)


@pytest.mark.usefixtures("without_torch")
def test_modules_are_loaded_anew_without_torch() -> None:
    importlib.import_module("refutable.model.reduced")


def test_no_module_is_loaded_twice_by_that() -> None:
    from refutable.model import reduced, setting

    assert reduced is sys.modules["refutable.model.reduced"]
    assert setting.Setting is sys.modules["refutable.model.reduced.counts"].Setting


@pytest.mark.usefixtures("without_torch")
def test_a_missing_package_costs_the_claims_that_need_it_and_no_other() -> None:
    done = consult()
    assert done.exit_code == 1
    [stopped] = re.findall(r"Without torch: .*\n  (\d+) claims are not run: (.*)\n", done.output)
    number, ids = int(stopped[0]), stopped[1].split(", ")
    assert number == len(ids)
    assert "grad.loss" in ids
    assert "sign.own" not in ids
    assert re.search(r"Install: python -m pip install 'torch>=[0-9.]+'\n", done.output)
    assert done.output.endswith("1 problem.\n")
    assert set(ids) < {id for id, _ in catalogues.load(["refutable.claims"]).pick(())}


def test_it_says_of_a_file_what_each_claim_lacks(tmp_path: Path) -> None:
    path = tmp_path / "lacking_claims.py"
    path.write_text(
        "from refutable import claim, equal, leg\n\n\n"
        "@claim('a.b', 'TODO', title='t')\n@leg('exact')\ndef it():\n"
        "    yield equal('x', 1, 1, 0.1, 'todo')\n"
        "    yield equal('y', 1, 1, 0.1, 'three roundings')\n"
    )
    done = consult(str(path))
    assert done.exit_code == 1
    for lack in (
        "no planted mistake", "one leg only (exact)", "without a scope",
        "a tolerance of 'x' without a reason ('todo')", "a statement that is still to be written",
    ):  # fmt: skip
        assert lack in done.output
    assert "'y'" not in done.output
    assert done.output.endswith("1 of 1 claim lacks something.\n")


def test_a_counterexample_is_enough_for_what_is_refuted(tmp_path: Path) -> None:
    """A second leg, a scope and regimes would add nothing to a witness; a mistake does."""
    path = tmp_path / "refuting_claims.py"
    path.write_text(
        "from hypothesis import strategies as st\n"
        "from refutable import at_least, claim, equal, for_all, leg\n\n\n"
        "@claim('a.b', 's', title='t')\n@leg('exact', scope='1')\ndef b():\n"
        "    yield equal('x', 1, 1)\n\n\n"
        "@claim('a.b.original', 's', title='t', original_of='a.b')\n@leg('exact')\n"
        "def once():\n    yield at_least('x', 2, 1, witness={'x': 2})\n\n\n"
        "@claim('a.b.drawn.original', 's', title='t', original_of='a.b')\n"
        "@for_all(x=st.just(2))\ndef drawn(x):\n    yield at_least('x', x, 1)\n"
    )
    done = consult(str(path))
    for id in ("a.b.original", "a.b.drawn.original"):
        told = done.output.partition(f"{id}\n")[2].partition("lacks  ")[0]
        assert "no planted mistake" in told
        assert not re.search(r"one leg only|without a scope|no regime", told)
    assert "one leg only" in done.output.partition("a.b\n")[2].partition("lacks  ")[0]
