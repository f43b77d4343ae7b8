"""The header strip: which session, in what state, over which path, how fast, for how long."""

from __future__ import annotations

from textual.content import Content

from icetui.dashboard.lines import Bar
from icetui.dashboard.panes.pieces import ACCENT, BAD, GOOD, MUTED, STRONG, WARN, Piece, line
from icetui.dashboard.shown_text import duration, plain, rtt
from icetui.dashboard.standing import in_use, over
from icetui.dashboard.view import View
from icetui.session import Session

STATE_STYLES = {
    "new": MUTED,
    "checking": f"bold {WARN}",
    "connected": f"bold {GOOD}",
    "completed": f"bold {GOOD}",
    "disconnected": f"bold {WARN}",
    "failed": f"bold {BAD}",
    "closed": MUTED,
}

NO_ANSWER = "NO ANSWER YET"


def state_word(session: Session) -> str:
    """The connection's state in capitals; before checks start, what is being waited for."""
    if session.failure is not None:
        return "ENGINE FAILED"
    if session.peer_left:
        return "THEY LEFT"
    if session.closed is not None:
        return "CLOSED"
    if session.lost_after_connected:
        return "PATH LOST"
    if session.state == "new" and session.description is None:
        return "WAITING FOR THEIR BLOB"
    if session.state == "failed" and _unheard(session):
        return NO_ANSWER
    # "completed" is "connected" with no check left open; a person waits for one word.
    return "CONNECTED" if session.state == "completed" else session.state.upper()


def _unheard(session: Session) -> bool:
    """Whether nothing of theirs has ever come: they may just not have pasted yet, and checks go
    on for as long as it takes."""
    heard = any(p.requests_received or p.responses_received for p in session.pairs.values())
    return session.connected_at is None and not heard and not session.refused


def path_words(session: Session) -> tuple[str, str] | None:
    """`("direct", "host→srflx")` of the selected path, None without one."""
    pair = session.selected_pair
    if pair is None:
        return None
    ours = session.mapped_candidate(pair)
    theirs = session.remote_candidates.get(pair.remote)
    kinds = f"{ours.type if ours else '?'}→{theirs.type if theirs else '?'}"
    return ("relayed" if session.relayed(pair) else "direct"), kinds


class Header(Bar):
    """One line; what matters least goes first when it gets narrow."""

    def show(self, view: View) -> None:
        session = view.session
        parts: list[tuple[int, Piece]] = [(9, ("icetui", ACCENT))]
        if view.frozen:
            parts.append((10, (" FROZEN ", "bold reverse")))
        if view.side:
            parts.append((10, (f" {plain(view.side, 12)}'s side ", "bold reverse")))
        if view.sessions > 1:
            parts.append((8, (f"session {view.number} of {view.sessions}", MUTED)))
        ours = plain(session.started.ufrag, 12) if session.started else "…"
        theirs = plain(session.remote_ufrag or "?", 12)
        parts.append((6, (f"{ours} ⇄ {theirs}", STRONG)))
        word = state_word(session)
        style = WARN if word == NO_ANSWER else STATE_STYLES.get(session.state, STRONG)
        if over(session):
            style = MUTED
        parts.append((10, (word, style)))
        words = path_words(session)
        pair = session.selected_pair
        if words is not None and pair is not None and in_use(session):
            parts.append((7, (words[0], GOOD if words[0] == "direct" else WARN)))
            parts.append((4, words[1]))
            parts.append((8, rtt(pair.current_round_trip_time)))
        if session.silent is not None:
            parts.append((10, (f"ENGINE SILENT FOR {int(session.silent)} s", f"bold {BAD}")))
        elif session.behind:
            parts.append((9, (f"behind by {session.behind:.0f} s", f"bold {WARN}")))
        if session.role is not None:
            parts.append((2, (session.role, MUTED)))
        start = session.connected_at
        if start is None and session.started is not None:
            start = session.started.t
        if start is not None:
            parts.append((3, duration(view.now - start)))
        self.put([_line_of(parts, self.room)])


def _line_of(parts: list[tuple[int, Piece]], width: int) -> Content:
    def length(piece: Piece) -> int:
        return len(piece if isinstance(piece, str) else piece[0])

    while len(parts) > 1 and sum(length(p) + 2 for _, p in parts) > width:
        parts.remove(min(parts, key=lambda part: part[0]))
    return Content.assemble(" ", Content("  ").join([line(piece) for _, piece in parts]))
