"""Steps are those of torch's own optimisers, to the last bit."""

from __future__ import annotations

import pytest
import torch

from refutable.model.steps import Adam, GradientDescent


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("rate", [0.1, -0.1])
def test_steps_are_those_of_torch(momentum: float, rate: float) -> None:
    """Two tensors at two rates; a negative rate ascends."""
    torch.manual_seed(0)
    starts = [torch.randn(4, 3, dtype=torch.float64) for _ in range(2)]
    ours, theirs = ([start.clone().requires_grad_() for start in starts] for _ in range(2))
    descent = GradientDescent(zip(ours, (rate, 2 * rate), strict=True), momentum=momentum)
    groups = [
        {"params": [tensor], "lr": abs(own)}
        for tensor, own in zip(theirs, (rate, 2 * rate), strict=True)
    ]
    known = torch.optim.SGD(groups, lr=1.0, momentum=momentum, maximize=rate < 0)
    for _ in range(5):
        for optimiser, (x, y) in ((descent, ours), (known, theirs)):
            optimiser.zero_grad()
            ((x**2).sum() * (y + 1).exp().mean()).backward()
            optimiser.step()
    for mine, other in zip(ours, theirs, strict=True):
        assert torch.equal(mine, other)


def test_what_has_no_gradient_stays() -> None:
    x = torch.ones(2, requires_grad=True)
    descent = GradientDescent([(x, 0.1)])
    descent.step()
    assert x.tolist() == [1.0, 1.0]


def test_adam_is_that_of_torch() -> None:
    """Two tensors at two rates."""
    torch.manual_seed(0)
    starts = [torch.randn(4, 3, dtype=torch.float64) for _ in range(2)]
    ours, theirs = ([start.clone().requires_grad_() for start in starts] for _ in range(2))
    adam = Adam(zip(ours, (0.1, 0.02), strict=True))
    known = torch.optim.Adam(
        [{"params": [x], "lr": rate} for x, rate in zip(theirs, (0.1, 0.02), strict=True)]
    )
    for _ in range(9):
        for optimiser, (x, y) in ((adam, ours), (known, theirs)):
            optimiser.zero_grad()
            ((x**2).sum() * (y + 1).exp().mean()).backward()
            optimiser.step()
    for mine, other in zip(ours, theirs, strict=True):
        assert torch.equal(mine, other)
