"""Upkeep of valid pairs: round trip probes, consent (RFC 7675), silence, failover.

Every probe on the path is a consent request too: it is signed, so its answer is consent. When one
stays unanswered the next follow quickly, so that a dead path is known within two seconds and one
lost datagram is not taken for one.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from icetui import events
from icetui.engine.pairs import AT_ONCE, CheckedPair
from icetui.events import Reason

if TYPE_CHECKING:
    from icetui.engine.checking import CheckList


class Upkeep:
    """Keeps the valid pairs of one check list measured and honest."""

    def __init__(self, checks: CheckList) -> None:
        self._checks = checks
        self._timing = checks.timing
        self._timer: asyncio.TimerHandle | None = None
        self._changed: dict[CheckedPair, None] = {}
        self._worst_loss = 0.0
        """Of all pairs that answer, as of the latest tick."""

    def heard(self, pair: CheckedPair, transaction: bytes) -> None:
        """A signed answer came on this pair."""
        checks = self._checks
        pair.count_loss(transaction)
        pair.unanswered_since = None
        pair.probes_in_silence = 0
        now = checks.loop.time()
        was_silent, pair.silent = pair.silent, False
        if pair.round_trips:
            pair.next_probe = max(pair.next_probe, now + self._interval(pair))
        else:
            pair.next_probe = now  # a repeated request was answered: its round trip is not known
        if pair is checks.path.selected:
            self._consent(pair)
            if checks.state == "disconnected" and not checks.gone:
                checks.set_state("connected", "the path answers again")
        selected = checks.path.selected
        if was_silent or (selected is not None and selected.silent):
            checks.path.revived(pair)
        self._arm()

    def selected(self, pair: CheckedPair) -> None:
        """This pair is the path from now on: what it is worth now is asked at once."""
        pair.next_probe = AT_ONCE
        if pair.last_heard is not None:
            self._consent(pair)
        self._arm()

    def changed(self, pair: CheckedPair) -> None:
        """Figures moved; shown within a tick, many changes at once."""
        self._changed[pair] = None
        self._arm()

    def shown(self, pair: CheckedPair) -> None:
        self._changed.pop(pair, None)

    def stop(self) -> None:
        self._changed.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _consent(self, pair: CheckedPair) -> None:
        stream = self._checks.stream
        assert pair.last_heard is not None  # it has answered, or there would be no consent
        until = stream.elapsed(pair.last_heard) + self._timing.consent
        stream.emit(events.ConsentRefreshed, pair=pair.id, expires=round(until, 3))

    def asked(self, pair: CheckedPair) -> None:
        """A check came on a pair that is valid: if it had gone silent, it may not be any more."""
        if pair.silent:
            pause = self._timing.probe_suspect * 2.0 ** min(pair.probes_in_silence, 16)
            earliest = pair.last_probe + min(pause, self._timing.probe_silent)
            pair.next_probe = min(pair.next_probe, earliest)
            self._arm()

    def _interval(self, pair: CheckedPair) -> float:
        checks, timing = self._checks, self._timing
        selected = checks.path.selected
        settled = selected is None or (selected.nominated and not selected.relayed)
        if not (settled or pair.relayed) and checks.lively():
            base = checks.lively_interval(timing.probe_settling)
        elif pair is selected:
            base = timing.probe_selected
        else:
            base = timing.probe_others
        return base * checks.net.random.uniform(0.75, 1.0)

    def _arm(self) -> None:
        if self._timer is None and not self._checks.closing:
            self._timer = self._checks.loop.call_later(self._timing.tick, self._tick)

    def _tick(self) -> None:
        self._timer = None
        checks = self._checks
        now = checks.loop.time()
        valid = [p for p in checks.pairs.values() if p.valid and not checks.gone]
        self._worst_loss = max((p.smoothed_loss for p in valid if not p.silent), default=0.0)
        for pair in valid:
            self._lose_overdue(pair, now)
            if now >= pair.next_probe:
                self._probe(pair, now)
            silence = 0.0 if pair.consent_at is None else checks.net.uptime() - pair.consent_at
            if silence > self._timing.consent:
                checks.fail(
                    pair, Reason.CONSENT_EXPIRED, f"no answer for {silence:.0f} s (RFC 7675)"
                )
            elif self._unanswered(pair, now) > self._patience(pair):
                self._silent(pair)
        for pair in list(self._changed):
            checks.show(pair)
        self._changed.clear()
        if any(p.valid for p in checks.pairs.values()):
            self._arm()

    def _unanswered(self, pair: CheckedPair, now: float) -> float:
        """Seconds since the first request that nothing has answered; how long ago the last answer
        came says nothing about a pair that was not asked."""
        return now - pair.unanswered_since if pair.unanswered_since is not None else 0.0

    def _patience(self, pair: CheckedPair) -> float:
        """Seconds until silence is more than loss."""
        timing, round_trip = self._timing, pair.smoothed_round_trip or 0.0
        least = timing.silence + 2 * round_trip
        loss = self._loss(pair)
        if loss <= timing.lossy:
            return least
        requests = math.log(timing.false_alarm) / math.log(min(loss, 0.99))
        asked = self._overdue(pair) + requests * timing.probe_lossy + round_trip
        return max(least, min(asked, timing.silence_most))

    def _suspect(self, pair: CheckedPair) -> float:
        lossy = self._loss(pair) > self._timing.lossy
        return self._timing.probe_lossy if lossy else self._timing.probe_suspect

    def _loss(self, pair: CheckedPair) -> float:
        """What this pair loses, or at least may by what others lose: most share a link."""
        return max(pair.smoothed_loss, self._worst_loss)

    def _probe(self, pair: CheckedPair, now: float) -> None:
        on_path = pair is self._checks.path.selected
        request = self._checks.request(pair, "consent" if on_path else "probe")
        pair.open_probes[request.message.transaction_id] = pair.last_probe = now
        pair.probes_in_silence += pair.silent
        if pair.unanswered_since is None:
            pair.unanswered_since = now
        if on_path:
            pair.consent_requests_sent += 1
        overdue = self._unanswered(pair, now) > self._overdue(pair)
        pair.next_probe = now + (
            self._suspect(pair) if overdue and not pair.silent else self._interval(pair)
        )
        self.changed(pair)

    def overdue(self, pair: CheckedPair) -> bool:
        """Whether it should have answered by now."""
        return self._unanswered(pair, self._checks.loop.time()) > self._overdue(pair)

    def _overdue(self, pair: CheckedPair) -> float:
        return max(self._timing.probe_suspect, 1.5 * (pair.smoothed_round_trip or 0.0) + 0.05)

    def _lose_overdue(self, pair: CheckedPair, now: float) -> None:
        """Count what was lost; while an answer is overdue ask faster, and ask the others too."""
        if self._unanswered(pair, now) > self._overdue(pair) and not pair.silent:
            pair.next_probe = min(pair.next_probe, now + self._suspect(pair))
            if pair is self._checks.path.selected:
                for other in self._checks.pairs.values():
                    if other.valid and other.unanswered_since is None:
                        other.next_probe = min(other.next_probe, now)
        lost = max(1.0, 3 * (pair.smoothed_round_trip or 0.0))
        for transaction, sent in list(pair.open_probes.items()):
            if now - sent > lost:
                del pair.open_probes[transaction]
                stream = self._checks.stream
                stream.emit(events.RequestLost, pair=pair.id, sent=round(stream.elapsed(sent), 6))

    def _silent(self, pair: CheckedPair) -> None:
        """RFC 7675 keeps the path for 30 s; the user hears of it, and another path is taken."""
        checks = self._checks
        if pair.silent:
            return
        pair.silent = True
        pair.endpoint.verify()
        checks.path.lost(pair)
        if pair is checks.path.selected:
            waited = self._unanswered(pair, checks.loop.time())
            checks.set_state("disconnected", f"{pair.id} has not answered for {waited:.1f} s")
