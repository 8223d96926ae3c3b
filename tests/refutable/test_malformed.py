"""Files that are not what they should be are one line that says so; nothing breaks half-way."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from refutable import replay
from refutable.auditing import answers, margins
from refutable.auditing.atlas import Atlas
from refutable.catalogue import Catalogue
from refutable.claim import Claim, Context, Provenance
from refutable.errors import UsageError
from refutable.gap import Gap, equal
from refutable.records import baseline, compare
from refutable.records.documents import plain, put
from refutable.records.results import Results
from refutable.reports import atlas as atlas_report
from refutable.reports import console, difference, folder, html

HUGE = "9" * 400


def a_claim() -> Claim:
    claim = Claim(id="a", title="t", statement="x", provenance=Provenance.DERIVED)

    @claim.leg("exact")
    def leg(context: Context) -> Iterator[Gap]:
        yield equal("one", 1, 1, 0, "whole numbers")

    return claim


CATALOGUE = Catalogue([a_claim()])

READERS: dict[str, Callable[[Path], object]] = {
    "results.json": Results.read,
    "atlas.json": Atlas.read,
    "questions.json": answers.read_answers,
    "phases.json": answers.read_maps,
    "margins.toml": margins.read,
    "baseline.toml": lambda path: baseline.read(path, CATALOGUE.entries()),
}

BYTES = {
    "empty": b"",
    "white": b" \n\t",
    "BOM": b'\xef\xbb\xbf{"schema_version": 1}',
    "UTF-16": '{"schema_version": 1}'.encode("utf-16"),
    "latin-1": b'{"caf\xe9": 1}',
    "NUL": b"\0" * 100,
    "binary": bytes(range(256)),
    "cut off": b'{"schema_version": 1, "run": {"id": "',
    "two": b"{} {}",
    "list": b"[1]",
    "number": b"1",
    "null": b"null",
    "text": b'"text"',
    "NaN": b'{"schema_version": NaN}',
    "infinite": b'{"schema_version": -Infinity}',
    "too large": b'{"schema_version": 1e999}',
    "twice": b'{"schema_version": 1, "schema_version": 1}',
    "deep list": b"[" * 100_000,
    "deep object": b'{"a":' * 100_000,
    "deep TOML": b"a = " + b"[" * 100_000,
    "400 digits": b'{"schema_version": ' + HUGE.encode() + b"}",
    "10,000 digits": b"[" + HUGE.encode() * 25 + b"]",
    "surrogate": b'{"schema_version": "\\ud800"}',
    "true": b'{"schema_version": true}',
    "TOML huge": b"[a]\nb = " + HUGE.encode(),
    "TOML inf": b"[a]\nb = inf",
    "TOML date": b"[a]\nb = 9999-99-99",
    "TOML again": b"[a]\n[a]\n",
    "TOML text": b'a = "b"',
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("content", BYTES)
def test_bytes_that_make_no_document_are_refused(name: str, content: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(BYTES[content])
    if name.endswith("toml") and content in ("empty", "white"):
        assert READERS[name](file) == {}  # an empty file of TOML says nothing
        return
    if name == "margins.toml" and content in ("list", "10,000 digits"):
        assert READERS[name](file) == {}  # an empty table of TOML
        return
    with pytest.raises(UsageError) as refused:
        READERS[name](file)
    assert name in str(refused.value)
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_is_refused_and_not_waited_for(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    os.mkfifo(path)
    with pytest.raises(UsageError, match="a device or a pipe"):
        READERS[name](path)
    path.unlink()
    path.mkdir()
    with pytest.raises(UsageError, match="a folder"):
        READERS[name](path)
    path.rmdir()
    path.symlink_to(path)
    with pytest.raises(UsageError, match="symbolic links"):
        READERS[name](path)


def valid_results() -> dict[str, Any]:
    """Results with everything in them, as JSON."""
    claim = a_claim()
    gap = {
        "name": "one", "measured": 1.5, "predicted": 1.0, "relation": "equal", "tolerance": 0.1,
        "why": "w", "holds": False, "closeness": 5.0, "false_alarm": 0.0,
        "certificate": {
            "by": "z3", "negated": "x < 0", "assumptions": ["x > 0"], "sums": "", "reductions": [],
            "variables": {"x": "r"}, "resource": {"rlimit": 3},
        },
    }  # fmt: skip
    series = {
        "name": "s", "x_label": "log P", "is_log": True, "x": [1.0, 2.0, 3.0],
        "measured": [1.0, 2.0, 3.0], "predicted": [1.0, 2.0, 3.0], "residuals": [0.1, 0.01, 0.0],
        "judged_from": 2.0, "settled_from": 2.0, "exponent": 1.0, "exponent_half_width": 0.1,
        "constant": 1.0, "constant_half_width": 0.1, "drift": 0.0,
    }  # fmt: skip
    failure = {
        "type": "ValueError", "message": "m", "file": "f.py", "line": 3, "traceback": "t\nu",
        "configuration": {"P": 3},
    }  # fmt: skip
    leg = {
        "kind": "exact", "grade": "proved", "verdict": "fails", "seconds": 1.0, "cases": 3,
        "regimes": {"far": 2}, "gaps": [gap], "series": [series], "witness": {"x": [1, {"y": 2}]},
        "note": "n", "remarks": ["r"], "expected": ["e"], "scope": "P <= 3", "failure": failure,
    }  # fmt: skip
    claim_ = {
        "id": claim.id, "title": "t", "statement": "x", "measured": "", "provenance": "derived",
        "paper": None, "assumptions": ["h"], "rests_on": [], "verdict": "fails", "blocked_by": [],
        "legs": [leg], "chapter": "c", "remarks": ["r"],
        "tables": [{"title": "t", "columns": ["a"], "rows": [[1.0]], "note": "n"}],
        "accepted": {"verdict": "fails", "legs": ["exact"], "gaps": {"exact": ["one"]},
                     "reason": "r", "expires": "2026-01-01"},
    }  # fmt: skip
    run = {
        "id": "0", "started": "2026-01-01T00:00:00+00:00", "seconds": 1.0, "seed": 0,
        "profile": "quick", "command": "claims verify", "select": ["a"], "modules": ["m.py"],
        "environment": {"python": "3"},
    }  # fmt: skip
    totals = {"claims": 1, "legs": 1, "cases": 3, "verdicts": {"fails": 1}, "false_alarm": 0.0}
    return {"schema_version": 1, "run": run, "claims": [claim_, claim_ | {"id": "b"}],
            "totals": totals, "not_checked": {"x": "y"}}  # fmt: skip


RESULTS = Results.model_validate(valid_results())


def valid_atlas() -> dict[str, Any]:
    """An atlas with a pair for every verdict, as JSON."""
    dial = {"name": "d", "assumption": "h", "title": "t", "source": "s", "enters": "e",
            "scanned": [0.0, 1.0], "labels": {"0": "off"}}  # fmt: skip
    trial = {"value": 0.0, "outcome": "holds", "foreseen": "holds", "seeds": 1, "failing": 0,
             "gap": None, "note": "n"}  # fmt: skip
    pair = {
        "claim": "a", "dial": "d", "assumption": "h", "measured": "m", "verdict": "breaks",
        "holds_to": 0.0, "breaks_at": 1.0, "confidence": 1.0, "trials": [trial, trial],
        "witness": {"base": {}, "dials": {"d": 1.0}, "seed": 3}, "note": "n", "seconds": 1.0,
    }  # fmt: skip
    totals = {"pairs": 1, "trials": 1, "foreseen": 1, "agreeing": 1, "verdicts": {"breaks": 1}}
    return {"schema_version": 1, "run": valid_results()["run"], "totals": totals,
            "dials": [dial, dial | {"name": "e"}],
            "pairs": [pair, pair | {"verdict": "robust", "dial": "e"}]}  # fmt: skip


VALID_ANSWERS = [
    {"question": "q", "sentences": ["s"], "columns": ["a", "b"], "rows": [["x", 1]],
     "command": "c", "histogram": [["l", 3]]},
]  # fmt: skip


def valid_maps() -> list[dict[str, Any]]:
    return [
        {"name": "m", "claim": "a", "title": "t", "x_label": "x", "y_label": "y",
         "value_label": "v", "x": [1.0, 2.0], "y": [1.0, 2.0], "values": [[0.0, None], [1.0, 2.0]],
         "boundary": [[1.0, 1.0]], "boundary_label": "b",
         "trained": [{"x": 1.0, "y": 1.0, "measured": 0.5, "holds": True}], "trained_label": "t",
         "logarithmic": ["x"]},
    ]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of everything in a document."""
    if path:
        yield path
    items: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield from places(item, (*path, key))


NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 10**25, int(HUGE), 1.5, -1e308, 1e-320, "", "x", "\ud800", "a",
    "../../x", "b", "\n\x1b[2J", [], [[]], {}, {"x": 1}, [1, 2], ["a", "a"], "holds", "fails", 
    "exact", "error", "nan", "inf", "breaks", "robust", "9" * 5000,
)  # fmt: skip


def damaged(draw: Any, valid: Any) -> Any:
    """A document with some of its parts replaced, removed or said twice."""
    document = copy.deepcopy(valid)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(document)) or [()]))
        holder = document
        for key in path[:-1]:
            holder = holder[key]
        what = draw(st.sampled_from(("replace", "replace", "replace", "remove", "double")))
        if not path:
            continue
        if what == "replace":
            holder[path[-1]] = copy.deepcopy(draw(st.sampled_from(NASTY)))
        elif what == "remove":
            del holder[path[-1]]
        elif isinstance(holder, list):
            holder.append(copy.deepcopy(holder[path[-1]]))
    return document


many = hypothesis.settings(max_examples=120)


def stored(folder_: str, name: str, document: Any) -> Path:
    return put(Path(folder_) / name, json.dumps(document))


@many
@given(st.data())
def test_damaged_results_are_refused_or_shown(data: st.DataObject) -> None:
    document = damaged(data.draw, valid_results())
    with tempfile.TemporaryDirectory() as place:
        path = stored(place, "results.json", document)
        try:
            results = Results.read(path)
        except UsageError:
            return
        folder.write(results, Path(place), [*folder.FORMATS, "latex"])
        console.show(results, Console(file=io.StringIO(), width=100))
        changed = compare.compare(results, results)
        difference.markdown(changed)
        results.write(path)
        assert plain(Results.read(path)) == plain(results)
        repr(results), results.to_html(), replay._legs(path)


