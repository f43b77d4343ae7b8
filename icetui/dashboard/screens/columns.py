"""Chooses the columns of a table; what is chosen is kept."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import SelectionList, Static
from textual.widgets.selection_list import Selection

from icetui.dashboard.screens.box import Box
from icetui.dashboard.table import Table


class ColumnsBox(Box):
    """A line for each column, with what it says."""

    def __init__(self, table: Table[Any, Any]) -> None:
        super().__init__()
        self._table = table

    def compose(self) -> ComposeResult:
        shown = {column.id for column in self._table.shown_columns()}
        lines = [
            Selection(Content(f"{column.id:14} {column.help}"), column.id, column.id in shown)
            for column in self._table.columns()
        ]
        with Vertical(classes="box tall") as box:
            box.border_title = "Columns"
            yield SelectionList[str](*lines, id="columns", compact=True)
            yield Static(
                "space: show or hide   esc: done; narrow screens leave out what has no room",
                classes="keys",
            )

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#columns"))

    def on_selection_list_selected_changed(self, event: SelectionList.SelectedChanged[str]) -> None:
        wanted = set(event.selection_list.selected)
        standard = {column.id for column in self._table.COLUMNS if column.standard}
        chosen = tuple(c.id for c in self._table.COLUMNS if c.id in wanted)
        self._table.chosen = () if wanted == standard else chosen
        self.dashboard.taste.keep_columns(self._table)
        self.dashboard.repaint()
