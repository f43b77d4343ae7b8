"""What a report says, whatever it looks like: facts, tables and findings as plain text.

What belongs here: choosing and wording, with control characters removed from foreign text. Escaping
is the format's. Never a password: blobs and keys are not looked at.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from icetui import events
from icetui.diagnosis import Finding, diagnose, nats
from icetui.events import Candidate, Server, address_port
from icetui.printable import printable
from icetui.reachability import well_known_name
from icetui.session import Session

TITLE = "icetui report"
NOTHING_TO_SAY = "nothing to say yet"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under named columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def facts(session: Session) -> list[tuple[str, str]]:
    """When and by what, state, NATs, path, round trip and times, each with its name."""
    told = [
        *_origin(session),
        ("state", f"{session.state_before_closing}, {session.role or 'no role yet'}"),
        *_nats(session),
    ]
    pair = session.selected_pair
    if pair is None:
        return [*told, ("path", "none")]
    kind = "relayed" if session.relayed(pair) else "direct"
    mine, theirs = session.mapped_candidate(pair), session.remote_candidates.get(pair.remote)
    told.append(("path", f"{kind}: {_where(mine)} ─ {_where(theirs)}"))
    quality = session.quality.get(pair.id)
    if quality is not None:
        told.append(
            (
                "RTT",
                f"{milliseconds(quality.latest)}, average {milliseconds(quality.average)}, "
                f"{milliseconds(quality.minimum)} to {milliseconds(quality.maximum)}, "
                f"loss {quality.loss:.0%} of {quality.measured + quality.lost}",
            )
        )
    told.append(
        (
            "times",
            f"first path {milliseconds(session.time_to_first_path)}, nominated "
            f"{milliseconds(session.time_to_nominated)} after this side knew both",
        )
    )
    return told


def _origin(session: Session) -> list[tuple[str, str]]:
    """When the session was, for how long, and the version of icetui that took part in it."""
    told = []
    start = session.started or session.engine
    when = _date(start.wall) if start is not None else None
    if start is not None and when is not None:
        told.append(("session", f"{when}, for {max(0.0, session.t - start.t):.1f} s"))
    if session.engine is not None:
        told.append(("icetui", printable(session.engine.version)))
    if session.count and session.closed is None and session.failure is None:
        told.append(("end", "none: it went on when this was written, or its recording breaks off"))
    return told


def _date(wall: float) -> str | None:
    """Unix time as a date and time in UTC, which means the same to whoever reads it."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(wall))
    except (OverflowError, ValueError, OSError):  # a recording may say anything
        return None


def _nats(session: Session) -> list[tuple[str, str]]:
    """What kind of NAT each side is behind, where something is known of one of them."""
    mine, other = _kind(nats.ours(session)), _kind(nats.theirs(session))
    if mine is None and other is None:
        return []
    return [("NATs", f"ours: {mine or 'not known'}; theirs: {other or 'not known'}")]


def _kind(nat: nats.Nat) -> str | None:
    if nat.absent:
        return "none"
    if nat.mapping == "unknown":
        return None
    return well_known_name(nat.mapping, nat.filtering) or f"{nat.mapping} mapping"


def findings(session: Session) -> list[Finding]:
    """What the diagnosis says, the most important first."""
    return [
        msgspec.structs.replace(
            finding,
            claim=printable(finding.claim),
            head=printable(finding.head),
            hypotheses=tuple(
                msgspec.structs.replace(h, words=printable(h.words)) for h in finding.hypotheses
            ),
            evidence=printable(finding.evidence),
            remedy=printable(finding.remedy),
        )
        for finding in diagnose(session)
    ]


def tables(session: Session) -> list[Table]:
    """Candidates, servers, pairs and the paths so far; without columns that say nothing."""
    told = (
        _candidates("Candidates, mine", session.local_candidates.values()),
        _candidates("Candidates, theirs", session.remote_candidates.values()),
        _servers(session.servers.values()),
        _pairs(session),
        _path_history(session),
    )
    return [_filled(table) for table in told]


def _filled(table: Table) -> Table:
    columns = [
        (name, cells)
        for name, cells in zip(
            table.columns, zip(*table.rows, strict=True), strict=bool(table.rows)
        )
        if any(cells)
    ]
    rows = zip(*(cells for _, cells in columns), strict=True)
    return Table(table.title, tuple(name for name, _ in columns), tuple(rows))


def milliseconds(seconds: float | None) -> str:
    """`23.4 ms`, `45.0 s`, or a dash for nothing."""
    if seconds is None:
        return "–"
    return f"{seconds * 1000:.1f} ms" if seconds < 10 else f"{seconds:.1f} s"


def _where(candidate: Candidate | None) -> str:
    if candidate is None:
        return "unknown"
    return printable(f"{candidate.type} {address_port(candidate.address, candidate.port)}")


def _candidates(title: str, candidates: Iterable[Candidate]) -> Table:
    def row(c: Candidate) -> tuple[str, ...]:
        left_out = f"not used: {printable(c.unsupported)}" if c.unsupported else ""
        return (
            printable(c.id),
            _where(c),
            printable(c.interface or ""),
            printable(c.server or ""),
            left_out,
        )

    return Table(
        title, ("id", "address", "interface", "server", "note"), tuple(map(row, candidates))
    )


def _servers(servers: Iterable[Server]) -> Table:
    def row(s: Server) -> tuple[str, ...]:
        note = f"{s.reason}: {printable(s.detail or '')}" if s.reason else ""
        if s.lifetime:
            note = f"allocation lives {s.lifetime:.0f} s unrefreshed"
        return printable(s.url), s.state, milliseconds(s.time), printable(s.mapped or ""), note

    return Table(
        "Servers", ("URL", "state", "time", "sees us at", "note"), tuple(map(row, servers))
    )


def _pairs(session: Session) -> Table:
    rows = []
    for p in session.ordered_pairs():
        ends = (
            f"{_where(session.local_candidates.get(p.local))} ─ "
            f"{_where(session.remote_candidates.get(p.remote))}"
        )
        sent = p.requests_sent + p.retransmissions_sent
        rows.append(
            (
                "yes" if p.id == session.selected else "",
                p.state,
                ends,
                f"{sent}/{p.responses_received}",
                milliseconds(p.current_round_trip_time),
                f"{p.reason}: {printable(p.detail or '')}" if p.reason else "",
            )
        )
    return Table("Pairs", ("used", "state", "ends", "sent/answered", "RTT", "why"), tuple(rows))


def _path_history(session: Session) -> Table:
    """Every change of path, the first one first; seconds since the session began."""
    began = session.started.t if session.started is not None else 0.0

    def row(e: events.SelectedPairChanged) -> tuple[str, ...]:
        return f"{e.t - began:.3f} s", _ends(session, e.pair), printable(e.cause)

    return Table("Path history", ("after", "path", "why"), tuple(map(row, session.path_history)))


def _ends(session: Session, name: str | None) -> str:
    if name is None:
        return "none"
    pair = session.pairs.get(name)
    if pair is None:
        return printable(name)
    mine, theirs = session.mapped_candidate(pair), session.remote_candidates.get(pair.remote)
    return f"{_where(mine)} ─ {_where(theirs)}"
