"""Priorities of our candidates (RFC 8445 section 5.1.2)."""

from __future__ import annotations

from aioice.candidate import candidate_priority


def priority(kind: str, rank: int) -> int:
    """Section 5.1.2.1; `rank` 0 is the most preferred address of its kind."""
    return candidate_priority(1, kind, 65535 - rank)
