"""The map of a simulated network: both sides' ways to the internet, the servers, what passes.

What belongs here: the drawing, as lines of text from values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from textual.content import Content

from icetui.dashboard.canvas import Canvas
from icetui.dashboard.network_words import line_words, message_words
from icetui.dashboard.panes.base import ACCENT, BAD, GOOD, MUTED, STRONG, WARN
from icetui.dashboard.text import plain
from icetui.events import LineState, NetworkNode, PacketPassage
from icetui.internet import Chain, Internet, Segment
from icetui.session import Session

HEIGHT = 5
LEAST, LAN = 6, 12
"""Cells of a line, and of one beside a host."""
CENTRE = "internet"
CHOSEN = "reverse"
MOST_SERVERS = 4
NAMED = 30
"""Cells of a line from which on the newest message in each direction is named, not only one."""

Kind = Literal["line", "node", "server"]


@dataclass(frozen=True, slots=True)
class Item:
    """Something on the map that can be chosen."""

    kind: Kind
    name: str
    segment: Segment | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Which way the data takes."""

    sides: tuple[str, ...] = ()
    """Whose ways to the internet are in use."""
    server: str = ""
    """The relay it goes through."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What time it is in the network, and how long it is shown that something has just passed."""

    now: float
    glimpse: float


def route(internet: Internet, session: Session | None) -> Route:
    """The selected pair's way. Two hosts that reach each other on their own LAN use none."""
    pair = session.selected_pair if session is not None else None
    if session is None or pair is None:
        return Route()
    ends = (session.local_candidates.get(pair.local), session.remote_candidates.get(pair.remote))
    for end in ends:
        if end is not None and end.type == "relay":
            return Route(internet.sessions, internet.owner(end.address))
    return Route(internet.sessions)


def items(internet: Internet) -> list[Item]:
    """All that can be chosen, from left to right; the servers stand in the middle."""
    found: list[Item] = []
    for number, session in enumerate(internet.sessions[:2]):
        one = list(_along(internet.chain(session)))
        found += one if number == 0 else one[::-1]
        if number == 0:
            found += [Item("server", name) for name in list(internet.servers)[:MOST_SERVERS]]
    return found


def _along(chain: Chain) -> Iterator[Item]:
    for number, node in enumerate(chain.nodes):
        if number:
            yield Item("node", node)
        if number < len(chain.segments):
            segment = chain.segments[number]
            yield Item("line", segment.parts[0][0], segment)


def draw(
    internet: Internet, way: Route, chosen: Item | None, moment: Moment, width: int
) -> list[Content]:
    """Five lines of `width` cells."""
    return _Map(internet, way, chosen, moment, width).drawn()


