"""Ladders of P on which the main theorems of MAE are measured, for both kinds of query."""

from __future__ import annotations

from collections.abc import Iterator

from refutable.claim import Context
from refutable.claims.mae import global_query, ladders
from refutable.claims.mae.ladders import Ladder
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind

TOPS: dict[QueryKind, tuple[Setting, ...]] = {
    "local": (
        ladders.POSITIVE[0],
        ladders.NEGATIVE[0],
        ladders.POSITIVE[1],
        ladders.NEGATIVE[1],
    ),
    "global": global_query.CONSTANT,
}
"""Both signs of Δ among the first two; the tops of ladders of P."""


def tops_of(context: Context, query: QueryKind) -> tuple[Setting, ...]:
    """The tops of a kind of query; one of each sign of Δ in the quick profile."""
    return context.at(quick=TOPS[query][:2], full=TOPS[query])


def ladders_of(context: Context, query: QueryKind, sign: int = 0) -> Iterator[Ladder]:
    """The ladders of a kind of query, of one sign of Δ if asked for."""
    wanted = [top for top in tops_of(context, query) if sign * top.information_gap >= 0]
    yield from ladders.ladders(context, wanted, query)
