"""Evidence: what a session without a path shows, gathered in one pass, as fields.

What belongs here: facts that several hypotheses ask for. What must never come in: what they mean.
"""

from __future__ import annotations

import msgspec

from icetui.diagnosis import failures, nats
from icetui.diagnosis.blobs import is_echo
from icetui.diagnosis.nats import Nat
from icetui.diagnosis.questions import (
    abroad,
    answered,
    by_tcp,
    checking_for,
    has_answered,
    heard,
    host_of,
    interface_kind,
    is_loopback,
    is_private,
    is_public,
    live_pairs,
    networks,
    one_way_for_long,
    own_candidates,
    parsed,
    refusals,
    requests_of,
    their_candidates,
    with_icetui,
)
from icetui.events import (
    Candidate,
    Pair,
    Reason,
    Refused,
    RelayTried,
    Server,
    ServersSeen,
    ServerState,
    address_port,
)
from icetui.session import Session

NEAR_PORTS = 16
"""Two views of one port that differ by no more may be a server's mistake."""
SILENT = (Reason.TIMEOUT, Reason.ICMP_UNREACHABLE)


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Of one side, at one moment."""

    waited: float
    """Seconds since checks could start."""
    sent: int
    """Requests on all pairs, repeated ones too."""
    heard: int
    """Correctly keyed checks of theirs that arrived."""
    heard_long: bool
    """Whether so long ago that an answer to ours was due."""
    answered: bool
    """Whether anything came back for a check of ours."""
    they_have_ours: bool
    """Their description answers ours: they have pasted it."""
    echoed: tuple[Refused, ...]
    """Checks of ours that came back as they were."""
    unsigned: tuple[Refused, ...]
    """Answers to our checks that are not signed with their password."""
    pairs: tuple[Pair, ...]

    ours: tuple[Candidate, ...]
    theirs: tuple[Candidate, ...]
    ends: dict[str, Candidate]
    """Theirs by id."""
    our_public: bool
    """Whether an address of ours can be written to from another network."""
    their_public: bool
    neighbours: bool
    """Whether both have an address in what looks like one local network."""
    shared: str | None
    """The public address that both are seen at, if it is one."""
    reflexive: bool
    """Whether either side has a server-reflexive candidate."""
    our_relays: tuple[Candidate, ...]
    their_relays: tuple[Candidate, ...]
    proofs: tuple[RelayTried, ...]
    """What came of a datagram through each of our relays."""
    relay_only: bool

    mine: Nat
    other: Nat
    possible: bool | None
    """Whether two such NATs let a direct path through; None: not known."""
    excluded: bool
    """Whether it is sure that they let none through."""
    doubtful: str
    """Two servers whose views of one address of ours are so near that one may be wrong."""
    misled: str
    """What shows that a server says a wrong IP address of us; empty: nothing does."""
    hairpinning: bool | None

    gathered: bool
    servers: tuple[Server, ...]
    udp_silent: tuple[Server, ...]
    """Servers asked over UDP that never answered."""
    udp_ok: bool
    """Whether anything has arrived over UDP from outside this network."""
    their_servers: ServersSeen
    """What their blob says of the servers they ask."""
    icetui: bool
    """Whether their side is one, as far as their description shows."""
    loopback: bool
    """All their addresses are this machine's loopback: nothing of any network is between."""
    early_blob: bool
    """Their blob was made before all their servers had answered or failed."""
    only_here_silent: tuple[str, ...]
    """Servers that answer them over UDP, and not us."""
    only_there_silent: tuple[str, ...]
    """Servers that answer us over UDP, and not them."""
    silent_to_both: tuple[str, ...]
    machines_up: tuple[Server, ...]
    """Servers that are silent over UDP, and whose machine takes or refuses a TCP connection."""
    machines_silent: tuple[Server, ...]
    """Servers whose machine does neither."""
    servers_ok: bool
    """Whether any server has answered, over whatever."""
    stream_ok: tuple[Server, ...]
    """Servers that answered over TCP or TLS."""
    turn_failed: tuple[Server, ...]

    forbidden: tuple[Pair, ...]
    """This machine's own system refuses to send on them."""
    unsendable: tuple[Pair, ...]
    """Sending failed for any reason of this machine."""
    barred: tuple[Pair, ...]
    """A router says that sending there is administratively prohibited (RFC 1812 5.2.7.1)."""
    closed: tuple[Pair, ...]
    """Port unreachable was said of the very address, or of the network all is in."""
    unreachable: tuple[Pair, ...]
    """Any ICMP unreachable on a pair that could lead there."""
    too_big: tuple[Pair, ...]
    """A router says that what is sent on them is too big for the way."""
    leading: tuple[Pair, ...]
    """Pairs whose other end could be reached from here."""
    direct: tuple[Pair, ...]
    """Those of them over no relay."""
    free: tuple[Pair, ...]
    """Pairs of two public host addresses: no NAT is between, only what filters."""
    relays_only: bool
    """Whether one side offers relayed addresses alone, so that NATs are no matter."""
    relayed: tuple[Pair, ...]
    """Pairs over a relay of either side."""
    denied: tuple[Pair, ...]
    """Pairs a TURN server refused to relay."""
    itself: tuple[Pair, ...]
    """Pairs to an address that is this machine's own."""
    virtual: tuple[str, ...]
    """Names of our interfaces, if all of them are VPNs or container bridges by their names."""
    blob_age: float | None
    """Seconds between the stamp of their blob and its pasting."""
    late: Candidate | None
    """An address of ours that a blob given away before does not hold."""

    def candidate(self, pair: Pair) -> Candidate | None:
        """Their end of a pair."""
        return self.ends.get(pair.remote)


