"""Binding requests of ours between two agents: how one is built, and what its answer says of time.

What belongs here: RFC 8445 section 7.1 and the round trip. When one is sent is `check_plan.py`'s
and `upkeep.py`'s business, what its answer means `check_list.py`'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from icetui import __version__
from icetui.engine import stun
from icetui.engine.core.base import Address, Base
from icetui.engine.core.role import Role
from icetui.events import Reason

Purpose = Literal["check", "nomination", "consent", "probe"]

PRFLX = 110
"""Type preference of peer-reflexive candidates (RFC 8445 section 5.1.2.1)."""
HELD = re.compile(r"icetui [0-9.]{1,16} \(held ([0-9]{1,7}) us\)")

ERROR_REASONS = {
    300: Reason.TRY_ALTERNATE,
    400: Reason.BAD_REQUEST,
    401: Reason.UNAUTHENTICATED,
    403: Reason.FORBIDDEN,
    438: Reason.STALE_NONCE,
    486: Reason.QUOTA,
    420: Reason.UNKNOWN_ATTRIBUTES,
    487: Reason.ROLE_CONFLICT,
    500: Reason.SERVER_ERROR,
}
ERROR_WORDS = {
    400: "the other side found the check malformed",
    401: "the other side does not know this user fragment or password: the blob is of another or "
    "an older session",
}


@dataclass(slots=True, eq=False)
class Request:
    """A request on its way. It may be sent more than once (retransmission, same transaction id)."""

    message: stun.Message
    to: Address
    purpose: Purpose
    sent: list[float] = field(default_factory=list)

    @property
    def nominates(self) -> bool:
        return stun.Attribute.USE_CANDIDATE in self.message

    def round_trip(self, at: float) -> float | None:
        """Seconds, or None when a retransmission makes it ambiguous (Karn's algorithm)."""
        return max(0.0, at - self.sent[0]) if len(self.sent) == 1 else None


def check(
    transaction_id: bytes,
    username: str,
    password: bytes,
    role: Role,
    base: Base,
    *,
    nomination: int | None = None,
) -> stun.Message:
    """A signed Binding request from a base; `username` is "theirs:ours".

    PRIORITY is what the base would have as a peer-reflexive candidate (section 7.1.1). `nomination`
    is None where it does not nominate, else its number, 0 where they count none (see
    `PathChoice.nomination`).
    """
    priority = PRFLX << 24 | (base.candidate.priority & 0xFFFFFF)
    builder = (
        stun.Builder(stun.Method.BINDING, stun.Class.REQUEST, transaction_id)
        .text(stun.Attribute.USERNAME, username)
        .number(stun.Attribute.PRIORITY, priority)
        .number(role.attribute, role.tie_breaker)
    )
    if nomination is not None:
        builder.add(stun.Attribute.USE_CANDIDATE)
    if nomination:
        builder.number(stun.Attribute.NOMINATION, nomination)
    return builder.sign(password).fingerprint().finish()


def software(held: float) -> str:
    """SOFTWARE of an answer, which is for diagnosis (RFC 8489 section 14.14): how long we had the
    request, so that our lateness does not count as the network's. `held` in seconds."""
    return f"icetui {__version__} (held {max(0, round(held * 1e6))} us)"


def held(answer: stun.Message, at_most: float) -> float:
    """Seconds for which an icetui says it had the request; 0 from others, or beyond belief."""
    said = HELD.fullmatch(answer.text(stun.Attribute.SOFTWARE) or "")
    seconds = int(said[1]) / 1e6 if said else 0.0
    return seconds if seconds <= at_most else 0.0
