"""Events on their way out of the process, written by a thread.

What belongs here: queueing and writing. It knows no event but those that may be left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from queue import Empty, SimpleQueue

from icetui import events
from icetui.events import Event

MOST_WAITING = 20_000
"""Events waiting for a slow reader, beyond which decoded STUN messages are left out."""


class Output:
    """Writes events to stdout in a thread, so that a slow reader never delays a check."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._fresh: list[Event] = []
        """Of this turn of the loop; the thread hears of them when the turn's datagrams are
        answered, as it would compete for the interpreter."""
        self._queue: SimpleQueue[list[Event] | None] = SimpleQueue()
        self._put = self._written = 0
        self._thread = threading.Thread(target=self._write, name="output", daemon=True)
        self.broken = False
        self._thread.start()

    @property
    def behind(self) -> bool:
        """Whether the reader is so slow that events are left out."""
        return not self.broken and self._put - self._written > MOST_WAITING

    def put(self, event: Event) -> None:
        """Queue an event."""
        slow = self._put - self._written > MOST_WAITING
        if self.broken or (slow and isinstance(event, events.StunMessage)):
            return
        self._put += 1
        self._fresh.append(event)
        if len(self._fresh) == 1:
            try:
                asyncio.get_running_loop().call_soon(self._hand_over)
            except RuntimeError:  # the loop has ended
                self._hand_over()

    def _hand_over(self) -> None:
        if self._fresh:
            self._queue.put(self._fresh)
            self._fresh = []

    def finish(self, within: float) -> None:
        """Write what is queued, for at most `within` seconds."""
        self._hand_over()
        self._queue.put(None)
        self._thread.join(within)

    def _write(self) -> None:
        while (batch := self._queue.get()) is not None:
            with contextlib.suppress(Empty):
                while len(batch) < 256:
                    more = self._queue.get_nowait()
                    if more is None:
                        self._queue.put(None)
                        break
                    batch += more
            data = b"".join(map(events.encode, batch))
            try:
                while data:
                    data = data[os.write(self._file, data) :]
            except OSError:
                self.broken = True  # nobody reads any more; stdin's end says so too
                return
            self._written += len(batch)
