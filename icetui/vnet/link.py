"""What interfaces are plugged into: LANs, and the port that each of them is plugged in with."""

from __future__ import annotations

from typing import Protocol

from icetui.vnet.fabric import Fabric
from icetui.vnet.icmp import multicast
from icetui.vnet.line import OneWay
from icetui.vnet.network_parts import Attachment, Interface
from icetui.vnet.packet import Packet
from icetui.vnet.routing_table import Prefix, bare, prefix, version_of

NEIGHBOUR_PATIENCE = 3.0
"""Seconds after which a neighbour that does not answer is given up: three questions, one a second
(Linux's ARP)."""
MOST_WAITING = 64
"""Packets held back for one neighbour meanwhile."""


class Node(Protocol):
    """Something with ports: a host or a router."""

    def receive(self, packet: Packet, port: Port) -> None:
        """A packet came in at one of its ports."""
        ...

    def too_big(self, packet: Packet, mtu: int) -> None:
        """A packet it sent did not fit the line behind its port."""
        ...

    def undeliverable(self, packet: Packet) -> None:
        """Nobody on the link has the address it sent a packet to."""
        ...


class Medium(Protocol):
    """What a port is plugged into."""

    name: str
    ports: list[Port]

    def attach(self, port: Port) -> None: ...
    def detach(self, port: Port) -> None: ...
    def enter(self, packet: Packet, hop: str, port: Port) -> None:
        """A packet came out of a port's line."""
        ...

    def too_big(self, packet: Packet, mtu: int) -> None: ...


class Port:
    """An interface: its addresses, its link, and the line between."""

    __slots__ = (
        "addresses",
        "default",
        "down",
        "gateways",
        "link",
        "name",
        "node",
        "owner",
        "prefixes",
        "side",
        "up",
    )

    def __init__(
        self,
        fabric: Fabric,
        owner: str,
        name: str,
        node: Node,
        link: Medium,
        spec: Attachment | Interface,
        side: str | None = None,
    ) -> None:
        self.owner = owner
        self.name = name
        self.node = node
        self.side = side
        """Of a router: inside or outside."""
        self.link = link
        self.default = isinstance(spec, Interface) and spec.default
        self.set_addresses(spec.addresses, spec.gateways)
        self.up = OneWay(
            fabric, f"{self.place} up", spec.up or spec.line, self._at_link, node.too_big
        )
        self.down = OneWay(
            fabric, f"{self.place} down", spec.down or spec.line, self._at_node, link.too_big
        )
        link.attach(self)

    @property
    def place(self) -> str:
        return f"{self.owner}.{self.name}"

    def set_addresses(self, addresses: tuple[str, ...], gateways: tuple[str, ...]) -> None:
        """Before it is attached. The order is kept."""
        self.addresses = [bare(a) for a in addresses]
        self.prefixes: list[Prefix] = [prefix(a) for a in addresses]
        self.gateways: dict[int, str] = {version_of(g): g for g in gateways}

    def on_link(self, address: str) -> bool:
        """Whether it is one of a neighbour's."""
        return any(p.holds(address) for p in self.prefixes)

    def address(self, version: int) -> str | None:
        """Its first of this IP version."""
        return next((a for a in self.addresses if version_of(a) == version), None)

    def send(self, packet: Packet, hop: str) -> None:
        """To the neighbour with the address `hop`."""
        self.up.carry(packet, hop)

    def _at_link(self, packet: Packet, hop: str) -> None:
        self.link.enter(packet, hop, self)

    def _at_node(self, packet: Packet, _hop: str) -> None:
        self.node.receive(packet, self)


class Lan:
    """A switch: takes a packet to the member that has the next hop's address."""

    def __init__(self, fabric: Fabric, name: str, *, isolated: bool = False) -> None:
        self.name = name
        self._fabric = fabric
        self._isolated = isolated
        self.ports: list[Port] = []
        self._by_address: dict[str, Port] = {}
        self._waiting: dict[tuple[str, str], list[Packet]] = {}

    def attach(self, port: Port) -> None:
        """Of two members with one address, the first has it."""
        self.ports.append(port)
        for address in port.addresses:
            self._by_address.setdefault(address, port)

    def detach(self, port: Port) -> None:
        self.ports.remove(port)
        self._by_address.clear()
        for other in self.ports:
            for address in other.addresses:
                self._by_address.setdefault(address, other)

    def enter(self, packet: Packet, hop: str, port: Port) -> None:
        target = self._by_address.get(hop)
        if target is not None and self._may_reach(port, target):
            target.down.carry(packet, hop)
        elif multicast(packet.destination[0]):
            for other in list(self.ports):
                if other is not port and self._may_reach(port, other):
                    other.down.carry(packet, hop)
        else:
            self._ask_for(hop, packet, port)

    def too_big(self, packet: Packet, mtu: int) -> None:
        """A switch says nothing."""

    def _may_reach(self, one: Port, other: Port) -> bool:
        return not self._isolated or one.side is not None or other.side is not None

    def _ask_for(self, hop: str, packet: Packet, port: Port) -> None:
        key = port.place, hop
        waiting = self._waiting.get(key)
        if waiting is None:
            self._waiting[key] = [packet]
            self._fabric.loop.call_later(NEIGHBOUR_PATIENCE, self._give_up, key, port)
        elif len(waiting) < MOST_WAITING:
            waiting.append(packet)
        else:
            self._fabric.tap.dropped(self.name, "nobody", packet)

    def _give_up(self, key: tuple[str, str], port: Port) -> None:
        hop = key[1]
        for packet in self._waiting.pop(key):
            target = self._by_address.get(hop)
            if target is not None and self._may_reach(port, target):
                target.down.carry(packet, hop)
            else:
                self._fabric.tap.dropped(self.name, "nobody", packet)
                port.node.undeliverable(packet)
