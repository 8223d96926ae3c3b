"""Coupling: clusters of different partitions meet through the positions, which they share.

In cluster k a key weighs e^{υ_b} more for every other cluster k′, b its kind there (global, own or
other area of the query). What counts is how the areas of two clusters overlap, seen from the query;
the factors enter by their mean over the keys of a kind, a mean field. Local areas of unequal size
are kinds of their own, of keys as well as of queries that are met.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from refutable.model.reduced.clock import State
from refutable.model.reduced.counts import areas_of
from refutable.model.setting import Setting
from refutable.model.shapes import Array, Float, Int
from refutable.model.trajectory import QueryKind

OfPatches = Int[Array, "P"]

LARGEST_COUPLED_P = 10_000
"""Largest P at which it is looked at how areas overlap; e^Υ is then 1 up to (log P)/C_n."""


Met = tuple[QueryKind, int]
"""A query as which another is met in another cluster: its kind, and the size of its own area."""


class Overlap(NamedTuple):
    """Where the keys of a query lie in another cluster, averaged over queries and other clusters.

    keys: (2 + s, n, 3) shares of its keys of every kind here (global, own, others of s sizes, as
    `areas_of` has them) by what the query is there (n ways, as `met_as` has them) and their kind
    there (global, own, other). query: (n,) how often it is met as each.
    """

    keys: Float[Array, "kinds n 3"]
    query: Float[Array, "n"]


def met_as(setting: Setting) -> list[Met]:
    """As what queries one may be met: local ones by the size of their area, and global ones."""
    sizes = sorted({size for size, _ in setting.local_kinds})
    return [*(("local", size) for size in sizes), ("global", setting.C_1)]


def met_in(setting: Setting) -> Int[Array, "N"]:
    """(N,) which of `met_as` the queries of every area are."""
    ways = met_as(setting)
    local = [ways.index(("local", size)) for size in setting.area_sizes[1:].tolist()]
    return np.array([len(ways) - 1, *local])


def is_coupled(setting: Setting) -> bool:
    """Whether clusters have partitions of their own, in a placement that is laid out.

    Beyond LARGEST_COUPLED_P areas are taken to overlap as independent ones do, by their sizes:
    alike for keys of every kind, so that the factors cancel in the softmax.
    """
    return setting.K > 1 and not setting.shared_partition and setting.P <= LARGEST_COUPLED_P


@functools.lru_cache(maxsize=32)
def overlap(setting: Setting, query: QueryKind, size: int) -> Overlap:
    """Over all pairs of clusters, for queries of a kind in the first, in an area of that size."""
    way_of_area, ways = met_in(setting), len(met_as(setting))
    others = [C for C, _ in areas_of(setting, query, size).kinds]
    keys, elsewhere = np.zeros((2 + len(others), ways, 3)), np.zeros(ways)
    queries = 0
    for here, there in itertools.permutations(setting.area_of, 2):
        chosen = ((here == 0) == (query == "global")) & (setting.area_sizes[here] == size)
        way = way_of_area[there][chosen]
        elsewhere += np.bincount(way, minlength=ways)
        queries += len(way)
        for a, (total, own, crowd) in enumerate(_keys_by_kind(setting, here, there, others)):
            found = np.stack([crowd, own, total - own - crowd])[:, chosen]
            shares = found / np.maximum(total, 1)[chosen]
            for i in range(ways):
                keys[a, i] += shares[:, way == i].sum(axis=1)
    return Overlap(keys / max(queries, 1), elsewhere / max(queries, 1))


def _keys_by_kind(
    setting: Setting, here: OfPatches, there: OfPatches, others: Sequence[int]
) -> Iterator[tuple[OfPatches, OfPatches, OfPatches]]:
    """The keys of every patch as a query by kind here (global, own, others by size): (P,) each.

    How many there are, and how many of them lie in its own and in the global area there. The query
    is no key of its areas, and one in the global area has no further global area.
    """
    sizes, N = setting.area_sizes, setting.areas
    local, local_there = here != 0, there != 0
    cells = np.bincount(here * N + there, minlength=N * N).reshape(N, N)
    own = sizes[here] - 1, cells[here, there] - 1, cells[here, 0] * local_there
    yield sizes[0] * local, cells[0][there] * local, cells[0, 0] * (local & local_there)
    yield own
    for C in others:
        of_size = sizes == C
        of_size[0] = False
        all_, but = cells[of_size].sum(axis=0), of_size[here].astype(int)
        yield (
            all_.sum() - but * sizes[here],
            all_[there] - but * cells[here, there],
            (all_[0] - but * cells[here, 0]) * local_there,
        )


def with_other_clusters(
    setting: Setting, seen: Overlap, state: State, met: Sequence[State]
) -> list[float]:
    """A query's state with the position correlations that it has in all clusters together.

    met: the states of the queries as which it is met elsewhere, in the order of `met_as`.
    """
    others = setting.K - 1
    weights = np.exp([(ups_1, ups_n, ups_m) for _, _, _, ups_1, ups_n, ups_m, *_ in met])
    weights[-1, 0] = 1.0  # a global query has no further global area
    factors = np.tensordot(seen.keys, weights, 2)
    phi_1, phi_n, phi_m, ups_1, ups_n, ups_m, ups_p, *further = state
    joint = others * np.log(np.where(factors > 0, factors, 1.0))
    alone = others * np.log(seen.query @ np.exp([ups for _, _, _, _, _, _, ups, *_ in met]))
    on_global, on_own, on_others, *on_further = joint.tolist()
    further[1::2] = [ups + on for ups, on in zip(further[1::2], on_further, strict=True)]
    return [
        phi_1, phi_n, phi_m,
        ups_1 + on_global, ups_n + on_own, ups_m + on_others, ups_p + float(alone),
        *further,
    ]  # fmt: skip
