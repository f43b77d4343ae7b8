"""A small STUN server of RFC 5780 on loopback, and the ways in which real ones are wrong.

It has two addresses and two ports. A NAT is played by what it claims to see: `sees` gets our
address and the one that was asked.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from icetui.engine import stun
from icetui.engine.net import Address
from icetui.events import StunServer

FIRST, SECOND = "127.0.0.1", "127.0.0.2"
OUTSIDE = "127.0.0.9"
"""What a played NAT translates to; on loopback like everything here."""


@dataclass
class StunServerOptions:
    """How it behaves."""

    sees: Callable[[Address, Address], Address] = lambda source, asked: source
    offers: bool = True
    """OTHER-ADDRESS is in every answer …"""
    other: Address | None = None
    """… and says this instead of the truth."""
    other_answers: bool = True
    """Whether the other address does."""
    changes: str = "honest"
    """What becomes of CHANGE-REQUEST: `honest`, `dropped`, `ignored`, `refused`, or `port-only`:
    nothing is sent from the other address, as if a NAT had filtered it."""
    control_passes: bool = True
    """Whether a filtered answer comes in for those who have written to the other address."""
    plain: Address | None = None
    """MAPPED-ADDRESS beside XOR-MAPPED-ADDRESS."""
    response_port: bool = False
    silent: bool = False


@dataclass
class RunningServer:
    """It runs; `asked` counts requests by the address they came to."""

    options: StunServerOptions
    ports: tuple[int, int] = (0, 0)
    sockets: dict[Address, asyncio.DatagramTransport] = field(default_factory=dict)
    asked: dict[Address, int] = field(default_factory=dict)
    knows: set[tuple[Address, Address]] = field(default_factory=set)
    """Who has written to which of our addresses."""

    @property
    def server(self) -> StunServer:
        return StunServer(host=FIRST, port=self.ports[0])

    @property
    def address(self) -> Address:
        return FIRST, self.ports[0]

    def at(self, address: str, port: int) -> StunServer:
        """One of its sockets as a server of its own: address 0 or 1 and port 0 or 1."""
        return StunServer(host=address, port=port)

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self.ports = _two_ports()
        for address in (FIRST, SECOND):
            for port in self.ports:
                transport, _ = await loop.create_datagram_endpoint(
                    lambda: _Ear(self), local_addr=(address, port)
                )
                self.sockets[address, port] = transport

    def stop(self) -> None:
        for transport in self.sockets.values():
            transport.close()

    def answer(self, data: bytes, source: Address, asked: Address) -> None:
        options = self.options
        self.asked[asked] = self.asked.get(asked, 0) + 1
        self.knows.add((source, asked))
        if options.silent or (not options.other_answers and asked[0] == SECOND):
            return
        request = stun.parse(data)
        response_port = request.number(stun.Attribute.RESPONSE_PORT)
        if response_port is not None:
            if not options.response_port:
                return
            source = (source[0], response_port)
        change = request.number(stun.Attribute.CHANGE_REQUEST) or 0
        leaving = self._source(change, asked)
        if leaving is None or not self._passes(change, source, leaving):
            return
        refused = change != 0 and options.changes == "refused"
        kind = stun.Class.ERROR if refused else stun.Class.RESPONSE
        reply = stun.Builder(stun.Method.BINDING, kind, request.transaction_id)
        if refused:
            reply.error(420, "Unknown Attribute")
        else:
            reply.address(stun.Attribute.XOR_MAPPED_ADDRESS, options.sees(source, asked))
            if options.plain:
                reply.address(stun.Attribute.MAPPED_ADDRESS, options.plain)
            if options.offers:
                truth = (SECOND if asked[0] == FIRST else FIRST, self._other_port(asked[1]))
                reply.address(stun.Attribute.OTHER_ADDRESS, options.other or truth)
        self.sockets[leaving].sendto(reply.finish().raw, source)

    def _source(self, change: int, asked: Address) -> Address | None:
        how = self.options.changes
        if not change or how in ("ignored", "refused"):
            return asked
        if how == "dropped":
            return None
        address = asked[0] if not change & 4 else SECOND if asked[0] == FIRST else FIRST
        return address, self._other_port(asked[1]) if change & 2 else asked[1]

    def _passes(self, change: int, source: Address, leaving: Address) -> bool:
        """The filter of a played NAT."""
        if not change or self.options.changes not in ("port-only", "neither"):
            return True
        known = self.options.control_passes and (source, leaving) in self.knows
        return known or (self.options.changes == "port-only" and not change & 4)

    def _other_port(self, port: int) -> int:
        return self.ports[1] if port == self.ports[0] else self.ports[0]


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, server: RunningServer) -> None:
        self.server = server

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.address = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.server.answer(data, addr, self.address)


def _two_ports() -> tuple[int, int]:
    """Free on both addresses, most likely."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((FIRST, 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((FIRST, 0))
            return one.getsockname()[1], other.getsockname()[1]
