"""Chooses the columns of a table; what is chosen is kept."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from icetui.dashboard.screens.box import Box
from icetui.dashboard.table import Column, Table


class ColumnList(OptionList):
    """A line for each column; space does what enter does."""

    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]  # narrower than Textual's
        Binding("space", "select", show=False)
    ]


class ColumnsBox(Box):
    """What each column says, and a sign beside those that are shown."""

    def __init__(self, table: Table[Any, Any]) -> None:
        super().__init__()
        self._table = table
        self._all = table.COLUMNS
        self._shown = {column.id for column in table.shown_columns()}

    def _line(self, column: Column[Any]) -> Content:
        sign = "✓" if column.id in self._shown else " "
        return Content(f"{sign} {column.id:14} {column.help}")

    def compose(self) -> ComposeResult:
        with Vertical(classes="box tall") as box:
            box.border_title = "Columns"
            yield ColumnList(*map(self._line, self._all), id="columns", compact=True)
            yield Static(
                "space: show or hide   esc: done; a narrow screen leaves out what has no room",
                classes="keys", markup=False,
            )  # fmt: skip

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#columns"))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        column = self._all[event.option_index]
        self._shown ^= {column.id}
        event.option_list.replace_option_prompt_at_index(event.option_index, self._line(column))
        standard = {c.id for c in self._all if c.standard}
        chosen = tuple(c.id for c in self._all if c.id in self._shown)
        self._table.chosen = () if self._shown == standard else chosen
        self.dashboard.taste.keep_columns(self._table)
        self.dashboard.repaint()
