"""Where a 300 (Try Alternate) sends us, and where it does not (RFC 8489 section 10).

What belongs here: which named servers are asked. The transport stays, and so do user name and
password; realm and nonce are the new server's own.
"""

from __future__ import annotations

from icetui.engine.claims import impossible
from icetui.engine.net import Address
from icetui.events import AlternateRefusal

MOST_FOLLOWED = 3
"""In a row."""


class Redirections:
    """Of one request."""

    def __init__(self, first: Address, local: str) -> None:
        """`first`: who was asked first, from the address `local`."""
        self._first = first
        self._local = local
        self.followed: tuple[Address, ...] = ()
        """Whom we were sent to and asked."""

    def follow(self, alternate: Address | None) -> AlternateRefusal | None:
        """Take in where the latest one sends us: it is the last of `followed` then. Else why not;
        each server is asked once, so that two of them cannot play ping-pong with us."""
        if alternate is None:
            return "none-named"
        if (":" in alternate[0]) != (":" in self._local):
            return "other-family"
        if impossible(alternate, self._local) is not None:
            return "impossible"
        if alternate == self._first or alternate in self.followed:
            return "loop"
        if len(self.followed) == MOST_FOLLOWED:
            return "too-many"
        self.followed = (*self.followed, alternate)
        return None
