"""Catalogue: claims gathered from modules in order, checked as a whole, selected by words."""

from __future__ import annotations

import fnmatch
import graphlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType

from refutable.claim import Claim, Kind, claims_made
from refutable.errors import MissingPackageError, UsageError, nearest, said
from refutable.records import contents
from refutable.records.contents import Entry
from refutable.selection import Selection

DEFAULT_SOURCES = ("refutable.claims",)
"""The sources that are meant when no others are named."""


class Catalogue:
    """Claims by id, in the order given; a claim given by its entry is loaded when it is asked for.

    Raises UsageError when two claims share an id, a claim rests on an unknown one, claims rest on
    each other in a circle, or a claim has no leg.
    """

    def __init__(self, claims: Iterable[Claim | Entry]) -> None:
        self._claims: dict[str, Claim | Entry] = {}
        for claim in claims:
            if claim.id in self._claims:
                raise UsageError(f"two claims have the id {claim.id!r}")
            if not claim.legs:
                raise UsageError(f"claim {claim.id!r} has no leg of evidence")
            self._claims[claim.id] = claim
        for claim in self._claims.values():
            for other in claim.rests_on:
                self._require(other, f"claim {claim.id!r} rests on {other!r}")
            if claim.original_of:
                other = claim.original_of
                self._require(other, f"claim {claim.id!r} refutes the first form of {other!r}")
        try:
            self.order = tuple(self._sorter().static_order())
        except graphlib.CycleError as problem:
            circle = " -> ".join(problem.args[1])
            raise UsageError(f"claims rest on each other in a circle: {circle}") from problem

    def _require(self, id: str, what: str) -> None:
        if id not in self._claims:
            hint = nearest(id, self._claims)
            raise UsageError(f"{what}, which is not in the catalogue.{hint}")

    def _sorter(self) -> graphlib.TopologicalSorter[str]:
        return graphlib.TopologicalSorter(
            {id: claim.rests_on for id, claim in self._claims.items()}
        )

    def __iter__(self) -> Iterator[Claim]:
        return (self[id] for id in tuple(self._claims))

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all claims, in the order given."""
        return tuple(self._claims)

    def __len__(self) -> int:
        return len(self._claims)

    def __getitem__(self, id: str) -> Claim:
        found = self._known(id)
        if isinstance(found, Claim):
            return found
        try:
            claim = found.load()
        except MissingPackageError as problem:
            claim = found.without(problem)
        self._claims[id] = claim
        return claim

    def _known(self, id: str) -> Claim | Entry:
        try:
            return self._claims[id]
        except KeyError:
            hint = nearest(id, self._claims)
            raise UsageError(f"there is no claim {id!r}.{hint} `claims list` shows all.") from None

    def entry(self, id: str, *, placed: bool = True) -> Entry:
        """What is known of a claim without loading it; UsageError as for the claim.

        placed: whether its file and line are looked for, when they are not known.
        """
        found = self._known(id)
        return found if isinstance(found, Entry) else Entry.of(found, placed=placed)

    def entries(self) -> dict[str, Entry]:
        """What is known of every claim, by id, in order."""
        return {id: self.entry(id) for id in self.order}

    @property
    def is_indexed(self) -> bool:
        """Whether some claims are known by their entries alone."""
        return any(isinstance(claim, Entry) for claim in self._claims.values())

    def rests_on(self, id: str) -> tuple[str, ...]:
        """The ids that a claim rests on."""
        return self._known(id).rests_on

    def select(self, words: Sequence[str]) -> list[tuple[Claim, tuple[Kind, ...]]]:
        """Claims that a selection names, each with the kinds of legs selected; all without words.

        As `pick`, and loads these claims and no others.
        """
        return [(self[id], kinds) for id, kinds in self.pick(words)]

    def pick(self, words: Sequence[str]) -> list[tuple[str, tuple[Kind, ...]]]:
        """Ids that a selection names, each with the kinds of legs selected; all without words.

        A word is an id, an id with globs, `kind:K` or `provenance:P`, combined as in Selection.
        UsageError for a word that names nothing, or when nothing is left.
        """
        selection = Selection.parse(words)
        if not self._claims:
            raise UsageError("CLAIMS is empty: there is nothing to check")
        for pattern in selection.patterns:
            if not fnmatch.filter(self._claims, pattern):
                hint = nearest(pattern, self._claims)
                raise UsageError(f"no claim matches {pattern!r}.{hint} `claims list` shows all.")
        picked = [
            (id, selection.legs(id, claim.kinds, claim.provenance))
            for id, claim in self._claims.items()
        ]
        chosen = [(id, kinds) for id, kinds in picked if kinds]
        if not chosen:
            raise UsageError(f"the selection {' '.join(words)!r} matches no claim")
        return chosen


def load(sources: Sequence[str]) -> Catalogue:
    """The claims of modules: dotted names, or paths of Python files.

    Those of its `CLAIMS`, or all that the module makes where it has no such list.

    Of a package with an index that is up to date, chapters are imported when they are asked for.
    UsageError when a source cannot be imported or defines no CLAIMS.
    """
    return Catalogue(
        claim for source in sources for claim in _indexed(source) or _claims_of(source)
    )


_loaded: dict[tuple[str, ...], Catalogue] = {}


def loaded(sources: Sequence[str]) -> Catalogue:
    """As `load`, made once in a process that works for one run."""
    sources = tuple(sources)
    if sources not in _loaded:
        _loaded[sources] = load(sources)
    return _loaded[sources]


def not_checked(sources: Sequence[str]) -> dict[str, str]:
    """What modules say that they leave out, with the reason: their NOT_CHECKED."""
    found: dict[str, str] = {}
    for source in sources:
        stated = getattr(module_of(source), "NOT_CHECKED", {})
        if not isinstance(stated, Mapping):
            raise UsageError(f"NOT_CHECKED of {source!r} must map what is left out to the reason")
        found |= {str(what): str(reason) for what, reason in stated.items()}
    return found


def main(sources: Sequence[str]) -> tuple[str, ...]:
    """Ids of the claims that modules put first when a reader has one minute: their MAIN."""
    found = [str(id) for source in sources for id in getattr(module_of(source), "MAIN", ())]
    return tuple(dict.fromkeys(found))


def unlisted(sources: Sequence[str]) -> list[str]:
    """Ids of claims that the sources define, and that are missing from their CLAIMS.

    A package defines what the loaded modules below it define. A claim that is named, or stands in
    a list, in such a module counts as well as one that was made there and dropped.
    """
    own_sources = [source for source in sources if not _indexed(source)]
    listed = [claim for source in own_sources for claim in _claims_of(source)]
    names = [module_of(source).__name__ for source in own_sources]
    own = {
        name: module
        for name, module in list(sys.modules.items())
        if name in names or name.startswith(tuple(f"{package}." for package in names))
    }
    others = [
        claim
        for name, module in list(sys.modules.items())
        if name not in own
        for claim in _claims_in(getattr(module, "__dict__", {}).get("CLAIMS"))
    ]
    made = [claim for module, claim in claims_made() if module in own]
    named = [
        claim
        for module in own.values()
        for value in list(getattr(module, "__dict__", {}).values())
        for claim in _claims_in(value)
    ]
    ids = {claim.id for claim in listed}
    legs = [claim.legs for claim in [*listed, *others]]  # a copy of a claim shares its legs
    return sorted(
        {
            str(claim.id)
            for claim in [*made, *named]
            if claim.id not in ids and not any(claim.legs is known for known in legs)
        }
    )


def _claims_in(value: object) -> Iterator[Claim]:
    """A claim that a name stands for, or those in its list, tuple, set or dict."""
    if type(value) is dict:
        value = list(value.values())
    if isinstance(value, list | tuple | set | frozenset):
        yield from (item for item in value if isinstance(item, Claim))
    elif isinstance(value, Claim):
        yield value


def _indexed(source: str) -> tuple[Entry, ...] | None:
    file = getattr(module_of(source), "__file__", None)
    return contents.indexed(Path(file).parent) if file and Path(file).stem == "__init__" else None


_listed: dict[str, tuple[Claim, ...]] = {}
"""What the CLAIMS of a loaded module held, by its name: an iterator can be read only once."""


def _claims_of(source: str) -> tuple[Claim, ...]:
    module = module_of(source)
    if module.__name__ not in _listed:
        listed = "CLAIMS" in vars(module) or hasattr(module, "__getattr__")
        made = [claim for maker, claim in claims_made() if maker == module.__name__]
        if not listed and not made:
            raise UsageError(f"{source!r} defines no CLAIMS, an iterable of Claim")
        try:
            found = list(module.CLAIMS) if listed else made
            strange = [type(claim).__name__ for claim in found if not isinstance(claim, Claim)]
        except KeyboardInterrupt:
            raise
        except BaseException as problem:  # whatever a user's module raises, it is their input
            raise UsageError(f"CLAIMS of {source!r} cannot be read: {said(problem)}") from problem
        if strange:
            raise UsageError(
                f"CLAIMS of {source!r} must be an iterable of Claim, and holds a {strange[0]}"
            )
        _listed[module.__name__] = tuple(found)
    return _listed[module.__name__]


def module_of(source: str) -> ModuleType:
    """The module of a source: a dotted name, or the path of a file or of a package's folder.

    A file is imported as `python FILE` runs it, and a package by its name from the folder above:
    what stands beside it can be imported by name. Each is loaded once.
    UsageError when there is no such module, or importing it raises anything or exits.
    """
    path = Path(source)
    if (path / "__init__.py").is_file():
        return _package(source, path.resolve())
    if path.suffix != ".py":
        return _imported(source, lambda: importlib.import_module(source))
    if not path.is_file():
        raise UsageError(f"there is no file {source}")
    path = path.resolve()
    name = path.stem
    loaded = sys.modules.get(name)
    if loaded is not None and getattr(loaded, "__file__", None) == str(path):
        return loaded
    if loaded is not None:
        raise UsageError(f"{source}: a module named {name!r} exists already; rename the file")
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None  # a .py file always has both
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    loader = spec.loader

    def execute() -> ModuleType:
        sys.modules[name] = module  # where a planted mistake's dotted target is looked up
        try:
            loader.exec_module(module)
        except BaseException:
            sys.modules.pop(name, None)
            raise
        return module

    return _imported(source, execute)


def _package(source: str, folder: Path) -> ModuleType:
    """The package in a folder. UsageError when another one has its name."""
    if str(folder.parent) not in sys.path:
        sys.path.insert(0, str(folder.parent))
    found = _imported(source, lambda: importlib.import_module(folder.name))
    if getattr(found, "__file__", None) != str(folder / "__init__.py"):
        raise UsageError(f"{source}: a module named {folder.name!r} exists already; rename one")
    return found


def _imported(source: str, load: Callable[[], ModuleType]) -> ModuleType:
    """What `load` imports; UsageError for whatever it raises instead."""
    try:
        return load()
    except KeyboardInterrupt:
        raise
    except SystemExit as problem:
        raise UsageError(f"{source} exits when it is imported ({said(problem)})") from problem
    except BaseException as problem:  # whatever a user's module raises, it is their input
        raise UsageError(f"cannot import claims from {source!r}: {said(problem)}") from problem
