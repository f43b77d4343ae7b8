"""ICMP errors, for IPv4 (RFC 792) and IPv6 (RFC 4443), as packets and as a host is told of them."""

from __future__ import annotations

from typing import Literal

from icetui.engine.net import Undelivered
from icetui.vnet.packet import Packet, Trouble

Unreachable = Literal[
    "network-unreachable",
    "host-unreachable",
    "port-unreachable",
    "network-prohibited",
    "host-prohibited",
    "admin-prohibited",
]
CODES: dict[Unreachable, tuple[int, int]] = {
    "network-unreachable": (0, 0),
    "host-unreachable": (1, 3),
    "port-unreachable": (3, 4),
    "network-prohibited": (9, 1),
    "host-prohibited": (10, 1),
    "admin-prohibited": (13, 1),
}
"""Of Destination Unreachable, ICMP and ICMPv6."""


def unreachable(about: Packet, what: Unreachable) -> Trouble:
    """Destination unreachable."""
    if about.version == 6:
        return Trouble(1, CODES[what][1], about)
    return Trouble(3, CODES[what][0], about)


def time_exceeded(about: Packet) -> Trouble:
    """No more hops."""
    return Trouble(3 if about.version == 6 else 11, 0, about)


def too_big(about: Packet, mtu: int) -> Trouble:
    """Fragmentation needed, or packet too big."""
    if about.version == 6:
        return Trouble(2, 0, about, mtu)
    return Trouble(3, 4, about, mtu)


def answerable(packet: Packet) -> bool:
    """Whether an error may be sent about it: never about an error, nor about what went to many
    (RFC 1122 section 3.2.2, RFC 4443 section 2.4)."""
    return not isinstance(packet.payload, Trouble) and not multicast(packet.destination[0])


def multicast(address: str) -> bool:
    """224.0.0.0/4, limited broadcast, ff00::/8."""
    if ":" in address:
        return address.startswith("ff")
    return address[:3].isdigit() and int(address[:3]) >= 224


def told(packet: Packet, trouble: Trouble) -> Undelivered:
    """As the sender's system tells its program."""
    return Undelivered(packet.version, trouble.type, trouble.code, packet.source[0])
