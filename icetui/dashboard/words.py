"""Each event as one line for people, with the tone it is drawn in. Pure text, no widget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from icetui import events
from icetui.dashboard.network_words import change_words
from icetui.dashboard.shown_text import plain, rtt, server_name, size
from icetui.events import address_port
from icetui.grammar import count

Tone = Literal["plain", "good", "bad", "warning", "dim", "out", "in"]


class Line(NamedTuple):
    """A line of the log."""

    text: str
    tone: Tone = "plain"


def describe(event: events.AnyEvent) -> Line:
    """What happened, in one line. Any event, hostile fields included."""
    say = _SAY.get(type(event))
    text, tone = say(event) if say is not None else Line(type(event).__name__, "dim")
    return Line(plain(text, 400), tone)


def reason(kind: events.Reason | None, detail: str | None = None) -> str:
    """A reason in words: the evidence where there is some, else the bare word."""
    if detail:
        return plain(detail)
    return str(kind) if kind is not None else ""


def ordinal(number: int) -> str:
    """`2nd`, `3rd`, `4th`."""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number}{ending or 'th'}"


def _engine_started(e: events.EngineStarted) -> Line:
    return Line(f"engine {e.version} started, process {e.pid}", "dim")


def _engine_failed(e: events.EngineFailed) -> Line:
    return Line(f"engine failed: {e.problem}", "bad")


def _renewed(e: events.CredentialsRenewed) -> Line:
    whose = "Consent ran out" if e.cause == "consent" else "Their consent ran out"
    return Line(
        f"{whose}: both sides have made new credentials, generation {e.generation}, "
        f"user fragments {e.ufrag} and {e.their_ufrag}"
    )


def _restarted(e: events.SessionRestarted) -> Line:
    return Line(f"ICE restart ({e.cause}): generation {e.generation}, user fragment {e.ufrag}")


def _session_started(e: events.SessionStarted) -> Line:
    asked = f", asking {count(len(e.servers), 'server')}" if e.servers else ", no servers"
    return Line(f"session {e.ufrag} started{asked}")


def _interface(e: events.InterfaceFound) -> Line:
    i = e.interface
    addresses = ", ".join(i.addresses)
    if i.used:
        return Line(f"interface {i.name}  {addresses}", "dim")
    return Line(f"interface {i.name} left out: {i.why_not or 'not chosen'}", "dim")


def _gathering(e: events.GatheringStateChanged) -> Line:
    if e.state == "complete":
        return Line("gathering complete", "good")
    return Line("gathering started" if e.state == "gathering" else "gathering not begun")


def _candidate(e: events.CandidateGathered) -> Line:
    c = e.candidate
    origin = server_name(c.server) if c.server else c.interface or ""
    return Line(f"+ mine    {c.id} {c.type:5} {address_port(c.address, c.port)}  {origin}")


def _remote_candidate(e: events.RemoteCandidateAdded) -> Line:
    c = e.candidate
    note = f"  not used: {c.unsupported}" if c.unsupported else ""
    return Line(f"+ theirs  {c.id} {c.type:5} {address_port(c.address, c.port)}{note}")


def _candidate_failed(e: events.CandidateFailed) -> Line:
    place = f"{e.address} {e.interface or ''}".strip()
    return Line(f"✗ no candidate on {place}: {reason(e.reason, e.detail)}", "bad")


def _server(e: events.ServerChanged) -> Line:
    s, name = e.server, server_name(e.server.url)
    if s.state == "ok":
        saw = f", sees us at {s.mapped}" if s.mapped else ""
        lent = f", lent us {s.relayed}" if s.relayed else ""
        lent += f" for {s.lifetime:.0f} s at a time" if s.relayed and s.lifetime else ""
        return Line(f"✓ {s.kind} {name} answered in {rtt(s.time)}{saw}{lent}", "good")
    if s.state == "failed":
        return Line(f"✗ {s.kind} {name}: {reason(s.reason, s.detail)}", "bad")
    return Line(f"asking {s.kind} {name}", "dim")


def _allocation(e: events.AllocationChanged) -> Line:
    name = server_name(e.server)
    if e.unanswered is not None:
        return Line(f"turn {name} does not answer a Refresh of {e.relayed}", "bad")
    return Line(f"turn {name} relays {e.relayed} for another {e.lifetime:.0f} s", "dim")


def _blob(e: events.BlobChanged) -> Line:
    if e.nat_only:
        return Line("own blob also says what our NAT does; the one before serves as well", "dim")
    how = "complete" if e.complete else "usable"
    again = ": send it again" if e.resend else ""
    return Line(f"own blob {how} with {count(e.candidates, 'candidate')}{again}")


def _accepted(e: events.DescriptionAccepted) -> Line:
    return Line(f"read their {e.kind} ({e.ufrag}): {count(e.new_candidates, 'new candidate')}")


def _description_replaced(e: events.DescriptionReplaced) -> Line:
    why = {"knock": ", because its owner checks us", "user": ", as asked for"}.get(e.cause, "")
    return Line(f"their description is that of {e.current} now, not {e.former}{why}", "warning")


def _candidates_kept(e: events.CandidatesKept) -> Line:
    return Line(f"{count(e.candidates, 'candidate', verb='is')} kept for their description")


def _description_refused(e: events.DescriptionRefused) -> Line:
    return Line(f"✗ the paste was not usable: {e.problem}", "bad")


def _role(e: events.RoleChanged) -> Line:
    why = {"ufrags": "by comparing the ufrags", "conflict": "after a role conflict"}
    return Line(f"we are {e.role}, {why.get(e.cause, e.cause)}")


def _knocked(e: events.Knocked) -> Line:
    return Line(
        f"{address_port(e.address, e.port)} ({e.ufrag}) knocks, {e.count} so far", "warning"
    )


def _pair(e: events.PairChanged) -> Line:
    p = e.pair
    counts = f"{p.requests_sent + p.retransmissions_sent}/{p.responses_received}"
    if p.state == "failed":
        return Line(f"✗ pair {p.id} failed: {reason(p.reason, p.detail)}", "bad")
    if p.state == "succeeded":
        mark = ", nominated" if p.nominated else ""
        time = f" {rtt(p.current_round_trip_time)}"
        news: Tone = "good" if p.responses_received <= 1 else "dim"  # later ones only count up
        return Line(f"✓ pair {p.id} succeeded{mark} {counts}{time}", news)
    return Line(f"pair {p.id} {p.state} {counts}", "dim")


def _round_trip(e: events.RoundTripMeasured) -> Line:
    return Line(f"{e.pair} round trip {rtt(e.seconds)} ({e.purpose})", "dim")


def _lost(e: events.RequestLost) -> Line:
    return Line(f"× {e.pair} no answer to a {e.purpose} request", "warning")


def _selected(e: events.SelectedPairChanged) -> Line:
    if e.pair is None:
        return Line(f"no path any more: {e.cause}", "bad")
    return Line(f"★ path is now {e.pair}: {e.cause}", "good")


def _consent(e: events.ConsentRefreshed) -> Line:
    return Line(f"{e.pair} consent until {e.expires:.0f} s", "dim")


_STATE_TONES: dict[str, Tone] = {
    "connected": "good", "completed": "good", "disconnected": "warning", "failed": "bad",
}  # fmt: skip


def _state(e: events.ConnectionStateChanged) -> Line:
    cause = f": {e.cause}" if e.cause else ""
    return Line(f"connection {e.state}{cause}", _STATE_TONES.get(e.state, "plain"))


def _stun(e: events.StunMessage) -> Line:
    arrow = "→" if e.direction == "out" else "←"
    kind = {"response": "success", "error": "error"}.get(e.message_class, e.message_class)
    parts = [f"{arrow} {e.method} {kind}", e.pair or e.remote]
    if e.transmission > 1:
        parts.append(f"{ordinal(e.transmission)} sending")
    if any(a.name == "USE-CANDIDATE" for a in e.attributes):
        parts.append("USE-CANDIDATE")
    if e.error:
        parts.append(e.error)
    if e.via:
        parts.append(f"via {server_name(e.via)}")
    tone: Tone = "bad" if e.error else "out" if e.direction == "out" else "in"
    return Line("  ".join(parts), tone)


def _refused(e: events.Refused) -> Line:
    times = f" ({e.count} so far)" if e.count > 1 else ""
    return Line(f"refused a datagram from {e.remote}: {e.detail}{times}", "warning")


def _text_sent(e: events.TextSent) -> Line:
    return Line(f"message {e.id} sent, {size(e.size)}")


def _text_echoed(e: events.TextEchoed) -> Line:
    return Line(f"message {e.id} arrived, round trip {rtt(e.seconds)}", "good")


def _text_received(e: events.TextReceived) -> Line:
    return Line(f"message from them, {size(e.size)}: {e.text[:80]}")


def _dropped(e: events.DataDropped) -> Line:
    return Line(f"dropped data from {e.remote}: {e.cause} ({e.count})", "warning")


STRANGERS = {
    "unread": ("datagram", "from unknown addresses not read"),
    "request": ("request", "not signed with our password not answered"),
    "answer": ("answer", "that nobody asked for or that is not signed passed over"),
    "indication": ("indication", "passed over"),
    "refused": ("refusal", "of still more sources"),
    "data": ("datagram of data", "dropped, of still more sources"),
}


def _strangers(e: events.StrangersCounted) -> Line:
    what, done = STRANGERS[e.kind]
    return Line(f"{count(e.count, what)} {done} so far: too many at once", "warning")


def _damped(e: events.ChangeDamped) -> Line:
    what = "our role" if e.kind == "role" else "the path"
    return Line(
        f"the other side changes {what} again and again: at most once in {e.pause:g} s now",
        "warning",
    )


def _left(e: events.PeerLeft) -> Line:
    return Line("the other side left", "warning")


def _command_refused(e: events.CommandRefused) -> Line:
    return Line(f"✗ {e.command}: {e.problem}", "bad")


def _closed(e: events.SessionClosed) -> Line:
    return Line(f"session closed: {e.cause}")


def _summary(e: events.Summary) -> Line:
    return Line(f"summary: {e.state}", "dim")


def _mapping_seen(e: events.MappingSeen) -> Line:
    return Line(f"{e.server} sees {e.local} as {e.mapped}", "dim")


def _nat(e: events.NatBehaviourChanged) -> Line:
    if e.nat.behind_nat is None:
        if not e.nat.complete:
            return Line(f"asking what stands in front of {e.nat.local}", "dim")
        return Line(f"nobody has said how {e.nat.local} is seen from outside", "warning")
    if e.nat.behind_nat is False:
        return Line(f"no NAT in front of {e.nat.local}")
    return Line(f"NAT of {e.nat.local}: {e.nat.mapping} mapping, {e.nat.filtering} filtering")


RELAY_OUTCOMES = {
    "works": "a datagram went out of it and back",
    "forbidden": "its server refuses to relay to our own address",
    "silent": "nothing that was sent to it came to us",
    "one-way": "what was sent to it came to us, nothing that went out of it did",
    "not-tried": "not tried, as nobody told where we are seen",
}


def _relay_tried(e: events.RelayTried) -> Line:
    said = f"relay {e.relayed}: {RELAY_OUTCOMES[e.outcome]}"
    return Line(said, "good" if e.outcome == "works" else "warning")


def _heartbeat(e: events.Heartbeat) -> Line:
    return Line("the engine is alive", "dim")


def _events_dropped(e: events.EventsDropped) -> Line:
    left_out = count(e.count, "event")
    return Line(f"{left_out} left out so far: too many at once ({e.where})", "warning")


def _behind(e: events.ReaderBehind) -> Line:
    return Line(f"behind by {e.seconds:.0f} s", "warning")


def _silent(e: events.EngineSilent) -> Line:
    return Line(f"the engine has been silent for {int(e.seconds)} s", "bad")


def _network_changed(e: events.NetworkChanged) -> Line:
    return Line(f"network: {change_words(e)}", "warning")


def _topology(e: events.TopologyChanged) -> Line:
    return Line(f"simulated network of {count(len(e.nodes), 'node')}, seed {e.seed}", "dim")


def _nat_table(e: events.NatTableChanged) -> Line:
    return Line(f"{e.nat} holds {count(len(e.bindings) + e.more, 'binding')}", "dim")


def _packets(e: events.PacketsPassed) -> Line:
    return Line(f"{count(len(e.passages) + e.left_out, 'packet')} passed", "dim")


def _pace(e: events.PaceChanged) -> Line:
    if e.paused:
        return Line("time stands still", "dim")
    speed = "as fast as it goes" if e.speed is None else f"at {e.speed:g} times its speed"
    return Line(f"time passes {speed}", "dim")


_SAY: dict[type[events.Event], Callable[[Any], Line]] = {
    events.EngineStarted: _engine_started,
    events.EngineFailed: _engine_failed,
    events.SessionStarted: _session_started,
    events.SessionRestarted: _restarted,
    events.CredentialsRenewed: _renewed,
    events.InterfaceFound: _interface,
    events.GatheringStateChanged: _gathering,
    events.CandidateGathered: _candidate,
    events.RemoteCandidateAdded: _remote_candidate,
    events.CandidateFailed: _candidate_failed,
    events.ServerChanged: _server,
    events.AllocationChanged: _allocation,
    events.RelayTried: _relay_tried,
    events.MappingSeen: _mapping_seen,
    events.NatBehaviourChanged: _nat,
    events.BlobChanged: _blob,
    events.DescriptionAccepted: _accepted,
    events.DescriptionRefused: _description_refused,
    events.DescriptionReplaced: _description_replaced,
    events.CandidatesKept: _candidates_kept,
    events.RoleChanged: _role,
    events.Knocked: _knocked,
    events.PairChanged: _pair,
    events.RoundTripMeasured: _round_trip,
    events.RequestLost: _lost,
    events.SelectedPairChanged: _selected,
    events.NetworkChanged: _network_changed,
    events.TopologyChanged: _topology,
    events.NatTableChanged: _nat_table,
    events.PacketsPassed: _packets,
    events.PaceChanged: _pace,
    events.ConsentRefreshed: _consent,
    events.ConnectionStateChanged: _state,
    events.StunMessage: _stun,
    events.Refused: _refused,
    events.TextSent: _text_sent,
    events.TextEchoed: _text_echoed,
    events.TextReceived: _text_received,
    events.DataDropped: _dropped,
    events.StrangersCounted: _strangers,
    events.ChangeDamped: _damped,
    events.PeerLeft: _left,
    events.CommandRefused: _command_refused,
    events.SessionClosed: _closed,
    events.Heartbeat: _heartbeat,
    events.EventsDropped: _events_dropped,
    events.ReaderBehind: _behind,
    events.EngineSilent: _silent,
    events.Summary: _summary,
}
