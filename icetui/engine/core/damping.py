"""How often the other side may make us change our mind: a few times at once, then ever more seldom.

A peer that is authentic may still be broken or mean no good. Roles and paths follow what it says
(RFC 8445 sections 7.2.5.1, 7.3.1.1 and 8.1.1), and each change costs work and is told.
"""

from __future__ import annotations

from icetui import events
from icetui.engine.core.outbox import Outbox
from icetui.events import DampedChange


class Damping:
    """Of one kind of change."""

    def __init__(self, free: int, first: float, most: float, calm: float = 60.0) -> None:
        """After `free` changes the next one waits `first` seconds, then twice as long each time,
        up to `most`. After `calm` seconds without a change all is forgotten."""
        self._free = free
        self._first = first
        self._most = most
        self._calm = calm
        self._changes = 0
        self._latest: float | None = None
        self._told_of = -1
        """How many changes there were when it was last said that one is not made."""

    @property
    def pause(self) -> float:
        """Seconds between two changes, as things are."""
        if self._changes < self._free:
            return 0.0
        doubled = min(self._changes - self._free, 32)
        return min(self._first * float(2**doubled), self._most)

    def allows(self, now: float) -> bool:
        """Whether a change is made now; it counts then."""
        if self._latest is not None:
            if now - self._latest >= self._calm:
                self._changes = 0
            if now - self._latest < self.pause:
                return False
        self._changes += 1
        self._latest = now
        return True

    def is_news(self) -> bool:
        """Whether it is worth saying that a change is not made: once for each that was."""
        if self._told_of == self._changes:
            return False
        self._told_of = self._changes
        return True


class Restraint:
    """What the other side may change, and how often, in one generation."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._dampings: dict[DampedChange, Damping] = {
            "role": Damping(free=4, first=1.0, most=30.0),
            "path": Damping(free=10, first=0.5, most=10.0),
        }

    def allows(self, kind: DampedChange, now: float) -> bool:
        """Whether it may change that now; it is told when it first may not."""
        damping = self._dampings[kind]
        if damping.allows(now):
            return True
        if damping.is_news():
            self._outbox.tell(events.ChangeDamped, kind=kind, pause=damping.pause)
        return False
