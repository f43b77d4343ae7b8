"""The internet: a routed core at which everything public hangs.

It is one router to whoever looks at hop counts. It reaches addresses and whatever prefixes the
routers behind its ports announce.
"""

from __future__ import annotations

from icetui.vnet import icmp
from icetui.vnet.fabric import Fabric
from icetui.vnet.firewall import Firewall
from icetui.vnet.link import NEIGHBOUR_PATIENCE, Port
from icetui.vnet.network_parts import Link
from icetui.vnet.packet import Packet, Trouble
from icetui.vnet.routing_table import Prefix, Table

OWN = {4: "192.0.2.1", 6: "2001:db8:5::1"}
"""Its address towards whoever has no gateway of its own."""
Fate = Port | str
"""Where a packet goes, or what is done with it."""


class Core:
    """A `Medium`."""

    def __init__(self, fabric: Fabric, name: str, link: Link) -> None:
        self.name = name
        self._fabric = fabric
        self._tap = fabric.tap
        self.firewall = Firewall(fabric, name, link.firewall)
        self._unknown = link.unknown
        self._blackhole = list(link.blackhole)
        self._unreachable = list(link.unreachable)
        self._announced: list[tuple[Prefix, Port]] = []
        self.ports: list[Port] = []
        self._hosts: dict[str, Port] = {}
        self._table: Table[Fate] = Table()

    # --- what is where --------------------------------------------------------------------------

    def attach(self, port: Port) -> None:
        self.ports.append(port)
        self._rebuild()

    def detach(self, port: Port) -> None:
        self.ports.remove(port)
        self._rebuild()

    def announce(self, routes: list[tuple[Prefix, Port]]) -> None:
        """These prefixes are behind these ports, and no others."""
        self._announced = routes
        self._rebuild()

    def treat(
        self, blackhole: tuple[str, ...], unreachable: tuple[str, ...], withdrawn: tuple[str, ...]
    ) -> None:
        """Change what is dropped and what is answered for."""
        self._blackhole = [p for p in self._blackhole if p not in withdrawn]
        self._unreachable = [p for p in self._unreachable if p not in withdrawn]
        self._blackhole += blackhole
        self._unreachable += unreachable
        self._rebuild()

    def _rebuild(self) -> None:
        self._hosts = {}
        self._table = Table()
        for text in self._unreachable:
            self._table.add(text, "unreachable")
        for text in self._blackhole:
            self._table.add(text, "blackhole")
        for announced, port in self._announced:
            self._table.add_prefix(announced, port)
        for port in self.ports:
            for address in port.addresses:
                self._hosts.setdefault(address, port)
            for p in port.prefixes:
                self._table.add_prefix(p, "nobody")

    # --- packets --------------------------------------------------------------------------------

    def enter(self, packet: Packet, hop: str, port: Port) -> None:
        if packet.hops <= 1:
            self._tap.dropped(self.name, "hops", packet)
            self._answer(packet, icmp.time_exceeded(packet))
            return
        self._forward(
            Packet(packet.source, packet.destination, packet.payload, packet.hops - 1), port
        )

    def _forward(self, packet: Packet, port: Port | None) -> None:
        fate = self._fate(packet.destination[0])
        if self.firewall.rules:
            rule = self.firewall.verdict(
                packet, "forward", port, fate if isinstance(fate, Port) else None
            )
            if rule is not None:
                self._tap.dropped(self.name, "firewall", packet)
                answer = self.firewall.refusal(rule, packet, self._source(packet))
                if answer is not None:
                    self._forward(answer, None)
                return
        if isinstance(fate, Port):
            fate.down.carry(packet, packet.destination[0])
        elif fate == "nobody":
            self._fabric.loop.call_later(NEIGHBOUR_PATIENCE, self._nobody, packet)
        elif fate == "blackhole":
            self._tap.dropped(self.name, "blackhole", packet)
        elif fate == "unreachable":
            self._tap.dropped(self.name, "unreachable", packet)
            self._answer(packet, icmp.unreachable(packet, "host-unreachable"))
        else:
            self._tap.dropped(self.name, "no-route", packet)
            if self._unknown == "unreachable":
                self._answer(packet, icmp.unreachable(packet, "network-unreachable"))

    def _fate(self, address: str) -> Fate | None:
        fate = self._table.find(address)
        return self._hosts.get(address, fate) if fate == "nobody" else fate

    def _nobody(self, packet: Packet) -> None:
        port = self._hosts.get(packet.destination[0])
        if port is not None:
            port.down.carry(packet, packet.destination[0])
            return
        self._tap.dropped(self.name, "nobody", packet)
        self._answer(packet, icmp.unreachable(packet, "host-unreachable"))

    def too_big(self, packet: Packet, mtu: int) -> None:
        self._answer(packet, icmp.too_big(packet, mtu))

    def _answer(self, packet: Packet, trouble: Trouble) -> None:
        """Tell the sender, from the address that looks towards it (RFC 1812 section 4.3.2.4)."""
        if icmp.answerable(packet):
            self._forward(Packet((self._source(packet), 0), (packet.source[0], 0), trouble), None)

    def _source(self, packet: Packet) -> str:
        fate = self._fate(packet.source[0])
        version = packet.version
        gateway = fate.gateways.get(version) if isinstance(fate, Port) else None
        return gateway or OWN[version]
