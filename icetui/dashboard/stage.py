"""What the demo shows: a network, two sides on it as sources of their own, and the network's time.

What belongs here: whose events go where, and what time it is. What must never come in: widgets.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from icetui import events
from icetui.session.internet import Internet

if TYPE_CHECKING:
    from icetui.events import AnyCommand
    from icetui.streams.source import Source

OF_THE_NETWORK = (
    events.TopologyChanged,
    events.NatTableChanged,
    events.PacketsPassed,
    events.PaceChanged,
)
"""Events that say nothing of either session."""


TOLERANCE = 0.3
"""Seconds of ours that the network may be behind what its speed promises."""


class NetworkClock:
    """The network's time between two of its events: it may go slower than ours, or stand still."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._at = 0.0
        self._since = monotonic()
        self._speed = 0.0
        """Of the network; 0 as well while nothing but its events tells the time."""
        self._rate = 1.0
        """The same while it goes on."""

    def heard(self, event: events.AnyEvent) -> None:
        """An event tells what time it is there."""
        now = self()
        if isinstance(event, events.PaceChanged):
            # Nothing is reckoned forward for a network that goes as fast as it can.
            self._speed = 0.0 if event.paused or event.speed is None else event.speed
            self._rate = event.speed or 1.0
            self._set(event.t if now - event.t > TOLERANCE else max(now, event.t))
        elif isinstance(event, events.EngineFailed | events.SessionClosed):
            self._speed = 0.0
            self._set(now)
        elif event.t > now or now - event.t > self.ours(TOLERANCE):
            self._set(event.t)

    def _set(self, t: float) -> None:
        self._at, self._since = t, self._monotonic()

    def __call__(self) -> float:
        """Seconds since the network began."""
        return self._at + (self._monotonic() - self._since) * self._speed

    def ours(self, seconds: float) -> float:
        """So many seconds of ours, in the network's."""
        return seconds * self._rate


class SideSource:
    """One side of the demo as a source: its own events, and what is done to the network."""

    foreign = False

    def __init__(self, stage: Stage, name: str) -> None:
        self._stage = stage
        self.name = name
        self.live = stage.source.live
        self.hint = stage.source.hint
        self.inbox: asyncio.Queue[events.AnyEvent | None] = asyncio.Queue()

    async def events(self) -> AsyncIterator[events.AnyEvent]:
        self._stage.begin()
        while (event := await self.inbox.get()) is not None:
            yield event

    def send(self, command: AnyCommand) -> None:
        """Whatever is asked here is asked of this side."""
        self._stage.source.send(msgspec.structs.replace(command, session=self.name))

    async def close(self) -> None:
        """One side does not leave alone."""
        await self._stage.source.close()


class Stage:
    """Folds what is told of the network, and hands each side what is its."""

    def __init__(
        self, source: Source, sides: Sequence[str], clock: NetworkClock | None = None
    ) -> None:
        self.source = source
        self.internet = Internet()
        self.clock = clock or NetworkClock()
        self.sides = [SideSource(self, name) for name in sides]
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Read the demo's stream, once."""
        if self._task is None:
            self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for event in self.source.events():
                self.clock.heard(event)
                self.internet.apply(event)
                if not isinstance(event, OF_THE_NETWORK):
                    for side in self.sides:
                        if event.session in ("", side.name):
                            side.inbox.put_nowait(event)
        finally:
            for side in self.sides:
                side.inbox.put_nowait(None)

    def send(self, command: AnyCommand) -> None:
        """To the network itself."""
        self.source.send(command)
