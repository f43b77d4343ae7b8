"""Events to a file and back: one JSON object a line, the same lines as on the pipe.

A recording never holds a password: blobs are left out of it. It may be cut off anywhere and may
come from a newer icetui; what cannot be read is skipped and counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec

from icetui import events
from icetui.event_reader import EventReader
from icetui.events import AnyCommand, AnyEvent, CommandRefused
from icetui.sources import Source, Wrapper

LOOKED_AT = 1024 * 1024
"""Bytes of a file in which a recording shows itself."""
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


def is_recording(path: Path) -> bool:
    """Whether an event stands near the beginning of the file. Raises OSError."""
    reader = EventReader()
    with path.open("rb") as file:
        start = file.read(LOOKED_AT)
    return any(line.strip() and reader.read(line) is not None for line in start.splitlines())


def keep_earlier(path: Path) -> Path | None:
    """Move a recording that stands at `path` beside it, to `path.1`, `path.2` and so on, whichever
    is free first; returns where to. None: nothing is there that could be lost.

    Raises `UnreadableRecording` when something else stands there, OSError.
    """
    if not path.is_file() or path.stat().st_size == 0:  # what is no file (/dev/null) keeps nothing
        return None
    if not is_recording(path):
        raise UnreadableRecording(
            f"{path} is there already and is no recording, so it is not overwritten; "
            "name another file"
        )
    numbered = (path.with_name(f"{path.name}.{n}") for n in itertools.count(1))
    free = next(p for p in numbered if not p.exists() and not p.is_symlink())
    return path.rename(free)


class Replay:
    """A recording as a source, at its own speed or faster."""

    live = False
    foreign = True

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
