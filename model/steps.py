"""Steps: gradient descent on tensors, with momentum where it is wanted.

`torch.optim.SGD` takes the same steps to the last bit (a test compares), and imports a compiler
when it is first made, which takes longer than most trainings here.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch

from refutable.model.shapes import Shaped


class GradientDescent:
    """Descends on tensors that require gradients, each at a rate of its own.

    groups: pairs of a tensor and its rate; a negative one ascends. momentum: the share of the last
    step that the next one keeps.
    """

    def __init__(
        self, groups: Iterable[tuple[Shaped[torch.Tensor, "..."], float]], *, momentum: float = 0.0
    ) -> None:
        self.groups, self.momentum = tuple(groups), momentum
        self._moving: dict[int, torch.Tensor] = {}

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for tensor, _ in self.groups:
            tensor.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Take a step; a tensor without a gradient stays."""
        for number, (tensor, rate) in enumerate(self.groups):
            if tensor.grad is None:
                continue
            direction = tensor.grad
            if self.momentum:
                if number in self._moving:
                    self._moving[number].mul_(self.momentum).add_(direction)
                else:
                    self._moving[number] = direction.clone()
                direction = self._moving[number]
            tensor.add_(direction, alpha=-rate)
