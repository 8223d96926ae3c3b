"""Several heads: what a loss asks of a model is true of them."""

from __future__ import annotations

import pytest

from refutable.claims.comparison.heads import OBJECTIVES, Averaged, one_head
from refutable.model import losses
from refutable.model.setting import Setting
from refutable.model.trajectory import Objective


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_parameters_are_the_matrices_of_the_heads_alone(objective: Objective) -> None:
    """Weight decay counts every parameter; the head that all start from is none of them."""
    one = one_head(Setting.of_sizes(9, 3, 2), objective)
    several = Averaged(one, 3)
    assert isinstance(several, losses.Model)
    assert [Q.shape for Q in several.parameters()] == 3 * [one.Q.shape]
