"""Counts by source of what anybody may send us, bounded, said sparingly."""

from __future__ import annotations

from collections.abc import Hashable


class Tally:
    """How often each thing happened; the oldest is forgotten when there are too many."""

    def __init__(self, most: int = 200, each: int = 100) -> None:
        self._most = most
        self._each = each
        self._counts: dict[Hashable, int] = {}

    def add(self, key: Hashable) -> int | None:
        """Count one more. The count where it is worth saying: 1, 2, 4, 8 …, and every `each`th."""
        if key not in self._counts and len(self._counts) >= self._most:
            del self._counts[next(iter(self._counts))]
        count = self._counts[key] = self._counts.get(key, 0) + 1
        return count if count & (count - 1) == 0 or count % self._each == 0 else None

    def __contains__(self, key: Hashable) -> bool:
        return key in self._counts
