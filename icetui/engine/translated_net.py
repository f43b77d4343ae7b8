"""UDP to IPv4 hosts through a NAT64, for whoever knows their IPv4 addresses alone: its sockets are
IPv6 ones.

What belongs here: addresses on their way through such a socket. What comes of them is its user's
business.
"""

from __future__ import annotations

from typing import Any

from icetui.engine.embedding import Embedding
from icetui.engine.net import (
    Address,
    DatagramTransport,
    PacketReceiver,
    Randomness,
    UdpNet,
    Undelivered,
)


class TranslatedNet:
    """A `UdpNet`."""

    def __init__(self, net: UdpNet, embedding: Embedding) -> None:
        self._net = net
        self._embedding = embedding

    @property
    def random(self) -> Randomness:
        return self._net.random

    def now(self) -> float:
        return self._net.now()

    async def open_udp(
        self, receiver: PacketReceiver, address: str, port: int = 0, *, hops: int | None = None
    ) -> DatagramTransport:
        """As `Net.open_udp`, on one of our IPv6 addresses."""
        socket = _Socket(receiver, self._embedding)
        await self._net.open_udp(socket, address, port, hops=hops)
        return socket


class _Socket:
    """Both what its user sends on and what hears the IPv6 socket."""

    def __init__(self, receiver: PacketReceiver, embedding: Embedding) -> None:
        self._receiver = receiver
        self._embedding = embedding
        self._transport: DatagramTransport

    # --- as a socket ------------------------------------------------------------------------------

    def sendto(self, data: bytes, addr: Address) -> None:
        self._transport.sendto(data, (self._embedding.embed(addr[0]), addr[1]))

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self._transport.close()

    # --- as a receiver ----------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._receiver.connection_made(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._receiver.connection_lost(exc)

    def packet_received(self, data: bytes, addr: Address, at: float) -> None:
        # What comes past the NAT64 is for nobody: IPv6 candidates have sockets of their own.
        if self._embedding.holds(addr[0]):
            self._receiver.packet_received(data, self._meant(addr), at)

    def unreachable(self, addr: Address, error: Undelivered) -> None:
        if self._embedding.holds(addr[0]):
            self._receiver.unreachable(self._meant(addr), error)

    def send_failed(self, addr: Address, error: OSError) -> None:
        if self._embedding.holds(addr[0]):
            self._receiver.send_failed(self._meant(addr), error)

    def _meant(self, addr: Address) -> Address:
        return self._embedding.extract(addr[0]), addr[1]
