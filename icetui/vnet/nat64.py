"""NAT64: IPv6 hosts reach IPv4 ones by addresses that hold theirs (RFC 6052, RFC 6146, RFC 7915).

What belongs here: headers and ICMP errors from one IP version to the other. Ports and bindings are
the translator's, as with any other NAT.

On its way through the router a packet is mixed: the inside's address stays IPv6, the outside's is
IPv4.
"""

from __future__ import annotations

from icetui.engine.net import Address
from icetui.vnet.packet import Packet, Trouble
from icetui.vnet.routing_table import as_number, prefix, version_of, written

LENGTH = 96
"""Bits of a prefix; RFC 6052 knows shorter ones, which nobody uses in a home."""
LOW = (1 << 32) - 1

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


class Nat64:
    """Of one prefix."""

    def __init__(self, text: str) -> None:
        """Raises ValueError for anything but an IPv6 prefix of 96 bits."""
        found = prefix(text)
        if found.version != 6 or found.length != LENGTH:
            raise ValueError(f"{text!r} is no IPv6 prefix of {LENGTH} bits")
        self._prefix = found

    def holds(self, address: str) -> bool:
        """Whether an IPv4 host is meant by it."""
        return self._prefix.holds(address)

    def embedding(self, address: str) -> str:
        """The IPv6 address that means this IPv4 one."""
        return written(6, self._prefix.network | as_number(address)[1])

    def embedded(self, address: str) -> str:
        """The IPv4 address in one of the prefix."""
        return written(4, as_number(address)[1] & LOW)

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
        return self.embedding(address[0]), address[1]

    def _narrow(self, address: Address) -> Address:
        return self.embedded(address[0]), address[1]


def _trouble(
    trouble: Trouble,
    about: Packet,
    codes: dict[tuple[int, int], tuple[int, int]],
    longer: int,
) -> Trouble:
    kind, code = codes[trouble.type, trouble.code]
    mtu = max(trouble.mtu + longer, 0) if trouble.mtu else 0
    return Trouble(kind, code, about, mtu)
