"""What can be seen of packets on their way, and how many were dropped where and why.

Counting is always on; telling costs nothing while nobody watches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from icetui.vnet.clock import Clock
from icetui.vnet.packet import Packet

Why = Literal[
    "lost",
    "cut",
    "queue-full",
    "too-big",
    "hops",
    "no-route",
    "blackhole",
    "unreachable",
    "nobody",
    "firewall",
    "no-mapping",
    "filtered",
    "table-full",
    "hairpin",
    "icmp-dropped",
    "asleep",
    "closed-port",
    "buffer-full",
    "not-for-it",
]
"""no-mapping and filtered are a NAT's: the port stands for nobody, or not for this sender;
not-for-it: a host that does not forward; nobody: no neighbour has the address."""


class Passage(NamedTuple):
    """A packet seen somewhere."""

    at: float
    """Seconds since the world began."""
    place: str
    """A line and its direction (`alice.eth0 up`), or a node."""
    what: Literal["enters", "leaves", "dropped"]
    packet: Packet
    why: Why | None = None
    """Of what was dropped."""


class Tap:
    """Where all of a world's packets are told of."""

    __slots__ = ("_clock", "drops", "watchers")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.watchers: list[Callable[[Passage], None]] = []
        self.drops: dict[tuple[str, Why], int] = {}

    def dropped(self, place: str, why: Why, packet: Packet) -> None:
        """Count it, and tell whoever watches."""
        self.drops[place, why] = self.drops.get((place, why), 0) + 1
        if self.watchers:
            self._tell(Passage(self._clock.now, place, "dropped", packet, why))

    def passes(self, place: str, what: Literal["enters", "leaves"], packet: Packet) -> None:
        """Called only while somebody watches."""
        self._tell(Passage(self._clock.now, place, what, packet))

    def _tell(self, passage: Passage) -> None:
        for watcher in self.watchers:
            watcher(passage)
