"""Internet: the fold of what is told of a simulated network, and what stands between two sides.

What belongs here: state that follows from events alone, as in `session.py`: no clock, no I/O.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from icetui import events
from icetui.events import (
    LineState,
    NatTableChanged,
    NetworkLine,
    NetworkNode,
    PacketPassage,
)

INTERNET = "internet"
"""The link at which everything public hangs."""
PASSAGES_KEPT = 400
CHANGES_KEPT = 100
MOST_HOPS = 8
"""Routers on one side's way out."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Between two neighbours on the way out: one or more lines in a row."""

    link: str
    parts: tuple[tuple[str, bool], ...]
    """Names of the lines from the inside outwards, and whether outwards is `up` there."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One side's way to the internet: its host and the routers, a segment behind each."""

    session: str
    nodes: tuple[str, ...]
    segments: tuple[Segment, ...]
    open_end: bool = True
    """Whether it reaches the internet."""


@dataclass(slots=True)
class Internet:
    """Everything known about a simulated network."""

    t: float = 0.0
    """The network's latest time stamp, seconds."""
    places: dict[str, NetworkNode] = field(default_factory=dict)
    """Hosts and routers."""
    servers: dict[str, NetworkNode] = field(default_factory=dict)
    lines: dict[str, NetworkLine] = field(default_factory=dict)
    tables: dict[str, NatTableChanged] = field(default_factory=dict)
    pace: events.PaceChanged | None = None
    passages: deque[PacketPassage] = field(default_factory=lambda: deque(maxlen=PASSAGES_KEPT))
    left_out: int = 0
    """Packets of which nothing was told."""
    changes: deque[events.NetworkChanged] = field(
        default_factory=lambda: deque(maxlen=CHANGES_KEPT)
    )

    def apply(self, event: events.AnyEvent) -> None:
        """Take one event in, of whichever session. Never raises, in any order."""
        self.t = max(self.t, event.t)
        match event:
            case events.TopologyChanged():
                servers = ("stun", "turn")
                self.places = {n.name: n for n in event.nodes if n.kind not in servers}
                self.servers = {n.name: n for n in event.nodes if n.kind in servers}
                self.lines = {line.name: line for line in event.lines}
            case events.NatTableChanged():
                self.tables[event.nat] = event
            case events.PacketsPassed():
                self.passages.extend(event.passages)
                self.left_out += event.left_out
            case events.NetworkChanged():
                self.changes.append(event)
            case events.PaceChanged():
                self.pace = event

    @property
    def sessions(self) -> tuple[str, ...]:
        """The sides' names, in the order of the network."""
        return tuple(node.session for node in self.places.values() if node.session)

    # --- the way out --------------------------------------------------------------------------

    def chain(self, session: str) -> Chain:
        """From a side's host to the internet; as far as it leads."""
        host = next((n.name for n in self.places.values() if n.session == session), "")
        nodes, segments = [host], []
        line = next((x for x in self.lines.values() if x.node == host), None)
        while line is not None and len(nodes) <= MOST_HOPS:
            router = None if line.link == INTERNET else self._router_on(line.link)
            parts = [(line.name, True)]
            if router is not None:
                parts.append((router.name, False))
            segments.append(Segment(line.link, tuple(parts)))
            if router is None or router.node in nodes:
                return Chain(session, tuple(nodes), tuple(segments), line.link == INTERNET)
            nodes.append(router.node)
            line = next(
                (x for x in self.lines.values() if x.node == router.node and x.side == "outside"),
                None,
            )
        return Chain(session, tuple(nodes), tuple(segments), open_end=False)

    def _router_on(self, link: str) -> NetworkLine | None:
        """The inner line of the router that serves a LAN."""
        return next((x for x in self.lines.values() if x.link == link and x.side == "inside"), None)

    def direction(self, segment: Segment, *, outwards: bool) -> LineState:
        """What all lines of a segment do together to what passes in this direction."""
        delay, kept, cut = 0.0, 1.0, False
        for name, outwards_is_up in segment.parts:
            state = self.way(name, up=outwards == outwards_is_up)
            delay += state.delay
            kept *= 1 - state.loss
            cut = cut or state.cut
        return LineState(delay=delay, loss=1 - kept, cut=cut)

    def way(self, line: str, *, up: bool) -> LineState:
        """One direction of a line; one that is not known does nothing."""
        found = self.lines.get(line)
        if found is None:
            return LineState()
        return found.up if up else found.down

    def is_cut(self, line: str) -> bool:
        found = self.lines.get(line)
        return found is not None and (found.up.cut or found.down.cut)

    def on(self, segment: Segment, passage: PacketPassage) -> tuple[bool, float, float] | None:
        """Whether it goes outwards, how long ago in time of the segment it was at its beginning,
        and how long the segment takes; None: it is elsewhere."""
        for place, (name, outwards_is_up) in enumerate(segment.parts):
            if passage.line != name:
                continue
            outwards = (passage.direction == "up") == outwards_is_up
            before = segment.parts[:place] if outwards else segment.parts[place + 1 :]
            offset = sum(self.way(n, up=outwards == up).delay for n, up in before)
            return outwards, offset, self.direction(segment, outwards=outwards).delay
        return None

    def name_of(self, address: str) -> str:
        """Whose an IP address is; itself where nobody has it."""
        for node in (*self.servers.values(), *self.places.values()):
            if address in node.addresses:
                return node.name
        return address

    def owner(self, address: str) -> str:
        """The server at an address, without a port; empty: none."""
        for name, server in self.servers.items():
            if address in server.addresses:
                return name
        return ""
