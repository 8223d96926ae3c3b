"""The index of this package: `python -m refutable.claims.index` writes it anew.

With it, `claims list` imports no chapter, and `claims explain ID` and `claims verify ID` only those
of their claims. It is out of date as soon as a file of claims/ or model/ changes: then every
chapter is imported, which takes seconds, and a test fails until the index is written again. After a
merge or a rebase write it again, too, and never edit it by hand.
"""

from __future__ import annotations

from pathlib import Path

from refutable import claims
from refutable.records import contents

PACKAGE = Path(claims.__file__).parent


def made() -> contents.Index:
    """The index as it should be; imports every chapter."""
    return contents.index_of(PACKAGE, list(claims.CHAPTERS), beside=("model",))


if __name__ == "__main__":
    made().write(PACKAGE / contents.FILE)
