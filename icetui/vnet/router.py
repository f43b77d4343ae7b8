"""A router: forwards between inside and outside, translates, filters, and says what it dropped."""

from __future__ import annotations

from icetui.vnet import icmp
from icetui.vnet.fabric import Fabric
from icetui.vnet.firewall import Firewall
from icetui.vnet.link import Port
from icetui.vnet.nat64 import Nat64
from icetui.vnet.network_parts import NAT_KINDS, Nat, Rule
from icetui.vnet.network_parts import Router as Spec
from icetui.vnet.packet import Packet, Segment, Trouble
from icetui.vnet.portal import Portal
from icetui.vnet.routing_table import Prefix, Table, version_of
from icetui.vnet.tap import Why
from icetui.vnet.translator import Translator

GUARD = Rule(name="ipv6-guard", version=6, arrives="outside", state="new")
"""A NAT's router lets in over IPv6 what the inside has asked for (RFC 6092)."""
NO_UDP = Rule(name="udpblock", protocol="udp")


class Router:
    """A `Node`. Its ports are attached by the world that builds it."""

    def __init__(self, fabric: Fabric, name: str, spec: Spec) -> None:
        self.name = name
        self.spec = spec
        self._fabric = fabric
        self._tap = fabric.tap
        self.kind: Nat | None = NAT_KINDS[spec.nat] if isinstance(spec.nat, str) else spec.nat
        rules = list(spec.firewall)
        if spec.nat == "udpblock":
            rules.append(NO_UDP)
        self.nat64 = Nat64(spec.nat64) if spec.nat64 is not None else None
        if spec.nat64 is not None:
            # What comes from there has passed the filter of the NAT.
            translated = Rule(
                name="nat64", action="accept", version=6, arrives="outside", source=(spec.nat64,)
            )
            rules.append(translated)
        if self.kind is not None:
            rules.append(GUARD)
        self.firewall = Firewall(fabric, name, rules)
        self.portal = Portal(fabric, name) if spec.portal else None
        self.ports: list[Port] = []
        self.uplink: Port | None = None
        self.nats: dict[str, Translator] = {}
        """By the name of the outside port."""
        self._own: dict[str, Port] = {}
        self._announced: list[tuple[Prefix, Port, str]] = []
        self._table: Table[tuple[Port, str]] = Table()

    # --- what is where --------------------------------------------------------------------------

    def plug(self, port: Port) -> None:
        """Give it one more port."""
        self.ports.append(port)
        if port.side == "outside":
            if self.uplink is None:
                self.uplink = port
            if self.kind is not None:
                outer = [a for a in port.addresses if ":" not in a]
                nat = Translator(self._fabric, f"{self.name} {port.name}", self.kind, outer)
                self.nats[port.name] = nat
        self.readdressed()

    def readdressed(self) -> None:
        """After a port's addresses have changed."""
        self._own = {address: port for port in self.ports for address in port.addresses}
        self._rebuild()

    def reach(self, routes: list[tuple[Prefix, Port, str]]) -> None:
        """These prefixes are behind these neighbours."""
        self._announced = routes
        self._rebuild()

    def _rebuild(self) -> None:
        self._table = Table()
        for p, port, hop in self._announced:
            self._table.add_prefix(p, (port, hop))
        for port in self.ports:
            for p in port.prefixes:
                self._table.add_prefix(p, (port, ""))

    def take_uplink(self, port: Port) -> None:
        """Send outwards through this port from now on."""
        self.uplink = port
        self._rebuild()

    def renumber(self, port: Port, addresses: tuple[str, ...]) -> None:
        """Have other addresses there."""
        port.link.detach(port)
        port.set_addresses(addresses, tuple(port.gateways.values()))
        port.link.attach(port)
        if port.name in self.nats:
            self.nats[port.name].renumber([a for a in port.addresses if ":" not in a])
        self.firewall.forget()
        self.readdressed()

    def rebind(self) -> None:
        """As after a restart: no mapping is known any more, and ports are others."""
        for nat in self.nats.values():
            nat.rebind()
        self.firewall.forget()

    def _route(self, address: str) -> tuple[Port, str] | None:
        found = self._table.find(address)
        if found is not None:
            port, hop = found
            return port, hop or address
        if self.uplink is None:
            return None
        hop = self.uplink.gateways.get(6 if ":" in address else 4, address)
        return self.uplink, hop

    # --- packets --------------------------------------------------------------------------------

    def receive(self, packet: Packet, port: Port) -> None:
        if (
            self.nat64 is not None
            and port.side == "inside"
            and packet.version == 6
            and self.nat64.holds(packet.destination[0])
        ):
            packet = self.nat64.outwards(packet)
        target = self._own.get(packet.destination[0])
        nat = self.nats.get(port.name if target is None else target.name)
        if target is None:
            if (
                self.portal is not None
                and port.side == "inside"
                and isinstance(packet.payload, Segment)
            ):
                self.portal.take(packet, port)
            elif nat is not None and packet.version == 4:
                # From outside nobody gets in by an inside address.
                self._tap.dropped(self.name, "filtered", packet)
            elif not icmp.multicast(packet.destination[0]):
                self._forward(packet, port)
        elif nat is None or packet.version == 6:
            # To itself. Nothing listens here; as on most routers, only the inside is told so.
            self._unasked(packet, "closed-port", rejects=port.side == "inside")
        elif port.side == "inside":
            self._turn_back(packet, port, nat)
        else:
            translated = nat.inbound(packet)
            if isinstance(translated, Packet):
                self._forward(translated, port)
            else:
                self._unasked(packet, translated, rejects=nat.nat.unasked == "reject")

    def _turn_back(self, packet: Packet, port: Port, nat: Translator) -> None:
        turned = nat.hairpin(packet)
        if isinstance(turned, Packet):
            self._forward(turned, port)
        else:
            self._tap.dropped(self.name, turned, packet)

    def _unasked(self, packet: Packet, why: Why, *, rejects: bool) -> None:
        self._tap.dropped(self.name, why, packet)
        if rejects and packet.protocol == "udp":
            trouble = icmp.unreachable(packet, "port-unreachable")
            self._emit(Packet((packet.destination[0], 0), (packet.source[0], 0), trouble))

    def _forward(self, packet: Packet, port: Port) -> None:
        if self.nat64 is not None and packet.version > version_of(packet.source[0]):
            packet = self.nat64.inwards(packet)
        if packet.hops <= 1:
            self._tap.dropped(self.name, "hops", packet)
            source = port.address(version_of(packet.source[0]))
            self._answer(packet, icmp.time_exceeded(packet), source)
            return
        route = self._route(packet.destination[0])
        if route is None:
            self._tap.dropped(self.name, "no-route", packet)
            self._answer(packet, icmp.unreachable(packet, "network-unreachable"))
            return
        leaves, hop = route
        if self.firewall.rules:
            rule = self.firewall.verdict(packet, "forward", port, leaves)
            if rule is not None:
                self._tap.dropped(self.name, "firewall", packet)
                answer = self.firewall.refusal(rule, packet, self._source(packet) or "")
                if answer is not None and not self.spec.silent:
                    self._emit(answer)
                return
        payload, hops = packet.payload, packet.hops - 1
        onwards = Packet(packet.source, packet.destination, payload, hops)
        nat = self.nats.get(leaves.name)
        if nat is not None and port is not leaves and onwards.version == 4:
            translated = nat.outbound(onwards)
            if not isinstance(translated, Packet):
                self._tap.dropped(self.name, translated, packet)
                return
            onwards = translated
        leaves.send(onwards, hop)

    # --- what it says itself --------------------------------------------------------------------

    def too_big(self, packet: Packet, mtu: int) -> None:
        self._answer(packet, icmp.too_big(packet, mtu))

    def undeliverable(self, packet: Packet) -> None:
        self._answer(packet, icmp.unreachable(packet, "host-unreachable"))

    def _answer(self, packet: Packet, trouble: Trouble, source: str | None = None) -> None:
        """Tell the sender, from the address that looks towards it (RFC 1812 section 4.3.2.4)."""
        if self.spec.silent or not icmp.answerable(packet):
            return
        source = self._source(packet) or source
        if source is not None:
            self._emit(Packet((source, 0), (packet.source[0], 0), trouble))

    def _source(self, packet: Packet) -> str | None:
        """Its address towards the sender; of what it has translated itself, the inside's."""
        route = self._route(self._sender(packet))
        return route[0].address(version_of(packet.source[0])) if route is not None else None

    def _sender(self, packet: Packet) -> str:
        target = self._own.get(packet.source[0])
        nat = self.nats.get(target.name) if target is not None else None
        inside = nat.inside_of(packet) if nat is not None else None
        return inside[0] if inside is not None else packet.source[0]

    def _emit(self, packet: Packet) -> None:
        """Send something of its own, which is about something that it may have translated."""
        target = self._own.get(packet.destination[0])
        if target is not None:
            nat = self.nats.get(target.name)
            back = nat.inbound(packet) if nat is not None else None
            if not isinstance(back, Packet):
                return
            packet = back
        if self.nat64 is not None and packet.version == 6:
            packet = self.nat64.inwards(packet)
        route = self._route(packet.destination[0])
        if route is None:
            return
        leaves, hop = route
        nat = self.nats.get(leaves.name)
        payload = packet.payload
        if (
            nat is not None
            and packet.version == 4
            and isinstance(payload, Trouble)
            and payload.about.destination[0] not in self._own
        ):
            translated = nat.outbound(packet)
            # What was forwarded without being translated is answered for as it is.
            packet = translated if isinstance(translated, Packet) else packet
        leaves.send(packet, hop)
