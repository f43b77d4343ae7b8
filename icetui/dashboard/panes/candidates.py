"""The Candidates pane: what can I be reached at, and what can they?"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace
from typing import NamedTuple

from icetui.dashboard.shown_text import plain, rtt, server_name, shared_start, shorter_address
from icetui.dashboard.table import Cell, Column, Table
from icetui.dashboard.words import reason
from icetui.events import Candidate, Server, address_port
from icetui.grammar import count
from icetui.session import Session

MOST = 500
"""Lines for one side; a hostile description can bring any number."""
SIDES = ("mine", "theirs")


class CandidateRow(NamedTuple):
    """A candidate, or what did not become one."""

    ident: str
    side: str
    sign: str = ""
    tone: str = ""
    type: str = ""
    address: str = ""
    origin: str = ""
    """Interface or server."""
    time: float | None = None
    """Seconds its server took to answer."""
    note: str = ""
    candidate: Candidate | None = None


def _related(row: CandidateRow) -> Cell:
    c = row.candidate
    if c is None or not c.related_address:
        return Cell("")
    return Cell(plain(address_port(c.related_address, c.related_port or 0), 60), "dim")


COLUMNS: tuple[Column[CandidateRow], ...] = (
    Column("side", "", "Whose it is.", lambda r: Cell(r.side, "head"), 6,
           lambda r: SIDES.index(r.side), weight=9),
    Column("type", "type", "host: of the machine itself; srflx: as a server sees it; relay: lent "
           "by a TURN server; prflx: learned from a check.",
           lambda r: Cell(r.type, r.tone), 5, weight=9),
    Column("sign", "", "✗ failed, … still asked, ✓ answered.",
           lambda r: Cell(r.sign, r.tone), 1, weight=8),
    Column("address", "address", "Where it is reached, or what failed.",
           lambda r: Cell(r.address, "dim" if r.tone == "dim" else ""), 21, weight=9, least=12),
    Column("origin", "from", "The interface it is on, or the server that told it.",
           lambda r: Cell(r.origin, "dim"), 15, weight=6, least=6),
    Column("time", "took", "How long the server took to answer.",
           lambda r: Cell(rtt(r.time) if r.time is not None else "", "dim"), 8,
           lambda r: r.time, right=True, weight=4),
    Column("note", "note", "Why it failed or is not used.",
           lambda r: Cell(r.note, r.tone), 8, weight=8, rest=True),
    Column("priority", "priority", "Its priority (RFC 8445 section 5.1.2).",
           lambda r: Cell(str(r.candidate.priority) if r.candidate else ""), 10,
           lambda r: r.candidate.priority if r.candidate else None, right=True, standard=False),
    Column("foundation", "foundation", "Its foundation (RFC 8445 section 5.1.1.3).",
           lambda r: Cell(plain(r.candidate.foundation, 32) if r.candidate else "", "dim"), 10,
           standard=False),
    Column("related", "base", "The base of a reflexive candidate, the mapped address of a relayed "
           "one (RFC 8839 section 5.1).", _related, 21, standard=False),
    Column("id", "id", "Its name here.",
           lambda r: Cell(plain(r.candidate.id, 12) if r.candidate else "", "dim"), 4,
           standard=False),
)  # fmt: skip


class CandidatesPane(Table[CandidateRow, CandidateRow]):
    """Mine with their interface or server, servers that failed or are still asked, theirs."""

    COLUMNS = COLUMNS

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._widths = {"address": 21, "origin": 15}
        self._shared = 0
        self._unsaid: tuple[str, ...] = ()
        """Columns that would say nothing of any row."""

    def show(self, session: Session, now: float, *, by_hand: bool = True) -> None:
        """`by_hand`: whether the two blobs are exchanged by whoever looks at this."""
        rows = [*_mine(session), *_theirs(session, by_hand)]
        self._widths = {
            "address": min(47, max((len(r.address) for r in rows if r.type), default=14)),
            "origin": min(24, max(4, *(len(r.origin) for r in rows))),
        }
        self._unsaid = tuple(
            name
            for name, told in (
                ("origin", any(r.origin for r in rows)),
                ("time", any(r.time is not None for r in rows)),
            )
            if not told
        )
        self._shared = max(
            shared_start(session.local_candidates.values()),
            shared_start(session.remote_candidates.values()),
        )
        self.put_items(_told_once(rows) if self.sorted_by is None and not self.filter else rows)
        title = "Candidates"
        if session.gathering != "new":
            state = "gathering complete" if session.gathering == "complete" else "gathering…"
            title += f"  {count(len(session.local_candidates), 'candidate')}, {state}"
        self.put_title(title)
        self.settle()

    def ident(self, item: CandidateRow) -> str:
        return item.ident

    def row(self, item: CandidateRow) -> CandidateRow:
        return item

    def row_key(self, item: CandidateRow) -> Hashable:
        return item

    def columns(self) -> tuple[Column[CandidateRow], ...]:
        empty = () if self.chosen else self._unsaid
        return tuple(
            replace(c, width=self._widths[c.id], least=min(c.least, self._widths[c.id]))
            if c.id in self._widths
            else c
            for c in self.COLUMNS
            if c.id not in empty
        )

    def shorten(self, column: Column[CandidateRow], text: str, width: int) -> str:
        if column.id == "address":
            return shorter_address(text, width, self._shared)
        return text[: max(0, width - 1)] + "…"


def _told_once(rows: list[CandidateRow]) -> list[CandidateRow]:
    """The side's name stands on its first line only."""
    before = ""
    found = []
    for row in rows:
        found.append(row._replace(side="") if row.side == before else row)
        before = row.side
    return found


