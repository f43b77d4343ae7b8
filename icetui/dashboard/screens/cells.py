"""Copies one value of a row."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from icetui.dashboard import handover
from icetui.dashboard.screens.box import Box
from icetui.dashboard.shown_text import plain


class CellsBox(Box):
    """The values by the names of their columns; enter copies."""

    def __init__(self, cells: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._cells = list(cells)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Copy"
            yield OptionList(
                *(Content(f"{name:14} {plain(text, 200)}") for name, text in self._cells),
                id="cells", compact=True,
            )  # fmt: skip
            yield Static("enter: copy   esc: back", classes="keys")

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#cells"))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        app = self.dashboard
        self.dismiss()
        handover.copy_text(app, self._cells[event.option_index][1])
