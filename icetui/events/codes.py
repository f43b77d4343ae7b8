"""Codes and figures of the vocabulary: why something failed, in what state it is."""

from __future__ import annotations

import enum
import re
from typing import Annotated, Literal

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
PathOccasion = Literal[
    "first-valid", "better", "nominated", "silent", "lost", "answers-again", "new-generation"
]  # fmt: skip
"""Why data takes another pair, or none any more: a pair has succeeded first, or one that is better;
it was nominated; the one before went silent, or failed with no other left; it answers again; other
credentials have a path (an ICE restart, or renewed ones)."""
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
