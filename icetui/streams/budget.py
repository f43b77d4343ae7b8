"""How much of something there may be: so much at once, and so much a second."""

from __future__ import annotations


class Budget:
    """A token bucket."""

    def __init__(self, at_once: float, rate: float) -> None:
        self._most = self._left = at_once
        self._rate = rate
        self._at: float | None = None

    def now(self, t: float) -> float:
        """What may be spent at the time `t`."""
        if self._at is not None and t > self._at:
            self._left = min(self._most, self._left + (t - self._at) * self._rate)
        self._at = t if self._at is None else max(self._at, t)
        return self._left

    def spend(self, amount: float) -> None:
        self._left -= amount

    @property
    def full(self) -> bool:
        """Whether little was spent lately."""
        return self._left > self._most / 2
