"""The vocabulary: every Event and Command that crosses the pipe between engine and everyone else.

What belongs here: frozen structs, the enums they use, and how one becomes a JSON line and back.
What must never come in: anything of ours (this module imports nothing from icetui), I/O, clocks.

Units: seconds as floats, sizes in bytes. Figures of a pair carry their W3C webrtc-stats names.
"""

from __future__ import annotations

import enum
import re
from typing import Annotated, Any, Literal

import msgspec

PROTOCOL = 1
"""Number of this vocabulary. It grows when the meaning of something that exists changes;
new events and new fields do not need it, because readers skip what they do not know."""


def kebab(name: str) -> str:
    """`PairChanged` → `pair-changed`, the tag of a struct on the wire."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


class Reason(enum.StrEnum):
    """Why a pair or a server failed, or a candidate is used no more. Always one of these; the
    evidence stands beside it. An ERROR-CODE is that code (RFC 8489 section 14.8, RFC 8656 section
    19), and nothing more."""

    TIMEOUT = "timeout"
    ICMP_UNREACHABLE = "icmp-unreachable"
    SEND_ERROR = "send-error"
    UNAUTHENTICATED = "unauthenticated"
    BAD_REQUEST = "bad-request"
    ROLE_CONFLICT = "role-conflict"
    FORBIDDEN = "forbidden"
    TRY_ALTERNATE = "try-alternate"
    """300, and the server that it names is none to be asked."""
    UNKNOWN_ATTRIBUTES = "unknown-attributes"
    """420."""
    ALLOCATION_MISMATCH = "allocation-mismatch"
    """437."""
    STALE_NONCE = "stale-nonce"
    """438."""
    FAMILY_UNSUPPORTED = "family-unsupported"
    """440: Address Family not Supported."""
    WRONG_CREDENTIALS = "wrong-credentials"
    """441."""
    TRANSPORT_UNSUPPORTED = "transport-unsupported"
    """442: Unsupported Transport Protocol."""
    PEER_FAMILY_MISMATCH = "peer-family-mismatch"
    """443."""
    QUOTA = "quota"
    """486: Allocation Quota Reached."""
    SERVER_ERROR = "server-error"
    """500."""
    INSUFFICIENT_CAPACITY = "insufficient-capacity"
    """508."""
    ERROR_ANSWER = "error-answer"
    """Any other ERROR-CODE."""
    INVALID_ANSWER = "invalid-answer"
    """A success that lacks what makes it one, or says what cannot be."""
    ADDRESS_MISMATCH = "address-mismatch"
    DNS = "dns"
    TLS = "tls"
    NO_PERMISSION = "no-permission"
    CONSENT_EXPIRED = "consent-expired"
    UNSUPPORTED = "unsupported"
    SUPERSEDED = "superseded"
    GONE = "gone"
    """What it stood on is no more: an address of ours, a NAT's mapping, a TURN allocation."""
    INTERNAL = "internal"


# A line may say any number; those that no figure of ours can be make it unreadable, so that nothing
# behind the reader meets an infinity or a number too long to print.
Seconds = Annotated[float, msgspec.Meta(ge=-1e11, le=1e11)]
Count = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]

