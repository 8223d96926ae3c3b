"""Files: what `claims new` writes, from the templates beside this module."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
from pathlib import Path
from typing import Any

from refutable.errors import UsageError
from refutable.records.baseline import DAYS
from refutable.starting.conversion import converted

HERE = Path(__file__).parent
PROJECT = {
    "pyproject.toml": "pyproject.toml.txt",
    "claims.toml": "baseline.toml.txt",
    ".github/workflows/claims.yml": "workflow.yml.txt",
}
"""What a project has beside its claims, by the template that it comes from."""


def started(name: str, folder: Path, *, tests: Path | None, project: bool) -> list[Path]:
    """Write a file of claims, or a project around one, and say what was written.

    name: a Python identifier. tests: a file of tests that are to become claims, in place of the
    template. UsageError for another name, what is there already, and tests without `@given`.
    """
    if not name.isidentifier() or not name.isascii():
        raise UsageError(
            f"a file of claims is imported by its name, and {name!r} is none in Python"
        )
    home = folder / name if project else folder
    texts = {f"{name}.py": _claims(name, tests)}
    if project:
        texts |= {path: _template(template, name) for path, template in PROJECT.items()}
        if tests is not None:  # there is nothing in it that fails on purpose
            texts["claims.toml"] = "".join(texts["claims.toml"].partition("\n\n")[:1]) + "\n"
    there = [home / path for path in texts if (home / path).exists()]
    if there:
        raise UsageError(f"{there[0]} is there already, and is left as it is")
    for path, text in texts.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text, encoding="utf-8")
    return [home / path for path in texts]


def requirement() -> str:
    """How a project names this tool: by the commit of the repository that it was installed from."""
    origin = _origin()
    if origin is None or "vcs_info" not in origin:
        return "refutable"
    commit = origin["vcs_info"]
    return f"refutable @ {commit['vcs']}+{origin['url']}@{commit['commit_id']}"


def out_of_reach() -> str | None:
    """The folder that the tool was installed from, which no other machine has; None otherwise."""
    origin = _origin()
    return str(origin["url"]) if origin is not None and "dir_info" in origin else None


def _origin() -> dict[str, Any] | None:
    """Where the tool was installed from, unless from an index, as PEP 610 has it written down."""
    try:
        text = importlib.metadata.distribution("refutable").read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:  # run from where it lies
        return None
    return None if text is None else dict(json.loads(text))


def _claims(name: str, tests: Path | None) -> str:
    if tests is None:
        return _template("theorem.py.txt", name)
    if not tests.is_file():
        raise UsageError(f"there is no file {tests} of tests")
    return converted(tests.read_text(encoding="utf-8"), name, tests.name)


def _template(file: str, name: str) -> str:
    text = (HERE / file).read_text(encoding="utf-8")
    last = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=DAYS)
    text = text.replace("REQUIREMENT", requirement())
    text = text.replace("DISTRIBUTION", name.replace("_", "-").strip("-"))
    return text.replace("THEOREM", name).replace("EXPIRES", last.isoformat())
