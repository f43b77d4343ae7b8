"""Requests that have been sent and not been settled yet.

What belongs here: finding the request that an answer belongs to, by transaction id and by the base
it was sent from. A late answer still counts; memory is bounded.
"""

from __future__ import annotations

from icetui.engine.core.base import Address, Base
from icetui.engine.core.pair import CandidatePair
from icetui.engine.core.request import Request

KEPT = 30.0
"""Seconds for which an unanswered request is remembered."""
MOST = 4096
"""From one base."""


class PendingRequests:
    """Of one check list."""

    def __init__(self) -> None:
        self._by_base: dict[Base, dict[bytes, tuple[Request, CandidatePair]]] = {}

    def sent(self, request: Request, pair: CandidatePair, now: float) -> None:
        """It leaves now, the first time or again."""
        pending = self._by_base.setdefault(pair.base, {})
        key = request.message.transaction_id
        if key not in pending:
            _forget_old(pending, now)
            pending[key] = request, pair
        request.sent.append(now)

    def find(self, base: Base, transaction_id: bytes) -> tuple[Request, CandidatePair] | None:
        """The request that an answer arriving at this base belongs to."""
        return self._by_base.get(base, {}).get(transaction_id)

    def settle(self, base: Base, transaction_id: bytes) -> None:
        """It is answered."""
        self._by_base.get(base, {}).pop(transaction_id, None)

    def towards(self, base: Base, to: Address) -> list[tuple[Request, CandidatePair]]:
        """All that were sent from there to this address."""
        pending = self._by_base.get(base, {})
        return [(request, pair) for request, pair in pending.values() if request.to == to]

    def lost(self, base: Base) -> None:
        """The base is gone, and all that was sent from it."""
        self._by_base.pop(base, None)


def _forget_old(pending: dict[bytes, tuple[Request, CandidatePair]], now: float) -> None:
    while pending:
        key, (oldest, _) = next(iter(pending.items()))
        if now - oldest.sent[-1] < KEPT and len(pending) < MOST:
            return
        del pending[key]
