"""What goes with a candidate of ours that is no more."""

from __future__ import annotations

from icetui.events import AllocationChanged, Candidate, MappingSeen, address_port

GONE_KEPT = 50
"""Candidates that are no more, the latest."""


def withdraw(
    gone: Candidate,
    candidates: dict[str, Candidate],
    allocations: dict[tuple[str, str], AllocationChanged],
    mappings: dict[tuple[str, str], MappingSeen],
) -> None:
    """Forget what was known of what it stood on, and of such candidates the oldest."""
    at = address_port(gone.address, gone.port)
    if gone.gone == "allocation":
        allocations.pop((gone.server or "", at), None)
    elif gone.gone == "address" and gone.type == "host":
        for row in [row for row in mappings if row[0] == at]:
            del mappings[row]
    old = [key for key, candidate in candidates.items() if candidate.gone is not None]
    for key in old[: max(0, len(old) - GONE_KEPT)]:
        del candidates[key]
