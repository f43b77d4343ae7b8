"""TCP of one host: connections over lossy lines (RFC 9293, RFC 6298, RFC 5681)."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from icetui.engine.net import Address, StreamReceiver, StreamTransport, Undelivered
from icetui.vnet.clock import HostLoop
from icetui.vnet.packet import Packet
from icetui.vnet.servers import Certificate
from icetui.vnet.serving import Listener


class TcpStack:
    """All connections and listening ports of a host."""

    def __init__(self, loop: HostLoop, random: Random, send: Callable[[Packet], None]) -> None:
        self._loop = loop
        self._random = random
        self._send = send

    def receive(self, packet: Packet) -> None:
        """A packet for this host whose payload is a `Segment`."""
        raise NotImplementedError

    def trouble(self, about: Packet, error: Undelivered) -> None:
        """What ICMP, or the host's own routing (version 0), says of a packet sent from here."""
        raise NotImplementedError

    async def connect(
        self, receiver: StreamReceiver, addr: Address, local: str, tls: str | None = None
    ) -> StreamTransport:
        """Connect from the address `local`; with `tls`, over TLS to a server of that name.

        Raises OSError, `TlsFailure`.
        """
        raise NotImplementedError

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
        raise NotImplementedError