@many
@given(st.data())
def test_a_damaged_atlas_is_refused_or_shown(data: st.DataObject) -> None:
    document = damaged(data.draw, valid_atlas())
    with tempfile.TemporaryDirectory() as place:
        path = stored(place, "atlas.json", document)
        try:
            atlas = Atlas.read(path)
        except UsageError:
            return
        folder.write_atlas(atlas, Path(place))
        html.page(RESULTS, Path(place))
        atlas_report.show(atlas, Console(file=io.StringIO()))
        list(margins.shrunk(atlas, {("a", "d"): 0.5}))
        repr(atlas), atlas.to_html(), margins.text(atlas)
        with contextlib.suppress(UsageError):
            replay._breaks(path)


@many
@given(st.data())
def test_damaged_answers_and_maps_are_refused_or_shown(data: st.DataObject) -> None:
    atlas = Atlas.model_validate(valid_atlas())
    with tempfile.TemporaryDirectory() as outer:
        place = os.path.join(outer, "in")
        os.mkdir(place)
        if data.draw(st.booleans()):
            stored(place, "questions.json", damaged(data.draw, VALID_ANSWERS))
        else:
            stored(place, "phases.json", damaged(data.draw, valid_maps()))
        with contextlib.suppress(UsageError):
            folder.write_atlas(atlas, Path(place))
        assert os.listdir(outer) == ["in"]  # nothing lies beside the folder


def test_an_answer_without_a_histogram_is_shown() -> None:
    answers = [{**VALID_ANSWERS[0], "histogram": []}]
    with tempfile.TemporaryDirectory() as place:
        stored(place, "questions.json", answers)
        folder.write_atlas(Atlas.model_validate(valid_atlas()), Path(place))
        assert "Questions that reviewers ask" in Path(place, "audit.html").read_text("utf-8")


def test_valid_documents_are_shown() -> None:
    """What the tests above damage is sound."""
    Results.model_validate(valid_results())
    Atlas.model_validate(valid_atlas())
    with tempfile.TemporaryDirectory() as place:
        stored(place, "questions.json", VALID_ANSWERS)
        stored(place, "phases.json", valid_maps())
        folder.write_atlas(Atlas.model_validate(valid_atlas()), Path(place))
        names = {"atlas.json", "atlas.csv", "audit.md", "phase-m.svg"}
        assert names <= set(os.listdir(place))
