"""The LaTeX table prints every text as it is and compiles whatever claims are called."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from refutable import claims, symbolic
from refutable.auditing.atlas import Atlas, AtlasTotals, DialRecord, Margin, PairRecord
from refutable.check import check_leg, claim_record
from refutable.claim import Claim, Context, Kind, Provenance, Verdict
from refutable.gap import Gap
from refutable.records import certificates
from refutable.records.results import Acceptance, LegRecord, Results, Run, Totals
from refutable.reports import appendix, folder, latex

HOSTILE = (
    r'\input{/etc/passwd} 100% a_b & $x$ #1 ~^ {<|>} "q" κ_s C_1² Δ→∞ ✓ é \\ 中 —' + "\n\x00\x7f"
)
COMMANDS = re.compile(r"\\([A-Za-z]+|.)")
ALLOWED = {
    "textbackslash", "textasciitilde", "textasciicircum", "ensuremath", "mathrm", "char", "texttt",
    "frac", "cdot", "times", "pm", "to", "infty", "le", "ge", "neq", "approx", "in", "sum", "surd",
    "emptyset", "dots", "{", "}", "$", "&", "#", "%", "_",
}  # fmt: skip


def results(*claims: Claim, accepted: bool = False) -> Results:
    records = []
    for claim, verdict in zip(claims, [*Verdict] * len(claims), strict=False):
        leg = LegRecord(kind=Kind.EXACT, grade=Kind.EXACT.grade, verdict=verdict)
        record = claim_record(claim, [leg], ())
        if accepted and verdict is not Verdict.HOLDS:
            why = Acceptance(verdict=verdict, reason=HOSTILE, expires="2026-12-31")
            record = record.model_copy(update={"accepted": why})
        records.append(record)
    return Results(
        run=Run(
            id="0",
            started="2026-01-01T00:00:00+00:00",
            seconds=1.0,
            seed=0,
            profile="quick",
            command=HOSTILE,
            environment={"python": HOSTILE},
        ),
        claims=tuple(records),
        totals=Totals(
            claims=len(records), legs=1, cases=1, verdicts={Verdict.HOLDS: 1}, false_alarm=0.0
        ),
    )


def claim(id: str, title: str) -> Claim:
    return Claim(id=id, title=title, statement="", provenance=Provenance.DERIVED)


EVERYTHING = results(*(claim(f"{verdict}-id", HOSTILE) for verdict in Verdict), accepted=True)


def test_texts_are_printed_as_they_are() -> None:
    assert latex.escape("50 % of C_s & γ") == (
        r"50 \% of \ensuremath{C_{\mathrm{s}}} \& \ensuremath{\gamma}"
    )
    assert latex.escape("κ_s, A_n²") == (
        r"\ensuremath{\kappa_{\mathrm{s}}}, \ensuremath{A_{\mathrm{n}}}\ensuremath{^{2}}"
    )
    assert latex.escape("some_name_here") == r"some\_name\_here"
    assert latex.escape("Ο ο Λ ς 中") == (
        r"\ensuremath{\mathrm{O}} \ensuremath{\mathrm{o}} \ensuremath{\Lambda} "
        r"\ensuremath{\varsigma} \texttt{U+4E2D}"
    )


@given(st.text())
def test_no_text_breaks_out(text: str) -> None:
    """Braces balance, and only known commands are left once the escapes are taken out."""
    escaped = latex.escape(text)
    greek = re.compile(r"\\(var)?[A-Za-z]+")
    for command in COMMANDS.findall(escaped):
        assert command in ALLOWED or greek.fullmatch("\\" + command)
    bare = COMMANDS.sub("", escaped)
    assert not set(bare) & set("#$%&~")
    assert bare.count("{") == bare.count("}")
    assert not re.search("[\x00-\x1f\x7f]", escaped)


def test_every_row_fills_every_column() -> None:
    rows = [
        line for line in appendix.verdicts(EVERYTHING).splitlines() if line.endswith(r"\\[2pt]")
    ]
    assert len(rows) == len(Verdict)
    assert all(len(re.findall(r"(?<!\\)&", row)) == 5 for row in rows)
    assert sum(r"\textbf{" in row for row in rows) == len(Verdict) - 1  # all but the one that holds


def test_titles_of_the_catalogue_need_no_code_points() -> None:
    for found in claims.CLAIMS:
        assert "U+" not in latex.escape(found.title + found.id + (found.paper or ""))


def atlas() -> Atlas:
    """Of one claim under two dials, one of which says nothing."""
    dial = DialRecord(name="d", assumption=HOSTILE, title=HOSTILE, source="s", enters="e",
                      scanned=(0.0, 1.0))  # fmt: skip
    pair = PairRecord(claim="p.x_y+z", dial="d", assumption=HOSTILE, measured="m",
                      verdict=Margin.BREAKS, holds_to=0.0, breaks_at=1.0)  # fmt: skip
    other = {"dial": "e", "verdict": Margin.UNTESTABLE}
    return Atlas(
        run=EVERYTHING.run,
        dials=(dial, dial.model_copy(update={"name": "e"})),
        pairs=(pair, pair.model_copy(update=other)),
        totals=AtlasTotals(pairs=2, trials=2, verdicts={Margin.BREAKS: 1, Margin.UNTESTABLE: 1}),
    )


@pytest.fixture(scope="module")
def decided() -> Results:
    """A run with a claim that is decided."""
    stated = claim("p.x_y+z", HOSTILE)

    @stated.leg("symbolic")
    def identity(context: Context) -> Iterator[Gap]:
        x = sp.Symbol("x", real=True)
        yield symbolic.identity("square", (x + 1) ** 2, x**2 + 2 * x + 1, "expanded")

    record = claim_record(stated, [check_leg(stated, Kind.SYMBOLIC, "quick", 0)], ())
    return EVERYTHING.model_copy(update={"claims": (record, *EVERYTHING.claims)})


@pytest.fixture(scope="module")
def reports(decided: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what LaTeX and Markdown are given."""
    place = tmp_path_factory.mktemp("reports")
    certificates.write(decided, place / certificates.FOLDER)
    atlas().write(place / "atlas.json")
    folder.write(decided, place, ["latex", "markdown"])
    return place


