"""Traces of several configurations: a row each, the parameters that vary before what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from refutable.reports import trace

if TYPE_CHECKING:
    import pandas as pd

Record = Mapping[str, Any]

SYMBOLS = {
    "P": "P", "log10_P": "log₁₀ P", "kappa_c": "κ_c", "kappa_s": "κ_s", "c_1": "c_1", "c_s": "c_s",
    "gamma": "γ", "clusters": "K", "tau": "τ",
}  # fmt: skip
"""Parameters as they are written."""
EVENTS = {"switch": "T₁", "half": "T½", "done": "T*"}


def frame(records: Sequence[Record], varied: Sequence[str]) -> pd.DataFrame:
    """One row per trace; an event that did not come is empty, and what was not predicted too."""
    import pandas as pd

    return pd.DataFrame([_row(record, varied) for record in records])


def _row(record: Record, varied: Sequence[str]) -> dict[str, Any]:
    setting, final = record["setting"], record["final"]
    row: dict[str, Any] = {name: setting[name] for name in varied if name in setting}
    row["gap"] = setting["gap"]
    for name, event in record["events"].items():
        row[f"log_t_{name}"] = event and event["log_t"]
        row[f"log_t_{name}_predicted"] = event and event["predicted"].get("log_t")
    for name in ("phi_global", "phi_own", "own_attention", "loss_gap"):
        row[name] = final[name]
    return row


def heading(records: Sequence[Record], varied: Sequence[str]) -> str:
    """What all of them share."""
    setting = records[0]["setting"]
    fixed = [f"P = {trace.patches(setting)}"] if not {"P", "log10_P"} & set(varied) else []
    fixed += [
        f"{SYMBOLS[name]} = {setting[name]:g}"
        for name in ("kappa_c", "kappa_s", "gamma", "clusters")
        if name not in varied
    ]
    return (
        f"{setting['objective']}, {setting['query']} query, {', '.join(fixed)}, "
        f"engine {records[0]['engine']}"
    )


LEGEND = "logarithms of times, predicted ones in brackets"


def table(records: Sequence[Record], varied: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Heads, and a row per trace."""
    heads = [SYMBOLS.get(name, name) for name in varied] + ["Δ", *EVENTS.values()]
    rows = []
    for record in records:
        of, final = record["setting"], record["final"]
        row = [_parameter(of, name) for name in varied] + [trace.gap(of)]
        row += [_event(record["events"][name]) for name in EVENTS]
        row += [f"{final[name]:.4g}" for name in ("phi_global", "phi_own", "own_attention")]
        rows.append(row)
    return [*heads, "Φ global", "Φ own", "attention"], rows


def remarks(records: Sequence[Record]) -> list[str]:
    """Where they lie outside of what the theorems say, each once."""
    return list(dict.fromkeys(remark for record in records for remark in record["remarks"]))


def show(records: Sequence[Record], varied: Sequence[str], console: Console) -> None:
    """Print the table, and where the configurations lie outside of what the theorems say."""
    console.print(f"{heading(records, varied)}; {LEGEND}", highlight=False)
    heads, rows = table(records, varied)
    printed = Table(box=None, pad_edge=False, header_style="bold")
    for head in heads:
        printed.add_column(head, justify="right")
    for row in rows:
        printed.add_row(*row)
    console.print(printed)
    for remark in remarks(records):
        console.print(f"Remark: {remark}.", highlight=False)


def _parameter(setting: Record, name: str) -> str:
    return trace.patches(setting) if name == "P" else f"{setting[name]:g}"


def _event(event: Record | None) -> str:
    if event is None:
        return "–"
    predicted = event["predicted"].get("log_t")
    return f"{event['log_t']:.4g}" + (f" ({predicted:.4g})" if predicted is not None else "")
