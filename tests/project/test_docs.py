"""The documentation covers what there is: every claim, every command, and links that resolve."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from refutable import check, claims
from refutable.cli import VERBS
from refutable.reports import mathematics

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"\]\(([^)#:]+\.md)(?:#[^)]*)?\)")


def _generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    return _generate()


@pytest.fixture(scope="module")
def pages(generate: ModuleType) -> dict[str, str]:
    """Every page of the site as Markdown, by its path under docs/."""
    written = {
        path.relative_to(DOCS).as_posix(): generate.filled(path.read_text(encoding="utf-8"))
        for path in DOCS.rglob("*.md")
    }
    made: dict[str, str] = generate.pages()
    assert not written.keys() & made.keys()
    return written | made


def test_every_claim_has_a_page_that_says_how_it_is_attacked(pages: dict[str, str]) -> None:
    for claim in claims.CLAIMS:
        page = pages[f"claims/{claim.id}.md"]
        assert "<math" in page
        assert "<code>" not in page  # every formula was understood
        for kind in claim.legs:
            assert f"\n### {kind.value}\n" in page
        assert page.count("(`") >= len(claim.mistakes)
        for other in claim.rests_on:
            assert f"]({other}.md)" in page
            assert f"]({claim.id}.md)" in pages[f"claims/{other}.md"]
        assert f"]({claim.id}.md)" in pages["claims/index.md"]


def test_every_command_is_shown(pages: dict[str, str]) -> None:
    for name in VERBS:
        assert f"Usage: claims {name} " in pages["command-line.md"]


def test_what_is_not_checked_and_what_was_wrong_is_told(pages: dict[str, str]) -> None:
    for what in claims.NOT_CHECKED:
        assert what in pages["limits.md"]
    for claim in claims.CLAIMS:
        if claim.original_of:
            assert f"](claims/{claim.id}.md)" in pages["limits.md"]


def test_the_run_in_the_readme_counts_the_claims_and_legs_that_there_are() -> None:
    """Its cases and closeness are those of a run, which no test makes."""
    count = len(claims.CLAIMS)
    originals = sum(claim.original_of is not None for claim in claims.CLAIMS)
    legs = sum(check.runs(leg, "quick") for claim in claims.CLAIMS for leg in claim.legs.values())
    said = (
        f"\n{count} claims: {count} hold ({originals} by refuting a statement's first form).\n"
        f"{legs} legs of evidence, "
    )
    assert said in (ROOT / "README.md").read_text(encoding="utf-8")


def test_links_and_navigation_resolve(generate: ModuleType, pages: dict[str, str]) -> None:
    for path, text in pages.items():
        for link in LINK.findall(text):
            target = os.path.normpath(os.path.join(os.path.dirname(path), link))
            assert target in pages, f"{path} links to {link}"
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    named = set(re.findall(r": (\S+\.md)$", nav, re.MULTILINE))
    assert named <= pages.keys()


def test_every_documented_object_exists() -> None:
    names = [
        name
        for path in DOCS.rglob("*.md")
        for name in re.findall(r"^::: (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert "refutable.claim" in names
    for name in names:
        importlib.import_module(name)


def test_an_unknown_mark_is_refused(generate: ModuleType) -> None:
    with pytest.raises(KeyError):
        generate.filled("<!-- no-such-mark -->")


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"a \text{ if } b", [("math", "a "), ("text", " if "), ("math", " b")]),
        (r"x_{\text{own}}", [("math", r"x_{\text{own}}")]),
        ("for $x<1$ only", [("text", "for "), ("math", "x<1"), ("text", " only")]),
        (r"\left(a\text{ or }b\right)", [("math", r"\left(a\text{ or }b\right)")]),
        (r"\{1\}\text{ set}", [("math", r"\{1\}"), ("text", " set"), ("math", "")]),
    ],
)
def test_a_statement_is_text_and_mathematics(latex: str, expected: list[mathematics.Piece]) -> None:
    assert list(mathematics.pieces(latex)) == expected


@pytest.mark.parametrize("latex", [r"\frac{a", r"\unknowncommand x", "a<script>", "$<b>$ & <i>"])
def test_a_formula_that_is_not_understood_is_shown_as_text(latex: str) -> None:
    shown = str(mathematics.mathml(latex))
    for tag in ("<script>", "<b>", "<i>"):
        assert tag not in shown
    assert "<math" in shown or "<code>" in shown


def test_the_site_builds_without_a_warning_and_fetches_nothing(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="the docs extra is not installed: make docs")
    pytest.importorskip("mkdocstrings", reason="the docs extra is not installed: make docs")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for page in (tmp_path / "site").rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|img|link)[^>]+(?:src|href)="?(https?:[^">]+)', page.read_text("utf-8")
        )
        assert not loaded, page
