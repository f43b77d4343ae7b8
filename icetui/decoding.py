"""`icetui decode`: what a pasted description contains, as plain text."""

from __future__ import annotations

from collections.abc import Iterable

from icetui.signaling import Description, explain

HEADINGS = ("type", "address", "port", "transport", "comp", "priority", "related", "verdict")


def as_table(description: Description, now: float) -> str:
    """Header fields, candidates in a table, warnings. Never the password."""
    explained = explain(description, now)
    width = max(len(name) for name, _ in explained.fields)
    lines = [f"{name:{width}}  {value}" for name, value in explained.fields]
    if explained.candidates:
        rows = [
            (c.type, c.address, c.port, c.transport, c.component, c.priority, c.related, c.verdict)
            for c in explained.candidates
        ]
        lines += ["", *_table([HEADINGS, *rows])]
    if explained.warnings:
        lines += ["", *(f"note: {warning}" for warning in explained.warnings)]
    return "\n".join(lines) + "\n"


def _table(rows: Iterable[tuple[str, ...]]) -> list[str]:
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
