"""What tells small models of the two objectives apart: diversity, locality, reconstruction."""

from __future__ import annotations

import math

from refutable.claims.bent.statement import Gaps
from refutable.claims.comparison.diversity import limit_diversity
from refutable.gap import Gap, at_least, at_most
from refutable.model.bent.observation import Observed
from refutable.model.setting import Setting, SettingError


def diverse(setting: Setting, run: Observed) -> Gaps:
    """contrast.diversity-mae."""
    if math.isnan(run.diversity):
        raise SettingError("one masked patch has no other whose attention could differ")
    limit = limit_diversity(setting)
    yield at_least(
        "attention diversity D of the autoencoder", run.diversity, 0.8 * limit, 0,
        "four fifths of the limit 1 - ΣC_j(C_j-1)/(P(P-1)); own attention is some 0.85 by then",
    )  # fmt: skip


def has_learned(run: Observed) -> Gap:
    """A contrastive model's queries attend to the global area: it has left Q = 0."""
    return at_least(
        "CL: mean attention of local queries to the global area", run.local.global_attention[-1],
        0.5, 0, "an untrained model attends to no area in particular, and contrasts with nothing",
    )  # fmt: skip


def uniform(_: Setting, run: Observed) -> Gaps:
    """contrast.diversity-cl."""
    yield has_learned(run)
    yield at_most(
        "attention diversity D of the contrastive model", run.diversity, 0.05, 0,
        "0 exactly where queries are positions alone, small under the other readings",
    )  # fmt: skip


def local_case(_: Setting, run: Observed) -> Gaps:
    """contrast.locality for one objective."""
    if run.objective == "mae":
        for kind in ("local", "global"):
            yield at_least(
                f"MAE: own-area attention of the worst {kind} patch",
                run.kinds[kind].least_own[-1], 0.5, 0, "tends to 1",
            )  # fmt: skip
    else:
        own = run.local.own_attention
        yield at_most(
            "CL: mean own-area attention of local queries, over that at the start",
            own[-1] / own[0], 0.5, 0, "tends to 0; some 1/10 by then",
        )  # fmt: skip


def reconstructs(_: Setting, run: Observed) -> Gaps:
    """contrast.reconstruction for one objective."""
    share = run.reconstruction / run.blank
    if run.objective == "mae":
        yield at_most(
            "MAE: loss of masked local patches over that of a blank", share, 0.2, 0,
            "(1-A_n)² and the others' squares, some 0.04 by then",
        )  # fmt: skip
    else:
        yield has_learned(run)
        yield at_least(
            "CL: loss of masked local patches over that of a blank", share, 0.9, 0,
            "at least 1 - o(1); 1 + z_1²/z_n² in the limit",
        )  # fmt: skip


def diversity_of_either(setting: Setting, run: Observed) -> Gaps:
    """Diversity, high or low as the objective has it."""
    yield from (diverse if run.objective == "mae" else uniform)(setting, run)
