"""Stamping events: the one place of the engine that reads the wall clock for them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from icetui.events import Event

Sink = Callable[[Event], None]


class Stream:
    """Emits events of one session into a sink, each with its time stamps."""

    def __init__(self, sink: Sink, session: str = "", started: float | None = None) -> None:
        self._sink = sink
        self.session = session
        self._started = time.monotonic() if started is None else started

    def for_session(self, session: str) -> Stream:
        """The same stream with another session id; the monotonic zero stays."""
        return Stream(self._sink, session, self._started)

    def elapsed(self, monotonic: float) -> float:
        """Seconds from the engine's start to a `time.monotonic()` value."""
        return monotonic - self._started

    def emit(self, kind: type[Event], /, **fields: Any) -> None:
        """Stamp and send an event with these fields."""
        now = time.monotonic()
        self._sink(
            kind(
                wall=round(time.time(), 6),
                t=round(now - self._started, 6),
                session=self.session,
                **fields,
            )
        )
