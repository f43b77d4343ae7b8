"""What events and commands are made of: candidates, pairs, servers, NATs."""

from __future__ import annotations

import msgspec

from icetui.events.codes import (
    AlternateRefusal,
    CandidateType,
    Count,
    NameState,
    NatDependence,
    OverTcp,
    PairState,
    Reason,
    ResolverFailure,
    Seconds,
    ServerKind,
    ServerState,
    ServerTransport,
    TlsFailureKind,
    Withdrawal,
)


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value inside an event."""


class Evidence(Part, frozen=True, kw_only=True):
    """What a failure was told from, as fields; `detail` beside it says the same in words."""

    code: Count | None = None
    """ERROR-CODE of an answer (RFC 8489 section 14.8): the peer's, or the server's."""
    phrase: str = ""
    """The words that came with it."""
    icmp_version: Count | None = None
    """4: ICMP, 6: ICMPv6; with these the type and the code of the message."""
    icmp_type: Count | None = None
    icmp_code: Count | None = None
    router: str = ""
    """IP address of whoever sent the ICMP message; empty: nobody is named."""
    errno: Count | None = None
    """The system's own error."""
    answered_from: str | None = None
    """`ip:port` that an answer came from, which was not the one asked."""
    silence: Seconds | None = None
    """Without an answer: when consent expired (RFC 7675), or of a server."""
    requests: Count | None = None
    """How often a server was asked in that time, where it was asked over UDP."""
    credentials: bool | None = None
    """Of a 401: whether we have a user name and a password for that server."""
    resolver: ResolverFailure | None = None
    tls: TlsFailureKind | None = None
    missing: str = ""
    """The attribute that a success lacks, by its name in the RFC."""
    claimed: str | None = None
    """`ip:port` that an answer says we have, and nobody can have."""
    alternate: str | None = None
    """`ip:port` that a 300 named."""
    alternate_refused: AlternateRefusal | None = None
    """Why it was not asked."""
    family: Count | None = None
    """4 or 6: the IP family that the failure is about, where it is about one."""
    gone: Withdrawal | None = None
    """What the pair stood on and is no more."""
    removed: str = ""
    """The IP address that this machine has no more."""
    moved_from: str = ""
    """`ip:port` that a NAT mapped us to before …"""
    moved_to: str = ""
    """… and maps us to now."""
    closed: bool = False
    """The other end closed the connection (TCP, TLS)."""


class Candidate(Part, frozen=True, kw_only=True):
    """An ICE candidate (RFC 8445 section 5.1), ours or theirs."""

    id: str
    """Unique in the session: `L1`, `L2` … for ours, `R1`, `R2` … for theirs."""
    type: CandidateType
    address: str
    """IP address, or an unresolved `.local` name."""
    port: Count
    priority: Count = 0
    foundation: str = ""
    component: Count = 1
    transport: str = "udp"
    tcptype: str | None = None
    related_address: str | None = None
    """The base of a reflexive candidate, the mapped address of a relayed one (RFC 8839 5.1)."""
    related_port: Count | None = None
    interface: str | None = None
    """Ours only: name of the network interface the base belongs to."""
    server: str | None = None
    """Ours only: URI of the STUN or TURN server it came from."""
    unsupported: str | None = None
    """Why icetui will not pair it (`ICE-TCP is not supported` …), or None. Words for people."""
    reason: Reason | None = None
    """Ours only: `gone` of one that is a candidate no more."""
    gone: Withdrawal | None = None
    """Ours only: what is no more."""
    evidence: Evidence | None = None
    """Ours only: what that was told from."""
    name_state: NameState | None = None
    """Theirs only: what became of the `.local` name that stands for its address."""
    mid: str | None = None
    """Theirs only: the media section for which it came alone (W3C `sdpMid`)."""
    mline: Count | None = None
    """Theirs only: number of that section, from 0 (W3C `sdpMLineIndex`)."""


class MediaSection(Part, frozen=True, kw_only=True):
    """What an answer repeats of one media section of their offer (RFC 3264 section 6)."""

    kind: str
    """`audio`, `video`, `application` …"""
    protocol: str
    formats: tuple[str, ...]
    """One payload type that both sides could speak; of data, all of the offer's formats."""
    attributes: tuple[str, ...] = ()
    """What describes these formats, without `a=`: `rtpmap:111 opus/48000/2`, `sctp-port:5000` …"""
    mid: str | None = None
    rejected: bool = False
    """Offered with port 0 and not merely bundled: it stays off."""


