"""Which pairs' figures have moved and are to be shown.

What belongs here: showing a pair as it is now. Many changes within `Timing.tick` make one event.
"""

from __future__ import annotations

from icetui import events
from icetui.engine.core.outbox import Outbox
from icetui.engine.core.pair import CandidatePair


class Figures:
    """Of one check list."""

    def __init__(self, outbox: Outbox, tick: float) -> None:
        """`tick`: seconds for which changes are gathered."""
        self._outbox = outbox
        self._tick = tick
        self._moved: dict[CandidatePair, None] = {}
        self.due: float | None = None
        """When what has moved is shown."""

    def show(self, pair: CandidatePair) -> None:
        """Put the pair as it is now into the stream."""
        self._moved.pop(pair, None)
        self._outbox.tell(events.PairChanged, pair=pair.snapshot())

    def moved(self, pair: CandidatePair, now: float) -> None:
        """Its counters are others now; nothing that anybody has to see at once."""
        self._moved[pair] = None
        if self.due is None:
            self.due = now + self._tick

    def show_moved(self) -> None:
        """Show all of them."""
        for pair in list(self._moved):
            self.show(pair)
        self._moved.clear()
        self.due = None

    def forget(self) -> None:
        """Nothing is shown any more."""
        self._moved.clear()
        self.due = None
