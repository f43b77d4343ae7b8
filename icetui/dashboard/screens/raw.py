"""Our own text, unwrapped: on the bare terminal where there is one, else without any frame.

A terminal that wraps a line itself gives it back as one line to the mouse; a program that draws
it cannot. So the dashboard steps aside for as long as the text is looked at.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from icetui.dashboard.panes.pieces import Text, line
from icetui.dashboard.screens.box import Box
from icetui.dashboard.shown_text import plain

if TYPE_CHECKING:
    from icetui.dashboard.app import Dashboard


class RawBox(Box):
    """The text from the left edge on, with nothing beside it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="raw"):
            yield Text(id="rawtext")

    def on_mount(self) -> None:
        raw = [line(plain(part, 50_000)) for part in self._text.splitlines()]
        parts = [*raw, line(""), line("esc: back")]
        self.query_one("#rawtext", Text).put(Content("\n").join(parts))


async def show_raw(dashboard: Dashboard, text: str) -> None:
    """Step aside for the bare text until enter is pressed; events go on being folded."""
    driver = dashboard._driver
    if driver is None or not driver.can_suspend or dashboard.is_headless:
        await dashboard.push_screen(RawBox(text))
        return
    dashboard.suspended = True
    try:
        with dashboard.suspend():
            print(f"\n{text}\n\nPress enter to go back to the dashboard.", flush=True)
            await asyncio.to_thread(sys.stdin.readline)
    finally:
        dashboard.suspended = False
    dashboard.refresh(layout=True)
    dashboard.repaint()
