"""A session's pairs as CSV (RFC 4180 but for the line ends), a row each, with all figures."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec

from icetui.events import Candidate, Pair
from icetui.printable import printable
from icetui.session import Session

_FORMULA = ("=", "+", "-", "@")
"""A spreadsheet takes a cell that begins so for a formula."""
_ENDS = ("local", "remote")


def report(session: Session) -> str:
    """Times in seconds; names as in the event stream. `selected` is the path in use."""
    out = io.StringIO()
    figures = [f.name for f in msgspec.structs.fields(Pair) if f.name not in ("id", *_ENDS)]
    ends = [f"{end}_{part}" for end in _ENDS for part in ("id", "type", "address", "port")]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["id", "selected", *ends, *figures])
    for pair in session.ordered_pairs():
        row: list[Any] = [pair.id, pair.id == session.selected]
        row += _end(pair.local, session.local_candidates.get(pair.local))
        row += _end(pair.remote, session.remote_candidates.get(pair.remote))
        writer.writerow(map(_cell, row + [getattr(pair, name) for name in figures]))
    return out.getvalue()


def _end(name: str, candidate: Candidate | None) -> list[Any]:
    if candidate is None:
        return [name, None, None, None]
    return [name, candidate.type, candidate.address, candidate.port]


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = printable(value)
        return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
    return value
