"""Evidence of a path that has gone silent or was lost, gathered in one pass, as fields.

What belongs here: facts that several hypotheses ask for. What must never come in: what they mean.
"""

from __future__ import annotations

import msgspec

from icetui.diagnosis import failures, nats
from icetui.diagnosis.nats import Nat
from icetui.diagnosis.questions import (
    host_of,
    is_public,
    live_pairs,
    own_candidates,
    their_candidates,
    where,
    with_icetui,
)
from icetui.events import Candidate, MappingSeen, Pair, Reason, StunMessage
from icetui.session import Session

CONSENT = 30.0
"""Seconds consent lasts (RFC 7675 section 5.1)."""
ON_THE_WAY = 1.5
"""Seconds after the last answer to ours from which checks of theirs count: one sent before the cut
may come a little later."""
BEFORE = 15.0
"""Seconds before the last answer from which another port of ours may be the reason for silence: a
server says it only when it is asked again."""
TRANSACTION = 0.5
"""Seconds a server's answer may take before a request to it counts as unanswered."""


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Of one side, at one moment."""

    icetui: bool
    """Whether their side is one, as far as their description shows."""
    lost: bool
    """Consent has run out, or every pair has failed."""
    last: float
    """Seconds since something was last answered on the path."""
    pair: Pair | None
    mine: Candidate | None
    theirs: Candidate | None
    relayed: bool
    through_nat: bool
    came: int
    """Requests of theirs that came on the path since, and not just then."""
    came_ago: float
    """Seconds since the latest of them."""
    sent: int
    """Requests of ours on it since."""
    loss: float
    """Share of requests on the path that had got no answer while it stood."""
    still: str
    """Somebody outside, not their side, who has answered us since; empty: nobody."""
    relay_still: bool
    """Whether that was the server that relays."""
    unanswered: tuple[str, ...]
    """Servers that were asked since and did not answer."""
    moved: tuple[str, str, str] | None
    """A server, and at which two addresses it saw our end of the path, before and since."""
    their_nat: Nat
    closed: str
    """ICMP port unreachable from their very address, in the words of the case."""
    icmp: str
    """Any other ICMP error on the path."""
    prohibited: bool
    """Whether that says that a firewall forbids it."""
    unsendable: str
    """Why this machine can not send on it."""
    removed: str
    """The IP address that the path left from, and this machine has no more; empty: it has it."""
    addresses: tuple[str, ...]
    """Those it has."""
    others: int
    """Other pairs not given up yet."""
    failed: tuple[Pair, ...]
    """Pairs that failed because consent ran out."""
    cause: str
    """What the engine said when the path went."""


def gather(session: Session) -> Silence:
    """All of it."""
    lost = session.lost_after_connected
    pair = _path(session)
    last = session.t - _last_before_the_loss(session) if lost else last_answer(session, pair)
    theirs = session.remote_candidates.get(pair.remote) if pair else None
    mine = session.mapped_candidate(pair) if pair else None
    detail = (pair.detail or "") if pair else ""
    relayed = pair is not None and session.relayed(pair)
    quality = session.quality.get(pair.id) if pair else None
    since = session.t - last
    came, latest, sent, still, unanswered = _traffic(session, pair, since)
    relays = _relay_hosts(session, pair, theirs)
    told_of = _told_of(session, pair, theirs)
    facts = told_of.evidence if told_of is not None else None
    said = (told_of.detail or "") if told_of is not None else ""
    closed = theirs is not None and failures.port_unreachable(facts)
    closed = closed and failures.said_by(facts) == (theirs.address if theirs else "")
    told = failures.unreachable(facts)
    stood = session.path_history[-1] if session.path_history else None
    return Silence(
        icetui=with_icetui(session),
        lost=lost,
        last=last,
        pair=pair,
        mine=mine,
        theirs=theirs,
        relayed=relayed,
        through_nat=any(c is not None and c.type in ("srflx", "prflx") for c in (mine, theirs)),
        came=came,
        came_ago=session.t - latest,
        sent=sent,
        loss=_earlier_loss(list(quality.samples)) if quality is not None else 0.0,
        still=still,
        relay_still=bool(still) and host_of(still) in relays,
        unanswered=unanswered,
        moved=_moved(session, pair, since - BEFORE),
        their_nat=nats.theirs(session),
        closed=said if closed else "",
        icmp=said if told and not closed else "",
        prohibited=failures.prohibited(facts),
        unsendable=detail if pair is not None and _refused_here(pair) else "",
        removed=_removed(session, pair),
        addresses=tuple(c.address for c in own_candidates(session, "host")),
        others=sum(p.valid and p.id != session.selected for p in live_pairs(session)),
        failed=tuple(p for p in live_pairs(session) if p.reason == Reason.CONSENT_EXPIRED),
        cause=stood.cause if stood is not None else "",
    )


def _refused_here(pair: Pair) -> bool:
    """Whether the system itself has not sent the latest request."""
    by_system = failures.of_the_system(pair.evidence) and not failures.unreachable(pair.evidence)
    return pair.reason == Reason.SEND_ERROR or (pair.valid and by_system)


def _removed(session: Session, pair: Pair | None) -> str:
    base = session.own_socket(pair) if pair is not None else None
    for c in session.local_candidates.values():
        if c.type == "host" and c.gone == "address" and where(c) == base:
            return c.address
    return ""


def _told_of(session: Session, pair: Pair | None, theirs: Candidate | None) -> Pair | None:
    """The path, or another pair to the very same address of theirs of which more was said since."""
    if pair is None or theirs is None or failures.unreachable(pair.evidence):
        return pair
    for other in live_pairs(session):
        remote = session.remote_candidates.get(other.remote)
        same = remote is not None and where(remote) == where(theirs)
        if same and failures.unreachable(other.evidence):
            return other
    return pair


def _path(session: Session) -> Pair | None:
    """The pair in use, or the one that was."""
    if session.selected_pair is not None:
        return session.selected_pair
    for change in reversed(session.path_history):
        for name in (change.pair, change.previous):
            if name in session.pairs:
                return session.pairs[name]
    return None


def _last_before_the_loss(session: Session) -> float:
    """When something was last answered on the path that was lost, about."""
    failed = [e.t for e in session.state_history if e.state == "failed"]
    return (failed[-1] if failed else session.t) - CONSENT


def last_answer(session: Session, pair: Pair | None) -> float:
    """Seconds since something was last answered on the path."""
    expires = session.consent_expires
    if expires is not None and pair is not None and session.consent_pair == pair.id:
        return max(0.0, session.t - (expires - CONSENT))
    since = session.state_history[-1].t if session.state_history else session.t
    return session.t - since


def _traffic(
    session: Session, pair: Pair | None, since: float
) -> tuple[int, float, int, str, tuple[str, ...]]:
    """What came and went since, of the path and of others: their checks and the latest one's time,
    ours, who else answered, which servers did not."""
    hosts = {where(c) for c in their_candidates(session)}
    servers = {s.address for s in session.servers.values() if s.address and s.transport == "udp"}
    came = sent = 0
    latest = since
    still, answered = "", set()
    asked: dict[str, str] = {}
    for event in reversed(session.log):
        if event.t < since:
            break
        if not isinstance(event, StunMessage):
            continue
        on_path = pair is not None and event.pair == pair.id
        if event.direction == "out":
            sent += on_path and event.message_class == "request"
            old_enough = event.t < session.t - TRANSACTION and event.t > since + TRANSACTION
            if event.remote in servers and event.message_class == "request" and old_enough:
                asked[event.transaction] = event.remote
            continue
        if on_path:
            if event.message_class == "request" and event.t >= since + ON_THE_WAY:
                came, latest = came + 1, max(latest, event.t)
        elif not event.pair and event.t >= since + TRANSACTION:
            answered.add(event.transaction)
            if event.remote not in hosts and is_public(host_of(event.remote)):
                still = still or event.remote
    silent = [remote for transaction, remote in asked.items() if transaction not in answered]
    return came, latest, sent, still, tuple(dict.fromkeys(silent))


def _relay_hosts(session: Session, pair: Pair | None, theirs: Candidate | None) -> set[str]:
    """Addresses of the servers that relay the path, as far as they are known."""
    found = set()
    local = session.local_candidates.get(pair.local) if pair is not None else None
    if local is not None and local.type == "relay":
        server = session.servers.get(local.server or "")
        found |= {local.address, host_of(server.address) if server and server.address else ""}
    if theirs is not None and theirs.type == "relay":
        found.add(theirs.address)
    return found


def _earlier_loss(samples: list[float | None]) -> float:
    """The share lost before the last answer; what is lost since is the silence itself."""
    while samples and samples[-1] is None:
        samples.pop()
    return sum(s is None for s in samples) / len(samples) if samples else 0.0


def _moved(session: Session, pair: Pair | None, since: float) -> tuple[str, str, str] | None:
    """Whether one server has seen our end of the path at two addresses, the later one since."""
    base = session.own_socket(pair) if pair is not None else None
    if base is None:
        return None
    now: dict[str, MappingSeen] = {}
    for event in reversed(session.log):
        if not isinstance(event, MappingSeen) or event.local != base:
            continue
        newest = now.setdefault(event.server, event)
        if newest.t < since:
            return None
        if event.mapped != newest.mapped:
            return event.server, event.mapped, newest.mapped
    return None
