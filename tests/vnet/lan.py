"""A handful of hosts on one wire, each a `ServerNet` of its own: the least that servers run on."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, TypeVar

from icetui.engine.net import (
    Address,
    DatagramTransport,
    MulticastSocket,
    PacketReceiver,
    StreamReceiver,
    StreamTransport,
    Undelivered,
)
from icetui.vnet.clock import Clock
from icetui.vnet.packet import Packet
from icetui.vnet.servers import Certificate
from icetui.vnet.serving import Listener
from icetui.vnet.tcp import TcpStack

T = TypeVar("T")
BEGINNING = 1_700_000_000.0


class Lan:
    """Everybody hears what is for them `delay` seconds later."""

    def __init__(self, delay: float = 0.005) -> None:
        self.clock = Clock()
        self.delay = delay
        self.hosts: dict[str, Host] = {}
        self.datagrams = 0

    def host(self, *addresses: str) -> Host:
        """A new host with these addresses."""
        host = Host(self, addresses)
        self.hosts.update(dict.fromkeys(addresses, host))
        return host


class Socket:
    """A UDP socket of a host."""

    def __init__(self, host: Host, receiver: PacketReceiver, at: Address) -> None:
        self.host, self.receiver, self.at = host, receiver, at
        self.closed = False

    def sendto(self, data: bytes, addr: Address) -> None:
        assert not self.closed
        lan = self.host.lan
        lan.datagrams += 1
        there = lan.hosts.get(addr[0])
        if there is not None:
            there.loop.call_later(lan.delay, there.hear, data, self.at, addr)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.at if name == "sockname" else default

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            del self.host.sockets[self.at]


class Host:
    """A machine."""

    def __init__(self, lan: Lan, addresses: tuple[str, ...]) -> None:
        self.lan = lan
        self.addresses = addresses
        self.loop = lan.clock.loop(addresses[0])
        self.random = Random(addresses[0])
        self.tcp = TcpStack(self.loop, Random(addresses[0] + " tcp"), self._carry)
        self.sockets: dict[Address, Socket] = {}

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something here to its end."""
        result: T = self.lan.clock.complete(self.loop.create_task(coroutine))
        return result

    def hear(self, data: bytes, source: Address, at: Address) -> None:
        socket = self.sockets.get(at)
        if socket is not None:
            socket.receiver.packet_received(data, source, self.loop.time())
            return
        sender = self.lan.hosts[source[0]].sockets.get(source)
        if sender is not None:
            error = Undelivered(4, 3, 3, at[0])
            sender.host.loop.call_later(self.lan.delay, sender.receiver.unreachable, at, error)

    def _carry(self, packet: Packet) -> None:
        there = self.lan.hosts.get(packet.destination[0])
        if there is not None:
            there.loop.call_later(self.lan.delay, there.tcp.receive, packet)

    # --- a ServerNet ------------------------------------------------------------------------------

    def now(self) -> float:
        return self.loop.time()

    def wall(self) -> float:
        return BEGINNING + self.lan.clock.now

    def interfaces(self) -> list[tuple[str, str]]:
        return [("eth0", address) for address in self.addresses]

    def source_address(self, towards: Address) -> str | None:
        return self.addresses[0]

    async def resolve(self, host: str, port: int) -> list[Address]:
        return [(host, port)]

    async def open_udp(
        self, receiver: PacketReceiver, address: str, port: int = 0, *, hops: int | None = None
    ) -> DatagramTransport:
        if address not in self.addresses:
            raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
        while port == 0 or (address, port) in self.sockets:
            if port:
                raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
            port = self.random.randrange(32768, 61000)
        socket = self.sockets[address, port] = Socket(self, receiver, (address, port))
        receiver.connection_made(socket)
        return socket

    async def open_stream(
        self, receiver: StreamReceiver, addr: Address, *, local: str, tls: str | None = None
    ) -> StreamTransport:
        return await self.tcp.connect(receiver, addr, local, tls)

    def open_multicast(self, group: str, port: int, sources: list[str]) -> MulticastSocket:
        raise NotImplementedError

    async def listen(
        self,
        factory: Callable[[], StreamReceiver],
        address: str,
        port: int,
        tls: Certificate | None = None,
    ) -> Listener:
        return self.tcp.listen(factory, address, port, tls)
