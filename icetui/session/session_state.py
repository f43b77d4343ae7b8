"""Session: the fold of an event stream. What the dashboard shows and the diagnosis reasons over.

What belongs here: state that follows from events alone. What must never come in: clocks, I/O,
widgets, asyncio. `Session.apply` is the only thing that changes one, and it takes any event in any
order without raising: a recording may start in the middle, a stream may lose lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from icetui import events
from icetui.events import Candidate, Pair, Server
from icetui.reachability import easiest
from icetui.session.bounded_stores import append, keep, renew
from icetui.session.event_log import NEVER_LOGGED, EventLog
from icetui.session.pair_order import ordered
from icetui.session.quality import Quality
from icetui.session.text_line import TextLine
from icetui.session.withdrawal import withdraw

TEXTS_KEPT = 500
CANDIDATES_KEPT = 1000
PAIRS_KEPT = 5000
SERVERS_KEPT = 200
"""Bounds on what is remembered, so that neither hours nor a hostile peer grow a session."""


@dataclass(slots=True)
class Session:
    """Everything known about one ICE session, from its events alone."""

    id: str = ""
    t: float = 0.0
    """The stream's latest time stamp, monotonic seconds since the engine started."""
    wall: float = 0.0
    count: int = 0
    """Events applied."""
    others: int = 0
    """Events of other sessions, passed over."""

    engine: events.EngineStarted | None = None
    failure: events.EngineFailed | None = None
    started: events.SessionStarted | None = None
    closed: events.SessionClosed | None = None

    interfaces: dict[str, events.Interface] = field(default_factory=dict)
    gathering: events.GatheringState = "new"
    local_candidates: dict[str, Candidate] = field(default_factory=dict)
    remote_candidates: dict[str, Candidate] = field(default_factory=dict)
    candidate_failures: list[events.CandidateFailed] = field(default_factory=list)
    servers: dict[str, Server] = field(default_factory=dict)
    allocations: dict[tuple[str, str], events.AllocationChanged] = field(default_factory=dict)
    """Those that live, by URI and relayed address."""
    relays_tried: dict[str, events.RelayTried] = field(default_factory=dict)
    """What came of trying each relayed address."""
    mappings: dict[tuple[str, str], events.MappingSeen] = field(default_factory=dict)
    """The NAT table: the latest word of each server on each of our addresses."""
    nats: dict[str, events.NatBehaviour] = field(default_factory=dict)
    """What is known of the NAT in front of each local IP address."""

    blob: events.BlobChanged | None = None
    description: events.DescriptionAccepted | None = None
    their_description: events.DescriptionAccepted | None = None
    """The last whole one; candidates that follow it are `remote_candidates`."""
    replaced: events.DescriptionReplaced | None = None
    """The latest change of their description before a path stood, until one does."""
    kept_candidates: int = 0
    """Candidates of theirs that wait for their description."""
    refusal: events.DescriptionRefused | None = None
    """The last paste that could not be used; forgotten when one could."""
    knocks: dict[str, events.Knocked] = field(default_factory=dict)
    role: events.Role | None = None
    role_conflicts: int = 0

    pairs: dict[str, Pair] = field(default_factory=dict)
    quality: dict[str, Quality] = field(default_factory=dict)
    selected: str | None = None
    path_history: list[events.SelectedPairChanged] = field(default_factory=list)
    generation: int = 0
    """How many ICE restarts there were."""
    restart: events.SessionRestarted | None = None
    """The latest restart, until its generation has a path."""
    state: events.ConnectionState = "new"
    state_history: list[events.ConnectionStateChanged] = field(default_factory=list)
    consent_pair: str | None = None
    consent_expires: float | None = None
    peer_left: bool = False
    """They said goodbye."""

    blob_at: float | None = None
    resend_at: float | None = None
    """`t` since which a blob sent earlier will no longer do."""
    described_at: float | None = None
    first_path_at: float | None = None
    nominated_at: float | None = None
    connected_at: float | None = None
    lost_after_connected: bool = False
    """A path stood once and consent ran out on it or the peer vanished."""

    texts: list[TextLine] = field(default_factory=list)
    refused: dict[tuple[str, str], events.Refused] = field(default_factory=dict)
    dropped: dict[tuple[str, str], events.DataDropped] = field(default_factory=dict)
    damped: dict[events.DampedChange, events.ChangeDamped] = field(default_factory=dict)
    """What the other side changed too often."""
    strangers: dict[events.StrangerKind, int] = field(default_factory=dict)
    """Datagrams of nobody in particular that were only counted, by kind."""
    command_refusal: events.CommandRefused | None = None
    log: EventLog = field(default_factory=EventLog)
    silent: float | None = None
    """Seconds for which the engine had shown no sign of life, while it shows none."""
    behind: float = 0.0
    """Seconds by which what is known here is of the past, as the stream's reader says."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Events that were left out of the stream, by where they were."""

    # --- the fold ---------------------------------------------------------------------------

    def apply(self, event: events.AnyEvent) -> None:
        """Take one event in. Never raises, in any order."""
        if event.session and self.id and event.session != self.id:
            self.others += 1
            return
        if event.t > self.t:
            self.t = event.t
        if event.wall > self.wall:
            self.wall = event.wall
        self.count += 1
        news = self._is_news(event)
        if self.silent is not None and not isinstance(event, events.EngineSilent):
            self.silent = None
        take = _TAKE.get(type(event))
        if take is not None:
            take(self, event)
        if news:
            self.log.append(event)

    def _is_news(self, event: events.AnyEvent) -> bool:
        """Whether the log says it: figures that only count up stand elsewhere."""
        if isinstance(event, events.PairChanged):
            before, now = self.pairs.get(event.pair.id), event.pair
            return before is None or (
                before.state != now.state
                or before.nominated != now.nominated
                or before.reason != now.reason
                or before.mapped != now.mapped
            )
        if isinstance(event, events.EngineSilent):
            return self.silent is None
        return type(event) not in NEVER_LOGGED

    # --- what follows from it ----------------------------------------------------------------

    @property
    def remote_ufrag(self) -> str | None:
        """Theirs, from their description, or from a knock before we have it."""
        if self.description is not None and self.description.ufrag:
            return self.description.ufrag
        return next((k.ufrag for k in reversed(self.knocks.values())), None)

    @property
    def selected_pair(self) -> Pair | None:
        return self.pairs.get(self.selected) if self.selected else None

    @property
    def state_before_closing(self) -> events.ConnectionState:
        """The state in which the session stood when it was left, by us or by a goodbye."""
        left = ("closed", "disconnected") if self.peer_left else ("closed",)
        return next((e.state for e in reversed(self.state_history) if e.state not in left), "new")

    @property
    def connected(self) -> bool:
        """Whether data can flow, or could until the session was left."""
        return self.state_before_closing in ("connected", "completed")

    @property
    def nat(self) -> events.NatBehaviour | None:
        """What is known of the NAT that is easiest to get through: of several interfaces, the one
        a peer reaches us by if by any."""
        return easiest(self.nats.values())

    @property
    def both_known_at(self) -> float | None:
        """`t` from which this side knew both descriptions."""
        if self.described_at is None:
            return None
        return max(self.described_at, self.blob_at or 0.0)

    @property
    def time_to_first_path(self) -> float | None:
        """Seconds from knowing both descriptions to the first pair that can carry data."""
        return self._since_both_known(self.first_path_at)

    @property
    def time_to_nominated(self) -> float | None:
        """Seconds from knowing both descriptions to a nominated pair in use."""
        if self.nominated_at is None or self.first_path_at is None:
            return None
        return self._since_both_known(max(self.nominated_at, self.first_path_at))

    def _since_both_known(self, at: float | None) -> float | None:
        start = self.both_known_at
        return None if at is None or start is None else max(0.0, at - start)

    def relayed(self, pair: Pair) -> bool:
        """Whether a TURN server carries this pair at either end."""
        ends = (self.local_candidates.get(pair.local), self.remote_candidates.get(pair.remote))
        return pair.relayed or any(end is not None and end.type == "relay" for end in ends)

    def own_socket(self, pair: Pair) -> str | None:
        """The `ip:port` on this machine that the pair is checked from: our local candidate's base
        (RFC 8445 section 4), which a NAT64 hides behind one of another family. None: that is a
        relay, or nothing is known of it."""
        local = self.local_candidates.get(pair.local)
        if local is None or local.type == "relay":
            return None
        if local.type == "host" or local.related_address is None:
            return events.address_port(local.address, local.port)
        return events.address_port(local.related_address, local.related_port or 0)

    def mapped_candidate(self, pair: Pair) -> Candidate | None:
        """Our candidate as the peer sees us on this pair: what XOR-MAPPED-ADDRESS said, where that
        is one of ours (a server-reflexive one behind a NAT), else the pair's own local one."""
        if pair.mapped is not None:
            for candidate in self.local_candidates.values():
                if events.address_port(candidate.address, candidate.port) == pair.mapped:
                    return candidate
        return self.local_candidates.get(pair.local)

    def ordered_pairs(self) -> list[Pair]:
        """Pairs as a reader wants them: the selected one, then by state, then by priority."""
        return ordered(self.pairs.values(), self.selected)

    def count_pairs(self) -> dict[events.PairState, int]:
        """How many pairs are in each state, states without any left out."""
        return dict(Counter(pair.state for pair in self.pairs.values()))


