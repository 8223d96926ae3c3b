"""A badge of a run: an SVG for a README, and the JSON that badge services take."""

from __future__ import annotations

import json
import unicodedata

from markupsafe import escape

from refutable.claim import Verdict
from refutable.records.results import Results

LABEL = "claims"
COLOURS = {"brightgreen": "#2e7d32", "yellow": "#8d6500", "red": "#b3261e", "lightgrey": "#57606a"}


def message(results: Results) -> tuple[str, str]:
    """What the badge says, and its colour by the name that badge services know."""
    found = results.totals.verdicts
    held, n = found.get(Verdict.HOLDS, 0), results.totals.claims
    wrong = found.get(Verdict.FAILS, 0) + found.get(Verdict.ERROR, 0)
    if wrong:
        return f"{wrong} of {n} fail", "red"
    if held == n:
        return f"{n} hold" if n else "none", "brightgreen" if n else "lightgrey"
    return f"{held} of {n} hold", "yellow"


def endpoint(results: Results) -> str:
    """badge.json, as shields.io reads it from an address."""
    said, colour = message(results)
    record = {"schemaVersion": 1, "label": LABEL, "message": said, "color": colour}
    return json.dumps(record, indent=1) + "\n"


def svg(results: Results) -> str:
    """badge.svg."""
    said, colour = message(results)
    left, right = _width(LABEL), _width(said)
    title = escape(f"{LABEL}: {said}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{title}"><title>{title}</title>'
        f'<clipPath id="r"><rect width="{left + right}" height="20" rx="3"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#444"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{COLOURS[colour]}"/></g>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" '
        f'font-size="11"><text x="{left / 2:g}" y="14">{LABEL}</text>'
        f'<text x="{left + right / 2:g}" y="14">{escape(said)}</text></g></svg>\n'
    )


def _width(text: str) -> int:
    """Pixels of a text at 11 px, with room beside it."""
    wide = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    return 7 * wide + 12
