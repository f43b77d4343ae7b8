"""Keys on their way to the screens: what is a paste becomes one, what comes too late is dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.app import App

from icetui.dashboard import handover
from icetui.dashboard.burst import Burst
from icetui.dashboard.lines import Lines

if TYPE_CHECKING:
    from icetui.dashboard.app import Dashboard


class Keyboard:
    """Stands before everything that takes keys."""

    def __init__(self, app: Dashboard) -> None:
        self._app = app
        self._burst = Burst(self._paste, self._replay)
        self._replayed: list[events.Key] = []
        """Keys that were held back and are about to go on."""

    @property
    def waiting(self) -> bool:
        """Whether keys are held back that may be a paste."""
        return self._burst.waiting

    def takes(self, event: events.Event) -> bool:
        """Whether the event goes no further for now."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            return False
        if self._replayed:  # what comes behind them stays behind them
            self._replayed.append(event)
            return True
        return self._app.leaving or self._burst.take(event, typing=self._typing())

    def _typing(self) -> bool:
        """Whether a text field takes the keys."""
        focused = self._app.focused
        if focused is None or isinstance(focused, Lines):
            return False
        # Not imported before there can be one: the first frame waits for all imports.
        from textual.widgets import Input, TextArea

        return isinstance(focused, Input | TextArea)

    def _paste(self, text: str) -> None:
        from icetui.dashboard.screens.paste import PasteBox

        if isinstance(self._app.screen, PasteBox):
            self._app.screen.submit(text)
        else:
            handover.hand_in(self._app, text)

    def _replay(self, keys: list[events.Key]) -> None:
        self._replayed += keys
        self._app.call_next(self._replay_now)

    async def _replay_now(self) -> None:
        keys, self._replayed = self._replayed, []
        for key in keys:
            if not self._app.leaving:
                await App.on_event(self._app, key)  # past the place where they were held
