r"""LaTeX: text that stays text, and tables for an appendix, to be read with \input."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from refutable import text as texts

LINKS = r"""% Links, where hyperref is loaded: \claimlink leads to the \claimplace of an id in
% verdicts.tex, and \claimfile to a file below \claimsurl, which is empty unless it is defined
% before: the address at which the folder of reports is published, with its last slash.
\@ifundefined{claimsurl}{\let\claimsurl\@empty}{}
\DeclareRobustCommand{\claimplace}[2]{%
  \@ifundefined{hypertarget}{#2}{\hypertarget{claims@\detokenize{#1}}{#2}}}
\DeclareRobustCommand{\claimlink}[2]{%
  \@ifundefined{hyperlink}{#2}{%
    \@ifundefined{r@tab:claims}{#2}{\hyperlink{claims@\detokenize{#1}}{#2}}}}
\DeclareRobustCommand{\claimfile}[2]{%
  \@ifundefined{href}{#2}{%
    \ifx\claimsurl\@empty#2\else\href{\claimsurl\detokenize{#1}}{#2}\fi}}"""
"""Commands for links, where @ is a letter; a table and claims.sty both define them."""


_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\ensuremath{<}",
    ">": r"\ensuremath{>}",
    "|": r"\ensuremath{|}",
    '"': r"\char34{}",
    "²": r"\ensuremath{^{2}}",
    "³": r"\ensuremath{^{3}}",
    "½": r"\ensuremath{\frac{1}{2}}",
    "·": r"\ensuremath{\cdot}",
    "×": r"\ensuremath{\times}",
    "±": r"\ensuremath{\pm}",
    "−": r"\ensuremath{-}",
    "→": r"\ensuremath{\to}",
    "∞": r"\ensuremath{\infty}",
    "≤": r"\ensuremath{\le}",
    "≥": r"\ensuremath{\ge}",
    "≠": r"\ensuremath{\neq}",
    "≈": r"\ensuremath{\approx}",
    "∈": r"\ensuremath{\in}",
    "∑": r"\ensuremath{\sum}",
    "√": r"\ensuremath{\surd}",
    "′": r"\ensuremath{'}",
    "∅": r"\ensuremath{\emptyset}",
    "–": "--",
    "—": "---",
    "…": r"\dots{}",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "✓": r"\ensuremath{\surd}",
}

_GREEK = re.compile("GREEK (SMALL|CAPITAL) LETTER (FINAL )?([A-Z]+)$")
_GREEK_NAMES = {"LAMDA": "LAMBDA"}  # as Unicode spells it
_LATIN_LOOKALIKES = {
    "CAPITAL": dict(zip(
        ("ALPHA", "BETA", "EPSILON", "ZETA", "ETA", "IOTA", "KAPPA", "MU", "NU", "OMICRON", "RHO",
         "TAU", "CHI"),
        "ABEZHIKMNOPTX", strict=True,
    )),
    "SMALL": {"OMICRON": "o"},
}  # fmt: skip
"""Greek letters for which LaTeX has no command of its own."""

_WORD = re.compile(r"(?<!\w)([A-Za-z\u0370-\u03ff])_([A-Za-z0-9]+)(?![A-Za-z0-9_])|(.)", re.DOTALL)
"""A symbol with an index, like κ_s, or else one character."""

_LIGATURE = re.compile(r"(-(?=-)|[?!](?=`)|,(?=,)|`(?=`)|'(?='))")
"""What LaTeX would draw together with the character that follows."""


_BREAK = r"\allowbreak "


@dataclass(frozen=True)
class Column:
    """A column of a table. width: its share of the line, None for one as wide as what is in it."""

    name: str
    width: float | None = None

    @property
    def form(self) -> str:
        """As LaTeX declares it."""
        if self.width is None:
            return "  r"
        return rf"  >{{\raggedright\arraybackslash}}p{{{self.width:.2f}\linewidth}}"


def longtable(
    columns: Sequence[Column], rows: Iterable[Sequence[str]], caption: str, label: str
) -> list[str]:
    r"""A table that may take several pages, to be read with `\input`; its cells are LaTeX.

    The preamble needs array, booktabs and longtable; nothing else is assumed.
    """
    head = " & ".join(column.name for column in columns) + r" \\"
    return [
        r"% The preamble needs: \usepackage{array,booktabs,longtable}",
        r"\makeatletter",
        LINKS,
        r"\makeatother",
        r"\begingroup",
        r"\footnotesize",
        r"\setlength{\tabcolsep}{3pt}",
        r"\begin{longtable}{@{}",
        *(column.form for column in columns),
        "  @{}}",
        rf"\caption{{{escape(caption)}}}\label{{{label}}}\\",
        r"\toprule",
        head,
        r"\midrule",
        r"\endfirsthead",
        r"\toprule",
        head,
        r"\midrule",
        r"\endhead",
        rf"\midrule\multicolumn{{{len(columns)}}}{{r}}{{continued}}\\",
        r"\endfoot",
        r"\bottomrule",
        r"\endlastfoot",
        *(" & ".join(row) + r" \\[2pt]" for row in rows),
        r"\end{longtable}",
        r"\endgroup",
    ]


def name(id: str) -> str:
    """An id, which may be broken after its dots and hyphens."""
    parts = (escape(part) for part in re.split(r"(?<=[.-])", id))
    return rf"\texttt{{{_BREAK.join(parts)}}}"


def placed(id: str) -> str:
    """An id, to which links lead."""
    return rf"\claimplace{{{id}}}{{{name(id)}}}" if texts.is_name(id) else name(id)


def linked(id: str, shown: str) -> str:
    """LaTeX that leads to an id."""
    return rf"\claimlink{{{id}}}{{{shown}}}" if texts.is_name(id) else shown


def escape(text: str) -> str:
    """Text that LaTeX prints as it is, on one line; Greek letters and symbols as mathematics."""
    return _LIGATURE.sub(r"\1{}", _WORD.sub(_one, texts.line(text)))


def _one(match: re.Match[str]) -> str:
    symbol, index, character = match.groups()
    if symbol:
        letter = _greek(symbol) or symbol
        return rf"\ensuremath{{{letter}_{{\mathrm{{{index}}}}}}}"
    if character in _SPECIAL:
        return _SPECIAL[character]
    if " " <= character <= "~":
        return character
    greek = _greek(character)
    if greek:
        return rf"\ensuremath{{{greek}}}"
    if "\u00c0" <= character <= "\u017e" and character not in "×÷ĸŉſ":
        return character  # accented Latin letters, which LaTeX reads as they are
    return rf"\texttt{{U+{ord(character):04X}}}"


def _greek(character: str) -> str | None:
    """The command of a Greek letter."""
    found = _GREEK.match(unicodedata.name(character, ""))
    if not found:
        return None
    case, final, name = found.groups()
    name = _GREEK_NAMES.get(name, name)
    if name in _LATIN_LOOKALIKES[case]:
        return rf"\mathrm{{{_LATIN_LOOKALIKES[case][name]}}}"
    return "\\" + ("var" if final else "") + (name.lower() if case == "SMALL" else name.title())
