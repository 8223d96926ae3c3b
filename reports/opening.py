"""How a report opens: what the claims are about, what came of them, and what does not hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from refutable import text as texts
from refutable.claim import Grade, Verdict
from refutable.records.results import ClaimRecord, LegRecord, Results
from refutable.reports import words

RANKS = ("proved", "proved in a range", "searched", "trained", "fitted")
"""What a claim that holds can rest on at best, strongest first."""

_SAID = {
    Verdict.FAILS: ("fails", "fail"),
    Verdict.ERROR: ("is in error", "are in error"),
    Verdict.VACUOUS: ("is vacuous", "are vacuous"),
    Verdict.UNDECIDED: ("is undecided", "are undecided"),
    Verdict.NOT_RUN: ("was not run", "were not run"),
}


def title(results: Results) -> str:
    """What the page is about, in a few words: the paper, or the modules."""
    named = [source.title or source.name for source in results.sources]
    return ", ".join(named) or ", ".join(results.run.modules) or "Claims"


def rank(claim: ClaimRecord) -> str:
    """The strongest that a claim that holds rests on; empty for any other.

    A proof that covers a range only, or that one decider alone stands for, is told apart from one
    of everything.
    """
    if not claim.grades:
        return ""
    if claim.grades[0] is not Grade.PROVED:
        return claim.grades[0].value
    whole = any(
        leg.verdict is Verdict.HOLDS and leg.grade is Grade.PROVED and not leg.scope
        for leg in claim.legs
    )
    return RANKS[0] if whole else RANKS[1]


def ranks(results: Results) -> dict[str, int]:
    """How many claims rest on what at best, strongest first."""
    counts = Counter(map(rank, results.claims))
    return {name: counts[name] for name in RANKS if counts[name]}


def sentence(results: Results) -> str:
    """In a sentence: '102 claims hold: 34 proved, 40 trained, 28 fitted; none fails.'."""
    counts = Counter(claim.verdict for claim in results.claims)
    n, held = len(results.claims), counts[Verdict.HOLDS]
    verb = "holds" if held == 1 else "hold"
    if held == n:
        said = f"{'All ' if n > 1 else ''}{words.many(n, 'claim')} {verb}"
    else:
        said = f"{held} of {words.many(n, 'claim')} {verb}"
    if held:
        said += f": {', '.join(f'{count} {name}' for name, count in ranks(results).items())}"
    rest = ["none fails"] if not counts[Verdict.FAILS] else []
    rest += [
        f"{counts[verdict]} {forms[counts[verdict] > 1]}"
        for verdict, forms in _SAID.items()
        if counts[verdict]
    ]
    accepted = sum(claim.accepted is not None for claim in results.claims)
    if accepted:
        rest.append(f"{accepted} accepted by the baseline")
    return f"{said}; {', '.join(rest)}."


def unsound(results: Results) -> list[tuple[ClaimRecord, list[LegRecord]]]:
    """Claims that do not hold, each with the legs that keep it from that; those that fail first."""
    order = list(words.MARKS)
    found = [
        (claim, [leg for leg in claim.legs if leg.verdict.is_trouble])
        for claim in results.claims
        if claim.verdict.is_trouble
    ]
    return sorted(found, key=lambda one: order.index(one[0].verdict))


def parameters(value: Any, most: int = 40) -> Iterator[tuple[str, str]]:
    """A witness as names and values; what is nested gets a dotted name, as far as there is room."""
    rows = list(_flat("", value))
    yield from rows[:most]
    if len(rows) > most:
        yield "", f"and {len(rows) - most} more, in results.json"


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), inner)
    else:
        yield name, value if isinstance(value, str) else words.json_text(value)


def replay(folder: Path | None, claim: ClaimRecord, leg: LegRecord) -> str:
    """The command that runs a stored counterexample again; empty where there is none to run."""
    if folder is None or leg.verdict is not Verdict.FAILS:
        return ""
    return texts.command(["claims", "replay", str(folder), f"{claim.id}/{leg.kind.value}"])
