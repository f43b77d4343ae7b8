"""Events to a file and back: one JSON object a line, the same lines as on the pipe.

A recording never holds a password: blobs are left out of it. It is for its owner only, and bounded
(`thinning`). It may be cut off anywhere, may come from a newer icetui or from anybody; what cannot
be read is skipped and counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import stat
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import IO, TypeVar

import msgspec

from icetui import events
from icetui.events import AnyCommand, AnyEvent, CommandRefused, Event
from icetui.streams.event_reader import EventReader
from icetui.streams.line_splitter import Lines
from icetui.streams.private_file import MODE, open_private
from icetui.streams.source import Source, Wrapper
from icetui.streams.thinning import MOST, Thinning

LOOKED_AT = 1024 * 1024
"""Bytes of a file in which a recording shows itself."""
GIVE_UP = 16 * 1024 * 1024
"""Bytes without a single event after which nothing else is expected of a file."""
CHUNK = 256 * 1024
REMOVED = "icetui:(not recorded)"

T = TypeVar("T", bound=Event)


class UnreadableRecording(ValueError):
    """The file is no recording; the message is the sentence for the user."""


def without_secrets(event: T) -> T:
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
        self.path = path
        self._file = open_private(path)
        self._thinning = Thinning()
        self._last: AnyEvent | None = None

    async def events(self) -> AsyncIterator[AnyEvent]:
        try:
            async for event in super().events():
                problem = self._write(event)
                yield event
                if problem is not None:
                    yield problem
        finally:
            self._end()

    def _write(self, event: AnyEvent) -> CommandRefused | None:
        """Keep what is to be kept; what is to be said when that is over."""
        if self._file.closed:
            return None
        self._last = event
        try:
            self._put(self._thinning.kept(event))
        except OSError as error:
            return self._ends(event, error.strerror or str(error))
        if self._thinning.size > MOST:
            self._end()
            return self._ends(event, f"it has reached {MOST // 1_000_000} MB")
        return None

    def _put(self, kept: Iterable[Event]) -> None:
        for event in kept:
            line = events.encode(without_secrets(event))
            self._thinning.wrote(event, len(line))
            self._file.write(line)

    def _ends(self, event: AnyEvent, why: str) -> CommandRefused:
        self._file.close()
        return CommandRefused(
            wall=event.wall,
            t=event.t,
            session=event.session,
            command="record",
            problem=f"the recording {self.path} ends here: {why}",
        )

    def _end(self) -> None:
        if self._last is not None and not self._file.closed:
            with contextlib.suppress(OSError):  # a full disk; what matters is written already
                self._put(self._thinning.rest(self._last))
        self._file.close()


def read(path: Path, reader: EventReader | None = None) -> Iterator[AnyEvent]:
    """Events of a recording, in order; `reader` counts what was skipped.

    The file is read as its events are taken; memory is bounded whatever it holds.
    Raises `UnreadableRecording` when nothing in it is an event, or it is a device, OSError when it
    cannot be opened.
    """
    reader = reader or EventReader()
    found = False
    looked_at = 0
    lines = Lines()
    with _opened(path) as file:
        while chunk := file.read(CHUNK):
            looked_at += len(chunk)
            for line in lines.feed(chunk):
                event = reader.read(line) if line.strip() else None
                if event is not None:
                    found = True
                    yield event
            if not found and looked_at > GIVE_UP:
                break
        rest = lines.rest()
        event = reader.read(rest) if rest.strip() else None
        if event is not None:
            found = True
            yield event
    reader.unreadable += lines.too_long
    if not found:
        raise UnreadableRecording(
            f"{path} holds no icetui events; make a recording with --record FILE"
        )


def _opened(path: Path) -> IO[bytes]:
    """The file to be read. Raises OSError, and `UnreadableRecording` for what is no file: a device
    may never end."""
    file = path.open("rb", buffering=0)
    mode = os.fstat(file.fileno()).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
        file.close()
        raise UnreadableRecording(f"{path} is neither a file nor a pipe")
    return file


def is_recording(path: Path) -> bool:
    """Whether an event stands near the beginning of the file. Raises OSError."""
    with path.open("rb") as file:
        return is_recorded(file.read(LOOKED_AT))


def is_recorded(data: bytes) -> bool:
    """Whether an event stands near the beginning of it."""
    reader = EventReader()
    lines = data[:LOOKED_AT].split(b"\n")
    return any(line.strip() and reader.read(line) is not None for line in lines)


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
    with contextlib.suppress(OSError):  # somebody else's file; it was readable before, too
        path.chmod(MODE)
    return path.rename(free)


def numbered(path: Path, number: int) -> Path:
    """Beside `path`, for another session of the same run: `path.2` for the second, or the next
    number that is free."""
    names = (path.with_name(f"{path.name}.{n}") for n in itertools.count(number))
    return next(p for p in names if not p.exists() and not p.is_symlink())


class Replay:
    """A recording as a source, at its own speed or faster."""

    live = False
    foreign = True

    def __init__(self, recorded: Iterable[AnyEvent], speed: float = 1.0, hint: str = "") -> None:
        """`speed` 2.0 plays twice as fast, infinity at once. What is recorded is taken bit by bit,
        so that a long recording is never held whole."""
        self._recorded = recorded
        self._speed = speed
        self._closed = asyncio.Event()
        self.hint = hint or "a recording"

    async def events(self) -> AsyncIterator[AnyEvent]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        first: float | None = None
        for event in self._recorded:
            first = event.t if first is None else first
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
