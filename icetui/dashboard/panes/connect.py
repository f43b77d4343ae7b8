"""The Connect card: what do I send, what do I paste, and what is still missing?

It lies over the live panes until the first connection and stays one key away afterwards.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget

from icetui.dashboard.exchange import Exchange
from icetui.dashboard.panes.base import (
    ACCENT,
    BAD,
    GOOD,
    MUTED,
    STRONG,
    WARN,
    Piece,
    Text,
    line,
)
from icetui.dashboard.text import plain, rtt, server_name
from icetui.dashboard.words import reason
from icetui.events import address_port
from icetui.grammar import count
from icetui.session import Session

LINES_OF_TEXT = 6
"""Lines of our own text shown; the rest is behind `u`."""
FORM_NAMES = {"blob": "blob", "sdp": "SDP", "json": "JSON", "base64": "base64"}
THEIR_KINDS = {
    "blob": "their blob", "sdp": "their SDP", "json": "their JSON",
    "base64": "their JSON in base64", "candidates": "candidates",
}  # fmt: skip


class ConnectCard(VerticalScroll, can_focus=False):
    """Two steps, one sentence each, and what the world has said so far."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.body = Text()
        self.border_title = "Connect"

    def compose(self) -> ComposeResult:
        yield self.body

    def show(
        self,
        session: Session,
        exchange: Exchange,
        text: str | None,
        hint: str,
    ) -> None:
        """`text` is our description in the chosen form, None while there is none."""
        width = (self.parent.size.width if isinstance(self.parent, Widget) else 80) or 80
        width = max(20, min(width, 84) - 8)
        parts = [
            *_send(session, exchange, text, width),
            Content(""),
            *_paste(session, exchange),
            Content(""),
            _gathering(session),
        ]
        if hint:
            parts.append(line((plain(hint), MUTED)))
        self.body.put_lines(parts)
        self.border_subtitle = "esc: look at the panes behind   o: this card again"


def _send(session: Session, exchange: Exchange, text: str | None, width: int) -> list[Content]:
    what = "Send this to the other side" if session.generation == 0 else "Send them the new one"
    if exchange.own.form != "blob" and exchange.own.sdp_type == "answer":
        what = "Send them this answer"
    title: list[Piece] = [("1  ", ACCENT), (what, STRONG)]
    if text is None and session.gathering == "complete":
        return [
            line(*title),
            line(("   ✗ There is nothing to send: this machine has no usable address.", BAD)),
            line(
                ("   Esc shows why; quit with q and choose another network or --interface.", MUTED)
            ),
        ]
    if text is None:
        return [line(*title), line(("   … it is ready as soon as one address is known", MUTED))]
    if exchange.outcome is not None:
        title += ["   ", (exchange.outcome.sentence, MUTED)]
    parts = [line(*title)]
    parts += [line("   ", (part, ACCENT)) for part in _in_lines(text, width)]
    keys: list[Piece] = ["   ", ("c", ACCENT), " copy again  ", ("w", ACCENT), " save to file  "]
    keys += [("u", ACCENT), " show unwrapped"]
    keys += ["  ", ("f", ACCENT), f" as {FORM_NAMES[exchange.own.next_form]}"]
    parts.append(line(*keys))
    if exchange.own.form != "blob":
        parts.append(
            line(
                ("   For browsers and other ICE software; ", MUTED), ("icetui browser", STRONG),
                (" makes a tab the other side. ICE will connect; the media or data above it will "
                 "not, icetui does ICE only.", MUTED),
            )
        )  # fmt: skip
    elif session.description is None and not session.knocks:
        parts.append(
            line(
                ("   Is theirs a browser tab? ", MUTED), ("icetui browser", STRONG),
                (" in another terminal says how.", MUTED),
            )
        )  # fmt: skip
    if exchange.saved:
        parts.append(line((f"   saved to {plain(exchange.saved, 120)}", MUTED)))
    if exchange.must_resend(session):
        parts.append(
            line(
                ("   ! An address in it has changed: what you sent will no longer do. ", WARN),
                ("Press ", WARN), ("c", ACCENT), (" and send it again.", WARN),
            )
        )  # fmt: skip
    elif exchange.to_be_answered:
        parts.append(
            line(
                ("   ! They sent an offer and this is the answer to it: press ", WARN),
                ("c", ACCENT), (" and send it.", WARN),
            )
        )  # fmt: skip
    elif more := exchange.grown(session):
        parts.append(
            line(
                (f"   {count(more, 'candidate')} more since you copied it. ", MUTED),
                ("What you sent still does; ", MUTED),
                ("c", ACCENT), (" copies the fuller one.", MUTED),
            )
        )  # fmt: skip
    return parts


