"""An icetui on a host of the simulated internet: the real engine, its events, its blob.

What belongs here: starting it, telling it what to do, hearing it. The engine does not know where it
runs.
"""

from __future__ import annotations

from collections.abc import Callable

from icetui import events
from icetui.engine.sessions import Sessions
from icetui.engine.stream import Sink, Stream
from icetui.events import AnyCommand, Event
from icetui.vnet.world_parts import Machine


class Peer:
    """One run of icetui."""

    def __init__(
        self, host: Machine, start: events.StartSession, sink: Sink, zero: float | None = None
    ) -> None:
        """Starts at once; `sink` gets every event. `zero` is what its time stamps count from, by
        its host's clock; None: this moment."""
        self.host = host
        self.blob = ""
        self.gathered = False
        """Whether its blob is complete."""
        self.left = False
        self._sink = sink
        self._sessions = host.loop.run(self._begin, start, zero)

    def _begin(self, start: events.StartSession, zero: float | None) -> Sessions:
        stream = Stream(self.host.net, self._heard, started=zero)
        sessions = Sessions(self.host.net, stream)
        sessions.carry_out(start)
        return sessions

    def _heard(self, event: Event) -> None:
        if isinstance(event, events.BlobChanged):
            self.blob, self.gathered = event.blob, event.complete
        self._sink(event)

    def send(self, command: AnyCommand) -> None:
        """Have a command carried out, as its user would."""
        self.host.loop.run(self._sessions.carry_out, command)

    def leave(self, then: Callable[[], None] = lambda: None) -> None:
        """End it as its user would; `then` is called when it has."""
        if not self.left:
            self.left = True
            task = self.host.loop.run(self.host.loop.create_task, self._sessions.close())
            task.add_done_callback(lambda _: then())