CandidateType = Literal["host", "srflx", "prflx", "relay"]
ServerKind = Literal["stun", "turn"]
ServerTransport = Literal["udp", "tcp", "tls"]
ServerState = Literal["asking", "ok", "failed"]
GatheringState = Literal["new", "gathering", "complete"]
PairState = Literal["frozen", "waiting", "in-progress", "succeeded", "failed"]
ConnectionState = Literal[
    "new", "checking", "connected", "completed", "disconnected", "failed", "closed"
]
Role = Literal["controlling", "controlled"]
RefusalKind = Literal[
    "other", "malformed", "no-credentials", "wrong-user-fragment", "wrong-password",
    "unknown-attributes", "role-conflict", "unsigned-answer", "wrongly-signed-answer",
]  # fmt: skip
"""Why a STUN message was not acted upon."""
NameState = Literal["asked", "listed", "unresolved"]
"""A name that is being asked for; that stands for an address which is a candidate of its own; that
nobody answers for."""
OverTcp = Literal["connected", "refused", "unreachable", "silent"]
ServersSeen = Literal["unknown", "none", "answer", "over-tcp", "silent", "failed"]
"""What a blob says of the servers that its side asks. `none`: none is named; `answer`: at least one
over UDP; `over-tcp`: only over TCP or TLS; `silent`: nothing came over UDP, and none is asked over
TCP with success; `failed`: they answer, and are of no use."""
RenewalCause = Literal["consent", "their consent"]
"""Whose consent ran out: ours, or theirs, as a check of theirs says that has new credentials."""
DampedChange = Literal["role", "path"]
RelayOutcome = Literal["works", "forbidden", "silent", "one-way", "not-tried"]
"""What came of a relay that was tried: `forbidden`: its server refuses to relay for our own
address; `silent`: nothing that we sent to the relayed address came to us; `one-way`: that did, and
nothing that went out of it; `not-tried`: no server told where we are seen."""
ResolverFailure = Literal[
    "not-found", "no-address", "other-family", "temporary", "silent", "invalid-name", "other"
]
"""Why a name has no address that can be used: nobody has the name; it has no address, or none of a
family in use; the resolver said that it failed for now, or nothing at all; it is no name."""
TlsFailureKind = Literal[
    "certificate-untrusted",
    "certificate-expired",
    "certificate-not-yet-valid",
    "certificate-name",
    "certificate",
    "not-tls",
    "alert",
    "ended",
    "other",
]
"""Why no TLS session came about: what is wrong with the server's certificate (signed by nobody that
is trusted, of another time, of another name, something else); what answered speaks no TLS; it sent
an alert; the connection ended."""
AlternateRefusal = Literal["none-named", "loop", "too-many", "other-family", "impossible"]
"""Why a 300 was not followed (RFC 8489 section 10): it names no server, or one that was asked
already; it was one redirection too many; the server is of another family than the request
(section 14.15), or at an address that nobody can have."""
Withdrawal = Literal["allocation", "address", "mapping"]
"""What a candidate stood on and is no more: its TURN allocation, the address of this machine, the
mapping of a NAT, which is another one now."""
DescriptionProblem = Literal["unreadable", "own"]
"""Why a pasted text was refused: `own` is our own blob."""
StrangerKind = Literal["unread", "request", "answer", "indication", "refused", "data"]
"""What was only counted: datagrams from unknown addresses that came too fast to be read; of what
was read, requests and answers that are not signed as the other side would, and indications;
refusals and dropped data of more sources than are told one by one."""
NatDependence = Literal[
    "unknown", "endpoint-independent", "address-dependent", "address-and-port-dependent"
]
"""What a NAT's mapping or its filtering depends on (RFC 4787 sections 4.1 and 5)."""


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


# --- the simulated network ----------------------------------------------------------------------


class LineState(Part, frozen=True, kw_only=True):
    """What one direction of a line does to packets; seconds, shares from 0 to 1."""

    delay: Seconds = 0.0
    jitter: Seconds = 0.0
    loss: float = 0.0
    rate: float | None = None
    """Bytes a second; None: any number."""
    cut: bool = False


class NetworkNode(Part, frozen=True, kw_only=True):
    """A host, a router or a server of a simulated network."""

    name: str
    kind: Literal["host", "router", "nat", "stun", "turn"]
    addresses: tuple[str, ...] = ()
    """IP addresses; a router's outer ones first."""
    host: str = ""
    """Of a server: the host it runs on."""
    session: str = ""
    """Of a host: the session that runs on it."""
    nat: str = ""
    """Of a NAT: its kind by the short name, where it is one of the common kinds."""
    mapping: NatDependence = "unknown"
    filtering: NatDependence = "unknown"
    passes_udp: bool = True
    """Of a router."""
    running: bool = True
    """False: a server that was stopped, a host that sleeps or is off."""


