"""stdout for data and stderr for people, of a run without a screen; neither is ever waited for.

What belongs here: writing to both. A pipe that nobody empties, a full disk and a reader that has
gone are told to whoever runs, who still hears signals meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from typing import TextIO

from icetui.events import Event
from icetui.printable import printable
from icetui.streams.event_writer import EventWriter

ENOUGH = 256 * 1024
"""Bytes waiting for a reader before whoever can wait waits for it."""


class Console:
    """The two outputs of one run. Made outside the loop; `on_broken` is called inside it."""

    def __init__(self) -> None:
        self._out = EventWriter(_file(sys.stdout), where="output")
        self._err = EventWriter(_file(sys.stderr), where="output")

    def watch(self, on_broken: Callable[[OSError], None]) -> None:
        """Hear in the running loop that stdout takes nothing any more, and why."""
        loop = asyncio.get_running_loop()

        def broken(error: OSError) -> None:
            loop.call_soon_threadsafe(on_broken, error)

        self._out.on_error = broken
        if self._out.error is not None:  # before anybody watched
            on_broken(self._out.error)

    def event(self, event: Event) -> None:
        """A line of the event stream."""
        self._out.put(event)

    def data(self, data: bytes) -> None:
        """Anything else on stdout."""
        self._out.put_bytes(data)

    async def room(self) -> None:
        """Wait until a slow reader has taken most of what there is for it, or has gone."""
        while self._out.waiting > ENOUGH and self._out.error is None:  # noqa: ASYNC110  a thread's
            await asyncio.sleep(0.01)

    def say(self, sentence: str) -> None:
        """A line for people."""
        self._err.put_bytes(printable(sentence).encode("utf-8", "replace") + b"\n")

    async def drained(self, hurry: Callable[[], bool] = lambda: False) -> bool:
        """Write the rest, as long as somebody takes it and `hurry` is false; the end of both.

        False, and people are told so, when stdout could not be written; a reader that has gone
        wanted no more of it.
        """
        await self._out.drained(hurry)
        error = self._out.error
        whole = error is None or isinstance(error, BrokenPipeError)
        if not whole:
            self.say(f"stdout cannot be written: {error.strerror if error else ''}")
        await self._err.drained(hurry)
        return whole


def _file(stream: TextIO | None) -> int:
    """The descriptor; where the stream is closed, nowhere."""
    if stream is None:
        return os.open(os.devnull, os.O_WRONLY)
    return stream.fileno()
