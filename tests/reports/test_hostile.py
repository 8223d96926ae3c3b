"""Whatever a claim, an exception or a file says stays text, in every report.

One strategy of nasty texts fills every field of a record that holds text; each format is then read
by a reader of its own kind, which must find the texts and nothing else.
"""

from __future__ import annotations

import csv
import html as htmllib
import io
import itertools
import json
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import cmarkgfm
import hypothesis
import pytest
from cmarkgfm.cmark import Options
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from refutable import text as texts
from refutable.auditing.answers import Answer, PhaseMap, Trained
from refutable.auditing.atlas import (
    Atlas,
    AtlasTotals,
    DialRecord,
    Margin,
    Outcome,
    PairRecord,
    TrialRecord,
)
from refutable.claim import Kind, Provenance, Verdict
from refutable.gap import Relation
from refutable.records import compare
from refutable.records.counting import ALLOWABLE, Counting
from refutable.records.documents import plain, put
from refutable.records.results import (
    Acceptance,
    ClaimRecord,
    FailureRecord,
    GapRecord,
    LegRecord,
    Results,
    Run,
    TableRecord,
    Totals,
)
from refutable.reports import (
    annotations as workflow,
)
from refutable.reports import (
    appendix,
    audit_page,
    console,
    difference,
    escaping,
    folder,
    graph,
    html,
    junit,
    latex,
    markdown,
    mathematics,
    phase_figure,
    spreadsheet,
    terminal,
)
from refutable.reports import (
    atlas as atlas_report,
)

NASTY = (
    "\ud800", "\udcff", "\x00", "\x1b[2J", "\x1b]0;owned\x07", "\x9b31m", "\x7f", "\u2028",
    "\u2029", "\x85",
    "\x0b", "\x0c", "\r", "\n", "\r\n", "\t", "\u202e", "\u2066", "\u200b", "\ufeff",
    "\ufffe", "\U000e0001", "\n::stop-commands::x", "::error::", "##[group]", "%0A", "%", ",", ":",
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "=cmd|' /C calc'!A0", "|", "\\|", "\\",
    "`", "``", "```\n", "~~~\n", "<b>", "</td>", "<script>alert(1)</script>",
    "<img src=x onerror=y>", "</title>", "</pre>", "</code>", "-->", "<!--", "]]>", "<![CDATA[",
    "&amp;", "&#0;", "&", '"', "'",
    "[x](javascript:alert(1))", "![x](//evil.example)", "<https://evil.example>", "[1]: //evil",
    "https://evil.example", "www.evil.example", "me@evil.example", "@user", "#1", "GH-2", "$x$",
    "$", "$\\frac{", "# h", "- l", "1. l", "> q", "===", "---", "* * *", "[red]", "[/]", "[/red]",
    "[link=//x]", ":smile:", "{{ 7*7 }}", "{% raw %}", "{", "}", "\\input{x}", "\\end{longtable}",
    "^", "_x_",
    "**x**", "~~x~~", "\\newcommand{\\a}{b}", "\\text{<script>}", "\\href{javascript:x}{y}",
    'click n0 href "x"', "end", "é", "λ ≥ ½", "漢字", "🙂", "a\u0301", " ", "  ", "x" * 300, "",
)  # fmt: skip

PIECES = st.one_of(st.sampled_from(NASTY), st.characters(), st.sampled_from("ab1 "))
TEXTS = st.lists(PIECES, min_size=1, max_size=4).map("".join)
MANY = st.lists(TEXTS, min_size=9, max_size=9)
few = hypothesis.settings(max_examples=60)


def results_of(found: list[str]) -> Results:
    """A claim with every verdict, each text in every place that can hold one."""
    said = itertools.cycle(found)
    claims = tuple(_claim(verdict, said) for verdict in Verdict)
    return Results(
        run=_run(said),
        claims=claims,
        totals=Totals(
            claims=6, legs=6, cases=1, verdicts=dict.fromkeys(Verdict, 1), false_alarm=0.0
        ),
        not_checked={next(said): next(said)},
    )


def _run(said: Iterator[str]) -> Run:
    return Run(
        id="0", started="2026-01-01T00:00:00+00:00", seconds=1.0, seed=0, profile="quick",
        command=next(said), select=(next(said),), modules=(next(said),),
        environment={next(said): next(said)},
    )  # fmt: skip