def fold(stream: Iterable[events.AnyEvent]) -> Session:
    """A session with all of `stream` applied."""
    session = Session()
    for event in stream:
        session.apply(event)
    return session


# --- one small function for each kind of event -------------------------------------------------


def _engine_started(s: Session, e: events.EngineStarted) -> None:
    s.engine = e


def _engine_failed(s: Session, e: events.EngineFailed) -> None:
    s.failure = e


def _session_started(s: Session, e: events.SessionStarted) -> None:
    s.id = s.id or e.session
    s.started = e
    for server in e.servers:
        keep(s.servers, server.url, s.servers.get(server.url, server), SERVERS_KEPT)


def _session_restarted(s: Session, e: events.SessionRestarted) -> None:
    """New credentials are to be exchanged; the old path stays what it is."""
    s.generation, s.restart = e.generation, e
    if s.started is not None:
        s.started = msgspec.structs.replace(s.started, ufrag=e.ufrag, generation=e.generation)
    s.description = s.their_description = s.refusal = s.replaced = None
    s.knocks.clear()
    s.blob_at = s.described_at = s.first_path_at = s.nominated_at = None


def _credentials_renewed(s: Session, e: events.CredentialsRenewed) -> None:
    """What is known of both sides stays; only the credentials are new."""
    s.generation = e.generation
    if s.started is not None:
        s.started = msgspec.structs.replace(s.started, ufrag=e.ufrag, generation=e.generation)
    if s.description is not None:
        s.description = msgspec.structs.replace(s.description, ufrag=e.their_ufrag)
    if s.their_description is not None:
        s.their_description = msgspec.structs.replace(s.their_description, ufrag=e.their_ufrag)


