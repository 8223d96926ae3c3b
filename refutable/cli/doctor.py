"""claims doctor: what is installed, what is missing, and what does not run without it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from refutable import streams
from refutable.cli import options
from refutable.cli.examples import examples
from refutable.engine import machine
from refutable.errors import MissingPackageError, said
from refutable.text import many

if TYPE_CHECKING:
    from refutable.catalogue import Catalogue
    from refutable.reuse.cache import Usage

PURPOSES = {
    "cvc5": "a second decider of smt legs",
    "hypothesis": "property legs",
    "matplotlib": "`claims figures`, `claims trace --plot` and the pictures of an audit",
    "pandas": "results.csv, atlas.csv and .frame()",
    "python-flint": "enclosures in ball arithmetic",
    "scikit-learn": "answer about images in `claims audit --questions`",
    "torch": "legs that train or differentiate a model",
    "z3-solver": "smt legs",
}
"""What is done with packages that many claims do without."""


@click.command(
    "doctor",
    epilog=examples(
        "claims doctor",
        "claims doctor my_claims.py",
        "claims doctor --module my_claims.py",
        "claims doctor --clear-cache",
    ),
)
@click.option("--clear-cache", is_flag=True,
              help="Remove the runs that are kept, and say how much it was.")  # fmt: skip
@click.argument("file", required=False)
@options.module
def command(clear_cache: bool, file: str | None, modules: tuple[str, ...]) -> None:
    """Versions, threads, the cache of runs, and what is missing. Exit 1 when something is.

    Of a missing package it says which claims do not run without it, and how to install it. With
    FILE, a Python file or a module of claims, it says what each claim lacks, and what to write: a
    planted mistake, a second leg, regimes, reasons of tolerances.
    """
    from refutable import catalogue as catalogues

    if file is not None:
        raise SystemExit(int(_lacks(catalogues.load((file, *modules))) > 0))
    from refutable.reuse import cache

    if clear_cache:
        streams.say(f"cleared  {_cache_line(cache.clear())}")
        return
    catalogue = catalogues.load(options.sources(modules))
    problems = 0
    absent = {}
    for name, requirement in _requirements():
        try:
            streams.say(f"ok       {name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            absent[name] = requirement
            streams.say(f"missing  {requirement}")
    problems += len(absent)
    streams.say(f"ok       {many(machine.cores(), 'core')}{_threads()}")
    usage = cache.usage()
    blocked = usage.folder is not None and usage.folder.exists() and not usage.folder.is_dir()
    problems += blocked
    streams.say(f"{'blocked ' if blocked else 'ok      '} cache {_cache_line(usage)}")
    entries = [catalogue.entry(id) for id, _ in catalogue.pick(())]
    legs = sum(len(one.legs) for one in entries)
    streams.say(f"ok       {many(len(entries), 'claim')}, {many(legs, 'leg')}")
    for entry in entries:
        if not entry.mistakes:
            problems += 1
            streams.say(f"missing  a planted mistake of {entry.id}")
    stopped, broken = _unloadable(catalogue)
    problems += len(broken)
    for line in (*broken, *_consequences(absent, stopped)):
        streams.say(line)
    streams.say(f"{many(problems, 'problem')}." if problems else "Everything is in place.")
    raise SystemExit(int(problems > 0))


def _lacks(catalogue: Catalogue) -> int:
    """Say what the claims lack, and how many lack something."""
    from refutable import lacking

    found = {claim.id: list(lacking.of(claim)) for claim in catalogue}
    for id, lacks in found.items():
        streams.say(f"{'lacks' if lacks else 'ok':8} {id}")
        for lack in lacks:
            streams.say(f"         {lack.what}")
            streams.say(f"           write {lack.write}")
    poor = sum(bool(lacks) for lacks in found.values())
    of, verb = many(len(found), "claim"), "lacks" if poor == 1 else "lack"
    streams.say(f"{poor} of {of} {verb} something." if poor else "Nothing is lacking.")
    return poor


def _requirements() -> Iterator[tuple[str, str]]:
    """Every package that is declared and not part of an extra: its name and the requirement."""
    for requirement in importlib.metadata.requires("refutable") or []:
        if "extra ==" not in requirement:
            yield re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0], requirement


def _unloadable(catalogue: Catalogue) -> tuple[dict[str, list[str]], list[str]]:
    """Packages without which chapters cannot be imported, with the ids of their claims.

    And a line for every claim whose chapter cannot be imported for another reason, such as a
    library that is damaged.
    """
    stopped: dict[str, list[str]] = {}
    broken = []
    for id, _ in catalogue.pick(()):
        try:
            catalogue.entry(id).load()
        except MissingPackageError as problem:
            stopped.setdefault(problem.name or "", []).append(id)
        except Exception as problem:  # whatever a damaged library raises
            broken.append(f"broken   {id}: {said(problem)}")
    return stopped, broken


def _consequences(absent: Mapping[str, str], stopped: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What does not run without the absent packages, and how to install them."""
    if not absent and not stopped:
        return
    yield ""
    for name in sorted({*absent, *stopped}):
        purpose = PURPOSES.get(name)
        yield f"Without {name}" + (f": no {purpose}." if purpose else ":")
        ids = stopped.get(name, ())
        if ids:
            yield f"  {many(len(ids), 'claim is', 'claims are')} not run: {', '.join(ids)}"
    wanted = [absent.get(name, name) for name in sorted({*absent, *stopped})]
    yield f"Install: python -m pip install {' '.join(map(shlex.quote, wanted))}"


def _threads() -> str:
    """', 2 threads' of torch, where that is installed."""
    if importlib.util.find_spec("torch") is None:
        return ""
    import torch

    return f", {many(torch.get_num_threads(), 'thread')}"


def _cache_line(usage: Usage) -> str:
    """'.../folder: 12 entries, 0.3 of 256 MiB'."""
    if usage.folder is None:
        return "off, as CLAIMS_CACHE_DIR is empty"
    sizes = f"{usage.bytes / 2**20:.1f} of {usage.limit / 2**20:.0f} MiB"
    kind = " (a file, where a folder must be)" if usage.folder.is_file() else ""
    return f"{usage.folder}{kind}: {many(usage.entries, 'entry', 'entries')}, {sizes}"
