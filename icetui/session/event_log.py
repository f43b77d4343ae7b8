"""The log of a session: its latest events, bounded in count and in bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from icetui import events

LOG_KEPT = 5000
LOG_SIZE = 16 * 1024 * 1024
"""Bytes that the events in the log have on the wire, about: a STUN message can be long."""

NEVER_LOGGED = frozenset({
    events.AllocationChanged,
    events.ConsentRefreshed,
    events.Heartbeat,
    events.ReaderBehind,
    events.TopologyChanged,
    events.NatTableChanged,
    events.PacketsPassed,
    events.PaceChanged,
})  # fmt: skip
"""What only moves figures that stand elsewhere."""


@dataclass(slots=True)
class EventLog:
    """The latest events, oldest first; too many or too big, and the oldest go."""

    held: deque[events.AnyEvent] = field(default_factory=deque)
    size: int = 0
    """Bytes that what is held has on the wire, about."""
    logged: int = 0
    """How many events ever went in; more than it holds once old ones fell out."""

    def append(self, event: events.AnyEvent) -> None:
        """Keep it; of too many the oldest go."""
        self.held.append(event)
        self.logged += 1
        self.size += events.size(event)
        while len(self.held) > LOG_KEPT or self.size > LOG_SIZE:
            self.size -= events.size(self.held.popleft())

    def __len__(self) -> int:
        return len(self.held)

    def __iter__(self) -> Iterator[events.AnyEvent]:
        return iter(self.held)

    def __reversed__(self) -> Iterator[events.AnyEvent]:
        return reversed(self.held)

    def __getitem__(self, index: int) -> events.AnyEvent:
        return self.held[index]

    def copy(self) -> EventLog:
        """One that later events do not reach."""
        return EventLog(self.held.copy(), self.size, self.logged)
