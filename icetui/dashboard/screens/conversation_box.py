"""The message box: text to and from the peer over the path, with the round trip of each line."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from icetui.dashboard import handover
from icetui.dashboard.lines import FAR, Prose
from icetui.dashboard.panes.pieces import BAD, GOOD, MUTED, WARN, Text, line
from icetui.dashboard.screens.box import Box
from icetui.dashboard.shown_text import clock, plain, rtt, size
from icetui.dashboard.standing import over
from icetui.dashboard.view import View
from icetui.events import MAX_TEXT_SENT, SendText
from icetui.session import TextLine

LINES_SHOWN = 200
_OVER = "This session is over: nothing can be sent any more."


class MessageInput(Input):
    """One line; a paste goes into it, unless it is a blob."""

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        if "icetui:" in event.text:
            box = self.screen
            assert isinstance(box, Conversation)
            handover.hand_in(box.dashboard, event.text)
        else:
            self.insert_text_at_cursor(" ".join(event.text.split()))


class Said(Prose, can_focus=False):
    """The lines of the conversation."""


class Conversation(Box):
    """What was said so far, and a line to say more."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="box", id="conversation") as box:
            box.border_title = "Messages: signed, not encrypted"
            yield Said(id="said")
            yield Text(id="problem")
            yield MessageInput(
                placeholder="a message to the other side", id="message", compact=True
            )
            yield Text(id="notice", classes="keys")

    def on_mount(self) -> None:
        self.query_one("#notice", Text).put(
            line(
                "enter: send   esc: back   ",
                ("Everyone on the way can read this.", WARN),
            )
        )
        self.set_focus(self.query_one("#message"))
        super().on_mount()

    def show(self, view: View) -> int:
        session = view.session
        self._refuse(view)
        said = session.texts[-LINES_SHOWN:]
        empty = "Nothing said yet. The other side sees what you send at once."
        if session.peer_left:
            empty = "Nothing was said, and the other side has left."
        written = [_written(text) for text in said] or [line((empty, MUTED))]
        box = self.query_one("#said", Said)
        box.put(written, indent=15)
        box.scroll_by(FAR)
        return box.changed

    def _refuse(self, view: View) -> None:
        """Where nobody will ever read it, nothing can be written."""
        field = self.query_one("#message", MessageInput)
        why = _nobody_there(view)
        if why and not field.disabled:
            field.disabled = True
            field.display = False
            self.query_one("#problem", Text).put(line((why, BAD)))

    def on_input_changed(self) -> None:
        self.query_one("#problem", Text).put(Content(""))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        text = event.value
        if not text.strip():
            return
        problem = self._problem(text)
        if problem:
            self.query_one("#problem", Text).put(line((problem, BAD)))
            return
        self.dashboard.send(SendText(session=self.dashboard.living.session.id, text=text))
        event.input.clear()

    def _problem(self, text: str) -> str:
        length = len(text.encode("utf-8", "replace"))
        if length > MAX_TEXT_SENT:
            return f"Too long: {length} bytes, and one message carries {MAX_TEXT_SENT}."
        if not self.dashboard.living.source.live:
            return "This is a recording: nobody is there to read it."
        if over(self.dashboard.living.session):
            return _OVER
        if self.dashboard.living.session.selected is None:
            return "There is no path at the moment: nothing can be sent."
        return ""


def _nobody_there(view: View) -> str:
    if view.session.peer_left:
        return "The other side has left: nothing can be sent any more."
    if over(view.session) or not view.current:
        return _OVER
    return "" if view.live or view.frozen else "This is a recording: nobody is there to read it."


def _written(text: TextLine) -> Content:
    time = (f"{clock(text.wall)[:8]} ", MUTED)
    said = plain(text.text, 1500)
    if text.direction == "out":
        echo = (f"  ✓ {rtt(text.echo)}", GOOD) if text.echo is not None else ("  …", MUTED)
        return line(time, ("you   ", MUTED), said, echo)
    notes = ""
    if not text.framed:
        notes += "  (a bare datagram)"
    if len(text.text) > 1500 or text.size > len(text.text.encode("utf-8", "replace")):
        notes += f"  ({size(text.size)} in all)"
    return line(time, ("them  ", GOOD), said, (notes, MUTED))
