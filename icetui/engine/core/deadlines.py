"""When which pair is to be looked at: one heap, moved deadlines left in it until they surface."""

from __future__ import annotations

import heapq
import itertools

from icetui.engine.core.pair import CandidatePair


class Deadlines:
    """At most one a pair."""

    def __init__(self) -> None:
        self._order = itertools.count()
        self._due: dict[CandidatePair, float] = {}
        self._heap: list[tuple[float, int, CandidatePair]] = []

    def set(self, pair: CandidatePair, due: float) -> None:
        """This one at this time, whatever was said before."""
        if self._due.get(pair) != due:
            self._due[pair] = due
            heapq.heappush(self._heap, (due, next(self._order), pair))

    def forget(self, pair: CandidatePair) -> None:
        """This one not at all."""
        self._due.pop(pair, None)

    def clear(self) -> None:
        self._due.clear()
        self._heap.clear()

    def next_due(self) -> float | None:
        """The earliest of them, None: there are none; maybe in the past."""
        heap = self._heap
        while heap and self._due.get(heap[0][2]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def take(self, now: float) -> CandidatePair | None:
        """One whose time has come; it has none any more."""
        due = self.next_due()
        if due is None or due > now:
            return None
        pair = heapq.heappop(self._heap)[2]
        del self._due[pair]
        return pair
