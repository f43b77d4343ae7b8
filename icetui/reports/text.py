"""A session as plain text, for a terminal that is none and for mail."""

from __future__ import annotations

from collections.abc import Iterable

from icetui.diagnosis import diagnose
from icetui.events import Candidate, address_port
from icetui.session import Session


def report(session: Session) -> str:
    """Path, candidates, pairs and findings, one screenful."""
    parts = [
        "icetui report",
        "",
        *_path(session),
        "",
        "Candidates, mine",
        *_candidates(session.local_candidates.values()),
        "Candidates, theirs",
        *_candidates(session.remote_candidates.values()),
        *_servers(session),
        "",
        "Pairs",
        *_pairs(session),
        "",
        "What is going on",
        *_findings(session),
    ]
    return "\n".join(parts) + "\n"


def milliseconds(seconds: float | None) -> str:
    """`23.4 ms`, or a dash for nothing."""
    return "–" if seconds is None else f"{seconds * 1000:.1f} ms"


def printable(text: str) -> str:
    """Foreign text without anything a terminal would act upon."""
    return "".join(c if c.isprintable() else "·" for c in text)


def _where(candidate: Candidate | None) -> str:
    if candidate is None:
        return "unknown"
    return printable(f"{candidate.type} {address_port(candidate.address, candidate.port)}")


def _path(session: Session) -> list[str]:
    lines = [f"state     {session.state_before_closing}, {session.role or 'no role yet'}"]
    pair = session.selected_pair
    if pair is None:
        return [*lines, "path      none"]
    kind = "relayed" if session.relayed(pair) else "direct"
    mine, theirs = session.mapped_candidate(pair), session.remote_candidates.get(pair.remote)
    lines.append(f"path      {kind}: {_where(mine)} ─ {_where(theirs)}")
    quality = session.quality.get(pair.id)
    if quality is not None:
        lines.append(
            f"round trip  {milliseconds(quality.latest)}, average {milliseconds(quality.average)}, "
            f"{milliseconds(quality.minimum)} to {milliseconds(quality.maximum)}, "
            f"loss {quality.loss:.0%} of {quality.measured + quality.lost}"
        )
    lines.append(
        f"times     first path {milliseconds(session.time_to_first_path)}, "
        f"nominated {milliseconds(session.time_to_nominated)} after both sides were known"
    )
    return lines


def _candidates(candidates: Iterable[Candidate]) -> list[str]:
    lines = []
    for c in candidates:
        whence = printable(c.interface or "") + (f" by {printable(c.server)}" if c.server else "")
        left_out = f"not used: {printable(c.unsupported)}" if c.unsupported else ""
        lines.append(f"  {c.id:4} {_where(c):45} {whence}{left_out}".rstrip())
    return lines or ["  none"]


def _servers(session: Session) -> list[str]:
    lines = ["Servers"] if session.servers else []
    for s in session.servers.values():
        outcome = f"{s.state} {milliseconds(s.time) if s.time is not None else ''}"
        detail = f"{s.reason}: {printable(s.detail or '')}" if s.reason else ""
        lives = f"allocation lives {s.lifetime:.0f} s unrefreshed" if s.lifetime else ""
        lines.append(f"  {printable(s.url):45} {outcome} {detail}{lives}".rstrip())
    return lines


def _pairs(session: Session) -> list[str]:
    lines = []
    for p in session.ordered_pairs():
        mark = "*" if p.id == session.selected else " "
        ends = (
            f"{_where(session.local_candidates.get(p.local))} ─ "
            f"{_where(session.remote_candidates.get(p.remote))}"
        )
        sent = p.requests_sent + p.retransmissions_sent
        why = f"{p.reason}: {printable(p.detail or '')}" if p.reason else ""
        lines.append(
            f"{mark} {p.state:11} {ends:64} {sent}/{p.responses_received} "
            f"{milliseconds(p.current_round_trip_time)} {why}".rstrip()
        )
    return lines or ["  none"]


def _findings(session: Session) -> list[str]:
    lines = []
    for finding in diagnose(session):
        lines.append(f"  {finding.severity}: {printable(finding.claim)}")
        lines.append(f"    because {printable(finding.evidence)}")
        if finding.remedy:
            lines.append(f"    {printable(finding.remedy)}")
    return lines or ["  nothing to say yet"]
