"""Device: where models are trained in torch, on the processor or on a GPU.

What is drawn is drawn on the processor, whatever trains: a seed is the same on every device. Sums
are taken in another order there, so that results agree to rounding and not to the last bit; a run
on a GPU says so among its versions, and continues none that was made without.
"""

from __future__ import annotations

import os

from refutable.errors import UsageError

VARIABLE = "CLAIMS_DEVICE"
"""Environment variable: which device, for this process and all that it starts."""
CPU, CUDA, AUTO = "cpu", "cuda", "auto"


def chosen() -> str:
    """The device of this process, `cpu` or `cuda`. UsageError for another in the environment."""
    named = os.environ.get(VARIABLE) or CPU
    if named not in (CPU, CUDA):
        raise UsageError(f"{VARIABLE} must be {CPU} or {CUDA}, not {named!r}")
    return named


def choose(asked: str) -> None:
    """Have this process, and all that it starts, train on a device: `cpu`, `cuda` or `auto`.

    auto: a GPU where there is one. UsageError for `cuda` where there is none.
    """
    there = asked != CPU and _has_gpu()
    if asked == CUDA and not there:
        import torch

        raise UsageError(
            f"--device cuda: torch {torch.__version__} finds no GPU with CUDA here; "
            "--device auto takes one where there is one"
        )
    os.environ[VARIABLE] = CUDA if there else CPU


def _has_gpu() -> bool:
    """Whether torch finds a GPU, asked without starting CUDA, which no forked process survives."""
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
    import torch

    return torch.cuda.is_available()
