"""The help of the network screen: what is drawn, every key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding

from icetui.dashboard.lines import Paragraph, Prose
from icetui.dashboard.network_actions import NETWORK_ACTIONS
from icetui.dashboard.panes.pieces import ACCENT, STRONG, line
from icetui.dashboard.screens.box import Reading
from icetui.dashboard.view import View

HOW = (
    "Alice and Bob each run a real icetui. Everything between them is simulated in this computer: "
    "no packet leaves it.",
    "Choose a line, a NAT or a server with ← and →, then do something to it. Watch what both "
    "sessions notice, and what they do about it.",
    "In slow motion packets are seen on their way. The figures stay those of real time: a round "
    "trip of 50 ms is still said to take 50 ms.",
)
SIGNS = (
    ("━", "the way the data takes; ─ a line that is not in use"),
    ("▶ ◀", "a STUN or TURN message on its way; ● anything else"),
    ("✗", "dropped here; a server that is stopped"),
    ("╳", "the line is cut"),
    ("5 → 7", "a binding: port inside, port outside, who may write to it, and when it ends"),
)
MOVES = (
    ("← →", "choose"),
    ("x tab", "the other side: its name, its path"),
    ("i esc", "back to the session"),
    ("q", "leave"),
)


class NetworkHelp(Reading):
    """Stands still."""

    BINDINGS: ClassVar[list[Binding]] = [Binding("question_mark,f1", "close", show=False)]

    def compose(self) -> ComposeResult:
        yield Prose(classes="box tall", id="help")

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#help"))
        super().on_mount()

    def show(self, view: View) -> int:
        box = self.query_one("#help", Prose)
        box.put_title("The network", "esc or q: back")
        keys = [(a.shown, a.help) for a in NETWORK_ACTIONS]
        box.put(
            [
                *((line(f" {how}"), 1) for how in HOW),
                *_list("Keys", [*keys, *MOVES]),
                *_list("Signs", SIGNS),
            ]
        )
        return box.changed


def _list(title: str, rows: Iterable[tuple[str, str]]) -> Iterator[Paragraph]:
    yield line("")
    yield line((f" {title}", STRONG))
    for sign, what in rows:
        yield line((f"  {sign:<8}", ACCENT), what), 10
