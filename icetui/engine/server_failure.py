"""Why a STUN or TURN server is of no use, as a value: what it said, what the network said, what the
system refused.

What belongs here: from whatever was seen to a reason, its evidence and one sentence. What must
never come in: what is done about it.
"""

from __future__ import annotations

import errno
import os

import msgspec

from icetui.engine import stun
from icetui.engine.core import Failure
from icetui.engine.net import TlsFailure, Undelivered, Unresolved
from icetui.events import AlternateRefusal, Evidence, Reason, address_port

ERROR_REASONS = {
    300: Reason.TRY_ALTERNATE,
    400: Reason.BAD_REQUEST,
    401: Reason.UNAUTHENTICATED,
    403: Reason.FORBIDDEN,
    420: Reason.UNKNOWN_ATTRIBUTES,
    437: Reason.ALLOCATION_MISMATCH,
    438: Reason.STALE_NONCE,
    440: Reason.FAMILY_UNSUPPORTED,
    441: Reason.WRONG_CREDENTIALS,
    442: Reason.TRANSPORT_UNSUPPORTED,
    443: Reason.PEER_FAMILY_MISMATCH,
    486: Reason.QUOTA,
    500: Reason.SERVER_ERROR,
    508: Reason.INSUFFICIENT_CAPACITY,
}
"""RFC 8489 section 14.8, RFC 8656 section 19."""

ALTERNATE_WORDS: dict[AlternateRefusal, str] = {
    "none-named": "it names no other server",
    "loop": "it sends us to {}, which was asked already",
    "too-many": "it sends us to {}, which would be one redirection too many",
    "other-family": "it sends us to {}, which is of the other IP family",
    "impossible": "it sends us to {}, an address that nobody can have",
}

ANSWERED = frozenset(
    (*ERROR_REASONS.values(), Reason.ERROR_ANSWER, Reason.INVALID_ANSWER, Reason.TLS)
)
"""What only a server that was reached can give as a reason."""

NO_ROUTE = Evidence(errno=errno.ENETUNREACH)
"""As the system would say if it were asked to send there."""


def error_answer(code: int, phrase: str) -> Failure:
    """It answered with an error."""
    reason = ERROR_REASONS.get(code, Reason.ERROR_ANSWER)
    return Failure(reason, f"{code} {phrase}".strip(), Evidence(code=code, phrase=phrase))


def not_followed(
    told: Failure, alternate: tuple[str, int] | None, why: AlternateRefusal
) -> Failure:
    """It answered 300, as `told` says, and who it names is not asked."""
    named = address_port(*alternate) if alternate is not None else None
    evidence = msgspec.structs.replace(
        told.evidence or Evidence(), alternate=named, alternate_refused=why
    )
    return Failure(told.reason, f"{told.detail}: {ALTERNATE_WORDS[why].format(named)}", evidence)


def unauthenticated(code: int, phrase: str, *, credentials: bool) -> Failure:
    """It answered 401. `credentials`: whether we have a user name and a password for it."""
    if credentials:
        what = "the user name or the password is wrong"
    else:
        what = "the server wants a user name and password: turn:user:password@host"
    evidence = Evidence(code=code, phrase=phrase, credentials=credentials)
    return Failure(Reason.UNAUTHENTICATED, f"{code} {phrase}: {what}", evidence)


def missing(attribute: stun.Attribute) -> Failure:
    """Its success has no such attribute."""
    name = attribute.name.replace("_", "-")
    words = f"the server's answer has no {name}"
    return Failure(Reason.INVALID_ANSWER, words, Evidence(missing=name))


def impossible_claim(claimed: tuple[str, int], why: str) -> Failure:
    """Its success says that we have an address which nobody can have."""
    return Failure(Reason.INVALID_ANSWER, why, Evidence(claimed=address_port(*claimed)))


def undelivered(error: Undelivered) -> Failure:
    """What the network says of a datagram to it."""
    if not error.version:
        evidence = Evidence(errno=error.errno)
    else:
        evidence = Evidence(
            icmp_version=error.version,
            icmp_type=error.type,
            icmp_code=error.code,
            router=error.router,
        )
    return Failure(Reason.ICMP_UNREACHABLE, str(error), evidence)


def unsent(error: OSError) -> Failure:
    """What the system says of a datagram or a connection to it."""
    words = os.strerror(error.errno) if error.errno else str(error)
    return Failure(Reason.SEND_ERROR, words, Evidence(errno=error.errno))


def tls(error: TlsFailure) -> Failure:
    """No TLS session came about."""
    return Failure(Reason.TLS, f"TLS: {error}", Evidence(tls=error.kind))


def unresolved(host: str, error: Unresolved) -> Failure:
    """Its name has no address."""
    return Failure(Reason.DNS, f"{host}: {error}", Evidence(resolver=error.kind))
