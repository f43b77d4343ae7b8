"""The demo without a screen: until a path is in use or it is clear that none comes.

What belongs here: when to stop. The network's time goes in steps, as fast as it can, so that the
same seed gives the same report.
"""

from __future__ import annotations

import asyncio

from icetui import events
from icetui.reports.summary import summarise
from icetui.session import Session
from icetui.streams.console import Console
from icetui.streams.source import Source

STEP = 0.5
"""Seconds of the network's time between two looks."""
HELD = 2.0
"""Seconds that a path is looked at."""
LONGEST = 1800.0
"""Seconds of the network's time after which it is over: a file's pastes may come late."""
GREETING = "hello from icetui demo"


class DemoRun:
    """Folds one side of the demo and leaves when there is something to report."""

    def __init__(
        self, source: Source, speed: float | None, console: Console, *, as_json: bool
    ) -> None:
        """`as_json`: stdout gets every event as a line of JSON, and the summary last."""
        self._source = source
        self._speed = speed
        self._console = console
        self._as_json = as_json
        self._say = console.say
        self.session = Session()
        self._failed_at: float | None = None
        self._greeted = False
        self._leaving: asyncio.Task[None] | None = None

    async def run(self) -> int:
        """Exit code: 0, or 1 when the process failed."""
        async for event in self._source.events():
            await self._write(event)
            self.session.apply(event)
            self._react(event)
        await self._source.close()
        await self._write(summarise(self.session))
        return 1 if self.session.failure is not None else 0

    def _react(self, event: events.AnyEvent) -> None:
        match event:
            case events.ConnectionStateChanged() if event.session == self.session.id:
                if event.state in ("connected", "disconnected", "failed"):
                    self._say(f"{event.state}: {event.cause}")
            case events.PaceChanged(paused=True):
                self._look(event.t)
            case events.TextReceived() if event.session == self.session.id:
                self._say(event.text)
            case events.CommandRefused():
                self._say(event.problem)
            case events.EngineFailed():
                where = f" (details in {event.log})" if event.log else ""
                self._say(event.problem + where)

    def _look(self, now: float) -> None:
        """The network stands still: go on, or leave."""
        if self._is_over(now):
            if self._leaving is None:
                self._leaving = asyncio.create_task(self._source.close())
            return
        if self.session.state in ("connected", "completed") and not self._greeted:
            # Only while time stands still does it happen at the same moment in every run.
            self._greeted = True
            self._tell(events.SendText(session=self.session.id, text=GREETING))
        self._tell(events.SetPace(speed=self._speed, until=now + STEP))

    def _is_over(self, now: float) -> bool:
        session = self.session
        if session.state == "failed" or _has_nothing(session):
            # One more look: what a diagnosis rests on comes in behind the verdict.
            self._failed_at = now if self._failed_at is None else self._failed_at
            return now - self._failed_at >= HELD
        self._failed_at = None
        started = session.connected_at
        settled = session.nominated_at is not None or (started is not None and now - started > 10)
        return (started is not None and now - started >= HELD and settled) or now >= LONGEST

    def _tell(self, command: events.AnyCommand) -> None:
        self._source.send(command)

    async def _write(self, event: events.Event) -> None:
        """Nothing may be left out, as the same seed gives the same stream: the network waits for
        whoever reads, while signals are still heard."""
        if self._as_json:
            self._console.event(event)
            await self._console.room()


def _has_nothing(session: Session) -> bool:
    """Whether there is no candidate, so that nothing can come of it."""
    return session.gathering == "complete" and not session.local_candidates
