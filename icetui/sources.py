"""Where an event stream comes from, as whoever draws it sees it, and what can be put around it.

What belongs here: the shape of a source; wrapping one, joining it with a far peer. Processes and
recordings, which are sources, have files of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from icetui import events
from icetui.events import AnyCommand, AnyEvent


class Source(Protocol):
    """An event stream, and a way to send commands back."""

    live: bool
    """False for a recording: commands do nothing."""
    hint: str
    """What the user should know about this stream, or nothing."""
    foreign: bool
    """Whether another program than our own engine tells it, perhaps on another machine: nothing of
    it may act without a key."""

    def events(self) -> AsyncIterator[AnyEvent]:
        """Events until the stream ends."""
        ...

    def send(self, command: AnyCommand) -> None:
        """Send a command; never blocks, never raises."""
        ...

    async def close(self) -> None:
        """Leave politely; takes about a second at most."""
        ...


class Wrapper:
    """A source around a source; what it does not change goes through."""

    def __init__(self, inner: Source) -> None:
        self._inner = inner
        self.live = inner.live
        self.hint = inner.hint
        self.foreign = inner.foreign

    async def events(self) -> AsyncIterator[AnyEvent]:
        async for event in self._inner.events():
            self.saw(event)
            yield event

    def saw(self, event: AnyEvent) -> None:
        """An event passes by."""

    def send(self, command: AnyCommand) -> None:
        self._inner.send(command)

    async def close(self) -> None:
        await self._inner.close()


class WithFarPeer(Wrapper):
    """A second engine on this machine as the other side; the two blobs are exchanged for you."""

    def __init__(self, inner: Source, far: Source) -> None:
        super().__init__(inner)
        self._far = far
        self._task: asyncio.Task[None] | None = None
        self._near_blob: str | None = None
        self._far_blob: str | None = None
        self.far_events: list[AnyEvent] = []

    async def events(self) -> AsyncIterator[AnyEvent]:
        self._task = asyncio.create_task(self._watch_far())
        async for event in super().events():
            yield event

    def saw(self, event: AnyEvent) -> None:
        if isinstance(event, events.BlobChanged) and event.blob != self._near_blob:
            self._near_blob = event.blob
            self._far.send(events.Paste(text=event.blob))

    async def _watch_far(self) -> None:
        async for event in self._far.events():
            if not isinstance(event, events.StunMessage):
                self.far_events.append(event)
                del self.far_events[:-2000]
            if isinstance(event, events.BlobChanged) and event.blob != self._far_blob:
                self._far_blob = event.blob
                self._inner.send(events.Paste(text=event.blob))
            elif isinstance(event, events.TextReceived):
                reply = f"the far peer got {event.size} bytes: {event.text}"
                cut = reply.encode()[: events.MAX_TEXT_SENT].decode("utf-8", "ignore")
                self._far.send(events.SendText(text=cut))

    async def close(self) -> None:
        await asyncio.gather(self._inner.close(), self._far.close())
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=0.5)
            self._task.cancel()
