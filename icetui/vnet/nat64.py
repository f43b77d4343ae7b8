"""NAT64: IPv6 hosts reach IPv4 ones by addresses that hold theirs (RFC 6052, RFC 6146, RFC 7915).

What belongs here: headers and ICMP errors from one IP version to the other. Ports and bindings are
the translator's, as with any other NAT.

On its way through the router a packet is mixed: the inside's address stays IPv6, the outside's is
IPv4.
"""

from __future__ import annotations

from icetui.engine.embedding import Embedding
from icetui.engine.net import Address
from icetui.vnet.packet import Packet, Trouble
from icetui.vnet.routing_table import version_of

TO_IPV6: dict[tuple[int, int], tuple[int, int]] = {
    (3, 0): (1, 0),
    (3, 1): (1, 0),
    (3, 3): (1, 4),
    (3, 4): (2, 0),
    (3, 9): (1, 1),
    (3, 10): (1, 1),
    (3, 13): (1, 1),
    (11, 0): (3, 0),
}
"""Types and codes of ICMP errors (RFC 7915 section 4.2)."""
TO_IPV4: dict[tuple[int, int], tuple[int, int]] = {
    (1, 0): (3, 1),
    (1, 1): (3, 10),
    (1, 3): (3, 1),
    (1, 4): (3, 3),
    (2, 0): (3, 4),
    (3, 0): (11, 0),
}
"""The other way (section 5.2)."""
HEADERS_DIFFER = 20
"""Bytes that an IPv6 header is longer."""


class Nat64(Embedding):
    """Of one prefix."""

    def outwards(self, packet: Packet) -> Packet:
        """What goes from inside to an address of the prefix, mixed from now on."""
        payload = packet.payload
        if isinstance(payload, Trouble):
            about = payload.about
            about = Packet(self._narrow(about.source), about.destination, about.payload, about.hops)
            payload = _trouble(payload, about, TO_IPV4, -HEADERS_DIFFER)
        return Packet(packet.source, self._narrow(packet.destination), payload, packet.hops)

    def inwards(self, packet: Packet) -> Packet:
        """A mixed packet for inside, as it arrives there."""
        payload = packet.payload
        if isinstance(payload, Trouble) and version_of(payload.about.destination[0]) == 4:
            about = payload.about
            about = Packet(about.source, self._widen(about.destination), about.payload, about.hops)
            payload = _trouble(payload, about, TO_IPV6, HEADERS_DIFFER)
        return Packet(self._widen(packet.source), packet.destination, payload, packet.hops)

    def _widen(self, address: Address) -> Address:
        if version_of(address[0]) == 6:
            return address
        return self.embed(address[0]), address[1]

    def _narrow(self, address: Address) -> Address:
        return self.extract(address[0]), address[1]


def _trouble(
    trouble: Trouble,
    about: Packet,
    codes: dict[tuple[int, int], tuple[int, int]],
    longer: int,
) -> Trouble:
    kind, code = codes[trouble.type, trouble.code]
    mtu = max(trouble.mtu + longer, 0) if trouble.mtu else 0
    return Trouble(kind, code, about, mtu)