def _session_closed(s: Session, e: events.SessionClosed) -> None:
    s.closed = e


def _interface(s: Session, e: events.InterfaceFound) -> None:
    keep(s.interfaces, e.interface.name, e.interface, SERVERS_KEPT)


def _gathering(s: Session, e: events.GatheringStateChanged) -> None:
    s.gathering = e.state


def _candidate(s: Session, e: events.CandidateGathered) -> None:
    keep(s.local_candidates, e.candidate.id, e.candidate, CANDIDATES_KEPT)
    if e.candidate.gone is not None:
        withdraw(e.candidate, s.local_candidates, s.allocations, s.mappings)


def _candidate_failed(s: Session, e: events.CandidateFailed) -> None:
    append(s.candidate_failures, e)


def _server(s: Session, e: events.ServerChanged) -> None:
    keep(s.servers, e.server.url, e.server, SERVERS_KEPT)


def _allocation(s: Session, e: events.AllocationChanged) -> None:
    renew(s.allocations, (e.server, e.relayed), e)


def _mapping_seen(s: Session, e: events.MappingSeen) -> None:
    renew(s.mappings, (e.local, e.server), e)


def _relay_tried(s: Session, e: events.RelayTried) -> None:
    keep(s.relays_tried, e.relayed, e, SERVERS_KEPT)


