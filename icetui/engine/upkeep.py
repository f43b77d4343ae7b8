"""Upkeep of valid pairs: round trip probes, consent (RFC 7675), silence, failover.

Every probe on the path is a consent request too: it is signed, so its answer is consent. When one
stays unanswered the next follow quickly, so that a dead path is known within two seconds and one
lost datagram is not taken for one.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from icetui import events
from icetui.engine.pairs import CheckedPair
from icetui.events import Reason

if TYPE_CHECKING:
    from icetui.engine.checking import CheckList


class Upkeep:
    """Keeps the valid pairs of one check list measured and honest."""

    def __init__(self, checks: CheckList) -> None:
        self._checks = checks
        self._timing = checks.timing
        self._timer: asyncio.TimerHandle | None = None
        self._changed: set[CheckedPair] = set()

    def heard(self, pair: CheckedPair, transaction: bytes) -> None:
        """A signed answer came on this pair."""
        checks = self._checks
        pair.open_probes.pop(transaction, None)
        now = checks.loop.time()
        was_silent, pair.silent = pair.silent, False
        pair.next_probe = max(pair.next_probe, now + self._interval(pair))
        if pair is checks.path.selected:
            self._consent(pair)
            if checks.state == "disconnected":
                checks.set_state("connected", "the path answers again")
        if was_silent:
            checks.path.reconsider()
        self._arm()

    def selected(self, pair: CheckedPair) -> None:
        """This pair is the path from now on."""
        pair.next_probe = min(
            pair.next_probe, self._checks.loop.time() + self._timing.probe_selected
        )
        if pair.last_heard:
            self._consent(pair)
        self._arm()

    def changed(self, pair: CheckedPair) -> None:
        """Figures moved; shown within a tick, many changes at once."""
        self._changed.add(pair)
        self._arm()

    def shown(self, pair: CheckedPair) -> None:
        self._changed.discard(pair)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _consent(self, pair: CheckedPair) -> None:
        stream = self._checks.stream
        until = stream.elapsed(pair.last_heard) + self._timing.consent
        stream.emit(events.ConsentRefreshed, pair=pair.id, expires=round(until, 3))

    def _interval(self, pair: CheckedPair) -> float:
        base = (
            self._timing.probe_selected
            if pair is self._checks.path.selected
            else self._timing.probe_others
        )
        return base * random.uniform(0.8, 1.2)

    def _arm(self) -> None:
        if self._timer is None and not self._checks.closing:
            self._timer = self._checks.loop.call_later(self._timing.tick, self._tick)

    def _tick(self) -> None:
        self._timer = None
        checks = self._checks
        now = checks.loop.time()
        valid = [p for p in checks.pairs.values() if p.valid and not checks.gone]
        for pair in valid:
            self._lose_overdue(pair, now)
            if now >= pair.next_probe:
                self._probe(pair, now)
            silence = now - pair.last_heard
            if silence > self._timing.consent:
                checks.fail(
                    pair, Reason.CONSENT_EXPIRED, f"no answer for {silence:.0f} s (RFC 7675)"
                )
            elif silence > self._timing.silence + 2 * (pair.smoothed_round_trip or 0.0):
                self._silent(pair)
        for pair in list(self._changed):
            checks.show(pair)
        self._changed.clear()
        if any(p.valid for p in checks.pairs.values()):
            self._arm()

    def _probe(self, pair: CheckedPair, now: float) -> None:
        on_path = pair is self._checks.path.selected
        request = self._checks.request(pair, "consent" if on_path else "probe")
        pair.open_probes[request.message.transaction_id] = now
        if on_path:
            pair.consent_requests_sent += 1
        pair.next_probe = now + self._interval(pair)
        self.changed(pair)

    def _lose_overdue(self, pair: CheckedPair, now: float) -> None:
        round_trip = pair.smoothed_round_trip or 0.0
        suspect = max(self._timing.probe_suspect, 1.5 * round_trip + 0.05)
        lost = max(1.0, 3 * round_trip)
        if pair.open_probes and pair is self._checks.path.selected:
            newest = next(reversed(pair.open_probes.values()))
            if now - newest > suspect:
                pair.next_probe = min(pair.next_probe, now)
        for transaction, sent in list(pair.open_probes.items()):
            if now - sent > lost:
                del pair.open_probes[transaction]
                self._checks.stream.emit(events.RequestLost, pair=pair.id)

    def _silent(self, pair: CheckedPair) -> None:
        """RFC 7675 keeps the path for 30 s; the user hears of it, and another path is taken."""
        checks = self._checks
        if not pair.silent and pair.open_probes:
            pair.silent = True
            checks.path.lost(pair)
        if pair is checks.path.selected and pair.silent:
            checks.set_state(
                "disconnected", f"{pair.id} has not answered for {self._timing.silence:.1f} s"
            )
