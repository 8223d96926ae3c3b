"""Coupling: clusters of different partitions meet through the positions, which they share.

In cluster k a key weighs e^{υ_b} more for every other cluster k′, b its kind there (global, own or
other area of the query). What counts is how the areas of two clusters overlap, seen from the query;
the factors enter by their mean over the keys of a kind, a mean field.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from refutable.model.reduced.clock import State
from refutable.model.setting import Setting
from refutable.model.shapes import Array, Float, Int
from refutable.model.trajectory import QueryKind

OfPatches = Int[Array, "P"]

GLOBAL, OWN, OTHER = range(3)
LOCAL_THERE, GLOBAL_THERE = range(2)


LARGEST_COUPLED_P = 10_000
"""Largest P at which it is looked at how areas overlap; e^Υ is then 1 up to (log P)/C_n."""


class Overlap(NamedTuple):
    """Where the keys of a query lie in another cluster, averaged over queries and other clusters.

    keys: (3, 2, 3) shares of its keys of every kind (global, own, other) by what the query is there
    (local, global) and their kind there. query: (2,) how often it is local and global there.
    """

    keys: Float[Array, "3 2 3"]
    query: Float[Array, "2"]


def is_coupled(setting: Setting) -> bool:
    """Whether clusters have partitions of their own, in a placement that is laid out.

    Beyond LARGEST_COUPLED_P areas are taken to overlap as independent ones do, by their sizes:
    alike for keys of every kind, so that the factors cancel in the softmax.
    """
    return setting.K > 1 and not setting.shared_partition and setting.P <= LARGEST_COUPLED_P


@functools.lru_cache(maxsize=32)
def overlap(setting: Setting, query: QueryKind, size: int) -> Overlap:
    """Over all pairs of clusters, for queries of a kind in the first, in an area of that size."""
    keys, elsewhere, queries = np.zeros((3, 2, 3)), np.zeros(2), 0
    for here, there in itertools.permutations(setting.area_of, 2):
        chosen = ((here == 0) == (query == "global")) & (setting.area_sizes[here] == size)
        kind = np.where(there == 0, GLOBAL_THERE, LOCAL_THERE)[chosen]
        elsewhere += np.bincount(kind, minlength=2)
        queries += len(kind)
        for a, (total, own, crowd) in enumerate(_keys_by_kind(setting, here, there)):
            found = np.stack([crowd, own, total - own - crowd])[:, chosen]
            shares = found / np.maximum(total, 1)[chosen]
            for place in (LOCAL_THERE, GLOBAL_THERE):
                keys[a, place] += shares[:, kind == place].sum(axis=1)
    return Overlap(keys / max(queries, 1), elsewhere / max(queries, 1))


def _keys_by_kind(
    setting: Setting, here: OfPatches, there: OfPatches
) -> Iterator[tuple[OfPatches, OfPatches, OfPatches]]:
    """The keys of every patch as a query by kind here (global, own, other): (P,) each.

    How many there are, and how many of them lie in its own and in the global area there. The query
    is no key of its areas, and one in the global area has no further global area.
    """
    sizes, N = setting.area_sizes, setting.areas
    local, local_there = here != 0, there != 0
    _, cell, number = np.unique(here * N + there, return_inverse=True, return_counts=True)
    both = number[cell]  # in the query's areas of both clusters
    own_and_global = np.bincount(here[there == 0], minlength=N)[here] * local_there
    global_and_own = np.bincount(there[here == 0], minlength=N)[there] * local
    globals_ = int(((here == 0) & (there == 0)).sum()) * (local & local_there)
    crowd, own = sizes[0] * local, sizes[here] - 1
    yield crowd, global_and_own, globals_
    yield own, both - 1, own_and_global
    yield (
        setting.P - 1 - own - crowd,
        sizes[there] - both - global_and_own,
        sizes[0] * local_there - own_and_global - globals_,
    )


def with_other_clusters(
    setting: Setting, seen: Overlap, state: State, local: State, global_: State
) -> list[float]:
    """A query's state with the position correlations that it has in all clusters together.

    local, global_: the states of a local and of a global query, as which it is met elsewhere.
    """
    others = setting.K - 1
    _, _, _, on_global, on_own, on_other, on_self, *_ = local
    _, _, _, _, own, other, self_, *_ = global_
    weights = np.exp([(on_global, on_own, on_other), (0.0, own, other)])
    factors = np.tensordot(seen.keys, weights, 2)
    phi_1, phi_n, phi_m, ups_1, ups_n, ups_m, ups_p, *further = state
    joint = others * np.log(np.where(factors > 0, factors, 1.0))
    alone = others * np.log(seen.query @ np.exp([on_self, self_]))
    by_kind = joint.tolist()
    further[1::2] = [ups + by_kind[OTHER] for ups in further[1::2]]
    return [
        phi_1, phi_n, phi_m,
        ups_1 + by_kind[GLOBAL], ups_n + by_kind[OWN], ups_m + by_kind[OTHER], ups_p + float(alone),
        *further,
    ]  # fmt: skip
