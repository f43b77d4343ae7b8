"""The help screen: how it works in five sentences, every key, every sign."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content

from icetui.dashboard.actions import ACTIONS, Situation
from icetui.dashboard.panes.base import ACCENT, MUTED, STRONG, Text, line
from icetui.dashboard.screens.box import Reading
from icetui.session import Session

HOW = (
    "Each side has one blob: a line of text with its addresses and a password for this session.",
    "You send yours (chat, mail, anything) and paste theirs, in any order, at any time.",
    "Then every one of your candidates is paired with every one of theirs and checked.",
    "A pair that is answered in both directions works; the best one becomes the path (★).",
    "Minutes of waiting are normal: nothing gives up but you.",
)
SIGNS = (
    ("★", "the path in use"),
    ("✓ ✗", "succeeded, failed"),
    ("… · ○", "in progress, waiting, frozen (waits for a similar pair)"),
    ("4/3", "requests sent / answers received"),
    ("2 re", "retransmissions: the same request sent once more"),
    ("▂▃▅ ×", "round trips from zero upwards, and a lost one"),
    ("host", "an address of the machine itself"),
    ("srflx", "server-reflexive: how a STUN server sees it, behind its NAT"),
    ("prflx", "peer-reflexive: how the other side sees it, learnt from a check"),
    ("relay", "an address that a TURN server lends"),
)
MOVES = (
    ("tab", "the next pane; shift+tab the one before"),
    ("↑ ↓", "move the cursor or scroll; page up, page down, home, end"),
    ("esc", "close a box or the card, clear the filter"),
    ("ctrl+p", "every action by name"),
    ("ctrl+q", "quit, from anywhere"),
)


class Help(Reading):
    """Keys that would do nothing right now are dimmed and say so."""

    BINDINGS: ClassVar[list[Binding]] = [Binding("question_mark,f1", "close", show=False)]

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box tall", id="help") as box:
            box.border_title = "Help"
            box.border_subtitle = "esc or q: back"
            yield Text(id="how")
            yield Text(id="keys-and-signs")

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#help"))
        self.dashboard.repaint()

    def show(self, session: Session, now: float) -> None:
        for name, text, indent in (
            ("#how", [line(("How it works", STRONG)), *(line(f"  {how}") for how in HOW)], 2),
            ("#keys-and-signs", keys_and_signs(self.dashboard.situation), 10),
        ):
            self.query_one(name, Text).put_lines(text, indent)


def keys_and_signs(situation: Situation) -> list[Content]:
    """Every key and every sign, a paragraph each."""
    parts = [Content(""), line(("Keys", STRONG))]
    for action in ACTIONS:
        keys = "? F1" if action.id == "help" else action.shown_key
        usable = action.enabled(situation)
        parts.append(
            line(
                (f"  {keys:<8}", ACCENT if usable else MUTED),
                (action.help, "" if usable else MUTED),
                ("" if usable else "  (not now)", MUTED),
            )
        )
    parts += [line((f"  {key:<8}", ACCENT), what) for key, what in MOVES]
    parts += [Content(""), line(("Signs", STRONG))]
    parts += [line((f"  {sign:<8}", ACCENT), what) for sign, what in SIGNS]
    return parts
