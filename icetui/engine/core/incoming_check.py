"""What a request from outside is: authentic or not, in conflict or not, and how it is answered.

What belongs here: RFC 8489 section 9.1.3 and RFC 8445 section 7.3.1.1, as values. What an authentic
check means for its pair is `check_list.py`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass

from icetui.engine import stun
from icetui.engine.core.base import Address
from icetui.engine.core.request import ERROR_REASONS, software
from icetui.events import Reason, RefusalKind

COMPREHENDED = frozenset(
    {
        stun.Attribute.USERNAME,
        stun.Attribute.MESSAGE_INTEGRITY,
        stun.Attribute.MESSAGE_INTEGRITY_SHA256,
        stun.Attribute.PRIORITY,
        stun.Attribute.USE_CANDIDATE,
    }
)
"""What a check may ask us to comprehend (RFC 8445 section 16.1)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is answered with an error."""

    code: int
    phrase: str
    detail: str
    kind: RefusalKind
    username: str | None = None
    """The one that was named, where it was the wrong one."""
    unknown: tuple[int, ...] = ()
    """Attributes that we would have to know."""

    @property
    def reason(self) -> Reason:
        return ERROR_REASONS.get(self.code, Reason.BAD_REQUEST)


CONFLICT = Refusal(487, "Role Conflict", "check claims our role; we keep it", "role-conflict")


def refusal(
    request: stun.Message, ours: str, theirs: str | None, password: bytes
) -> Refusal | None:
    """Why it is not an authentic check between these two user fragments, None: it is one.

    `theirs` is None before it is known.
    """
    username = request.username
    if (
        request.method != stun.Method.BINDING
        or username is None
        or stun.Attribute.MESSAGE_INTEGRITY not in request
    ):
        detail = "request without USERNAME and MESSAGE-INTEGRITY"
        return Refusal(400, "Bad Request", detail, "no-credentials")
    if not names(username, ours, theirs):
        detail = f"check for another user fragment: {username[:64]}"
        return Refusal(401, "Unauthenticated", detail, "wrong-user-fragment", username[:64])
    if not request.signed_with(password):
        detail = "check with wrong MESSAGE-INTEGRITY: the password in it is not ours"
        return Refusal(401, "Unauthenticated", detail, "wrong-password")
    unknown = request.not_comprehended(COMPREHENDED)
    if unknown:
        numbers = ", ".join(f"0x{number:04x}" for number in unknown[:8])
        detail = f"check with attributes that we would have to know: {numbers}"
        return Refusal(420, "Unknown Attribute", detail, "unknown-attributes", unknown=unknown)
    return None


def names(username: str, ours: str, theirs: str | None) -> bool:
    """Whether a USERNAME is of these two user fragments (RFC 8445 section 7.2.2); theirs can only
    be told once it is known."""
    first, colon, second = username.partition(":")
    return colon == ":" and first == ours and theirs in (None, second)


def nomination(request: stun.Message, *, counted: bool) -> int | None:
    """Whether it nominates its pair, and the number of that, 0 where it has none; None: it does
    not. Where both sides count them USE-CANDIDATE may be left out, as libwebrtc does."""
    number = (counted and request.number(stun.Attribute.NOMINATION)) or 0
    return number if number or stun.Attribute.USE_CANDIDATE in request else None


def success(request: stun.Message, source: Address, held: float, password: bytes) -> stun.Message:
    """The answer to an authentic check that we have had for `held` seconds."""
    return (
        stun.Builder(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
        .address(stun.Attribute.XOR_MAPPED_ADDRESS, source)
        .text(stun.Attribute.SOFTWARE, software(held))
        .sign(password)
        .fingerprint()
        .finish()
    )


def error(request: stun.Message, why: Refusal, password: bytes) -> stun.Message:
    """The answer to any other. Who could not be authenticated cannot check a signature
    (RFC 8489 section 9.1.3)."""
    answer = stun.Builder(request.method, stun.Class.ERROR, request.transaction_id)
    answer.error(why.code, why.phrase)
    if why.unknown:
        answer.unknown_attributes(why.unknown)
    if why.code in (420, 487):
        answer.sign(password)
    return answer.fingerprint().finish()
