"""A candidate pair under check: its figures, and how one is shown.

What belongs here: the state of one pair and its numbers. When it is checked is `check_list.py`'s
business, when a silence is one `upkeep.py`'s.
"""

from __future__ import annotations

import enum
import math

from icetui import events
from icetui.engine import stun
from icetui.engine.core.base import Address, Base
from icetui.engine.core.failure import Failure
from icetui.engine.core.request import Request, held
from icetui.events import Evidence, PairState, Reason

AT_ONCE, NEVER = -math.inf, math.inf
"""Times: before anything that has a time, and after it."""


class State(enum.Enum):
    """RFC 8445 section 6.1.2.6."""

    FROZEN = enum.auto()
    WAITING = enum.auto()
    IN_PROGRESS = enum.auto()
    SUCCEEDED = enum.auto()
    FAILED = enum.auto()


STATE_WORDS: dict[State, PairState] = {
    State.FROZEN: "frozen",
    State.WAITING: "waiting",
    State.IN_PROGRESS: "in-progress",
    State.SUCCEEDED: "succeeded",
    State.FAILED: "failed",
}


class CandidatePair:
    """A pair with the figures of W3C webrtc-stats and the reason when it fails."""

    def __init__(self, base: Base, remote: events.Candidate, controlling: bool) -> None:
        self.base = base
        self.remote = remote
        self.id = f"{base.candidate.id}-{remote.id}"
        self.state = State.WAITING
        self.priority = 0
        self.prioritise(controlling)
        self.valid = False
        self.nominated = False
        self.remote_nominated = False
        self.replaced_at = -math.inf
        """When the nomination of another pair replaced its own."""
        self.of_known_host = True
        """Their description names this IP address. A check from elsewhere may come through a relay
        that is not signalled yet, and says priority as if it were direct (RFC 8445 7.1.1)."""
        self.behind_relay = False
        """The remote address lies on a TURN server, whatever type it was learned as."""
        self.mapped: str | None = None
        self.reason: Reason | None = None
        self.detail: str | None = None
        self.evidence: Evidence | None = None
        self.triggered = False

        self.requests_sent = 0
        self.responses_received = 0
        self.requests_received = 0
        self.responses_sent = 0
        self.retransmissions_sent = 0
        self.consent_requests_sent = 0
        self.current_round_trip_time: float | None = None
        self.total_round_trip_time = 0.0
        self.round_trips = 0
        self.packets_sent = 0
        self.packets_received = 0
        self.bytes_sent = 0
        self.bytes_received = 0

        # The check plan: which transmission comes next and when.
        self.request: Request | None = None
        self.attempt = 0
        self.waits: tuple[float, ...] = ()
        self.rechecks = 0
        self.due = NEVER
        self.fruitless = 0
        """How often a check of theirs has triggered ours since the latest answer."""
        self.first_check: float | None = None
        """Time of the first check since the latest answer."""
        self.unlikely = 0
        self.last_check = -math.inf
        # Upkeep: when to probe next, when it was last heard.
        self.next_probe = AT_ONCE
        self.last_heard: float | None = None
        self.consent_at: float | None = None
        """When consent began to run out: at the last answer, or earlier by as long as the machine
        has slept since."""
        self.silent = False
        self.probes_in_silence = 0
        self.hurried = False
        """An answer is overdue, and the next request comes sooner for that."""
        self.last_probe = -math.inf
        self.unanswered_since: float | None = None
        self.revived_at = -math.inf
        self.smoothed_round_trip: float | None = None
        self.smoothed_loss = 0.0
        """What share of the requests gets no answer, as far as others have been answered since:
        in a silence there is nothing to tell loss by."""
        self.loss_samples = 0
        self.loss_counted_until = -math.inf
        self.open_probes: dict[bytes, float] = {}

    def prioritise(self, controlling: bool) -> None:
        """Pair priority from both candidates' (RFC 8445 section 6.1.2.3)."""
        ours, theirs = self.base.candidate.priority, self.remote.priority
        g, d = (ours, theirs) if controlling else (theirs, ours)
        self.priority = (min(g, d) << 32) + 2 * max(g, d) + (g > d)

    def take_remote(self, remote: events.Candidate, controlling: bool) -> None:
        """The remote candidate is now known better than before, at the same address."""
        self.remote = remote
        self.prioritise(controlling)

    def restart_checks(self) -> None:
        """A check of theirs came, or a conflict is repaired: as if it had never been checked."""
        self.triggered = True
        self.attempt = 0
        self.request = None
        self.rechecks = 0
        self.reason = self.detail = self.evidence = None
        self.state = State.WAITING

    def succeed(self) -> None:
        """A check was answered."""
        self.fruitless, self.first_check = 0, None
        self.state, self.valid = State.SUCCEEDED, True
        self.reason = self.detail = self.evidence = None
        self.request = None

    def fail(self, failure: Failure) -> None:
        """It does not work, or not any more."""
        self.state = State.FAILED
        self.valid = self.nominated = self.remote_nominated = False
        self.reason, self.detail, self.evidence = failure
        self.request = None
        self.open_probes.clear()
        self.unanswered_since = None
        self.hurried = False

    @property
    def relayed(self) -> bool:
        """Whether a TURN server carries it at either end."""
        return self.relays > 0

    @property
    def addr(self) -> Address:
        return (self.remote.address, self.remote.port)

    def count_sent(self, size: int) -> None:
        """A datagram of data has left."""
        self.packets_sent += 1
        self.bytes_sent += size

    def count_received(self, size: int) -> None:
        """A datagram of data has come."""
        self.packets_received += 1
        self.bytes_received += size

    def measure(self, seconds: float) -> None:
        """Take in a round trip time (RFC 6298's smoothing, 1/8)."""
        self.current_round_trip_time = seconds
        self.total_round_trip_time += seconds
        self.round_trips += 1
        before = self.smoothed_round_trip
        self.smoothed_round_trip = seconds if before is None else before + (seconds - before) / 8

    def take_round_trip(self, request: Request, answer: stun.Message, at: float) -> float | None:
        """Take in the round trip of an answer that came at `at`, where it is known.

        What an icetui over there took to answer is not the network's and left out.
        """
        round_trip = request.round_trip(at)
        if round_trip is not None:
            round_trip -= held(answer, round_trip)
            if not self.round_trips:
                self.smoothed_round_trip = None  # what stood there was only a bound
            self.measure(round_trip)
        elif self.smoothed_round_trip is None:
            # Which sending was answered is not known; the longest it can have been keeps a slow
            # path from being taken for a silent one until there is a measurement.
            self.smoothed_round_trip = max(0.0, at - request.sent[0])
        return round_trip

    def unanswered_words(self) -> str:
        """The evidence of silence in words."""
        sent = self.requests_sent + self.retransmissions_sent
        theirs = self.requests_received
        heard = f", though {theirs} of theirs arrived" if theirs else ""
        return f"{sent} {'request' if sent == 1 else 'requests'}, no answer{heard}"

    def count_loss(self, answered: bytes) -> None:
        """A request was answered; those before it that were not are lost."""
        sent = self.open_probes.pop(answered, None)
        if sent is None:
            return
        for earlier in self.open_probes.values():
            if self.loss_counted_until < earlier < sent:
                self._take_loss(1.0)
        self.loss_counted_until = max(self.loss_counted_until, sent)
        self._take_loss(0.0)

    def _take_loss(self, lost: float) -> None:
        """Smoothed over twice as many as the round trip, as an estimate that is too low takes loss
        for silence; what was assumed at first counts as much as two."""
        self.loss_samples += 1
        self.smoothed_loss += (lost - self.smoothed_loss) / min(16, self.loss_samples + 2)

    @property
    def relays(self) -> int:
        """How many TURN servers carry it."""
        return int(self.base.relayed) + int(self.behind_relay or self.remote.type == "relay")

    def prefer(self) -> tuple[int, bool, int]:
        """Greater is better: direct before relayed, one relay before two, known before learned by
        a check from who knows where, then RFC 8445's pair priority."""
        return (-self.relays, self.of_known_host, self.priority)

    def snapshot(self) -> events.Pair:
        """The pair as an event carries it."""
        return events.Pair(
            id=self.id,
            local=self.base.candidate.id,
            remote=self.remote.id,
            priority=self.priority,
            state=STATE_WORDS[self.state],
            nominated=self.nominated,
            valid=self.valid,
            mapped=self.mapped,
            reason=self.reason,
            detail=self.detail,
            evidence=self.evidence,
            relayed=self.relayed,
            triggered=self.triggered,
            requests_sent=self.requests_sent,
            responses_received=self.responses_received,
            requests_received=self.requests_received,
            responses_sent=self.responses_sent,
            retransmissions_sent=self.retransmissions_sent,
            consent_requests_sent=self.consent_requests_sent,
            current_round_trip_time=self.current_round_trip_time,
            total_round_trip_time=self.total_round_trip_time,
            round_trips=self.round_trips,
            packets_sent=self.packets_sent,
            packets_received=self.packets_received,
            bytes_sent=self.bytes_sent,
            bytes_received=self.bytes_received,
        )
