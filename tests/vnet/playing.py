"""What tests of the simulated network play on: two homes, and sockets that remember."""

from __future__ import annotations

from typing import Any

from icetui.engine.net import Address, Undelivered
from icetui.vnet.network import Network
from icetui.vnet.network_parts import Attachment, Host, Interface, Nat, NatKind, Router
from icetui.vnet.world import World

SERVER, OTHER_SERVER = "192.0.2.10", "192.0.2.11"
SERVER_V6 = "2001:db8:5::10"
ALICE, BOB = "192.168.1.20", "192.168.2.20"
ALICE_OUTSIDE, BOB_OUTSIDE = "203.0.113.2", "203.0.113.18"


class Heard:
    """A receiver that keeps what it is told."""

    def __init__(self) -> None:
        self.data: list[tuple[bytes, Address, float]] = []
        self.errors: list[tuple[Address, Undelivered]] = []
        self.failed: list[tuple[Address, OSError]] = []
        self.lost: list[Exception | None] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)

    def packet_received(self, data: bytes, addr: Address, at: float) -> None:
        self.data.append((data, addr, at))

    def unreachable(self, addr: Address, error: Undelivered) -> None:
        self.errors.append((addr, error))

    def send_failed(self, addr: Address, error: OSError) -> None:
        self.failed.append((addr, error))

    @property
    def texts(self) -> list[bytes]:
        return [data for data, _, _ in self.data]


class Socket(Heard):
    """A socket on a host of a world."""

    def __init__(
        self, world: World, host: str, address: str = "", port: int = 0, hops: int | None = None
    ) -> None:
        super().__init__()
        self.host = world.hosts[host]
        address = address or self.host.ports[0].addresses[0]
        loop = self.host.loop
        opening = loop.create_task(self.host.net.open_udp(self, address, port, hops=hops))
        world.clock.complete(opening)
        self.name: Address = self.transport.get_extra_info("sockname")

    def send(self, data: bytes, to: Address) -> None:
        self.host.loop.run(self.transport.sendto, data, to)


def homes(alice: Nat | NatKind = "prc", bob: Nat | NatKind = "prc", **more: Any) -> Network:
    """Alice and Bob, each behind a router, and a host with two addresses on the internet."""
    addresses = (SERVER, OTHER_SERVER, *([SERVER_V6] if more.get("ipv6") else []))
    server = Host(interfaces=(Interface("internet", addresses=addresses),))
    return Network(
        routers={
            "alice-nat": home("alice-lan", alice),
            "bob-nat": home("bob-lan", bob),
        },
        hosts={
            "alice": Host(interfaces=(Interface("alice-lan"),)),
            "bob": Host(interfaces=(Interface("bob-lan"),)),
            "server": server,
        },
        **more,
    )


def home(lan: str, nat: Nat | NatKind, **more: Any) -> Router:
    """A router between a LAN and the internet."""
    return Router(inside=(Attachment(lan),), outside=(Attachment("internet"),), nat=nat, **more)
