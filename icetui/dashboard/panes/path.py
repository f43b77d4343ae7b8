"""The Path pane: which path is in use, through what, and how good is it?

Drawn as a picture, one's own side at the left: me, my NAT, a relay at its true end, their NAT,
them. Without a path the most promising pair is drawn, up to where it stops.
"""

from __future__ import annotations

from typing import NamedTuple

from textual.content import Content

from icetui.dashboard.lines import Prose
from icetui.dashboard.panes.pieces import ACCENT, BAD, GOOD, MUTED, STRONG, WARN, Piece, line
from icetui.dashboard.shown_text import (
    middle,
    percent,
    plain,
    rtt,
    server_name,
    size,
    spark,
    waiting,
)
from icetui.dashboard.standing import in_use
from icetui.events import Candidate, Pair, Reason, address_port, bracketed
from icetui.grammar import count
from icetui.session import Quality, Session

CONSENT_SHORT = 10.0
"""Seconds of consent left from which it is worth a warning (RFC 7675: 30 s, asked each 4–6 s)."""
SIDE_BY_SIDE = 3
"""Lines of a picture whose places stand beside each other."""
TELLING = {"relay": 0, "host": 1, "prflx": 2, "srflx": 3}
"""Of pairs that failed the one between reflexive addresses tells most about what is between."""


class Node(NamedTuple):
    """A place on the way."""

    title: str
    address: str = ""
    port: str = ""

    @property
    def whole(self) -> str:
        return self.address + self.port

    @property
    def width(self) -> int:
        return max(len(self.title), len(self.address), len(self.port))


class PathPane(Prose):
    """A picture where there is room; three lines where there is not."""

    BAR = 0
    needed = 6
    """Lines it would like to have."""

    def show(self, session: Session, now: float, *, by_hand: bool = True) -> None:
        """`by_hand`: whether the two blobs are exchanged by whoever looks at this."""
        self.put_title("Path")
        width, roomy = self.size.width or 78, (self.size.height or 3) >= 5
        pair = session.selected_pair
        if pair is None or not in_use(session):
            self.put(
                [*_no_path(session, by_hand), *(_where_it_stops(session, width) if roomy else [])]
            )
            return
        quality = session.quality.get(pair.id, Quality())
        upkeep = _upkeep(session, pair, now)
        if roomy:
            near, far = ends(session, pair)
            trip = rtt(pair.current_round_trip_time)
            upright = len(near) + len(far) + 5
            drawn = picture(near, far, trip, width, GOOD, upright=self.size.height >= upright)
            self.needed = upright if len(drawn) != SIDE_BY_SIDE else SIDE_BY_SIDE + 4
            figures = [_figures(quality), _spark_line(quality, width), upkeep]
            self.put([*drawn, *figures, *_since(session, now)])
        else:
            self.put(
                [_one_line(session, pair, width), _short_figures(pair, quality, width), upkeep]
            )


# --- places -------------------------------------------------------------------------------------


def ends(session: Session, pair: Pair) -> tuple[list[Node], list[Node]]:
    """The places on our side of the network, ours first, and those on theirs, them last."""
    return _near(session, pair), _far(session, pair)


def _node(title: str, address: str, port: int | str) -> Node:
    return Node(title, plain(bracketed(address), 50), f":{port}")


