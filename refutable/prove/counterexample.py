"""Counterexamples: the point at which a statement is false, and how it was evaluated there."""

from __future__ import annotations

from refutable.certificate import Certificate

FRACTIONS = "exact fractions"


def counterexample(by: str, refuted: str, **values: object) -> Certificate:
    """What refutes a statement: the point, and the exact arithmetic by which it was evaluated."""
    shown = {name: str(value) for name, value in values.items()}
    return Certificate(by=by, negated=refuted, variables=shown)
