"""Two hosts and one wire between them, for tests of what runs above packets."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, TypeVar

from icetui.vnet.clock import Clock, HostLoop
from icetui.vnet.packet import Packet, Segment
from icetui.vnet.tcp import TcpStack

T = TypeVar("T")
CLIENT, SERVER = "192.0.2.1", "192.0.2.2"


class Taking:
    """A receiver that keeps what it is told."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.transport: Any = None
        self.lost: list[Exception | None] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)


class Wire:
    """A client and a server host with TCP, `delay` seconds apart."""

    def __init__(
        self, delay: float = 0.01, loss: float = 0.0, duplicate: float = 0.0, jitter: float = 0.0
    ) -> None:
        self.clock = Clock()
        self.delay, self.loss, self.duplicate, self.jitter = delay, loss, duplicate, jitter
        self.random = Random(1)
        self.cut = False
        self.stops: Callable[[Packet], bool] = lambda packet: False
        """Which packets vanish, besides chance."""
        self.packets: list[Packet] = []
        self.loops: dict[str, HostLoop] = {}
        self.stacks: dict[str, TcpStack] = {}
        for number, address in enumerate((CLIENT, SERVER)):
            loop = self.clock.loop(address)
            self.loops[address] = loop
            self.stacks[address] = TcpStack(loop, Random(number), self.carry)

    @property
    def client(self) -> TcpStack:
        return self.stacks[CLIENT]

    @property
    def server(self) -> TcpStack:
        return self.stacks[SERVER]

    def carry(self, packet: Packet) -> None:
        self.packets.append(packet)
        copies = 2 if self.random.random() < self.duplicate else 1
        for _ in range(copies):
            if self.cut or self.random.random() < self.loss or self.stops(packet):
                continue
            there = packet.destination[0]
            delay = self.delay + self.jitter * self.random.random()
            if there in self.stacks:
                self.loops[there].call_later(delay, self.stacks[there].receive, packet)

    def kinds(self, source: str) -> list[str]:
        """What kinds of segments a host has sent."""
        return [
            p.payload.kind
            for p in self.packets
            if p.source[0] == source and isinstance(p.payload, Segment)
        ]

    def run(self, coroutine: Coroutine[Any, Any, T], host: str = CLIENT) -> T:
        """Run something on a host to its end."""
        result: T = self.clock.complete(self.loops[host].create_task(coroutine))
        return result
