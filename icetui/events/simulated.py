"""The simulated network: what it consists of and what happens in it."""

from __future__ import annotations

from typing import Literal

from icetui.events.codes import Count, NatDependence, Seconds
from icetui.events.event import Event
from icetui.events.parts import Part


class LineState(Part, frozen=True, kw_only=True):
    """What one direction of a line does to packets; seconds, shares from 0 to 1."""

    delay: Seconds = 0.0
    jitter: Seconds = 0.0
    loss: float = 0.0
    rate: float | None = None
    """Bytes a second; None: any number."""
    cut: bool = False


class NetworkNode(Part, frozen=True, kw_only=True):
    """A host, a router or a server of a simulated network."""

    name: str
    kind: Literal["host", "router", "nat", "stun", "turn"]
    addresses: tuple[str, ...] = ()
    """IP addresses; a router's outer ones first."""
    host: str = ""
    """Of a server: the host it runs on."""
    session: str = ""
    """Of a host: the session that runs on it."""
    nat: str = ""
    """Of a NAT: its kind by the short name, where it is one of the common kinds."""
    mapping: NatDependence = "unknown"
    filtering: NatDependence = "unknown"
    passes_udp: bool = True
    """Of a router."""
    running: bool = True
    """False: a server that was stopped, a host that sleeps or is off."""


class NetworkLine(Part, frozen=True, kw_only=True):
    """What is between an interface and the link it is plugged into."""

    name: str
    """`owner.interface`, by which it can be changed."""
    node: str
    link: str
    side: Literal["", "inside", "outside"] = ""
    """Of a router's interface."""
    up: LineState = LineState()
    """From the interface into the link."""
    down: LineState = LineState()


class NatBinding(Part, frozen=True, kw_only=True):
    """A row of a NAT's mapping table."""

    protocol: Literal["udp", "tcp"] = "udp"
    inside: str
    """`ip:port`."""
    outside: str
    towards: str = ""
    """The remote it is for alone, an address or `ip:port`; empty: for all."""
    lets_in: tuple[str, ...] = ()
    """Remotes that may write to it, in the same way, the newest first; an empty one among them:
    everybody."""
    more: Count = 0
    """Remotes beyond those in `lets_in`."""
    age: Seconds = 0.0
    """Seconds since it came about."""
    ends_in: Seconds = 0.0
    """Seconds until it is forgotten, unless it is used."""


class PacketPassage(Part, frozen=True, kw_only=True):
    """A packet that enters a line, or is dropped somewhere."""

    at: Seconds
    """The stream's `t`, seconds."""
    line: str = ""
    """Where it enters; empty where a node dropped it."""
    direction: Literal["up", "down"] = "up"
    takes: Seconds = 0.0
    """Seconds until it comes out at the other end, without jitter and queueing."""
    dropped: str = ""
    """Why it goes no further (`lost`, `cut`, `filtered`, `no-mapping` …); empty: it goes on."""
    place: str = ""
    """The line and its direction, or the node, that dropped it."""
    protocol: Literal["udp", "tcp", "icmp"] = "udp"
    source: str = ""
    """`ip:port`."""
    destination: str = ""
    size: Count = 0
    """Bytes, IP header included."""
    method: str = ""
    """Of a STUN message; `ChannelData` for that; empty: something else."""
    message_class: str = ""
    carried: str = ""
    """The method of a STUN message inside a Send or Data indication or ChannelData."""


class TopologyChanged(Event, frozen=True, kw_only=True):
    """What a simulated network consists of; carries all of it."""

    nodes: tuple[NetworkNode, ...] = ()
    lines: tuple[NetworkLine, ...] = ()
    seed: Count = 0


class NatTableChanged(Event, frozen=True, kw_only=True):
    """A NAT's mapping table; carries all of it, up to a bound."""

    nat: str
    bindings: tuple[NatBinding, ...] = ()
    more: Count = 0
    """Bindings beyond the bound."""


class PacketsPassed(Event, frozen=True, kw_only=True):
    """Packets of a simulated network, told only while somebody looks."""

    passages: tuple[PacketPassage, ...] = ()
    left_out: Count = 0
    """How many more there were: only so many are told a second."""


class NetworkChanged(Event, frozen=True, kw_only=True):
    """Something was done to a simulated network."""

    what: str
    """As in a network file: `cut`, `restore`, `weather`, `rebind`, `stop`, `start` …"""
    whom: str
    """The line, router, server or host."""
    by: Literal["user", "plan"] = "user"
    """`plan`: the network's own list of changes."""
    line: LineState | None = None
    """Of `weather`: what the line does from now on."""


class PaceChanged(Event, frozen=True, kw_only=True):
    """How fast the time of a simulated network goes from this event's `t` on."""

    speed: float | None = 1.0
    """Seconds of the network in one of ours; None: as many as can be reckoned."""
    paused: bool = False