def _nat(s: Session, e: events.NatBehaviourChanged) -> None:
    if e.nat.gone:
        s.nats.pop(e.nat.local, None)
    else:
        renew(s.nats, e.nat.local, e.nat)


def _blob(s: Session, e: events.BlobChanged) -> None:
    s.blob = e
    if s.blob_at is None:
        s.blob_at = e.t
    if e.resend:
        s.resend_at = e.t


def _description(s: Session, e: events.DescriptionAccepted) -> None:
    s.description = e
    s.refusal = None
    s.kept_candidates = 0
    if e.kind != "candidates" or s.their_description is None:
        s.their_description = e
    elif e.complete:
        s.their_description = msgspec.structs.replace(s.their_description, complete=True)
    if s.described_at is None and e.ufrag:
        s.described_at = e.t


def _description_replaced(s: Session, e: events.DescriptionReplaced) -> None:
    """What follows is of another description; what was told of the one before is in the log."""
    s.replaced = e
    s.pairs.clear()
    s.description = s.their_description = s.refusal = None
    s.remote_candidates.clear()
    s.described_at = None


def _candidates_kept(s: Session, e: events.CandidatesKept) -> None:
    s.kept_candidates = e.candidates
    s.refusal = None


def _description_refused(s: Session, e: events.DescriptionRefused) -> None:
    s.refusal = e


def _remote_candidate(s: Session, e: events.RemoteCandidateAdded) -> None:
    keep(s.remote_candidates, e.candidate.id, e.candidate, CANDIDATES_KEPT)


def _role(s: Session, e: events.RoleChanged) -> None:
    s.role = e.role
    if e.cause == "conflict":
        s.role_conflicts += 1


def _knock(s: Session, e: events.Knocked) -> None:
    renew(s.knocks, events.address_port(e.address, e.port), e)


def _pair(s: Session, e: events.PairChanged) -> None:
    keep(s.pairs, e.pair.id, e.pair, PAIRS_KEPT, but=s.selected)
    if e.pair.nominated and e.pair.valid and s.nominated_at is None:
        s.nominated_at = e.t


def _round_trip(s: Session, e: events.RoundTripMeasured) -> None:
    _quality(s, e.pair).add(e.seconds, e.t - e.seconds)


def _lost(s: Session, e: events.RequestLost) -> None:
    _quality(s, e.pair).add_loss(e.sent)


def _selected(s: Session, e: events.SelectedPairChanged) -> None:
    s.selected = e.pair
    if e.pair is not None and e.pair != e.previous and s.description is not None:
        s.restart = None
    if e.pair is not None:
        s.replaced = None
    if e.pair is not None and s.first_path_at is None:
        s.first_path_at = e.t
    append(s.path_history, e)


def _consent(s: Session, e: events.ConsentRefreshed) -> None:
    s.consent_pair, s.consent_expires = e.pair, e.expires


