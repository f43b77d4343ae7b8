"""The engine's sockets on chosen ports, which its sessions share (RFC 8445 section 7.3).

What belongs here: who of those that share a socket is meant by a datagram: a request by the user
fragment it names, an answer by the transaction it answers, anything else by the pair it came over.
Whatever concerns nobody concerns the one that came first, who refuses it in public. Data between
two addresses that two sessions both have a pair of cannot be told apart: the older one takes it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from icetui.engine import stun
from icetui.engine.endpoint import Endpoint
from icetui.engine.net import Address, Net, Undelivered


class Sockets:
    """Of one engine."""

    def __init__(self, net: Net) -> None:
        self._net = net
        self._shared: dict[Address, SharedSocket] = {}
        self._opening = asyncio.Lock()

    async def open(self, endpoint: Endpoint, address: str, port: int) -> None:
        """Give an endpoint a socket: one of its own for port 0, else the one that the engine has
        there, or a new one. Raises OSError."""
        if port == 0:
            await self._net.open_udp(endpoint, address)
            return
        # One after the other: the second that wants a port is to find what the first has opened.
        async with self._opening:
            shared = self._shared.get((address, port))
            if shared is None or shared.closed:
                shared = SharedSocket()
                await self._net.open_udp(shared, address, port)
                self._shared[address, port] = shared
            shared.join(endpoint)


class SharedSocket:
    """One socket and the endpoints on it."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.closed = False
        self._shares: dict[Endpoint, _Share] = {}
        """By endpoint, in the order in which they came."""

    def join(self, endpoint: Endpoint) -> None:
        """One more endpoint sends and hears here."""
        self._shares[endpoint] = _Share(self, endpoint)
        endpoint.connection_made(self._shares[endpoint])

    def leave(self, endpoint: Endpoint) -> None:
        """One less; with the last one the socket is closed."""
        self._shares.pop(endpoint, None)
        if not self._shares and not self.closed:
            self.closed = True
            self.transport.close()
        asyncio.get_running_loop().call_soon(endpoint.connection_lost, None)

    # --- what it hears --------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        for endpoint in list(self._shares):
            endpoint.connection_lost(exc)
        self._shares.clear()

    def packet_received(self, data: bytes, addr: Address, at: float) -> None:
        endpoints = list(self._shares)
        if len(endpoints) == 1:
            endpoints[0].packet_received(data, addr, at)
            return
        if not stun.is_stun(data):
            meant = next((e for e in endpoints if e.carries(addr)), endpoints[0])
            meant.packet_received(data, addr, at)
            return
        try:
            message = stun.parse(data)
        except stun.MalformedStun:
            endpoints[0].packet_received(data, addr, at)
            return
        meant = next((e for e in endpoints if e.is_meant_by(message, addr)), endpoints[0])
        meant.message_arrived(message, addr, at)

    def unreachable(self, addr: Address, error: Undelivered) -> None:
        for endpoint in list(self._shares):
            endpoint.unreachable(addr, error)

    def send_failed(self, addr: Address, error: OSError) -> None:
        for endpoint in list(self._shares):
            endpoint.send_failed(addr, error)


class _Share:
    """One endpoint's part in a socket, which it may use and close as its own."""

    def __init__(self, socket: SharedSocket, endpoint: Endpoint) -> None:
        self._socket = socket
        self._endpoint = endpoint
        self._closing = False

    def sendto(self, data: bytes, addr: Address) -> None:
        if not self.is_closing():
            self._socket.transport.sendto(data, addr)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._socket.transport.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._closing or self._socket.closed

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._socket.leave(self._endpoint)
