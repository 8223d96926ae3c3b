"""claims doctor: versions, threads, the cache of runs, and what is missing."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from typing import TYPE_CHECKING

import click

from refutable import catalogue as catalogues
from refutable import streams
from refutable.cli.examples import examples
from refutable.cli.options import cores

if TYPE_CHECKING:
    from refutable.reuse.cache import Usage


@click.command("doctor", epilog=examples("claims doctor", "claims doctor --clear-cache"))
@click.option("--clear-cache", is_flag=True,
              help="Remove the runs that are kept, and say how much it was.")  # fmt: skip
def command(clear_cache: bool) -> None:
    """Versions, threads, the cache of runs, and what is missing. Exit 1 when something is."""
    from refutable.reuse import cache

    if clear_cache:
        streams.say(f"cleared  {_cache_line(cache.clear())}")
        return
    problems = 0
    for requirement in importlib.metadata.requires("refutable") or []:
        if "extra ==" in requirement:
            continue
        name = requirement.split(">")[0].split("=")[0].strip()
        try:
            streams.say(f"ok       {name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            problems += 1
            streams.say(f"missing  {requirement}")
    streams.say(f"ok       {cores()} cores{_threads()}")
    usage = cache.usage()
    blocked = usage.folder is not None and usage.folder.exists() and not usage.folder.is_dir()
    problems += blocked
    streams.say(f"{'blocked ' if blocked else 'ok      '} cache {_cache_line(usage)}")
    found = catalogues.load(["refutable.claims"])
    toothless = [claim.id for claim in found if not claim.mistakes]
    problems += len(toothless)
    streams.say(f"ok       {len(found)} claims, {sum(len(c.legs) for c in found)} legs")
    for id in toothless:
        streams.say(f"missing  a planted mistake of {id}")
    streams.say("Everything is in place." if not problems else f"{problems} problems.")
    raise SystemExit(int(problems > 0))


def _threads() -> str:
    """', 2 threads' of torch, where that is installed."""
    if importlib.util.find_spec("torch") is None:
        return ""
    import torch

    return f", {torch.get_num_threads()} threads"


def _cache_line(usage: Usage) -> str:
    """'.../folder: 12 entries, 0.3 of 256 MiB'."""
    if usage.folder is None:
        return "off, as CLAIMS_CACHE_DIR is empty"
    sizes = f"{usage.bytes / 2**20:.1f} of {usage.limit / 2**20:.0f} MiB"
    kind = " (a file, where a folder must be)" if usage.folder.is_file() else ""
    return f"{usage.folder}{kind}: {usage.entries} entries, {sizes}"
