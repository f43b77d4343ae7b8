"""Addresses from which the other side checks us without having signalled them.

What belongs here: how many of them are taken in. A NAT that maps by destination shows a new port
for every address of ours that is checked, and where two such NATs meet each check makes the next
address: without a bound that goes on for ever.
"""

from __future__ import annotations

from icetui.engine.core.base import Address

KEPT = 16
"""Of one IP address at a time: several sockets over there, each seen at several ports."""
AT_ONCE, A_SECOND = 16, 0.5
"""So many new ones of one IP address are taken in at once, and then so many a second."""
STORM = 8
"""More of one IP address than this say nothing about whether a path may still be found."""
MOST_HOSTS = 64


Origin = tuple[str, bool]
"""An IP address, and whether what comes from there comes over a relay of ours. A storm between two
NATs must not keep out the one check that comes over the relay, which opens a way around them."""


class Unsignalled:
    """Of one check list."""

    def __init__(self) -> None:
        self._budgets: dict[Origin, tuple[float, float]] = {}
        """How many may be taken in, and the time at which that was so."""
        self._known: dict[Origin, list[Address]] = {}
        """Those taken in, the oldest first."""

    def admit(self, addr: Address, relayed: bool, now: float) -> bool:
        """Whether one more is taken in now."""
        origin = addr[0], relayed
        if origin not in self._budgets and len(self._budgets) >= MOST_HOSTS:
            self._forget_calm(now)
            if len(self._budgets) >= MOST_HOSTS:
                return False
        left, at = self._budgets.get(origin, (float(AT_ONCE), now))
        left = min(float(AT_ONCE), left + (now - at) * A_SECOND)
        if left < 1:
            self._budgets[origin] = (left, now)
            return False
        self._budgets[origin] = (left - 1, now)
        self._known.setdefault(origin, []).append(addr)
        return True

    def _forget_calm(self, now: float) -> None:
        """Of a host from which nothing new has come for long nothing has to be remembered."""
        for origin, (left, at) in list(self._budgets.items()):
            if left + (now - at) * A_SECOND >= AT_ONCE:
                del self._budgets[origin]

    def of(self, host: str, relayed: bool) -> list[Address]:
        """Those of one origin that are kept, the oldest first."""
        return self._known.get((host, relayed), [])

    def signalled(self, addr: Address) -> None:
        """It is none any more, or not kept any more."""
        for relayed in (False, True):
            known = self.of(addr[0], relayed)
            if addr in known:
                known.remove(addr)

    def stormy(self, host: str, relayed: bool) -> bool:
        """Whether so many come from there that one more means nothing."""
        return len(self.of(host, relayed)) > STORM
