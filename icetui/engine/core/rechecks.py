"""How often a pair that has failed is tried again: late is normal, and nobody is to be flooded.

What belongs here: intervals. When a pair fails, and what a check is, is `check_list.py`'s business.
"""

from __future__ import annotations

from icetui.engine.core.pair import CandidatePair
from icetui.engine.core.pair_table import PairTable
from icetui.engine.core.timing import Timing
from icetui.events import Reason

SAME_HOST, ALL_HOSTS = 1.0, 5.0
"""Packets a second to one IP address that has never answered, and to all of them together, once it
has been tried for `Timing.unanswered`: their description is foreign text, and whoever is named in
it need not be theirs (RFC 8445 section 19.5.1)."""


class Rechecks:
    """Of one check list."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._since: dict[str, float] = {}
        """Time of the first check to each IP address."""
        self._answered: set[str] = set()
        """IP addresses that have answered; only looked up, never walked."""
        self.only_we_can_open = False
        """Our NAT maps by destination and theirs lets in the addresses it has written to: no check
        of theirs gets here, and the first of ours that gets there is the one after they began."""
        self.lively_until: float | None = None
        """Time until which the other side has only just come; None: it has not come yet."""

    def sent(self, host: str, now: float) -> None:
        """A check goes to this IP address."""
        self._since.setdefault(host, now)

    def answered(self, host: str) -> None:
        """A signed answer came from it."""
        self._answered.add(host)

    def lively(self, now: float) -> bool:
        """Whether the other side has only just come."""
        return self.lively_until is not None and now < self.lively_until

    def lively_interval(self, wanted: float, pairs: int) -> float:
        """Seconds between checks of one pair, so that all together take their share at most."""
        return max(wanted, pairs * self._timing.pace / self._timing.lively_share)

    def interval(
        self,
        pair: CandidatePair,
        selected: CandidatePair | None,
        pairs: PairTable,
        now: float,
    ) -> float | None:
        """Seconds until a failed pair is tried again, None: not while things are as they are."""
        timing = self._timing
        if not timing.rechecks:
            return None
        if selected is not None and (not selected.relayed or pair.relayed):
            return None
        if pair.reason == Reason.ADDRESS_MISMATCH and pair.remote.type == "prflx":
            # Whoever answers from another port than it is asked at will do so again.
            return None
        if self.lively(now):
            pair.rechecks = 0
            wanted = self.lively_interval(timing.recheck_lively, len(pairs))
        elif selected is not None:
            wanted = self._slower(pair, timing.recheck_direct)
        elif self.only_we_can_open and not pair.relayed and pair.remote.type == "srflx":
            wanted = timing.recheck_only_we
        else:
            wanted = self._slower(pair, timing.recheck)
        return max(wanted, self._bound(pair, pairs, now))

    def _slower(self, pair: CandidatePair, most: float) -> float:
        # The exponent is bounded, as nothing else bounds how long somebody waits.
        return min(most, self._timing.recheck_first * 2.0 ** min(pair.rechecks, 16))

    def _bound(self, pair: CandidatePair, pairs: PairTable, now: float) -> float:
        """The least interval at which one that never answered is not flooded."""
        if not self._unanswered(pair, now):
            return 0.0
        silent = [p for p in pairs if not p.valid and self._unanswered(p, now)]
        host = pair.remote.address
        of_host = sum(p.remote.address == host for p in silent)
        return max(of_host / SAME_HOST, len(silent) / ALL_HOSTS)

    def _unanswered(self, pair: CandidatePair, now: float) -> bool:
        host = pair.remote.address
        since = self._since.get(host)
        old = since is not None and now - since > self._timing.unanswered
        return old and host not in self._answered
