"""How much is done for those whom nobody can hold to anything: datagrams that are not signed, from
anywhere, as many as somebody likes to send.

What belongs here: budgets and counts. Within them each is read, answered and shown as ever; beyond
them it is counted by kind, and what comes over known paths does not have to wait for it.
"""

from __future__ import annotations

from icetui import events
from icetui.engine.net import Net
from icetui.engine.stream import Stream
from icetui.events import StrangerKind
from icetui.streams.budget import Budget

UNREAD_AT_ONCE, UNREAD_RATE = 1_000, 500
"""Datagrams from unknown addresses that are read, and how many a second from then on. A check from
an address that their NAT has just made up is among them."""
TAKEN_AT_ONCE, TAKEN_RATE = 100, 10
"""The same of STUN messages that are taken in though nobody vouches for them."""
TELL = 1.0
"""Seconds between two words of one kind's count."""


class Strangers:
    """Of one session."""

    def __init__(self, net: Net, stream: Stream) -> None:
        self._net = net
        self._stream = stream
        self._read = Budget(UNREAD_AT_ONCE, UNREAD_RATE)
        self._taken = Budget(TAKEN_AT_ONCE, TAKEN_RATE)
        self._counts: dict[StrangerKind, int] = {}
        self._told: dict[StrangerKind, float] = {}

    def reads(self) -> bool:
        """Whether one more datagram from an unknown address is looked at; counted if not."""
        return self._spend(self._read, "unread")

    def takes(self, kind: StrangerKind) -> bool:
        """Whether one more message that nobody vouches for is shown and taken in; counted if
        not."""
        return self._spend(self._taken, kind)

    def _spend(self, budget: Budget, kind: StrangerKind) -> bool:
        now = self._net.now()
        if budget.now(now) >= 1:
            budget.spend(1)
            return True
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        told = self._told.get(kind)
        if told is None or now - told >= TELL:
            self._told[kind] = now
            self._stream.emit(events.StrangersCounted, kind=kind, count=count)
        return False
