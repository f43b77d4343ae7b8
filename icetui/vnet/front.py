"""What a server listens on: its sockets, ports and connections, and whom it takes notice of.

What belongs here: UDP, TCP and TLS under one name, the 5-tuple; being silent, slow, choosy or
limited. What a message means is not known here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

from icetui.engine.net import Address, DatagramTransport, StreamTransport, Undelivered
from icetui.vnet.prefixes import Prefixes
from icetui.vnet.servers import ServerOptions
from icetui.vnet.serving import Listener, ServerNet
from icetui.vnet.stun_messages import Framing

MOST_BUFFERED = 262_144
"""Bytes that wait on a connection beyond which what comes next is dropped."""
MOST_BUCKETS = 4096


class FiveTuple(NamedTuple):
    """A client, as RFC 8656 section 2 tells clients apart."""

    transport: Literal["udp", "tcp", "tls"]
    local: Address
    remote: Address


def host_addresses(net: ServerNet) -> tuple[str, ...]:
    """The first IPv4 and the first IPv6 address that others can reach."""
    found = [
        ip for _, ip in net.interfaces() if not ip.startswith(("127.", "fe80:")) and ip != "::1"
    ]
    firsts = (
        next((ip for ip in found if ":" not in ip), None),
        next((ip for ip in found if ":" in ip), None),
    )
    return tuple(ip for ip in firsts if ip is not None)


class Front:
    """Everything a server hears comes in here, and everything it says goes out."""

    def __init__(
        self,
        net: ServerNet,
        options: ServerOptions,
        heard: Callable[[FiveTuple, bytes], None],
        gone: Callable[[FiveTuple], None] = lambda client: None,
    ) -> None:
        self._net = net
        self._options = options
        self._heard = heard
        self._gone = gone
        """A TCP client has left."""
        self._clients = Prefixes(options.clients)
        self.addresses: tuple[str, ...] = ()
        """Its primary ones, once started."""
        self._sockets: dict[Address, DatagramTransport] = {}
        self._listeners: list[Listener] = []
        self._streams: dict[FiveTuple, StreamTransport] = {}
        self._buckets: dict[str, tuple[float, float]] = {}
        """What an IP address may still send, and when that was reckoned."""
        self._delayed: dict[int, asyncio.TimerHandle] = {}
        self._count = 0
        self.running = False

    # --- beginning and end ------------------------------------------------------------------------

    async def start(self, other: Callable[[Address], Iterable[Address]]) -> None:
        """Listen; for each UDP address also on those that `other` names. Raises OSError."""
        options = self._options
        self.running = True
        self.addresses = options.addresses or host_addresses(self._net)
        try:
            for address in self.addresses:
                if "udp" in options.transports:
                    main = (address, options.port)
                    for at in (main, *other(main)):
                        await self._open(at)
                        await self._open(self._leaving(at))
                if "tcp" in options.transports:
                    await self._listen(address, options.port, "tcp")
                if "tls" in options.transports:
                    await self._listen(address, options.tls_port, "tls")
        except BaseException:  # cancelled, too: what it has opened must not stay open
            # One port taken or the start cancelled: nothing may stay half open.
            self.stop()
            raise

    def stop(self) -> None:
        """Close everything; nothing is heard or said any more."""
        self.running = False
        for socket in self._sockets.values():
            socket.close()
        for listener in self._listeners:
            listener.close()
        for stream in self._streams.values():
            stream.close()
        for timer in self._delayed.values():
            timer.cancel()
        self._sockets.clear()
        self._listeners.clear()
        self._streams.clear()
        self._delayed.clear()
        self._buckets.clear()

    async def _open(self, at: Address) -> None:
        if at not in self._sockets:
            ear = _Ear(self, at)
            self._sockets[at] = await self._net.open_udp(ear, *at)

    async def _listen(self, address: str, port: int, kind: Literal["tcp", "tls"]) -> None:
        certificate = self._options.certificate if kind == "tls" else None
        listener = await self._net.listen(
            lambda: _Stream(self, kind), address, port, tls=certificate
        )
        self._listeners.append(listener)

    # --- out --------------------------------------------------------------------------------------

    def send(self, client: FiveTuple, data: bytes) -> None:
        """Send to a client at once."""
        if client.transport == "udp":
            socket = self._sockets.get(client.local)
            if socket is not None:
                socket.sendto(data, client.remote)
        else:
            stream = self._streams.get(client)
            if stream is not None and stream.get_write_buffer_size() <= MOST_BUFFERED:
                stream.write(data)

    def answer(self, client: FiveTuple, data: bytes, leaving: Address | None = None) -> None:
        """Answer a client, as slowly and from where the options say; `leaving` is another socket of
        ours to answer from."""
        if client.transport == "udp":
            at = leaving or self._leaving(client.local)
            client = FiveTuple("udp", at, client.remote)
        options = self._options
        if not options.delay and not options.delay_spread:
            self.send(client, data)
            return
        wait = options.delay
        if options.delay_spread:
            wait += self._net.random.uniform(0.0, options.delay_spread)
        self._count += 1
        self._delayed[self._count] = asyncio.get_running_loop().call_later(
            wait, self._late, self._count, client, data
        )

    def _late(self, number: int, client: FiveTuple, data: bytes) -> None:
        del self._delayed[number]
        self.send(client, data)

    def _leaving(self, at: Address) -> Address:
        options = self._options
        return (options.answers_from_address or at[0], options.answers_from_port or at[1])

    # --- in ---------------------------------------------------------------------------------------

    def hear(self, client: FiveTuple, data: bytes) -> None:
        """A whole message from a client."""
        options = self._options
        if options.silent or not self.running:
            return
        if self._clients and client.remote[0] not in self._clients:
            return
        if data and data[0] < 4:
            # STUN; what is relayed is not slowed down by a limit on requests.
            if options.ignores and self._net.random.uniform(0.0, 1.0) < options.ignores:
                return
            if options.rate is not None and not self._allowed(client.remote[0], options.rate):
                return
        self._heard(client, data)

    def _allowed(self, address: str, rate: float) -> bool:
        now = self._net.now()
        left, then = self._buckets.get(address, (self._options.burst, now))
        left = min(self._options.burst, left + (now - then) * rate)
        allowed = left >= 1.0
        if len(self._buckets) >= MOST_BUCKETS and address not in self._buckets:
            del self._buckets[next(iter(self._buckets))]
        self._buckets[address] = (left - allowed, now)
        return allowed

    def joined(self, client: FiveTuple, stream: StreamTransport) -> None:
        """A connection has come about."""
        if not self.running:
            stream.close()
            return
        self._streams[client] = stream

    def left(self, client: FiveTuple) -> None:
        """A connection is no more."""
        if self._streams.pop(client, None) is not None:
            self._gone(client)


class _Ear:
    """Hears one UDP socket."""

    def __init__(self, front: Front, at: Address) -> None:
        self._front = front
        self._at = at

    def connection_made(self, transport: Any) -> None:
        """The front keeps the transport."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Only by being closed."""

    def packet_received(self, data: bytes, addr: Address, at: float) -> None:
        self._front.hear(FiveTuple("udp", self._at, addr), data)

    def unreachable(self, addr: Address, error: Undelivered) -> None:
        """A client has gone; a server takes no notice."""

    def send_failed(self, addr: Address, error: OSError) -> None:
        """As above."""


class _Stream:
    """Hears one connection."""

    def __init__(self, front: Front, kind: Literal["tcp", "tls"]) -> None:
        self._front = front
        self._kind = kind
        self._framing = Framing()
        self._transport: StreamTransport | None = None
        self._client: FiveTuple | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        local = transport.get_extra_info("sockname")
        remote = transport.get_extra_info("peername")
        self._client = FiveTuple(self._kind, (local[0], local[1]), (remote[0], remote[1]))
        self._front.joined(self._client, transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None and self._client is not None
        for message in self._framing.feed(data):
            self._front.hear(self._client, message)
        if self._framing.broken:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._client is not None:
            self._front.left(self._client)