class NetworkLine(Part, frozen=True, kw_only=True):
    """What is between an interface and the link it is plugged into."""

    name: str
    """`owner.interface`, by which it can be changed."""
    node: str
    link: str
    side: Literal["", "inside", "outside"] = ""
    """Of a router's interface."""
    up: LineState = LineState()
    """From the interface into the link."""
    down: LineState = LineState()


class NatBinding(Part, frozen=True, kw_only=True):
    """A row of a NAT's mapping table."""

    protocol: Literal["udp", "tcp"] = "udp"
    inside: str
    """`ip:port`."""
    outside: str
    towards: str = ""
    """The remote it is for alone, an address or `ip:port`; empty: for all."""
    lets_in: tuple[str, ...] = ()
    """Remotes that may write to it, in the same way, the newest first; an empty one among them:
    everybody."""
    more: Count = 0
    """Remotes beyond those in `lets_in`."""
    age: Seconds = 0.0
    """Seconds since it came about."""
    ends_in: Seconds = 0.0
    """Seconds until it is forgotten, unless it is used."""


class PacketPassage(Part, frozen=True, kw_only=True):
    """A packet that enters a line, or is dropped somewhere."""

    at: Seconds
    """The stream's `t`, seconds."""
    line: str = ""
    """Where it enters; empty where a node dropped it."""
    direction: Literal["up", "down"] = "up"
    takes: Seconds = 0.0
    """Seconds until it comes out at the other end, without jitter and queueing."""
    dropped: str = ""
    """Why it goes no further (`lost`, `cut`, `filtered`, `no-mapping` …); empty: it goes on."""
    place: str = ""
    """The line and its direction, or the node, that dropped it."""
    protocol: Literal["udp", "tcp", "icmp"] = "udp"
    source: str = ""
    """`ip:port`."""
    destination: str = ""
    size: Count = 0
    """Bytes, IP header included."""
    method: str = ""
    """Of a STUN message; `ChannelData` for that; empty: something else."""
    message_class: str = ""
    carried: str = ""
    """The method of a STUN message inside a Send or Data indication or ChannelData."""


# --- events -----------------------------------------------------------------------------------


class Event(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag=kebab
):
    """Something that happened, stamped."""

    wall: Seconds
    """Unix time, seconds."""
    t: Seconds
    """Monotonic seconds since the engine started."""
    session: str = ""
    """Id of the ICE session it belongs to; empty for the engine itself."""


class EngineStarted(Event, frozen=True, kw_only=True):
    version: str
    protocol: Count = PROTOCOL
    pid: Count = 0
    python: str = ""
    aioice: str = ""


class EngineFailed(Event, frozen=True, kw_only=True):
    """The engine hit an error of its own and ends. `log`: path of the file with the details."""

    problem: str
    log: str | None = None


class SessionStarted(Event, frozen=True, kw_only=True):
    """A session exists; `ufrag` is public, the password only ever stands in a blob."""

    ufrag: str
    generation: Count = 0
    relay_only: bool = False
    servers: tuple[Server, ...] = ()
    tries_relays: bool = False
    """A `RelayTried` comes for every allocation."""


class SessionRestarted(Event, frozen=True, kw_only=True):
    """An ICE restart (RFC 8445 section 9): new credentials, to be exchanged again. The old path
    carries data until the new generation has one."""

    generation: Count
    ufrag: str
    cause: str = "user"
    """`user`, or `their restart`: the other side began it and waits for our new blob."""


class CredentialsRenewed(Event, frozen=True, kw_only=True):
    """Consent has expired, and both icetui have made the next generation's credentials of the
    present ones (RFC 7675 section 5.1, RFC 8445 section 9): nothing is to be exchanged."""

    generation: Count
    ufrag: str
    their_ufrag: str
    cause: RenewalCause


class InterfaceFound(Event, frozen=True, kw_only=True):
    interface: Interface


class GatheringStateChanged(Event, frozen=True, kw_only=True):
    state: GatheringState


class CandidateGathered(Event, frozen=True, kw_only=True):
    candidate: Candidate


class CandidateFailed(Event, frozen=True, kw_only=True):
    """An address we could not gather from: port in use, no permission to bind …"""

    address: str
    interface: str | None = None
    reason: Reason = Reason.SEND_ERROR
    detail: str = ""
    evidence: Evidence | None = None


