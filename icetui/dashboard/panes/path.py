"""The Path pane: which path is in use, through what, and how good is it?"""

from __future__ import annotations

from textual.content import Content

from icetui.dashboard.lines import Prose
from icetui.dashboard.panes.base import BAD, GOOD, MUTED, STRONG, WARN, line
from icetui.dashboard.standing import in_use
from icetui.dashboard.text import (
    middle,
    percent,
    plain,
    rtt,
    server_name,
    size,
    spark,
    waiting,
)
from icetui.events import Candidate, Pair, address_port
from icetui.grammar import count
from icetui.session import Quality, Session

CONSENT_SHORT = 10.0
"""Seconds of consent left from which it is worth a warning (RFC 7675: 30 s, asked each 4–6 s)."""


class PathPane(Prose):
    """Drawn with both ends where there is room; three lines where there is not."""

    BAR = 0

    def show(self, session: Session, now: float) -> None:
        self.put_title("Path")
        width, height = self.size.width or 78, self.size.height or 3
        pair = session.selected_pair
        if pair is None or not in_use(session):
            self.put(_no_path(session))
            return
        quality = session.quality.get(pair.id, Quality())
        if height >= 6:
            drawn = _drawn(session, pair, width)
            if height < 7:  # the air goes before a figure does
                drawn = drawn[:3]
            body = [*drawn, _figures(quality), _spark_line(quality, width)]
        else:
            body = [_one_line(session, pair, width), _short_figures(pair, quality, width)]
        self.put([*body, _upkeep(session, pair, now)])


def _near(session: Session, pair: Pair) -> tuple[str, str]:
    """Our end: `(base, what the world sees)`; the second is empty when they are the same."""
    candidate = session.local_candidates.get(pair.local)
    if candidate is None:
        return plain(pair.local, 40), ""
    address = plain(address_port(candidate.address, candidate.port), 60)
    if candidate.type == "relay":
        server = server_name(candidate.server) if candidate.server else "TURN"
        return f"TURN {server}", f"relayed {address}"
    if pair.mapped and pair.mapped != address:
        return address, f"NAT {plain(pair.mapped, 60)}"
    return address, ""


def _far(session: Session, pair: Pair) -> tuple[str, str]:
    """Their end: `(what we send to, what lies behind it)`."""
    candidate: Candidate | None = session.remote_candidates.get(pair.remote)
    if candidate is None:
        return plain(pair.remote, 40), ""
    address = plain(address_port(candidate.address, candidate.port), 60)
    if candidate.type == "host":
        return address, ""
    ours = session.local_candidates.get(pair.local)
    through_theirs = pair.relayed and (ours is None or ours.type != "relay")
    if candidate.type == "relay" or (through_theirs and candidate.type == "prflx"):
        return f"their TURN {address}", ""
    behind = ""
    if candidate.related_address and candidate.related_address not in ("0.0.0.0", "::"):
        behind = plain(address_port(candidate.related_address, candidate.related_port or 0), 60)
    return f"NAT {address}", behind


def _drawn(session: Session, pair: Pair, width: int) -> list[Content]:
    base, seen = _near(session, pair)
    reach, behind = _far(session, pair)
    figure = f" {rtt(pair.current_round_trip_time)} "
    arm = max(4, min(12, (width - len(figure) - 6) // 2))
    arrow = f"    {'═' * arm}"
    far = f"{reach} ─ {behind}" if behind else reach
    near = f"{base} ─ {seen}" if seen else base
    return [
        line((middle(near, width), STRONG), ("  us" if len(near) < width - 4 else "", MUTED)),
        line((arrow, GOOD), (figure, f"bold {GOOD}"), (f"{'═' * arm}▶", GOOD)),
        line((middle(far, width), STRONG), ("  them" if len(far) < width - 6 else "", MUTED)),
        Content(""),
    ]


def _one_line(session: Session, pair: Pair, width: int) -> Content:
    base, seen = _near(session, pair)
    reach, behind = _far(session, pair)
    arrow = " ══▶ "
    for near, far in (
        (f"{base} ─ {seen}" if seen else base, f"{reach} ─ {behind}" if behind else reach),
        (f"{base} ─ {seen}" if seen else base, reach),
        (seen or base, reach),
    ):
        if len(near) + len(arrow) + len(far) + 1 <= width:
            break
    else:
        half = (width - len(arrow) - 1) // 2
        near, far = middle(near, half), middle(far, half)
    return line(" ", (near, STRONG), (arrow, GOOD), (far, STRONG))


def _figures(q: Quality) -> Content:
    return line(
        ("avg ", MUTED), rtt(q.average), ("  min ", MUTED), rtt(q.minimum),
        ("  max ", MUTED), rtt(q.maximum), ("  jitter ", MUTED), rtt(q.jitter),
    )  # fmt: skip


def _loss(q: Quality) -> tuple[str, str]:
    return f"loss {percent(q.loss)}", (GOOD if q.lost == 0 else WARN if q.loss < 0.05 else BAD)


def _spark_line(q: Quality, width: int) -> Content:
    loss = _loss(q)
    return line((spark(q.samples, width - len(loss[0]) - 3), GOOD), "   ", loss)


def _short_figures(pair: Pair, q: Quality, width: int) -> Content:
    start = f" {rtt(pair.current_round_trip_time)} "
    loss = _loss(q)
    rest = f"  avg {rtt(q.average)}  max {rtt(q.maximum)}  jitter {rtt(q.jitter)}  "
    room = width - len(start) - len(rest) - len(loss[0]) - 1
    if room < 6:
        rest = f"  max {rtt(q.maximum)}  "
        room = width - len(start) - len(rest) - len(loss[0]) - 1
    return line(
        (start, f"bold {GOOD}"),
        (spark(q.samples, min(max(room, 0), 24)), GOOD),
        (rest, MUTED),
        loss,
    )


def _upkeep(session: Session, pair: Pair, now: float) -> Content:
    pieces = line(
        ("  tx ", MUTED), size(pair.bytes_sent), ("  rx ", MUTED), size(pair.bytes_received)
    )
    if session.peer_left:
        return line((" the other side has left", WARN)) + pieces
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


def _no_path(session: Session) -> list[Content]:
    if session.closed is not None:
        return [line((" The session is closed.", MUTED))]
    if session.peer_left:
        return [line((" The other side has left; there is no path any more.", WARN))]
    if session.lost_after_connected:
        cause = session.path_history[-1].cause if session.path_history else ""
        return [
            line((" ✗ The path is lost.", BAD)),
            line((f" {plain(cause)}", MUTED)) if cause else Content(""),
        ]
    answered = any(p.valid for p in session.pairs.values())
    if answered and not any(p.requests_received for p in session.pairs.values()):
        return [
            line((" They answer, but have not pasted your blob yet.", WARN)),
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
        line((" Send yours, paste theirs; o shows how.", MUTED)),
    ]
