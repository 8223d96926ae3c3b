"""Help: every verb has examples, which can be run; what `--help` lists is what verbs say."""

from __future__ import annotations

import shlex

import click
import pytest

from refutable import catalogue as catalogues
from refutable.auditing import selection
from refutable.catalogue import Catalogue
from refutable.cli import VERBS, cli, command_of

PAPER = ("refutable.claims",)


def examples(command: click.Command) -> list[str]:
    assert command.epilog
    mark, title, *lines = command.epilog.splitlines()
    assert (mark, title) == ("\b", "Examples:")
    return [line.strip() for line in lines]


EXAMPLES = [line for verb in VERBS for line in examples(command_of(verb))]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return catalogues.load(PAPER)


@pytest.mark.parametrize("verb", VERBS)
def test_the_list_of_verbs_says_what_each_says(verb: str) -> None:
    said = command_of(verb).help or ""
    first = " ".join(said.split("\n\n")[0].split())
    assert first.startswith(VERBS[verb].rstrip("."))


@pytest.mark.parametrize("line", [*EXAMPLES, *examples(cli)])
def test_an_example_can_be_run(line: str, catalogue: Catalogue) -> None:
    """Its options exist, and so do the claims and dials that it names."""
    program, verb, *words = shlex.split(line)
    assert program == "claims"
    context = command_of(verb).make_context(verb, words)
    asked = context.params
    if asked.get("modules"):
        return
    if asked.get("select"):
        catalogue.pick(asked["select"])
    if "claim_id" in asked:
        catalogue.entry(asked["claim_id"])
    if verb == "audit":
        named = asked["select"], asked["assumptions"], asked["dials"]
        plan = selection.Plan.read(selection.plan(PAPER))
        assert all(selection.choose(catalogue, plan, *named, asked["profile"]))
        known = {dial.name for dial in plan.dials}
        assert {word.partition("=")[0] for word in asked["point"]} <= known