def _mine(session: Session) -> Iterator[CandidateRow]:
    told = False
    for c in list(session.local_candidates.values())[:MOST]:
        told = True
        server = session.servers.get(c.server) if c.server else None
        origin = server_label(session, c.server) if c.server else plain(c.interface or "", 20)
        yield _candidate(c, "mine", origin, server.time if server is not None else None)
    gave = {c.server for c in session.local_candidates.values() if c.server}
    for server in session.servers.values():
        row = _server(session, server, gave)
        if row is not None:
            told = True
            yield row
    for n, failure in enumerate(session.candidate_failures[-5:]):
        told = True
        yield CandidateRow(
            f"failure {n}", "mine", "✗", "bad", "host", plain(failure.address, 60),
            plain(failure.interface or "", 20), note=reason(failure.reason, failure.detail),
        )  # fmt: skip
    if not told:
        yield CandidateRow(
            "none", "mine", "…", "dim", note="none yet: looking at this machine's interfaces"
        )
    left = [i for i in session.interfaces.values() if not i.used]
    if left:
        said = ", ".join(f"{plain(i.name, 20)} ({plain(i.why_not or 'not chosen')})" for i in left)
        yield CandidateRow("left out", "mine", "–", "dim", address=f"left out: {said}")


def _candidate(c: Candidate, side: str, origin: str, time: float | None) -> CandidateRow:
    note = f"not used: {plain(c.unsupported, 120)}" if c.unsupported else ""
    address = plain(address_port(c.address, c.port), 70)
    return CandidateRow(
        c.id, side, "", "warn" if note else "", c.type, address, origin, time, note, c
    )


def _server(session: Session, server: Server, gave: set[str]) -> CandidateRow | None:
    """A server that gave no candidate, under the type it would have given."""
    kind = "relay" if server.kind == "turn" else "srflx"
    name = server_label(session, server.url)
    if server.state == "failed":
        why = reason(server.reason, server.detail)
        return CandidateRow(
            server.url, "mine", "✗", "bad", kind, "", name, server.time, why
        )  # fmt: skip
    if server.state == "asking":
        return CandidateRow(server.url, "mine", "…", "warn", kind, "", name, note="asking")
    if server.url in gave:
        return None
    return CandidateRow(
        server.url, "mine", "✓", "dim", kind, "", name, server.time, "nothing new from it"
    )


def server_label(session: Session, url: str) -> str:
    """A server's name; with its kind where STUN and TURN are asked at one host."""
    name = server_name(url)
    others = [u for u in session.servers if u != url and server_name(u) == name]
    return f"{url.partition(':')[0]} {name}" if others else name


def _theirs(session: Session, by_hand: bool) -> Iterator[CandidateRow]:
    # Each generation numbers them anew; the latest of those that are alike stands for all.
    alike = {(c.type, c.address, c.port): c for c in session.remote_candidates.values()}
    candidates = list(alike.values())
    for c in candidates[:MOST]:
        yield _candidate(c, "theirs", "", None)
    if len(candidates) > MOST:
        yield CandidateRow(
            "more", "theirs", "…", "dim", address=f"and {len(candidates) - MOST} more"
        )
    if not candidates:
        text = "unknown until their blob is here"
        if by_hand:
            text = "unknown until you paste their blob (just paste, anywhere)"
        if session.description is not None:
            text = "none in what they sent; the path shows itself when they check us"
        yield CandidateRow("unknown", "theirs", "", "dim", address=text)
