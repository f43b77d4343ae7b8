"""Path choice: which valid pair carries data, and which one the controlling side nominates.

Regular nomination (RFC 8445 section 8.1.1) by one policy: a direct path before a relayed one,
then pair priority; a better pair is waited for a little, never for long. Data may flow over the
first valid pair before that. A pair chosen by hand stays until it is lost.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from icetui import events
from icetui.engine.pairs import CheckedPair, State

if TYPE_CHECKING:
    from icetui.engine.checking import CheckList


class PathChoice:
    """The path of one check list."""

    def __init__(self, checks: CheckList) -> None:
        self._checks = checks
        self.selected: CheckedPair | None = None
        self._first_valid_at: float | None = None
        self._by_hand: CheckedPair | None = None
        self.nominating: CheckedPair | None = None
        """The pair whose nomination is on its way."""
        self._tries = 0
        self._timer: asyncio.TimerHandle | None = None

    def peer_heard(self) -> None:
        """The other side has our description: what is valid can be used from now on."""
        best = self._best()
        if best is not None and self.selected is None:
            self.became_valid(best)

    def became_valid(self, pair: CheckedPair) -> None:
        """A check of this pair has succeeded."""
        if not self._checks.peer_heard:
            return
        if self._first_valid_at is None:
            self._first_valid_at = self._checks.loop.time()
        if pair.remote_nominated and not self._checks.ice_controlling:
            pair.nominated = True
            self._checks.show(pair)
            self.nominated(pair, "nominated by the other side")
        elif self.selected is None:
            self._select(pair, "first valid pair")
        elif not self.selected.nominated and pair.prefer() > self.selected.prefer():
            self._select(pair, "a better pair has answered")
        self.reconsider()

    def nominated(self, pair: CheckedPair, cause: str) -> None:
        """Both sides now know that this pair is the one."""
        if self.nominating is pair:
            self.nominating = None
        for other in self._checks.pairs.values():
            if other is not pair and other.nominated:
                other.nominated = other.remote_nominated = False
                self._checks.show(other)
        self._checks.show(pair)
        self._select(pair, cause)
        self.reconsider()

    def lost(self, pair: CheckedPair) -> None:
        """A valid pair failed, or went silent."""
        if self._by_hand is pair:
            self._by_hand = None
        if self.nominating is pair:
            self.nominating = None
        if self.selected is not pair:
            return
        others = [p for p in self._valid() if p is not pair and not p.silent]
        # Those that have answered whatever they were asked last come first. One that owes an
        # answer by now is no way out: better to say that the path is silent.
        upkeep = self._checks.upkeep
        answering = [p for p in others if p.unanswered_since is None]
        answering = answering or [p for p in others if not upkeep.overdue(p)]
        if answering:
            self._select(max(answering, key=CheckedPair.prefer), f"{pair.id} went silent")
            self.reconsider()
        elif not pair.valid:
            self._select(None, f"{pair.id} was lost and nothing else answers")
            self._first_valid_at = None
            self._checks.set_state("failed", "the path was lost; checks go on")
            self._checks.recheck_failed()

    def revived(self, pair: CheckedPair) -> None:
        """A pair that went silent answers again: back to it, if it is better, once it is steady."""
        loop = self._checks.loop
        pair.revived_at = loop.time()
        if self.selected is None or self.selected.silent:
            self._select(pair, f"{pair.id} answers again")
        loop.call_later(self._checks.timing.settled + 0.01, self._return_to, pair)

    def _return_to(self, pair: CheckedPair) -> None:
        """It has answered steadily: the controlled side goes back to what is still nominated."""
        checks = self._checks
        steady = pair.valid and not pair.silent
        if steady and pair.nominated and not checks.ice_controlling and not checks.closing:
            self._select(pair, f"{pair.id} answers steadily again")
        self.reconsider()

    def choose(self, pair: CheckedPair) -> str | None:
        """The user wants this pair. Returns the sentence to say when that cannot be."""
        if not pair.valid:
            return f"{pair.id} has not succeeded, so it cannot be used"
        if not self._checks.ice_controlling:
            return "this side is controlled; only the controlling side nominates (RFC 8445 8.1)"
        self._by_hand = pair
        self._nominate(pair)
        return None

    def nominates(self, pair: CheckedPair) -> bool:
        """Whether a request on this pair carries USE-CANDIDATE: until it is nominated, and on the
        path from then on, so that both sides agree again whatever was lost or overtaken."""
        if not self._checks.ice_controlling:
            return False
        return pair is self.nominating or (pair is self.selected and pair.nominated)

    def reconsider(self) -> None:
        """Something changed: nominate now, later, or not at all."""
        self._completed()
        checks = self._checks
        if not checks.ice_controlling or checks.closing or not checks.peer_heard:
            return
        best = self._best()
        if best is None or (best.nominated and best is self.selected):
            return
        if self.nominating is not None:
            if best.relays < self.nominating.relays:
                self._nominate(best)
            return
        wait = self._wait_for_better(best)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if wait <= 0:
            self._nominate(best)
        else:
            self._timer = checks.loop.call_later(wait, self._settled)

    def _settled(self) -> None:
        self._timer = None
        self.reconsider()

    def _best(self) -> CheckedPair | None:
        if self._by_hand is not None and self._by_hand.valid:
            return self._by_hand
        now, settled = self._checks.loop.time(), self._checks.timing.settled
        steady = [
            p
            for p in self._valid()
            if not p.silent
            and (p is self.selected or now - p.revived_at >= settled)
            and (p is self.selected or not self._checks.upkeep.overdue(p))
        ]
        return max(steady, key=CheckedPair.prefer, default=None)

    def _valid(self) -> list[CheckedPair]:
        return [p for p in self._checks.pairs.values() if p.valid]

    def _wait_for_better(self, best: CheckedPair) -> float:
        """Seconds for which a better pair that is still being checked may yet come."""
        if best is self._by_hand or self._first_valid_at is None:
            return 0.0
        hopeful = any(
            p.state in (State.WAITING, State.IN_PROGRESS)
            and not p.unlikely
            and p.prefer() > best.prefer()
            for p in self._checks.pairs.values()
        )
        if not hopeful:
            return 0.0
        timing = self._checks.timing
        settle = timing.settle_relayed if best.relayed else timing.settle_direct
        return self._first_valid_at + settle - self._checks.loop.time()

    def _nominate(self, pair: CheckedPair) -> None:
        """Send USE-CANDIDATE, again until it is answered."""
        self.nominating = pair
        self._tries = 0
        self._send_nomination()

    def _send_nomination(self) -> None:
        pair = self.nominating
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if pair is None or not pair.valid:
            self.nominating = None
            return
        if self._tries >= self._checks.timing.nominations:
            self.nominating = None
            self._timer = self._checks.loop.call_later(
                self._checks.timing.settle_relayed, self._settled
            )
            return
        self._tries += 1
        self._checks.request(pair, "nomination")
        timeout = self._checks.timing.nomination_timeout
        patience = max(timeout, 1.5 * (pair.smoothed_round_trip or 0.0))
        self._timer = self._checks.loop.call_later(patience, self._send_nomination)

    def _select(self, pair: CheckedPair | None, cause: str) -> None:
        previous = self.selected
        if previous is pair:
            self._connected()
            return
        self.selected = pair
        observer = self._checks.observer
        if pair is not None and not self._checks.primary and observer is not None:
            previous = observer.take_over(self._checks)
            cause = f"ICE restart: {cause}"
        self._checks.stream.emit(
            events.SelectedPairChanged,
            pair=pair.id if pair else None,
            previous=previous.id if previous else None,
            cause=cause,
        )
        if pair is not None:
            self._checks.upkeep.selected(pair)
            self._connected()

    def _connected(self) -> None:
        if self.selected is not None and self._checks.state not in ("connected", "completed"):
            self._checks.set_state("connected", f"data can flow over {self.selected.id}")

    def _completed(self) -> None:
        """RFC 8445 section 8.1.2: a pair is nominated and no check is left open."""
        checks = self._checks
        selected = self.selected
        if checks.state != "connected" or selected is None or not selected.nominated:
            return
        if all(p.state in (State.SUCCEEDED, State.FAILED) for p in checks.pairs.values()):
            checks.set_state("completed", f"{selected.id} is nominated, every pair is checked")

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.nominating = None
