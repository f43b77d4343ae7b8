"""What the evidence of a failure says, as questions with an answer; nothing here reads a sentence.

ICMP types and codes are those of RFC 792 and RFC 1812 (destination unreachable, 3) and of RFC 4443
(destination unreachable, 1).
"""

from __future__ import annotations

import errno

from icetui.events import Evidence, Reason, Refused

UNREACHABLE = {4: 3, 6: 1}
PORT = {4: (3,), 6: (4,)}
TOO_BIG = 4, 4
"""Version and code of *fragmentation needed* (RFC 792), which says nothing of where a way leads."""
PROHIBITED = {4: (9, 10, 13), 6: (1, 5, 6)}
NOT_PERMITTED = (errno.EPERM, errno.EACCES)
NOTHING = Evidence()
DENIED = (
    Reason.FORBIDDEN,
    Reason.NO_PERMISSION,
    Reason.PEER_FAMILY_MISMATCH,
    Reason.INSUFFICIENT_CAPACITY,
)
"""Why a TURN server does not relay to a peer (RFC 8656 sections 9 and 12)."""


def _code(evidence: Evidence) -> tuple[int, int] | None:
    """Version and code of an ICMP message that says unreachable."""
    version, code = evidence.icmp_version, evidence.icmp_code
    if version is None or code is None or evidence.icmp_type != UNREACHABLE.get(version):
        return None
    return version, code


def port_unreachable(evidence: Evidence | None) -> bool:
    """Whether a machine said that nothing listens there."""
    found = _code(evidence or NOTHING)
    return found is not None and found[1] in PORT[found[0]]


def prohibited(evidence: Evidence | None) -> bool:
    """Whether a firewall said that it forbids it."""
    found = _code(evidence or NOTHING)
    return found is not None and found[1] in PROHIBITED[found[0]]


def unreachable(evidence: Evidence | None) -> bool:
    """Whether somebody said that it cannot be reached, for whatever reason."""
    return _code(evidence or NOTHING) not in (None, TOO_BIG)


def too_big(evidence: Evidence | None) -> bool:
    """Whether a router said that a message is too big for the way (IPv6: type 2 of its own)."""
    found = evidence or NOTHING
    six = found.icmp_version == 6 and found.icmp_type == 2
    return six or _code(found) == TOO_BIG


def said_by(evidence: Evidence | None) -> str:
    """IP address of whoever sent the ICMP message; empty: nobody is named."""
    return (evidence or NOTHING).router


def forbidden_here(evidence: Evidence | None) -> bool:
    """Whether this machine's own system does not let us send."""
    return (evidence or NOTHING).errno in NOT_PERMITTED


def refused(evidence: Evidence | None) -> bool:
    """Whether a connection was refused: nothing listens there."""
    return (evidence or NOTHING).errno == errno.ECONNREFUSED


def no_way_out(evidence: Evidence | None) -> bool:
    """The system knows of no way there."""
    return (evidence or NOTHING).errno == errno.ENETUNREACH


def of_the_system(evidence: Evidence | None) -> bool:
    """Whether this machine's own system said why it does not send."""
    return (evidence or NOTHING).errno is not None


def of_a_lost_allocation(evidence: Evidence | None) -> bool:
    """Whether what a pair stood on was a TURN allocation, and is no more."""
    return (evidence or NOTHING).gone == "allocation"


def unsigned(refusal: Refused) -> bool:
    """Whether an answer was not signed as theirs must be."""
    return refusal.kind in ("unsigned-answer", "wrongly-signed-answer")


def wrongly_keyed(refusal: Refused) -> bool:
    """Whether a check named us and was signed with another password."""
    return refusal.reason == Reason.UNAUTHENTICATED and refusal.kind == "wrong-password"
