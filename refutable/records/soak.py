"""Soak: what many seeds did to the verdicts of the legs that draw anything."""

from __future__ import annotations

from refutable.claim import Kind, Verdict
from refutable.records.documents import Count, Document, Record
from refutable.records.results import Run

FILE = "soak.json"


class Flip(Record):
    """A leg with more than one verdict. seeds: by verdict, those under which it was found."""

    claim: str
    kind: Kind
    seeds: dict[Verdict, tuple[Count, ...]]


class Narrow(Record):
    """A noisy gap: how many of its own standard deviations lie between its mean and its bound."""

    claim: str
    kind: Kind
    gap: str
    deviations: float
    seeds: Count


class SoakRecord(Document):
    """What was found under many seeds.

    run: of the first seed, with the seconds of all. seeds: all that were tried. legs: how many draw
    anything. unsound: legs that have one verdict, and do not hold. narrowest: gaps, the narrowest
    first. false_alarm: what a run of one seed states as its probability of a false alarm.
    """

    run: Run
    seeds: tuple[Count, ...]
    legs: Count
    flips: tuple[Flip, ...]
    unsound: dict[str, Verdict]
    narrowest: tuple[Narrow, ...]
    false_alarm: float