def _in_lines(text: str, width: int) -> list[str]:
    found: list[str] = []
    for raw in text.splitlines():
        harmless = plain(raw, 20000)
        found += [harmless[i : i + width] for i in range(0, len(harmless), width)] or [""]
        if len(found) > 200:
            break
    if len(found) > LINES_OF_TEXT:
        left = len(found) - LINES_OF_TEXT + 1
        found = [*found[: LINES_OF_TEXT - 1], f"… {left} more lines, u shows them all"]
    return found


def _paste(session: Session, exchange: Exchange) -> list[Content]:
    title: list[Piece] = [("2  ", ACCENT)]
    if session.description is None:
        title += [("Paste theirs", STRONG), ": just paste, anywhere on this screen (or press "]
        title += [("v", ACCENT), ")"]
    else:
        title += [("Paste theirs", STRONG), (" ✓", GOOD)]
    parts = [line(*title)]
    if session.refusal is not None:
        parts.append(line((f"   ✗ {plain(session.refusal.problem, 300)}", BAD)))
        parts.append(line(("   Nothing is lost: just paste again, the whole of it.", MUTED)))
    elif session.description is not None:
        parts += _understood(session, exchange)
    if session.description is None:
        parts += _knocking(session)
    return parts


def _understood(session: Session, exchange: Exchange) -> list[Content]:
    said = session.description
    assert said is not None
    what = THEIR_KINDS.get(said.kind, "their description")
    known = count(said.known_candidates, "candidate")
    parts = [line((f"   Understood {what}: {known}   ", GOOD), ("t", ACCENT), " shows them all")]
    surprise = (exchange.own.surprise,) if exchange.own.surprise else ()
    warnings = (*surprise, *said.warnings)[:4]
    parts += [line((f"   ! {plain(warning, 300)}", WARN)) for warning in warnings]
    heard = any(p.requests_received for p in session.pairs.values())
    if session.peer_left:
        parts.append(
            line(("   They have left. A new session needs new blobs: q, then again.", WARN))
        )
    elif session.lost_after_connected:
        parts.append(line(("   The connection is lost; checks go on and may find it again.", WARN)))
        parts.append(line(("   If either side was restarted, both need new blobs.", MUTED)))
    elif session.connected:
        parts.append(line(("   You are connected: esc shows the path.", GOOD)))
    elif session.connected_at is not None:
        parts.append(line((f"   The connection is {session.state}.", MUTED)))
    elif not heard and any(p.valid for p in session.pairs.values()):
        parts.append(
            line(
                ("   They answer, but have not pasted yours yet: send it (", WARN),
                ("c", ACCENT),
                (" copies it again).", WARN),
            )
        )
    elif heard:
        parts.append(line(("   They are there: choosing the path…", WARN)))
    else:
        parts.append(
            line(
                (f"   Checking {count(len(session.pairs), 'pair')}… ", WARN),
                "nothing can answer before they have pasted yours.",
            )
        )
    return parts


def _knocking(session: Session) -> list[Content]:
    if not session.knocks:
        return [line(("   waiting… nobody has knocked yet", MUTED))]
    latest = list(session.knocks.values())[-3:]
    return [
        line(
            ("   Someone holding your blob is knocking from ", WARN),
            (plain(address_port(knock.address, knock.port), 60), STRONG),
            (": paste theirs to finish.", WARN),
        )
        for knock in latest
    ]


def _gathering(session: Session) -> Content:
    hosts = sum(c.type == "host" for c in session.local_candidates.values())
    pieces: list[Piece] = [("gathering  ", MUTED)]
    pieces.append(f"host {hosts} ✓" if hosts else "host …")
    for server in list(session.servers.values())[:12]:
        name = server_name(server.url)
        pieces.append("   ")
        if server.state == "ok":
            pieces.append((f"{name} {rtt(server.time)} ✓", GOOD))
        elif server.state == "failed":
            pieces.append((f"{name} ✗ {reason(server.reason, server.detail)}", BAD))
        else:
            pieces.append((f"{name} …", WARN))
    if session.gathering == "complete":
        pieces.append(("   complete", MUTED))
    return line(*pieces)
