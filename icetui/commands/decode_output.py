"""`icetui decode`: what a pasted description or a STUN message contains, as text or as JSON.

What belongs here: both, of what has been read. Never the password.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from icetui.engine import stun
from icetui.engine.stun.readable import class_name, error_words, method_name, readable
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


def as_json(description: Description) -> str:
    """One object on one line: the description's fields, its password's length in its place."""
    fields: dict[str, Any] = msgspec.to_builtins(description)
    length = len(fields.pop("pwd"))
    # Nobody has numbered these candidates.
    candidates = [{k: v for k, v in c.items() if k != "id"} for c in fields.pop("candidates")]
    told = fields | {"password_length": length, "candidates": candidates}
    return msgspec.json.encode(told).decode() + "\n"


def stun_as_table(data: bytes) -> str:
    """A STUN message in words. Raises ValueError where it is malformed."""
    message = stun.parse(data)
    lines = [
        f"{method_name(message)} {class_name(message)}, {len(data)} bytes",
        f"transaction  {message.transaction_id.hex()}",
    ]
    attributes = readable(message)
    if attributes:
        width = max(len(a.name) for a in attributes)
        lines += ["", *(f"{a.name:{width}}  {a.value}".rstrip() for a in attributes)]
    return "\n".join(lines) + "\n"


def stun_as_json(data: bytes) -> str:
    """The same as one object on one line. Raises ValueError where it is malformed."""
    message = stun.parse(data)
    told = {
        "kind": "stun",
        "method": method_name(message),
        "message_class": class_name(message),
        "transaction": message.transaction_id.hex(),
        "size": len(data),
        "error": error_words(message),
        "attributes": [{"name": a.name, "value": a.value} for a in readable(message)],
    }
    return msgspec.json.encode(told).decode() + "\n"


def _table(rows: Iterable[tuple[str, ...]]) -> list[str]:
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
