"""How a world's time goes with ours: real time, slow motion, standing still, as fast as it can.

What belongs here: which virtual time it should be, and how long until the next thing is due. Whose
clock ours is, is handed in.
"""

from __future__ import annotations

from collections.abc import Callable

BEHIND = 0.25
"""Seconds of ours that a world may lag behind before the rest is given up: a computer that slept,
or that cannot keep up, must not make the world race afterwards."""


class WorldTime:
    """Maps our seconds to the world's."""

    def __init__(
        self, monotonic: Callable[[], float], speed: float | None = 1.0, at: float = 0.0
    ) -> None:
        self._monotonic = monotonic
        self.speed = speed
        """Seconds of the world in one of ours; None: as many as can be reckoned."""
        self.paused = False
        self.until: float | None = None
        """World time at which it stands still by itself."""
        self._at = at
        """World time at `_since`."""
        self._since = monotonic()

    def set(
        self, now: float, speed: float | None, *, paused: bool, until: float | None = None
    ) -> None:
        """Go on at this speed from the world time `now`."""
        self.speed, self.paused, self.until = speed, paused, until
        self._at, self._since = now, self._monotonic()

    @property
    def target(self) -> float | None:
        """Up to which world time to run; None: as far as one likes."""
        if self.paused:
            return self._at
        if self.speed is None:
            return self.until
        target = self._at + (self._monotonic() - self._since) * self.speed
        return target if self.until is None else min(target, self.until)

    def wait(self, due: float | None) -> float | None:
        """Our seconds until the world time `due`; None: it will not come by itself."""
        if self.paused:
            return None
        if self.until is not None:
            due = self.until if due is None else min(due, self.until)
        if due is None:
            return None
        if self.speed is None:
            return 0.0
        return max(0.0, self._since + (due - self._at) / self.speed - self._monotonic())

    def reached(self, now: float) -> None:
        """The world has come to `now`: what it is behind by more than a little is forgotten."""
        if self.paused:
            return
        if self.until is not None and now >= self.until:
            self.set(now, self.speed, paused=True)
            return
        target = self.target
        behind = target is not None and self.speed and (target - now) / self.speed > BEHIND
        if self.speed is None or behind:
            self.set(now, self.speed, paused=False, until=self.until)
