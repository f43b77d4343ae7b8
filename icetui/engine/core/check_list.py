"""The check list of one generation: the state machine that owns its pairs, their checks, its path.

What belongs here: what happens when, and what that means for the other parts. The parts below
decide and say so by what they return: the plan whose turn it is, the role who gives way, upkeep
when silence is more than loss, the path choice what is nominated. None of them calls another
through here.

An incoming check triggers one of ours also on a pair in progress (RFC 8445 section 7.3.1.4), no
timer ever gives up, and every pair keeps its reason.
"""

from __future__ import annotations

from collections import deque

import msgspec

from icetui import events
from icetui.engine import stun
from icetui.engine.core import incoming_check
from icetui.engine.core.base import Address, Base
from icetui.engine.core.check_plan import CheckPlan
from icetui.engine.core.connection import Connection
from icetui.engine.core.deadlines import Deadlines
from icetui.engine.core.failure import Failure
from icetui.engine.core.figures import Figures
from icetui.engine.core.incoming_check import Refusal
from icetui.engine.core.knockers import Knockers
from icetui.engine.core.outbox import KnockedBy, Outbox, Prepare, Prove, SeenAs, SendStun
from icetui.engine.core.pair import AT_ONCE, NEVER, CandidatePair, State
from icetui.engine.core.pair_table import PairTable, Surroundings
from icetui.engine.core.path_choice import PathChoice
from icetui.engine.core.pending import PendingRequests
from icetui.engine.core.rechecks import Rechecks
from icetui.engine.core.refusals import Refusals
from icetui.engine.core.request import ERROR_REASONS, ERROR_WORDS, Purpose, Request, check, held
from icetui.engine.core.role import Claim, Role
from icetui.engine.core.tally import Tally
from icetui.engine.core.timing import Timing
from icetui.engine.core.upkeep import Randomness, Upkeep
from icetui.events import Evidence, Reason, address_port

MOST_EARLY_CHECKS = 100


