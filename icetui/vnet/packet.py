"""What travels through the simulated internet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from icetui.engine.net import Address

HOPS = 64
"""Routers a packet may pass unless its sender says otherwise."""
IP_HEADER = {4: 20, 6: 40}
"""Bytes, by IP version."""
UDP_HEADER, TCP_HEADER = 8, 20


@dataclass(frozen=True, slots=True)
class Segment:
    """The TCP part of a packet; `data` is the stream's bytes from number `sequence` on."""

    kind: Literal["syn", "syn-ack", "data", "fin", "reset"]
    sequence: int = 0
    acknowledged: int = 0
    """Bytes of the other direction that have arrived in order."""
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Trouble:
    """The ICMP part of a packet: what happened to `about`, in ICMP's type and code (RFC 792; ICMPv6
    RFC 4443 for IPv6)."""

    type: int
    code: int
    about: Packet
    mtu: int = 0
    """Bytes that would have passed, for "fragmentation needed" and "packet too big"."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One IP packet. Its ports are 0 where it carries ICMP."""

    source: Address
    destination: Address
    payload: bytes | Segment | Trouble
    """UDP's data, or the other two protocols' part."""
    hops: int = HOPS

    @property
    def protocol(self) -> Literal["udp", "tcp", "icmp"]:
        if isinstance(self.payload, bytes):
            return "udp"
        return "tcp" if isinstance(self.payload, Segment) else "icmp"

    @property
    def version(self) -> Literal[4, 6]:
        return 6 if ":" in self.destination[0] else 4

    @property
    def size(self) -> int:
        """Bytes on the wire, from the IP header on."""
        header = IP_HEADER[self.version]
        if isinstance(self.payload, bytes):
            return header + UDP_HEADER + len(self.payload)
        if isinstance(self.payload, Segment):
            return header + TCP_HEADER + len(self.payload.data)
        return header + 8 + 28
