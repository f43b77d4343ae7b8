"""Those who hold our blob and checked us before we have theirs: their NAT binding is kept open.

What belongs here: who they are, what they have sent, and when a Binding indication goes to them,
until we have theirs (RFC 8445 section 11).

Many stacks check only once while they wait to be nominated (aioice, aiortc, Firefox). The binding
that this check made is closed by their NAT after half a minute, and a person who is two minutes
late with the paste would find nobody. Many NATs count what comes in as use of a binding.
"""

from __future__ import annotations

from collections import deque

from icetui import events
from icetui.engine import stun
from icetui.engine.core.base import Address, Base
from icetui.engine.core.outbox import Outbox
from icetui.engine.core.tally import Tally

MOST = 16
"""Addresses; the latest count."""
MOST_CHECKS = 100

Check = tuple[Base, Address, stun.Message]
"""One of theirs: where it came to, from where, and what it said."""


class Knockers:
    """Of one generation."""

    def __init__(self, outbox: Outbox, every: float) -> None:
        """`every`: seconds between two indications to one address."""
        self._outbox = outbox
        self._every = every
        self._known: dict[tuple[Base, Address], None] = {}
        self._knocks = Tally()
        self._checks: deque[Check] = deque(maxlen=MOST_CHECKS)
        self.due: float | None = None
        """When they are next to be sent something."""

    def heard(self, base: Base, addr: Address, check: stun.Message, now: float) -> None:
        """A well signed check came from there."""
        self._checks.append((base, addr, check))
        count = self._knocks.add(addr)
        if count is not None:
            _, _, ufrag = (check.username or "").partition(":")
            self._outbox.tell(
                events.Knocked, address=addr[0], port=addr[1], ufrag=ufrag[:256], count=count
            )
        self._known.pop((base, addr), None)
        self._known[(base, addr)] = None
        if len(self._known) > MOST:
            del self._known[next(iter(self._known))]
        if self.due is None:
            self.due = now + self._every

    def take_due(self, now: float) -> list[tuple[Base, Address]]:
        """To whom an indication goes now."""
        if self.due is None or now < self.due:
            return []
        self.due = now + self._every
        return list(self._known)

    def lost(self, base: Base) -> None:
        """Nothing can be sent from there any more."""
        for key in [k for k in self._known if k[0] is base]:
            del self._known[key]

    def take(self) -> list[Check]:
        """Their description is here: the checks that came before it."""
        checks = list(self._checks)
        self.stop()
        return checks

    def stop(self) -> None:
        """They are known now, or we leave."""
        self._checks.clear()
        self._known.clear()
        self.due = None
