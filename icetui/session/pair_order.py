"""The order in which pairs are read."""

from __future__ import annotations

from collections.abc import Iterable

from icetui.events import Pair, PairState

STATE_ORDER: dict[PairState, int] = {
    "succeeded": 0,
    "in-progress": 1,
    "waiting": 2,
    "frozen": 3,
    "failed": 4,
}


def ordered(pairs: Iterable[Pair], selected: str | None) -> list[Pair]:
    """The selected one, then by state, then by priority."""
    return sorted(pairs, key=lambda p: (p.id != selected, STATE_ORDER[p.state], -p.priority, p.id))
