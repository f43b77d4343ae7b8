"""What comes in: who sent it is authenticated, role conflicts are repaired, checks are answered.

What belongs here: RFC 8489 section 9.1.3 and RFC 8445 section 7.3.1.1, up to the answer. What an
authentic check means for its pair is `checking.py`'s business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from icetui.engine import stun
from icetui.engine.endpoint import Endpoint
from icetui.engine.net import Address
from icetui.engine.requests import ERROR_REASONS
from icetui.events import Reason

if TYPE_CHECKING:
    from icetui.engine.checking import CheckList

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


class IncomingChecks:
    """The requests that reach one check list."""

    def __init__(self, checks: CheckList) -> None:
        self._checks = checks
        self._conflict_since: float | None = None
        """Loop time since which they claim our role in spite of our 487."""

    def received(self, message: stun.Message, addr: Address, endpoint: Endpoint) -> None:
        """Answer a request; a well signed check is handed to the check list then."""
        checks = self._checks
        if checks.closing:
            return
        key = checks.local_password.encode()
        username = message.username
        if (
            message.method != stun.Method.BINDING
            or username is None
            or stun.Attribute.MESSAGE_INTEGRITY not in message
        ):
            self._refuse(message, addr, endpoint, 400, "Bad Request")
        elif not (checks.names_us(username) and message.signed_with(key)):
            self._refuse(message, addr, endpoint, 401, "Unauthenticated")
            ours, _, theirs = username.partition(":")
            observer = checks.observer
            if observer and ours == checks.local_username and message.signed_with(key):
                observer.knocked_by(theirs)
        elif message.not_comprehended(COMPREHENDED):
            self._refuse(message, addr, endpoint, 420, "Unknown Attribute")
        elif self._in_conflict(message):
            self._refuse(message, addr, endpoint, 487, "Role Conflict")
        else:
            answer = (
                stun.Builder(stun.Method.BINDING, stun.Class.RESPONSE, message.transaction_id)
                .address(stun.Attribute.XOR_MAPPED_ADDRESS, addr)
                .text(stun.Attribute.SOFTWARE, endpoint.software())
                .sign(key)
                .fingerprint()
            )
            endpoint.send_stun(answer.finish(), addr)
            checks.check_incoming(message, addr, endpoint)

    def agreed(self) -> None:
        """A check with the other role came in: there is no conflict, or no more."""
        self._conflict_since = None

    def _in_conflict(self, message: stun.Message) -> bool:
        """Whether they have to give way (RFC 8445 section 7.3.1.1); if we have to, we do."""
        checks = self._checks
        if checks.remote_password is None:
            # Without their description we have no role yet that a check could be in conflict with.
            checks.ice_controlling = stun.Attribute.ICE_CONTROLLED in message
            return False
        ours = checks.ice_controlling
        theirs = message.number(
            stun.Attribute.ICE_CONTROLLING if ours else stun.Attribute.ICE_CONTROLLED
        )
        if theirs is None:
            return False
        we_win = checks.tie_breaker >= theirs  # whoever has the greater one controls
        if we_win == ours:
            return True
        checks.switch_role(ice_controlling=we_win)
        return False

    def _refuse(
        self, request: stun.Message, addr: Address, endpoint: Endpoint, code: int, words: str
    ) -> None:
        checks = self._checks
        answer = stun.Builder(request.method, stun.Class.ERROR, request.transaction_id)
        answer.error(code, words)
        unknown = request.not_comprehended(COMPREHENDED)
        if code == 420:
            answer.unknown_attributes(unknown)
        if code in (420, 487):
            answer.sign(checks.local_password.encode())
        # Who could not be authenticated cannot check a signature (RFC 8489 section 9.1.3).
        endpoint.send_stun(answer.fingerprint().finish(), addr)
        username = request.username or ""
        if code == 401 and not checks.names_us(username):
            detail = f"check for another user fragment: {username[:64]}"
        elif code == 401:
            detail = "check with wrong MESSAGE-INTEGRITY: the password in it is not ours"
        elif code == 400:
            detail = "request without USERNAME and MESSAGE-INTEGRITY"
        elif code == 420:
            numbers = ", ".join(f"0x{number:04x}" for number in unknown[:8])
            detail = f"check with attributes that we would have to know: {numbers}"
        else:
            detail = "check claims our role; we keep it"
        checks.refuse(endpoint, addr, ERROR_REASONS.get(code, Reason.BAD_REQUEST), detail)
        if code == 487:
            self._give_way()

    def _give_way(self) -> None:
        """Some never repair a role conflict (pion). Better another role than no connection."""
        checks = self._checks
        now = checks.loop.time()
        self._conflict_since = now if self._conflict_since is None else self._conflict_since
        if now - self._conflict_since > checks.timing.stubborn:
            self._conflict_since = None
            checks.switch_role(ice_controlling=not checks.ice_controlling)
