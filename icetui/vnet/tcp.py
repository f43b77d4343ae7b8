"""TCP of one host: its connections and listening ports.

What belongs here: who gets which segment, ports, connecting and accepting. How one connection
carries bytes is `tcp_connection.py`, what TLS adds is `tls.py`.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from random import Random

from icetui.engine.net import Address, StreamReceiver, StreamTransport, Undelivered
from icetui.vnet.clock import HostLoop
from icetui.vnet.packet import Packet, Segment
from icetui.vnet.servers import Certificate
from icetui.vnet.serving import Listener
from icetui.vnet.tcp_connection import Connection
from icetui.vnet.tls import TlsClient, TlsServer

EPHEMERAL = (32768, 60999)
"""Linux's net.ipv4.ip_local_port_range."""

ICMP_ERRNO = {
    0: errno.ENETUNREACH,
    1: errno.EHOSTUNREACH,
    2: errno.ENOPROTOOPT,
    3: errno.ECONNREFUSED,
    4: errno.EMSGSIZE,
    9: errno.ENETUNREACH,
    10: errno.EHOSTUNREACH,
    13: errno.EHOSTUNREACH,
}
"""What Linux makes of the codes of Destination Unreachable."""
ICMP6_ERRNO = {
    0: errno.ENETUNREACH,
    1: errno.EACCES,
    3: errno.EHOSTUNREACH,
    4: errno.ECONNREFUSED,
    5: errno.EACCES,
    6: errno.EACCES,
}


def os_error(number: int) -> OSError:
    """An error of the system; Python chooses the subclass by number."""
    return OSError(number, os.strerror(number))


class _Listening:
    """A listening port; address "" is any."""

    def __init__(
        self,
        stack: TcpStack,
        factory: Callable[[], StreamReceiver],
        address: str,
        port: int,
        tls: Certificate | None,
    ) -> None:
        self._stack = stack
        self._factory = factory
        self._tls = tls
        self.key = (address, port)

    @property
    def port(self) -> int:
        return self.key[1]

    def receiver(self, loop: HostLoop) -> StreamReceiver:
        """Who gets a new connection's bytes."""
        if self._tls is None:
            return self._factory()
        return TlsServer(self._factory, self._tls, loop)

    def close(self) -> None:
        self._stack.unlisten(self)


