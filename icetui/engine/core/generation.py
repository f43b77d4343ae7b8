"""One generation of a session (RFC 8445 section 9): the state machine that owns its check list.

What belongs here: what happens when, and what that means for the other parts. The parts below
decide and say so by what they return: the check list when a pair has come to its end, the role who
gives way, upkeep when silence is more than loss, the path choice what is nominated. None of them
calls another, or up here.
"""

from __future__ import annotations

from icetui import events
from icetui.engine import stun
from icetui.engine.core import incoming_answer, incoming_check
from icetui.engine.core.base import Address, Base
from icetui.engine.core.check_list import CheckList, Turn
from icetui.engine.core.connection import Connection
from icetui.engine.core.damping import Restraint
from icetui.engine.core.deadlines import Deadlines
from icetui.engine.core.failure import Failure
from icetui.engine.core.keyring import Keyring
from icetui.engine.core.knockers import Knockers
from icetui.engine.core.lapse import Lapse
from icetui.engine.core.outbox import Outbox, Prove, SeenAs
from icetui.engine.core.pair import CandidatePair, State
from icetui.engine.core.pair_table import Surroundings
from icetui.engine.core.path_choice import PathChoice
from icetui.engine.core.reception import Reception
from icetui.engine.core.refusals import Refusals
from icetui.engine.core.request import Purpose, Request
from icetui.engine.core.timing import Timing
from icetui.engine.core.upkeep import Randomness, Upkeep
from icetui.events import Evidence, Reason, address_port


