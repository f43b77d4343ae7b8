"""How the tests run the dashboard and read its screen."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from textual.pilot import Pilot

from icetui.dashboard.app import Dashboard
from icetui.dashboard.clipboard import Clipboard, Outcome
from icetui.dashboard.screens.main import Main
from icetui.dashboard.taste import Taste
from icetui.events import AnyEvent
from tests.dashboard.streams import FeedSource


def lines_of(app: Dashboard) -> list[str]:
    """What the topmost screen draws, a string a row."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


def text_of(app: Dashboard) -> str:
    return "\n".join(lines_of(app))


@dataclass(frozen=True)
class PretendClipboard(Clipboard):
    """Remembers instead of copying."""

    copied: list[str] = field(default_factory=list)

    async def copy(self, text: str, osc52: Callable[[str], None]) -> Outcome:
        self.copied.append(text)
        return Outcome(("your terminal's clipboard",))


@dataclass
class Look:
    """A running dashboard and everything around it."""

    app: Dashboard
    pilot: Pilot[int]
    source: FeedSource
    clipboard: PretendClipboard

    @property
    def main(self) -> Main:
        return self.app.main

    @property
    def text(self) -> str:
        return text_of(self.app)

    @property
    def lines(self) -> list[str]:
        return lines_of(self.app)

    @property
    def prose(self) -> str:
        """The screen's text without frames and line ends."""
        return " ".join(re.sub("[│┃]", " ", self.text).split())

    @property
    def toasts(self) -> str:
        """What has been said in passing."""
        return "\n".join(notification.message for notification in self.app._notifications)

    async def tell(self, stream: Iterable[AnyEvent]) -> None:
        """Feed events and wait until they are on the screen."""
        self.source.feed(stream)
        await self.settle()

    async def settle(self) -> None:
        """Until everything told is on the screen, what follows from its layout too."""
        await self.source.told()
        while self.app.keyboard.waiting:  # noqa: ASYNC110  the app has a timer for it
            await asyncio.sleep(0.005)
        for worker in [w for w in self.app.workers if w.group == "copy"]:
            await worker.wait()
        for _ in range(2):
            self.app._paint()
            await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.settle()

    async def paste(self, text: str) -> None:
        """A bracketed paste, as the terminal's driver hands it in."""
        from textual import events as textual_events

        self.app.post_message(textual_events.Paste(text))
        await self.pilot.pause()
        await self.settle()


@asynccontextmanager
async def looking(
    stream: Iterable[AnyEvent] = (),
    size: tuple[int, int] = (140, 40),
    *,
    live: bool = True,
    hint: str = "",
    taste: Taste | None = None,
) -> AsyncIterator[Look]:
    """A dashboard that has drawn `stream` on a screen of `size`."""
    source, clipboard = FeedSource(live=live, hint=hint), PretendClipboard()
    app = Dashboard(source, clipboard=clipboard, monotonic=lambda: 0.0, taste=taste)
    async with app.run_test(size=size) as pilot:
        look = Look(app, pilot, source, clipboard)
        await look.tell(stream)
        yield look