class ServerChanged(Event, frozen=True, kw_only=True):
    server: Server


class AllocationChanged(Event, frozen=True, kw_only=True):
    """How long a TURN allocation lives: it was granted, refreshed, or a Refresh gets no answer."""

    server: str
    """URI of the server."""
    relayed: str
    """`ip:port` that it relays for us."""
    lifetime: Seconds
    """Granted last, seconds."""
    expires: Seconds
    """In the stream's `t`: when the server forgets it unless it is refreshed."""
    unanswered: Seconds | None = None
    """In the stream's `t`: when the Refresh was sent that has no answer yet; None: all have."""


class RelayTried(Event, frozen=True, kw_only=True):
    """A datagram was sent out of an allocation to ourselves, and answered into it, or not."""

    url: str
    """The TURN server's, as in `Server`."""
    relayed: str
    """`ip:port` that it lends us."""
    outcome: RelayOutcome
    peer: str | None = None
    """`ip:port` at which the socket that played the peer is seen."""
    seconds: Seconds | None = None
    """From the relay to the peer and back."""
    evidence: Evidence | None = None
    """With what its server refused."""


class MappingSeen(Event, frozen=True, kw_only=True):
    """A server said at which transport address it sees one of ours: a row of the NAT table."""

    local: str
    """Our `ip:port`, the base."""
    mapped: str
    """`ip:port` the server saw."""
    server: str
    """`ip:port` the question was sent to."""
    url: str = ""
    """URI of the server, where one was configured at that address."""
    interface: str | None = None


class NatBehaviourChanged(Event, frozen=True, kw_only=True):
    """More is known of the NAT in front of one local address; carries all that is known of it."""

    nat: NatBehaviour


class BlobChanged(Event, frozen=True, kw_only=True):
    """Our blob, to be sent to the other side. Holds the session's password: never record it."""

    blob: str
    candidates: Count = 0
    complete: bool = False
    """True once gathering is complete: nothing will be added to it."""
    resend: bool = False
    """True when a blob sent before will no longer do (an address in it has changed)."""
    nat_only: bool = False
    """True when only what it says of our NAT is new: a blob sent before serves as well."""


class DescriptionAccepted(Event, frozen=True, kw_only=True):
    """Their description was read. `new_candidates` counts what it added to what we knew."""

    ufrag: str
    kind: str = "blob"
    """`blob`, `sdp`, `json`, `base64` (of JSON), `object` (ICE parameters), `jingle` (XML),
    `candidates`."""
    new_candidates: Count = 0
    known_candidates: Count = 0
    made: Seconds | None = None
    """Unix time at which the other side made it, where the text says so."""
    sdp_type: str | None = None
    """`offer` or `answer`, where known."""
    mid: str | None = None
    """Of the media section; an answer must repeat the offer's (RFC 5888)."""
    answers: str | None = None
    """Ufrag of the description it answers, where it says so."""
    password_length: Count = 0
    """Characters; the password itself stays with the engine."""
    complete: bool = False
    """End-of-candidates was said (RFC 8838 section 14)."""
    lite: bool = False
    ice_options: tuple[str, ...] = ()
    setup: str | None = None
    """DTLS role (RFC 4145), which icetui has no use for."""
    fingerprint: str | None = None
    mapping: NatDependence = "unknown"
    """Of the NAT in front of them, as their side found it."""
    filtering: NatDependence = "unknown"
    servers: ServersSeen = "unknown"
    """What they say of the servers they ask."""
    shared_answering: tuple[str, ...] = ()
    """URIs of servers of ours that answer them over UDP."""
    shared_silent: tuple[str, ...] = ()
    """URIs of servers of ours that do not answer them over UDP."""
    media: tuple[MediaSection, ...] = ()
    """The media sections of their offer, which an answer must have too."""
    bundle: tuple[str, ...] | None = None
    """The mids that they bundle onto one transport (RFC 9143); None: no group was said."""
    warnings: tuple[str, ...] = ()


