"""Answers and maps of an audit, as stored beside its atlas: questions.json and phases.json."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, TypeAdapter, model_validator

from refutable import text as texts
from refutable.errors import UsageError
from refutable.records.documents import Count, Record, fitted, is_there, loaded, put

ANSWERS, MAPS = "questions.json", "phases.json"

Cell = str | Annotated[int, Field(ge=-(2**63), lt=2**63)] | FiniteFloat
Drawn = Annotated[float, Field(ge=-1e100, le=1e100)]
"""A number that can be drawn."""
Name = Annotated[str, Field(pattern=f"^{texts.NAME}$")]
"""Part of a file name."""


class Answer(Record):
    """One question: what was found in sentences and as a table, and the command that finds it.

    histogram: (label, count) pairs where the answer has one.
    """

    question: str
    sentences: tuple[str, ...]
    columns: tuple[str, ...] = Field(min_length=1)
    rows: tuple[tuple[Cell, ...], ...]
    command: str
    histogram: tuple[tuple[str, Count], ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Answer:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("every row must have a cell for each column")
        return self


class Trained(Record):
    """A model trained at a point of a map, and whether the statement held on it.

    measured: what decided that. bound: what it cannot be less than, where something is known.
    """

    x: Drawn
    y: Drawn
    holds: bool
    measured: Drawn | None = None
    bound: Drawn | None = None


class PhaseMap(Record):
    """Where a claim holds over two dials.

    x, y: values of the axes, in the order of `values` (len(y) rows of len(x) numbers; None where
    nothing is defined). boundary: points (x, y) of the predicted line. logarithmic: axes drawn on a
    log scale.
    """

    name: Name
    claim: str
    title: str
    x_label: str
    y_label: str
    value_label: str
    x: tuple[Drawn, ...] = Field(min_length=2)
    y: tuple[Drawn, ...] = Field(min_length=2)
    values: tuple[tuple[Drawn | None, ...], ...]
    boundary: tuple[tuple[Drawn, Drawn], ...]
    boundary_label: str
    trained: tuple[Trained, ...]
    trained_label: str
    logarithmic: tuple[Literal["x", "y"], ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> PhaseMap:
        if [len(row) for row in self.values] != [len(self.x)] * len(self.y):
            raise ValueError("values must be a row for every y, with a number for every x")
        for name, axis in (("x", self.x), ("y", self.y)):
            steps = [b - a for a, b in itertools.pairwise(axis)]
            if not (all(step > 0 for step in steps) or all(step < 0 for step in steps)):
                raise ValueError(f"{name} must rise or fall from value to value")
            if name in self.logarithmic and min(axis) < 1e-100:
                raise ValueError(f"{name} must be positive on a logarithmic axis")
        return self


def write(found: Sequence[Answer] | Sequence[PhaseMap], path: Path) -> None:
    """Write answers or maps as strict JSON; the file appears whole or not at all."""
    stored = [one.model_dump(mode="json") for one in found]
    put(path, json.dumps(stored, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_answers(path: Path) -> tuple[Answer, ...]:
    """Stored answers; none without a file. UsageError when it is damaged."""
    return fitted(TypeAdapter(tuple[Answer, ...]), loaded(path), path) if is_there(path) else ()


def read_maps(path: Path) -> tuple[PhaseMap, ...]:
    """Stored maps; none without a file. UsageError when it is damaged, or a name is there twice."""
    maps = fitted(TypeAdapter(tuple[PhaseMap, ...]), loaded(path), path) if is_there(path) else ()
    names = [found.name for found in maps]
    if len(set(names)) < len(names):
        raise UsageError(f"{path}: two maps have one name")
    return maps
