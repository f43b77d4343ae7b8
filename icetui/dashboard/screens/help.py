"""The help screen: how it works in five sentences, every key, every sign."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content

from icetui.dashboard.actions import ACTIONS
from icetui.dashboard.lines import Prose
from icetui.dashboard.panes.pieces import ACCENT, MUTED, STRONG, line
from icetui.dashboard.screens.box import Reading
from icetui.dashboard.view import View

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
    ("!", "the path is silent: nothing has come over it for seconds"),
    ("… · ○", "in progress, waiting, frozen (waits for a similar pair)"),
    ("☆", "the path that was in use, in a session that is over"),
    ("4/3", "requests sent, retransmissions included / answers received"),
    ("▂▃▅ ×", "round trips from zero upwards, and a lost one"),
    ("host", "an address of the machine itself"),
    ("srflx", "server-reflexive: how a STUN server sees it, behind its NAT"),
    ("prflx", "peer-reflexive: how the other side sees it, learnt from a check"),
    ("relay", "an address that a TURN server lends"),
)
MOVES = (
    ("tab", "the next pane; shift+tab the one before"),
    ("↑ ↓", "move the cursor or scroll; page up, page down, home, end"),
    ("esc", "close a box or the card, end zoom and freeze, clear the filter"),
    ("ctrl+p", "every action by name, and the colours"),
    ("ctrl+z", "take the former description of theirs; else suspend, fg comes back"),
    ("ctrl+q", "quit at once, from anywhere"),
)
TABLE_KEYS = (
    ("enter", "everything about the row under the cursor; a double click does it too"),
    ("s S", "order by the next column, turn the order round; or click on a column's name"),
    ("C", "choose the columns"),
    ("/", "show only rows that match: words, !word, field:word, /expression/"),
    ("y Y", "copy the row, or one value of it"),
    ("+", "give it the whole screen"),
)
PANES = {
    "pairs": (
        "The pair checks",
        "Each of your candidates with each of theirs: does it work, and if not, why? The path in "
        "use stands first. What is cut in the row under the cursor is written out below it.",
        TABLE_KEYS,
    ),
    "candidates": (
        "The candidates",
        "What each side can be reached at, which server told it, how fast, or why not.",
        TABLE_KEYS,
    ),
    "log": (
        "The log",
        "Every event as one line, the newest last. What only keeps a path alive is folded.",
        (("a", "unfold what is folded"), ("end", "follow the newest line again"), *TABLE_KEYS),
    ),
    "findings": (
        "What is going on",
        "What it all means and what to do, the worst first. No finding claims more than its "
        "evidence allows, and it goes when that goes.",
        (
            ("enter", "go to the pairs it rests on"), ("→", "show the evidence of all"),
            ("d", "all of it, with the NATs and every path so far"), ("y", "copy it"),
        ),
    ),
    "path": (
        "The path",
        "Which way the data takes, through which NATs and relays, how long a round trip takes and "
        "how much is lost.",
        (("p", "the round trips as a chart"),),
    ),
}  # fmt: skip


class Help(Reading):
    """Keys that would do nothing right now are dimmed and say so."""

    BINDINGS: ClassVar[list[Binding]] = [Binding("question_mark,f1", "close", show=False)]

    def __init__(self, pane: str | None = None) -> None:
        super().__init__()
        self.pane = pane
        """The pane that had the focus: it is explained first."""

    def compose(self) -> ComposeResult:
        yield Prose(classes="box tall", id="help")

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#help"))
        super().on_mount()

    def show(self, view: View) -> int:
        box = self.query_one("#help", Prose)
        box.put_title("Help", "esc or q: back")
        box.put(
            [
                *((part, 2) for part in about(self.pane)),
                line(("How it works", STRONG)),
                *((line(f"  {how}"), 2) for how in HOW),
                *((part, 10) for part in keys_and_signs(view)),
            ]
        )
        return box.changed


def about(pane: str | None) -> list[Content]:
    """What the focused pane shows and which keys it has."""
    told = PANES.get(pane or "")
    if told is None:
        return []
    title, what, keys = told
    parts = [line((title, STRONG)), line(f"  {what}")]
    parts += [line((f"  {key:<8}", ACCENT), does) for key, does in keys]
    return [*parts, Content("")]


def keys_and_signs(view: View) -> list[Content]:
    """Every key and every sign, a paragraph each."""
    parts = [Content(""), line(("Keys", STRONG))]
    for action in ACTIONS:
        keys = action.key(view.keys)
        usable = action.enabled(view)
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