class DescriptionRefused(Event, frozen=True, kw_only=True):
    """A pasted text was not usable; `problem` is the sentence for the user."""

    problem: str
    kind: DescriptionProblem = "unreadable"


class DescriptionReplaced(Event, frozen=True, kw_only=True):
    """Before a path stood another description of theirs took the place of the one held; what is
    told of the new one follows."""

    former: str
    """Ufrag of the one that was held; `TakeFormer` takes it again."""
    current: str
    cause: Literal["newer", "user", "knock"] = "newer"
    """`newer`: it was pasted later; `user`: asked for; `knock`: its owner checks us with our
    password, the other's has not."""


class CandidatesKept(Event, frozen=True, kw_only=True):
    """Candidates came without a description they could belong to: they are kept for it."""

    candidates: Count
    ufrag: str = ""
    """Of the description that they name."""


class RemoteCandidateAdded(Event, frozen=True, kw_only=True):
    candidate: Candidate


class RoleChanged(Event, frozen=True, kw_only=True):
    role: Role
    cause: str = "ufrags"
    """`ufrags` (compared), `conflict` (repaired by RFC 8445 section 7.3.1.1), `lite`."""


class Knocked(Event, frozen=True, kw_only=True):
    """Someone holding our blob sent a correctly keyed check before we know theirs."""

    address: str
    port: Count
    ufrag: str
    count: Count = 1


class PairChanged(Event, frozen=True, kw_only=True):
    pair: Pair


class RoundTripMeasured(Event, frozen=True, kw_only=True):
    pair: str
    seconds: Seconds
    purpose: Literal["check", "nomination", "consent", "probe"] = "probe"


class RequestLost(Event, frozen=True, kw_only=True):
    """A probe or consent request on a valid pair that got no answer in time."""

    pair: str
    purpose: Literal["check", "nomination", "consent", "probe"] = "probe"
    sent: float | None = None
    """When it was sent, seconds since the engine's start."""


class SelectedPairChanged(Event, frozen=True, kw_only=True):
    """The pair that data takes. None: no path."""

    pair: str | None
    previous: str | None = None
    cause: str = ""
    """In words: `first valid pair`, `nominated by us`, `consent expired on L1-R1` …"""


class ConsentRefreshed(Event, frozen=True, kw_only=True):
    """The peer answered on the selected pair: we may send until `expires` (RFC 7675)."""

    pair: str
    expires: Seconds
    """In the stream's `t`, seconds."""


class ConnectionStateChanged(Event, frozen=True, kw_only=True):
    state: ConnectionState
    cause: str = ""


class StunMessage(Event, frozen=True, kw_only=True):
    """A STUN message on the wire, decoded."""

    direction: Literal["in", "out"]
    local: str
    """`ip:port` of our end."""
    remote: str
    method: str
    message_class: Literal["request", "indication", "response", "error"]
    transaction: str
    """Transaction id, hex."""
    size: Count = 0
    attributes: tuple[StunAttribute, ...] = ()
    pair: str | None = None
    via: str | None = None
    """URI of the TURN server it went through, None when direct."""
    transmission: Count = 1
    """1 for the first sending of a request, 2 for its first retransmission …"""
    error: str | None = None
    """`401 Unauthenticated` for an error answer."""


class Refused(Event, frozen=True, kw_only=True):
    """A datagram we refused: wrong MESSAGE-INTEGRITY, wrong USERNAME, malformed, unknown source."""

    remote: str
    local: str
    reason: Reason
    detail: str
    kind: RefusalKind = "other"
    code: Count | None = None
    """ERROR-CODE it was answered with; None: it was not answered."""
    username: str | None = None
    """USERNAME that it named, where that was why."""
    attributes: tuple[Count, ...] = ()
    """Types of attributes that it wanted us to know."""
    count: Count = 1
    """How many of this kind from this source so far."""


class TextSent(Event, frozen=True, kw_only=True):
    id: Count
    text: str
    size: Count = 0


class TextEchoed(Event, frozen=True, kw_only=True):
    """The peer's icetui said it got text `id`; `seconds` is the round trip."""

    id: Count
    seconds: Seconds


