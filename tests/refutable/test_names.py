"""Names stand in commands, selections and file names; what cannot is refused when it is loaded."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refutable import claims
from refutable import text as texts
from refutable.auditing.dial import Dial
from refutable.claim import Claim, Provenance
from refutable.claims.bent import dials

SOUND = {"id": "a", "title": "t", "statement": "x", "provenance": Provenance.DERIVED}


@pytest.mark.parametrize(
    "id",
    ["", "-x", ".x", "a b", "a\n", "a/b", "../a", "a:b", "a*", "a[b]", "a\x1b[2J", "\ud800", "é",
     "a|b", "=a", "a'b", "x" * 101, "a\u200b", "<b>", 5, None, b"a"],
)  # fmt: skip
def test_an_id_that_cannot_stand_in_a_command_is_refused(id: object) -> None:
    with pytest.raises(ValueError, match="the id of a claim is up to 100 letters"):
        Claim(**(SOUND | {"id": id}))  # type: ignore[arg-type]


def test_names_in_use_are_names() -> None:
    for claim in claims.CLAIMS:
        texts.require_name(claim.id, "an id")
    assert all(texts.is_name(dial.name) for dial in dials.DIALS)
    assert all(map(texts.is_name, ("local+.phase1-length", "odd.separators-true", "thm4.2.local-")))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": None}, "title must be a text"),
        ({"statement": 3}, "statement must be a text"),
        ({"measured": b"x"}, "measured must be a text"),
        ({"paper": 4.1, "provenance": Provenance.STATED}, "paper must be a text or None"),
        ({"provenance": "derived"}, "provenance must be one of Provenance.STATED"),
        ({"provenance": "heard"}, "provenance must be one of Provenance.STATED"),
        ({"assumptions": "abc"}, "assumptions must be a tuple of texts"),
        ({"rests_on": (1,)}, "rests_on must be a tuple of texts"),
        ({"assumptions": ("a\nb",)}, "an assumption is words on one line"),
        ({"assumptions": (" ",)}, "an assumption is words on one line"),
        ({"assumptions": ("\x1b[2J",)}, "an assumption is words on one line"),
    ],
)
def test_a_claim_of_the_wrong_types_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        Claim(**(SOUND | changes))  # type: ignore[arg-type]


def test_a_leg_of_an_unknown_profile_is_refused() -> None:
    claim = Claim(**SOUND)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="profile must be one of quick, full, deep, not 'fulll'"):
        claim.leg("exact", profile="fulll")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "a=b", "a b", "a/b", "\n", "-a", 3])
def test_a_dial_that_cannot_be_set_is_refused(name: object) -> None:
    with pytest.raises(ValueError, match="the name of a dial is up to 100 letters"):
        Dial(name=name, assumption="a", title="t", source="s", enters="d", grid=(0.0, 1.0))  # type: ignore[arg-type]


WORDS = st.lists(st.text(st.characters(exclude_characters="\0")), min_size=1, max_size=3)


@given(WORDS)
def test_a_command_can_be_pasted(words: list[str]) -> None:
    """Words that can be seen are quoted as any shell reads them; nothing else is shown raw."""
    shown = texts.command(words)
    assert texts.visible(shown) == shown
    if all(texts.visible(word) == word for word in words):
        assert shlex.split(shown) == words


def test_bash_reads_back_what_cannot_be_seen() -> None:
    words = [
        "a\nb",
        "tab\t'quoted' \\ back",
        "\x1b[2J",
        "\u2028\u202e",
        "\udcff",
        "é 漢 x",
        "",
        "-x",
    ]
    script = f"printf '%s\\0' {texts.command(words)}"
    told = subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout
    assert told.split(b"\0")[:-1] == [word.encode("utf-8", "surrogateescape") for word in words]


@given(st.text(), st.integers(1, 50))
def test_a_short_text_keeps_both_ends(text: str, most: int) -> None:
    found = texts.short(text, most)
    if len(text) <= most:
        assert found == text
    else:
        left = texts.many(len(text) - most, "character")
        assert f"[{left} more]" in found
        assert found.startswith(text[: (most + 1) // 2])
        assert found.endswith(text[len(text) - most // 2 :])


@given(st.text())
def test_what_is_seen_is_what_prints(text: str) -> None:
    shown = texts.visible(text)
    assert texts.visible(shown) == shown
    assert "\n" not in shown
    assert texts.visible(text, keep="\n").count("\n") == text.count("\n")
    texts.stored(text).encode("utf-8")
