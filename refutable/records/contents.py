"""Contents: what claims say, known without importing the modules that state them.

A package of claims may hold an index, `index.json` beside its `__init__.py`, so that listing it
loads no chapter and explaining a claim at most one. An index is believed only while every file that
it was made from is as it was; otherwise the claims themselves are imported, which takes longer.

`python -m refutable.records.contents PACKAGE` writes the index of a package whose CHAPTERS are the
modules that define CLAIMS, in order. BESIDE, if the package has it, names folders next to it that
decide what the claims say, too. Write an index again after a change, a merge or a rebase; never
edit it.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from refutable import failure
from refutable.claim import (
    Claim,
    Context,
    Kind,
    LegFunction,
    Profile,
    Provenance,
)
from refutable.errors import DISTRIBUTIONS, MissingPackageError, UsageError
from refutable.evidence import LegResult
from refutable.records.documents import Document, Record

FILE = "index.json"


class LegEntry(Record):
    """A leg. about: the first line of what it says about itself. limit: its own, in seconds."""

    kind: Kind
    profile: Profile
    about: str
    limit: float | None = None


class MistakeEntry(Record):
    """A planted mistake, and the dotted name of what it replaces."""

    title: str
    target: str


class Entry(Record):
    """A claim without its functions.

    module: the module in whose CLAIMS it stands. file, line: where it is stated; in an index, the
    file is relative to what holds the package. tables: how many tables it has, which only the claim
    itself can compute.
    """

    id: str
    title: str
    statement: str
    measured: str
    provenance: Provenance
    paper: str | None
    assumptions: tuple[str, ...]
    rests_on: tuple[str, ...]
    original_of: str | None
    module: str
    file: str
    line: int
    legs: tuple[LegEntry, ...]
    mistakes: tuple[MistakeEntry, ...]
    tables: int
    chapter: str = ""

    @classmethod
    def of(cls, claim: Claim, module: str = "", *, placed: bool = True) -> Entry:
        """The entry of a claim that is loaded. module: that of its first leg unless given.

        placed: whether file and line are looked for, which reads the file; else they are empty.
        """
        file, line = place_of(claim) if placed else ("", 0)
        return cls(
            id=claim.id,
            title=claim.title,
            statement=claim.statement,
            measured=claim.measured,
            provenance=claim.provenance,
            paper=claim.paper,
            assumptions=claim.assumptions,
            rests_on=claim.rests_on,
            original_of=claim.original_of,
            module=module or next(iter(claim.legs.values())).run.__module__,
            file=str(file),
            line=line,
            legs=tuple(
                LegEntry(kind=leg.kind, profile=leg.profile, about=_about(leg.run), limit=leg.limit)
                for leg in claim.legs.values()
            ),
            mistakes=tuple(
                MistakeEntry(title=mistake.title, target=mistake.name) for mistake in claim.mistakes
            ),
            tables=len(claim.tables),
            chapter=claim.chapter,
        )

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of its legs."""
        return tuple(leg.kind for leg in self.legs)

    def load(self) -> Claim:
        """The claim itself: its chapter is imported, and what that needs.

        Raises MissingPackageError when the chapter needs a package that is not installed.
        """
        try:
            claims = importlib.import_module(self.module).CLAIMS
        except ModuleNotFoundError as problem:
            module = (problem.name or "").split(".")[0]
            if module in ("", __name__.split(".")[0]):
                raise
            raise MissingPackageError(DISTRIBUTIONS.get(module, module), self.module) from None
        found: Claim = next(claim for claim in claims if claim.id == self.id)
        return found

    def without(self, missing: MissingPackageError) -> Claim:
        """A claim in its place, each of whose legs says that a package is missing."""

        def run(context: Context) -> LegResult:
            raise MissingPackageError(missing.name or "", self.module)

        claim = Claim(
            id=self.id,
            title=self.title,
            statement=self.statement,
            measured=self.measured,
            provenance=self.provenance,
            paper=self.paper,
            assumptions=self.assumptions,
            rests_on=self.rests_on,
            original_of=self.original_of,
        )
        run.__module__ = self.module
        for leg in self.legs:
            claim.leg(leg.kind, profile=leg.profile)(run)
        return claim


def _about(run: LegFunction) -> str:
    return (inspect.getdoc(run) or "as stated").split("\n")[0]


def place_of_leg(run: LegFunction) -> str | None:
    """Where a leg is written, `file.py:12`."""
    code = getattr(inspect.unwrap(run), "__code__", None)
    return None if code is None else f"{failure.named(code.co_filename)}:{code.co_firstlineno}"


def place_of(claim: Claim) -> tuple[Path, int]:
    """The file and line where a claim is stated; those of its first leg when that is unclear."""
    code = inspect.unwrap(next(iter(claim.legs.values())).run).__code__
    file, line = Path(code.co_filename), code.co_firstlineno
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):  # typed into a notebook, or changed since
        return file, line
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [call for call in calls if any(_is(k.value, claim.id, k.arg) for k in call.keywords)]
    given = [call for call in calls if call.args and _is(call.args[0], claim.id)]
    return file, min((call.lineno for call in named or given), default=line)


def _is(node: ast.expr, id: str, argument: str | None = "id") -> bool:
    return argument == "id" and isinstance(node, ast.Constant) and node.value == id


class Index(Document):
    """The contents of a package of claims, and the files that they were made from.

    folders: beside each other, the package's own first. files: every Python file in them, relative
    to what holds them, with a digest.
    """

    folders: tuple[str, ...]
    files: dict[str, str]
    claims: tuple[Entry, ...]


def index_of(package: ModuleType) -> Index:
    """The index of a package of claims, whose chapters are imported."""
    folder = _folder(package)
    folders = (folder.name, *getattr(package, "BESIDE", ()))
    root = folder.parent
    entries = [
        Entry.of(claim, chapter)
        for chapter in package.CHAPTERS
        for claim in importlib.import_module(chapter).CLAIMS
    ]
    relative = [
        entry.model_copy(update={"file": Path(entry.file).relative_to(root).as_posix()})
        for entry in entries
    ]
    return Index(folders=folders, files=_digests(root, folders), claims=tuple(relative))


def _folder(package: ModuleType) -> Path:
    assert package.__file__ is not None
    return Path(package.__file__).parent


def indexed(package: Path) -> tuple[Entry, ...] | None:
    """The entries of a package's index, when it has one that is up to date."""
    file, root = package / FILE, package.parent
    if not file.is_file():
        return None
    try:
        index = Index.read(file)
    except UsageError:  # damaged, or of another version: the claims themselves are asked
        return None
    if index.files != _digests(root, index.folders):
        return None
    return tuple(
        entry.model_copy(update={"file": str(root / entry.file)}) for entry in index.claims
    )


def _digests(root: Path, folders: Sequence[str]) -> dict[str, str]:
    """A digest of every Python file, whatever its ends of lines."""
    files = sorted(file for folder in folders for file in (root / folder).rglob("*.py"))
    return {
        file.relative_to(root).as_posix(): hashlib.sha256(
            file.read_bytes().replace(b"\r\n", b"\n")
        ).hexdigest()[:16]
        for file in files
    }


if __name__ == "__main__":
    for name in sys.argv[1:]:
        package = importlib.import_module(name)
        index_of(package).write(_folder(package) / FILE)
