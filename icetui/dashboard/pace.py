"""When to paint: at once for whoever waits, soon for news, once a second for figures.

What costs much is done less often, so that drawing stays a small share of a core and of the line
that the terminal hangs on, however much happens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

SOON = 0.1
"""Seconds between two paints of news, at least."""
SHARE = 12
"""A paint is followed by so many times as long without one."""
LINE = 0.01
"""Seconds without a paint that each line drawn asks for: some twenty kilobytes a second."""
LONGEST = 0.35


class Pace:
    """Calls `paint`, which tells how many lines it drew."""

    def __init__(self, paint: Callable[[], int], monotonic: Callable[[], float]) -> None:
        self._paint = paint
        self._monotonic = monotonic
        self._timer: asyncio.TimerHandle | None = None
        self._over = False
        self._rest = 0.0
        """Seconds the last paint asks for."""
        self._painted = float("-inf")

    def now(self) -> None:
        """Before anything else happens."""
        self._in(0.0)

    def soon(self) -> None:
        """There is news."""
        if self._timer is None:
            self._in(max(0.001, self._painted + max(SOON, self._rest) - self._monotonic()))

    def second(self) -> None:
        """A second has passed, and with it every age and duration has changed."""
        if self._timer is None and self._monotonic() - self._painted >= SOON:
            self.paint()

    def stop(self) -> None:
        """Nothing is painted any more."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()

    def _in(self, seconds: float) -> None:
        if self._over:
            return
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(seconds, self.paint)

    def paint(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._over:
            return
        began = self._monotonic()
        lines = self._paint()
        self._painted = self._monotonic()
        self._rest = min(LONGEST, max(SHARE * (self._painted - began), LINE * lines))
