"""What holds at every moment of a training: what stays equal, and what moves one way."""

from __future__ import annotations

import itertools

from refutable.claims.bent.statement import Gaps
from refutable.gap import at_least, at_most
from refutable.model.bent.observation import Observed
from refutable.model.setting import Setting


def equal_rows(_: Setting, run: Observed) -> Gaps:
    """cl.rank-one."""
    yield at_most(
        "largest distance between two rows of Q over the longest", run.row_spread, 1e-9, 0,
        "float64 error of some hundred steps",
    )  # fmt: skip


def shift_free(_: Setting, run: Observed) -> Gaps:
    """grad.shift."""
    yield at_most(
        "|Σ_q Υ_{p→q}| over the largest |Υ|", run.shift, 1e-9, 0,
        "float64 error of some hundred steps",
    )  # fmt: skip


def never_decreases(_: Setting, run: Observed) -> Gaps:
    """sign.own."""
    yield at_least(
        "smallest change of an own correlation between two looks", run.least_own_step, 0, 1e-9,
        "float64 error",
    )  # fmt: skip


def descends(_: Setting, run: Observed) -> Gaps:
    """loss.descent."""
    rises = max(b - a for a, b in itertools.pairwise(run.loss))
    yield at_most(
        "largest rise of the loss between two looks, over its first value",
        rises / abs(run.loss[0]), 0, 1e-3, "a thousandth, for the noise of fresh samples",
    )  # fmt: skip


def one_phase(_: Setting, run: Observed) -> Gaps:
    """global.one-phase."""
    seen = run.global_.phi_own
    yield at_least(
        "smallest change of Φ_1 between two looks, global queries",
        min(b - a for a, b in itertools.pairwise(seen)), 0, 1e-9, "float64 error",
    )  # fmt: skip


def own_first(_: Setting, run: Observed) -> Gaps:
    """local-.own-first."""
    seen = run.local
    own = [b - a for a, b in itertools.pairwise(seen.phi_own)]
    other = [b - a for a, b in itertools.pairwise(seen.phi_global)]
    yield at_least(
        "smallest change of Φ_n less that of |Φ_1| between two looks",
        min(a - abs(b) for a, b in zip(own, other, strict=True)), 0, 1e-9, "float64 error",
    )  # fmt: skip
