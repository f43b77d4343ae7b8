"""Dashboard: the Textual app. Wires a source of events to one Session and the screens to it.

What belongs here: the life of the app, what is looked at, when it is painted. What must never come
in: drawing (panes), what keys do (the modules of actions), anything of the engine.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events as textual_events
from textual.app import App, SystemCommand
from textual.screen import Screen

from icetui import events
from icetui.dashboard import handover
from icetui.dashboard.actions import BY_ID
from icetui.dashboard.clipboard import Clipboard
from icetui.dashboard.frame import Frame
from icetui.dashboard.glance import glance
from icetui.dashboard.keyboard import Keyboard
from icetui.dashboard.lines import TONES
from icetui.dashboard.not_now import WHY
from icetui.dashboard.pace import Pace
from icetui.dashboard.palette import palette
from icetui.dashboard.panes.log import LogPane
from icetui.dashboard.panes.pairs import PairTable
from icetui.dashboard.screens.main import Main
from icetui.dashboard.session_actions import say_goodbye
from icetui.dashboard.table import Table
from icetui.dashboard.taste import Taste
from icetui.dashboard.view import Drawn, View
from icetui.dashboard.watch import Watch

if TYPE_CHECKING:
    from icetui.dashboard.stage import Stage
    from icetui.events import AnyCommand
    from icetui.streams.source import Source


BELOW = 3.0
"""Seconds after which what lies below a box is drawn again."""


def collect_again() -> None:
    """Collect garbage from now on, but not among what was loaded to start with."""
    gc.freeze()
    gc.enable()


class Dashboard(App[int]):
    """Draws one session after the other; its result is the exit code."""

    TITLE = "icetui"
    CSS_PATH = Path(__file__).with_name("app.tcss")
    COMPONENT_CLASSES = TONES

    def __init__(
        self,
        source: Source,
        *,
        clipboard: Clipboard | None = None,
        mask: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
        again: Callable[[], Source] | None = None,
        taste: Taste | None = None,
        stage: Stage | None = None,
    ) -> None:
        """`again` opens the source of another session; on a `stage`, which reads the source, both
        sides can be looked at."""
        super().__init__()
        self.clipboard_ways = clipboard or Clipboard()
        self.masked = mask
        self.stage = stage
        self.watches = [Watch(source, monotonic)]
        """The sessions of this window; the last one is the one that lives, on a stage all do."""
        if stage is not None:
            self.watches = [Watch(side, monotonic, clock=stage.clock) for side in stage.sides]
            for watch in self.watches:
                handover.by_itself(watch)
        self.looked_at = 0
        self.frozen: Watch | None = None
        self.suspended = False
        self.unmasking = ("", 0.0)
        """Which key was last asked about on a masked screen, and when, in the stream's time."""
        self.restart_asked = float("-inf")
        """When, in the stream's time, `r` was last pressed."""
        self.again = again
        self.main = Main()
        self.taste = taste or Taste()
        self.frame = Frame()
        self.pace = Pace(self._paint, monotonic)
        self.keyboard = Keyboard(self)
        self.monotonic = monotonic
        self._below_painted = float("-inf")
        self.leaving = False
        """Keys that come now are for whatever comes after us."""

    # --- the life of the app -----------------------------------------------------------------

    def get_default_screen(self) -> Screen[None]:
        return self.main

    def on_mount(self) -> None:
        self.taste.apply(self)
        self.theme_changed_signal.subscribe(self, lambda t: self.taste.keep_theme(self, t.name))
        self.app_resume_signal.subscribe(self, lambda _: self._draw_anew())
        for watch in self.watches:
            self.follow(watch)
        self.set_interval(1.0, self.pace.second)
        if not gc.isenabled():  # held back for the first frame
            self.call_after_refresh(collect_again)

    def follow(self, watch: Watch) -> None:
        """Fold what its source tells from now on."""

        async def fold() -> None:
            await watch.fold(partial(self._took, watch))
            self.repaint()

        self.run_worker(fold(), name="fold")

    def _took(self, watch: Watch, event: events.AnyEvent, news: bool) -> None:
        if type(event) in handover.CONCERNS:
            handover.saw(self, watch, event)
            if self.stage is not None:
                handover.by_itself(watch, event)
        if news:
            self.pace.soon()

    def on_unmount(self) -> None:
        self.pace.stop()

    async def action_quit(self) -> None:
        await say_goodbye(self)

    def _display(self, screen: Screen[object], renderable: object) -> None:
        """Textual's way to the terminal, made shorter."""
        super()._display(screen, self.frame.reduce(renderable, screen))  # type: ignore[arg-type]  # any

    def _draw_anew(self) -> None:
        """After a suspension (ctrl+z, fg) the terminal is empty or full of others' lines."""
        self.frame.forget()
        self.refresh(layout=True)
        self.screen.refresh(layout=True)
        self.repaint()

    async def on_event(self, event: textual_events.Event) -> None:
        if not self.keyboard.takes(event):
            await super().on_event(event)

    async def action_do(self, name: str) -> None:
        """Run the action of that name, from a key, a click or the palette."""
        if self.leaving:
            return
        action, now = BY_ID[name], self.view()
        if name in WHY and not action.enabled(now):
            self.notify(WHY[name](now), markup=False)
            return
        done = action.run(self)
        if isinstance(done, Awaitable):
            await done
        self.repaint()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        known = BY_ID.get(str(parameters[0])) if action == "do" and parameters else None
        return known is None or known.id in WHY or known.enabled(self.view())

    def on_table_moved(self) -> None:
        self.repaint()

    async def on_table_chosen(self, message: Table.Chosen) -> None:
        if isinstance(message.table, PairTable | LogPane):
            await self.action_do("details")

    def on_paste(self, event: textual_events.Paste) -> None:
        """A paste that no text field took, from whatever screen it bubbled up."""
        event.stop()
        handover.hand_in(self, event.text)

    def send(self, command: AnyCommand) -> None:
        self.living.source.send(command)

    # --- what is shown -----------------------------------------------------------------------

    @property
    def living(self) -> Watch:
        """The session that lives, on a stage the one that is looked at."""
        return self.watches[-1 if self.stage is None else self.looked_at]

    @property
    def looked(self) -> Watch:
        """What the panes draw: a session, or the snapshot it was frozen at."""
        return self.frozen or self.watches[self.looked_at]

    @property
    def side(self) -> str:
        """Whose session it is, on a stage."""
        return self.stage.sides[self.looked_at].name if self.stage is not None else ""

    def view(self) -> View:
        return glance(self)

    def repaint(self) -> None:
        """Somebody waits for it: at once."""
        self.pace.now()

    def _paint(self) -> int:
        """Draw what there is; how many lines changed."""
        if self.suspended or self.leaving or not self.screen_stack:
            return 0
        screen: Screen[object] = self.screen
        if not (screen.is_mounted and screen.children):
            return 0
        lines = screen.show(self.view()) if isinstance(screen, Drawn) else 0
        return lines + self._paint_below(screen)

    def _paint_below(self, box: Screen[object]) -> int:
        """What lies below a box is drawn with it, dimmed; that it is true is worth a whole screen
        now and then."""
        below = next((s for s in reversed(self.screen_stack[:-1]) if isinstance(s, Drawn)), None)
        now = self.monotonic()
        if not box.is_modal or below is None or now - self._below_painted < BELOW:
            return 0
        self._below_painted = now
        return below.show(self.view())

    def look_at(self, number: int) -> None:
        self.looked_at = min(max(0, number), len(self.watches) - 1)
        self.frozen = None

    def toggle_freeze(self) -> None:
        self.frozen = self.looked.still() if self.frozen is None else None

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from palette(self)
