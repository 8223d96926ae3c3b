r"""verdicts.tex: the verdicts as a longtable for a paper's appendix, to be read with \input."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from refutable import text as texts
from refutable.claim import Verdict
from refutable.records.results import ClaimRecord, Results
from refutable.reports import words

_HEAD = r"""% The preamble needs: \usepackage{array,booktabs,longtable}
\begingroup
\footnotesize
\setlength{\tabcolsep}{3pt}
\begin{longtable}{@{}
  >{\raggedright\arraybackslash}p{0.20\linewidth}
  >{\raggedright\arraybackslash}p{0.26\linewidth}
  >{\raggedright\arraybackslash}p{0.15\linewidth}
  >{\raggedright\arraybackslash}p{0.09\linewidth}
  r
  >{\raggedright\arraybackslash}p{0.10\linewidth}@{}}"""

_COLUMNS = ("Claim", "What it says", "Source", "Verdict", "Closeness", "Evidence")

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


def table(results: Results) -> str:
    r"""The longtable; every text in it is escaped, so that it compiles whatever claims are called.

    The preamble needs array, booktabs and longtable; nothing else is assumed.
    """
    run, totals = results.run, results.totals
    caption = (
        f"Verdicts on {totals.claims} claims: {words.counts(results)}. Profile {run.profile}, "
        f"seed {run.seed}, {totals.legs} legs of evidence over {totals.cases} cases, "
        f"{run.started[:10]}."
    )
    head = " & ".join(_COLUMNS) + r" \\"
    lines = [
        _HEAD,
        rf"\caption{{{escape(caption)}}}\label{{tab:claims}}\\",
        r"\toprule",
        head,
        r"\midrule",
        r"\endfirsthead",
        r"\toprule",
        head,
        r"\midrule",
        r"\endhead",
        rf"\midrule\multicolumn{{{len(_COLUMNS)}}}{{r}}{{continued}}\\",
        r"\endfoot",
        r"\bottomrule",
        r"\endlastfoot",
    ]
    lines += [_row(claim) for claim in results.claims]
    lines += [r"\end{longtable}", ""]
    lines += [rf"\noindent {escape(note)}\par" for note in _notes(results)]
    return "\n".join([*lines, r"\endgroup", ""])


def _row(claim: ClaimRecord) -> str:
    verdict = words.verdict(claim).partition(" ")[2]
    cells = (
        rf"\texttt{{{_breakable(claim.id)}}}",
        escape(claim.title),
        escape(", ".join(filter(None, (claim.paper, claim.provenance.value)))),
        escape(verdict) if claim.verdict is Verdict.HOLDS else rf"\textbf{{{escape(verdict)}}}",
        escape(words.closeness(claim)),
        escape(words.grades(claim)),
    )
    return " & ".join(cells) + r" \\[2pt]"


def _breakable(id: str) -> str:
    """An id that may be broken after its dots and hyphens."""
    parts = re.split(r"(?<=[.-])", id)
    return r"\allowbreak ".join(escape(part) for part in parts)


def _notes(results: Results) -> Iterator[str]:
    yield words.CLOSENESS
    partial = sum(bool(claim.left_out) for claim in results.claims)
    if partial:
        yield f"The run left out legs of {partial} claims; their verdicts rest on the others."
    for claim in results.claims:
        if claim.accepted:
            yield f"{claim.id} {words.acceptance(claim.accepted)}."
    for claim in results.claims:
        yield from (f"{claim.id}, {remark}." for remark in words.remarks(claim))
    remarked = words.remarked(results)
    if remarked:
        yield f"{remarked}."
    versions = ", ".join(f"{name} {version}" for name, version in results.run.environment.items())
    yield f"Versions: {versions}."


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
