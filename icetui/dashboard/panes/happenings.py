"""What passes on a simulated network, and what was done to it and came of it, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from textual.content import Content

from icetui import events
from icetui.dashboard.network_words import DROPPED, change_words, message_words, place_words
from icetui.dashboard.panes.pieces import BAD, GOOD, MUTED, STRONG, WARN, line
from icetui.dashboard.shown_text import plain
from icetui.events import PacketPassage
from icetui.session import Session
from icetui.session.internet import Internet

STATES = {"connected": GOOD, "completed": GOOD, "disconnected": WARN, "failed": BAD}
LOOKED_THROUGH = 60
"""Latest state changes and paths of a session that are looked at."""


def passing(internet: Internet, width: int, height: int) -> list[Content]:
    """The latest packets on the ways out, and whatever was dropped: of those that
    are dropped again and again the latest."""
    found: list[Content] = []
    dropped: set[tuple[str, ...]] = set()
    for passage in reversed(internet.passages):
        if len(found) >= height:
            break
        if passage.dropped:
            again = (passage.place, passage.dropped, passage.source, passage.destination)
            if again in dropped:
                continue
            dropped.add(again)
        known = internet.lines.get(passage.line)
        if passage.takes or passage.dropped or (known is not None and known.side == "outside"):
            found.append(_packet(internet, passage)[:width])
    return found[::-1]


def _packet(internet: Internet, passage: PacketPassage) -> Content:
    source = place_words(internet, passage.source)
    destination = place_words(internet, passage.destination)
    said = line(
        (f" {passage.at:9.3f} ", MUTED),
        (f"{message_words(passage):<20} ", STRONG),
        f"{source} → {destination}",
    )
    where = plain(passage.place if passage.dropped else passage.line, 24).partition(".")[0]
    if passage.dropped:
        why = DROPPED.get(passage.dropped, plain(passage.dropped, 20))
        return said + line((f"  ✗ {where}: {why}", BAD))
    return said + line((f"  by {where}", MUTED))


def happened(
    internet: Internet, sessions: Mapping[str, Session], width: int, height: int
) -> list[Content]:
    """What was done, and what each side made of it, the newest last."""
    told: list[tuple[float, int, Content]] = []
    for number, change in enumerate(internet.changes):
        told.append((change.t, number, line((f" {change_words(change)}", WARN))))
    for name, session in sessions.items():
        for number, (t, content) in enumerate(_of_session(name, session)):
            told.append((t, number, content))
    told.sort(key=lambda entry: entry[:2])
    last = told[-height:] if height > 0 else []
    return [(line((f" {t:9.3f} ", MUTED)) + content)[:width] for t, _, content in last]


def _of_session(name: str, session: Session) -> Iterator[tuple[float, Content]]:
    who = f" {plain(name, 12)}: "
    for state in session.state_history[-LOOKED_THROUGH:]:
        if state.state != "completed":
            said = f"{state.state} · {plain(state.cause, 100)}"
            yield state.t, line((who, STRONG), (said, STATES.get(state.state, "")))
    for change in session.path_history[-LOOKED_THROUGH:]:
        yield change.t, line((who, STRONG), _path(session, change))


def _path(session: Session, change: events.SelectedPairChanged) -> str:
    pair = session.pairs.get(change.pair or "")
    if pair is None:
        return f"no path · {plain(change.cause, 100)}"
    kind = "relayed" if session.relayed(pair) else "direct"
    return f"{kind} path {plain(pair.id, 16)} · {plain(change.cause, 100)}"