class TextReceived(Event, frozen=True, kw_only=True):
    """Data from the peer, decoded as UTF-8 with replacement and cut at `MAX_TEXT_SHOWN`."""

    text: str
    size: Count = 0
    """Bytes on the wire, before the cut."""
    framed: bool = True
    """False: not from an icetui, a bare datagram."""


class StrangersCounted(Event, frozen=True, kw_only=True):
    """Datagrams that nobody can be held to, of which there were too many to look at, answer or show
    each one. News: the next of the kind says as much."""

    kind: StrangerKind
    count: Count
    """So far, in all."""


class ChangeDamped(Event, frozen=True, kw_only=True):
    """The other side changes our role or the path too often: for now it may not."""

    kind: DampedChange
    pause: Seconds
    """Between two changes, as things are."""


class DataDropped(Event, frozen=True, kw_only=True):
    """Application data not passed on: from no valid pair's address, or more than we can hold."""

    remote: str
    cause: str
    count: Count = 1


class PeerLeft(Event, frozen=True, kw_only=True):
    """The other side said goodbye."""


class CommandRefused(Event, frozen=True, kw_only=True):
    command: str
    problem: str


class SessionClosed(Event, frozen=True, kw_only=True):
    cause: str = "user"


class Heartbeat(Event, frozen=True, kw_only=True):
    """The engine is alive: once a second, whatever else there is to tell. Not recorded."""


class EventsDropped(Event, frozen=True, kw_only=True):
    """Events were left out of the stream because they came faster than they were taken: news, of
    which there is more, before anything that decides."""

    where: Literal["engine", "reader", "recording", "output"]
    count: Count
    """So far, in all."""


class ReaderBehind(Event, frozen=True, kw_only=True):
    """Said by a reader of itself: what it shows is of the past. Not recorded."""

    seconds: Seconds
    """How long ago it was; 0: it has caught up."""


class EngineSilent(Event, frozen=True, kw_only=True):
    """Said by a reader: the engine, which had shown signs of life, has shown none for so long.
    Any other event ends the silence."""

    seconds: Seconds


class SummaryCandidate(Part, frozen=True, kw_only=True):
    type: CandidateType
    address: str
    port: Count


class SummaryPath(Part, frozen=True, kw_only=True, omit_defaults=False):
    local: SummaryCandidate
    remote: SummaryCandidate
    relayed: bool
    current_round_trip_time: Seconds | None = None


class TopologyChanged(Event, frozen=True, kw_only=True):
    """What a simulated network consists of; carries all of it."""

    nodes: tuple[NetworkNode, ...] = ()
    lines: tuple[NetworkLine, ...] = ()
    seed: Count = 0


class NatTableChanged(Event, frozen=True, kw_only=True):
    """A NAT's mapping table; carries all of it, up to a bound."""

    nat: str
    bindings: tuple[NatBinding, ...] = ()
    more: Count = 0
    """Bindings beyond the bound."""


class PacketsPassed(Event, frozen=True, kw_only=True):
    """Packets of a simulated network, told only while somebody looks."""

    passages: tuple[PacketPassage, ...] = ()
    left_out: Count = 0
    """How many more there were: only so many are told a second."""


class NetworkChanged(Event, frozen=True, kw_only=True):
    """Something was done to a simulated network."""

    what: str
    """As in a network file: `cut`, `restore`, `weather`, `rebind`, `stop`, `start` …"""
    whom: str
    """The line, router, server or host."""
    by: Literal["user", "plan"] = "user"
    """`plan`: the network's own list of changes."""
    line: LineState | None = None
    """Of `weather`: what the line does from now on."""


class PaceChanged(Event, frozen=True, kw_only=True):
    """How fast the time of a simulated network goes from this event's `t` on."""

    speed: float | None = 1.0
    """Seconds of the network in one of ours; None: as many as can be reckoned."""
    paused: bool = False


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


