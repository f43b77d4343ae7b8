"""The summary of a session: the last line of a headless run, for scripts."""

from __future__ import annotations

from typing import Any

import msgspec

from icetui.diagnosis import diagnose
from icetui.events import Candidate, Pair, Summary, SummaryCandidate, SummaryPath
from icetui.session import Session


def summarise(session: Session) -> Summary:
    """What became of a session; times in seconds from when this side knew both descriptions."""
    return Summary(
        wall=session.wall,
        t=session.t,
        session=session.id,
        state=session.state_before_closing,
        selected_pair=_path(session, session.selected_pair),
        time_to_first_path=session.time_to_first_path,
        time_to_nominated=session.time_to_nominated,
        role=session.role,
        pairs=tuple(_pair(session, pair) for pair in session.ordered_pairs()),
        servers=tuple(session.servers.values()),
        findings=tuple(msgspec.to_builtins(f) for f in diagnose(session)),
    )


def _end(candidate: Candidate | None) -> SummaryCandidate | None:
    if candidate is None:
        return None
    return SummaryCandidate(type=candidate.type, address=candidate.address, port=candidate.port)


def _path(session: Session, pair: Pair | None) -> SummaryPath | None:
    """Our end as the other side sees it, so that both sides' summaries name the same path."""
    if pair is None:
        return None
    local = _end(session.mapped_candidate(pair))
    remote = _end(session.remote_candidates.get(pair.remote))
    if local is None or remote is None:
        return None
    return SummaryPath(
        local=local,
        remote=remote,
        relayed=session.relayed(pair),
        current_round_trip_time=pair.current_round_trip_time,
    )


def _pair(session: Session, pair: Pair) -> dict[str, Any]:
    """All figures, those at zero too: scripts need not ask which are there."""
    figures: dict[str, Any] = msgspec.structs.asdict(pair)
    figures["local"] = msgspec.to_builtins(_end(session.local_candidates.get(pair.local)))
    figures["remote"] = msgspec.to_builtins(_end(session.remote_candidates.get(pair.remote)))
    return figures
