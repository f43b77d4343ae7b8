"""What stays on the terminal after leaving: five lines about the session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from icetui.dashboard.panes.header import path_words, state_word
from icetui.dashboard.shown_text import duration, plain, rtt
from icetui.dashboard.watch import Watch
from icetui.diagnosis import diagnose
from icetui.events import address_port
from icetui.session import Session
from icetui.streams.recording import Recorded

if TYPE_CHECKING:
    from icetui.dashboard.app import Dashboard

SIGNS = {"problem": "✗", "warning": "!", "info": "·", "good": "✓"}


def last_words(app: Dashboard) -> str:
    """Of the last session of this window that had a path, else the last that was begun."""
    if app.stage is not None:
        written = app.stage.source
        recordings = [str(written.path)] if isinstance(written, Recorded) else []
        return farewell(app.living, [*recordings, *_files(app.watches)])
    with_path = [watch for watch in app.watches if watch.session.path_history]
    with_theirs = [watch for watch in app.watches if watch.session.remote_ufrag is not None]
    told = (with_path or with_theirs or app.watches)[-1]
    number = f"session {app.watches.index(told) + 1} of {len(app.watches)}"
    return farewell(told, _files(app.watches), number if len(app.watches) > 1 else "")


def farewell(watch: Watch, files: Sequence[str] = (), which: str = "") -> str:
    """Peer, path, how long, worst finding, where it is saved; nothing if nothing ever came."""
    session = watch.session
    if session.count == 0:
        return ""
    lasted = _lasted(session, watch.now)
    lines = (
        ("peer", _peer(session)),
        ("path", _path(session)),
        ("lasted", f"{lasted}; {which}" if which else lasted),
        ("finding", _worst(session)),
        ("saved", _saved(watch, files)),
    )
    return "".join(f"{name:8} {text}\n" for name, text in lines)


def _saved(watch: Watch, files: Sequence[str]) -> str:
    if files:
        return plain(", ".join(files), 1000)
    if not watch.source.live:
        return "this was a recording; e in the dashboard writes a report"
    return "no; e in the dashboard writes a report, --record FILE keeps everything"


def _files(watches: Sequence[Watch]) -> list[str]:
    """Recordings and reports."""
    written = (path for watch in watches for path in (watch.recording, *watch.reports))
    return [path for path in written if path]


def _peer(session: Session) -> str:
    if session.remote_ufrag is None:
        if session.refusal is not None:
            return "none: what was pasted could not be used"
        return "none: nothing of theirs was pasted, and nobody knocked"
    kind = session.their_description.kind if session.their_description is not None else "knock"
    left = ", who left" if session.peer_left else ""
    return f"{plain(session.remote_ufrag, 20)} ({plain(kind, 20)}){left}"


def _path(session: Session) -> str:
    pair, words = session.selected_pair, path_words(session)
    if pair is None or words is None:
        paths = [event for event in session.path_history if event.pair is not None]
        return f"none any more: {state_word(session).lower()}" if paths else "none"
    near = session.mapped_candidate(pair)
    far = session.remote_candidates.get(pair.remote)
    ends = " ─ ".join(
        plain(f"{c.type} {address_port(c.address, c.port)}", 70) if c is not None else "?"
        for c in (near, far)
    )
    quality = session.quality.get(pair.id)
    trip = f", {rtt(quality.average)} on average" if quality is not None else ""
    return f"{words[0]}, {ends}{trip}"


def _lasted(session: Session, now: float) -> str:
    start = session.started.t if session.started is not None else 0.0
    whole = duration(max(now, session.t) - start)
    if session.connected_at is None:
        return f"{whole}, never connected"
    return f"{whole}, connected after {duration(session.connected_at - start)}"


def _worst(session: Session) -> str:
    found = diagnose(session)
    if not found:
        return "none"
    return f"{SIGNS[found[0].severity]} {plain(found[0].claim, 300)}"
