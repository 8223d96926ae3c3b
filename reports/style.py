r"""claims.sty: the verdicts for a paper's own text, where `\claim{ID}` prints one of them."""

from __future__ import annotations

from refutable.records.results import ClaimRecord, Results
from refutable.reports import words
from refutable.reports.latex import LINKS, escape

_HEAD = r"""\NeedsTeXFormat{LaTeX2e}
\ProvidesPackage{claims}[DATE Verdicts of executable claims]
% \claim{ID} prints verdict, grade and day of a claim. Where \claim is taken, as by
% \newtheorem{claim}, \claimverdict{ID} does. Redefine \claimstyle to change how it looks. Where
% hyperref is loaded and the paper reads verdicts.tex, it leads to the row of the claim there.
\providecommand{\claimstyle}[1]{\textsf{\footnotesize[#1]}}
\newcommand{\claimverdict}[1]{%
  \ifcsname claims@\detokenize{#1}\endcsname
    \claimlink{#1}{\claimstyle{\csname claims@\detokenize{#1}\endcsname}}%
  \else
    \claimstyle{\texttt{\detokenize{#1}}: no verdict}%
    \PackageWarning{claims}{There is no verdict on \detokenize{#1}}%
  \fi}
\AtBeginDocument{%
  \@ifundefined{pdfstringdefDisableCommands}{}{%
    \pdfstringdefDisableCommands{% in bookmarks, of headings
      \let\claimlink\@secondoftwo \let\PackageWarning\@gobbletwo \let\footnotesize\@empty}}%
  \@ifundefined{claim}{\newcommand{\claim}[1]{\claimverdict{#1}}}{%
  \PackageWarning{claims}{The name \string\claim\space is taken: write \string\claimverdict}}}"""


def style(results: Results) -> str:
    r"""The package. It needs no other one, and \usepackage{claims} may stand anywhere."""
    day = results.run.started[:10]
    lines = [_HEAD.replace("DATE", day.replace("-", "/")), LINKS]
    lines += [
        rf"\expandafter\def\csname claims@{claim.id}\endcsname{{{_said(claim, day)}}}"
        for claim in results.claims
    ]
    return "\n".join([*lines, r"\endinput", ""])


def _said(claim: ClaimRecord, day: str) -> str:
    verdict = words.verdict(claim).partition(" ")[2]
    return ", ".join(escape(part) for part in (verdict, words.grades(claim), day) if part)