def covers(some: tuple[Pair, ...], whole: tuple[Pair, ...]) -> bool:
    """Whether all of `whole`, which is not nothing, is among `some`."""
    among = {pair.id for pair in some}
    return bool(whole) and all(pair.id in among for pair in whole)


def gather(session: Session) -> Evidence:
    """All of it."""
    pairs = tuple(live_pairs(session))
    local, remote = session.local_candidates, session.remote_candidates
    ours, theirs = own_candidates(session), their_candidates(session)
    own = {c.address for c in ours if c.type == "host"}
    shared = nats.shared_address(session)
    neighbours = are_neighbours(session)
    mine, other = nats.ours(session), nats.theirs(session)
    servers = tuple(session.servers.values())
    relays = {c.id for c in (*ours, *theirs) if c.type == "relay"}

    ourselves = {c.id for c in remote.values() if _is_this_machine(c, own)}
    there = {c.id for c in remote.values() if neighbours or is_public(c.address)} - ourselves
    itself = [p for p in pairs if p.remote in ourselves]
    leading = [p for p in pairs if p.remote in there]
    public = {c.id for c in (*local.values(), *remote.values()) if _public_host(c)}
    reached = {p.id for p in leading}
    by_icmp = [p for p in pairs if p.reason == Reason.ICMP_UNREACHABLE]
    icmp = [p for p in by_icmp if not failures.too_big(p.evidence)]
    unsent = [p for p in pairs if p.reason == Reason.SEND_ERROR and not _lost_relay(p)]
    hosts = [c for c in ours if c.type == "host"]
    told = session.description
    return Evidence(
        waited=checking_for(session),
        sent=requests_of(pairs),
        heard=heard(session),
        heard_long=one_way_for_long(session),
        answered=answered(session),
        they_have_ours=has_answered(session),
        echoed=tuple(r for r in refusals(session) if is_echo(session, r)),
        unsigned=tuple(r for r in refusals(session) if failures.unsigned(r)),
        pairs=pairs,
        ours=tuple(ours),
        theirs=tuple(theirs),
        ends={c.id: c for c in theirs},
        our_public=any(_reachable(c) for c in ours if c.type != "prflx"),
        their_public=any(_reachable(c) for c in theirs if c.type != "prflx"),
        neighbours=neighbours,
        shared=shared,
        reflexive=any(c.type == "srflx" for c in (*ours, *theirs)),
        our_relays=tuple(c for c in ours if c.type == "relay"),
        their_relays=tuple(c for c in theirs if c.type == "relay"),
        proofs=tuple(
            proof
            for c in ours
            if c.type == "relay"
            and (proof := session.relays_tried.get(address_port(c.address, c.port))) is not None
        ),
        relay_only=session.started is not None and session.started.relay_only,
        mine=mine,
        other=other,
        possible=nats.direct_possible(mine, other),
        excluded=nats.surely_exclude(mine, other)
        and not nats.several(ours) and not nats.several(theirs)
        and not may_share(ours, theirs),
        doubtful=doubtful_views(session),
        misled=wrong_address(session, ours, shared, icmp),
        hairpinning=session.nat.hairpinning if session.nat is not None else None,
        gathered=session.gathering == "complete",
        servers=servers,
        udp_silent=tuple(
            s for s in servers if s.transport == "udp" and s.state == "failed"
            and s.reason in SILENT
        ),
        udp_ok=any(s.transport == "udp" and s.state == "ok" for s in servers)
        or any(
            p.responses_received or p.requests_received
            for p in abroad(session)
            if p.local not in relays
        ),
        their_servers=told.servers if told is not None else "unknown",
        icetui=with_icetui(session),
        loopback=bool(theirs) and all(is_loopback(c.address) for c in theirs),
        early_blob=told is not None and told.kind == "blob" and not told.complete,
        only_here_silent=_of_state(session, told.shared_answering if told else (), "failed"),
        only_there_silent=_of_state(session, told.shared_silent if told else (), "ok"),
        silent_to_both=_of_state(session, told.shared_silent if told else (), "failed"),
        machines_up=tuple(
            s for s in servers if s.state == "failed" and by_tcp(s)
        ),
        machines_silent=tuple(
            s for s in servers if s.state == "failed" and s.over_tcp in ("silent", "unreachable")
            and not by_tcp(s)
        ),
        servers_ok=any(s.state == "ok" for s in servers),
        stream_ok=tuple(s for s in servers if s.transport != "udp" and s.state == "ok"),
        turn_failed=tuple(s for s in servers if s.kind == "turn" and s.state == "failed"),
        forbidden=tuple(p for p in unsent if failures.forbidden_here(p.evidence)),
        unsendable=tuple(unsent),
        barred=tuple(p for p in icmp if failures.prohibited(p.evidence)),
        closed=tuple(p for p in icmp if _closed(session, p, own, neighbours, shared)),
        unreachable=tuple(p for p in icmp if p.id in reached),
        too_big=tuple(p for p in by_icmp if failures.too_big(p.evidence)),
        leading=tuple(leading),
        direct=tuple(p for p in leading if not _over_relay(p, relays)),
        free=tuple(p for p in leading if p.local in public and p.remote in public),
        relays_only=any(side and all(c.type == "relay" for c in side) for side in (ours, theirs)),
        relayed=tuple(p for p in pairs if _over_relay(p, relays)),
        denied=tuple(
            p
            for p in pairs
            if p.state == "failed" and p.reason in failures.DENIED
        ),
        itself=tuple(itself),
        virtual=tuple(dict.fromkeys(c.interface or "" for c in hosts))
        if hosts and all(interface_kind(c.interface) for c in hosts)
        else (),
        blob_age=told.wall - told.made if told is not None and told.made is not None else None,
        late=ours[-1]
        if ours and session.resend_at is not None and not nats.moved(session)
        else None,
    )  # fmt: skip


