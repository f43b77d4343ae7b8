"""What the demo shows: the network, both sides' sessions, and the network's time.

What belongs here: whose events go where, and what time it is. What must never come in: widgets.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from icetui import events
from icetui.internet import Internet
from icetui.session import Session


class NetworkClock:
    """The network's time between two of its events: it may go slower than ours, or stand still."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._at = 0.0
        self._since = monotonic()
        self._speed = 0.0
        """Of the network; 0 as well while nothing but its events tells the time."""

    def heard(self, event: events.AnyEvent) -> None:
        """An event tells what time it is there."""
        now = self()
        if isinstance(event, events.PaceChanged):
            # Nothing is reckoned forward for a network that goes as fast as it can.
            self._speed = 0.0 if event.paused or event.speed is None else event.speed
            self._set(event.t)
        elif event.t > now:
            self._set(event.t)

    def _set(self, t: float) -> None:
        self._at, self._since = t, self._monotonic()

    def __call__(self) -> float:
        """Seconds since the network began."""
        return self._at + (self._monotonic() - self._since) * self._speed

    def ours(self, seconds: float) -> float:
        """So many seconds of ours, in the network's."""
        return seconds * (self._speed or 1.0)


class Stage:
    """Folds what the demo tells of the network, and knows whose the rest is."""

    def __init__(self, clock: NetworkClock | None = None) -> None:
        self.internet = Internet()
        self.clock = clock or NetworkClock()
        self.sessions: dict[str, Session] = {}
        """By side, in the order of the network."""

    def apply(self, event: events.AnyEvent) -> None:
        """Take in one event of the demo's stream."""
        self.clock.heard(event)
        self.internet.apply(event)
        if isinstance(event, events.TopologyChanged):
            for name in self.internet.sessions:
                self.sessions.setdefault(name, Session(id=name))
        if event.session:
            self.sessions.setdefault(event.session, Session(id=event.session))
        for session in self.concerned(event):
            session.apply(event)

    def concerned(self, event: events.AnyEvent) -> list[Session]:
        """The sessions that an event is about: one, or, of the network's own, both."""
        if event.session:
            return [self.sessions[event.session]]
        return list(self.sessions.values())

    def other(self, side: str) -> str:
        """The other side's name."""
        return next((name for name in self.sessions if name != side), side)
