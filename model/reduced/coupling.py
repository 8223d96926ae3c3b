"""Coupling: clusters of different partitions meet through the positions, which they share.

In cluster k a key weighs e^{υ_b} more for every other cluster k′, b its kind there (global, own or
other area of the query). What counts is how the areas of two clusters overlap, seen from the query;
the factors enter by their mean over the keys of a kind, a mean field.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from refutable.model.reduced.clock import State
from refutable.model.setting import LARGEST_EXPLICIT_P, Setting
from refutable.model.trajectory import QueryKind, Series

GLOBAL, OWN, OTHER = range(3)
LOCAL_THERE, GLOBAL_THERE = range(2)


class Overlap(NamedTuple):
    """Where the keys of a query lie in another cluster, averaged over queries and other clusters.

    keys: (3, 2, 3) shares of its keys of every kind (global, own, other) by what the query is there
    (local, global) and their kind there. query: (2,) how often it is local and global there.
    """

    keys: Series
    query: Series


def is_coupled(setting: Setting) -> bool:
    """Whether clusters have partitions of their own, in a placement that can be laid out.

    Beyond LARGEST_EXPLICIT_P areas overlap as independent ones do, by their sizes: alike for keys
    of every kind, so that the factors cancel in the softmax.
    """
    return setting.K > 1 and not setting.shared_partition and setting.P <= LARGEST_EXPLICIT_P


@functools.lru_cache(maxsize=32)
def overlap(setting: Setting, query: QueryKind, size: int) -> Overlap:
    """Over all pairs of clusters, for queries of a kind in the first, in an area of that size."""
    keys, found, weight = np.zeros((3, 2, 3)), np.zeros(2), np.zeros(3)
    for first, here in enumerate(setting.area_of):
        for second, there in enumerate(setting.area_of):
            if first == second:
                continue
            shared = np.zeros((setting.areas, setting.areas))  # patches in areas i here, j there
            np.add.at(shared, (here, there), 1.0)
            for i, j in zip(*np.nonzero(shared), strict=True):
                if (i == 0) != (query == "global") or setting.area_sizes[i] != size:
                    continue
                queries, kind = shared[i, j], GLOBAL_THERE if j == 0 else LOCAL_THERE
                found[kind] += queries
                for a, row in enumerate(_keys_by_kind(shared, int(i), int(j))):
                    if total := row.sum():
                        crowd = row[0] if j else 0.0
                        share = np.array([crowd, row[j], total - row[j] - crowd]) / total
                        keys[a, kind] += queries * share
                        weight[a] += queries
    return Overlap(keys / np.maximum(weight, 1)[:, None, None], found / found.sum())


def _keys_by_kind(shared: Series, i: int, j: int) -> tuple[Series, Series, Series]:
    """Global, own and other keys of a query in areas i and j, by their area there: (N,) each."""
    own, everyone = shared[i].copy(), shared.sum(axis=0)
    own[j] -= 1  # the query is no key of its areas
    everyone[j] -= 1
    crowd = shared[0] if i else np.zeros_like(own)
    return crowd, own, everyone - own - crowd


def with_other_clusters(
    setting: Setting, seen: Overlap, state: State, local: State, global_: State
) -> list[float]:
    """A query's state with the position correlations that it has in all clusters together.

    local, global_: the states of a local and of a global query, as which it is met elsewhere.
    """
    others = setting.K - 1
    _, _, _, *positions = local
    _, _, _, _, own, other, self_ = global_
    weights = np.exp([positions[:3], (0.0, own, other)])
    factors = np.tensordot(seen.keys, weights, 2)
    phi_1, phi_n, phi_m, ups_1, ups_n, ups_m, ups_p = state
    joint = others * np.log(np.where(factors > 0, factors, 1.0))
    alone = others * np.log(seen.query @ np.exp([positions[3], self_]))
    by_kind = joint.tolist()
    return [
        phi_1, phi_n, phi_m,
        ups_1 + by_kind[GLOBAL], ups_n + by_kind[OWN], ups_m + by_kind[OTHER], ups_p + float(alone),
    ]  # fmt: skip
