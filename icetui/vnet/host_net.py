"""`Net` for a host of the simulated internet: what an engine or a server on it is handed."""

from __future__ import annotations

import errno
from collections.abc import Callable
from random import Random

from icetui.engine.net import Address, PacketReceiver, StreamReceiver, StreamTransport
from icetui.vnet.clock import BOOTED
from icetui.vnet.fabric import Fabric
from icetui.vnet.group import GroupSocket
from icetui.vnet.host import Host
from icetui.vnet.resolver import Resolver
from icetui.vnet.servers import Certificate
from icetui.vnet.serving import Listener
from icetui.vnet.udp_socket import UdpSocket


class HostNet:
    """A `ServerNet`, thus a `Net`."""

    def __init__(self, fabric: Fabric, host: Host, resolver: Resolver, wall: float) -> None:
        self._fabric = fabric
        self._host = host
        self._resolver = resolver
        self._wall = wall
        self._random = fabric.stream(f"host {host.name}")

    @property
    def random(self) -> Random:
        return self._random

    def now(self) -> float:
        return self._host.loop.time()

    def uptime(self) -> float:
        return BOOTED + self._fabric.clock.now

    def wall(self) -> float:
        return self._wall + self._fabric.clock.now + self._host.wall_error

    def interfaces(self) -> list[tuple[str, str]]:
        return self._host.interfaces()

    def source_address(self, towards: Address) -> str | None:
        return self._host.routes.source(towards[0])

    async def resolve(self, host: str, port: int) -> list[Address]:
        return await self._resolver.resolve(self._host.name, host, port)

    async def open_udp(
        self, receiver: PacketReceiver, address: str, port: int = 0, *, hops: int | None = None
    ) -> UdpSocket:
        socket = self._host.bind(receiver, address, port, hops)
        receiver.connection_made(socket)
        return socket

    async def open_stream(
        self, receiver: StreamReceiver, addr: Address, *, local: str, tls: str | None = None
    ) -> StreamTransport:
        self._available(local)
        return await self._host.tcp.connect(receiver, addr, local, tls)

    def open_multicast(self, group: str, port: int, sources: list[str]) -> GroupSocket:
        for source in sources:
            self._available(source)
        return GroupSocket(self._host, (group, port), sources)

    async def listen(
        self,
        factory: Callable[[], StreamReceiver],
        address: str,
        port: int,
        tls: Certificate | None = None,
    ) -> Listener:
        if address:
            self._available(address)
        return self._host.tcp.listen(factory, address, port, tls)

    def _available(self, address: str) -> None:
        if address not in self._host.routes.own:
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
