"""Soak: many seeds on a console: verdicts that chance turned, and the narrowest gaps."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from refutable.records.soak import SoakRecord
from refutable.reports import words

SEEDS = 5
"""How many seeds of a verdict are named."""


def show(record: SoakRecord, console: Console) -> None:
    """Print the tables of a soak, and one line that sums up."""
    if record.flips:
        table = Table("leg", "verdict", "seeds", title="Verdicts that depend on the seed")
        for flip in record.flips:
            for verdict, seeds in flip.seeds.items():
                named = ", ".join(map(str, seeds[:SEEDS]))
                more = f" and {len(seeds) - SEEDS} more" if len(seeds) > SEEDS else ""
                name = f"{flip.claim} [{flip.kind.value}]"
                table.add_row(Text(name), verdict.value, f"{named}{more}")
        console.print(table)
    for name, verdict in record.unsound.items():
        console.print(Text(f"{name}: {verdict.value} under every seed"))
    if record.narrowest:
        table = Table("room, in standard deviations", "leg", "gap", title="The narrowest gaps")
        for gap in record.narrowest:
            leg = f"{gap.claim} [{gap.kind.value}]"
            table.add_row(f"{gap.deviations:.1f}", Text(leg), Text(gap.gap))
        console.print(table)
    legs, tried = words.many(record.legs, "leg"), words.many(len(record.seeds), "seed")
    console.print(
        f"{legs} that draw, under {tried}: {words.many(len(record.flips), 'verdict flip')}; "
        f"a run of one seed states {record.false_alarm:.1g} as its probability of a false alarm."
    )
