"""Limits: how long a leg may take, and how much memory a process that runs legs may use."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from pathlib import Path

from refutable.claim import Profile
from refutable.errors import UsageError

SECONDS: dict[Profile, float] = {"quick": 30.0, "full": 1800.0, "deep": 21600.0}
"""Seconds that a leg may take where the claim says nothing else, not counting those in which it is
ready to go on and other work has the cores: how busy a machine is makes nothing undecided."""
LONGEST_WAIT = 9.0
"""How long it may wait for a core, as a multiple of its limit: where nothing gets on, it ends."""
LOOKS = 20
"""How often within a limit is asked what it has waited: of a process that it started and that has
ended, only what was seen by then is known. A choice; one look takes some 0.1 ms."""
IMPORT = 50.0
"""Seconds that importing the sources may take."""
FIRST_NOTICE, NEXT_NOTICE = 10.0, 30.0
"""Seconds after which a leg is said to be still running, and between two such lines."""
LONGEST = 12
"""Digits of a number of MiB; with more it is none that a system can be told."""
MEMORY = "CLAIMS_MEMORY_LIMIT"
"""Environment variable: MiB that each process that runs legs may use; 0 for no limit."""


def memory() -> int | None:
    """Bytes that a process may use: as the environment says, or half of what the machine has.

    None where the size of the machine is unknown, or no limit is wanted.
    UsageError when the environment says something else than a whole number of MiB.
    """
    text = os.environ.get(MEMORY)
    if text is not None:
        if not (text.isascii() and text.isdigit()):
            raise UsageError(f"{MEMORY} must be a whole number of MiB, 0 for none, not {text!r}")
        if len(text) > LONGEST:
            raise UsageError(f"{MEMORY} must be a whole number of MiB that a machine may have")
        return int(text) * 2**20 or None
    sizes = [*_of_machine(), *_of_control_group()]
    return min(sizes) // 2 if sizes else None


def _of_machine() -> list[int]:
    try:
        return [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (AttributeError, ValueError, OSError):  # not everywhere, and not every name
        return []


def _of_control_group() -> list[int]:
    """What a container may use; huge numbers stand for no limit."""
    found = []
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            found.append(int(Path(name).read_text(encoding="ascii")))
    return found


def restrict(size: int | None) -> None:
    """Limit this process and its children: memory where the system can, and no core files.

    What counts on Linux is memory that is private and writable, not addresses that are merely
    reserved; an allocation beyond it raises MemoryError. When the machine itself runs out, this
    process goes before its supervisor.
    """
    if sys.platform == "win32":
        return
    resource = importlib.import_module("resource")
    kinds = [("RLIMIT_CORE", 0)]
    if size is not None:
        kinds.append(("RLIMIT_DATA" if sys.platform == "linux" else "RLIMIT_AS", size))
    for name, value in kinds:
        kind = getattr(resource, name)
        _, most = resource.getrlimit(kind)
        if most != resource.RLIM_INFINITY:
            value = min(value, most)
        with contextlib.suppress(ValueError, OSError):  # some systems refuse
            resource.setrlimit(kind, (value, most))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
