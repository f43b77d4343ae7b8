"""The last line of a headless run."""

from __future__ import annotations

from typing import Any

from icetui.events.codes import CandidateType, ConnectionState, Count, Role, Seconds
from icetui.events.event import Event
from icetui.events.parts import Part, Server


class SummaryCandidate(Part, frozen=True, kw_only=True):
    type: CandidateType
    address: str
    port: Count


class SummaryPath(Part, frozen=True, kw_only=True, omit_defaults=False):
    local: SummaryCandidate
    remote: SummaryCandidate
    relayed: bool
    current_round_trip_time: Seconds | None = None


class Summary(Event, frozen=True, kw_only=True, omit_defaults=False):
    """The last line of a headless run; key names are part of the command line's contract."""

    state: ConnectionState
    selected_pair: SummaryPath | None = None
    time_to_first_path: Seconds | None = None
    time_to_nominated: Seconds | None = None
    role: Role | None = None
    pairs: tuple[dict[str, Any], ...] = ()
    servers: tuple[Server, ...] = ()
    findings: tuple[dict[str, Any], ...] = ()
