"""Keys on their way to the screens: what is a paste becomes one, what comes too late is dropped."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual import events
from textual.app import App
from textual.widgets import Input, TextArea

from icetui.dashboard import handover
from icetui.dashboard.burst import Burst

if TYPE_CHECKING:
    from icetui.dashboard.app import Dashboard


class Keyboard:
    """Stands before everything that takes keys."""

    def __init__(self, app: Dashboard) -> None:
        self._app = app
        self._burst = Burst(partial(handover.hand_in, app), self._replay)

    @property
    def waiting(self) -> bool:
        """Whether keys are held back that may be a paste."""
        return self._burst.waiting

    def takes(self, event: events.Event) -> bool:
        """Whether the event goes no further for now."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            return False
        typing = isinstance(self._app.focused, Input | TextArea)
        return self._app.leaving or self._burst.take(event, typing=typing)

    def _replay(self, keys: list[events.Key]) -> None:
        self._app.call_next(self._replay_now, keys)

    async def _replay_now(self, keys: list[events.Key]) -> None:
        for key in keys:
            if not self._app.leaving:
                await App.on_event(self._app, key)  # past the place where they were held
