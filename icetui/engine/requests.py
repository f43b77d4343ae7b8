"""Requests of one check list and their answers: built, sent, and what an answer says of its pair.

What belongs here: RFC 8445 sections 7.2.2 and 7.2.5. When a request is due is `plan.py`'s and
`upkeep.py`'s business, which pair is used `nomination.py`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aioice.candidate import candidate_priority

from icetui import events
from icetui.engine import stun
from icetui.engine.endpoint import Request, held
from icetui.engine.net import Address
from icetui.engine.pairs import CheckedPair, State
from icetui.events import Reason, address_port

if TYPE_CHECKING:
    from icetui.engine.checking import CheckList

Purpose = Literal["check", "nomination", "consent", "probe"]

ERROR_REASONS = {
    400: Reason.BAD_REQUEST,
    401: Reason.UNAUTHENTICATED,
    403: Reason.FORBIDDEN,
    438: Reason.STALE_NONCE,
    486: Reason.QUOTA,
    487: Reason.ROLE_CONFLICT,
}
ERROR_WORDS = {
    400: "the other side found the check malformed",
    401: "the other side does not know this user fragment or password: the blob is of another or "
    "an older session",
}


class Requests:
    """Those of one check list."""

    def __init__(self, checks: CheckList) -> None:
        self._checks = checks

    def send(self, pair: CheckedPair, purpose: Purpose) -> Request:
        """Send a signed Binding request for a pair, once."""
        request = self.build(pair, purpose)
        pair.requests_sent += 1
        pair.endpoint.ask(request)
        return request

    def build(self, pair: CheckedPair, purpose: Purpose) -> Request:
        """A signed Binding request for a pair; it nominates where the path choice says so."""
        checks = self._checks
        assert checks.remote_password is not None  # nothing is planned before set_remote
        ours = checks.ice_controlling
        role = stun.Attribute.ICE_CONTROLLING if ours else stun.Attribute.ICE_CONTROLLED
        check = (
            stun.Builder(stun.Method.BINDING, stun.Class.REQUEST, checks.net.random.randbytes(12))
            .text(stun.Attribute.USERNAME, f"{checks.remote_username}:{checks.local_username}")
            .number(stun.Attribute.PRIORITY, candidate_priority(1, "prflx"))
            .number(role, checks.tie_breaker)
        )
        if checks.path.nominates(pair):
            check.add(stun.Attribute.USE_CANDIDATE)
        message = check.sign(checks.remote_password.encode()).fingerprint().finish()

        def answered(answer: stun.Message, addr: Address, at: float) -> None:
            if checks.holds(pair):
                self._answered(pair, request, purpose, answer, addr, at)

        def refused(reason: Reason, detail: str) -> None:
            if not checks.holds(pair):
                return
            if pair.valid:
                # No end of a path by itself (consent decides), but it tells why it goes silent.
                pair.detail = detail
                checks.upkeep.changed(pair)
            elif request.sent and pair.state != State.FAILED:
                checks.fail(pair, reason, f"{detail} ({unanswered(pair)})")

        request = Request(message, pair.addr, answered, pair=pair.id, refused=refused)
        return request

    def _answered(
        self,
        pair: CheckedPair,
        request: Request,
        purpose: Purpose,
        answer: stun.Message,
        addr: Address,
        at: float,
    ) -> None:
        """RFC 8445 section 7.2.5."""
        checks = self._checks
        assert checks.remote_password is not None
        signed = answer.signed_with(checks.remote_password.encode())
        code = answer.error_code
        if answer.message_class == stun.Class.ERROR:
            # 400 and 401 come unsigned (RFC 8489 section 9.1.3): whoever could not read our
            # credentials cannot sign with them. Believed as a reason, never as an end.
            if not signed and code not in (400, 401):
                checks.refuse(pair.endpoint, addr, Reason.UNAUTHENTICATED, "unsigned error answer")
                return
            pair.endpoint.answered(answer)
            pair.responses_received += 1
            self._error(pair, request, code or 0, answer)
            return
        if not signed:
            checks.refuse(
                pair.endpoint, addr, Reason.UNAUTHENTICATED, "answer with wrong MESSAGE-INTEGRITY"
            )
            return
        pair.endpoint.answered(answer)
        pair.responses_received += 1
        if addr != pair.addr:
            checks.fail(
                pair, Reason.ADDRESS_MISMATCH, f"the answer came from {address_port(*addr)}"
            )
            return
        round_trip = _measure(pair, request, answer, at)
        pair.last_heard, pair.consent_at = checks.loop.time(), checks.net.uptime()
        checks.heard()
        checks.rechecks.answered(pair.remote.address)
        mapped = answer.address(stun.Attribute.XOR_MAPPED_ADDRESS)
        if mapped is not None:
            pair.mapped = address_port(*mapped)
            pair.endpoint.seen_as(mapped)
        pair.fruitless, pair.first_check = 0, None
        newly_valid = not pair.valid
        pair.state, pair.valid = State.SUCCEEDED, True
        pair.reason = pair.detail = None
        pair.request = None
        # An answer to a nomination that another has replaced meanwhile nominates nothing.
        asked = stun.Attribute.USE_CANDIDATE in request.message
        nominated = asked and checks.path.nominating is pair
        if nominated:
            pair.nominated = True
        checks.show(pair)
        if round_trip is not None:
            checks.stream.emit(
                events.RoundTripMeasured, pair=pair.id, seconds=round_trip, purpose=purpose
            )
        checks.upkeep.heard(pair, answer.transaction_id)
        if newly_valid:
            sent = pair.requests_sent + pair.retransmissions_sent
            lost = 1 - pair.responses_received / max(1, sent)
            pair.smoothed_loss = max(lost, checks.timing.loss_unknown)
            checks.path.became_valid(pair)
        if nominated:
            checks.path.nominated(pair, "nominated by us")

    def _error(self, pair: CheckedPair, request: Request, code: int, answer: stun.Message) -> None:
        if code == 487:
            # Repair (RFC 8445 section 7.2.5.1): take the other role than the request had.
            was_controlling = stun.Attribute.ICE_CONTROLLING in request.message
            if self._checks.ice_controlling == was_controlling:
                self._checks.switch_role(ice_controlling=not was_controlling)
            if not pair.valid:
                self._checks.trigger(pair)
            return
        words = ERROR_WORDS.get(code) or (answer.error.phrase if answer.error else "")
        detail = f"{code} {words}"
        if pair.valid:
            return  # one odd error does not undo a path; consent decides
        self._checks.fail(pair, ERROR_REASONS.get(code, Reason.BAD_REQUEST), detail)


def _measure(pair: CheckedPair, request: Request, answer: stun.Message, at: float) -> float | None:
    """Take in the round trip of an answer that came at loop time `at`, where it is known.

    What an icetui over there took to answer is not the network's and left out.
    """
    round_trip = request.round_trip(at)
    if round_trip is not None:
        round_trip -= held(answer, round_trip)
        if not pair.round_trips:
            pair.smoothed_round_trip = None  # what stood there was only a bound
        pair.measure(round_trip)
    elif pair.smoothed_round_trip is None:
        # Which sending was answered is not known; the longest it can have been keeps a slow
        # path from being taken for a silent one until there is a measurement.
        pair.smoothed_round_trip = max(0.0, at - request.sent[0])
    return round_trip


def unanswered(pair: CheckedPair) -> str:
    """The evidence of silence in words."""
    sent = pair.requests_sent + pair.retransmissions_sent
    heard = f", though {pair.requests_received} of theirs arrived" if pair.requests_received else ""
    return f"{sent} {'request' if sent == 1 else 'requests'}, no answer{heard}"
