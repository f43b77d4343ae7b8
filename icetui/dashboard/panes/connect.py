"""The card of the exchange: what do I send, what do I paste, and what is still missing?"""

from __future__ import annotations

from textual.content import Content

from icetui.dashboard.exchange_state import Exchange
from icetui.dashboard.lines import hanging
from icetui.dashboard.panes.pieces import (
    ACCENT,
    BAD,
    GOOD,
    MUTED,
    STRONG,
    WARN,
    Piece,
    line,
)
from icetui.dashboard.shown_text import plain, rtt, server_name
from icetui.dashboard.view import View
from icetui.dashboard.words import reason
from icetui.events import DescriptionReplaced, address_port
from icetui.grammar import count
from icetui.session import Session

ROOMY = 24
"""Rows of a screen from which there is room for more than what is needed."""
LINES_OF_TEXT = 6
"""Lines of our own text shown; the rest is behind `u`."""
FORM_NAMES = {"blob": "blob", "sdp": "SDP", "json": "JSON", "base64": "base64"}
THEIR_KINDS = {
    "blob": "their blob", "sdp": "their SDP", "json": "their JSON",
    "base64": "their JSON in base64", "candidates": "candidates",
}  # fmt: skip


def card(view: View, width: int, height: int) -> list[Content]:
    """Its lines, wrapped to `width`; less is said where the screen has few rows."""
    session, exchange = view.session, view.exchange
    text = exchange.own_text(session)
    if text is not None and view.masked:
        text = "hidden on this masked screen; c, w and u give you the real text"
    roomy = height >= ROOMY
    parts = [
        *_send(session, exchange, text, width, height),
        *([Content("")] if roomy else []),
        *_paste(session),
        *([Content("")] if roomy else []),
        _gathering(session),
    ]
    if view.hint:
        parts.append(line((plain(view.hint), MUTED)))
    return hanging(parts, width, 3)


def _send(
    session: Session, exchange: Exchange, text: str | None, width: int, height: int
) -> list[Content]:
    what = "Send this to the other side" if session.generation == 0 else "Send them the new one"
    if exchange.own.form != "blob" and exchange.own.sdp_type == "answer":
        what = "Send them this answer"
    title: list[Piece] = [("1  ", ACCENT), (what, STRONG)]
    if text is None and session.gathering == "complete":
        return [
            line(*title),
            line(("   ✗ There is nothing to send: this machine has no usable address.", BAD)),
            line(("   Candidates say why; q leaves, then choose another --interface.", MUTED)),
        ]
    if text is None:
        return [line(*title), line(("   … it is ready as soon as one address is known", MUTED))]
    if exchange.outcome is not None:
        title += ["   ", (exchange.outcome.sentence, MUTED)]
    parts = [line(*title)]
    most = min(LINES_OF_TEXT, height // 7)
    parts += [line("   ", (part, ACCENT)) for part in _in_lines(text, width - 4, most)]
    copy = " copy" if exchange.handed is None else " copy again"
    keys: list[Piece] = ["   ", ("c", ACCENT), f"{copy}  ", ("w", ACCENT), " save to file  "]
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
    elif session.description is None and not session.knocks and height >= ROOMY:
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
        why = exchange.own.surprise or "They sent an offer and this is the answer to it: send it."
        parts.append(line((f"   ! {why} ", WARN), ("c", ACCENT), (" copies it.", WARN)))
    elif more := exchange.grown(session):
        parts.append(
            line(
                (f"   {count(more, 'candidate')} more since you copied it. ", MUTED),
                ("What you sent still does; ", MUTED),
                ("c", ACCENT), (" copies the fuller one.", MUTED),
            )
        )  # fmt: skip
    return parts


def _in_lines(text: str, width: int, most: int) -> list[str]:
    found: list[str] = []
    for raw in text.splitlines():
        harmless = plain(raw, 20000)
        found += [harmless[i : i + width] for i in range(0, len(harmless), width)] or [""]
        if len(found) > 200:
            break
    if len(found) > most:
        left = len(found) - most + 1
        found = [*found[: most - 1], f"… {left} more lines, u shows them all"]
    return found


def _paste(session: Session) -> list[Content]:
    title: list[Piece] = [("2  ", ACCENT)]
    if session.description is None:
        title += [("Paste theirs", STRONG), ": just paste, anywhere on this screen (or press "]
        title += [("v", ACCENT), ")"]
    else:
        title += [("Paste theirs", STRONG), (" ✓", GOOD)]
    parts = [line(*title)]
    if session.refusal is not None:
        parts.append(line((f"   ✗ {plain(session.refusal.problem, 300)}", BAD)))
        if not session.connected:
            parts.append(line(("   Nothing is lost: just paste again, the whole of it.", MUTED)))
    elif session.description is not None:
        parts += _understood(session)
    if session.kept_candidates:
        kept = count(session.kept_candidates, "candidate", verb="is")
        parts.append(line((f"   {kept} kept for their offer or answer: paste that, too.", WARN)))
    if session.description is None:
        parts += _knocking(session)
    return parts


def _understood(session: Session) -> list[Content]:
    said = session.description
    assert said is not None
    what = THEIR_KINDS.get(said.kind, "their description")
    known = count(said.known_candidates, "candidate")
    parts = [line((f"   Understood {what}: {known}   ", GOOD), ("t", ACCENT), " shows them all")]
    parts += [line((f"   ! {plain(warning, 300)}", WARN)) for warning in said.warnings[:4]]
    if session.replaced is not None:
        parts.append(_replaced(session.replaced))
    return parts


def _replaced(e: DescriptionReplaced) -> Content:
    if e.cause == "knock":
        said = f"   ! Back to the one of before ({plain(e.current, 12)}): its owner is knocking. "
    elif e.cause == "user":
        said = f"   ! Back to the one of before ({plain(e.current, 12)}). "
    else:
        said = "   ! This is another session than the first one: using it. "
    return line((said, WARN), ("ctrl+z", ACCENT), (" takes the former.", WARN))


def _knocking(session: Session) -> list[Content]:
    if not session.knocks:
        return [line(("   waiting… nobody has knocked yet", MUTED))]
    latest = list(session.knocks.values())[-3:]
    return [
        line(
            ("   Someone holding our blob is knocking from ", WARN),
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
