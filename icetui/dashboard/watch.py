"""One session as the dashboard watches it: its source, what was folded of it, and what is known.

What belongs here: folding, the findings, the stream's time. What must never come in: widgets.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from icetui import events
from icetui.dashboard.chronicle import Chronicle
from icetui.dashboard.exchange_state import Exchange
from icetui.dashboard.freeze import snapshot
from icetui.diagnosis import Finding, diagnose
from icetui.session import Session
from icetui.streams.recording import Recorded

if TYPE_CHECKING:
    from icetui.streams.source import Source

BATCH = 64
"""Events folded before the screen gets a turn."""
THINK = 1.0
"""Seconds after which figures alone are a reason to diagnose anew."""
SHARE = 20
"""A diagnosis is followed by so many times as long without one."""
TOLERANCE = 0.3
"""Seconds by which an event may come late, and the clock goes on all the same."""
GONE = "✗ The engine has gone without a word."
RECORDING_OVER = "End of recording."

ROUTINE = (events.StunMessage, events.RoundTripMeasured, events.ConsentRefreshed)


class Watch:
    """A source, and the session that its events make."""

    def __init__(
        self,
        source: Source,
        monotonic: Callable[[], float] = time.monotonic,
        session: Session | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """`clock` tells the stream's time where it is not ours."""
        self.source = source
        self._clock = clock
        self.session = session or Session()
        self.chronicle = Chronicle()
        self.exchange = Exchange()
        self.trouble: str | None = None
        """What went wrong with the stream itself, or that a recording has ended."""
        self.reports: list[str] = []
        """Files that reports of it were written to."""
        self._monotonic = monotonic
        self._at, self._heard = 0.0, monotonic()
        """The stream's time, and when it was that of ours."""
        self._findings: list[Finding] = []
        self._thought = (float("-inf"), -1)
        """When, and after how many events, the findings were made; how many were news."""
        self._news = 0
        self._rest = 0.0
        """Seconds until it is worth the effort again: thousands of pairs take their time."""
        self._stopped_at: float | None = None

    async def fold(self, took: Callable[[events.AnyEvent, bool], None]) -> None:
        """Apply every event of the source and tell `took` of it, and whether it is news rather
        than a figure that counts up; the screen has its turn between batches."""
        waiting = 0
        async for event in self.source.events():
            logged = self.session.log.logged
            before = self.session.t
            self.session.apply(event)
            if self.session.t > before:
                self._set_clock(self.session.t)
            self.chronicle.apply(event)
            news = self.session.log.logged > logged and not isinstance(event, ROUTINE)
            self._news += news
            took(event, news)
            waiting += 1
            if waiting >= BATCH:
                waiting = 0
                await asyncio.sleep(0)
        if not self.source.live:
            self.trouble = RECORDING_OVER
        elif self.session.closed is None and self.session.failure is None:
            self.trouble = GONE

    def findings(self) -> list[Finding]:
        """What the session means: made anew after news, and once a second for the figures."""
        now = self._monotonic()
        at, after = self._thought
        due = at + (self._rest if self._news != after else max(THINK, self._rest))
        if now >= due:
            self._findings = diagnose(self.session)
            self._rest = min(2 * THINK, SHARE * (self._monotonic() - now))
            self._thought = (now, self._news)
        return self._findings

    @property
    def recording(self) -> str | None:
        """Where its events are written."""
        return str(self.source.path) if isinstance(self.source, Recorded) else None

    @property
    def failed(self) -> bool:
        """Whether it ended by a failure of the engine."""
        gone = self.trouble == GONE and self.session.closed is None
        return self.source.live and (self.session.failure is not None or gone)

    @property
    def now(self) -> float:
        """The stream's time of what is shown: its own stamps, carried on between events."""
        if self._stopped_at is not None:
            return self._stopped_at
        over = self.session.closed or self.session.failure or self.trouble
        if over is not None:
            return self.session.t
        if self._clock is not None:
            return self._clock()
        return self._at + self._monotonic() - self._heard

    def _set_clock(self, t: float) -> None:
        """By an event's stamp; one that took a little longer to come does not put it back."""
        ours = self._monotonic()
        if not 0 <= self._at + ours - self._heard - t <= TOLERANCE:
            self._at, self._heard = t, ours

    def still(self) -> Watch:
        """A copy that stands still while this one goes on folding."""
        copy = Watch(self.source, self._monotonic, snapshot(self.session))
        copy.chronicle, copy.exchange = self.chronicle, self.exchange
        copy.trouble, copy.reports = self.trouble, self.reports
        copy._findings, copy._thought = self._findings, (float("inf"), 0)
        copy._stopped_at = self.now
        return copy