def _claim(verdict: Verdict, said: Iterator[str]) -> ClaimRecord:
    gap = GapRecord(
        name=next(said), measured=next(said), predicted=next(said), relation=Relation.IDENTICAL,
        tolerance=0.0, why=next(said), holds=verdict is Verdict.HOLDS, closeness=None,
        false_alarm=0.0,
    )  # fmt: skip
    failure = FailureRecord(
        type="ValueError", message=next(said), file=next(said), line=3, traceback=next(said),
        configuration={next(said): next(said)},
    )  # fmt: skip
    leg = LegRecord(
        kind=Kind.EXACT, grade=Kind.EXACT.grade, verdict=verdict, gaps=(gap,),
        regimes={next(said): 1}, witness={next(said): next(said)}, note=next(said),
        not_run_reason=next(said), remarks=(next(said),), expected=(next(said),), scope=next(said),
        failure=failure,
    )  # fmt: skip
    table = TableRecord(
        title=next(said), columns=(next(said),), rows=((next(said),),), note=next(said)
    )
    accepted = Acceptance(
        verdict=verdict, legs=(Kind.EXACT,), gaps={Kind.EXACT: (next(said),)},
        reason=next(said), expires=next(said),
    )  # fmt: skip
    return ClaimRecord(
        id=f"claim.{verdict.value}", title=next(said), statement=next(said), measured=next(said),
        provenance=Provenance.DERIVED, paper=next(said), assumptions=(next(said),), rests_on=(),
        verdict=verdict, blocked_by=(next(said),), legs=(leg,), tables=(table,),
        accepted=accepted if verdict is Verdict.VACUOUS else None, chapter=next(said),
        remarks=(next(said),),
    )  # fmt: skip


def atlas_of(found: list[str]) -> Atlas:
    """A pair of claim and dial for every verdict of an audit."""
    said = itertools.cycle(found)
    dials = tuple(
        DialRecord(
            name=f"dial-{i}", assumption=next(said), title=next(said), source=next(said),
            enters=next(said), scanned=(0.0, 1.0), labels={"0": next(said), "1": next(said)},
        )
        for i in range(2)
    )  # fmt: skip
    trial = TrialRecord(value=0.0, outcome=Outcome.HOLDS, seeds=1, failing=0, note=next(said))
    pairs = tuple(
        PairRecord(
            claim=f"claim.{margin.value}", dial=dial.name, assumption=next(said),
            measured=next(said), verdict=margin, holds_to=0.0, breaks_at=1.0, trials=(trial,),
            note=next(said), witness={"base": next(said)},
        )
        for margin in Margin
        for dial in dials
    )  # fmt: skip
    totals = AtlasTotals(pairs=len(pairs), trials=1, verdicts=dict.fromkeys(Margin, 1))
    return Atlas(run=_run(said), dials=dials, pairs=pairs, totals=totals)


def answer_of(found: list[str]) -> Answer:
    said = itertools.cycle(found)
    return Answer(
        question=next(said), sentences=(next(said), next(said)), columns=(next(said), next(said)),
        rows=((next(said), 1), (next(said), 0.5)), command=next(said),
        histogram=((next(said), 3), (next(said), 0)),
    )  # fmt: skip


def map_of(found: list[str]) -> PhaseMap:
    said = itertools.cycle(found)
    return PhaseMap(
        name="a-map", claim=next(said), title=next(said), x_label=next(said), y_label=next(said),
        value_label=next(said), x=(0.0, 1.0), y=(0.0, 1.0), values=((0.0, None), (1.0, 2.0)),
        boundary=((0.0, 0.0), (1.0, 1.0)), boundary_label=next(said),
        trained=(Trained(x=0.0, y=1.0, holds=True), Trained(x=1.0, y=0.0, holds=False)),
        trained_label=next(said),
    )  # fmt: skip


def unseen(text: str, keep: str = "\n") -> set[str]:
    """Characters that a terminal or an editor would not show as what they are."""
    return {
        c for c in text if not c.isprintable() and c not in keep and unicodedata.category(c) != "Zs"
    }


