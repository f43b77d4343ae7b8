"""What is told of a world to whoever looks at it from outside: its parts, its NAT tables, packets.

What belongs here: objects of the world in, values of the event stream out. Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterable

from icetui.engine.stun import Attribute, MalformedStun, Message, is_stun, parse
from icetui.engine.stun.readable import class_name, method_name
from icetui.events import (
    LineState,
    NatBinding,
    NetworkLine,
    NetworkNode,
    PacketPassage,
    address_port,
)
from icetui.vnet.demo_network import Side
from icetui.vnet.link import Port
from icetui.vnet.network_parts import NAT_KINDS, Line
from icetui.vnet.packet import Packet
from icetui.vnet.router import Router
from icetui.vnet.servers import StunOptions
from icetui.vnet.tap import Passage
from icetui.vnet.translator import RemoteKey
from icetui.vnet.world import World

MOST_BINDINGS = 40
"""Rows of a NAT's table that are told."""
MOST_REMOTES = 6
"""Of a row: the newest."""


# --- parts ----------------------------------------------------------------------------------------


def nodes(world: World, sides: Iterable[Side]) -> tuple[NetworkNode, ...]:
    """Hosts, routers and servers, in the order of the network's text."""
    runs = {side.host: side.name for side in sides}
    found = [_router(router) for router in world.routers.values()]
    for name, host in world.hosts.items():
        found.append(
            NetworkNode(
                name=name,
                kind="host",
                addresses=tuple(a for port in host.ports for a in port.addresses),
                session=runs.get(name, ""),
                running=not host.asleep,
            )
        )
    for name, server in world.servers.items():
        spec = world.network.servers[name]
        host = world.hosts[spec.host or name]
        addresses = spec.options.addresses or host.ports[0].addresses[:1]
        found.append(
            NetworkNode(
                name=name,
                kind="stun" if isinstance(spec.options, StunOptions) else "turn",
                addresses=tuple(addresses),
                host=host.name,
                running=server.running and not host.asleep,
            )
        )
    return tuple(found)


def _router(router: Router) -> NetworkNode:
    ports = sorted(router.ports, key=lambda port: port.side != "outside")
    addresses = tuple(a for port in ports for a in port.addresses)
    spec, kind = router.spec.nat, router.kind
    passes_udp = spec != "udpblock"
    if kind is None:
        return NetworkNode(
            name=router.name, kind="router", addresses=addresses, passes_udp=passes_udp
        )
    known = ""
    for name, nat in NAT_KINDS.items():
        if name == spec or (nat == kind and not known):
            known = name
    return NetworkNode(
        name=router.name,
        kind="nat",
        addresses=addresses,
        nat=known,
        mapping=kind.mapping,
        filtering=kind.filtering,
        passes_udp=passes_udp,
    )


def lines(world: World) -> tuple[NetworkLine, ...]:
    """What is between each interface and its link."""
    ports = [port for router in world.routers.values() for port in router.ports]
    ports += [port for host in world.hosts.values() for port in host.ports]
    return tuple(map(_line, ports))


def _line(port: Port) -> NetworkLine:
    side = port.side
    return NetworkLine(
        name=port.place,
        node=port.owner,
        link=port.link.name,
        side="inside" if side == "inside" else "outside" if side == "outside" else "",
        up=line_state(port.up.line),
        down=line_state(port.down.line),
    )


def line_state(line: Line) -> LineState:
    """A line as the stream tells of it."""
    return LineState(
        delay=line.delay, jitter=line.jitter, loss=line.loss, rate=line.rate, cut=line.cut
    )


# --- NAT tables -----------------------------------------------------------------------------------


def table(router: Router) -> list[NatBinding]:
    """All bindings of a router's NATs, oldest first."""
    return [
        NatBinding(
            protocol=b.protocol,
            inside=address_port(*b.inside),
            outside=address_port(*b.outside),
            towards="" if b.towards is None else _remote(b.towards),
            lets_in=tuple(_remote(r) for r in b.lets_in[::-1][:MOST_REMOTES]),
            more=max(0, len(b.lets_in) - MOST_REMOTES),
            age=round(b.age, 3),
            ends_in=round(b.ends_in, 3),
        )
        for nat in router.nats.values()
        for b in nat.bindings()
    ]


def _remote(key: RemoteKey) -> str:
    if key is None:
        return ""
    return key if isinstance(key, str) else address_port(*key)


# --- packets --------------------------------------------------------------------------------------


def passage(world: World, seen: Passage) -> PacketPassage | None:
    """A packet that enters a line or is dropped; None for one that leaves a line."""
    if seen.what == "leaves":
        return None
    packet = seen.packet
    line, _, direction = seen.place.rpartition(" ")
    method, kind, carried = message(packet)
    if seen.what == "dropped":
        return PacketPassage(
            at=round(seen.at, 6),
            line=line,
            direction="down" if direction == "down" else "up",
            dropped=seen.why or "",
            place=line or seen.place,
            protocol=packet.protocol,
            source=_place(packet.source),
            destination=_place(packet.destination),
            size=packet.size,
            method=method,
            message_class=kind,
            carried=carried,
        )
    port = world.port(line)
    way = port.up if direction == "up" else port.down
    return PacketPassage(
        at=round(seen.at, 6),
        line=line,
        direction="up" if direction == "up" else "down",
        takes=way.line.delay,
        protocol=packet.protocol,
        source=_place(packet.source),
        destination=_place(packet.destination),
        size=packet.size,
        method=method,
        message_class=kind,
        carried=carried,
    )


def _place(address: tuple[str, int]) -> str:
    """ICMP has no ports."""
    return address_port(*address) if address[1] else address[0]


def message(packet: Packet) -> tuple[str, str, str]:
    """Method and class of a STUN message, and the method of one that is relayed inside it."""
    data = packet.payload
    if not isinstance(data, bytes):
        data = getattr(data, "data", b"")
    found = _parsed(data)
    if found is not None:
        inner = _parsed(found.value(Attribute.DATA) or b"")
        carried = method_name(inner) if inner is not None else ""
        return method_name(found), class_name(found), carried
    if len(data) > 4 and 0x40 <= data[0] < 0x50:  # RFC 8656 section 12
        inner = _parsed(data[4:])
        return "ChannelData", "", method_name(inner) if inner is not None else ""
    return "", "", ""


def _parsed(data: bytes) -> Message | None:
    """The first STUN message; in a stream others may follow it."""
    if not is_stun(data):
        return None
    try:
        return parse(data[: 20 + int.from_bytes(data[2:4], "big")])
    except MalformedStun:
        return None
