"""When what happened to each pair: a second fold of the stream, for ages, timeline and RTT chart.

What belongs here: times, which a Session does not keep. Who draws a moment that is past leaves out
what came after it. What must never come in: clocks, widgets.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from icetui import events
from icetui.session.quality import SAME

SAMPLES_KEPT = 1800
"""Round trips of a pair: half an hour of one a second."""
SUPERSEDED = events.Reason.SUPERSEDED
STEPS_KEPT = 12
"""Changes of a pair's state."""


@dataclass(slots=True)
class PairTimes:
    """The times of one pair, in the stream's `t`."""

    formed: float
    steps: list[tuple[float, str]] = field(default_factory=list)
    """Since when it is in which state, oldest first; `superseded` is one of them."""
    sent: float | None = None
    received: float | None = None
    samples: deque[tuple[float, float | None]] | None = None
    """Round trips in seconds by the time they ended; None is a request without an answer."""

    def add(self, t: float, seconds: float | None) -> None:
        if self.samples is None:
            self.samples = deque(maxlen=SAMPLES_KEPT)
        elif seconds is not None:
            self._found_again(t - seconds)
        self.samples.append((t, seconds))

    def _found_again(self, sent: float) -> None:
        """The answer to a request of then has come: it was late, and not lost."""
        assert self.samples is not None
        for n in range(len(self.samples) - 1, -1, -1):
            at, seconds = self.samples[n]
            if at < sent - SAME:
                return
            if seconds is None and abs(at - sent) <= SAME:
                del self.samples[n]
                return


@dataclass(slots=True)
class Chronicle:
    """The times of every pair."""

    pairs: dict[str, PairTimes] = field(default_factory=dict)

    def apply(self, event: events.AnyEvent) -> None:
        """Take one event in. Never raises, in any order."""
        if isinstance(event, events.PairChanged):
            pair = event.pair
            times = self.pairs.get(pair.id)
            if times is None:
                times = self.pairs[pair.id] = PairTimes(event.t)
            state = "superseded" if pair.reason is SUPERSEDED else pair.state
            if not times.steps or times.steps[-1][1] != state:
                times.steps.append((event.t, state))
                if len(times.steps) > STEPS_KEPT:
                    del times.steps[1]  # when it was formed stays
        elif isinstance(event, events.StunMessage):
            times = self.pairs.get(event.pair or "")
            if times is not None and event.direction == "out":
                times.sent = event.t
            elif times is not None:
                times.received = event.t
        elif isinstance(event, events.RoundTripMeasured):
            times = self.pairs.get(event.pair)
            if times is not None:
                times.add(event.t, event.seconds)
        elif isinstance(event, events.RequestLost):
            times = self.pairs.get(event.pair)
            if times is not None:
                times.add(event.t if event.sent is None else event.sent, None)
