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
from icetui.dashboard.panes.pieces import ACCENT, BAD, GOOD, MUTED, STRONG, WARN
from icetui.dashboard.shown_text import plain
from icetui.events import LineState, NetworkNode, PacketPassage
from icetui.session import Session
from icetui.session.internet import INTERNET, Chain, Internet, Segment

HEIGHT = 5
LEAST, LAN = 6, 12
"""Cells of a line, and of one beside a host."""
CENTRE = INTERNET
CHOSEN = "reverse"
NO_WAY_OUT = " no way out "
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
        one = [item for item in _along(internet.chain(session)) if item not in found]
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
        chains = [internet.chain(session) for session in internet.sessions[:2]]
        self._centre = CENTRE
        """Where both ways meet: the internet, or a router that both sides are behind."""
        if len(chains) == 2:
            shared = next((n for n in chains[0].nodes if n in chains[1].nodes), None)
            if shared is not None:
                self._centre = shared
                chains = [_up_to(chain, shared) for chain in chains]
        self._chains = chains
        self._least = self._beside = self._long = LEAST
        """Cells of the lines: of most, of those beside a host, of those that get more."""

    def drawn(self) -> list[Content]:
        width = self._canvas.width
        names = len(self._label(self._centre))
        for chain in self._chains:
            names += sum(len(self._label(name)) for name in chain.nodes)
            names += 0 if chain.open_end else len(NO_WAY_OUT)
        number = sum(len(chain.segments) for chain in self._chains)
        self._least = max(2, min(LEAST, (width - names) // max(1, number)))
        room = max(0, width - names - number * self._least)
        # Beside a host there has to be room for its address below.
        beside = sum(1 for c in self._chains if c.segments and not self._is_long(c, 0))
        self._beside = self._least + min(LAN - LEAST, room // max(1, number))
        room -= (self._beside - self._least) * beside
        long = sum(self._is_long(c, n) for c in self._chains for n in range(len(c.segments)))
        self._long = self._least + room // max(1, long)
        ends = [0, width]
        for side, chain in enumerate(self._chains):
            ends[side] = self._draw_chain(chain, ends[side], rightwards=side == 0)
        self._draw_centre(*ends)
        return self._canvas.lines()

    def _label(self, node: str) -> str:
        """Names are shortened where there is little room: whose NAT it is shows anyway."""
        name = plain(node, 14)
        whose, dash, rest = name.partition("-")
        if self._canvas.width < 100 and dash and whose in self._internet.sessions:
            name = rest
        return f" {name} "

    def _is_long(self, chain: Chain, number: int) -> bool:
        """Whether a segment gets what room there is: what takes time, and what leads to the
        middle."""
        segment = chain.segments[number]
        both = (self._internet.direction(segment, outwards=o) for o in (True, False))
        return number == len(chain.segments) - 1 or any(way.delay for way in both)

    def _length(self, chain: Chain, number: int) -> int:
        if self._is_long(chain, number):
            return self._long
        return self._least if number else self._beside

    # --- one side -----------------------------------------------------------------------------

    def _draw_chain(self, chain: Chain, edge: int, *, rightwards: bool) -> int:
        """From the host to the internet; where the next thing comes."""
        for number, name in enumerate(chain.nodes):
            label = self._label(name)
            left = edge if rightwards else edge - len(label)
            self._draw_node(name, label, left, first=number == 0, rightwards=rightwards)
            edge = edge + len(label) if rightwards else left
            if number < len(chain.segments):
                segment = chain.segments[number]
                length = self._length(chain, number)
                left = edge if rightwards else edge - length
                self._draw_segment(chain, segment, left, length, rightwards=rightwards)
                edge = edge + length if rightwards else left
        if not chain.open_end:
            edge = edge if rightwards else edge - len(NO_WAY_OUT)
            self._canvas.put(edge, self.LINE, NO_WAY_OUT, BAD)
            edge += len(NO_WAY_OUT) if rightwards else 0
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
        address = plain(node.addresses[0], 40) if node.addresses else ""
        x = middle - len(address) // 2
        if first:
            x = left + 1 if rightwards else left + len(label) - 1 - len(address)
        if self._canvas.is_free(max(0, x), self.LAST, len(address)):
            self._canvas.put(max(0, x), self.LAST, address, MUTED)
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

    def _draw_centre(self, left: int, right: int) -> None:
        """Where both ways meet, between the ends of what is drawn, and the servers above it."""
        if self._centre == CENTRE:
            label = CENTRE
            left += max(0, right - left - len(label)) // 2
            self._canvas.put(left, self.LINE, label, STRONG)
        else:
            label = self._label(self._centre)
            left += max(0, right - left - len(label)) // 2
            self._draw_node(self._centre, label, left, first=False, rightwards=True)
        middle = left + len(label) // 2
        names = list(self._internet.servers)[:MOST_SERVERS]
        labels = [f" {self._sign(name)} {plain(name, 10)} " for name in names]
        more = len(self._internet.servers) - len(names)
        if more:
            labels.append(f" and {more} more ")
        if not labels:
            return
        x = max(0, middle - sum(map(len, labels)) // 2)
        self._canvas.put(middle, self.ABOVE, "│", GOOD if self._way.server else MUTED)
        for name, text in zip((*names, ""), labels, strict=False):
            self._canvas.put(x, self.SERVERS, text, self._server_style(name))
            x += len(text)

    def _server_style(self, name: str) -> str:
        server = self._internet.servers.get(name)
        if server is None:
            return MUTED
        style = BAD if not server.running else GOOD if name == self._way.server else ""
        if self._glimpsed(server):
            style = f"bold {WARN}"
        return f"{style} {CHOSEN}".strip() if self._is_chosen("server", name) else style

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


def _up_to(chain: Chain, node: str) -> Chain:
    """As far as a router that both sides are behind."""
    at = chain.nodes.index(node)
    return Chain(chain.session, chain.nodes[:at], chain.segments[:at])


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
