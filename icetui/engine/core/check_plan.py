"""The plan of checks: which pair is next and when, never two closer than Ta.

What belongs here: order and pace (RFC 8445 section 6.1.4.2). What a check is, and what its answer
means, is `check_list.py`'s business.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque

from icetui.engine.core.pair import AT_ONCE, NEVER, CandidatePair


class CheckPlan:
    """Pairs by when they are due, triggered ones before all others."""

    def __init__(self, pace: float) -> None:
        """`pace`: Ta in seconds."""
        self._pace = pace
        self._order = itertools.count()
        self._due: list[tuple[float, int, int, int, CandidatePair]] = []
        self._triggered: deque[CandidatePair] = deque()
        self._last: float | None = None
        """Time of the latest sending."""
        self._running = False

    def start(self) -> None:
        """Checks may be sent from now on."""
        self._running = True

    def stop(self) -> None:
        """No more checks."""
        self._running = False

    def at(self, pair: CandidatePair, due: float) -> None:
        """Check this pair at this time; the likelier goes first, then the higher priority."""
        pair.due = due
        heapq.heappush(self._due, (due, pair.unlikely, -pair.priority, next(self._order), pair))

    def trigger(self, pair: CandidatePair) -> None:
        """Check this pair before all that are due (RFC 8445 section 7.3.1.4)."""
        if pair not in self._triggered:
            self._triggered.append(pair)

    def forget(self, pair: CandidatePair) -> None:
        """It is not checked any more."""
        pair.due = NEVER
        if pair in self._triggered:
            self._triggered.remove(pair)

    def clear(self) -> None:
        """Forget what is due; whoever orders the pairs anew puts them in again."""
        self._due.clear()

    def next_due(self) -> float | None:
        """When the next check may be sent, None: none is planned; maybe in the past."""
        if not self._running:
            return None
        while self._due and self._due[0][-1].due != self._due[0][0]:
            heapq.heappop(self._due)  # planned anew since
        if not self._triggered and not self._due:
            return None
        due = AT_ONCE if self._triggered else self._due[0][0]
        return due if self._last is None else max(due, self._last + self._pace)

    def take(self, now: float) -> CandidatePair | None:
        """The pair whose turn it is, None: nobody's, yet."""
        due = self.next_due()
        if due is None or due > now:
            return None
        if self._triggered:
            return self._triggered.popleft()
        return heapq.heappop(self._due)[-1]

    def sent(self, now: float) -> None:
        """A check has left; verdicts on the way to it cost no pace."""
        self._last = now

    def unplanned(self, now: float) -> None:
        """A probe or a nomination has left: it counts for Ta, too."""
        self._last = now if self._last is None else max(now, self._last + self._pace)

    def left(self, decided: float, at: float) -> None:
        """What was decided then has left only now: on a busy machine that is later."""
        if self._last == decided:
            self._last = at