class TcpStack:
    """All connections and listening ports of a host.

    `send` must not deliver anything to this host before it returns.
    """

    def __init__(self, loop: HostLoop, random: Random, send: Callable[[Packet], None]) -> None:
        self._loop = loop
        self._random = random
        self._send = send
        self._connections: dict[tuple[Address, Address], Connection] = {}
        """By local and remote address."""
        self._listening: dict[Address, _Listening] = {}
        self._captive: _Listening | None = None

    @property
    def connections(self) -> tuple[tuple[Address, Address], ...]:
        """Local and remote address of each."""
        return tuple(self._connections)

    # --- what the network brings ----------------------------------------------------------------

    def receive(self, packet: Packet) -> None:
        """A packet for this host whose payload is a `Segment`."""
        segment = packet.payload
        assert isinstance(segment, Segment)
        key = (packet.destination, packet.source)
        connection = self._connections.get(key)
        if connection is not None:
            connection.receive(segment)
            return
        if segment.kind == "syn":
            listening = self._listener(packet.destination)
            if listening is not None:
                receiver = listening.receiver(self._loop)
                self._connections[key] = Connection(self, key, receiver, accepts=True)
                return
        if segment.kind != "reset":
            self.emit(key, Segment("reset", segment.acknowledged, _after(segment)))

    def trouble(self, about: Packet, error: Undelivered) -> None:
        """What ICMP, or the host's own routing (version 0), says of a packet sent from here."""
        connection = self._connections.get((about.source, about.destination))
        if connection is None:
            return
        if (error.version, error.type, error.code) == (4, 3, 4) or (
            error.version == 6 and error.type == 2
        ):
            connection.too_big(about)
            return
        number = error.errno
        if error.version == 4:
            number = ICMP_ERRNO.get(error.code, errno.EHOSTUNREACH)
            if error.type != 3:
                number = errno.EHOSTUNREACH
        elif error.version == 6:
            number = ICMP6_ERRNO.get(error.code, errno.EHOSTUNREACH)
            if error.type != 1:
                number = errno.EHOSTUNREACH
        connection.trouble(os_error(number or errno.EHOSTUNREACH))

    # --- what the host asks ---------------------------------------------------------------------

    async def connect(
        self, receiver: StreamReceiver, addr: Address, local: str, tls: str | None = None
    ) -> StreamTransport:
        """Connect from the address `local`; with `tls`, over TLS to a server of that name.

        Raises OSError, `TlsFailure`.
        """
        key = ((local, self._ephemeral(local, addr)), addr)
        made: asyncio.Future[StreamTransport] = self._loop.create_future()
        if tls is not None:
            receiver = TlsClient(receiver, tls, made, self._loop)
        connection = Connection(self, key, receiver, accepts=False)
        self._connections[key] = connection
        connection.connect(made, tell=tls is None)
        try:
            return await made
        except BaseException:  # cancelled, too: the connection must not stay half open
            # Refused, or whoever waits for it was cancelled: nothing of it may stay.
            if not connection.is_closing():
                connection.abort()
            raise

    def listen(
        self,
        factory: Callable[[], StreamReceiver],
        address: str,
        port: int,
        tls: Certificate | None = None,
    ) -> Listener:
        """Take connections to an address, or to any where it is empty. Port 0 is any.

        Raises OSError with EADDRINUSE.
        """
        if port == 0:
            port = self._unused(lambda p: not self._taken(address, p))
        if self._taken(address, port):
            raise os_error(errno.EADDRINUSE)
        listening = _Listening(self, factory, address, port, tls)
        self._listening[listening.key] = listening
        return listening

    def capture(
        self, factory: Callable[[], StreamReceiver], tls: Certificate | None = None
    ) -> Listener:
        """Take every connection that comes by, whatever its address and port: a captive portal."""
        self._captive = _Listening(self, factory, "", 0, tls)
        return self._captive

    def unlisten(self, listening: _Listening) -> None:
        """A port listens no longer."""
        if self._captive is listening:
            self._captive = None
        if self._listening.get(listening.key) is listening:
            del self._listening[listening.key]

    def reset(self) -> None:
        """Every connection ends now and its peer is told so: the host's programs were killed."""
        for connection in list(self._connections.values()):
            connection.abort()

    def forget(self) -> None:
        """Everything is gone and nobody is told: the host lost its power."""
        for connection in list(self._connections.values()):
            connection.vanish()
        self._connections.clear()
        self._listening.clear()
        self._captive = None

    # --- what connections ask of it -------------------------------------------------------------

    @property
    def loop(self) -> HostLoop:
        return self._loop

    def emit(self, key: tuple[Address, Address], segment: Segment) -> None:
        """Send a segment from a local to a remote address."""
        self._send(Packet(key[0], key[1], segment))

    def ended(self, connection: Connection) -> None:
        """Nothing of a connection is left."""
        if self._connections.get(connection.key) is connection:
            del self._connections[connection.key]

    # --- ports ----------------------------------------------------------------------------------

    def _listener(self, destination: Address) -> _Listening | None:
        return (
            self._listening.get(destination)
            or self._listening.get(("", destination[1]))
            or self._captive
        )

    def _taken(self, address: str, port: int) -> bool:
        if not address:
            return any(taken == port for _, taken in self._listening)
        return (address, port) in self._listening or ("", port) in self._listening

    def _ephemeral(self, local: str, addr: Address) -> int:
        return self._unused(
            lambda p: ((local, p), addr) not in self._connections and not self._taken(local, p)
        )

    def _unused(self, free: Callable[[int], bool]) -> int:
        low, high = EPHEMERAL
        span = high - low + 1
        start = self._random.randrange(span)
        for step in range(span):
            port = low + (start + step) % span
            if free(port):
                return port
        raise os_error(errno.EADDRNOTAVAIL)


def _after(segment: Segment) -> int:
    """What acknowledges a segment: the number of the next byte after it."""
    return segment.sequence + len(segment.data) + (segment.kind == "fin")
