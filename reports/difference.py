"""The difference of two runs: as text for a terminal, as Markdown for a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from refutable.claim import Verdict
from refutable.records.compare import Change, ClaimChange, Difference, LegChange, Side
from refutable.reports import words
from refutable.reports.terminal import said

STYLES = {"worse": "bold red", "better": "green", "": "bold"}


@dataclass(frozen=True)
class Section:
    """Lines under a title: (what it is about, what is said of it). tone: a key of STYLES."""

    title: str
    lines: tuple[tuple[str, str], ...]
    tone: str = ""


def show(difference: Difference, console: Console) -> None:
    """Print what changed."""
    for name, side in sides(difference):
        console.print(Text(f"{name:7} ") + said(side))
    for section in sections(difference):
        console.print()
        console.print(said(section.title, STYLES[section.tone]))
        abouts = [said(about) for about, _ in section.lines]
        width = min(max(map(len, abouts)), console.width // 3)
        for about, (_, what) in zip(abouts, section.lines, strict=True):
            _print_beside(about, said(what), width, console)
    console.print()
    style = "bold red" if difference.regressions else "bold"
    console.print(said(verdict(difference), style))


def _print_beside(about: Text, what: Text, width: int, console: Console) -> None:
    """What is said beside what it is about, or below it where that is wider than its column."""
    if len(about) > width:
        console.print(Text("  ") + about)
        about = Text("")
    about.pad_right(width - len(about))
    for line in what.wrap(console, max(20, console.width - width - 4)) or [Text("")]:
        shown = Text("  ") + about + Text("  ") + line
        shown.rstrip()
        console.print(shown)
        about = Text(" " * width)


def markdown(difference: Difference) -> str:
    """The same as a Markdown page."""
    lines = ["# What changed", "", f"**{words.inline(verdict(difference))}**", ""]
    lines += [f"- {name}: {words.inline(side)}" for name, side in sides(difference)]
    for section in sections(difference):
        lines += ["", f"## {words.inline(section.title)}", ""]
        for about, what in section.lines:
            lines.append(f"- **{words.inline(about)}**: {words.inline(what)}")
    return "\n".join(lines) + "\n"


def verdict(difference: Difference) -> str:
    """One sentence: identical, nothing worse, or how many claims are."""
    worse, totals = len(difference.regressions), difference.totals
    if difference.identical:
        return (
            f"Identical: {words.many(difference.after.claims, 'claim')}, "
            "every verdict and every number as before."
        )
    if worse:
        return f"{words.many(worse, 'claim')} got worse."
    compared = sum(totals[c] for c in (Change.SAME, Change.IMPROVED, Change.CHANGED))
    left = totals[Change.NOT_COMPARABLE]
    rest = f"; {words.many(left, 'claim')} cannot be compared" if left else ""
    if not compared:
        return f"Nothing can be compared: no claim ran in both{rest}."
    same = f", {totals[Change.SAME]} with the verdict they had" if totals[Change.SAME] else ""
    return f"Nothing got worse among {words.many(compared, 'claim')}{same}{rest}."


def sides(difference: Difference) -> tuple[tuple[str, str], tuple[str, str]]:
    """Both runs, a line each, with their names."""
    return ("before", _side(difference.before)), ("after", _side(difference.after))


def _side(of: Side) -> str:
    run = of.run
    selected = " ".join(run.select) or "everything"
    return (
        f"{run.started}, profile {run.profile}, seed {run.seed}, {selected}: "
        f"{words.many(of.claims, 'claim')}, {words.many(of.legs, 'leg')}, {run.seconds:.0f} s"
    )


def sections(difference: Difference) -> Iterator[Section]:
    """Everything that there is to say, worst first."""
    found = (
        Section("Worse", tuple(_flips(difference, Change.REGRESSED, Change.GONE)), "worse"),
        Section("Better", tuple(_flips(difference, Change.IMPROVED)), "better"),
        Section("Neither", tuple(_flips(difference, Change.CHANGED))),
        Section("New claims", tuple(_flips(difference, Change.ADDED))),
        Section("Evidence that is missing now", tuple(_weakened(difference)), "worse"),
        Section("Other legs that changed", tuple(_legs(difference))),
        Section("What a claim says of itself", tuple(_stated(difference))),
        Section("Gaps and their allowances", tuple(_gaps(difference))),
        Section(_closeness_title(difference), tuple(_closeness(difference))),
        Section(
            "The runs",
            tuple((f.name, _arrow(f.before, f.after)) for f in difference.run),
        ),
        Section("Not comparable", tuple(_not_comparable(difference))),
    )
    return (section for section in found if section.lines)


def _flips(difference: Difference, *changes: Change) -> Iterator[tuple[str, str]]:
    for claim in difference.claims:
        if claim.change in changes:
            why = claim.reason or "; ".join(_reasons(claim))
            yield claim.id, _verdicts(claim) + (f" ({why})" if why else "")


def _reasons(claim: ClaimChange) -> Iterator[str]:
    for leg in claim.legs:
        if leg.reason and leg.change is not Change.NOT_COMPARABLE:
            yield f"{leg.kind.value}: {leg.reason}"


def _verdicts(change: ClaimChange | LegChange) -> str:
    if change.before is None:
        return f"new, {_mark(change.after)}"
    if change.after is None:
        return f"{_mark(change.before)} → gone"
    return f"{_mark(change.before)} → {_mark(change.after)}"


def _mark(verdict: Verdict | None) -> str:
    return words.marked(verdict) if verdict else "absent"


def _weakened(difference: Difference) -> Iterator[tuple[str, str]]:
    for claim, leg in difference.weakened:
        grade = f" ({leg.grade_before.value})" if leg.grade_before else ""
        why = f": {leg.reason}" if leg.reason else ""
        yield f"{claim.id} [{leg.kind.value}]", f"{_verdicts(leg)}{grade}{why}"


def _legs(difference: Difference) -> Iterator[tuple[str, str]]:
    told = {(claim.id, leg.kind) for claim, leg in difference.weakened}
    for claim in difference.claims:
        for leg in claim.legs:
            if leg.change is Change.NOT_COMPARABLE or (claim.id, leg.kind) in told:
                continue
            said = []
            if leg.change is not Change.SAME:
                said.append(_verdicts(leg))
            if leg.grade_before and leg.grade_after and leg.grade_before is not leg.grade_after:
                said.append(f"grade {leg.grade_before.value} → {leg.grade_after.value}")
            if said:
                yield f"{claim.id} [{leg.kind.value}]", ", ".join(said)


def _stated(difference: Difference) -> Iterator[tuple[str, str]]:
    for claim in difference.claims:
        for field in claim.stated:
            yield f"{claim.id}, {field.name}", _arrow(field.before, field.after)


def _gaps(difference: Difference) -> Iterator[tuple[str, str]]:
    for claim in difference.claims:
        for leg in claim.legs:
            for gap in leg.gaps:
                yield (
                    f"{claim.id} [{leg.kind.value}]",
                    (f"{gap.name}: {_arrow(gap.before, gap.after)}"),
                )


def _closeness_title(difference: Difference) -> str:
    return f"Closeness that moved by more than {100 * difference.moved:g} percentage points"


def _closeness(difference: Difference) -> Iterator[tuple[str, str]]:
    for claim in difference.claims:
        for leg in claim.legs:
            if leg.closeness_before is not None and leg.closeness_after is not None:
                ends = map(words.percent, (leg.closeness_before, leg.closeness_after))
                yield f"{claim.id} [{leg.kind.value}]", " → ".join(ends)


def _not_comparable(difference: Difference) -> Iterator[tuple[str, str]]:
    if not difference.closeness_compared:
        yield "closeness", "not compared: the profiles spend different budgets"
    claims: dict[str, list[str]] = {}
    legs: Counter[str] = Counter()
    for claim in difference.claims:
        if claim.change is Change.NOT_COMPARABLE:
            claims.setdefault(claim.reason or "", []).append(claim.id)
        for leg in claim.legs:
            if leg.change is Change.NOT_COMPARABLE:
                legs[leg.reason or ""] += 1
    for reason, ids in claims.items():
        yield words.many(len(ids), "claim"), f"{reason}: {', '.join(ids)}"
    for reason, n in legs.items():
        yield words.many(n, "leg"), reason


def _arrow(before: str | None, after: str | None) -> str:
    return f"{before or 'none'} → {after or 'none'}"
