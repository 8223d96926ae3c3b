"""Examples at the end of a verb's help."""

from __future__ import annotations


def examples(*commands: str) -> str:
    """The epilogue of a click command: these commands, each on a line of its own."""
    return "\n".join(["\b", "Examples:", *(f"  {command}" for command in commands)])