class _Map:
    """One drawing."""

    SERVERS, ABOVE, LINE, BELOW, LAST = range(HEIGHT)

    def __init__(
        self, internet: Internet, way: Route, chosen: Item | None, moment: Moment, width: int
    ) -> None:
        self._internet = internet
        self._way = way
        self._chosen = chosen
        self._moment = moment
        self._canvas = Canvas(width, HEIGHT)
        self._chains = [internet.chain(session) for session in internet.sessions[:2]]

    def drawn(self) -> list[Content]:
        lines = sum(len(chain.segments) for chain in self._chains)
        names = sum(len(self._label(n)) for c in self._chains for n in c.nodes) + len(CENTRE)
        uplinks = sum(1 for c in self._chains for s in c.segments if self._is_long(s))
        room = self._canvas.width - names - lines * LEAST
        # Beside a host there has to be room for its address below.
        first = LEAST + max(0, min(LAN - LEAST, room // max(1, lines)))
        rest = room + LEAST * uplinks - (first - LEAST) * len(self._chains)
        long = max(LEAST, rest // max(1, uplinks))
        centre = 0
        for number, chain in enumerate(self._chains):
            edge = 0 if number == 0 else self._canvas.width
            end = self._draw_chain(chain, edge, first, long, rightwards=number == 0)
            centre = end if number == 0 else centre
        self._draw_centre(centre)
        return self._canvas.lines()

    def _label(self, node: str) -> str:
        """Names are shortened where there is little room: whose NAT it is shows anyway."""
        name = plain(node, 14)
        whose, dash, rest = name.partition("-")
        if self._canvas.width < 100 and dash and whose in self._internet.sessions:
            name = rest
        return f" {name} "

    def _is_long(self, segment: Segment) -> bool:
        both = (self._internet.direction(segment, outwards=o) for o in (True, False))
        return any(way.delay for way in both)

    # --- one side -----------------------------------------------------------------------------

    def _draw_chain(self, chain: Chain, edge: int, lan: int, long: int, *, rightwards: bool) -> int:
        """From the host to the internet; where the next thing comes."""
        for number, name in enumerate(chain.nodes):
            label = self._label(name)
            left = edge if rightwards else edge - len(label)
            self._draw_node(name, label, left, first=number == 0, rightwards=rightwards)
            edge = edge + len(label) if rightwards else left
            if number < len(chain.segments):
                segment = chain.segments[number]
                length = long if self._is_long(segment) else LEAST if number else lan
                left = edge if rightwards else edge - length
                self._draw_segment(chain, segment, left, length, rightwards=rightwards)
                edge = edge + length if rightwards else left
        return edge

    def _draw_node(
        self, name: str, label: str, left: int, *, first: bool, rightwards: bool
    ) -> None:
        node = self._internet.places.get(name)
        style = STRONG if node is None or node.running else BAD
        if self._is_chosen("node", name):
            style = f"{style} {CHOSEN}"
        self._canvas.put(left, self.LINE, label, style)
        if node is None:
            return
        middle = left + len(label) // 2
        if not first:
            self._canvas.centred(middle, self.BELOW, _kind(node), ACCENT)
        address = node.addresses[0] if node.addresses else ""
        if first:
            x = left + 1 if rightwards else left + len(label) - 1 - len(address)
            self._canvas.put(max(0, x), self.LAST, plain(address, 40), MUTED)
        else:
            self._canvas.centred(middle, self.LAST, plain(address, 40), MUTED)
        if self._dropped_at(name):
            self._canvas.put(middle, self.ABOVE, "✗", BAD)

    def _draw_segment(
        self, chain: Chain, segment: Segment, left: int, length: int, *, rightwards: bool
    ) -> None:
        outwards, inwards = (self._internet.direction(segment, outwards=o) for o in (True, False))
        used = chain.session in self._way.sides
        cut = outwards.cut or inwards.cut
        style = BAD if cut else GOOD if used else MUTED
        if self._chosen is not None and self._chosen.segment == segment:
            style = f"{style} {CHOSEN}"
        self._canvas.put(left, self.LINE, ("━" if used and not cut else "─") * length, style)
        words, tone = _condition(outwards, inwards)
        if words and (cut or length >= len(words)):
            self._canvas.centred(left + length // 2, self.ABOVE, words, tone)
        if cut:
            self._canvas.put(left + length // 2, self.LINE, "╳", f"bold {BAD}")
        self._draw_packets(segment, left, length, rightwards=rightwards)

    def _draw_packets(self, segment: Segment, left: int, length: int, *, rightwards: bool) -> None:
        """Each a mark where it is now; the newest one in each direction is named."""
        named: dict[bool, str] = {}
        for passage in self._internet.passages:
            place = self._internet.on(segment, passage)
            if place is None:
                continue
            outwards, offset, takes = place
            to_the_right = outwards == rightwards
            gone = self._moment.now - passage.at
            if passage.dropped:
                if 0 <= gone < self._moment.glimpse:
                    x = left if to_the_right else left + length - 1
                    self._canvas.put(x, self.LINE, "✗", f"bold {BAD}")
                continue
            if not 0 <= gone < max(passage.takes, self._moment.glimpse if takes else 0):
                continue
            share = min(1.0, (offset + gone) / takes) if takes else 0.5
            step = min(length - 1, int(share * length))
            x = left + step if to_the_right else left + length - 1 - step
            mark = ("▶" if to_the_right else "◀") if passage.method else "●"
            self._canvas.put(x, self.LINE, mark, f"bold {WARN}")
            named.pop(to_the_right, None)
            named[to_the_right] = message_words(passage)
        if length < NAMED and len(named) > 1:
            named = dict([named.popitem()])
        for to_the_right, words in named.items():
            if len(words) + 2 > length:
                words = words[: max(0, length - 3)] + "…"
            text = f"{words} ▶" if to_the_right else f"◀ {words}"
            row = self.LAST if len(named) > 1 and not to_the_right else self.BELOW
            self._canvas.centred(left + length // 2, row, text, WARN)

    # --- the middle ---------------------------------------------------------------------------

    def _draw_centre(self, left: int) -> None:
        self._canvas.put(left, self.LINE, CENTRE, STRONG)
        middle = left + len(CENTRE) // 2
        names = list(self._internet.servers)[:MOST_SERVERS]
        if not names:
            return
        labels = [f" {self._sign(name)} {plain(name, 10)} " for name in names]
        total = sum(map(len, labels))
        x = max(0, middle - total // 2)
        self._canvas.put(middle, self.ABOVE, "│", GOOD if self._way.server else MUTED)
        for name, label in zip(names, labels, strict=True):
            server = self._internet.servers[name]
            style = BAD if not server.running else GOOD if name == self._way.server else ""
            if self._glimpsed(server):
                style = f"bold {WARN}"
            if self._is_chosen("server", name):
                style = f"{style} {CHOSEN}".strip()
            self._canvas.put(x, self.SERVERS, label, style)
            x += len(label)

    def _sign(self, name: str) -> str:
        return "✓" if self._internet.servers[name].running else "✗"

    def _is_chosen(self, kind: Kind, name: str) -> bool:
        return self._chosen is not None and self._chosen.kind == kind and self._chosen.name == name

    def _recent(self) -> Iterator[PacketPassage]:
        """Of the last moment, newest first."""
        for passage in reversed(self._internet.passages):
            if self._moment.now - passage.at > self._moment.glimpse:
                return
            yield passage

    def _glimpsed(self, server: NetworkNode) -> bool:
        """Whether something has just reached or left it."""
        prefix = f"{server.host}."
        return any(passage.line.startswith(prefix) for passage in self._recent())

    def _dropped_at(self, node: str) -> bool:
        return any(p.dropped and p.place == node for p in self._recent())


def _kind(node: NetworkNode) -> str:
    if node.kind == "router":
        return "no NAT" if node.passes_udp else "no UDP"
    return plain(node.nat, 10) or "NAT"


def _condition(outwards: LineState, inwards: LineState) -> tuple[str, str]:
    """What stands above a line."""
    if outwards.cut and inwards.cut:
        return "cut", f"bold {BAD}"
    if outwards.cut or inwards.cut:
        return "cut one way", f"bold {BAD}"
    if (outwards.delay, outwards.loss) == (inwards.delay, inwards.loss):
        if not outwards.delay and not outwards.loss:
            return "", MUTED
        return line_words(outwards), WARN if outwards.loss else MUTED
    return f"{line_words(outwards)} out, {line_words(inwards)} in", WARN
