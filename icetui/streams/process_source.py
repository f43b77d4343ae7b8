"""A process that prints events and reads commands, as a source: the engine, or any other program.

What belongs here: starting it, reading, writing and ending it without ever waiting for it, and
saying how it fares: behind, silent, dead.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from queue import SimpleQueue
from typing import IO, Any

from icetui import events
from icetui.events import AnyCommand, AnyEvent
from icetui.printable import printable
from icetui.streams.event_reader import EventReader
from icetui.streams.lag import Lag
from icetui.streams.line_splitter import Lines

LEAVE_WITHIN = 0.9
"""Seconds an engine gets to leave before it is ended."""
CHUNK = 65536
MOST_CHUNKS = 16
"""Chunks read and not yet taken; beyond them the pipe fills, and the process has to leave out."""
MOST_COMMANDS = 8 * 1024 * 1024
"""Bytes of commands for a process that does not read; one paste has at most 1 MB."""
SKIP_ABOVE = 0.5
"""Seconds behind from which on what is only news is passed over undecoded."""
TASTED = 64
"""Of so much news passed over one is read all the same: it tells the time."""
TELL_ABOVE, CAUGHT_UP = 1.0, 0.3
"""Seconds behind from which on, and below which no more, the reader says so."""
STOPPED = 3.0
"""Seconds without a turn of the watchdog: no busy loop does that, the process was stopped."""
CATCHING_UP = 1.5
"""Seconds that a process that was stopped gets to read what was said meanwhile."""
LOOK = 0.5
"""Seconds between two looks at whether the engine lives."""
SILENT = 3.0
"""Seconds without a sign of life that are told."""
LAST_WORDS = 4000
"""Bytes kept of what it said on stderr."""

_NEWS = frozenset(events.kebab(kind.__name__).encode() for kind in events.NEWS)
_TAG = b'{"event":"'
ENDS = (events.EngineFailed, events.SessionClosed)


def engine_argv() -> tuple[str, ...]:
    """How the engine is started.

    With `-P`, as `-m` would put the current directory first on the import path: an engine started
    in a downloaded folder would run what lies in it. A frozen executable has no `-m`; it is itself
    the engine when told so.
    """
    if getattr(sys, "frozen", False):
        return (sys.executable, "engine")
    return (sys.executable, "-P", "-m", "icetui.engine")


class ProcessSource:
    """A process that prints events and reads commands."""

    live = True

    def __init__(
        self,
        argv: Sequence[str] | None = None,
        first: Sequence[AnyCommand] = (),
        hint: str = "",
    ) -> None:
        """Starts the process, our own engine by default, at once: before anything slow is imported.

        Raises OSError when it cannot be started.
        """
        self.foreign = argv is not None
        self.hint = hint
        self.reader = EventReader()
        self.dropped = 0
        """Events passed over because we were behind."""
        self._process = subprocess.Popen(
            engine_argv() if argv is None else argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            # Ctrl-C and a hung-up terminal reach us, not it; it leaves when its stdin ends.
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stderr is not None
        self._commands = _Commands(self._process.stdin)
        self._complaints = _Tail(self._process.stderr)
        self._inbox: asyncio.Queue[bytes | AnyEvent] = asyncio.Queue()
        self._room = threading.Semaphore(MOST_CHUNKS)
        self._heard = time.monotonic()
        """When the process last wrote anything."""
        self._looked = 0.0
        self._resumed = float("-inf")
        """When the watchdog had last not had its turn for so long."""
        self._beats = False
        """Whether it shows signs of life at all: a foreign program may not."""
        self._simulated = False
        """Whether its time is not ours, so that no lag shows in it."""
        self._lag = Lag()
        self._behind = 0.0
        self._told_behind = 0.0
        self._told_at = 0.0
        self._told_dropped = 0
        self._last: AnyEvent | None = None
        self._closing = False
        self._reading = False
        self._drained = asyncio.Event()
        for command in first:
            self.send(command)

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, command: AnyCommand) -> None:
        if not self._commands.put(events.encode(command)):
            self._inbox.put_nowait(
                events.CommandRefused(
                    **self._stamp(),
                    command=events.kebab(type(command).__name__),
                    problem="the engine does not read what it is told, so this was left out",
                )
            )

    # --- events in ------------------------------------------------------------------------------

    async def events(self) -> AsyncIterator[AnyEvent]:
        loop = asyncio.get_running_loop()
        self._reading = True
        threading.Thread(target=self._read, args=(loop,), name="events", daemon=True).start()
        self._looked = time.monotonic()
        watch = loop.call_later(LOOK, self._look, loop)
        self._watch = watch
        lines = Lines()
        ended = False
        while (item := await self._inbox.get()) != b"":
            if not isinstance(item, bytes):
                yield item
                continue
            for line in lines.feed(item):
                event = self._understood(line)
                if event is None:
                    continue
                ended = ended or isinstance(event, ENDS)
                yield event
                if self._behind >= CAUGHT_UP or self._told_behind:
                    for said in self._about_ourselves():
                        yield said
            self._room.release()
        self._watch.cancel()
        if (event := self._understood(lines.rest())) is not None:
            yield event
        self.reader.unreadable += lines.too_long
        self._drained.set()
        if not ended and not self._closing:
            yield self._died()

    def _understood(self, line: bytes) -> AnyEvent | None:
        """The event on a line, if it is one to be told; how far behind we are by it."""
        if (self._behind >= SKIP_ABOVE and self._passed_over(line)) or not line.strip():
            return None
        event = self.reader.read(line)
        if event is None:
            return None
        self._last = event
        self._beats = self._beats or isinstance(event, events.Heartbeat)
        self._simulated = self._simulated or isinstance(event, events.PaceChanged)
        now = time.monotonic()
        lag = self._lag.of(event.t, now)
        self._behind = 0.0 if self._simulated or self._just_stopped(now) else lag
        return event

    def _passed_over(self, line: bytes) -> bool:
        """Whether it is only news, and we are behind; nothing of it is decoded then."""
        if not line.startswith(_TAG):
            return False
        if line[len(_TAG) : line.find(b'"', len(_TAG))] not in _NEWS:
            return False
        self.dropped += 1
        return self.dropped % TASTED != 0

    def _about_ourselves(self) -> Iterator[AnyEvent]:
        """What there is to say of how far behind we are."""
        now = time.monotonic()
        behind = round(self._behind, 1)
        over = self._told_behind and behind < CAUGHT_UP
        if not over and (behind < TELL_ABOVE or now - self._told_at < 1.0):
            return
        self._told_at, self._told_behind = now, 0.0 if over else behind
        yield events.ReaderBehind(**self._stamp(), seconds=self._told_behind)
        if self.dropped != self._told_dropped:
            self._told_dropped = self.dropped
            yield events.EventsDropped(**self._stamp(), where="reader", count=self.dropped)

    def _just_stopped(self, now: float) -> bool:
        """Whether we, not a flood of events, are why they are old: a process that comes back from
        a suspension (SIGTSTP) finds what was said meanwhile all at once."""
        return now - self._looked > STOPPED or now - self._resumed < CATCHING_UP

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        """Runs in a thread, which works for pipes on every system."""
        assert self._process.stdout is not None
        with (
            self._process.stdout as output,
            contextlib.suppress(RuntimeError, OSError),  # nobody waits any more
        ):
            while chunk := os.read(output.fileno(), CHUNK):
                self._heard = time.monotonic()
                loop.call_soon_threadsafe(self._inbox.put_nowait, chunk)
                self._room.acquire()
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._inbox.put_nowait, b"")

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """The watchdog: say that the engine is silent, each second for as long as it is."""
        now = time.monotonic()
        gap, self._looked = now - self._looked, now
        late = gap > 2 * LOOK
        if gap > STOPPED:
            self._resumed = now
        # We may have been stopped ourselves; or what it wrote is not taken yet.
        if self._beats and not late and not self._closing and self._inbox.empty():
            silence = now - self._heard
            if silence >= SILENT:
                self._inbox.put_nowait(
                    events.EngineSilent(**self._stamp(silence), seconds=round(silence, 1))
                )
        self._watch = loop.call_later(LOOK, self._look, loop)

    def _stamp(self, later: float = 0.0) -> dict[str, Any]:
        """Time stamps for an event of our own, as the stream's clock goes."""
        wall, t = (self._last.wall, self._last.t) if self._last is not None else (0.0, 0.0)
        return {"wall": wall + later, "t": t + later}

    def _died(self) -> AnyEvent:
        """What to say when the process ends without a word."""
        try:
            code: int | None = self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            code = None
        complaint = self._complaints.text().strip()
        if code is not None and code < 0:
            how = f"was ended by {_signal_name(-code)}"
        else:
            how = f"ended with status {code}" if code is not None else "closed its output"
        words = printable(complaint.splitlines()[-1], 300) if complaint else ""
        return events.EngineFailed(
            **self._stamp(), problem=f"the engine {how}" + (f": {words}" if words else "")
        )

    # --- the end --------------------------------------------------------------------------------

    async def close(self) -> None:
        silent = self._beats and time.monotonic() - self._heard > SILENT - LOOK
        if not self._closing:
            self._closing = True
            self.send(events.Leave())
            self._commands.end()
        for end, patience in (
            (None, 0.1 if silent else LEAVE_WITHIN),
            (self._process.terminate, 0.05),
            (self._process.kill, 0.1),
        ):
            if end is not None:
                end()
            if await self._ended(patience):
                break
        if self._reading:  # its last words are still to be heard
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._drained.wait(), 0.1)
        elif self._process.stdout is not None:
            self._process.stdout.close()

    async def _ended(self, patience: float) -> bool:
        deadline = asyncio.get_running_loop().time() + patience
        while self._process.poll() is None:
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(0.01)
        return True


class _Commands:
    """A pipe into a process, written by a thread: one that does not read blocks nobody."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._waiting = 0
        threading.Thread(target=self._write, name="commands", daemon=True).start()

    def put(self, data: bytes) -> bool:
        """Queue it; False when far too much is waiting already."""
        if self._waiting + len(data) > MOST_COMMANDS:
            return False
        self._waiting += len(data)
        self._queue.put(data)
        return True

    def end(self) -> None:
        """Close the pipe once all is written."""
        self._queue.put(None)

    def _write(self) -> None:
        with contextlib.suppress(OSError), self._pipe as pipe:  # it has ended; events() says so
            while (data := self._queue.get()) is not None:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(pipe.fileno(), rest) :]
                self._waiting -= len(data)


class _Tail:
    """The end of what a process says, whatever it says before; read by a thread."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._kept = b""
        self._thread = threading.Thread(target=self._read, name="complaints", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError), self._pipe as pipe:
            while chunk := os.read(pipe.fileno(), CHUNK):
                self._kept = (self._kept + chunk)[-LAST_WORDS:]

    def text(self) -> str:
        """What is known of it, once it has ended or soon after."""
        self._thread.join(0.2)
        return self._kept.decode("utf-8", "replace")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