# ------------------------------------------------------------------------------------- terminals

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def on_terminal(show: object, width: int = 120) -> str:
    """What is written to a terminal that knows colours, without the colours."""
    file = io.StringIO()
    screen = Console(file=file, width=width, force_terminal=True, color_system="truecolor")
    show(screen)
    return COLOUR.sub("", file.getvalue())


@few
@given(MANY, st.sampled_from([20, 80, 300]))
def test_a_terminal_is_told_nothing(found: list[str], width: int) -> None:
    results = results_of(found)
    shown = on_terminal(lambda screen: console.show(results, screen), width)
    shown += on_terminal(lambda screen: atlas_report.show(atlas_of(found), screen), width)
    other = results_of(found[1:] + found[:1])
    changed = compare.compare(results, other)
    shown += on_terminal(lambda screen: difference.show(changed, screen), width)
    assert not unseen(shown)


@few
@given(TEXTS)
def test_no_word_is_taken_for_a_style(text: str) -> None:
    shown = on_terminal(lambda screen: screen.print(terminal.said(text)), 4000)
    assert shown.strip() == texts.line(text, terminal.LONGEST).strip()


# -------------------------------------------------------------------------------------- Markdown

OWN_TAGS = {
    "h1", "h2", "h3", "p", "strong", "code", "table", "thead", "tbody", "tr", "th", "td", "ul",
    "li", "details", "summary", "pre",
}  # fmt: skip


class Read(HTMLParser):
    """Tags and attributes of a page, and the text of elements of a kind."""

    def __init__(self, kind: str) -> None:
        super().__init__(convert_charrefs=True)
        self.kind, self.inside = kind, 0
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag == self.kind:
            self.inside += 1
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside -= tag == self.kind

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.found[-1] += data


def read(page: str, kind: str = "td") -> Read:
    reader = Read(kind)
    reader.feed(page)
    reader.close()
    return reader


def rendered(page: str, kind: str = "td") -> Read:
    """A page of Markdown as GitHub makes HTML of it; tags in it are taken as they are."""
    return read(cmarkgfm.github_flavored_markdown_to_html(page, Options.CMARK_OPT_UNSAFE), kind)


@few
@given(MANY)
def test_markdown_shows_text(found: list[str]) -> None:
    results = results_of(found)
    page = markdown.summary(results)
    assert not unseen(page)
    assert not re.search("<(?!/?(?:details|summary|pre|code)>|!-- -->)", page)
    seen = rendered(page)
    assert set(seen.tags) <= OWN_TAGS
    assert {name for name, _ in seen.attributes} <= {"align", "lang"}
    rows = [seen.found[i : i + 6] for i in range(0, 36, 6)]
    assert [row[0] for row in rows] == [claim.id for claim in results.claims]
    assert [row[1] for row in rows] == [texts.line(claim.title) for claim in results.claims]
    assert [row[2].split()[1].strip(",") for row in rows] == [v.value for v in Verdict]


@few
@given(MANY)
def test_a_difference_in_markdown_shows_text(found: list[str]) -> None:
    changed = compare.compare(results_of(found), results_of(found[1:] + found[:1]))
    page = difference.markdown(changed)
    assert not unseen(page)
    seen = rendered(page)
    assert set(seen.tags) <= OWN_TAGS
    assert not seen.attributes


@few
@given(MANY)
def test_the_page_of_an_audit_shows_text(found: list[str]) -> None:
    page = audit_page.page(atlas_of(found), [answer_of(found)], [map_of(found)])
    assert not unseen(page)
    seen = rendered(page)
    assert set(seen.tags) <= OWN_TAGS | {"img"}
    assert {(n, v) for n, v in seen.attributes if n == "src"} == {("src", "phase-a-map.svg")}
    assert {name for name, _ in seen.attributes} <= {"align", "src", "alt"}
    answer = answer_of(found)
    cells = [texts.line(str(row[0])).strip() for row in answer.rows]
    assert [cell.strip() for cell in seen.found[0:4:2]] == cells


@few
@given(TEXTS)
def test_a_line_of_markdown_is_the_text_wherever_it_stands(text: str) -> None:
    for before, after in (("", ""), ("- ", ""), ("| h |\n|---|\n| ", " |"), ("## ", "")):
        for how in (escaping.markdown, escaping.code):
            shown = how(text)
            seen = rendered(f"{before}{shown}{after}\n", "table" if "---" in before else "p")
            assert set(seen.tags) <= OWN_TAGS
            assert not seen.attributes
    [paragraph] = rendered(f"x {escaping.markdown(text)} x", "p").found
    assert paragraph == f"x {texts.line(text)} x".replace("x  x", "x  x")


