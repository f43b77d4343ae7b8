"""Our own description in the forms other ICE software reads: the blob, SDP, or JSON of SDP.

Imported by the dashboard only once there is a blob, so that the first frame does not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from icetui import signaling

NAMES = {"blob": "blob", "sdp": "SDP", "json": "JSON"}
SUFFIXES = {"blob": "blob", "sdp": "sdp", "json": "json"}


def _writer(form: str) -> Callable[[Any], str] | None:
    return getattr(signaling, f"write_{form}", None)


def available() -> tuple[str, ...]:
    """The forms there is a writer for; `blob` always."""
    return ("blob", *(form for form in ("sdp", "json") if _writer(form) is not None))


def written(blob: str, form: str) -> str:
    """`blob` in another form. Falls back to the blob where there is no writer for it."""
    write = _writer(form)
    if form == "blob" or write is None:
        return blob
    return write(signaling.read(blob))
