r"""Theorems of a paper have the numbers that LaTeX gives them, in all the files that it reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from refutable.claim import Claim, Context, Provenance
from refutable.errors import UsageError
from refutable.gap import Gap, equal
from refutable.paper.theorems import theorems
from refutable.records.contents import Entry
from refutable.records.paper import Theorem

ARTICLE = r"""\documentclass[11pt]{article}
\usepackage{amsmath,amsthm,verbatim}
\newtheorem{theorem}{Theorem}[section]
\newtheorem{lemma}[theorem]{Lemma}
\newtheorem{definition}[theorem]{Definition}
\newtheorem*{main}{Main theorem}
\newtheorem{prop}{Proposition}
\newtheorem{law}{Law}[subsection]
\newcounter{own}[section]
\newtheorem{fact}[own]{Fact}
\newcommand{\oops}[1][x]{\begin{theorem}\label{d:no}#1\end{theorem}}
\newenvironment{twice}{\begin{lemma}}{\end{lemma}}
\begin{document}
\section{One}
\begin{main}\label{m}Unnumbered.\end{main}
\begin{theorem}[Rate, see {[3]}]\label{t:one}$a \iff b$.\end{theorem}
\begin{definition}\label{d:one}Counts, and states nothing.\end{definition}
\begin{lemma}
  \begin{equation}\label{e:one}x\end{equation}
  \label{l:one}
\end{lemma}
\section*{No number}
\begin{theorem}\label{t:two}After a starred section.\end{theorem}
\iffalse\ifx\a\b \begin{theorem}\label{t:off}\end{theorem}\fi\else
\begin{prop}\label{p:one}Not switched off.\end{prop}\fi
\verb|\begin{theorem}\label{t:verb}\end{theorem}|
\begin{verbatim}
\begin{theorem}\label{t:verbatim}\end{theorem}
\end{verbatim}
\begin{comment}
\begin{theorem}\label{t:comment}\end{theorem}
\end{comment}
\input{parts/two}
\include{parts/three}
\input parts/four
% \input{parts/none}
\appendix
\section{Proofs}
\begin{theorem}\label{t:appendix}By letters.\end{theorem}
\renewcommand{\thetheorem}{\Roman{section}--\alph{theorem}}
\begin{lemma}\label{l:letters}Printed otherwise.\end{lemma}
\numberwithin{prop}{section}
\begin{prop}\label{p:late}Within the section.\end{prop}
\end{document}
\begin{theorem}\label{t:after}Never read.\end{theorem}
"""
PARTS = {
    "two": r"""\section{Two}
\setcounter{theorem}{4}
\begin{lemma}\label{l:set}Set.\end{lemma}
\subsection{Inner}
\begin{law}\label{w:one}Within a subsection.\end{law}
\begin{fact}\label{f:one}On a counter of its own.\end{fact}
\endinput
\begin{theorem}\label{t:ended}Not read.\end{theorem}
""",
    "three": r"""\section{Three}\begin{theorem}\label{t:three}In a file.\end{theorem}
\begin{fact}\label{f:two}It starts anew.\end{fact}""",
    "four": r"""\subsection{A}\subsection{B}
\addtocounter{law}{2}\begin{law}\label{w:two}Here.\end{law}
""",
}
EXPECTED = {
    "m": None, "t:one": "1.1", "l:one": "1.3", "t:two": "1.4", "p:one": "1", "l:set": "2.5",
    "w:one": "2.1.1", "f:one": "1", "t:three": "3.1", "f:two": "1", "w:two": "3.2.3",
    "t:appendix": "A.1", "l:letters": "I--b", "p:late": "A.2",
}  # fmt: skip
BOOK = r"""\documentclass{report}
\newtheorem{theorem}{Theorem}[chapter]
\newtheorem{lemma}{Lemma}[section]
\begin{document}
\chapter{One}\section{A}
\begin{theorem}\label{t:one}x\end{theorem}\begin{lemma}\label{l:one}x\end{lemma}
\chapter{Two}\section{B}\section{C}
\begin{theorem}\label{t:two}x\end{theorem}\begin{lemma}\label{l:two}x\end{lemma}
\appendix\chapter{Z}
\begin{theorem}\label{t:three}x\end{theorem}
\end{document}
"""


@pytest.fixture
def article(tmp_path: Path) -> Path:
    (tmp_path / "parts").mkdir()
    for name, text in PARTS.items():
        (tmp_path / "parts" / f"{name}.tex").write_text(text, encoding="utf-8")
    return write(tmp_path, ARTICLE)


def write(folder: Path, text: str) -> Path:
    path = folder / "paper.tex"
    path.write_text(text, encoding="utf-8")
    return path


def of(path: Path, *entries: Entry) -> list[Theorem]:
    return theorems(path, entries)[0]


def entry(id: str, paper: str) -> Entry:
    stated = Claim(id=id, title="t", statement="s", provenance=Provenance.STATED, paper=paper)

    @stated.leg("exact")
    def holds(context: Context) -> Iterator[Gap]:
        yield equal("x", 1, 1)

    return Entry.of(stated)


def test_numbers_are_those_of_the_document(article: Path) -> None:
    assert {t.label: t.number for t in of(article)} == EXPECTED


def test_they_are_found_where_they_stand(article: Path) -> None:
    found = {t.label: (t.file, t.line) for t in of(article)}
    assert found["l:set"] == ("parts/two.tex", 3)
    assert found["f:two"] == ("parts/three.tex", 2)
    for label, (file, line) in found.items():
        near = (article.parent / file).read_text("utf-8").splitlines()[line - 1 : line + 4]
        assert f"\\label{{{label}}}" in "".join(near)
    [title] = [t.title for t in of(article) if t.title]
    assert title == "Rate, see {[3]}"


def test_chapters_count_in_books(tmp_path: Path) -> None:
    found = {t.label: t.number for t in of(write(tmp_path, BOOK))}
    assert found == {
        "t:one": "1.1", "l:one": "1.1.1", "t:two": "2.1", "l:two": "2.2.1", "t:three": "A.1",
    }  # fmt: skip


def test_thmtools_and_restated_theorems(tmp_path: Path) -> None:
    found = of(write(tmp_path, r"""\documentclass{article}
\usepackage{thmtools,thm-restate}
\declaretheorem[name=Satz, numberwithin=section]{satz}
\declaretheorem[sibling=satz]{hilfssatz,korollar}
\declaretheorem[numbered=no, name={Claim}]{free}
\begin{document}\section{A}
\begin{restatable}[Main]{satz}{again}\label{s:one}x\end{restatable}
\begin{korollar}\label{k}x\end{korollar}\begin{free}\label{f}x\end{free}
\again*
\end{document}"""))  # fmt: skip
    assert [(t.name, t.number, t.label, t.title) for t in found] == [
        ("Satz", "1.1", "s:one", "Main"), ("Korollar", "1.2", "k", None),
        ("Claim", None, "f", None),
    ]  # fmt: skip


def test_what_is_not_understood_has_no_number(tmp_path: Path) -> None:
    """A wrong number would find the claims of another theorem."""
    found = of(write(tmp_path, r"""\documentclass{jmlr}
\newtheorem{shared}[equation]{Theorem}
\newtheorem{odd}{Theorem}
\renewcommand{\theodd}{\somehow{odd}}
\begin{theorem}\label{t}Of the class.\end{theorem}
\begin{shared}\label{s}x\end{shared}\begin{odd}\label{o}x\end{odd}"""))  # fmt: skip
    assert [(t.label, t.number) for t in found] == [("t", None), ("s", None), ("o", None)]


@pytest.mark.parametrize(
    "preamble",
    [
        r"\numberwithin{equation}{section}\section{A}\newtheorem{lemma}[equation]{Lemma}",
        r"\setcounter{equation}{3}\newtheorem{lemma}[equation]{Lemma}",
        r"\newtheorem{lemma}{Lemma}[equation]",
        r"\newtheorem{lemma}{Lemma}\renewcommand{\thelemma}{\arabic{page}.\arabic{lemma}}",
    ],
)
def test_equations_and_pages_are_not_counted(tmp_path: Path, preamble: str) -> None:
    text = preamble + r"\begin{equation}x\end{equation}\begin{lemma}x\end{lemma}"
    assert [t.number for t in of(write(tmp_path, text))] == [None]


@pytest.mark.parametrize(
    "text",
    [
        r"\newtheorem{lemma}{Lemma}[lemma]\begin{lemma}x\end{lemma}",
        r"\newtheorem{fact}{F}[lemma]\newtheorem{lemma}{Lemma}[fact]\begin{lemma}x\end{lemma}",
        r"\numberwithin{section}{section}\section{A}\newtheorem{lemma}{L}[section]"
        r"\begin{lemma}x\end{lemma}",
    ],
)
def test_counters_that_run_in_a_circle_have_no_number(tmp_path: Path, text: str) -> None:
    assert [t.number for t in of(write(tmp_path, text))] == [None]


@pytest.mark.parametrize(
    "text", [r"\begin{theorem", r"\newcommand{\x}[", r"\newtheorem{theorem}", r"\documentclass"]
)
def test_what_is_not_finished_is_no_theorem(tmp_path: Path, text: str) -> None:
    assert of(write(tmp_path, text)) == []


def test_a_claim_may_name_a_number(article: Path) -> None:
    entries = (
        entry("a", "Theorem 1.1"), entry("b", "Lemma 1.3, second part"), entry("c", "Theorem 1.10"),
        entry("d", "Drori & Teboulle (2014), Theorem 1.4"), entry("e", "Proposition 1"),
        entry("f", "Theorem 3.1.2"), entry("g", "theorem~A.1"),
    )  # fmt: skip
    found = {t.label: t.claims for t in of(article, *entries) if t.claims}
    assert found == {"t:one": ("a",), "l:one": ("b",), "p:one": ("e",), "t:appendix": ("g",)}


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, "\\begin{theorem}x\\end{theorem}\n\\input{gone}\n")
    found, missing = theorems(path, ())
    assert len(found) == 1
    assert missing == (f"{path} line 2 reads gone, which is not there",)


def test_a_paper_that_reads_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="by which it is read"):
        of(write(tmp_path, r"\input{paper}"))


@pytest.mark.parametrize("text", [ARTICLE, BOOK])
def test_latex_gives_the_same_numbers(
    article: Path, text: str, typeset: Callable[[Path], None]
) -> None:
    """As LaTeX writes them beside the labels into its auxiliary files."""
    path = write(article.parent, text)
    typeset(path)
    written = "".join(file.read_text("utf-8") for file in path.parent.rglob("*.aux"))
    given = dict(re.findall(r"\\newlabel\{([^}]*)\}\{\{(.*?)\}\{", written))
    numbers = {t.label: t.number for t in of(path) if t.number is not None}
    assert numbers == {label: given[label] for label in numbers}
    assert len(numbers) >= 5
