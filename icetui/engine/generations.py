"""The generations of one session (RFC 8445 section 9): an ICE restart on the same sockets.

Each generation is a check list with credentials of its own. What arrives at a shared endpoint is
given to the right one: checks by the user fragment they name, data by the pair they came over. The
generation that carries data goes on until the new one has a path.
"""

from __future__ import annotations

from collections.abc import Callable

from icetui.engine import stun
from icetui.engine.checking import CheckList
from icetui.engine.endpoint import Endpoint
from icetui.engine.net import Address
from icetui.engine.pairs import CheckedPair
from icetui.events import Reason


class Generations:
    """At most two check lists: the one that carries data, and the newest."""

    def __init__(self, on_lost: Callable[[Endpoint], None]) -> None:
        """`on_lost` hears of an endpoint that is gone though nobody closed it."""
        self.lists: list[CheckList] = []
        self._on_lost = on_lost

    @property
    def newest(self) -> CheckList:
        return self.lists[-1]

    @property
    def carrying(self) -> CheckList | None:
        """The one with a path, if there is one."""
        return next((c for c in self.lists if c.path.selected is not None), None)

    def begin(self, checks: CheckList, by: str = "an ICE restart") -> None:
        """A new generation; of the others only the one that carries data goes on."""
        carrying = self.carrying
        for other in self.lists:
            if other is not carrying:
                other.supersede(by)
        self.lists = [checks] if carrying is None else [carrying, checks]
        checks.primary = carrying is None

    def take_over(self, checks: CheckList) -> CheckedPair | None:
        """The newest has a path now: the other ends. Returns the pair that carried data."""
        previous: CheckedPair | None = None
        for other in self.lists:
            if other is not checks:
                previous = other.path.selected or previous
                other.supersede()
        self.lists = [checks]
        checks.primary = True
        return previous

    def find(self, pair_id: str) -> tuple[CheckList, CheckedPair] | None:
        """A pair by its id, and whose it is."""
        for checks in self.lists:
            pair = checks.find(pair_id)
            if pair is not None:
                return checks, pair
        return None

    # --- what an endpoint asks of its owner -----------------------------------------------------

    def request_received(self, message: stun.Message, addr: Address, endpoint: Endpoint) -> None:
        """Demultiplex by the user fragment; whoever names none of ours is refused by the newest."""
        ours = (message.username or "").partition(":")[0]
        named = (c for c in self.lists if c.local_username == ours)
        next(named, self.newest).request_received(message, addr, endpoint)

    def data_arrived(self, endpoint: Endpoint, addr: Address, data: bytes) -> None:
        for checks in reversed(self.lists):
            pair = checks.pairs.get((endpoint, addr))
            if pair is not None and pair.valid:
                checks.traffic.arrived(endpoint, addr, data)
                return
        self.newest.traffic.arrived(endpoint, addr, data)

    def refuse(self, endpoint: Endpoint, addr: Address, reason: Reason, detail: str) -> None:
        self.newest.refuse(endpoint, addr, reason, detail)

    def pair_id(self, endpoint: Endpoint, addr: Address) -> str | None:
        return next(
            (found for c in reversed(self.lists) if (found := c.pair_id(endpoint, addr))), None
        )

    def seen_as(self, endpoint: Endpoint, mapped: Address) -> None:
        self.newest.seen_as(endpoint, mapped)

    def endpoint_lost(self, endpoint: Endpoint) -> None:
        for checks in self.lists:
            checks.endpoint_lost(endpoint)
        if not self.newest.closing:
            self._on_lost(endpoint)
