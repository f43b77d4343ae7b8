"""Events to a file and back: one JSON object a line, the same lines as on the pipe.

A recording never holds a password: blobs are left out of it. It may be cut off anywhere and may
come from a newer icetui; what cannot be read is skipped and counted.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec

from icetui import events
from icetui.events import AnyCommand, AnyEvent, CommandRefused, EventReader
from icetui.sources import Source, Wrapper

REMOVED = "icetui:(not recorded)"


class UnreadableRecording(ValueError):
    """The file is no recording; the message is the sentence for the user."""


def without_secrets(event: AnyEvent) -> AnyEvent:
    """The event as it may be kept."""
    if isinstance(event, events.BlobChanged):
        return msgspec.structs.replace(event, blob=REMOVED)
    return event


class Recorded(Wrapper):
    """A source whose events are also written to a file, each at once.

    Where that fails (a full disk), the recording ends there, the session is told and goes on.
    """

    def __init__(self, inner: Source, path: Path) -> None:
        """Raises OSError when the file cannot be opened."""
        super().__init__(inner)
        self._path = path
        self._file = path.open("wb", buffering=0)

    async def events(self) -> AsyncIterator[AnyEvent]:
        try:
            async for event in super().events():
                problem = self._write(event)
                yield event
                if problem is not None:
                    yield problem
        finally:
            self._file.close()

    def _write(self, event: AnyEvent) -> CommandRefused | None:
        if self._file.closed:
            return None
        try:
            self._file.write(events.encode(without_secrets(event)))
        except OSError as error:
            self._file.close()
            return CommandRefused(
                wall=event.wall,
                t=event.t,
                session=event.session,
                command="record",
                problem=f"the recording {self._path} ends here: {error.strerror}",
            )
        return None


def read(path: Path, reader: EventReader | None = None) -> Iterator[AnyEvent]:
    """Events of a recording, in order; `reader` counts what was skipped.

    Raises `UnreadableRecording` when nothing in the file is an event, OSError when it cannot be
    opened.
    """
    reader = reader or EventReader()
    found = False
    with path.open("rb") as file:
        for line in file:
            event = reader.read(line) if line.strip() else None
            if event is not None:
                found = True
                yield event
    if not found:
        raise UnreadableRecording(
            f"{path} holds no icetui events; make a recording with --record FILE"
        )


class Replay:
    """A recording as a source, at its own speed or faster."""

    live = False

    def __init__(self, recorded: list[AnyEvent], speed: float = 1.0, hint: str = "") -> None:
        """`speed` 2.0 plays twice as fast, infinity at once."""
        self._recorded = recorded
        self._speed = speed
        self._closed = asyncio.Event()
        self.hint = hint or "a recording"

    async def events(self) -> AsyncIterator[AnyEvent]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        first = self._recorded[0].t if self._recorded else 0.0
        for event in self._recorded:
            wait = (event.t - first) / self._speed - (loop.time() - began)
            if wait > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closed.wait(), wait)
            if self._closed.is_set():
                return
            yield event

    def send(self, command: AnyCommand) -> None:
        """A recording takes no commands."""

    async def close(self) -> None:
        self._closed.set()
