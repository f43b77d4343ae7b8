"""Path choice: which valid pair carries data, and which one the controlling side nominates.

Regular nomination (RFC 8445 section 8.1.1) by one policy: a direct path before a relayed one,
then pair priority; a better pair is waited for a little, never for long. Data may flow over the
first valid pair before that. A pair chosen by hand stays until it is lost.

What belongs here: the choice and its state. Methods that may end in a nomination return the pair
whose nomination is to be sent now, or None.
"""

from __future__ import annotations

from collections import deque

from icetui import events
from icetui.engine.core.connection import Connection
from icetui.engine.core.figures import Figures
from icetui.engine.core.outbox import Outbox
from icetui.engine.core.pair import AT_ONCE, CandidatePair, State
from icetui.engine.core.pair_table import PairTable
from icetui.engine.core.role import Role
from icetui.engine.core.timing import Timing
from icetui.engine.core.upkeep import Upkeep
from icetui.events import PathOccasion

AFTER_SETTLED = 0.01
"""Seconds beyond `Timing.settled`, so that the pair counts as steady when it is looked at."""


class PathChoice:
    """The path of one check list."""

    def __init__(
        self,
        outbox: Outbox,
        timing: Timing,
        pairs: PairTable,
        role: Role,
        connection: Connection,
        figures: Figures,
        upkeep: Upkeep,
    ) -> None:
        self._outbox = outbox
        self._timing = timing
        self._pairs = pairs
        self._role = role
        self._connection = connection
        self._figures = figures
        self._upkeep = upkeep
        self.selected: CandidatePair | None = None
        self.heard = False
        """Whether the other side has our description: it sent a check keyed with our password,
        has answered our offer, or is lite and never will. Until then it answers us but could not
        use any path."""
        self.stopped = False
        self.counted = False
        """Whether both sides say that they count nominations, so that another pair may be nominated
        after the first one without a restart (draft-thatcher-ice-renomination)."""
        self.due: float | None = None
        """When to look again: a better pair was waited for, or a nomination was not answered."""
        self._cause = ""
        """Why the selected pair was."""
        self._first_valid_at: float | None = None
        self._by_hand: CandidatePair | None = None
        self._nominating: CandidatePair | None = None
        """The pair whose nomination is on its way."""
        self._was_nominated = False
        self._nominations = 0
        """Of ours so far; each has its number."""
        self._latest_of_theirs = 0
        """The highest number of a nomination of theirs."""
        self._tries = 0
        self._returns: deque[tuple[float, CandidatePair]] = deque()
        """Pairs that answer again, and when they will have answered for long enough."""

    # --- what happens to pairs ------------------------------------------------------------------

    def described(self, *, has_ours: bool, renominates: bool) -> None:
        """Their description is known; `has_ours`: they have ours for certain; `renominates`: they
        say that a nomination may be followed by another."""
        self.heard = self.heard or has_ours
        self.counted = renominates

    def peer_heard(self, now: float) -> CandidatePair | None:
        """The other side has our description: what is valid can be used from now on."""
        best = self._best(now)
        if best is not None and self.selected is None:
            return self.became_valid(best, now)
        return None

    def became_valid(self, pair: CandidatePair, now: float) -> CandidatePair | None:
        """A check of this pair has succeeded."""
        if not self.heard:
            return None
        if self._first_valid_at is None:
            self._first_valid_at = now
        nominate: CandidatePair | None = None
        if pair.remote_nominated and not self._role.controlling:
            pair.nominated = True
            self._figures.show(pair)
            nominate = self.nominated(pair, "nominated by the other side", now)
        elif self.selected is None:
            self._select(pair, "first-valid", "first valid pair")
        elif not self.selected.nominated and pair.prefer() > self.selected.prefer():
            self._select(pair, "better", "a better pair has answered")
        return self.reconsider(now) or nominate

    def nominated(self, pair: CandidatePair, cause: str, now: float) -> CandidatePair | None:
        """Both sides now know that this pair is the one."""
        self._was_nominated = True
        if self._nominating is pair:
            self._nominating = None
        for other in self._pairs:
            if other is pair:
                continue
            other.remote_nominated = False  # an older one, of a pair that is still being checked
            if other.nominated:
                other.nominated = False
                other.replaced_at = now
                self._figures.show(other)
        self._figures.show(pair)
        self._select(pair, "nominated", cause)
        return self.reconsider(now)

    def overtaken(self, pair: CandidatePair, number: int, now: float) -> bool:
        """Whether a nomination of this pair, which has come just now, was sent before the one that
        has replaced it: by its number where both count them, else by the time."""
        if number and self.counted:
            self._latest_of_theirs = max(self._latest_of_theirs, number)
            return number < self._latest_of_theirs
        least = 1.5 * (pair.smoothed_round_trip or 0.0)
        return now - pair.replaced_at < max(self._timing.overtaken, least)

    def lost(self, pair: CandidatePair, now: float) -> CandidatePair | None:
        """A valid pair failed, or went silent."""
        if self._by_hand is pair:
            self._by_hand = None
        if self._nominating is pair:
            self._nominating = None
        if self.selected is not pair:
            return None
        others = [p for p in self._pairs.valid() if p is not pair and not p.silent]
        # Those that have answered whatever they were asked last come first. One that owes an
        # answer by now is no way out: better to say that the path is silent.
        answering = [p for p in others if p.unanswered_since is None]
        answering = answering or [p for p in others if not self._upkeep.overdue(p, now)]
        if answering:
            best = max(answering, key=CandidatePair.prefer)
            self._select(best, "silent", f"{pair.id} went silent")
            return self.reconsider(now)
        if not pair.valid:
            self._select(None, "lost", f"{pair.id} was lost and nothing else answers")
            self._first_valid_at = None
            self._connection.become("failed", "the path was lost; checks go on")
        return None

    def revived(self, pair: CandidatePair, now: float) -> None:
        """A pair that went silent answers again: back to it, if it is better, once it is steady."""
        pair.revived_at = now
        if self.selected is None or self.selected.silent:
            self._select(pair, "answers-again", f"{pair.id} answers again")
        self._returns.append((now + self._timing.settled + AFTER_SETTLED, pair))

    def choose(self, pair: CandidatePair, now: float) -> CandidatePair | None:
        """The user wants this valid pair; None: it may not be nominated any more."""
        if self._is_final():
            return None
        self._by_hand = pair
        return self._nominate(pair, now)

    # --- what is due ----------------------------------------------------------------------------

    def next_due(self) -> float | None:
        """When `tick` wants to be called, None: never as things are."""
        returns = self._returns[0][0] if self._returns else None
        if self.due is None or returns is None:
            return self.due if returns is None else returns
        return min(self.due, returns)

    def tick(self, now: float) -> CandidatePair | None:
        """Whatever is due."""
        nominate: CandidatePair | None = None
        if self.due is not None and self.due <= now:
            self.due = None
            if self._nominating is None:
                nominate = self.reconsider(now)
            else:
                nominate = self._nominate_again(now)
        while self._returns and self._returns[0][0] <= now:
            _, pair = self._returns.popleft()
            nominate = self._return_to(pair, now) or nominate
        return nominate

    def _return_to(self, pair: CandidatePair, now: float) -> CandidatePair | None:
        """It has answered steadily: back to what is still nominated, if no other may be."""
        steady = pair.valid and not pair.silent
        if steady and pair.nominated and (not self._role.controlling or self._is_final()):
            self._select(pair, "answers-again", f"{pair.id} answers steadily again")
        return self.reconsider(now)

    def stop(self) -> None:
        """Nothing is nominated any more."""
        self.stopped = True
        self.due = None
        self._returns.clear()
        self._nominating = None

    # --- nomination -----------------------------------------------------------------------------

    def nomination(self, pair: CandidatePair) -> int | None:
        """Whether a request on this pair nominates it, and the number of that: until it is
        nominated, and on the path from then on, so that both sides agree again whatever was lost
        or overtaken. 0 where they are not counted; None: it does not nominate."""
        nominates = pair is self._nominating or (pair is self.selected and pair.nominated)
        if not nominates or not self._role.controlling:
            return None
        return self._nominations if self.counted else 0

    def is_nominating(self, pair: CandidatePair) -> bool:
        """Whether its nomination is on its way: an answer to one that another has replaced
        meanwhile nominates nothing."""
        return pair is self._nominating

    def reconsider(self, now: float) -> CandidatePair | None:
        """Something changed: nominate now, later, or not at all."""
        self._completed()
        if not self._role.controlling or self.stopped or not self.heard:
            return None
        best = self._best(now)
        if best is None or (best.nominated and best is self.selected) or self._is_final():
            return None
        if self._nominating is not None:
            if best.relays < self._nominating.relays:
                return self._nominate(best, now)
            return None
        wait = self._wait_for_better(best, now)
        if wait <= 0:
            return self._nominate(best, now)
        self.due = now + wait
        return None

    def _is_final(self) -> bool:
        """Whether a pair was nominated and no other one may be without a restart (RFC 8445 section
        8.1.1). Unless to the letter, one that answers no more keeps no other from its place."""
        if not self._was_nominated:
            return False
        if not self._timing.renominates:
            return True
        if self.counted:
            return False
        return any(p.nominated and p.valid and not p.silent for p in self._pairs)

    def _best(self, now: float) -> CandidatePair | None:
        if self._by_hand is not None and self._by_hand.valid:
            return self._by_hand
        settled = self._timing.settled
        steady = [
            p
            for p in self._pairs.valid()
            if not p.silent
            and (p is self.selected or now - p.revived_at >= settled)
            and (p is self.selected or not self._upkeep.overdue(p, now))
        ]
        return max(steady, key=CandidatePair.prefer, default=None)

    def _wait_for_better(self, best: CandidatePair, now: float) -> float:
        """Seconds for which a better pair that is still being checked may yet come."""
        if best is self._by_hand or self._first_valid_at is None:
            return 0.0
        hopeful = any(
            p.state in (State.WAITING, State.IN_PROGRESS)
            and not p.unlikely
            and p.prefer() > best.prefer()
            for p in self._pairs
        )
        if not hopeful:
            return 0.0
        if not best.relayed:
            settle = self._timing.settle_direct
        elif self.counted and self._timing.renominates:
            settle = self._timing.settle_relayed
        else:
            settle = self._timing.settle_for_good
        return self._first_valid_at + settle - now

    def _nominate(self, pair: CandidatePair, now: float) -> CandidatePair:
        """USE-CANDIDATE is sent now, and again until it is answered."""
        self._nominating = pair
        self._nominations += 1
        self._tries = 1
        self.due = now + self._patience(pair)
        return pair

    def _nominate_again(self, now: float) -> CandidatePair | None:
        pair = self._nominating
        if pair is None or not pair.valid:
            self._nominating = None
            return None
        if self._tries >= self._timing.nominations:
            self._nominating = None
            self.due = now + self._timing.settle_relayed
            return None
        self._tries += 1
        self.due = now + self._patience(pair)
        return pair

    def _patience(self, pair: CandidatePair) -> float:
        """Seconds that a nomination waits for its answer."""
        return max(self._timing.nomination_timeout, 1.5 * (pair.smoothed_round_trip or 0.0))

    # --- the path -------------------------------------------------------------------------------

    def _select(self, pair: CandidatePair | None, occasion: PathOccasion, cause: str) -> None:
        previous = self.selected
        if previous is pair:
            self._connected()
            return
        self.selected, self._cause = pair, cause
        # A generation that does not carry data yet says nothing before it takes over.
        if self._connection.primary:
            self._announce(previous, occasion, cause)

    def announce(self, previous: CandidatePair | None, by: str) -> None:
        """This generation carries data from now on; `previous` did. `by`: how it came about."""
        self._announce(previous, "new-generation", f"{by}: {self._cause}")
        self._completed()

    def _announce(self, previous: CandidatePair | None, occasion: PathOccasion, cause: str) -> None:
        pair = self.selected
        self._outbox.tell(
            events.SelectedPairChanged,
            pair=pair.id if pair else None,
            previous=previous.id if previous else None,
            occasion=occasion,
            cause=cause,
        )
        if pair is not None:
            pair.next_probe = AT_ONCE  # what it is worth now is asked at once
            self._upkeep.consented(pair)
            self._connected()

    def _connected(self) -> None:
        connected = self._connection.state in ("connected", "completed")
        if self.selected is not None and not connected and self._connection.primary:
            self._connection.become("connected", f"data can flow over {self.selected.id}")

    def _completed(self) -> None:
        """RFC 8445 section 8.1.2: a pair is nominated and no check is left open."""
        selected = self.selected
        if self._connection.state != "connected" or selected is None or not selected.nominated:
            return
        if all(p.state in (State.SUCCEEDED, State.FAILED) for p in self._pairs):
            cause = f"{selected.id} is nominated, every pair is checked"
            self._connection.become("completed", cause)