@few
@given(MANY)
def test_a_mermaid_graph_is_one_label_a_claim(found: list[str]) -> None:
    results = results_of(found)
    lines = graph.mermaid(results).split("\n")
    labels = [line for line in lines if '"' in line]
    assert len(labels) == len(results.claims)
    assert not set(escaping.mermaid(found[0])) & set("\"'`<>[](){}|\\\n\r&")


# -------------------------------------------------------------------------------------------- CI


@few
@given(MANY)
def test_a_runner_gets_one_command_a_line(found: list[str]) -> None:
    results = results_of(found)
    lines = list(workflow.lines(results, Counting(allowed=frozenset(ALLOWABLE))))
    assert len(lines) == 5  # all but not-run
    for line, claim in zip(lines, results.claims, strict=False):
        parts = re.fullmatch(r"::(error|warning) title=([^:,\n\r]*)::([^\n\r]*)", line)
        assert parts
        assert not unseen(line)
        said = parts[3].replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
        assert said.split("\n")[0] == texts.visible(claim.title, keep="\n").split("\n")[0]


@few
@given(MANY)
def test_junit_is_xml_1_0(found: list[str]) -> None:
    results = results_of(found)
    document = junit.junit(results)
    document.encode("utf-8")
    suite = ET.fromstring(document)[0]
    assert [case.get("name") for case in suite] == [claim.id for claim in results.claims]
    [failure] = suite[1]
    title = results.claims[1].title.replace("\r\n", "\n").replace("\r", "\n")
    assert failure.get("message") == "fails: " + texts.visible(title, keep="\n\t")


# ------------------------------------------------------------------------------------------ data


def as_it_was(cell: str) -> str:
    """A cell without the apostrophe that keeps a spreadsheet from computing it."""
    return cell[1:] if re.match(r"'+\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|'+[\t\r\n]", cell) else cell


NUMBER = re.compile(r"[-+]?(\d+(/\d+)?|\d*\.?\d+\.?(e[-+]?\d+)?|inf|nan)", re.IGNORECASE)


@few
@given(MANY)
def test_a_spreadsheet_computes_nothing(found: list[str]) -> None:
    results = results_of(found)
    for text in (spreadsheet.results_csv(results), spreadsheet.atlas_csv(atlas_of(found))):
        assert not unseen(text, "\n\r\t")
        for row in csv.reader(io.StringIO(text, newline="")):
            for cell in row:
                assert NUMBER.fullmatch(cell) or not re.match(r"\s*[=+\-@＝＋－＠]|[\t\r\n]", cell)
    rows = list(csv.DictReader(io.StringIO(spreadsheet.results_csv(results), newline="")))
    names = [texts.visible(leg.gaps[0].name, "\t\r\n") for c in results.claims for leg in c.legs]
    assert [as_it_was(row["gap"]) for row in rows] == names
    assert [bool(row["grade"]) for row in rows] == [v is Verdict.HOLDS for v in Verdict]


@pytest.mark.parametrize("text", ["-inf", "-1/3", "-1.5e-3", "+2", "-0.0", "inf", "nan"])
def test_numbers_stay_numbers_in_a_spreadsheet(text: str) -> None:
    assert escaping.cell(text) == text
    assert escaping.cell(-1.5) == -1.5


@few
@given(MANY)
def test_results_are_stored_as_they_are(found: list[str]) -> None:
    """Strict JSON in UTF-8, nothing unseen in it, and every text as it was."""
    for record in (results_of(found), atlas_of(found)):
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "stored.json"
            record.write(path)
            text = path.read_bytes().decode("utf-8")
            assert not unseen(text)
            assert json.loads(text) == plain(record)
            assert type(record).read(path) == record
            assert [file.name for file in Path(place).iterdir()] == ["stored.json"]


# ----------------------------------------------------------------------------------------- pages


