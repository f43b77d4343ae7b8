"""Where an event stream comes from: an engine process, any other process, a recording.

What belongs here: getting events in and commands out, whoever draws them. A `Source` can be
wrapped: recorded, joined with blob files, joined with a far peer on the same machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Sequence
from typing import IO, Protocol

from icetui import events
from icetui.event_reader import EventReader
from icetui.events import AnyCommand, AnyEvent

LEAVE_WITHIN = 1.3
"""Seconds an engine gets to leave before it is ended."""
ENGINE = (sys.executable, "-m", "icetui.engine")


class Source(Protocol):
    """An event stream, and a way to send commands back."""

    live: bool
    """False for a recording: commands do nothing."""
    hint: str
    """What the user should know about this stream, or nothing."""

    def events(self) -> AsyncIterator[AnyEvent]:
        """Events until the stream ends."""
        ...

    def send(self, command: AnyCommand) -> None:
        """Send a command; never blocks for long, never raises."""
        ...

    async def close(self) -> None:
        """Leave politely; takes at most 1.5 s."""
        ...


class ProcessSource:
    """A process that prints events and reads commands."""

    live = True

    def __init__(
        self,
        argv: Sequence[str] = ENGINE,
        first: Sequence[AnyCommand] = (),
        hint: str = "",
    ) -> None:
        """Starts the process at once, before anything slow is imported.

        Raises OSError when it cannot be started.
        """
        self.hint = hint
        self.reader = EventReader()
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  lives with us
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                bufsize=0,
                # Ctrl-C and a hung-up terminal reach us, not it; it leaves when its stdin ends.
                start_new_session=True,
            )
        except OSError:
            self._complaints.close()
            raise
        self._closing = False
        self._reading = False
        self._drained = asyncio.Event()
        for command in first:
            self.send(command)

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, command: AnyCommand) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it has ended; events() says so
            self._process.stdin.write(events.encode(command))

    async def events(self) -> AsyncIterator[AnyEvent]:
        chunks: asyncio.Queue[bytes] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        self._reading = True
        threading.Thread(target=self._read, args=(chunks, loop), name="events", daemon=True).start()
        rest = b""
        last: AnyEvent | None = None
        ended = False
        while chunk := await chunks.get():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                event = self.reader.read(line) if line.strip() else None
                if event is not None:
                    last = event
                    ended = ended or isinstance(event, events.EngineFailed | events.SessionClosed)
                    yield event
        self._drained.set()
        if not ended and not self._closing:
            yield self._died(last)

    def _read(self, chunks: asyncio.Queue[bytes], loop: asyncio.AbstractEventLoop) -> None:
        """Runs in a thread, which works for pipes on every system."""
        assert self._process.stdout is not None
        with (
            self._process.stdout as output,
            contextlib.suppress(RuntimeError, OSError),  # nobody waits any more
        ):
            while chunk := os.read(output.fileno(), 65536):
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(chunks.put_nowait, b"")

    def _died(self, last: AnyEvent | None) -> AnyEvent:
        """What to say when the process ends without a word."""
        try:
            code: int | None = self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            code = None
        self._complaints.seek(0)
        complaint = self._complaints.read()[-4000:].decode("utf-8", "replace").strip()
        if code is not None and code < 0:
            how = f"was ended by {signal.Signals(-code).name}"
        else:
            how = f"ended with status {code}" if code is not None else "closed its output"
        words = complaint.splitlines()[-1] if complaint else ""
        return events.EngineFailed(
            wall=last.wall if last else 0.0,
            t=last.t if last else 0.0,
            problem=f"the engine {how}" + (f": {words}" if words else ""),
        )

    async def close(self) -> None:
        if not self._closing:
            self._closing = True
            self.send(events.Leave())
            assert self._process.stdin is not None
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        for end, patience in (
            (None, LEAVE_WITHIN),
            (self._process.terminate, 0.1),
            (self._process.kill, 0.1),
        ):
            if end is not None:
                end()
            if await self._ended(patience):
                break
        if self._reading:  # its last words are still to be heard
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._drained.wait(), 0.1)
        self._complaints.close()
        if not self._reading and self._process.stdout is not None:
            self._process.stdout.close()

    async def _ended(self, patience: float) -> bool:
        deadline = asyncio.get_running_loop().time() + patience
        while self._process.poll() is None:
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(0.01)
        return True


class Wrapper:
    """A source around a source; what it does not change goes through."""

    def __init__(self, inner: Source) -> None:
        self._inner = inner
        self.live = inner.live
        self.hint = inner.hint

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
