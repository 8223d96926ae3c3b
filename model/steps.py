"""Steps: gradient descent on tensors, with momentum where it is wanted, and Adam.

The optimisers of torch take the same steps to the last bit (a test compares), and import a compiler
when one is first made, which takes longer than most trainings here.
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


class Adam:
    """Adam with its usual constants, each tensor at a rate of its own; groups as of descent."""

    SHARES = 0.9, 0.999
    """What each step keeps of the mean gradient, and of its mean square."""
    FLOOR = 1e-8
    """Added to the root of the mean square."""

    def __init__(self, groups: Iterable[tuple[Shaped[torch.Tensor, "..."], float]]) -> None:
        self.groups = tuple(groups)
        self._means = [torch.zeros_like(tensor) for tensor, _ in self.groups]
        self._squares = [torch.zeros_like(tensor) for tensor, _ in self.groups]
        self._taken = 0

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for tensor, _ in self.groups:
            tensor.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Take a step; a tensor without a gradient stays."""
        self._taken += 1
        first, second = self.SHARES
        grown = 1 - second**self._taken
        for (tensor, rate), mean, square in zip(
            self.groups, self._means, self._squares, strict=True
        ):
            if tensor.grad is None:
                continue
            mean.lerp_(tensor.grad, 1 - first)
            square.mul_(second).addcmul_(tensor.grad, tensor.grad, value=1 - second)
            spread = (square.sqrt() / grown**0.5).add_(self.FLOOR)
            tensor.addcdiv_(mean, spread, value=-rate / (1 - first**self._taken))
