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

from aioice import stun

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
        response_port = data.rpartition(b"\x00\x27\x00\x04")
        if response_port[1]:
            if not options.response_port:
                return
            data = data[:2] + (len(response_port[0]) - 20).to_bytes(2, "big")
            data += response_port[0][4:]
            source = (source[0], int.from_bytes(response_port[2][:2], "big"))
        request = stun.parse_message(data)
        change = int(request.attributes.get("CHANGE-REQUEST", 0))
        reply = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
        reply.attributes["XOR-MAPPED-ADDRESS"] = options.sees(source, asked)
        if options.plain:
            reply.attributes["MAPPED-ADDRESS"] = options.plain
        if options.offers:
            truth = (SECOND if asked[0] == FIRST else FIRST, self._other_port(asked[1]))
            reply.attributes["OTHER-ADDRESS"] = options.other or truth
        leaving = self._source(change, asked, reply)
        if leaving is None or not self._passes(change, source, leaving):
            return
        self.sockets[leaving].sendto(bytes(reply), source)

    def _source(self, change: int, asked: Address, reply: stun.Message) -> Address | None:
        how = self.options.changes
        if not change or how == "ignored":
            return asked
        if how == "dropped":
            return None
        if how == "refused":
            reply.message_class = stun.Class.ERROR
            reply.attributes = {"ERROR-CODE": (420, "Unknown Attribute")}
            return asked
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
