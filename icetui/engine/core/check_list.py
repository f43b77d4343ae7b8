"""The check list (RFC 8445 section 6.1.2): pairs, and the checks that are sent on them.

What belongs here: forming pairs, sending, repeating and triggering checks, trying failed pairs
again. What an answer means, and which pair is used, is `generation.py`'s business: it says what is
selected, and is told when a pair has come to the end of its sendings.

An incoming check triggers one of ours also on a pair in progress (section 7.3.1.4), and no timer
ever gives up.
"""

from __future__ import annotations

import enum

import msgspec

from icetui import events
from icetui.engine import stun
from icetui.engine.core.base import Address, Base
from icetui.engine.core.check_plan import CheckPlan
from icetui.engine.core.failure import Failure
from icetui.engine.core.figures import Figures
from icetui.engine.core.keyring import Keyring
from icetui.engine.core.outbox import Outbox, Prepare, SendStun
from icetui.engine.core.pair import AT_ONCE, NEVER, CandidatePair, State
from icetui.engine.core.pair_table import PairTable, Surroundings
from icetui.engine.core.pending import PendingRequests
from icetui.engine.core.rechecks import Rechecks
from icetui.engine.core.request import Purpose, Request, check
from icetui.engine.core.role import Role
from icetui.engine.core.timing import Timing
from icetui.engine.core.upkeep import Randomness
from icetui.events import Reason


class Turn(enum.Enum):
    """What came of a pair's turn."""

    SENT = enum.auto()
    NOTHING = enum.auto()
    """There was nothing to send."""
    TIMED_OUT = enum.auto()
    """All sendings went unanswered."""


