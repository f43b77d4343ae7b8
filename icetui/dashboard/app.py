"""Dashboard: the Textual app. Wires a source of events to one Session and the screens to it.

What belongs here: the life of the app, folding, repainting. What must never come in: drawing
(panes), what keys do (screens), anything of the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.screen import Screen
from textual.timer import Timer

from icetui import events
from icetui.dashboard.actions import Situation
from icetui.dashboard.clipboard import Clipboard
from icetui.dashboard.exchanging import Exchanging
from icetui.dashboard.screens.box import Box
from icetui.dashboard.screens.main import Main
from icetui.dashboard.text import plain

if TYPE_CHECKING:
    from icetui.sources import Source

REPAINT = 0.1
"""Seconds between two repaints, at least."""
BATCH = 64
"""Events folded before the screen gets a turn."""
LEAVING = 1.5
"""Seconds a polite goodbye may take."""


class Dashboard(Exchanging):
    """Draws one session; its result is the exit code."""

    TITLE = "icetui"
    CSS_PATH = Path(__file__).with_name("app.tcss")

    def __init__(
        self,
        source: Source,
        *,
        clipboard: Clipboard | None = None,
        mask: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(source, clipboard or Clipboard())
        self.masked = mask
        """The events are masked already; our own blob, which cannot be, is not shown."""
        self.trouble: str | None = None
        """What went wrong with the stream itself, or that a recording has ended."""
        self.suspended = False
        self._monotonic = monotonic
        self._heard = monotonic()
        self._frozen_now = 0.0
        self._timer: Timer | None = None
        self._painted = 0.0
        self._main = Main()
        self._leaving = False

    # --- the life of the app -----------------------------------------------------------------

    def get_default_screen(self) -> Screen[None]:
        return self._main

    def on_mount(self) -> None:
        self.run_worker(self._fold(), name="fold")
        self.set_interval(1.0, self._second)

    async def _fold(self) -> None:
        """Apply every event of the source; let the screen have its turn between batches."""
        waiting = 0
        async for event in self.source.events():
            self.session.apply(event)
            self._heard = self._monotonic()
            self._noticed(event)
            self.repaint()
            waiting += 1
            if waiting >= BATCH:
                waiting = 0
                await asyncio.sleep(0)
        if not self.source.live:
            self.trouble = "End of recording."
        elif self.session.closed is None and self.session.failure is None:
            self.trouble = "✗ The engine has gone without a word. Press q to leave."
        self.repaint()

    def _noticed(self, event: events.AnyEvent) -> None:
        """The few things that happen by themselves."""
        self.exchange.own.see(event)
        if isinstance(event, events.BlobChanged) and self.exchange.begun_again:
            self.exchange.begun_again = False
            self.copy_own()
        elif isinstance(event, events.BlobChanged) and event.t == self.session.blob_at:
            self.first_blob()
        elif isinstance(event, events.SessionRestarted):
            self.exchange.begin_again()
        elif isinstance(event, events.SelectedPairChanged) and self.session.restart is None:
            self.exchange.settled()
        elif isinstance(event, events.DescriptionAccepted):
            self.understood(event)
        elif isinstance(event, events.TextReceived) and self.screen is self._main:
            text = plain(event.text, 200)
            self.notify(f"{text}\n\nm: answer", title="Message from the other side", markup=False)

    @property
    def failed(self) -> bool:
        return self.source.live and (
            self.session.failure is not None or bool(self.trouble and self.session.closed is None)
        )

    async def action_quit(self) -> None:
        code = 1 if self.failed else 0  # before the stream ends because of us
        if not self._leaving:
            self._leaving = True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.source.close(), LEAVING)
        self.exit(code)

    # --- what is shown -----------------------------------------------------------------------

    @property
    def now(self) -> float:
        """The stream's time of what is shown: its own stamps, carried on between events."""
        if self.frozen is not None:
            return self._frozen_now
        over = self.session.closed or self.session.failure or self.trouble
        if over is not None:
            return self.session.t
        return self.session.t + self._monotonic() - self._heard

    @property
    def situation(self) -> Situation:
        return Situation(self.session, self.source.live, self._main.pairs.highlighted)

    def repaint(self) -> None:
        """Something changed: repaint soon, at most every `REPAINT` seconds."""
        if self._timer is None:
            due = max(0.001, self._painted + REPAINT - self._monotonic())
            self._timer = self.set_timer(due, self._paint)

    def _paint(self) -> None:
        self._timer = None
        self._painted = self._monotonic()
        if self.suspended:
            return
        for screen in self.screen_stack:
            if isinstance(screen, Main | Box) and screen.is_mounted:
                screen.show(self.shown, self.now)

    def _second(self) -> None:
        if not self.suspended and self._main.is_mounted:
            self._main.show_clock(self.shown, self.now)

    def toggle_freeze(self) -> None:
        from icetui.dashboard.freeze import snapshot

        if self.frozen is None:
            self._frozen_now, self.frozen = self.now, snapshot(self.session)
        else:
            self.frozen = None
        self.repaint()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        for name, help, call in self._main.palette_entries():
            yield SystemCommand(name, help, call)
        yield SystemCommand("Theme", "Change the colours.", self.action_change_theme)