AnyEvent = (
    EngineStarted
    | EngineFailed
    | SessionStarted
    | SessionRestarted
    | CredentialsRenewed
    | InterfaceFound
    | GatheringStateChanged
    | CandidateGathered
    | CandidateFailed
    | ServerChanged
    | AllocationChanged
    | MappingSeen
    | RelayTried
    | NatBehaviourChanged
    | BlobChanged
    | DescriptionAccepted
    | DescriptionRefused
    | DescriptionReplaced
    | CandidatesKept
    | RemoteCandidateAdded
    | RoleChanged
    | Knocked
    | PairChanged
    | RoundTripMeasured
    | RequestLost
    | SelectedPairChanged
    | ConsentRefreshed
    | ConnectionStateChanged
    | StunMessage
    | Refused
    | TextSent
    | TextEchoed
    | TextReceived
    | DataDropped
    | PeerLeft
    | StrangersCounted
    | ChangeDamped
    | CommandRefused
    | SessionClosed
    | TopologyChanged
    | NatTableChanged
    | PacketsPassed
    | NetworkChanged
    | PaceChanged
    | Heartbeat
    | EventsDropped
    | ReaderBehind
    | EngineSilent
    | Summary
)


NEWS = (
    Heartbeat,
    StunMessage,
    Refused,
    StrangersCounted,
    DataDropped,
    Knocked,
    RoundTripMeasured,
    RequestLost,
    ConsentRefreshed,
    PacketsPassed,
)
"""Events that may be left out where there are too many: the next of the kind says as much, and no
state is told by them."""


# --- commands ---------------------------------------------------------------------------------


class Command(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="command", tag=kebab
):
    """Something a user wants of the engine."""

    session: str = ""


class StunServer(Part, frozen=True, kw_only=True):
    """A STUN server (RFC 7064)."""

    host: str
    port: Count = 3478

    @property
    def url(self) -> str:
        return f"stun:{bracketed(self.host)}:{self.port}"


class TurnServer(Part, frozen=True, kw_only=True):
    """A TURN server (RFC 7065) with long-term credentials (RFC 8489 section 9.2)."""

    host: str
    port: Count = 3478
    transport: ServerTransport = "udp"
    username: str | None = None
    password: str | None = None
    secret: str | None = None
    """Shared with the server: user names and passwords for a time are made of it."""

    @property
    def url(self) -> str:
        scheme = "turns" if self.transport == "tls" else "turn"
        return f"{scheme}:{bracketed(self.host)}:{self.port}" + (
            "?transport=tcp" if self.transport == "tcp" else ""
        )


class StartSession(Command, frozen=True, kw_only=True):
    """Open a session and gather at once."""

    stun_servers: tuple[StunServer, ...] = ()
    turn_servers: tuple[TurnServer, ...] = ()
    unusable_servers: tuple[Server, ...] = ()
    """Named beside the others and not usable; they are shown as failed, with why."""
    interfaces: tuple[str, ...] = ()
    """Only these interfaces; empty: all but loopback."""
    ipv4: bool = True
    ipv6: bool = True
    relay_only: bool = False
    port: Count = 0
    """Local UDP port of host candidates; 0: any free one."""
    pace: Seconds | None = None
    """Ta, the seconds between two checks (RFC 8445 section 14.2); None: the engine's default."""
    rto: Seconds | None = None
    """Seconds the first sending of a check waits for its answer (section 14.3); None: by the round
    trips to the servers."""
    try_relays: bool = False
    """Whether each allocation is tried once all servers have answered: a datagram out of it, and
    back."""
    strict: bool = False
    """To the letter of the RFCs, where the engine leaves them on purpose otherwise."""
    binding_lifetime: Seconds = 0.0
    """Longest time in seconds for which an unused NAT binding is watched; 0: none is."""


class Paste(Command, frozen=True, kw_only=True):
    """Text from the user that should hold the other side's description."""

    text: str


class TakeFormer(Command, frozen=True, kw_only=True):
    """Use the description again that the present one has replaced."""


class SendText(Command, frozen=True, kw_only=True):
    text: str


class Nominate(Command, frozen=True, kw_only=True):
    """Use this succeeded pair from now on."""

    pair: str


class Restart(Command, frozen=True, kw_only=True):
    """Restart ICE: a new generation with new credentials on the same sockets."""


