"""The plan of checks: which pair is next and when, never two closer than Ta.

What belongs here: order and pace (RFC 8445 section 6.1.4.2). What a check is, and what its answer
means, is `checking.py`'s business.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Callable

from icetui.engine.pairs import AT_ONCE, NEVER, CheckedPair


class Plan:
    """Pairs by when they are due, triggered ones before all others."""

    def __init__(self, pace: float, check: Callable[[CheckedPair, float], bool]) -> None:
        """`check` sends the next check of a pair; False when none was to be sent after all.

        It is given the loop's time, and may put pairs into the plan.
        """
        self._pace = pace
        self._check = check
        self._loop = asyncio.get_running_loop()
        self._order = itertools.count()
        self._due: list[tuple[float, int, int, int, CheckedPair]] = []
        self._triggered: deque[CheckedPair] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._last: float | None = None
        """Loop time of the latest sending."""
        self._running = False

    def start(self) -> None:
        """Checks may be sent from now on."""
        self._running = True
        self._arm()

    def stop(self) -> None:
        """No more checks."""
        self._running = False
        if self._timer is not None:
            self._timer.cancel()

    def at(self, pair: CheckedPair, due: float) -> None:
        """Check this pair at this loop time; the likelier goes first, then the higher priority."""
        pair.due = due
        heapq.heappush(self._due, (due, pair.unlikely, -pair.priority, next(self._order), pair))
        self._arm()

    def trigger(self, pair: CheckedPair) -> None:
        """Check this pair before all that are due (RFC 8445 section 7.3.1.4)."""
        if pair not in self._triggered:
            self._triggered.append(pair)
        self._arm()

    def forget(self, pair: CheckedPair) -> None:
        """It is not checked any more."""
        pair.due = NEVER
        if pair in self._triggered:
            self._triggered.remove(pair)

    def clear(self) -> None:
        """Forget what is due; whoever orders the pairs anew puts them in again."""
        self._due.clear()

    def _arm(self) -> None:
        """Make sure the timer runs when the next check is due."""
        if not self._running:
            return
        while self._due and self._due[0][-1].due != self._due[0][0]:
            heapq.heappop(self._due)  # planned anew since
        if not self._triggered and not self._due:
            return
        due = AT_ONCE if self._triggered else self._due[0][0]
        earliest = self._loop.time()
        if self._last is not None:
            earliest = max(earliest, self._last + self._pace)
        due = max(due, earliest)
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._tick)

    def sent(self) -> None:
        """A check has left that was not planned, a probe or a nomination: it counts for Ta, too."""
        now = self._loop.time()
        self._last = now if self._last is None else max(now, self._last + self._pace)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._arm()

    def _tick(self) -> None:
        """Send one check; verdicts on the way to it cost no pace."""
        self._timer = None
        now = self._loop.time()
        while self._running:
            if self._triggered:
                pair = self._triggered.popleft()
            elif self._due and self._due[0][0] <= now:
                due, *_, pair = heapq.heappop(self._due)
                if pair.due != due:
                    continue
            else:
                break
            if self._check(pair, now):
                # By the time it has left: on a busy machine that is later than the tick began.
                self._last = self._loop.time()
                if self._timer is not None:
                    self._timer.cancel()
                    self._timer = None
                break
        self._arm()
