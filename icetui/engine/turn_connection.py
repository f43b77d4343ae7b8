"""What carries a TURN client's messages to its server: frames over UDP, TCP or TLS.

What belongs here: where a frame begins and ends (RFC 8656 section 12.5). What a frame says is
`turn_conversation.py`'s business.
"""

from __future__ import annotations

from typing import Any, Protocol

from icetui.engine.net import Address, DatagramTransport, Net, StreamTransport, Undelivered
from icetui.events import ServerTransport

MOST_BUFFERED = 262144
"""Bytes waiting on a TCP connection beyond which datagrams are dropped, as a router would."""


class Connection(Protocol):
    """A way to the server."""

    @property
    def transport(self) -> Any: ...

    def send(self, data: bytes) -> None: ...


class Listener(Protocol):
    """Who hears what comes from the server, and of the server."""

    def arrived(self, data: bytes, at: float) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def undelivered(self, error: Undelivered) -> None: ...
    def cannot_send(self, error: OSError) -> None: ...


async def connect(
    net: Net,
    listener: Listener,
    transport: ServerTransport,
    address: Address,
    local: str,
    domain: str,
) -> Connection:
    """Connect to the server at `address` from a local one; over TLS it has to be `domain`.

    Raises OSError, `TlsFailure`.
    """
    if transport == "udp":
        datagrams = DatagramConnection(listener, address)
        await net.open_udp(datagrams, local)
        return datagrams
    bytestream = StreamConnection(listener, net)
    tls = domain if transport == "tls" else None
    await net.open_stream(bytestream, address, local=local, tls=tls)
    return bytestream


class DatagramConnection:
    """Over UDP: a datagram a frame."""

    def __init__(self, listener: Listener, address: Address) -> None:
        self._listener = listener
        self._address = address
        self.transport: DatagramTransport

    def send(self, data: bytes) -> None:
        self.transport.sendto(data, self._address)

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._listener.connection_lost(exc)

    def packet_received(self, data: bytes, addr: Address, at: float) -> None:
        if addr == self._address:
            self._listener.arrived(data, at)

    def unreachable(self, addr: Address, error: Undelivered) -> None:
        self._listener.undelivered(error)

    def send_failed(self, addr: Address, error: OSError) -> None:
        self._listener.cannot_send(error)


class StreamConnection:
    """Over TCP and TLS: frames one after the other, each padded to four bytes (section 12.5)."""

    def __init__(self, listener: Listener, net: Net) -> None:
        self._listener = listener
        self._net = net
        self.transport: StreamTransport
        self._buffer = bytearray()

    def send(self, data: bytes) -> None:
        if self.transport.get_write_buffer_size() < MOST_BUFFERED:
            self.transport.write(data + bytes(-len(data) % 4))

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._listener.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        now = self._net.now()
        at = 0
        while len(self._buffer) - at >= 4:
            length = int.from_bytes(self._buffer[at + 2 : at + 4], "big")
            size = (4 if 0x40 <= self._buffer[at] < 0x80 else 20) + length
            size += -size % 4
            if len(self._buffer) - at < size:
                break
            self._listener.arrived(bytes(self._buffer[at : at + size]), now)
            at += size
        del self._buffer[:at]
