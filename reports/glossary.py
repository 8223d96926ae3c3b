"""The words of a report, each in a sentence, shown by hover and at the end of the page."""

from __future__ import annotations

from markupsafe import Markup, escape

from refutable.claim import Verdict
from refutable.reports import words

WORDS = {
    "claim": "a statement with its source, its assumptions and the legs that attack it",
    "leg": "one way of attacking a claim: symbolic, smt, exact, enclosed, property, trained or "
    "scaling",
    "gap": "one measured value beside a predicted one, with a tolerance and the reason of it",
    "closeness": f"{words.USED_UP}; given only for what holds",
    "closest to failing": "the gap with the largest closeness; it decides that of the claim",
    "exact": "in place of a closeness: everything was decided or identical, nothing was allowed",
    "grade": "what the evidence is worth: proved, searched, trained or fitted",
    "proved": "by a decision procedure or exact arithmetic, for everything that the statement says",
    "proved in a range": "the same, for the sizes or the region that the leg names",
    "searched": "no counterexample among the configurations that were drawn",
    "trained": "seen in models that were trained, with several seeds",
    "fitted": "a law fitted on a ladder of growing sizes, with a test that the fit has settled",
    "ladder": "growing sizes at which a law is measured",
    "case": "one configuration that was examined",
    "regime": "a named region of configurations, such as a positive gap; a leg may require some",
    "witness": "a configuration at which a claim fails, as simple as it could be made",
    "dial": "one way of turning an assumption away from its assumed value",
    "profile": "how much effort is spent: quick, full or deep",
    "false alarm": "the probability that chance alone breaks some gap although every claim is true",
    **{verdict.value: words.MEANINGS[verdict] for verdict in Verdict},
}


def term(word: str, shown: str = "") -> Markup:
    """A word that explains itself by hover and leads to the glossary."""
    return Markup('<a class="term" href="#word-{}" title="{}">{}</a>').format(
        word.replace(" ", "-"), WORDS[word], escape(shown or word)
    )
