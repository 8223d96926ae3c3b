"""The LaTeX table prints every text as it is and compiles whatever claims are called."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refutable import claims
from refutable.check import claim_record
from refutable.claim import Claim, Kind, Provenance, Verdict
from refutable.records.results import Acceptance, LegRecord, Results, Run, Totals
from refutable.reports import latex

HOSTILE = (
    r'\input{/etc/passwd} 100% a_b & $x$ #1 ~^ {<|>} "q" κ_s C_1² Δ→∞ ✓ é \\ 中 —' + "\n\x00\x7f"
)
DOCUMENT = r"""\documentclass{article}
\usepackage{array,booktabs,longtable}
\begin{document}
\input{verdicts}
\end{document}
"""
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
    rows = [line for line in latex.table(EVERYTHING).splitlines() if line.endswith(r"\\[2pt]")]
    assert len(rows) == len(Verdict)
    assert all(len(re.findall(r"(?<!\\)&", row)) == 5 for row in rows)
    assert sum(r"\textbf{" in row for row in rows) == len(Verdict) - 1  # all but the one that holds


def test_titles_of_the_catalogue_need_no_code_points() -> None:
    for found in claims.CLAIMS:
        assert "U+" not in latex.escape(found.title + found.id + (found.paper or ""))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here")
def test_it_compiles(tmp_path: Path) -> None:
    (tmp_path / "verdicts.tex").write_text(latex.table(EVERYTHING), encoding="utf-8")
    (tmp_path / "document.tex").write_text(DOCUMENT)
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "document.tex"],
        cwd=tmp_path,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]


def test_it_is_written_on_request_only(tmp_path: Path) -> None:
    EVERYTHING.write(tmp_path / "results.json")

    def report(*arguments: str) -> list[str]:
        command = [sys.executable, "-m", "refutable", "report", str(tmp_path), *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        return sorted(file.name for file in tmp_path.iterdir())

    assert "verdicts.tex" not in report()
    assert "verdicts.tex" in report("--format", "latex")