class CheckList:
    """Of one generation."""

    def __init__(
        self,
        outbox: Outbox,
        random: Randomness,
        timing: Timing,
        surroundings: Surroundings,
        keyring: Keyring,
    ) -> None:
        self.role = Role(random.getrandbits(64), timing.stubborn)
        self.pairs = PairTable(surroundings, timing.most_pairs)
        self.figures = Figures(outbox, timing.tick)
        self.rechecks = Rechecks(timing)
        self.plan = CheckPlan(timing.pace)
        self.pending = PendingRequests()
        self._keyring = keyring
        self._outbox = outbox
        self._random = random
        self._timing = timing
        self._surroundings = surroundings

    # --- pairs ----------------------------------------------------------------------------------

    def describe(self, *, controlling: bool) -> None:
        """Our role is known, and theirs with it; checks may be sent from now on."""
        self.role.known = True
        self.role.controlling = controlling
        self.reprioritise()

    def add_base(self, base: Base) -> None:
        """Pair a new host or relayed candidate with every remote candidate."""
        self.pairs.bases.append(base)
        for remote in list(self.pairs.remotes.values()):
            self._form(base, remote)

    def add_remote(self, candidate: events.Candidate, number: str | None = None) -> bool:
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
        return True

    def name_settled(self, shown: Address, candidate: events.Candidate) -> bool:
        """One that was shown by its name has an address now, or a reason why it has none; whether
        that is one more candidate.

        What is known at that address already, be it from a check that came first, stays one
        candidate; the name then says where it leads.
        """
        remotes = self.pairs.remotes
        named = remotes.pop(shown, None)
        if named is None:
            return False
        addr = (candidate.address, candidate.port)
        if addr not in remotes:
            return self.add_remote(candidate, named.id)
        taken = self.add_remote(candidate)
        leads = f"its name stands for {events.address_port(*addr)}, which is listed by itself"
        remotes[shown] = msgspec.structs.replace(named, unsupported=leads, name_state="listed")
        self._outbox.tell(events.RemoteCandidateAdded, candidate=remotes[shown])
        return taken

    def learn(self, base: Base, source: Address, message: stun.Message, now: float) -> bool:
        """A peer-reflexive candidate of theirs (section 7.3.1.3); False: one too many."""
        number, removed = self.pairs.admit(source, base.relayed, now)
        for pair in removed:
            self.plan.forget(pair)
        if number is None:
            return False
        candidate = events.Candidate(
            id="",
            type="prflx",
            address=source[0],
            port=source[1],
            priority=message.number(stun.Attribute.PRIORITY) or 0,
            foundation=f"prflx{number}",
        )
        return self.add_remote(candidate, number)

    def reprioritise(self) -> None:
        """By all that is known of both sides now; what was planned by less is planned anew."""
        self.plan.clear()
        for pair in self.pairs:
            pair.prioritise(self.role.controlling)
            pair.unlikely = self.pairs.unlikely(pair)
            if pair.due != NEVER and not pair.valid:
                self.plan.at(pair, pair.due)

    def _form(self, base: Base, remote: events.Candidate) -> None:
        pair = self.pairs.form(base, remote, controlling=self.role.controlling)
        if pair is not None:
            self._give_way(self.pairs.make_room(pair))
            self._outbox.put(Prepare(base, pair.addr))
            self.plan.at(pair, AT_ONCE)
            self.figures.show(pair)

    def _give_way(self, pair: CandidatePair | None) -> None:
        """There are too many pairs, and this one has the lowest priority."""
        if pair is not None:
            self.plan.forget(pair)
            pair.fail(Failure(Reason.SUPERSEDED, "too many pairs, and its priority is the lowest"))
            self.figures.show(pair)

    # --- checks ---------------------------------------------------------------------------------

    def transmit(
        self,
        pair: CandidatePair,
        selected: CandidatePair | None,
        *,
        nomination: int | None,
        now: float,
    ) -> Turn:
        """The next transmission of the check of a pair whose turn it is."""
        if pair.valid:
            return Turn.NOTHING
        if pair.state == State.FAILED:
            interval = self._recheck_interval(pair, selected, now)
            if interval is None:
                return Turn.NOTHING
            pair.rechecks += 1
            request = self._build(pair, "check", nomination=nomination)
            pair.requests_sent += 1
            if pair.reason == Reason.TIMEOUT:
                pair.detail = pair.unanswered_words()
            self.plan.at(pair, now + interval)
        elif pair.attempt and pair.attempt >= len(pair.waits):
            return Turn.TIMED_OUT
        else:
            request = self._next_sending(pair, nomination=nomination, now=now)
        pair.last_check = now
        pair.first_check = now if pair.first_check is None else pair.first_check
        self.rechecks.sent(pair.remote.address, now)
        self.figures.show(pair)
        self._send(request, pair, now)
        self.plan.sent(now)
        return Turn.SENT

    def _next_sending(self, pair: CandidatePair, *, nomination: int | None, now: float) -> Request:
        """Of a check that has not failed yet: the first, or one more of the same request."""
        if pair.request is None:
            pair.request = self._build(pair, "check", nomination=nomination)
            known = pair.smoothed_round_trip or self._surroundings.server_round_trip
            pair.waits = self._timing.retransmit(known, self._checks_to_come())
            if pair.fruitless > self._timing.fruitless:
                pair.waits = pair.waits[:1]
            pair.requests_sent += 1
        else:
            pair.retransmissions_sent += 1
        pair.state = State.IN_PROGRESS
        self.plan.at(pair, now + pair.waits[pair.attempt])
        pair.attempt += 1
        return pair.request

    def _checks_to_come(self) -> int:
        """All pairs times those whose check is not over; asked for only where it counts."""
        if self._timing.doubled is None:
            return 0
        open_pairs = sum(p.state in (State.WAITING, State.IN_PROGRESS) for p in self.pairs)
        return len(self.pairs) * open_pairs

    def new_tie_breaker(self) -> None:
        """We give way after 487: the tie-breaker is another one then (section 7.2.5.1)."""
        self.role.tie_breaker = self._random.getrandbits(64)

    def trigger(self, pair: CandidatePair) -> None:
        """Check this pair anew and before all others."""
        pair.restart_checks()
        self.plan.trigger(pair)

    def triggered(self, pair: CandidatePair, now: float) -> bool:
        """A check of theirs triggers ours, also while one is in progress (section 7.3.1.4); False:
        not at once."""
        pause = self._timing.trigger_again(pair.fruitless)
        if now - pair.last_check >= pause:
            pair.fruitless += 1
            self.trigger(pair)
            return True
        if pair.state == State.IN_PROGRESS and pair.last_check + pause < pair.due:
            self.plan.at(pair, pair.last_check + pause)
        return False

    def ask(
        self, pair: CandidatePair, purpose: Purpose, *, nomination: int | None, now: float
    ) -> Request:
        """Send a request on a pair, once and beside the plan."""
        request = self._build(pair, purpose, nomination=nomination)
        pair.requests_sent += 1
        self.plan.unplanned(now)
        self._send(request, pair, now)
        return request

    def left(self, base: Base, transaction_id: bytes, at: float) -> None:
        """A request has left, a little after it was decided."""
        found = self.pending.find(base, transaction_id)
        if found is not None:
            sent = found[0].sent
            self.plan.left(sent[-1], at)
            sent[-1] = at

    def _build(self, pair: CandidatePair, purpose: Purpose, *, nomination: int | None) -> Request:
        message = check(
            self._random.randbytes(12),
            self._keyring.username,
            self._keyring.their_pwd,
            self.role,
            pair.base,
            nomination=nomination,
        )
        return Request(message, pair.addr, purpose)

    def _send(self, request: Request, pair: CandidatePair, now: float) -> None:
        self.pending.sent(request, pair, now)
        transmission = len(request.sent)
        self._outbox.put(SendStun(pair.base, pair.addr, request.message, transmission, pair.id))

    # --- failed pairs ---------------------------------------------------------------------------

    def try_again(self, pair: CandidatePair, selected: CandidatePair | None, now: float) -> None:
        """A pair has failed: it is tried again later as long as that could help."""
        self.plan.at(pair, now + (self._recheck_interval(pair, selected, now) or 0.0))

    def try_failed_again(self, selected: CandidatePair | None, now: float) -> None:
        """There is no path any more, or only a relayed one: put failed pairs back into the plan."""
        for pair in self.pairs:
            if pair.state != State.FAILED:
                continue
            interval = self._recheck_interval(pair, selected, now)
            if interval is not None and not now <= pair.due <= now + interval:
                self.plan.at(pair, now + interval)

    def _recheck_interval(
        self, pair: CandidatePair, selected: CandidatePair | None, now: float
    ) -> float | None:
        """Seconds until a failed pair is tried again, None: not while things are as they are."""
        return self.rechecks.interval(pair, selected, self.pairs, now)

    def hopeless(self, now: float) -> bool:
        """Whether every pair has failed, for now."""
        return not any(self._hopeful(pair, now) for pair in self.pairs)

    def _hopeful(self, pair: CandidatePair, now: float) -> bool:
        """Whether it has not failed yet. One that is triggered again and again has, once it was
        tried for as long as any other; one more of a storm of new ports is no news."""
        if pair.valid or pair.state == State.FAILED:
            return pair.valid
        if pair.remote.type == "prflx" and self.pairs.stormy(pair):
            return False
        tried = 0.0 if pair.first_check is None else now - pair.first_check
        return tried < self._timing.verdict or not pair.fruitless