def _of_state(session: Session, urls: tuple[str, ...], state: ServerState) -> tuple[str, ...]:
    """Those of the servers that are in this state with us; `failed`: by their silence."""
    found = (session.servers.get(url) for url in urls)
    return tuple(
        s.url
        for s in found
        if s is not None and s.state == state and (state == "ok" or s.reason in SILENT)
    )


def are_neighbours(session: Session) -> bool:
    """Whether both sides have an address in what looks like one local network. Container bridges
    are numbered alike on all machines and say nothing."""
    ours = [
        c for c in own_candidates(session, "host") if interface_kind(c.interface) != "container"
    ]
    if not networks(ours) & networks(their_candidates(session, "host")):
        return False
    # Seen at two public addresses they are behind two routers, whatever is numbered alike.
    mine, other = _seen_at(own_candidates(session)), _seen_at(their_candidates(session))
    return not mine or not other or bool(mine & other)


def may_share(ours: list[Candidate], theirs: list[Candidate]) -> bool:
    """Whether the two may be in one network though the outside sees them at two addresses: one
    has several interfaces, a VPN's beside its own, and an address as the other has one."""
    hosts = [[c for c in side if c.type == "host" and ":" not in c.address]
             for side in (ours, theirs)]  # fmt: skip
    return any(len(side) > 1 for side in hosts) and bool(networks(hosts[0]) & networks(hosts[1]))


