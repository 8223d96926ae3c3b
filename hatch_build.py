"""The build: the paper's folders at the top of the repository are installed below `refutable`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDERS = ("claims", "model", "reports")


class CustomBuildHook(BuildHookInterface[Any]):
    """Put the folders where they are imported; an editable install follows the links instead."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it builds a wheel."""
        if version == "standard":
            root = Path(self.root)
            build_data["force_include"] |= {
                str(root / name): f"refutable/{name}" for name in FOLDERS
            }
