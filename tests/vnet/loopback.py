"""The real loopback as a `ServerNet`, so that foreign programs can talk to the servers."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Callable
from typing import Any, cast

from icetui.engine.net import (
    Address,
    DatagramTransport,
    MulticastSocket,
    PacketReceiver,
    StreamReceiver,
    StreamTransport,
)
from icetui.vnet.servers import Certificate
from icetui.vnet.serving import Listener


class Loopback:
    """127.0.0.1 and its like."""

    def __init__(self) -> None:
        self.random = random.Random(1)

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def wall(self) -> float:
        return time.time()

    def interfaces(self) -> list[tuple[str, str]]:
        return [("lo", "127.0.0.1"), ("lo", "::1")]

    def source_address(self, towards: Address) -> str | None:
        return "::1" if ":" in towards[0] else "127.0.0.1"

    async def resolve(self, host: str, port: int) -> list[Address]:
        raise NotImplementedError("servers ask no names")

    async def open_udp(
        self, receiver: PacketReceiver, address: str, port: int = 0, *, hops: int | None = None
    ) -> DatagramTransport:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Datagrams(receiver), local_addr=(address, port)
        )
        return cast(DatagramTransport, transport)

    async def open_stream(
        self, receiver: StreamReceiver, addr: Address, *, local: str, tls: str | None = None
    ) -> StreamTransport:
        raise NotImplementedError("servers connect to nobody")

    def open_multicast(self, group: str, port: int, sources: list[str]) -> MulticastSocket:
        raise NotImplementedError("servers ask no group")

    async def listen(
        self,
        factory: Callable[[], StreamReceiver],
        address: str,
        port: int,
        tls: Certificate | None = None,
    ) -> Listener:
        assert tls is None, "TLS is played, not computed"
        server = await asyncio.get_running_loop().create_server(
            lambda: _Stream(factory()), address, port
        )
        return _Listening(server)


class _Listening:
    def __init__(self, server: asyncio.Server) -> None:
        self._server = server

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        self._server.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, receiver: PacketReceiver) -> None:
        self.receiver = receiver

    def connection_made(self, transport: Any) -> None:
        self.receiver.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.receiver.connection_lost(exc)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.receiver.packet_received(data, addr[:2], asyncio.get_running_loop().time())


class _Stream(asyncio.Protocol):
    def __init__(self, receiver: StreamReceiver) -> None:
        self.receiver = receiver

    def connection_made(self, transport: Any) -> None:
        self.receiver.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self.receiver.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.receiver.connection_lost(exc)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
