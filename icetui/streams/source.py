"""Where an event stream comes from, as whoever draws it sees it, and what can be put around it.

What belongs here: the shape of a source; wrapping one. Processes and recordings, which are sources,
have files of their own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

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