class Leave(Command, frozen=True, kw_only=True):
    """Say goodbye, close the session within one second."""


class StartNetwork(Command, frozen=True, kw_only=True):
    """Build a simulated network and run a session on each side of it. Without a text: two homes
    behind NATs, with these differences."""

    text: str = ""
    """A network file's text."""
    alice: str = "prc"
    """The NATs in front of this side, from the LAN outwards, joined by `+`."""
    bob: str = "prc"
    stun: bool = True
    turn: bool = True
    delay: float = 0.025
    """Seconds on each home's way to the internet, in each direction."""
    loss: float = 0.0
    """Share of the packets there that are lost, in each direction."""
    seed: int | None = None
    """Of all chance; None: the file's own, and 0 without one."""
    wall: float | None = None
    """Unix time at which the network's time begins; None: as the network says."""
    speed: float | None = 1.0
    until: float | None = None
    """As in `SetPace`."""


class ChangeNetwork(Command, frozen=True, kw_only=True):
    """Do something to a simulated network, now."""

    what: Literal["cut", "restore", "weather", "rebind", "stop", "start"]
    whom: str
    """A line for the first three, a router, a server."""
    delay: float | None = None
    """Of `weather`: in each direction, seconds; None: as it is."""
    loss: float | None = None
    """Of `weather`: share; None: as it is."""


class SetPace(Command, frozen=True, kw_only=True):
    """Let a simulated network's time go at this speed, or stand still."""

    speed: float | None = 1.0
    paused: bool = False
    until: float | None = None
    """The network's time in seconds at which it stands still again; None: it goes on."""


class WatchNetwork(Command, frozen=True, kw_only=True):
    """Tell of packets and of the ages in NAT tables, or no more."""

    packets: bool = True


AnyCommand = (
    StartSession
    | Paste
    | TakeFormer
    | SendText
    | Nominate
    | Restart
    | Leave
    | StartNetwork
    | ChangeNetwork
    | SetPace
    | WatchNetwork
)

MAX_TEXT_SENT = 1200
"""Bytes of text in one message: one datagram that no path fragments."""
MAX_TEXT_SHOWN = 4096
"""Characters of a received text that travel in the stream."""


# --- to a line and back -------------------------------------------------------------------------


def bracketed(host: str) -> str:
    """An IPv6 address in brackets, anything else as it is (RFC 3986 section 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def address_port(address: str, port: int) -> str:
    """`192.0.2.1:3478` or `[2001:db8::1]:3478`."""
    return f"{bracketed(address)}:{port}"


_encoder = msgspec.json.Encoder()
_command_decoder: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)


class NotUnderstood(ValueError):
    """A line that is not what the vocabulary allows; the message is one sentence for people."""


def encode(message: Event | Command) -> bytes:
    """One JSON line, newline included."""
    return _encoder.encode(message) + b"\n"


def size(event: Event) -> int:
    """Bytes that the event takes as a line, about, without writing it."""
    match event:
        case StunMessage():
            return 300 + sum(60 + len(a.value) for a in event.attributes)
        case TextReceived() | TextSent():
            return 200 + 3 * len(event.text)
        case BlobChanged():
            return 200 + len(event.blob)
        case Refused() | DataDropped():
            return 300 + len(event.remote)
        case PacketsPassed():
            return 200 + 250 * len(event.passages)
        case NatTableChanged():
            return 200 + 200 * len(event.bindings)
    return 500


def decode_command(line: bytes | str) -> AnyCommand:
    """The command on a line.

    Raises `NotUnderstood` with a sentence when it is not one.
    """
    try:
        return _command_decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise NotUnderstood(f"not a command: {error}") from None


def schema() -> dict[str, Any]:
    """JSON Schema of everything that crosses the pipe: `events` and `commands`."""
    (events, commands), definitions = msgspec.json.schema_components(
        [AnyEvent, AnyCommand], ref_template="#/$defs/{name}"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "icetui event stream",
        "protocol": PROTOCOL,
        "events": events,
        "commands": commands,
        "$defs": definitions,
    }
