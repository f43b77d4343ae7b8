"""Stamping events: what happened, of which session, and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from icetui.engine.net import Net
from icetui.events import Event

Sink = Callable[[Event], None]


class Stream:
    """Emits events of one session into a sink, each with its time stamps."""

    def __init__(
        self, net: Net, sink: Sink, session: str = "", started: float | None = None
    ) -> None:
        """`started` is the time that counts as zero, by `net.now`; this moment without any."""
        self._net = net
        self._sink = sink
        self.session = session
        self._started = net.now() if started is None else started

    def for_session(self, session: str) -> Stream:
        """The same stream with another session id; its zero stays."""
        return Stream(self._net, self._sink, session, self._started)

    def elapsed(self, now: float) -> float:
        """Seconds from this stream's zero to a value of `net.now`."""
        return now - self._started

    def emit(self, kind: type[Event], /, **fields: Any) -> None:
        """Stamp and send an event with these fields."""
        self._sink(
            kind(
                wall=round(self._net.wall(), 6),
                t=round(self._net.now() - self._started, 6),
                session=self.session,
                **fields,
            )
        )
