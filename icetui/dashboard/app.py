"""Dashboard: the Textual app. Wires a source of events to one Session and the screens to it.

What belongs here: the life of the app, what is looked at, when it is painted. What must never come
in: drawing (panes), what keys do (the modules of actions), anything of the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual import events as textual_events
from textual.app import App, SystemCommand
from textual.screen import Screen
from textual.widgets import Input, TextArea

from icetui import events
from icetui.dashboard import handover
from icetui.dashboard.actions import ACTIONS, BY_ID
from icetui.dashboard.burst import Burst
from icetui.dashboard.clipboard import Clipboard
from icetui.dashboard.frame import Frame
from icetui.dashboard.pace import Pace
from icetui.dashboard.panes.log import LogPane
from icetui.dashboard.panes.pairs import PairTable
from icetui.dashboard.screens.main import Main
from icetui.dashboard.table import Table
from icetui.dashboard.text import plain
from icetui.dashboard.view import Drawn, View
from icetui.dashboard.watch import Watch

if TYPE_CHECKING:
    from textual.worker import WorkType

    from icetui.dashboard.stage import Stage
    from icetui.events import AnyCommand
    from icetui.sources import Source

LEAVING = 1.5
"""Seconds a polite goodbye may take."""


class Dashboard(App[int]):
    """Draws one session after the other; its result is the exit code."""

    TITLE = "icetui"
    CSS_PATH = Path(__file__).with_name("app.tcss")

    def __init__(
        self,
        source: Source,
        *,
        clipboard: Clipboard | None = None,
        mask: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
        again: Callable[[], Source] | None = None,
        keys: Mapping[str, str] | None = None,
        stage: Stage | None = None,
    ) -> None:
        """`again` opens the source of another session; `keys` are the user's own, by action id.

        On a `stage`, which reads the source, both sides can be looked at.
        """
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
        self.restart_asked = float("-inf")
        """When, in the stream's time, `r` was last pressed."""
        self.again = again
        self.main = Main()
        self.keys = dict(keys or {})
        self.frame = Frame()
        self.pace = Pace(self._paint, monotonic)
        self.burst = Burst(self.hand_in, self._replay)
        self._monotonic = monotonic
        self._leaving = False

    # --- the life of the app -----------------------------------------------------------------

    def get_default_screen(self) -> Screen[None]:
        return self.main

    def on_mount(self) -> None:
        self.set_keymap(self.keys)
        for watch in self.watches:
            self._follow(watch)
        self.set_interval(1.0, self.pace.second)

    def _follow(self, watch: Watch) -> None:
        self.run_worker(self._fold(watch), name="fold")

    async def _fold(self, watch: Watch) -> None:
        await watch.fold(partial(self._took, watch))
        self.repaint()

    def _took(self, watch: Watch, event: events.AnyEvent, news: bool) -> None:
        handover.saw(self, watch, event)
        if self.stage is not None:
            handover.by_itself(watch, event)
        mine = watch is self.living
        if isinstance(event, events.TextReceived) and mine and self.screen is self.main:
            text = plain(event.text, 200)
            self.notify(f"{text}\n\nm: answer", title="Message from the other side", markup=False)
        if news:
            self.pace.soon()

    def begin_another(self) -> None:
        """Another session in this window; the one before stays to be looked at."""
        if self.again is None:
            return
        self.run_worker(self.living.source.close(), group="close")
        self.watches.append(Watch(self.again(), self._monotonic))
        self.look_at(len(self.watches) - 1)
        self._follow(self.living)

    def on_unmount(self) -> None:
        self.pace.stop()

    async def action_quit(self) -> None:
        await self.leave()

    async def leave(self) -> None:
        """Say goodbye, and end with the exit code."""
        if self._leaving:
            return
        self.pace.stop()
        self._leaving = True  # keys that come now are for whatever comes after us
        code = 1 if self.living.failed else 0  # before the stream ends because of us
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.living.source.close(), LEAVING)
        self.exit(code)

    def _display(self, screen: Screen[object], renderable: object) -> None:
        """Textual's way to the terminal, made shorter."""
        super()._display(screen, self.frame.reduce(renderable))  # type: ignore[arg-type]  # any

    # --- keys --------------------------------------------------------------------------------

    async def on_event(self, event: textual_events.Event) -> None:
        if isinstance(event, textual_events.Key) and not event.is_forwarded:
            typing = isinstance(self.focused, Input | TextArea)
            if self._leaving or self.burst.take(event, typing=typing):
                return
        await super().on_event(event)

    def _replay(self, keys: list[textual_events.Key]) -> None:
        self.call_next(self._replay_now, keys)

    async def _replay_now(self, keys: list[textual_events.Key]) -> None:
        for key in keys:
            if not self._leaving:
                await super().on_event(key)

    async def action_do(self, name: str) -> None:
        """Run the action of that name, from a key, a click or the palette."""
        done = BY_ID[name].run(self)
        if isinstance(done, Awaitable):
            await done
        self.repaint()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        known = BY_ID.get(str(parameters[0])) if action == "do" and parameters else None
        return known is None or known.enabled(self.view())

    def on_table_moved(self) -> None:
        self.repaint()

    async def on_table_chosen(self, message: Table.Chosen) -> None:
        if isinstance(message.table, PairTable | LogPane):
            await self.action_do("details")

    # --- the exchange ------------------------------------------------------------------------

    def on_paste(self, event: textual_events.Paste) -> None:
        """A paste that no text field took, from whatever screen it bubbled up."""
        event.stop()
        self.hand_in(event.text)

    def hand_in(self, text: str) -> None:
        handover.hand_in(self, text)

    def send(self, command: AnyCommand) -> None:
        self.living.source.send(command)

    def copy_own(self) -> None:
        """Send our description to the clipboard, in the background."""
        text = self.living.exchange.own_text(self.living.session)
        if text is not None:
            self.living.exchange.hand_out(self.living.session)
            self._in_background(partial(handover.copy, self, text))

    def copy_text(self, text: str) -> None:
        self._in_background(partial(handover.copy_shown, self, text))

    def _in_background(self, job: Callable[[], Awaitable[None]]) -> None:
        # A function, not a coroutine: at the app's end it may never be started.
        self.run_worker(cast("WorkType[None]", job), group="copy", exclusive=True)

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
    def file_name(self) -> str:
        """The part of a file's name that tells sessions apart."""
        started = self.looked.session.started
        return "".join(c for c in started.ufrag if c.isalnum()) if started else "own"

    @property
    def side(self) -> str:
        """Whose session it is, on a stage."""
        return self.stage.sides[self.looked_at].name if self.stage is not None else ""

    def view(self) -> View:
        watch = self.looked
        focused = self.main.focused if self.main.is_mounted else None
        return View(
            watch.session, watch.chronicle, watch.findings(), watch.now, watch.exchange,
            live=watch.source.live, current=watch.source is self.living.source,
            frozen=self.frozen is not None, masked=self.masked, hint=watch.source.hint,
            trouble=watch.trouble, saved=watch.saved, again=self.again is not None,
            number=1 if self.stage else self.looked_at + 1,
            sessions=1 if self.stage else len(self.watches), side=self.side,
            highlighted=self.main.pairs.highlighted, focus=focused.id or "" if focused else "",
            keys=self.keys,
        )  # fmt: skip

    def repaint(self) -> None:
        """Somebody waits for it: at once."""
        self.pace.now()

    def _paint(self) -> int:
        """Draw what there is; how many lines changed."""
        if self.suspended or self._leaving:
            return 0
        screen: Screen[object] = self.screen  # what lies below a box would be drawn with it, dimmed
        if isinstance(screen, Drawn) and screen.is_mounted:
            return screen.show(self.view())
        return 0

    def look_at(self, number: int) -> None:
        self.looked_at = min(max(0, number), len(self.watches) - 1)
        self.frozen = None

    def toggle_freeze(self) -> None:
        self.frozen = self.looked.still() if self.frozen is None else None

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        view = self.view()
        for action in ACTIONS:
            if action.enabled(view):
                told = f"{action.help}  ({action.key(self.keys)})"
                yield SystemCommand(
                    action.label.capitalize(), told, partial(self.action_do, action.id)
                )
        yield SystemCommand("Theme", "Change the colours.", self.action_change_theme)