class Server(Part, frozen=True, kw_only=True):
    """One STUN or TURN server as configured, and what became of asking it."""

    url: str
    """RFC 7064/7065 URI without credentials; also its key in the session."""
    kind: ServerKind
    transport: ServerTransport = "udp"
    state: ServerState = "asking"
    address: str | None = None
    """`ip:port` it resolved to."""
    time: Seconds | None = None
    """Seconds from the first request to the answer or to the verdict."""
    reason: Reason | None = None
    detail: str | None = None
    """One sentence for people: `401 Unauthorized: the user name or the password is wrong`."""
    evidence: Evidence | None = None
    """What the failure was told from."""
    over_tcp: OverTcp | None = None
    """What came of a TCP connection to it, which is tried where it is silent over UDP."""
    over_web: OverTcp | None = None
    """The same of its port 443, which is tried where that is silent, too: where only web pages are
    let out, the machine answers there."""
    mapped: str | None = None
    """`ip:port` it saw us at."""
    relayed: str | None = None
    """The first of `relays`."""
    lifetime: Seconds | None = None
    """Seconds the TURN allocation lives without a refresh."""
    redirected: tuple[str, ...] = ()
    """`ip:port` of the servers it sent us to by ALTERNATE-SERVER, in the order in which they were
    asked (RFC 8489 section 10)."""
    relays: tuple[str, ...] = ()
    """`ip:port` of all addresses that it relays for us, of both families."""
    not_relayed: tuple[Evidence, ...] = ()
    """Why it relays no address of a family that it was asked for, one for each."""


class Interface(Part, frozen=True, kw_only=True):
    """A network interface of this host and whether it is gathered from."""

    name: str
    addresses: tuple[str, ...] = ()
    used: bool = True
    why_not: str | None = None
    gone: bool = False
    """It was there, and has no address any more."""


class Pair(Part, frozen=True, kw_only=True):
    """A candidate pair with all its figures; each event carries the whole of it."""

    id: str
    """`L1-R2`."""
    local: str
    """Candidate id of our side: the base, or the relayed candidate."""
    remote: str
    priority: Count = 0
    state: PairState = "waiting"
    nominated: bool = False
    valid: bool = False
    mapped: str | None = None
    """`ip:port` their end sees us at, from XOR-MAPPED-ADDRESS of an answered check."""
    reason: Reason | None = None
    detail: str | None = None
    """The evidence in words: `7 requests, no answer`."""
    evidence: Evidence | None = None
    relayed: bool = False
    """Whether a TURN server carries it at either end."""
    triggered: bool = False
    requests_sent: Count = 0
    """Requests without retransmissions, W3C `requestsSent`."""
    responses_received: Count = 0
    requests_received: Count = 0
    responses_sent: Count = 0
    retransmissions_sent: Count = 0
    consent_requests_sent: Count = 0
    current_round_trip_time: Seconds | None = None
    total_round_trip_time: Seconds = 0.0
    round_trips: Count = 0
    """How many measurements `total_round_trip_time` sums."""
    packets_sent: Count = 0
    packets_received: Count = 0
    bytes_sent: Count = 0
    bytes_received: Count = 0


class StunAttribute(Part, frozen=True, kw_only=True):
    """One attribute of a STUN message as people read it; keys and integrity values shortened."""

    name: str
    value: str = ""


class NatBehaviour(Part, frozen=True, kw_only=True):
    """What is known of the NAT in front of one local address (RFC 5780, in RFC 4787's words)."""

    local: str
    """The local IP address the questions were sent from."""
    interface: str | None = None
    behind_nat: bool | None = None
    """Whether the outside sees another address than `local`; None: nobody outside has said."""
    mapping: NatDependence = "unknown"
    filtering: NatDependence = "unknown"
    port_preservation: bool | None = None
    """Whether the outside sees the local port number (RFC 4787 section 4.2.1)."""
    hairpinning: bool | None = None
    """Whether two hosts behind this NAT reach each other at its outside (RFC 4787 section 6)."""
    binding_lifetime: Seconds | None = None
    """Seconds that a binding nobody used was seen to live."""
    binding_lapsed: Seconds | None = None
    """Seconds after which a binding nobody used was seen to be gone."""
    carrier_grade: str | None = None
    """What shows that a second NAT stands behind the first one, or None."""
    nat64: bool = False
    """Whether it makes IPv4 of our IPv6 (RFC 6146)."""
    udp: bool | None = None
    """Whether anything outside answers over UDP; None: nothing was asked, or not decided yet."""
    complete: bool = False
    """Whether no question is open any more."""
    notes: tuple[str, ...] = ()
    """Sentences for people: what could not be found out and why, and which server lies."""
    gone: bool = False
    """This machine has that address no more."""
