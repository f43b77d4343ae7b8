"""A program that answers for `.local` names by multicast DNS, as browsers do for their own.

What is on the wire is RFC 6762's; only as much of it as a question for an address needs.
"""

from __future__ import annotations

import struct

from icetui.engine.net import Address
from icetui.vnet.group import send_to_group
from icetui.vnet.host import Host
from icetui.vnet.link import Port
from icetui.vnet.packet import Packet
from icetui.vnet.routing_table import as_number

GROUP: Address = ("224.0.0.251", 5353)
A, AAAA, IN = 1, 28, 1
ANSWER = 0x8400
"""A response, authoritative (section 18)."""
LIFETIME = 120
"""Seconds (section 10)."""


class MdnsResponder:
    """A `GroupMember`."""

    group = GROUP

    def __init__(self, host: Host, names: tuple[str, ...]) -> None:
        self._host = host
        self._names = {name.rstrip(".").lower(): name for name in names}
        host.members.append(self)

    def hear(self, data: bytes, source: Address, port: Port | None) -> None:
        if port is not None:
            self._host.loop.call_soon(self._answer, data, source, port)

    def _answer(self, data: bytes, source: Address, port: Port) -> None:
        asked = question(data)
        if asked is None or asked[0] not in self._names or port not in self._host.ports:
            return
        name, kind = asked
        version = {A: 4, AAAA: 6}.get(kind)
        address = port.address(version) if version is not None else None
        own = port.address(4)
        if address is None or own is None:
            return
        number = as_number(address)[1]
        record = struct.pack("!2HIH", kind, 0x8000 | IN, LIFETIME, 4 if version == 4 else 16)
        answer = encoded(name) + record + number.to_bytes(4 if version == 4 else 16, "big")
        message = struct.pack("!6H", 0, ANSWER, 0, 1, 0, 0) + answer
        packet = Packet((own, GROUP[1]), GROUP, message, hops=255)
        if source[1] == GROUP[1]:
            send_to_group(self._host, packet, port)
        else:
            # Who asks from another port is answered alone (section 6.7).
            self._host.send(Packet(packet.source, source, data[:2] + message[2:]))


def encoded(name: str) -> bytes:
    """As labels (RFC 1035 section 3.1)."""
    labels = name.encode("ascii").split(b".")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def question(data: bytes) -> tuple[str, int] | None:
    """Name in lower case and type of the first question; None: it is none that can be read."""
    if len(data) < 12 or data[2] & 0x80 or data[4:6] == b"\0\0":
        return None
    labels, at = [], 12
    while at < len(data) and 0 < data[at] < 64:
        labels.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    if at + 5 > len(data) or data[at] != 0:
        return None
    try:
        name = b".".join(labels).decode("ascii").lower()
    except UnicodeDecodeError:
        return None
    return name, int.from_bytes(data[at + 1 : at + 3], "big")
