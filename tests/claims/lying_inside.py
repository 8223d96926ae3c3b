"""What floats of the reduced dynamics may be off by, and laws of a local query up to T_½."""

from __future__ import annotations

from refutable.claims.mae.for_every_size import LocalQuery
from refutable.model.trajectory import Trajectory
from refutable.prove.majorant import Majorant

INTEGRATOR = 3e-7
"""What the floats of the reduced dynamics may be off by (relative tolerance 1e-9 a step)."""


def inside(bound: Majorant, off: float) -> bool:
    return off <= float(bound.value) * (1 + 1e-9) + INTEGRATOR


def assert_small_ones_lie_inside(query: LocalQuery, run: Trajectory) -> None:
    assert run.half
    before = run.log_t <= run.half.log_t
    for law, path in (
        (query.global_moved, run.phi_global),
        (query.small.phi_other, run.phi_other),
        (query.small.upsilon_own, run.upsilon_own),
        (query.small.upsilon_global, run.upsilon_global),
        (query.small.upsilon_other, run.upsilon_other),
        (query.global_over_own, run.rate_global / run.rate_own),
    ):
        assert inside(law, float(abs(path[before]).max()))
