"""A session as JSON: the summary that also ends `icetui peer --json`, indented."""

from __future__ import annotations

import msgspec

from icetui import events
from icetui.reports.summary import summarise
from icetui.session import Session


def report(session: Session) -> str:
    """One object; times in seconds."""
    return msgspec.json.format(events.encode(summarise(session)), indent=2).decode() + "\n"
