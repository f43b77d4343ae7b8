"""Asks before a living path is left: a new one takes two blobs again."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Static

from icetui.dashboard.screens.box import Box
from icetui.dashboard.session_actions import say_goodbye


class LeaveBox(Box):
    """The same key again leaves."""

    BINDINGS: ClassVar[list[Binding]] = [
        Binding("q,enter,ctrl+c", "leave"),
        Binding("e", "report"),
    ]

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Leave?"
            yield Static(
                "The path stands. Once you leave, both sides need new blobs to meet again.",
                markup=False,
            )
            yield Static("q or enter: leave   e: save a report first   esc: stay", classes="keys")

    async def action_leave(self) -> None:
        await say_goodbye(self.dashboard)

    async def action_report(self) -> None:
        app = self.dashboard
        self.dismiss()
        await app.action_do("report")