def test_margins_and_certificates_have_files_of_their_own(reports: Path, tmp_path: Path) -> None:
    files = {"verdicts.tex", "margins.tex", "certificates.tex", "claims.sty"}
    assert files <= {path.name for path in reports.iterdir()}
    assert r"\claimfile{certificates/p.x_y+z.symbolic.001.smt2}{1}" in (
        reports / "certificates.tex"
    ).read_text("utf-8")
    margins = (reports / "margins.tex").read_text("utf-8")
    assert "breaks in 0 .. 1" in margins
    assert "untestable" not in margins.partition(r"\toprule")[2]
    there = {path.name for path in folder.write(EVERYTHING, tmp_path, ["latex"])}
    assert there == {"verdicts.tex", "claims.sty"}  # where there is neither


def test_the_first_of_many_scripts_are_named_and_lead_to_where_they_lie(
    decided: Results, tmp_path: Path
) -> None:
    [leg] = certificates.certified(decided)
    [gap] = leg.gaps
    assert gap.certificate is not None
    fourteen = gap.certificate.model_copy(update={"scripts": gap.certificate.scripts * 14})
    leg = dataclasses.replace(leg, gaps=(gap.model_copy(update={"certificate": fourteen}),))
    (tmp_path / certificates.FOLDER).mkdir()
    (tmp_path / certificates.FOLDER / "p.x_y+z.symbolic.002.smt2").touch()
    shown = certificates.listed(leg, tmp_path, lambda name, number: f"<{name} {number}>")
    assert shown == "1, <p.x_y+z.symbolic.002.smt2 2>, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 2 more"


def test_a_script_of_an_odd_name_is_no_link() -> None:
    assert appendix._script(r"a}\input{b.smt2", 3) == "3"


def test_markdown_has_them_too_with_links(reports: Path) -> None:
    page = (reports / "summary.md").read_text("utf-8")
    links = re.findall(r"\[\d+\]\(([^)]*)\)", page)
    assert links == ["certificates/p.x_y%2Bz.symbolic.001.smt2"]
    assert (reports / urllib.parse.unquote(links[0])).is_file()
    assert "◐ breaks in 0 .. 1" in page.partition("## How far assumptions can be bent")[2]


PAPER = r"""\documentclass{article}
\usepackage{array,booktabs,longtable,amsthm}
PREAMBLE
\newtheorem{theorem}{Theorem}
\pdfcompresslevel=0 \pdfobjcompresslevel=0
\begin{document}
\tableofcontents
\section{A heading with \MACRO{p.x_y+z}}
\begin{theorem}[\MACRO{p.x_y+z}]It says $x$.\footnote{\MACRO{p.x_y+z}}\end{theorem}
None: \MACRO{not_there}.
\input{verdicts}\input{margins}\input{certificates}
\end{document}
"""
HYPERREF = r"\usepackage{hyperref}\newcommand{\claimsurl}{https://example.org/a_b/}"


@pytest.mark.parametrize(
    ("preamble", "macro", "links"),
    [
        (r"\usepackage{claims}", "claim", 0),
        (r"\usepackage{claims}\newtheorem{claim}{Claim}", "claimverdict", 0),
        (rf"{HYPERREF}\usepackage{{claims}}", "claim", 4),
        (rf"\usepackage{{claims}}{HYPERREF.replace('new', 'renew')}", "claim", 4),
    ],
)  # fmt: skip
def test_a_paper_with_them_compiles(
    reports: Path,
    tmp_path: Path,
    typeset: Callable[[Path], None],
    preamble: str,
    macro: str,
    links: int,
) -> None:
    r"""Twice, as authors do; \claim leads to its row, and a row of margins too."""
    for path in (*reports.glob("*.tex"), reports / "claims.sty"):
        shutil.copy(path, tmp_path)
    text = PAPER.replace("PREAMBLE", preamble).replace("MACRO", macro)
    paper = tmp_path / "paper.tex"
    paper.write_text(text, encoding="utf-8")
    for _ in range(2):
        typeset(paper)
    log = (tmp_path / "paper.log").read_text("utf-8", "replace")
    assert "There is no verdict on not_there" in log
    assert not re.search(r"does not exist|undefined|multiply defined|Token not allowed", log)
    drawn = (tmp_path / "paper.pdf").read_bytes().decode("latin-1")
    assert len(re.findall(r"/S ?/GoTo ?/D ?\(claims@p\.x_y\+z\)", drawn)) >= links
    address = "https://example.org/a_b/certificates/p.x_y+z.symbolic.001.smt2"
    assert (f"({address})" in drawn) is bool(links)


def test_it_is_written_on_request_only(tmp_path: Path) -> None:
    EVERYTHING.write(tmp_path / "results.json")

    def report(*arguments: str) -> list[str]:
        command = [sys.executable, "-m", "refutable", "report", str(tmp_path), *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        return sorted(file.name for file in tmp_path.iterdir())

    assert "verdicts.tex" not in report()
    assert "verdicts.tex" in report("--format", "latex")