class Generation:
    """With credentials of its own."""

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
        self.keyring = Keyring(ufrag, pwd)
        self.ended = False
        self.renewed = False
        """Whether its credentials derive from those of the generation before."""
        self.consent_lost = False
        """No path stands any more, consent has expired on all pairs, and nothing has come of that
        yet."""
        self._lapse = Lapse(timing.consent)
        self._timing = timing
        self._outbox = outbox
        self._random = random
        self._refusals = refusals
        self.checks = CheckList(outbox, random, timing, surroundings, self.keyring)
        # These of the check list's parts are looked at from here at every turn.
        self.pairs, self.role = self.checks.pairs, self.checks.role
        self.figures = self.checks.figures
        self.connection = Connection(outbox, primary=primary)
        self.upkeep = Upkeep(outbox, timing, random, self.pairs, self.checks.rechecks)
        self.path = PathChoice(
            outbox, timing, self.pairs, self.role, self.connection, self.figures, self.upkeep
        )
        self._knockers = Knockers(outbox, timing.keep_open)
        self._restraint = Restraint(outbox)
        self._reception = Reception(
            outbox, random, refusals, self._restraint, self.keyring, self.pairs, self.role
        )
        self._just_heard = False
        self._judged_from: float | None = None
        """Until when more of their candidates may come; None: none are waited for."""
        self._upkeep_due = Deadlines()
        self._kept_path: CandidatePair | None = None
        """The path as of the latest look at what is due."""

    @property
    def described(self) -> bool:
        """Whether their description is known."""
        return self.keyring.their_ufrag is not None

    # --- candidates and credentials -------------------------------------------------------------

    def add_base(self, base: Base) -> None:
        """Pair a new host or relayed candidate with every remote candidate."""
        self.checks.add_base(base)

    def set_remote(
        self,
        ufrag: str,
        pwd: str,
        *,
        lite: bool,
        has_ours: bool,
        controlling: bool,
        renominates: bool,
        now: float,
        role_by: str = "ufrags",
    ) -> None:
        """Credentials of the other side and our role; starts the checks. `role_by` is what decided
        it."""
        self.path.described(has_ours=has_ours, renominates=renominates)
        self.keyring.describe(ufrag, pwd)
        self.checks.describe(controlling=controlling or lite)
        self._show_role("lite" if lite else role_by)
        if self.connection.state == "new":  # one that was lost stays so until a pair answers
            self.connection.become("checking", "both descriptions are known")
        for base, source, message in self._knockers.take():
            if incoming_check.names(message.username or "", self.keyring.ufrag, ufrag):
                self._authentic(base, source, message, now)
        self.checks.plan.start()
        self._judged_from = now + self._timing.trickle

    def end_of_candidates(self, now: float) -> None:
        """They have said that no more will come (RFC 8838)."""
        self._judged_from = None
        if len(self.pairs):  # of those that come by a check without being signalled none is known
            self._judge(now)

    def add_remote(
        self, candidate: events.Candidate, now: float, number: str | None = None
    ) -> bool:
        """See `CheckList.add_remote`; a better one may be waited for."""
        taken = self.checks.add_remote(candidate, number)
        if taken:
            self._nominate(self.path.reconsider(now), now)
        return taken

    def name_settled(self, shown: Address, candidate: events.Candidate, now: float) -> None:
        """See `CheckList.name_settled`."""
        if not self.ended and self.checks.name_settled(shown, candidate):
            self._nominate(self.path.reconsider(now), now)

    def base_lost(self, base: Base, now: float) -> None:
        """A base is gone: a lost TURN allocation, a closed socket."""
        if self.ended:
            return
        self.checks.pending.lost(base)
        self._knockers.lost(base)
        for pair in self.pairs.lose(base):
            self._fail(pair, _gone(base), now)
            self.checks.plan.forget(pair)

    # --- time -----------------------------------------------------------------------------------

    @property
    def _pathless(self) -> bool:
        """Whether no path stands and the other side is not known to have left."""
        return self.path.selected is None and not self.connection.gone

    def next_due(self) -> float | None:
        """When `tick` wants to be called, None: never as things are; maybe in the past."""
        if self.ended:
            return None
        dues = (
            self.checks.plan.next_due(), self.path.next_due(), self._upkeep_due.next_due(),
            self.figures.due, self._knockers.due, self._judged_from,
            self._lapse.due() if self._pathless else None,
        )  # fmt: skip
        return min((due for due in dues if due is not None), default=None)

    def tick(self, now: float) -> None:
        """Whatever is due."""
        if self.ended:
            return
        while (pair := self.checks.plan.take(now)) is not None:
            if self._check(pair, now):
                break
        self._nominate(self.path.tick(now), now)
        while (pair := self._upkeep_due.take(now)) is not None:
            if pair.valid and self.pairs.holds(pair):
                self._keep(pair, now)
                self._keep_later(pair, now)
        if self.figures.due is not None and self.figures.due <= now:
            self.figures.show_moved()
        for base, addr in self._knockers.take_due(now):
            self._reception.indicate(base, addr)
        if self._judged_from is not None and self._judged_from <= now:
            self.end_of_candidates(now)  # they will hardly come any more
        if self._pathless and self._lapse.complete(now):
            self.consent_lost = True

    def settle(self, now: float) -> None:
        """What comes of an input beyond itself."""
        if self._just_heard:
            self._just_heard = False
            self._nominate(self.path.peer_heard(now), now)
        if self.path.selected is not self._kept_path:
            self._kept_path = self.path.selected
            if self._kept_path is not None:
                self._lapse.path_stands()
                self._keep_later(self._kept_path, now)

    # --- checks ---------------------------------------------------------------------------------

    def _check(self, pair: CandidatePair, now: float) -> bool:
        """It is this pair's turn; whether a check was sent. A verdict costs no pace."""
        nomination = self.path.nomination(pair)
        turn = self.checks.transmit(pair, self.path.selected, nomination=nomination, now=now)
        if turn == Turn.TIMED_OUT:
            self._fail(pair, Failure(Reason.TIMEOUT, pair.unanswered_words()), now)
        return turn == Turn.SENT

    def _fail(self, pair: CandidatePair, failure: Failure, now: float) -> None:
        """A pair failed; it is tried again later as long as that could help."""
        was_valid = pair.valid
        pair.fail(failure)
        self.figures.show(pair)
        if was_valid:
            self._lost(pair, now)
        self._nominate(self.path.reconsider(now), now)
        self.checks.try_again(pair, self.path.selected, now)
        self._judge(now)

    def _lost(self, pair: CandidatePair, now: float) -> None:
        """A valid pair has failed or gone silent."""
        had_path = self.path.selected is not None
        self._nominate(self.path.lost(pair, now), now)
        if had_path and self.path.selected is None:
            self.checks.try_failed_again(None, now)

    def _judge(self, now: float) -> None:
        """Whether there is hope left, for now."""
        checking = self.connection.state == "checking" and self._judged_from is None
        if checking and self.checks.hopeless(now):
            self.connection.become("failed", "every pair has failed; checks go on")

    # --- requests and their answers -------------------------------------------------------------

    def _ask(self, pair: CandidatePair, purpose: Purpose, now: float) -> Request:
        """Send a request on a pair, once; it nominates where the path choice says so."""
        nomination = self.path.nomination(pair)
        return self.checks.ask(pair, purpose, nomination=nomination, now=now)

    def _nominate(self, pair: CandidatePair | None, now: float) -> None:
        """Do what the path choice wants."""
        if pair is not None:
            self._ask(pair, "nomination", now)

    def left(self, base: Base, transaction_id: bytes, at: float) -> None:
        """See `Agent.left`."""
        self.checks.left(base, transaction_id, at)

    def choose(self, pair: CandidatePair, now: float) -> str | None:
        """The user wants this pair. Returns the sentence to say when that cannot be."""
        if self.connection.gone:
            return "the other side has left; nobody would hear of it"
        if not pair.valid:
            return f"{pair.id} has not succeeded, so it cannot be used"
        if not self.role.controlling:
            return "this side is controlled; only the controlling side nominates (RFC 8445 8.1)"
        chosen = self.path.choose(pair, now)
        if chosen is None:
            return (
                "a pair is nominated already and the other side does not say that another may be: "
                "only a restart allows it (RFC 8445 8.1.1)"
            )
        self._nominate(chosen, now)
        return None

    def awaits(self, base: Base, transaction_id: bytes) -> bool:
        """Whether an answer to a request of this list could have arrived at a base."""
        return self.checks.pending.find(base, transaction_id) is not None

    def vouches_for(self, base: Base, message: stun.Message) -> bool:
        """Whether it is an answer to a request of ours, signed with their password."""
        return self.awaits(base, message.transaction_id) and self.keyring.signs_answers(message)

    def answer_received(
        self, base: Base, source: Address, answer: stun.Message, at: float, now: float
    ) -> None:
        """RFC 8445 section 7.2.5."""
        found = self.checks.pending.find(base, answer.transaction_id)
        if found is None or self.ended or not self.pairs.holds(found[1]):
            return
        request, pair = found
        problem = incoming_answer.unauthentic(answer, self.keyring.their_pwd, source == pair.addr)
        if problem is not None:
            self._refusals.refuse(base, source, Reason.UNAUTHENTICATED, *problem)
            return
        if self.keyring.signs_answers(answer):
            self.checks.pending.settle(base, answer.transaction_id)
        elif pair.state == State.FAILED:
            return  # the reason is known; one that is signed may still come
        pair.responses_received += 1
        if answer.message_class == stun.Class.ERROR:
            self._error(pair, request, answer, now)
        elif source != pair.addr:
            if not pair.valid:  # one odd answer does not undo a path; consent decides
                self._fail(pair, incoming_answer.from_elsewhere(source), now)
        else:
            self._success(pair, request, answer, at, now)

    def _error(
        self, pair: CandidatePair, request: Request, answer: stun.Message, now: float
    ) -> None:
        if answer.error_code == 487 and self._gives_way(request, now):
            if not pair.valid:
                self.checks.trigger(pair)
        elif not pair.valid:  # one odd error does not undo a path; consent decides
            self._fail(pair, incoming_answer.error(answer), now)

    def _gives_way(self, request: Request, now: float) -> bool:
        """Whether our role is another one than in a request that was answered with 487."""
        if not self.role.switches_after(request.message):
            return True
        if not self._restraint.allows("role", now):
            return False
        self.checks.new_tie_breaker()
        self._switch_role(now)
        return True

    def _success(
        self, pair: CandidatePair, request: Request, answer: stun.Message, at: float, now: float
    ) -> None:
        round_trip = pair.take_round_trip(request, answer, at)
        pair.last_heard = pair.consent_at = now
        self._lapse.answered(now)
        self._heard(now)
        self.checks.rechecks.answered(pair.remote.address)
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
            pair.smoothed_loss = max(lost, self._timing.loss_unknown)
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
        for request, pair in self.checks.pending.towards(base, to):
            if not self.pairs.holds(pair):
                continue
            if pair.valid:
                # No end of a path by itself (consent decides), but it tells why it goes silent.
                pair.detail, pair.evidence = why.detail, why.evidence
                self.figures.moved(pair, now)
            elif request.sent and pair.state != State.FAILED:
                detail = f"{why.detail} ({pair.unanswered_words()})"
                self._fail(pair, why._replace(detail=detail), now)

    # --- incoming checks ------------------------------------------------------------------------

    def request_received(
        self, base: Base, source: Address, message: stun.Message, at: float, now: float
    ) -> None:
        """Answer a request (RFC 8445 section 7.3)."""
        if self.ended:
            return
        judged = self._reception.judge(base, source, message, now)
        if judged.switches:
            self._switch_role(now)
        if judged.taken:
            self._reception.accept(base, source, message, now - at)
            self._authentic(base, source, message, now)

    def _authentic(self, base: Base, source: Address, message: stun.Message, now: float) -> None:
        """A check that is well signed and has been answered."""
        if not self.path.heard:
            self.path.heard = self._just_heard = True
        if not self.described:
            self._knockers.heard(base, source, message, now)
            return
        if source not in self.pairs.remotes and not self._learn(base, source, message, now):
            return
        pair = self.pairs.get(base, source)
        if pair is None:
            return  # beyond the limit on remote candidates
        pair.requests_received += 1
        pair.responses_sent += 1
        self.role.agreed()
        self._heard(now)
        nomination = incoming_check.nomination(message, counted=self.path.counted)
        if nomination is not None and not self.role.controlling:
            pair.remote_nominated |= not self.path.overtaken(pair, nomination, now)
        if pair.valid:
            if pair.remote_nominated and not pair.nominated and self._may_move_to(pair, now):
                pair.nominated = True
                self._nominate(self.path.nominated(pair, "nominated by the other side", now), now)
            self.upkeep.asked(pair)
            self._keep_later(pair, now)
        elif self._may_revive(pair) and self.checks.triggered(pair, now):
            self._judge(now)
        self.figures.moved(pair, now)

    def _may_revive(self, pair: CandidatePair) -> bool:
        """Whether a check of theirs may bring a pair back that has lost consent (RFC 7675 5.1)."""
        return self._timing.revives or pair.reason != Reason.CONSENT_EXPIRED

    def _may_move_to(self, pair: CandidatePair, now: float) -> bool:
        """Whether the path follows their nomination; they repeat one that they mean."""
        return pair is self.path.selected or self._restraint.allows("path", now)

    def _learn(self, base: Base, source: Address, message: stun.Message, now: float) -> bool:
        """An address of theirs that was not signalled; False: one too many."""
        learned = self.checks.learn(base, source, message, now)
        if learned:
            self._nominate(self.path.reconsider(now), now)
        return learned

    def _heard(self, now: float) -> None:
        """The other side is there: what has failed is tried again quickly from its first word on,
        as loss rather than a firewall may have been the cause."""
        rechecks = self.checks.rechecks
        if rechecks.lively_until is None:
            rechecks.lively_until = now + self._timing.lively
            self.checks.try_failed_again(self.path.selected, now)

    # --- roles ----------------------------------------------------------------------------------

    def _switch_role(self, now: float) -> None:
        """A role conflict was repaired (RFC 8445 section 7.3.1.1)."""
        self.role.controlling = not self.role.controlling
        self._show_role("conflict")
        self.checks.reprioritise()
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
        self._lapse.slept(seconds)
        for pair in self.pairs:
            if pair.consent_at is not None:
                pair.consent_at -= seconds
                self._keep_later(pair, now)

    # --- the end --------------------------------------------------------------------------------

    def peer_left(self) -> None:
        """They said goodbye: nothing is sent to them any more, and nothing counts as lost."""
        self.connection.gone = True
        self.checks.plan.stop()
        self.path.stop()
        self._upkeep_due.clear()
        self.connection.become("disconnected", "the other side has left")

    def supersede(self, by: str) -> None:
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
        self.checks.plan.stop()
        self._upkeep_due.clear()
        self.figures.forget()
        self.path.stop()


def _gone(base: Base) -> Failure:
    if base.candidate.type == "relay":
        evidence = Evidence(gone="allocation")
        return Failure(Reason.GONE, "the TURN allocation is gone", evidence)
    return Failure(Reason.GONE, "our address is gone", Evidence(gone="address"))
