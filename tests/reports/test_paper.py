r"""Claims stand beside the paper: `\claim` prints a verdict, and its theorems are counted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from refutable import equal, leg
from refutable.check import check_leg, claim_record
from refutable.claim import Claim, Kind, Provenance
from refutable.cli import command_of
from refutable.decorators import claim
from refutable.errors import UsageError
from refutable.paper.theorems import theorems
from refutable.records.contents import Entry
from refutable.records.results import Results, Run, Totals
from refutable.reports import folder

SOURCE = r"""\documentclass{article}
\newtheorem{satz}{Satz}[section]
\newtheorem{remark}{Remark}
\begin{theorem}[Rate 100\%]\label{thm:rate}
It converges.
\end{theorem}
Here it is checked: \claim{gd.rate}.
\begin{remark}\claim{gd.rate} No theorem.\end{remark}
% \begin{lemma} commented out \end{lemma}
\begin{satz}
\label{satz:eins}
Starred or not. \claim{gd.none}
\end{satz}
\begin{lemma*}\label{lem:x} Shown nowhere.\end{lemma*}
"""


def stated(id: str, paper: str | None = None) -> Claim:
    provenance = Provenance.STATED if paper else Provenance.DERIVED

    def holds() -> Any:
        yield equal("x", 1, 1)

    made = claim(id, "s", title="t", source=paper, provenance=provenance)
    return made(leg("exact", scope="1")(holds))


class TestTheorems:
    """Which theorems of a source have a claim."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        file = tmp_path / "paper.tex"
        file.write_text(SOURCE, encoding="utf-8")
        return file

    def test_those_that_are_named_in_them_or_by_their_label(self, source: Path) -> None:
        entries = [Entry.of(stated("gd.rate")), Entry.of(stated("gd.x", "lem:x"))]
        found, missing = theorems(source, entries)
        assert not missing
        assert [(t.kind, t.label, t.line, t.claims, t.unknown) for t in found] == [
            ("theorem", "thm:rate", 4, ("gd.rate",), ()),
            ("satz", "satz:eins", 10, (), ("gd.none",)),
            ("lemma", "lem:x", 14, ("gd.x",), ()),
        ]
        assert found[0].title == r"Rate 100\%"

    def test_coverage_is_a_number(self, source: Path, tmp_path: Path) -> None:
        module = tmp_path / "covering_claims.py"
        module.write_text(
            "from refutable import claim, equal, leg\n"
            "claim('gd.rate', 's', title='t')(leg('exact')(lambda: [equal('x', 1, 1)]))\n"
        )
        words = ["--module", str(module), "--paper", str(source)]
        done = CliRunner().invoke(command_of("list"), words)
        lines = done.output.splitlines()
        assert lines[0] == r"line 4: theorem, thm:rate (Rate 100\%): gd.rate"
        assert lines[1] == "line 10: Satz 0.1, satz:eins: no claim"
        assert "    names gd.none, which is no claim of these" in lines
        assert lines[-1] == "1 of 3 theorems has a claim (33%)."
        assert (
            '"label": "lem:x"' in CliRunner().invoke(command_of("list"), [*words, "--json"]).output
        )

    @pytest.mark.parametrize(
        "text", ["", r"\documentclass{article}\begin{document}x\end{document}"]
    )
    def test_a_paper_without_theorems_has_none(self, text: str, tmp_path: Path) -> None:
        (tmp_path / "paper.tex").write_text(text)
        done = CliRunner().invoke(command_of("list"), ["--paper", str(tmp_path / "paper.tex")])
        assert (done.exit_code, done.output) == (0, "0 of 0 theorems have a claim.\n")

    def test_a_source_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="paper"):
            theorems(tmp_path / "paper.tex", [])


def test_the_package_has_the_verdict_of_every_claim(tmp_path: Path) -> None:
    claims = [stated("a.holds"), stated("b_under+score.x-1")]
    records = tuple(
        claim_record(one, [check_leg(one, Kind.EXACT, "quick", 0)], []) for one in claims
    )
    run = Run(id="r", started="2026-01-02T00:00:00Z", seconds=0, seed=0, profile="quick",
              command="c", environment={})  # fmt: skip
    totals = Totals(claims=2, legs=2, cases=2, verdicts={}, false_alarm=0)
    results = Results(run=run, claims=records, totals=totals)
    written = folder.write(results, tmp_path, ["latex"])
    assert [path.name for path in written] == ["verdicts.tex", "claims.sty"]
    text = (tmp_path / "claims.sty").read_text("utf-8")
    assert r"\ProvidesPackage{claims}[2026/01/02 " in text
    defined = dict(re.findall(r"\\csname claims@(\S+?)\\endcsname\{(.*)\}\n", text))
    assert defined == dict.fromkeys(
        ["a.holds", "b_under+score.x-1"], "holds, proved for 1, 2026-01-02"
    )
    assert text.count("{") == text.count("}")
