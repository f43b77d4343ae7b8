"""Upkeep of valid pairs: round trip probes, consent (RFC 7675), silence.

Every probe on the path is a consent request too: it is signed, so its answer is consent. When one
stays unanswered the next follow quickly, so that a dead path is known within two seconds and one
lost datagram is not taken for one.

What belongs here: when a valid pair is probed, and when silence is more than loss. What then
happens is `check_list.py`'s business.
"""

from __future__ import annotations

import math
from typing import Protocol

from icetui import events
from icetui.engine.core.outbox import Moment, Outbox
from icetui.engine.core.pair import CandidatePair
from icetui.engine.core.pair_table import PairTable
from icetui.engine.core.rechecks import Rechecks
from icetui.engine.core.timing import Timing


class Randomness(Protocol):
    """The part of a `random.Random` that the core uses."""

    def randbytes(self, n: int, /) -> bytes: ...
    def getrandbits(self, k: int, /) -> int: ...
    def uniform(self, a: float, b: float, /) -> float: ...


class Upkeep:
    """Keeps the valid pairs of one check list measured and honest."""

    def __init__(
        self,
        outbox: Outbox,
        timing: Timing,
        random: Randomness,
        pairs: PairTable,
        rechecks: Rechecks,
    ) -> None:
        self._outbox = outbox
        self._timing = timing
        self._random = random
        self._pairs = pairs
        self._rechecks = rechecks
        self._worst_loss = 0.0
        """Of all pairs that answer, as of the latest look."""
        self._looked = -math.inf

    # --- what happens ---------------------------------------------------------------------------

    def answered(
        self, pair: CandidatePair, transaction: bytes, selected: CandidatePair | None, now: float
    ) -> bool:
        """A signed answer came on this pair; whether it had gone silent before."""
        pair.count_loss(transaction)
        pair.unanswered_since = None
        pair.probes_in_silence = 0
        pair.hurried = False
        was_silent, pair.silent = pair.silent, False
        if pair.round_trips:
            pair.next_probe = max(pair.next_probe, now + self._interval(pair, selected, now))
        else:
            pair.next_probe = now  # a repeated request was answered: its round trip is not known
        return was_silent

    def asked(self, pair: CandidatePair) -> None:
        """A check came on a pair that is valid: if it had gone silent, it may not be any more."""
        if pair.silent:
            pause = self._timing.probe_suspect * 2.0 ** min(pair.probes_in_silence, 16)
            earliest = pair.last_probe + min(pause, self._timing.probe_silent)
            pair.next_probe = min(pair.next_probe, earliest)

    def consented(self, pair: CandidatePair) -> None:
        """We may send over this pair until so long after its latest answer (RFC 7675)."""
        if pair.last_heard is not None:
            expires = pair.last_heard + self._timing.consent
            self._outbox.tell(events.ConsentRefreshed, pair=pair.id, expires=Moment(expires, 3))

    def probed(
        self, pair: CandidatePair, transaction: bytes, selected: CandidatePair | None, now: float
    ) -> None:
        """A request has left on a valid pair."""
        pair.open_probes[transaction] = pair.last_probe = now
        pair.probes_in_silence += pair.silent
        if pair.unanswered_since is None:
            pair.unanswered_since = now
        if pair is selected:
            pair.consent_requests_sent += 1
        if self.overdue(pair, now) and not pair.silent:
            pair.next_probe = now + self._suspect(pair, now)
        else:
            pair.next_probe = now + self._interval(pair, selected, now)

    # --- what is to be done ---------------------------------------------------------------------

    def due(self, pair: CandidatePair, now: float) -> float:
        """When this valid pair is to be looked at: the earliest of what may be to be done."""
        dues = [pair.next_probe]
        if not pair.silent and pair.unanswered_since is not None:
            dues.append(self._silent_at(pair, now))
            if not pair.hurried:
                dues.append(self._overdue_at(pair))
        if pair.consent_at is not None:
            dues.append(self._expires_at(pair))
        if pair.open_probes:
            dues.append(self._lost_at(pair, next(iter(pair.open_probes.values()))))
        return min(dues)

    def hurry(self, pair: CandidatePair, now: float) -> None:
        """From when an answer is overdue it is asked faster."""
        if not pair.silent and not pair.hurried and self.overdue(pair, now):
            pair.hurried = True
            pair.next_probe = min(pair.next_probe, now + self._suspect(pair, now))

    def lose(self, pair: CandidatePair, now: float) -> None:
        """Count what was lost."""
        for transaction, sent in list(pair.open_probes.items()):
            if now < self._lost_at(pair, sent):
                break  # they are in the order in which they were sent
            del pair.open_probes[transaction]
            self._outbox.tell(events.RequestLost, pair=pair.id, sent=Moment(sent))

    def expired(self, pair: CandidatePair, now: float) -> float | None:
        """Seconds without an answer, when consent has expired by that (RFC 7675 section 5.1)."""
        if pair.consent_at is None or now < self._expires_at(pair):
            return None
        return now - pair.consent_at

    def went_silent(self, pair: CandidatePair, now: float) -> bool:
        """Whether it has just become too silent for loss."""
        if pair.silent or pair.unanswered_since is None:
            return False
        return now >= self._silent_at(pair, now)

    # --- by what --------------------------------------------------------------------------------

    def unanswered(self, pair: CandidatePair, now: float) -> float:
        """Seconds since the first request that nothing has answered; how long ago the last answer
        came says nothing about a pair that was not asked."""
        return now - pair.unanswered_since if pair.unanswered_since is not None else 0.0

    def overdue(self, pair: CandidatePair, now: float) -> bool:
        """Whether it should have answered by now."""
        return now >= self._overdue_at(pair)

    # What is compared with a deadline is reckoned as the deadline was, to the last bit: it would
    # come again and again otherwise.

    def _overdue_at(self, pair: CandidatePair) -> float:
        since = pair.unanswered_since
        return math.inf if since is None else since + self._overdue(pair)

    def _silent_at(self, pair: CandidatePair, now: float) -> float:
        since = pair.unanswered_since
        return math.inf if since is None else since + self._patience(pair, now)

    def _expires_at(self, pair: CandidatePair) -> float:
        return math.inf if pair.consent_at is None else pair.consent_at + self._timing.consent

    def _lost_at(self, pair: CandidatePair, sent: float) -> float:
        return sent + max(1.0, 3 * (pair.smoothed_round_trip or 0.0))

    def _overdue(self, pair: CandidatePair) -> float:
        return max(self._timing.probe_suspect, 1.5 * (pair.smoothed_round_trip or 0.0) + 0.05)

    def _interval(self, pair: CandidatePair, selected: CandidatePair | None, now: float) -> float:
        timing = self._timing
        settled = selected is None or (selected.nominated and not selected.relayed)
        if not (settled or pair.relayed) and self._rechecks.lively(now):
            base = self._rechecks.lively_interval(timing.probe_settling, len(self._pairs))
        elif pair is selected:
            base = timing.probe_selected
        else:
            base = timing.probe_others
        return base * self._random.uniform(*self._timing.jitter)

    def _patience(self, pair: CandidatePair, now: float) -> float:
        """Seconds until silence is more than loss."""
        timing, round_trip = self._timing, pair.smoothed_round_trip or 0.0
        least = timing.silence + 2 * round_trip
        loss = self._loss(pair, now)
        if loss <= timing.lossy:
            return least
        requests = math.log(timing.false_alarm) / math.log(min(loss, 0.99))
        asked = self._overdue(pair) + requests * timing.probe_lossy + round_trip
        return max(least, min(asked, timing.silence_most))

    def _suspect(self, pair: CandidatePair, now: float) -> float:
        lossy = self._loss(pair, now) > self._timing.lossy
        return self._timing.probe_lossy if lossy else self._timing.probe_suspect

    def _loss(self, pair: CandidatePair, now: float) -> float:
        """What this pair loses, or at least may by what others lose: most share a link."""
        if now - self._looked >= self._timing.tick:
            self._looked = now
            # What is only assumed of a pair that was hardly asked says nothing of the others.
            known = (p for p in self._pairs if p.valid and not p.silent and p.loss_samples > 2)
            self._worst_loss = max((p.smoothed_loss for p in known), default=0.0)
        return max(pair.smoothed_loss, self._worst_loss)
