"""Trainings: whatever the file of known ones does not hold yet is trained and put there.

Run as a module; it can be stopped, and goes on.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter

from refutable.auditing.statement import replicate_seed
from refutable.claims.figures import controls, dials, networks, one_layer
from refutable.claims.figures.known import FILE, Known, Network, OneLayer
from refutable.model.transformers.one_layer import Keys
from refutable.records.documents import put

BASE, EACH, ONE_LAYER, STARTS, PROBES = 8, 3, 12, 40, 12
"""Seeds of the recipe that ships, of every condition, of one-layer models, of starts, of these read
by a linear reader."""
ON_PIXELS = (("Fashion-MNIST", 60), ("Fashion-MNIST", 100), ("Fashion-MNIST", 150),
             ("photographs", 150))  # fmt: skip
"""Images and steps of the one-layer trainings of claims."""


def write(file: Path = FILE) -> None:
    """Train whatever the file does not hold yet, and put it there one by one."""
    held = TypeAdapter(Known).validate_json(file.read_bytes()) if file.exists() else Known()
    there = {(n.dial, n.value, n.found.method, n.found.seed) for n in held.networks}

    def add(**found: Any) -> None:
        nonlocal held
        held = replace(held, **{name: (*getattr(held, name), one) for name, one in found.items()})
        put(file, _text(held))

    for method in networks.METHODS:
        for number, name in enumerate(networks.names_of(method)):
            if (None, None, method, number) not in there:
                read = networks.probe(networks.stored(name))
                add(networks=Network(replace(networks.shipped(name), probe=read)))
    for number in range(len(held.untrained), STARTS):
        add(untrained=controls.at_start(1000 + number).last.diversity)
    for number in range(len(held.untrained_probes), PROBES):
        start = networks.untrained(networks.Recipe("MAE"), 3000 + number)
        add(untrained_probes=networks.probe(start))
    on_pixels = {(o.images, o.method, o.keys, o.scale, o.steps, o.seed) for o in held.one_layer}
    kinds: tuple[tuple[one_layer.Method, Keys, float], ...] = (
        ("MAE", "both", 0.0), ("MAE", "position", 0.0), ("CL", "content", 0.0),
        ("CL", "content", one_layer.NOISE),
    )  # fmt: skip
    for images, steps in ON_PIXELS:
        for seed in range(2000, 2000 + ONE_LAYER):
            for kind in kinds:
                if (images, *kind, steps, seed) not in on_pixels:
                    measured = asdict(one_layer.trained(images, *kind, seed, steps))
                    add(one_layer=OneLayer(images, *kind, steps, seed, measured))
    conditions = [(dial.name, value) for dial in dials.DIALS for value in dial.grid[1:]
                  if dial.name not in ("vit-layer", "vit-views")]  # fmt: skip
    compared = ("MAE", "CL, masks")
    wanted: list[tuple[int, str | None, float | None, str]] = []
    for number in range(BASE):
        wanted += [(number, None, None, method) for method in (*compared, "CL")]
    for number in range(EACH):
        wanted += [(number, *turned, method) for turned in conditions for method in compared]
    for number, dial, value, method in wanted:
        seed = replicate_seed(0, number)
        if (dial, value, method, seed) not in there:
            turned = {} if dial is None or value is None else {dial: value}
            recipe = dials.place(turned).by(method)
            add(networks=Network(networks.fresh(recipe, seed), dial, value))


def _text(held: Known) -> str:
    """JSON with a line for each training, numbers to four digits."""

    def line(found: Any) -> str:
        return json.dumps(_short(found))

    parts = ",\n".join(
        f'"{name}": [\n' + ",\n".join(map(line, found)) + "\n]"
        for name, found in asdict(held).items()
    )
    return f"{{\n{parts}\n}}\n"


def _short(found: Any) -> Any:
    """Floats with four digits, wherever they are."""
    if isinstance(found, dict):
        return {name: _short(value) for name, value in found.items()}
    if isinstance(found, list | tuple):
        return [_short(value) for value in found]
    return float(f"{found:.4g}") if isinstance(found, float) else found


if __name__ == "__main__":
    torch.set_num_threads(1)
    write()
