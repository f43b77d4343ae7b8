"""Why a pair fails, as a value: the reason, the words of the case, and what it was told from."""

from __future__ import annotations

from typing import NamedTuple

from icetui.events import Evidence, Reason


class Failure(NamedTuple):
    """One case."""

    reason: Reason
    detail: str
    """One sentence for people."""
    evidence: Evidence | None = None
    """The same as fields."""
