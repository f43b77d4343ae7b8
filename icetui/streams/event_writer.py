"""Events to a pipe, written by a thread, in bounded memory: a slow reader delays and fills nobody.

What belongs here: queueing, writing, and what is left out when the reader does not keep up. Used by
the engine for its stdout and by a headless run for its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Literal

from icetui import events
from icetui.events import Event, EventsDropped

MOST_NEWS = 1024 * 1024
"""Bytes waiting for a slow reader, about, beyond which news is left out."""
MOST_WAITING = 2 * 1024 * 1024
"""Bytes beyond which of everything that tells a state only the latest is kept."""
MOST_STATES = 10_000
"""How many different states are kept so."""
BATCH = 256
STALLED = 0.5
"""Seconds without a byte taken after which a reader is not waited for at the end."""
PATIENCE = 10.0
"""Seconds a slow reader gets at the end in all."""

Where = Literal["engine", "output"]
Item = Event | bytes


class EventWriter:
    """Writes events and bytes to a file descriptor, in order, from a thread."""

    def __init__(self, file: int, where: Where = "engine") -> None:
        self._file = file
        self._where: Where = where
        self._fresh: list[Item] = []
        """Of this turn of the loop; the thread hears of them when the turn's datagrams are
        answered, as it would compete for the interpreter."""
        self._fresh_size = 0
        self._queue: SimpleQueue[tuple[list[Item], int] | None] = SimpleQueue()
        self._put = self._written = 0
        self._latest: dict[Any, Event] = {}
        self.dropped = 0
        """Events left out so far."""
        self._told = 0
        self.error: OSError | None = None
        """Why nothing can be written any more."""
        self.on_error: Callable[[OSError], None] = lambda _: None
        """Called once, from the thread."""
        self._writes = 0
        """How often the file took something, to see whether anybody reads."""
        self._thread = threading.Thread(target=self._write, name="output", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Bytes not yet taken, about."""
        return self._put - self._written

    def put(self, event: Event) -> None:
        """Queue an event, or leave it out; never blocks, never raises."""
        if self.error is not None:
            return
        waiting = self.waiting
        if waiting > MOST_NEWS and isinstance(event, events.NEWS):
            self.dropped += 1
            return
        if self._latest or waiting > MOST_WAITING:
            if waiting > MOST_NEWS:
                self._keep_latest(event)
                return
            self._catch_up()
        if self.dropped != self._told and waiting < MOST_NEWS // 2:
            self._told = self.dropped
            told = EventsDropped(
                wall=event.wall,
                t=event.t,
                session=event.session,
                where=self._where,
                count=self.dropped,
            )
            self._hold(told, 200)
        self._hold(event, events.size(event))

    def put_bytes(self, data: bytes) -> None:
        """Queue bytes that are no event, or leave them out when far too much is waiting."""
        if self.error is None and self.waiting + len(data) <= 2 * MOST_WAITING:
            self._hold(data, len(data))
        else:
            self.dropped += 1

    def _keep_latest(self, event: Event) -> None:
        key = state_of(event)
        if key is None:
            self.dropped += 1
            return
        if self._latest.pop(key, None) is not None:
            self.dropped += 1
        self._latest[key] = event
        if len(self._latest) > MOST_STATES:
            del self._latest[next(iter(self._latest))]
            self.dropped += 1

    def _catch_up(self) -> None:
        for event in self._latest.values():
            self._hold(event, events.size(event))
        self._latest.clear()

    def _hold(self, item: Item, weight: int) -> None:
        self._put += weight
        self._fresh_size += weight
        self._fresh.append(item)
        if len(self._fresh) == 1:
            try:
                asyncio.get_running_loop().call_soon(self._hand_over)
            except RuntimeError:  # the loop has ended
                self._hand_over()

    def _hand_over(self) -> None:
        if self._fresh:
            self._queue.put((self._fresh, self._fresh_size))
            self._fresh, self._fresh_size = [], 0

    # --- the end --------------------------------------------------------------------------------

    def finish(self, within: float) -> None:
        """Write what is queued, for at most `within` seconds; blocks."""
        self._end()
        self._thread.join(within)

    async def drained(self, hurry: Callable[[], bool] = lambda: False) -> None:
        """Write what is queued, as long as the reader takes any of it and `hurry` is false."""
        self._end()
        loop = asyncio.get_running_loop()
        began = moved = loop.time()
        writes = self._writes
        while self._thread.is_alive() and not hurry():
            now = loop.time()
            if self._writes != writes:
                writes, moved = self._writes, now
            if now - moved > STALLED or now - began > PATIENCE:
                return
            await asyncio.sleep(0.01)

    def _end(self) -> None:
        self._catch_up()
        self._hand_over()
        self._queue.put(None)

    # --- the thread -----------------------------------------------------------------------------

    def _write(self) -> None:
        while (taken := self._queue.get()) is not None:
            batch, weight = taken
            with contextlib.suppress(Empty):
                while len(batch) < BATCH:
                    more = self._queue.get_nowait()
                    if more is None:
                        self._queue.put(None)
                        break
                    batch += more[0]
                    weight += more[1]
            data = b"".join(i if isinstance(i, bytes) else events.encode(i) for i in batch)
            rest = memoryview(data)
            try:
                while rest:
                    rest = rest[os.write(self._file, rest[:65536]) :]
                    self._writes += 1
            except OSError as error:
                self.error = error
                self.on_error(error)
                return
            self._written += weight


def state_of(event: Event) -> Any:
    """What the event tells the state of, so that a later one replaces it; None: of nothing."""
    match event:
        case events.PairChanged():
            return ("pair", event.session, event.pair.id)
        case events.CandidateGathered() | events.RemoteCandidateAdded():
            return ("candidate", event.session, event.candidate.id)
        case events.ServerChanged():
            return ("server", event.session, event.server.url)
        case events.AllocationChanged():
            return ("allocation", event.session, event.server, event.relayed)
        case events.InterfaceFound():
            return ("interface", event.session, event.interface.name)
        case events.NatBehaviourChanged():
            return ("nat", event.session, event.nat.local)
        case events.MappingSeen():
            return ("mapping", event.session, event.local, event.server)
        case events.NatTableChanged():
            return ("table", event.nat)
        case events.TextReceived() | events.TextSent() | events.TextEchoed():
            return None
        case events.NetworkChanged():
            return None
    return (type(event), event.session)