def _split(text: str) -> tuple[str, str]:
    """`ip:port` in its parts."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), port


def _near(session: Session, pair: Pair) -> list[Node]:
    local = session.local_candidates.get(pair.local)
    if local is None:
        return [Node("me", plain(pair.local, 40))]
    if local.type != "relay":
        socket = session.own_socket(pair) or address_port(local.address, local.port)
        nodes = [_node("me", *_split(socket))]
        seen_at = pair.mapped or _seen_at(session, local)
        if seen_at and seen_at != socket:
            nodes.append(_node("my NAT", *_split(plain(seen_at, 60))))
        return nodes
    hosts = [c for c in session.local_candidates.values() if c.type == "host"]
    me = next((c for c in hosts if c.interface == local.interface), hosts[0] if hosts else None)
    nodes = [Node("me", plain(bracketed(me.address), 50)) if me is not None else Node("me")]
    # The related address of a relayed candidate is how its server sees us (RFC 8839 section 5.1).
    seen = local.related_address
    if seen and all(seen != host.address for host in hosts):
        nodes.append(_node("my NAT", seen, local.related_port or 0))
    name = server_name(local.server) if local.server else ""
    return [*nodes, _node(f"TURN {name}".strip(), local.address, local.port)]


def _seen_at(session: Session, base: Candidate) -> str | None:
    """Where a server sees this address of ours; through a NAT64 that is the address itself."""
    if base.type == "srflx":
        return address_port(base.address, base.port)
    for c in session.local_candidates.values():
        is_base = (c.related_address, c.related_port) == (base.address, base.port)
        if c.type == "srflx" and is_base:
            return address_port(c.address, c.port)
    return None


def _far(session: Session, pair: Pair) -> list[Node]:
    remote: Candidate | None = session.remote_candidates.get(pair.remote)
    if remote is None:
        return [Node("them", plain(pair.remote, 40))]
    if remote.type == "host":
        return [_node("them", remote.address, remote.port)]
    ours = session.local_candidates.get(pair.local)
    through_theirs = pair.relayed and (ours is None or ours.type != "relay")
    behind = remote.related_address
    known = bool(behind) and behind not in ("0.0.0.0", "::")
    if remote.type == "relay" or (through_theirs and remote.type == "prflx"):
        relay = _node("their TURN", remote.address, remote.port)
        if known and behind is not None:
            return [relay, _node("their NAT", behind, remote.related_port or 0), Node("them")]
        return [relay, Node("them")]
    nat = _node("their NAT", remote.address, remote.port)
    if known and behind is not None:
        return [nat, _node("them", behind, remote.related_port or 0)]
    return [nat, Node("them")]


# --- drawing ------------------------------------------------------------------------------------


def picture(
    near: list[Node], far: list[Node], label: str, width: int, style: str, *, upright: bool
) -> list[Content]:
    """Side by side where that fits; else one under the other, or all in two lines."""
    nodes = [*near, *far]
    needed = sum(node.width for node in nodes) + 3 * (len(nodes) - 2) + len(label) + 9
    if needed <= width:
        return _side_by_side(near, far, label, width - needed, style)
    if upright:
        return _one_below_the_other(near, far, label, style)
    whole = " ─ ".join(f"{n.title} {n.whole}".strip() for n in near)
    rest = " ─ ".join(f"{n.title} {n.whole}".strip() for n in far)
    return [line(f" {middle(whole, width - 2)}"),
            line((f" ══ {label} ══ ", style), middle(rest, width - len(label) - 9))]  # fmt: skip


def _side_by_side(
    near: list[Node], far: list[Node], label: str, spare: int, style: str
) -> list[Content]:
    last = len(near) - 1
    arms = 2 + min(spare, 24) // 2
    edge = f" {'═' * arms} {label} {'═' * arms} "
    titles: list[Piece] = [" "]
    addresses: list[Piece] = [" "]
    ports: list[Piece] = [" "]
    nodes = [*near, *far]
    for n, node in enumerate(nodes):
        end = n == len(nodes) - 1
        me = n == 0 or end
        titles.append((node.title, STRONG if me else ACCENT))
        rest = node.width - len(node.title)
        addresses.append((node.address.ljust(node.width), "" if me else STRONG))
        ports.append((node.port.ljust(node.width), MUTED))
        if end:
            break
        if n == last:
            titles.append((" " * rest + edge, style))
            gap = len(edge)
        else:
            titles.append((" " + "─" * (rest + 1) + " ", MUTED))
            gap = 3
        addresses.append(" " * gap)
        ports.append(" " * gap)
    return [line(*titles), line(*addresses), line(*ports)]


def _one_below_the_other(
    near: list[Node], far: list[Node], label: str, style: str
) -> list[Content]:
    nodes = [*near, *far]
    title = max(len(node.title) for node in nodes)
    found = []
    for n, node in enumerate(nodes):
        found.append(line((f" {node.title:<{title}}  ", STRONG), node.whole))
        if n == len(near) - 1:
            found.append(line((f"  ║ {label}", style)))
    return found


def _since(session: Session, now: float) -> list[Content]:
    """When and why it became the path, and instead of which."""
    switches = [e for e in session.path_history if e.pair == session.selected]
    if not switches:
        return []
    last = switches[-1]
    before = f", instead of {plain(last.previous, 24)}" if last.previous else ""
    text = f" ★ {plain(last.pair or '', 24)} for {waiting(now - last.t)}{before}"
    return [line((text, MUTED), (f": {plain(last.cause, 120)}" if last.cause else "", MUTED))]


def _where_it_stops(session: Session, width: int) -> list[Content]:
    """The most telling pair without a path, up to where it stops."""
    tried = [p for p in session.pairs.values() if p.reason != Reason.SUPERSEDED]
    if not tried or session.connected_at is not None:
        return []  # that it stood and went is another story

    def telling(pair: Pair) -> tuple[bool, int, int]:
        remote = session.remote_candidates.get(pair.remote)
        kind = TELLING[remote.type] if remote is not None else 0
        return pair.state == "failed", kind, pair.priority

    pair = max(tried, key=telling)
    near, far = ends(session, pair)
    if pair.state == "failed":
        label, style = f"✗ {pair.reason or 'failed'}", BAD
    elif pair.valid and not pair.requests_received:
        label, style = "✗ nothing comes back of itself", WARN
    else:
        label, style = "…", WARN
    drawn = picture(near, far, label, width, style, upright=True)
    detail = [line((f" {plain(pair.detail, 160)}", MUTED))] if pair.detail else []
    return [Content(""), *drawn, *detail]


# --- lines --------------------------------------------------------------------------------------


def _one_line(session: Session, pair: Pair, width: int) -> Content:
    """`192.168.1.20:51234 ─ NAT 203.0.113.7:61001 ══▶ NAT …`, as much of it as fits."""
    near, far = ends(session, pair)
    arrow = " ══▶ "

    def told(nodes: list[Node]) -> str:
        words = ((n.title.replace("my ", "").replace("their ", ""), n.whole) for n in nodes)
        return " ─ ".join(w if t in ("me", "them") and w else f"{t} {w}".strip() for t, w in words)

    outer = [n for n in far if n.whole] or far
    for mine, theirs in ((near, outer), (near, outer[:1]), (near[-1:], outer[:1])):
        ours, others = told(mine), told(theirs)
        if len(ours) + len(arrow) + len(others) + 1 <= width:
            break
    else:
        half = (width - len(arrow) - 1) // 2
        ours, others = middle(ours, half), middle(others, half)
    return line(" ", (ours, STRONG), (arrow, GOOD), (others, STRONG))


def _figures(q: Quality) -> Content:
    return line(
        (" avg ", MUTED), rtt(q.average), ("  min ", MUTED), rtt(q.minimum),
        ("  max ", MUTED), rtt(q.maximum), ("  jitter ", MUTED), rtt(q.jitter),
    )  # fmt: skip


def _loss(q: Quality) -> tuple[str, str]:
    return f"loss {percent(q.loss)}", (GOOD if q.lost == 0 else WARN if q.loss < 0.05 else BAD)


def _spark_line(q: Quality, width: int) -> Content:
    loss = _loss(q)
    return line(" ", (spark(q.samples, width - len(loss[0]) - 4), GOOD), "   ", loss)


def _short_figures(pair: Pair, q: Quality, width: int) -> Content:
    start = f" {rtt(pair.current_round_trip_time)} "
    loss = _loss(q)
    rest = f"  avg {rtt(q.average)}  max {rtt(q.maximum)}  jitter {rtt(q.jitter)}  "
    room = width - len(start) - len(rest) - len(loss[0]) - 1
    if room < 6:
        rest = f"  max {rtt(q.maximum)}  "
        room = width - len(start) - len(rest) - len(loss[0]) - 1
    return line(
        (start, f"bold {GOOD}"), (spark(q.samples, min(max(room, 0), 24)), GOOD),
        (rest, MUTED), loss,
    )  # fmt: skip


def _upkeep(session: Session, pair: Pair, now: float) -> Content:
    pieces = line(
        ("  tx ", MUTED), size(pair.bytes_sent), ("  rx ", MUTED), size(pair.bytes_received)
    )
    if session.state == "disconnected":
        left = max(0.0, (session.consent_expires or now) - now)
        silent = f" ✗ no answer; consent runs out in {waiting(left)}"
        return line((silent, f"bold {BAD}")) + pieces
    if session.consent_expires is None or session.consent_pair != pair.id:
        return line((" consent not asked yet", MUTED)) + pieces
    left = session.consent_expires - now
    if left <= 0:
        return line((" ✗ consent expired: we may not send", BAD)) + pieces
    style = GOOD if left > CONSENT_SHORT else WARN
    word = "fresh" if left > CONSENT_SHORT else "running out"
    return line((f" consent {word}, {waiting(left)} left", style)) + pieces


def _no_path(session: Session, by_hand: bool) -> list[Content]:
    if session.peer_left:
        return [line((" The other side has left; there is no path any more.", WARN))]
    if session.closed is not None:
        return [line((" The session is closed.", MUTED))]
    if session.failure is not None:
        return [line((" The engine has failed; there is no path any more.", BAD))]
    if session.lost_after_connected:
        cause = session.path_history[-1].cause if session.path_history else ""
        return [
            line((" ✗ The path is lost.", BAD)),
            *([line((f" {plain(cause)}", MUTED))] if cause else []),
        ]
    answered = any(p.valid for p in session.pairs.values())
    if answered and not any(p.requests_received for p in session.pairs.values()):
        return [
            line((" They answer, but have not pasted our blob yet.", WARN)),
            line((" The path stands as soon as they do.", MUTED)),
        ]
    if session.pairs:
        working = session.count_pairs()
        tried = count(len(session.pairs), "pair")
        return [
            line((f" No path yet: {tried} tried, {working.get('succeeded', 0)} answered.", WARN)),
            line((" A path stands as soon as one pair is answered from the other side.", MUTED)),
        ]
    if session.description is not None:
        return [line((" No path yet: no pair to check.", WARN))]
    return [
        line((" No path yet: it takes both blobs.", MUTED)),
        line(
            (
                " Send ours, paste theirs; o shows how."
                if by_hand
                else " Nothing is to be done here: theirs comes by itself.",
                MUTED,
            )
        ),
    ]
