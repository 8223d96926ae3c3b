"""A trace in words and as a table: its events, measured beside predicted, and where it ended.

Takes what `claims trace --json` prints, with infinities as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

Record = Mapping[str, Any]


SMALL = {
    "phi_other": "Φ other",
    "upsilon_own": "Υ own",
    "upsilon_global": "Υ global",
    "upsilon_other": "Υ other",
}
"""Correlations that stay small, as they are written."""


def patches(setting: Record) -> str:
    """P as it was given: a whole number, or a power of ten."""
    return f"{setting['P']}" if setting["P"] < 10**6 else f"1e{setting['log10_P']:.4g}"


def gap(setting: Record) -> str:
    """The information gap; 0 where it is no more than a rounding."""
    return f"{setting['gap']:.3g}" if abs(setting["gap"]) > 1e-12 else "0"


def heading(record: Record) -> str:
    """'mae, local query, P = 1e25, Δ = 0.5, engine reduced'."""
    setting = record["setting"]
    return (
        f"{setting['objective']}, {setting['query']} query, P = {patches(setting)}, "
        f"Δ = {gap(setting)}, engine {record['engine']}"
    )


def ending(record: Record) -> str:
    """Where it ended, and how large became what stays small."""
    collapses, final = record["setting"]["objective"] == "cl", record["final"]
    largest = (f"|{SMALL[name]}| {value:.3g}" for name, value in record["max_abs"].items())
    return (
        f"at the end: attention to the {'global' if collapses else 'own'} area "
        f"{final['own_attention']:.6f}, loss "
        + ("above that of full collapse" if collapses else "gap")
        + f" {final['loss_gap']:.3g}; at most: {', '.join(largest)}"
    )


def events(record: Record) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of the table of events; a row may end early."""
    setting = record["setting"]
    shown = {"log_t": "log t", "phi_global": "Φ global", "phi_own": "Φ own"}
    if setting["objective"] == "cl":
        # all queries share one row, whose target is the global area whatever they belong to
        del shown["phi_own"]
    heads, rows = ["event"], []
    for name in shown.values():
        heads += [name, "predicted"]
    for name, event in record["events"].items():
        if event is None:
            never = name == "switch" and not _has_two_phases(setting)
            rows.append([name, "does not occur" if never else "not reached"])
            continue
        row = [name]
        for key in shown:
            predicted = event["predicted"].get(key)
            row += [f"{event[key]:.5g}", "" if predicted is None else f"{predicted:.5g}"]
        rows.append(row)
    return heads, rows


def show(record: Record, console: Console) -> None:
    """Print a trace, and where it lies outside of what the theorems say."""
    console.print(f"{heading(record)} ({record['seconds']:.2f} s)", highlight=False)
    heads, rows = events(record)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in heads:
        justify: Literal["left", "right"] = "left" if head == "event" else "right"
        table.add_column(head, justify=justify, style="dim" if head == "predicted" else "")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print(ending(record), highlight=False)
    for remark in record["remarks"]:
        console.print(f"Remark: {remark}.", highlight=False)


def _has_two_phases(setting: Record) -> bool:
    local_mae = setting["query"] == "local" and setting["objective"] == "mae"
    return bool(local_mae and setting["gap"] > 0)
