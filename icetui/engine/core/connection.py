"""The state of the connection as the W3C words it (webrtc 1.0 section 5.6.4), and who tells it."""

from __future__ import annotations

from icetui import events
from icetui.engine.core.outbox import Outbox
from icetui.events import ConnectionState


class Connection:
    """As one generation sees it."""

    def __init__(self, outbox: Outbox, *, primary: bool) -> None:
        self._outbox = outbox
        self.primary = primary
        """Whether this generation's state is the connection's; another one carries data if not."""
        self.state: ConnectionState = "new"
        self.gone = False
        """The other side has said goodbye."""

    def become(self, state: ConnectionState, cause: str) -> None:
        """Say so, if it is news."""
        if state == self.state:
            return
        self.state = state
        if self.primary:
            self._outbox.tell(events.ConnectionStateChanged, state=state, cause=cause)
