"""The Candidates pane: what can I be reached at, and what can they?"""

from __future__ import annotations

from textual.content import Content

from icetui.dashboard.panes.base import (
    BAD,
    GOOD,
    MUTED,
    STRONG,
    WARN,
    TextPane,
    line,
)
from icetui.dashboard.text import plain, rtt, server_name
from icetui.dashboard.words import reason
from icetui.events import Candidate, Server, address_port
from icetui.grammar import count
from icetui.session import Session

INTERFACES = 20
MOST = 150
"""Lines for one side; a hostile description can bring any number."""


class CandidatesPane(TextPane):
    """Mine with their interface or server, servers that failed or are still asked, theirs."""

    TITLE = "Candidates"

    def show(self, session: Session, now: float) -> None:
        self.body.put_lines([*_mine(session), *_theirs(session)], indent=9)


def _mine(session: Session) -> list[Content]:
    found = [line(("mine", STRONG), (_gathering_note(session), MUTED))]
    found += [_own(session, c) for c in list(session.local_candidates.values())[:MOST]]
    gave = {c.server for c in session.local_candidates.values() if c.server}
    for server in session.servers.values():
        if server.state == "failed":
            why = reason(server.reason, server.detail)
            found.append(
                line((f" {_kind(server)} ✗ ", BAD), server_name(server.url), "  ", (why, BAD))
            )
        elif server.state == "asking":
            found.append(line(f" {_kind(server)} … {server_name(server.url)}  ", ("asking", WARN)))
        elif server.url not in gave:
            time = rtt(server.time)
            found.append(
                line(
                    (f" {_kind(server)} ✓ ", GOOD),
                    f"{server_name(server.url)}  {time}  ",
                    ("nothing new from it", MUTED),
                )
            )
    for failure in session.candidate_failures[-5:]:
        found.append(
            line(
                (f" host  ✗ {plain(failure.address, 60)}  ", BAD),
                (reason(failure.reason, failure.detail), BAD),
            )
        )
    for interface in list(session.interfaces.values())[:INTERFACES]:
        if not interface.used:
            why = plain(interface.why_not or "not chosen")
            found.append(line((f" –     {plain(interface.name, 20)} left out: {why}", MUTED)))
    if len(found) == 1:
        found.append(line((" none yet: looking at this machine's interfaces", MUTED)))
    return found


def _theirs(session: Session) -> list[Content]:
    candidates = list(session.remote_candidates.values())
    found = [line(("theirs", STRONG))]
    for c in candidates[:MOST]:
        note = f"  not used: {plain(c.unsupported, 80)}" if c.unsupported else ""
        found.append(
            line(f" {c.type:5} {plain(address_port(c.address, c.port), 70)}", (note, WARN))
        )
    if len(candidates) > MOST:
        found.append(line((f" … and {len(candidates) - MOST} more", MUTED)))
    if not candidates:
        if session.description is not None:
            text = " none in what they sent; the path shows itself when they check us"
        else:
            text = " unknown until you paste their blob (just paste, anywhere)"
        found.append(line((text, MUTED)))
    return found


def _own(session: Session, c: Candidate) -> Content:
    server = session.servers.get(c.server) if c.server else None
    if c.server:
        origin = server_name(c.server)
        time = f"  {rtt(server.time)}" if server is not None and server.time is not None else ""
        origin += time
    else:
        origin = plain(c.interface or "", 20)
    note = f"  not used: {plain(c.unsupported, 80)}" if c.unsupported else ""
    address = plain(address_port(c.address, c.port), 70)
    return line(f" {c.type:5} {address:<21}  ", (origin, MUTED), (note, WARN))


def _kind(server: Server) -> str:
    """The candidate type a server would have given."""
    return "relay" if server.kind == "turn" else "srflx"


def _gathering_note(session: Session) -> str:
    if session.gathering == "complete":
        return f"  {count(len(session.local_candidates), 'candidate')}, gathering complete"
    return "  gathering…" if session.gathering == "gathering" else ""