def _seen_at(candidates: list[Candidate]) -> set[str]:
    return {c.address for c in candidates if c.type == "srflx" and is_public(c.address)}


def doubtful_views(session: Session) -> str:
    """Only two servers have seen an address of ours, at one host and nearly one port: a NAT that
    takes the next port, or a server that says something wrong."""
    seen: dict[str, dict[str, str]] = {}
    for row in session.mappings.values():
        seen.setdefault(row.local, {})[row.server] = row.mapped
    for by_server in seen.values():
        if len(by_server) != 2 or len({host_of(mapped) for mapped in by_server.values()}) != 1:
            continue
        one, other = (int(mapped.rpartition(":")[2] or 0) for mapped in by_server.values())
        if 0 < abs(one - other) <= NEAR_PORTS:
            return " and ".join(f"{server} sees {mapped}" for server, mapped in by_server.items())
    return ""


def wrong_address(
    session: Session, ours: list[Candidate], shared: str | None, icmp: list[Pair]
) -> str:
    """A server out in the internet sees us at an address that cannot be ours there: a private one,
    or one to which a router out there knows no way."""
    for c in ours:
        server = session.servers.get(c.server or "")
        asked = server.address if server is not None else None
        if c.type == "srflx" and is_private(c.address) and asked and is_public(host_of(asked)):
            return f"{c.server} sees us at {c.address}, a private address"
    for pair in icmp:
        remote = session.remote_candidates.get(pair.remote)
        router = failures.said_by(pair.evidence)
        no_way = not failures.port_unreachable(pair.evidence) and is_public(router)
        if remote is not None and remote.address == shared and no_way and router != shared:
            return f"{router} knows no way to {shared}, where both are seen"
    return ""


def _reachable(c: Candidate) -> bool:
    return (c.type in ("srflx", "relay") and not is_private(c.address)) or is_public(c.address)


def _public_host(c: Candidate) -> bool:
    return c.type == "host" and is_public(c.address)


def _is_this_machine(c: Candidate, own: set[str]) -> bool:
    ip = parsed(c.address)
    loopback = ip is not None and ip.is_loopback
    return c.address in own and is_private(c.address) and not loopback


def _over_relay(pair: Pair, relays: set[str]) -> bool:
    return pair.relayed or pair.local in relays or pair.remote in relays


def _lost_relay(pair: Pair) -> bool:
    return failures.of_a_lost_allocation(pair.evidence)


def _closed(
    session: Session, pair: Pair, own: set[str], neighbours: bool, shared: str | None
) -> bool:
    """Whether a port unreachable comes from where they are said to be: from their very address,
    or from a machine of our own network. Another router's word is no word of theirs."""
    c = session.remote_candidates.get(pair.remote)
    if c is None or not failures.port_unreachable(pair.evidence):
        return False
    if failures.said_by(pair.evidence) not in ("", c.address):
        return False
    if _is_this_machine(c, own):
        return False
    return is_public(c.address) or neighbours or shared is not None
