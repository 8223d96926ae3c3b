"""Trainings: whatever the file of known ones does not hold yet is trained and put there.

Run as a module, which can be stopped, and goes on; of a file by another recipe nothing is kept.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from refutable.auditing.statement import replicate_seed
from refutable.claims.figures import (
    conditions,
    controls,
    dials,
    image_sets,
    known,
    networks,
    one_layer,
)
from refutable.claims.figures.known import FILE, Known, Network, OneLayer
from refutable.model.transformers.one_layer import Keys
from refutable.records.documents import put

BASE, EACH, ONE_LAYER, STARTS, PROBES = 8, 3, 12, 40, 12
"""Seeds of the recipe that ships, of every condition, of one-layer models, of starts, of these read
by a linear reader."""
Kind = tuple[one_layer.Method, Keys, float]
MAE: tuple[Kind, ...] = tuple(("MAE", keys, 0.0) for keys in one_layer.READINGS)
CL: Kind = ("CL", "content", 0.0)
NOISY: Kind = ("CL", "content", one_layer.NOISE)
ON_PIXELS: dict[tuple[str, int], tuple[Kind, ...]] = {
    (image_sets.CLOTHING, 60): (*MAE, CL),
    (image_sets.CLOTHING, 100): (CL, NOISY),
    (image_sets.CLOTHING, 150): (*MAE, CL, NOISY),
    (image_sets.PHOTOGRAPHS, 150): (*MAE, CL, NOISY),
}
"""Models of the one-layer trainings of claims, by images and steps."""


def write(file: Path = FILE) -> None:
    """Train whatever the file does not hold yet, and put it there one by one."""
    held = known.read(file) if file.exists() else Known()
    if known.changes(held):
        held = Known(known.RECIPE)
    for part, train in missing(held):
        held = replace(held, **{part: (*getattr(held, part), train())})
        put(file, text(held))


def missing(held: Known) -> Iterator[tuple[str, Callable[[], Any]]]:
    """What is not held yet: which part of it would be longer, and how to come by it."""
    there = {(n.dial, n.value, n.found.method, n.found.seed) for n in held.networks}
    for method in networks.METHODS:
        for number, name in enumerate(networks.names_of(method)):
            if (None, None, method, number) not in there:
                yield "networks", partial(_shipped, name)
    for number in range(len(held.untrained), STARTS):
        yield "untrained", partial(_diversity_at_start, 1000 + number)
    for number in range(len(held.untrained_probes), PROBES):
        yield "untrained_probes", partial(_probe_at_start, 3000 + number)
    models = {(o.images, o.method, o.keys, o.scale, o.steps, o.seed) for o in held.one_layer}
    for (images, steps), kinds in ON_PIXELS.items():
        for seed in range(2000, 2000 + ONE_LAYER):
            for kind in kinds:
                if (images, *kind, steps, seed) not in models:
                    yield "one_layer", partial(on_pixels, images, kind, steps, seed)
    for number, dial, value, method in _wanted():
        seed = replicate_seed(0, number)
        if (dial, value, method, seed) not in there:
            yield "networks", partial(_turned, dial, value, method, seed)


def _wanted() -> Iterator[tuple[int, str | None, float | None, str]]:
    """Number of the seed, dial, value and method of every network that does not ship."""
    for number in range(BASE):
        for method in (*conditions.COMPARED, "CL"):
            yield number, None, None, method
    turned = [(dial.name, value) for dial in dials.DIALS for value in dial.grid[1:]]
    for number in range(EACH):
        for dial, value in turned:
            if dials.place({dial: value}).recipe == dials.AS_THEY_SHIP:
                continue  # it is looked at otherwise, and trained no differently
            for method in conditions.COMPARED:
                yield number, dial, value, method


def _shipped(name: str) -> Network:
    read = networks.probe(networks.stored(name))
    return Network(replace(networks.shipped(name), probe=read))


def _diversity_at_start(number: int) -> float:
    return controls.at_start(number).last.diversity


def _probe_at_start(number: int) -> float:
    return networks.probe(networks.untrained(networks.Recipe("MAE"), number))


def on_pixels(images: str, kind: Kind, steps: int, seed: int) -> OneLayer:
    """A one-layer model, trained now, as the file has it."""
    measured = asdict(one_layer.trained(images, *kind, seed, steps))
    del measured["P"]
    return OneLayer(images, *kind, steps, seed, measured)


def _turned(dial: str | None, value: float | None, method: str, seed: int) -> Network:
    turned = {} if dial is None or value is None else {dial: value}
    return Network(networks.fresh(dials.place(turned).by(method), seed), dial, value)


def text(held: Known) -> str:
    """JSON with a line for each training, numbers to four digits."""
    parts = []
    for name, found in asdict(held).items():
        lines = [json.dumps(_short(one)) for one in found]
        numbers = all(isinstance(one, float) for one in found)
        listed = ", ".join(lines) if numbers else "\n " + ",\n ".join(lines) + "\n"
        parts.append(f'"{name}": [{listed}]')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _short(found: Any) -> Any:
    """Floats with four digits, wherever they are."""
    if isinstance(found, dict):
        return {name: _short(value) for name, value in found.items()}
    if isinstance(found, list | tuple):
        return [_short(value) for value in found]
    return float(f"{found:.4g}") if isinstance(found, float) else found


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("file", nargs="?", type=Path, default=FILE, help="by default: %(default)s")
    asked = options.parse_args()
    torch.set_num_threads(1)
    write(asked.file)
