"""The seam: all that the engine knows of a machine and its network, as protocols.

What belongs here: what an implementation has to offer. The operating system is one (`system.py`),
a simulated internet another (`icetui.vnet`); the engine cannot tell which it runs on.
What must never come in: sockets, clocks, names of this machine.

Timers are the running event loop's: an implementation runs the engine on a loop whose `time()` is
its `now()`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Protocol

from icetui.events import ResolverFailure, TlsFailureKind

Address = tuple[str, int]
"""An IP address without a zone, and a port."""

ICMP_WORDS = {
    0: "network unreachable",
    1: "host unreachable",
    2: "protocol unreachable",
    3: "port unreachable",
    4: "too big for the path",
    9: "network administratively prohibited",
    10: "host administratively prohibited",
    13: "communication administratively prohibited",
}
"""By the code of a Destination Unreachable message (RFC 792, RFC 1812 section 5.2.7.1)."""
ICMP6_WORDS = {
    0: "no route",
    1: "administratively prohibited",
    3: "address unreachable",
    4: "port unreachable",
    5: "source address refused",
    6: "route rejected",
}
"""The same of ICMPv6 (RFC 4443 section 3.1)."""


class Unresolved(Exception):
    """The name has no address; the message says what the resolver said."""

    def __init__(self, words: str, kind: ResolverFailure = "other") -> None:
        super().__init__(words)
        self.kind = kind


class TlsFailure(Exception):
    """No TLS session came about; the message says why."""

    def __init__(self, words: str, kind: TlsFailureKind = "other") -> None:
        super().__init__(words)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Undelivered:
    """The network's word for a datagram that did not arrive: an ICMP error, or the system's own.

    `version` is 4 for ICMP, 6 for ICMPv6, 0 for an error of the system with `errno`.
    """

    version: int
    type: int
    code: int
    router: str = ""
    """Who said so, an IP address; empty when nobody is named."""
    errno: int = 0

    @property
    def time_exceeded(self) -> bool:
        """A router's word for a datagram that was allowed no more hops (RFC 792)."""
        return self.version == 4 and self.type == 11

    @property
    def port_unreachable(self) -> bool:
        """A host's word that no program has the port (RFC 792, RFC 4443 section 3.1)."""
        return (self.version, self.type, self.code) in ((4, 3, 3), (6, 1, 4))

    def __str__(self) -> str:
        if self.version == 4 and self.type == 3:
            what = f"ICMP {ICMP_WORDS.get(self.code, f'unreachable, code {self.code}')}"
        elif self.version == 6 and self.type == 1:
            what = f"ICMPv6 {ICMP6_WORDS.get(self.code, f'unreachable, code {self.code}')}"
        elif self.time_exceeded:
            what = "ICMP time exceeded"
        elif self.version:
            what = f"ICMP type {self.type} code {self.code}"
        else:
            what = os.strerror(self.errno)
        return f"{what}, said {self.router}" if self.router else what


class DatagramTransport(Protocol):
    """A bound UDP socket, or something that can be used like one."""

    def sendto(self, data: bytes, addr: Address) -> None:
        """Send one datagram; a failure is told to the receiver, never raised."""
        ...

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """`sockname`: the address it is bound to."""
        ...

    def is_closing(self) -> bool: ...
    def close(self) -> None: ...


class PacketReceiver(Protocol):
    """Who gets what a socket hears. `at` is the loop's time at which the datagram arrived."""

    def connection_made(self, transport: Any) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def packet_received(self, data: bytes, addr: Address, at: float) -> None: ...
    def unreachable(self, addr: Address, error: Undelivered) -> None: ...
    def send_failed(self, addr: Address, error: OSError) -> None: ...


class StreamTransport(Protocol):
    """A TCP connection, or a TLS session over one."""

    def write(self, data: bytes) -> None: ...
    def get_write_buffer_size(self) -> int:
        """Bytes written that the connection has not taken yet."""
        ...

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """`sockname`, `peername`."""
        ...

    def is_closing(self) -> bool: ...
    def close(self) -> None: ...


class StreamReceiver(Protocol):
    """Who gets what a connection brings, as an `asyncio.Protocol` does."""

    def connection_made(self, transport: Any) -> None: ...
    def data_received(self, data: bytes) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...


class MulticastSocket(Protocol):
    """Asks a group, hears whatever answers."""

    def ask(self, data: bytes, source: str) -> None:
        """Send to the group out of the interface with the address `source`. Raises OSError."""
        ...

    async def receive(self) -> tuple[bytes, Address]:
        """The next datagram and who sent it."""
        ...

    def close(self) -> None: ...


class Randomness(Protocol):
    """A `random.Random`, or the part of one that the engine uses."""

    def randbytes(self, n: int, /) -> bytes: ...
    def getrandbits(self, k: int, /) -> int: ...
    def uniform(self, a: float, b: float, /) -> float: ...


class UdpNet(Protocol):
    """The part of a `Net` that UDP takes."""

    @property
    def random(self) -> Randomness:
        """Where everything that has to be unguessable or spread comes from."""
        ...

    def now(self) -> float:
        """Seconds of a clock that never jumps, the loop's own."""
        ...

    async def open_udp(
        self, receiver: PacketReceiver, address: str, port: int = 0, *, hops: int | None = None
    ) -> DatagramTransport:
        """Bind a UDP socket and let `receiver` have what it hears.

        `hops` bounds how many routers its datagrams may pass. Raises OSError when the address or
        port cannot be bound.
        """
        ...


class Net(UdpNet, Protocol):
    """One host's machine and network."""

    def uptime(self) -> float:
        """Seconds of a clock that never jumps and goes on while the machine sleeps."""
        ...

    def wall(self) -> float:
        """Unix time in seconds, which may be wrong."""
        ...

    def interfaces(self) -> list[tuple[str, str]]:
        """Interface name and IP address of every address of this host, in the system's order."""
        ...

    def source_address(self, towards: Address) -> str | None:
        """The local address it would send from; asks the routing table, sends nothing."""
        ...

    async def resolve(self, host: str, port: int) -> list[Address]:
        """Addresses of a host, IPv4 and IPv6, in the system's order. Raises `Unresolved`."""
        ...

    async def open_stream(
        self, receiver: StreamReceiver, addr: Address, *, local: str, tls: str | None = None
    ) -> StreamTransport:
        """Connect over TCP from the address `local`; with `tls`, over TLS to a server of that name.

        Raises OSError, `TlsFailure`.
        """
        ...

    def open_multicast(self, group: str, port: int, sources: list[str]) -> MulticastSocket:
        """A socket that hears answers from the interfaces with these addresses: all that are sent
        to the group, or only those to itself where another program has the port. Raises OSError."""
        ...
