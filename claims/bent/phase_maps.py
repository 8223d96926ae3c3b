"""Phase maps: for two dials at once, where a claim holds.

The background comes from the reduced dynamics or an exact probability at sizes where theirs is the
last word; the line is what the theory predicts; the points are models trained at P of a few dozen.
"""

from __future__ import annotations

from refutable.auditing.answers import PhaseMap
from refutable.claim import Profile
from refutable.claims.bent import maps_of_cl, maps_of_mae


def maps(profile: Profile, seed: int = 0) -> list[PhaseMap]:
    """Every map; profiles other than quick resolve them more finely."""
    return [
        maps_of_mae.exponents(profile, seed),
        maps_of_cl.clusters_and_temperature(profile, seed),
        maps_of_cl.masking_and_size(profile, seed),
        maps_of_cl.spread_and_clusters(profile, seed),
        maps_of_mae.step_and_length(profile, seed),
    ]
