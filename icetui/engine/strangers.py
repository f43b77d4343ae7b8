"""How much is done for those whom nobody can hold to anything: datagrams that are not signed, from
anywhere, as many as somebody likes to send.

What belongs here: budgets and counts. Within them each is read, answered and shown as ever; beyond
them it is counted by kind, and what comes over known paths does not have to wait for it.
"""

from __future__ import annotations

import asyncio

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
"""Seconds between two words of what was counted."""


class Strangers:
    """Of one session."""

    def __init__(self, net: Net, stream: Stream) -> None:
        self._net = net
        self._stream = stream
        self._read = Budget(UNREAD_AT_ONCE, UNREAD_RATE)
        self._taken = Budget(TAKEN_AT_ONCE, TAKEN_RATE)
        self._counts: dict[StrangerKind, int] = {}
        self._untold: dict[StrangerKind, None] = {}
        self._telling: asyncio.TimerHandle | None = None

    def stop(self) -> None:
        """Nothing more is told."""
        if self._telling is not None:
            self._telling.cancel()

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
        self._counts[kind] = self._counts.get(kind, 0) + 1
        self._untold[kind] = None
        if self._telling is None:
            self._tell()
        return False

    def _tell(self) -> None:
        """What was counted since the last time."""
        self._telling = None
        if not self._untold:
            return
        for kind in self._untold:
            self._stream.emit(events.StrangersCounted, kind=kind, count=self._counts[kind])
        self._untold.clear()
        self._telling = asyncio.get_running_loop().call_later(TELL, self._tell)