def _state(s: Session, e: events.ConnectionStateChanged) -> None:
    if e.state in ("connected", "completed"):
        s.connected_at = s.connected_at if s.connected_at is not None else e.t
        s.lost_after_connected = False
    elif e.state == "failed" and s.connected_at is not None:
        s.lost_after_connected = True
    s.state = e.state
    append(s.state_history, e)


def _refused(s: Session, e: events.Refused) -> None:
    renew(s.refused, (e.remote, e.detail), e)


def _dropped(s: Session, e: events.DataDropped) -> None:
    renew(s.dropped, (e.remote, e.cause), e)


def _strangers(s: Session, e: events.StrangersCounted) -> None:
    s.strangers[e.kind] = e.count


def _damped(s: Session, e: events.ChangeDamped) -> None:
    s.damped[e.kind] = e


def _peer_left(s: Session, e: events.PeerLeft) -> None:
    s.peer_left = True


def _command_refused(s: Session, e: events.CommandRefused) -> None:
    s.command_refusal = e


def _events_dropped(s: Session, e: events.EventsDropped) -> None:
    s.left_out[e.where] = e.count


def _behind(s: Session, e: events.ReaderBehind) -> None:
    s.behind = e.seconds


def _silent(s: Session, e: events.EngineSilent) -> None:
    s.silent = e.seconds


def _text_sent(s: Session, e: events.TextSent) -> None:
    append(s.texts, TextLine("out", e.t, e.wall, e.text, e.size, id=e.id), TEXTS_KEPT)


def _text_received(s: Session, e: events.TextReceived) -> None:
    append(s.texts, TextLine("in", e.t, e.wall, e.text, e.size, framed=e.framed), TEXTS_KEPT)


def _text_echoed(s: Session, e: events.TextEchoed) -> None:
    for line in reversed(s.texts):
        if line.direction == "out" and line.id == e.id:
            line.echo = e.seconds
            return


def _quality(s: Session, pair: str) -> Quality:
    if pair not in s.quality:
        keep(s.quality, pair, Quality(), PAIRS_KEPT, but=s.selected)
    return s.quality[pair]


_TAKE: dict[type[events.Event], Callable[[Session, Any], None]] = {
    events.EngineStarted: _engine_started,
    events.EngineFailed: _engine_failed,
    events.SessionStarted: _session_started,
    events.SessionRestarted: _session_restarted,
    events.CredentialsRenewed: _credentials_renewed,
    events.SessionClosed: _session_closed,
    events.InterfaceFound: _interface,
    events.GatheringStateChanged: _gathering,
    events.CandidateGathered: _candidate,
    events.CandidateFailed: _candidate_failed,
    events.ServerChanged: _server,
    events.AllocationChanged: _allocation,
    events.MappingSeen: _mapping_seen,
    events.RelayTried: _relay_tried,
    events.NatBehaviourChanged: _nat,
    events.BlobChanged: _blob,
    events.DescriptionAccepted: _description,
    events.DescriptionRefused: _description_refused,
    events.DescriptionReplaced: _description_replaced,
    events.CandidatesKept: _candidates_kept,
    events.RemoteCandidateAdded: _remote_candidate,
    events.RoleChanged: _role,
    events.Knocked: _knock,
    events.PairChanged: _pair,
    events.RoundTripMeasured: _round_trip,
    events.RequestLost: _lost,
    events.SelectedPairChanged: _selected,
    events.ConsentRefreshed: _consent,
    events.ConnectionStateChanged: _state,
    events.Refused: _refused,
    events.DataDropped: _dropped,
    events.StrangersCounted: _strangers,
    events.ChangeDamped: _damped,
    events.PeerLeft: _peer_left,
    events.CommandRefused: _command_refused,
    events.EventsDropped: _events_dropped,
    events.ReaderBehind: _behind,
    events.EngineSilent: _silent,
    events.TextSent: _text_sent,
    events.TextReceived: _text_received,
    events.TextEchoed: _text_echoed,
}
