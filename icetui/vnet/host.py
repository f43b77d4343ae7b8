"""A host's system: its interfaces, what it sends and receives, sleep, and a start anew."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from typing import Protocol

from icetui.engine.net import Address, PacketReceiver, Undelivered
from icetui.vnet import icmp
from icetui.vnet.fabric import Fabric
from icetui.vnet.firewall import Firewall
from icetui.vnet.link import Port
from icetui.vnet.network_parts import Host as Spec
from icetui.vnet.packet import Packet, Segment, Trouble
from icetui.vnet.routes import LOOPBACK, Routes
from icetui.vnet.routing_table import version_of
from icetui.vnet.tap import Why
from icetui.vnet.tcp import TcpStack
from icetui.vnet.udp_socket import ANY, EPHEMERAL, UdpSocket

PORT_TRIES = 1_000


class GroupMember(Protocol):
    """Hears what is sent to a multicast group."""

    group: Address

    def hear(self, data: bytes, source: Address, port: Port | None) -> None: ...


class Host:
    """A `Node`. Its ports are attached by the world that builds it."""

    def __init__(self, fabric: Fabric, name: str, spec: Spec, *, ipv6: bool) -> None:
        self.name = name
        self.spec = spec
        self.wall_error = spec.wall_error
        self._fabric = fabric
        self._ipv6 = ipv6
        self.loop = fabric.clock.loop(name)
        self._port_numbers = fabric.stream(f"ports {name}")
        self.firewall = Firewall(fabric, name, spec.firewall)
        self.ports: list[Port] = []
        self.routes = Routes(self.ports, ipv6=ipv6)
        self._sockets: dict[Address, UdpSocket] = {}
        self.members: list[GroupMember] = []
        self.tcp = TcpStack(self.loop, fabric.stream(f"tcp {name}"), self._send_segment)
        self.off = False
        """Shut down, or not up again yet."""
        self.programs: list[Callable[[], None]] = []
        """What begins whenever it has been started."""

    # --- interfaces -----------------------------------------------------------------------------

    def plug(self, port: Port, place: int | None = None) -> None:
        """One more interface, at that place among them or as the last."""
        self.ports.insert(len(self.ports) if place is None else place, port)
        self.readdressed()

    def unplug(self, port: Port) -> None:
        """An interface is gone."""
        port.link.detach(port)
        self.ports.remove(port)
        self.readdressed()

    def readdressed(self) -> None:
        """After anything about its interfaces has changed."""
        self.routes = Routes(self.ports, ipv6=self._ipv6)

    def interfaces(self) -> list[tuple[str, str]]:
        """Name and address of each, loopback first."""
        found = [("lo", LOOPBACK[4])]
        if self._ipv6:
            found.append(("lo", LOOPBACK[6]))
        return found + [(port.name, a) for port in self.ports for a in port.addresses]

    @property
    def bound(self) -> tuple[Address, ...]:
        """Where UDP sockets are open."""
        return tuple(self._sockets)

    # --- sockets --------------------------------------------------------------------------------

    def bind(
        self, receiver: PacketReceiver, address: str, port: int, hops: int | None
    ) -> UdpSocket:
        """Raises OSError."""
        if address not in ANY and address not in self.routes.own:
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        number = port or self._free_port(address)
        if not self._free(address, number):
            raise OSError(errno.EADDRINUSE, "Address already in use")
        bound = UdpSocket(self, receiver, (address, number), hops)
        self._sockets[address, number] = bound
        return bound

    def _free(self, address: str, port: int) -> bool:
        wildcard = ANY[version_of(address) == 6]
        if address == wildcard:
            return not any(
                number == port and version_of(other) == version_of(address)
                for other, number in self._sockets
            )
        return (address, port) not in self._sockets and (wildcard, port) not in self._sockets

    def _free_port(self, address: str) -> int:
        for _ in range(PORT_TRIES):
            port = self._port_numbers.randrange(EPHEMERAL.start, EPHEMERAL.stop)
            if self._free(address, port):
                return port
        raise OSError(errno.EADDRINUSE, "Address already in use")

    def release(self, socket: UdpSocket) -> None:
        """It is closed."""
        if self._sockets.get(socket.name) is socket:
            del self._sockets[socket.name]

    # --- packets --------------------------------------------------------------------------------

    @property
    def asleep(self) -> bool:
        """Whether what is sent to it is lost."""
        return self.off or self.loop.suspended

    def send(self, packet: Packet) -> int | None:
        """Send from here; the system's error number if it refuses."""
        if self.off:
            return errno.ENETDOWN
        source = packet.source[0]
        if source not in self.routes.own:
            return errno.EINVAL  # as Linux says of an address that is no longer there
        route = self.routes.find(source, packet.destination[0])
        if route is None:
            return errno.ENETUNREACH
        if route == "local":
            self.loop.call_soon(self._deliver, packet)
            return None
        port, hop = route
        if self.firewall.rules:
            rule = self.firewall.verdict(packet, "output", None, port)
            if rule is not None:
                self.dropped("firewall", packet)
                answer = self.firewall.refusal(rule, packet, source)
                if answer is not None:
                    self.loop.call_soon(self._deliver, answer)
                return errno.EPERM
        port.send(packet, hop)
        return None

    def _send_segment(self, packet: Packet) -> None:
        number = self.send(packet)
        if number is not None:
            self.loop.call_soon(self.tcp.trouble, packet, Undelivered(0, 0, 0, errno=number))

    def receive(self, packet: Packet, port: Port) -> None:
        """From the network."""
        if self.loop.suspended or self.off:
            self.dropped("asleep", packet)
            return
        if self.firewall.rules:
            rule = self.firewall.verdict(packet, "input", port, None)
            if rule is not None:
                self.dropped("firewall", packet)
                answer = self.firewall.refusal(rule, packet, packet.destination[0])
                if answer is not None:
                    self.send(answer)
                return
        if packet.destination[0] in self.routes.own:
            self._deliver(packet)
        elif icmp.multicast(packet.destination[0]):
            self.hear_group(packet, port)
        else:
            self.dropped("not-for-it", packet)

    def hear_group(self, packet: Packet, port: Port | None) -> None:
        """What was sent to a multicast group; `port` is None for what it sent itself."""
        for member in list(self.members):
            if member.group == packet.destination and isinstance(packet.payload, bytes):
                member.hear(packet.payload, packet.source, port)

    def _deliver(self, packet: Packet) -> None:
        payload = packet.payload
        if isinstance(payload, bytes):
            socket = self._socket(packet.destination)
            if socket is not None:
                socket.arrive(packet)
            else:
                self._closed(packet)
        elif isinstance(payload, Segment):
            self.loop.call_soon(self.tcp.receive, packet)
        else:
            self._told(packet, payload)

    def _socket(self, name: Address) -> UdpSocket | None:
        socket = self._sockets.get(name)
        if socket is None:
            socket = self._sockets.get((ANY[version_of(name[0]) == 6], name[1]))
        return socket

    def _closed(self, packet: Packet) -> None:
        """Nobody listens at the port (RFC 1122 section 4.1.3.1)."""
        for member in self.members:
            if packet.destination in getattr(member, "names", ()):
                assert isinstance(packet.payload, bytes)
                member.hear(packet.payload, packet.source, None)
                return
        self.dropped("closed-port", packet)
        trouble = icmp.unreachable(packet, "port-unreachable")
        self.send(Packet((packet.destination[0], 0), (packet.source[0], 0), trouble))

    def _told(self, packet: Packet, trouble: Trouble) -> None:
        """An ICMP error: for the socket whose packet it is about."""
        about = trouble.about
        if isinstance(about.payload, Segment):
            self.loop.call_soon(self.tcp.trouble, about, icmp.told(packet, trouble))
            return
        socket = self._socket(about.source)
        if socket is not None:
            socket.refused(about.destination, icmp.told(packet, trouble))

    def too_big(self, packet: Packet, mtu: int) -> None:
        """Its own line takes no packet of that size."""
        self._tell_itself(packet, icmp.too_big(packet, mtu))

    def undeliverable(self, packet: Packet) -> None:
        """No neighbour has the address: the system says so to itself, as Linux does."""
        self._tell_itself(packet, icmp.unreachable(packet, "host-unreachable"))

    def _tell_itself(self, packet: Packet, trouble: Trouble) -> None:
        if not self.asleep and icmp.answerable(packet):
            source = packet.source[0]
            self._deliver(Packet((source, 0), (source, 0), trouble))

    def dropped(self, why: Why, packet: Packet) -> None:
        self._fabric.tap.dropped(self.name, why, packet)

    # --- its life -------------------------------------------------------------------------------

    def reboot(self, takes: float) -> None:
        """All that runs ends without a word; its programs begin anew after `takes` seconds."""
        if self.off:
            return
        self.off = True
        self.loop.resume()
        self.loop.go_on()
        for socket in list(self._sockets.values()):
            socket.vanish()
        self.members.clear()
        self.tcp.forget()
        self.firewall.forget()
        for task in sorted(asyncio.all_tasks(self.loop), key=lambda t: t.get_name()):
            task.cancel()
        self._fabric.loop.call_later(takes, self._started)

    def _started(self) -> None:
        self.off = False
        for program in list(self.programs):
            self.loop.call_soon(program)
