"""Multicast on a LAN: a socket that asks a group and hears what answers."""

from __future__ import annotations

import asyncio
import errno
from collections import deque

from icetui.engine.net import Address
from icetui.vnet.host import Host
from icetui.vnet.link import Port
from icetui.vnet.packet import Packet

MOST_HEARD = 256
"""Datagrams kept for whoever reads."""


class GroupSocket:
    """A `MulticastSocket`, bound to the group's port."""

    def __init__(self, host: Host, group: Address, sources: list[str]) -> None:
        self._host = host
        self.group = group
        self.names = {(source, group[1]) for source in sources}
        """What is sent to itself alone comes here, too."""
        self._heard: deque[tuple[bytes, Address]] = deque(maxlen=MOST_HEARD)
        self._waiter: asyncio.Future[None] | None = None
        host.members.append(self)

    def ask(self, data: bytes, source: str) -> None:
        """Send to the group out of the interface with the address `source`. Raises OSError."""
        port = next((p for p in self._host.ports if source in p.addresses), None)
        if port is None:
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        packet = Packet((source, self.group[1]), self.group, bytes(data), hops=255)
        send_to_group(self._host, packet, port)

    def hear(self, data: bytes, source: Address, port: Port | None) -> None:
        self._heard.append((data, source))
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def receive(self) -> tuple[bytes, Address]:
        """The next datagram and who sent it."""
        while not self._heard:
            self._waiter = self._host.loop.create_future()
            await self._waiter
        return self._heard.popleft()

    def close(self) -> None:
        if self in self._host.members:
            self._host.members.remove(self)


def send_to_group(host: Host, packet: Packet, port: Port) -> None:
    """Out of one interface, and to the programs on this host (RFC 6762 section 11)."""
    host.loop.call_soon(host.hear_group, packet, None)
    port.send(packet, packet.destination[0])
