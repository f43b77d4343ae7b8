"""The paste box: for terminals whose own paste does not arrive as one (`v`)."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Button, Static, TextArea

from icetui.dashboard import handover
from icetui.dashboard.screens.box import Box


class PasteArea(TextArea):
    """A text area in which enter on an empty line submits, and a paste is handled once."""

    async def on_paste(self, event: events.Paste) -> None:
        event.stop()
        if "icetui:" in event.text:  # a whole blob needs no further key
            event.prevent_default()
            box = self.screen
            assert isinstance(box, PasteBox)
            box.submit(event.text)

    async def on_key(self, event: events.Key) -> None:
        row, column = self.cursor_location
        on_empty = column == 0 and not self.document.get_line(row)
        if event.key == "enter" and self.text.strip() and on_empty:
            event.prevent_default()
            event.stop()
            box = self.screen
            assert isinstance(box, PasteBox)
            box.action_submit()


class PasteBox(Box):
    """Takes any text, hands it over whole."""

    BINDINGS: ClassVar[list[Binding]] = [
        # Not with priority: it would overtake the keys typed before it.
        Binding("ctrl+s", "submit", "use it"),
    ]

    _used = False
    """Whether a text was handed over: a key that ends the typing may come behind."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Paste theirs"
            yield Static(
                "Paste or type the other side's blob here. Line breaks and quotes around it do no "
                "harm.",
                markup=False,
            )
            yield PasteArea(id="pasted")
            yield Static("enter on an empty line or ctrl+s: use it   esc: back", classes="keys")
            yield Button("Use it", id="use", compact=True)

    def on_mount(self) -> None:
        self.set_focus(self.query_one(PasteArea))

    def on_button_pressed(self) -> None:
        self.action_submit()

    def action_submit(self) -> None:
        self.submit(self.query_one(PasteArea).text)

    def submit(self, text: str) -> None:
        if text.strip() and not self._used:
            self._used = True
            self.dismiss()
            handover.hand_in(self.dashboard, text)
