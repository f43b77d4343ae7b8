"""Asks where to save our own description, and says what became of it."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from icetui.dashboard import handover
from icetui.dashboard.blob_saving import NotSaved, save
from icetui.dashboard.panes.pieces import BAD, Text, line
from icetui.dashboard.screens.box import Box


class SaveBox(Box):
    """A path with a default; enter saves."""

    def __init__(self, text: str, default: str) -> None:
        super().__init__()
        self._text = text
        self._default = default

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Save to file"
            yield Input(self._default, id="file-name", compact=True)
            yield Text(id="problem")
            yield Static("enter: save, readable by you only   esc: back", classes="keys")

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#file-name"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        name = event.value.strip()
        if not name:
            return
        try:
            target = save(Path(name), self._text)
        except NotSaved as problem:
            self.query_one("#problem", Text).put(line((str(problem), BAD)))
            return
        self.dismiss()
        handover.saved(self.dashboard, str(target))