class CheckList:
    """Checks with one peer, over all bases."""

    def __init__(
        self,
        outbox: Outbox,
        random: Randomness,
        timing: Timing,
        surroundings: Surroundings,
        refusals: Refusals,
        *,
        ufrag: str,
        pwd: str,
        primary: bool,
    ) -> None:
        self.ufrag = ufrag
        self._pwd = pwd.encode()
        self._their_ufrag: str | None = None
        self._their_pwd = b""
        self.ended = False
        self.timing = timing
        self._outbox = outbox
        self._random = random
        self._surroundings = surroundings
        self._refusals = refusals
        self.role = Role(random.getrandbits(64), timing.stubborn)
        self.connection = Connection(outbox, primary=primary)
        self.pairs = PairTable(surroundings)
        self.figures = Figures(outbox, timing.tick)
        self.rechecks = Rechecks(timing)
        self.upkeep = Upkeep(outbox, timing, random, self.pairs, self.rechecks)
        self.path = PathChoice(
            outbox, timing, self.pairs, self.role, self.connection, self.figures, self.upkeep
        )
        self._plan = CheckPlan(timing.pace)
        self._pending = PendingRequests()
        self._knocks = Tally()
        self._knockers = Knockers(timing.keep_open)
        self._early: deque[tuple[Base, Address, stun.Message]] = deque(maxlen=MOST_EARLY_CHECKS)
        """Checks that came before their description."""
        self._just_heard = False
        self._upkeep_due = Deadlines()
        self._kept_path: CandidatePair | None = None
        """The path as of the latest look at what is due."""

    @property
    def described(self) -> bool:
        """Whether their description is known."""
        return self._their_ufrag is not None

    # --- candidates and credentials -------------------------------------------------------------

    def add_base(self, base: Base, now: float) -> None:
        """Pair a new host or relayed candidate with every remote candidate."""
        self.pairs.bases.append(base)
        for remote in list(self.pairs.remotes.values()):
            self._form(base, remote)

    def set_remote(
        self, ufrag: str, pwd: str, *, lite: bool, has_ours: bool, controlling: bool, now: float
    ) -> None:
        """Credentials of the other side and our role; starts the checks."""
        self._their_ufrag, self._their_pwd = ufrag, pwd.encode()
        self.path.heard = self.path.heard or has_ours
        self.role.known = True
        self.role.controlling = controlling or lite
        self._show_role("lite" if lite else "ufrags")
        self.reprioritise()
        self.connection.become("checking", "both descriptions are known")
        self._knockers.stop()
        early, self._early = list(self._early), deque(maxlen=MOST_EARLY_CHECKS)
        for base, source, message in early:
            if incoming_check.names(message.username or "", self.ufrag, ufrag):
                self._authentic(base, source, message, now)
        self._plan.start()

    def add_remote(
        self, candidate: events.Candidate, now: float, number: str | None = None
    ) -> bool:
        """Take in one of their candidates and pair it; False when redundant or one too many.

        `number` is the id of one that is shown already.
        """
        named = self.pairs.take(candidate, number)
        if named is None:
            return False
        self._outbox.tell(events.RemoteCandidateAdded, candidate=named)
        for base in self.pairs.bases:
            pair = self.pairs.get(base, (named.address, named.port))
            if pair is None:
                self._form(base, named)
            else:
                pair.take_remote(named, self.role.controlling)
                self.pairs.place(pair)
                self.figures.show(pair)
        self.pairs.place_unsignalled()
        self._nominate(self.path.reconsider(now), now)
        return True

    def name_settled(self, shown: Address, candidate: events.Candidate, now: float) -> None:
        """One that was shown by its name has an address now, or a reason why it has none.

        What is known at that address already, be it from a check that came first, stays one
        candidate; the name then says where it leads.
        """
        remotes = self.pairs.remotes
        named = remotes.pop(shown, None)
        if named is None or self.ended:
            return
        addr = (candidate.address, candidate.port)
        if addr not in remotes:
            self.add_remote(candidate, now, named.id)
            return
        self.add_remote(candidate, now)
        leads = f"its name stands for {address_port(*addr)}, which is listed by itself"
        remotes[shown] = msgspec.structs.replace(named, unsupported=leads)
        self._outbox.tell(events.RemoteCandidateAdded, candidate=remotes[shown])

    def base_lost(self, base: Base, now: float) -> None:
        """A base is gone: a lost TURN allocation, a closed socket."""
        if self.ended:
            return
        self._pending.lost(base)
        self._knockers.lost(base)
        for pair in self.pairs.lose(base):
            self._fail(pair, Failure(Reason.SEND_ERROR, "the TURN allocation is gone"), now)
            pair.due = NEVER

    def reprioritise(self) -> None:
        """By all that is known of both sides now; what was planned by less is planned anew."""
        self._plan.clear()
        for pair in self.pairs:
            pair.prioritise(self.role.controlling)
            pair.unlikely = self.pairs.unlikely(pair)
            if pair.due != NEVER and not pair.valid:
                self._plan.at(pair, pair.due)

    def _form(self, base: Base, remote: events.Candidate) -> None:
        pair = self.pairs.form(base, remote, controlling=self.role.controlling)
        if pair is not None:
            self._outbox.put(Prepare(base, pair.addr))
            self._plan.at(pair, AT_ONCE)
            self.figures.show(pair)

    # --- time -----------------------------------------------------------------------------------

    def next_due(self) -> float | None:
        """When `tick` wants to be called, None: never as things are; maybe in the past."""
        if self.ended:
            return None
        dues = (
            self._plan.next_due(), self.path.next_due(), self._upkeep_due.next_due(),
            self.figures.due, self._knockers.due,
        )  # fmt: skip
        return min((due for due in dues if due is not None), default=None)

    def tick(self, now: float) -> None:
        """Whatever is due."""
        if self.ended:
            return
        while (pair := self._plan.take(now)) is not None:
            if self._check(pair, now):
                self._plan.sent(now)
                break
        self._nominate(self.path.tick(now), now)
        while (pair := self._upkeep_due.take(now)) is not None:
            if pair.valid and self.pairs.holds(pair):
                self._keep(pair, now)
                self._keep_later(pair, now)
        if self.figures.due is not None and self.figures.due <= now:
            self.figures.show_moved()
        for base, addr in self._knockers.take_due(now):
            self._indicate(base, addr)

    def settle(self, now: float) -> None:
        """What comes of an input beyond itself."""
        if self._just_heard:
            self._just_heard = False
            self._nominate(self.path.peer_heard(now), now)
        if self.path.selected is not self._kept_path:
            self._kept_path = self.path.selected
            if self._kept_path is not None:
                self._keep_later(self._kept_path, now)

    # --- checks ---------------------------------------------------------------------------------

    def _check(self, pair: CandidatePair, now: float) -> bool:
        """The next transmission of a pair's check; False when none is to be sent."""
        if pair.valid:
            return False
        if pair.state == State.FAILED:
            interval = self._recheck_interval(pair, now)
            if interval is None:
                return False
            pair.rechecks += 1
            request = self._build(pair, "check")
            pair.requests_sent += 1
            if pair.reason == Reason.TIMEOUT:
                pair.detail = unanswered(pair)
            self._plan.at(pair, now + interval)
        elif pair.attempt and pair.attempt >= len(pair.waits):
            self._fail(pair, Failure(Reason.TIMEOUT, unanswered(pair)), now)
            return False
        else:
            if pair.request is None:
                pair.request = self._build(pair, "check")
                known = pair.smoothed_round_trip or self._surroundings.server_round_trip
                pair.waits = self.timing.retransmit(known)
                if pair.fruitless > self.timing.fruitless:
                    pair.waits = pair.waits[:1]
                pair.requests_sent += 1
            else:
                pair.retransmissions_sent += 1
            request = pair.request
            pair.state = State.IN_PROGRESS
            self._plan.at(pair, now + pair.waits[pair.attempt])
            pair.attempt += 1
        pair.last_check = now
        pair.first_check = now if pair.first_check is None else pair.first_check
        self.rechecks.sent(pair.remote.address, now)
        self.figures.show(pair)
        self._send(request, pair, now)
        return True

    def _trigger(self, pair: CandidatePair) -> None:
        """Check this pair anew and before all others."""
        pair.restart_checks()
        self._plan.trigger(pair)

    def _recheck_interval(self, pair: CandidatePair, now: float) -> float | None:
        """Seconds until a failed pair is tried again, None: not while things are as they are."""
        return self.rechecks.interval(pair, self.path.selected, self.pairs, now)

    def _fail(self, pair: CandidatePair, failure: Failure, now: float) -> None:
        """A pair failed; it is tried again later as long as that could help."""
        was_valid = pair.valid
        pair.fail(failure)
        self.figures.show(pair)
        if was_valid:
            self._lost(pair, now)
        self._nominate(self.path.reconsider(now), now)
        self._plan.at(pair, now + (self._recheck_interval(pair, now) or 0.0))
        self._judge(now)

    def _lost(self, pair: CandidatePair, now: float) -> None:
        """A valid pair has failed or gone silent."""
        had_path = self.path.selected is not None
        self._nominate(self.path.lost(pair, now), now)
        if had_path and self.path.selected is None:
            self._recheck_failed(now)

    def _judge(self, now: float) -> None:
        """Whether there is hope left, for now."""
        checking = self.connection.state == "checking"
        if checking and not any(self._hopeful(p, now) for p in self.pairs):
            self.connection.become("failed", "every pair has failed; checks go on")

    def _hopeful(self, pair: CandidatePair, now: float) -> bool:
        """Whether it has not failed yet. One that is triggered again and again has, once it was
        tried for as long as any other; one more of a storm of new ports is no news."""
        if pair.valid or pair.state == State.FAILED:
            return pair.valid
        if pair.remote.type == "prflx" and self.pairs.unsignalled.stormy(pair.remote.address):
            return False
        tried = 0.0 if pair.first_check is None else now - pair.first_check
        return tried < self.timing.verdict or not pair.fruitless

    def _recheck_failed(self, now: float) -> None:
        """There is no path any more, or only a relayed one: put failed pairs back into the plan."""
        for pair in self.pairs:
            if pair.state != State.FAILED:
                continue
            interval = self._recheck_interval(pair, now)
            if interval is not None and not now <= pair.due <= now + interval:
                self._plan.at(pair, now + interval)

    # --- requests and their answers -------------------------------------------------------------

    def _build(self, pair: CandidatePair, purpose: Purpose) -> Request:
        """A signed Binding request for a pair; it nominates where the path choice says so."""
        message = check(
            self._random.randbytes(12),
            f"{self._their_ufrag}:{self.ufrag}",
            self._their_pwd,
            self.role,
            nominates=self.path.nominates(pair),
        )
        return Request(message, pair.addr, purpose)

    def _ask(self, pair: CandidatePair, purpose: Purpose, now: float) -> Request:
        """Send a request on a pair, once."""
        request = self._build(pair, purpose)
        pair.requests_sent += 1
        self._plan.unplanned(now)
        self._send(request, pair, now)
        return request

    def _send(self, request: Request, pair: CandidatePair, now: float) -> None:
        self._pending.sent(request, pair, now)
        transmission = len(request.sent)
        self._outbox.put(SendStun(pair.base, pair.addr, request.message, transmission, pair.id))

    def _nominate(self, pair: CandidatePair | None, now: float) -> None:
        """Do what the path choice wants."""
        if pair is not None:
            self._ask(pair, "nomination", now)

    def left(self, base: Base, transaction_id: bytes, at: float) -> None:
        """A request has left, a little after it was decided."""
        found = self._pending.find(base, transaction_id)
        if found is not None:
            sent = found[0].sent
            self._plan.left(sent[-1], at)
            sent[-1] = at

    def choose(self, pair: CandidatePair, now: float) -> str | None:
        """The user wants this pair. Returns the sentence to say when that cannot be."""
        if not pair.valid:
            return f"{pair.id} has not succeeded, so it cannot be used"
        if not self.role.controlling:
            return "this side is controlled; only the controlling side nominates (RFC 8445 8.1)"
        self._nominate(self.path.choose(pair, now), now)
        return None

    def awaits(self, base: Base, transaction_id: bytes) -> bool:
        """Whether an answer to a request of this list could have arrived at a base."""
        return self._pending.find(base, transaction_id) is not None

    def answer_received(
        self, base: Base, source: Address, answer: stun.Message, at: float, now: float
    ) -> None:
        """RFC 8445 section 7.2.5."""
        found = self._pending.find(base, answer.transaction_id)
        if found is None or self.ended or not self.pairs.holds(found[1]):
            return
        request, pair = found
        signed = answer.signed_with(self._their_pwd)
        code = answer.error_code
        if answer.message_class == stun.Class.ERROR:
            # 400 and 401 come unsigned (RFC 8489 section 9.1.3): whoever could not read our
            # credentials cannot sign with them. Believed as a reason, never as an end.
            if not signed and code not in (400, 401):
                reason = Reason.UNAUTHENTICATED
                detail = "unsigned error answer"
                self._refusals.refuse(base, source, reason, detail, "unsigned-answer", code=code)
                return
        elif not signed:
            detail = "answer with wrong MESSAGE-INTEGRITY"
            reason = Reason.UNAUTHENTICATED
            self._refusals.refuse(base, source, reason, detail, "wrongly-signed-answer")
            return
        self._pending.settle(base, answer.transaction_id)
        pair.responses_received += 1
        if answer.message_class == stun.Class.ERROR:
            self._error(pair, request, answer, now)
        elif source != pair.addr:
            # Section 7.2.5.2.1: an answer that takes another way is none.
            detail = f"the answer came from {address_port(*source)}"
            evidence = Evidence(answered_from=address_port(*source))
            self._fail(pair, Failure(Reason.ADDRESS_MISMATCH, detail, evidence), now)
        else:
            self._success(pair, request, answer, at, now)

    def _error(
        self, pair: CandidatePair, request: Request, answer: stun.Message, now: float
    ) -> None:
        code = answer.error_code or 0
        if code == 487:
            if self.role.switches_after(request.message):
                self._switch_role(now)
            if not pair.valid:
                self._trigger(pair)
            return
        if pair.valid:
            return  # one odd error does not undo a path; consent decides
        phrase = answer.error.phrase if answer.error else ""
        reason = ERROR_REASONS.get(code, Reason.BAD_REQUEST)
        detail = f"{code} {ERROR_WORDS.get(code) or phrase}"
        self._fail(pair, Failure(reason, detail, Evidence(code=code, phrase=phrase)), now)

    def _success(
        self, pair: CandidatePair, request: Request, answer: stun.Message, at: float, now: float
    ) -> None:
        round_trip = _measure(pair, request, answer, at)
        pair.last_heard = pair.consent_at = now
        self._heard(now)
        self.rechecks.answered(pair.remote.address)
        mapped = answer.address(stun.Attribute.XOR_MAPPED_ADDRESS)
        if mapped is not None:
            pair.mapped = address_port(*mapped)
            self._outbox.put(SeenAs(pair.base, mapped))
        newly_valid = not pair.valid
        pair.succeed()
        nominated = request.nominates and self.path.is_nominating(pair)
        if nominated:
            pair.nominated = True
        self.figures.show(pair)
        if round_trip is not None:
            self._outbox.tell(
                events.RoundTripMeasured, pair=pair.id, seconds=round_trip, purpose=request.purpose
            )
        self._answers(pair, answer.transaction_id, now)
        if newly_valid:
            sent = pair.requests_sent + pair.retransmissions_sent
            lost = 1 - pair.responses_received / max(1, sent)
            pair.smoothed_loss = max(lost, self.timing.loss_unknown)
            self._nominate(self.path.became_valid(pair, now), now)
        if nominated:
            self._nominate(self.path.nominated(pair, "nominated by us", now), now)

    def _answers(self, pair: CandidatePair, transaction: bytes, now: float) -> None:
        """A valid pair has answered: what that says of silence and consent."""
        selected = self.path.selected
        was_silent = self.upkeep.answered(pair, transaction, selected, now)
        if pair is selected:
            self.upkeep.consented(pair)
            if self.connection.state == "disconnected" and not self.connection.gone:
                self.connection.become("connected", "the path answers again")
        if was_silent or (selected is not None and selected.silent):
            self.path.revived(pair, now)
        self._keep_later(pair, now)

    def undelivered(self, base: Base, to: Address, why: Failure, now: float) -> None:
        """The network, the system or a TURN server says that `to` cannot be reached from there."""
        if self.ended:
            return
        for request, pair in self._pending.towards(base, to):
            if not self.pairs.holds(pair):
                continue
            if pair.valid:
                # No end of a path by itself (consent decides), but it tells why it goes silent.
                pair.detail, pair.evidence = why.detail, why.evidence
                self.figures.moved(pair, now)
            elif request.sent and pair.state != State.FAILED:
                self._fail(pair, why._replace(detail=f"{why.detail} ({unanswered(pair)})"), now)

    # --- incoming checks ------------------------------------------------------------------------

    def request_received(
        self, base: Base, source: Address, message: stun.Message, at: float, now: float
    ) -> None:
        """Answer a request (RFC 8445 section 7.3)."""
        if self.ended:
            return
        refusal = incoming_check.refusal(message, self.ufrag, self._their_ufrag, self._pwd)
        if refusal is not None:
            self._refuse(base, source, message, refusal)
            if refusal.code == 401 and (theirs := self._knocker(message)) is not None:
                self._outbox.put(KnockedBy(theirs))
            return
        claim = self.role.claimed(message)
        if claim == Claim.WE_STAY:
            self._refuse(base, source, message, incoming_check.CONFLICT)
            if self.role.insists(now):
                self._switch_role(now)
            return
        if claim == Claim.WE_SWITCH:
            self._switch_role(now)
        answer = incoming_check.success(message, source, now - at, self._pwd)
        self._answer(base, source, answer)
        self._authentic(base, source, message, now)

    def _knocker(self, message: stun.Message) -> str | None:
        """The user fragment of a check that is keyed with our password, whoever sent it."""
        ours, _, theirs = (message.username or "").partition(":")
        return theirs if ours == self.ufrag and message.signed_with(self._pwd) else None

    def _refuse(self, base: Base, source: Address, message: stun.Message, why: Refusal) -> None:
        self._answer(base, source, incoming_check.error(message, why, self._pwd))
        self._refusals.refuse(
            base, source, why.reason, why.detail, why.kind,
            code=why.code, username=why.username, attributes=why.unknown,
        )  # fmt: skip

    def _answer(self, base: Base, to: Address, answer: stun.Message) -> None:
        pair = self.pairs.get(base, to)
        self._outbox.put(SendStun(base, to, answer, pair=pair.id if pair else None))

    def _authentic(self, base: Base, source: Address, message: stun.Message, now: float) -> None:
        """A check that is well signed and has been answered."""
        if not self.path.heard:
            self.path.heard = self._just_heard = True
        if not self.described:
            self._early.append((base, source, message))
            self._knock(source, message)
            self._knockers.heard(base, source, now)
            return
        if source not in self.pairs.remotes and not self._learn(source, message, now):
            return
        pair = self.pairs.get(base, source)
        if pair is None:
            return  # beyond the limit on remote candidates
        pair.requests_received += 1
        pair.responses_sent += 1
        self.role.agreed()
        self._heard(now)
        if stun.Attribute.USE_CANDIDATE in message and not self.role.controlling:
            pair.remote_nominated = True
        if pair.valid:
            if pair.remote_nominated and not pair.nominated:
                pair.nominated = True
                self._nominate(self.path.nominated(pair, "nominated by the other side", now), now)
            self.upkeep.asked(pair)
            self._keep_later(pair, now)
        else:
            self._triggered(pair, now)
        self.figures.moved(pair, now)

    def _learn(self, source: Address, message: stun.Message, now: float) -> bool:
        """A peer-reflexive candidate of theirs (section 7.3.1.3); False: one too many."""
        number, removed = self.pairs.admit(source, now)
        for pair in removed:
            self._plan.forget(pair)
        if number is None:
            return False
        self.add_remote(
            events.Candidate(
                id="",
                type="prflx",
                address=source[0],
                port=source[1],
                priority=message.number(stun.Attribute.PRIORITY) or 0,
                foundation=f"prflx{number}",
            ),
            now,
            number,
        )
        return True

    def _triggered(self, pair: CandidatePair, now: float) -> None:
        """A check of theirs triggers ours, also while one is in progress (RFC 8445 7.3.1.4)."""
        pause = self.timing.trigger_again(pair.fruitless)
        if now - pair.last_check >= pause:
            pair.fruitless += 1
            self._trigger(pair)
            self._judge(now)
        elif pair.state == State.IN_PROGRESS and pair.last_check + pause < pair.due:
            self._plan.at(pair, pair.last_check + pause)

    def _heard(self, now: float) -> None:
        """The other side is there: what has failed is tried again quickly from its first word on,
        as loss rather than a firewall may have been the cause."""
        if self.rechecks.lively_until is None:
            self.rechecks.lively_until = now + self.timing.lively
            self._recheck_failed(now)

    def _knock(self, source: Address, message: stun.Message) -> None:
        """Someone who has our blob is there before we have theirs."""
        count = self._knocks.add(source)
        if count is not None:
            _, _, ufrag = (message.username or "").partition(":")
            self._outbox.tell(
                events.Knocked, address=source[0], port=source[1], ufrag=ufrag[:256], count=count
            )

    def _indicate(self, base: Base, to: Address) -> None:
        indication = stun.Builder(
            stun.Method.BINDING, stun.Class.INDICATION, self._random.randbytes(12)
        )
        self._answer(base, to, indication.fingerprint().finish())

    # --- roles ----------------------------------------------------------------------------------

    def _switch_role(self, now: float) -> None:
        """A role conflict was repaired (RFC 8445 section 7.3.1.1)."""
        self.role.controlling = not self.role.controlling
        self._show_role("conflict")
        self.reprioritise()
        self._nominate(self.path.reconsider(now), now)

    def _show_role(self, cause: str) -> None:
        role = "controlling" if self.role.controlling else "controlled"
        self._outbox.tell(events.RoleChanged, role=role, cause=cause)

    # --- valid pairs ----------------------------------------------------------------------------

    def _keep_later(self, pair: CandidatePair, now: float) -> None:
        """Look at it again when that is due."""
        if pair.valid and not self.connection.gone:
            self._upkeep_due.set(pair, self.upkeep.due(pair, now))

    def _keep(self, pair: CandidatePair, now: float) -> None:
        """Its time has come: it is probed, or its silence has become too long."""
        upkeep, selected = self.upkeep, self.path.selected
        upkeep.hurry(pair, now)
        upkeep.lose(pair, now)
        if now >= pair.next_probe:
            if pair is selected and pair.hurried:
                self._ask_others(now)
            request = self._ask(pair, "consent" if pair is selected else "probe", now)
            upkeep.probed(pair, request.message.transaction_id, selected, now)
            self.figures.moved(pair, now)
        silence = upkeep.expired(pair, now)
        if silence is not None:
            detail = f"no answer for {silence:.0f} s (RFC 7675)"
            evidence = Evidence(silence=round(silence, 6))
            self._fail(pair, Failure(Reason.CONSENT_EXPIRED, detail, evidence), now)
        elif upkeep.went_silent(pair, now):
            self._silent(pair, now)

    def _ask_others(self, now: float) -> None:
        """The path owes an answer: who could take its place is asked at the same time."""
        for other in self.pairs.valid():
            if other.unanswered_since is None:
                other.next_probe = min(other.next_probe, now)
                self._keep_later(other, now)

    def _silent(self, pair: CandidatePair, now: float) -> None:
        """RFC 7675 keeps the path for 30 s; the user hears of it, and another path is taken."""
        pair.silent = True
        self._outbox.put(Prove(pair.base))
        self._lost(pair, now)
        if pair is self.path.selected:
            waited = self.upkeep.unanswered(pair, now)
            self.connection.become("disconnected", f"{pair.id} has not answered for {waited:.1f} s")

    def slept(self, seconds: float, now: float) -> None:
        """See `Agent.slept`."""
        for pair in self.pairs:
            if pair.consent_at is not None:
                pair.consent_at -= seconds
                self._keep_later(pair, now)

    # --- data -----------------------------------------------------------------------------------

    def data_sent(self, pair: CandidatePair, size: int, now: float) -> None:
        pair.packets_sent += 1
        pair.bytes_sent += size
        self.figures.moved(pair, now)

    def data_received(self, pair: CandidatePair, size: int, now: float) -> None:
        pair.packets_received += 1
        pair.bytes_received += size
        self.figures.moved(pair, now)

    # --- the end --------------------------------------------------------------------------------

    def peer_left(self) -> None:
        """They said goodbye: nothing is sent to them any more, and nothing counts as lost."""
        self.connection.gone = True
        self._plan.stop()
        self._upkeep_due.clear()
        self.connection.become("disconnected", "the other side has left")

    def supersede(self, by: str = "an ICE restart") -> None:
        """Another check list has taken over: this one ends, its pairs say why."""
        self.stop()
        for pair in self.pairs:
            before = f"; before that it failed: {pair.reason}" if pair.reason else ""
            pair.fail(Failure(Reason.SUPERSEDED, f"{by} replaced it{before}", pair.evidence))
            self.figures.show(pair)

    def stop(self) -> None:
        """No more checks; bases are the shell's to close."""
        self.ended = True
        self._knockers.stop()
        self._plan.stop()
        self._upkeep_due.clear()
        self.figures.forget()
        self.path.stop()


def _measure(
    pair: CandidatePair, request: Request, answer: stun.Message, at: float
) -> float | None:
    """Take in the round trip of an answer that came at `at`, where it is known.

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


def unanswered(pair: CandidatePair) -> str:
    """The evidence of silence in words."""
    sent = pair.requests_sent + pair.retransmissions_sent
    heard = f", though {pair.requests_received} of theirs arrived" if pair.requests_received else ""
    return f"{sent} {'request' if sent == 1 else 'requests'}, no answer{heard}"