@few
@given(MANY)
def test_the_page_shows_text(found: list[str]) -> None:
    results = results_of(found)
    page = html.page(results)
    page.encode("utf-8")
    assert not unseen(page, "\n\t" + mathematics._OPERATORS)
    assert page.count("<script>") == page.count("</script>") == 1
    seen = read(page, "summary")
    known = {name for name, _ in seen.attributes}
    assert not {name for name in known if name.startswith("on") or name in ("src", "style")} - {
        "style"
    }
    links = {value for name, value in seen.attributes if name == "href"}
    assert all(link.startswith("#") for link in links)
    assert seen.tags.count("details") >= 6
    heads = [head for head in seen.found if head.startswith("claim.")]
    assert len(heads) == 6
    for head, claim in zip(heads, results.claims, strict=True):
        assert texts.visible(claim.title, "\n\t") in head


@few
@given(TEXTS)
def test_a_statement_brings_in_no_mark_up(text: str) -> None:
    shown = str(mathematics.mathml(text))
    seen = read(shown, "math")
    allowed = r"math|m(row|i|o|n|text|space|s|frac|sqrt|root|style|error|padded|phantom|sub|sup)"
    allowed += r"|msubsup|munder|mover|munderover|mtable|mtr|mtd|mlabeledtr|menclose|p|code"
    assert all(re.fullmatch(allowed, tag) for tag in seen.tags)
    ET.fromstring(f"<x>{htmllib.unescape('')}{shown}</x>")
    assert {name for name, _ in seen.attributes} <= mathematics._ATTRIBUTES | {"class"}


@few
@given(MANY)
def test_audit_html_shows_text(found: list[str]) -> None:
    page = html.audit(atlas_of(found), Path(found[0]), [answer_of(found)])
    page.encode("utf-8")
    assert not unseen(page, "\n\t")
    assert page.count("<script>") == page.count("</script>") == 1
    seen = read(page, "summary")
    assert not {name for name, _ in seen.attributes if name.startswith("on") or name == "src"}
    links = {value for name, value in seen.attributes if name == "href"}
    assert all(link.startswith("#") for link in links)
    assert seen.tags.count("details") == len(Margin) * 2 - 2  # what cannot be tried is left out


@few
@given(MANY)
def test_a_notebook_shows_text(found: list[str]) -> None:
    results = results_of(found)
    pages = [results.to_html(), atlas_of(found).to_html(), results.claims[1].to_html()]
    for page in pages:
        page.encode("utf-8")
        seen = read(page)
        assert set(seen.tags) <= {"p", "table", "thead", "tbody", "tr", "th", "td", "div", "style"}
        assert not unseen(page)


@hypothesis.settings(max_examples=12)
@given(MANY)
def test_a_picture_shows_text(found: list[str]) -> None:
    picture = phase_figure.svg(map_of(found))
    root = ET.fromstring(picture.encode("utf-8"))
    assert not [e for e in root.iter() if e.tag.endswith(("script", "foreignObject", "}a"))]
    assert not unseen(picture)


SAFE = re.compile(
    r"\\(textbackslash|textasciitilde|textasciicircum|ensuremath|mathrm|frac|cdot|times|pm|to|infty"
    r"|le|ge|neq|approx|in|sum|surd|emptyset|dots|char34|texttt|allowbreak|alpha|beta|gamma|delta"
    r"|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|varsigma|sigma|tau|upsilon|phi|chi"
    r"|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega)(?![a-zA-Z])"
    r"|\\[{}$&#%_]"
)


@few
@given(TEXTS)
def test_latex_reads_text_as_text(text: str) -> None:
    shown = latex.escape(text)
    rest = SAFE.sub("", shown)
    assert "\\" not in rest
    assert not unseen(shown)
    inside = re.sub(r"\\[{}]", "", shown)
    depth = list(itertools.accumulate((c == "{") - (c == "}") for c in inside))
    assert not depth or (min(depth) >= 0 and depth[-1] == 0)
    assert not set(re.sub(r"\\ensuremath\{[<>|]\}", "", shown)) & set("$&#%~|<>\n\r") - set(
        "".join(re.findall(r"\\[$&#%]", shown))
    )
    assert not unseen(appendix.verdicts(results_of([text])))


@few
@given(MANY)
def test_every_format_is_written(found: list[str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        written = folder.write(results_of(found), Path(place), [*folder.FORMATS, "latex"])
        assert all(path.read_bytes().decode("utf-8") for path in written)
        put(Path(place) / "text", found[0])
