"""How far behind the reader of an event stream is, from nothing but the stream's own time stamps.

What belongs here: reckoning. The two clocks need not agree; time is handed in.
"""

from __future__ import annotations

DRIFT = 200e-6
"""Seconds a second by which the two clocks may part: quartz does 100 ppm."""


class Lag:
    """The least time an event ever took to its reader counts as none."""

    def __init__(self) -> None:
        self._least: float | None = None
        self._at = 0.0

    def of(self, t: float, now: float) -> float:
        """Seconds since an event stamped `t` should have been read, at the reader's time `now`."""
        took = now - t
        if self._least is not None:
            took_least = min(took, self._least + (now - self._at) * DRIFT)
        else:
            took_least = took
        self._least, self._at = took_least, now
        return took - took_least
