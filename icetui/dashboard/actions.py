"""The one registry of what a user can do: it feeds key bindings, footer, help and palette.

An action whose condition does not hold is not offered anywhere: no key is shown that does nothing.
What an action does is a function of the app, in `exchange_actions`, `session_actions` and
`view_actions`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.binding import Binding

from icetui.dashboard import exchange_actions as exchange
from icetui.dashboard import session_actions as session
from icetui.dashboard import view_actions as view
from icetui.dashboard.standing import in_use, lost, over
from icetui.dashboard.view import View

if TYPE_CHECKING:
    from icetui.dashboard.app import Dashboard

SHOWN_KEYS = {
    "slash": "/", "question_mark": "?", "plus": "+", "less_than_sign": "<",
    "greater_than_sign": ">", "left_square_bracket": "[", "right_square_bracket": "]",
}  # fmt: skip
TABLES = ("pairs", "candidates", "log")


def _always(now: View) -> bool:
    return True


def _commandable(now: View) -> bool:
    return now.commandable


def _exchanges(now: View) -> bool:
    """Whether descriptions are exchanged by hand: the demo's two sides do it by themselves."""
    return now.commandable and not now.side


def _has_blob(now: View) -> bool:
    """Ours to hand out; a recording holds none, because it is a secret."""
    blob = now.session.blob
    return now.live and now.current and blob is not None and bool(blob.blob)


def _can_talk(now: View) -> bool:
    return bool(now.session.texts) or (now.commandable and in_use(now.session))


def _can_restart(now: View) -> bool:
    return now.commandable and now.session.description is not None and not now.session.peer_left


def _can_nominate(now: View) -> bool:
    pair = now.highlighted
    return (
        now.commandable
        and pair is not None
        and pair.state == "succeeded"
        and pair.id != now.session.selected
        and now.session.role == "controlling"
    )


def _can_begin_again(now: View) -> bool:
    ended = over(now.session) or lost(now.session) or now.trouble is not None
    return now.again and now.current and ended


def _on_stage(now: View) -> bool:
    return bool(now.side)


def _on_table(now: View) -> bool:
    return now.focus in TABLES


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a user can do."""

    id: str
    """Its name in the user's settings, too."""
    keys: str
    label: str
    help: str
    """One sentence."""
    run: Callable[[Dashboard], Awaitable[None] | None]
    enabled: Callable[[View], bool] = _always
    weight: int = 5
    """How long it stays in a footer that gets narrow; 0 is never there."""

    @property
    def binding(self) -> Binding:
        return Binding(
            self.keys, f"app.do('{self.id}')", self.label, show=False, tooltip=self.help, id=self.id
        )

    def key(self, own: Mapping[str, str]) -> str:
        """Its first key as it is shown, the user's own where there is one."""
        first = own.get(self.id, self.keys).split(",")[0].strip()
        return SHOWN_KEYS.get(first, first)


ACTIONS: tuple[Action, ...] = (
    Action(
        "connect", "o", "connect",
        "Open or close the card that says what to send and what to paste.",
        exchange.connect, _exchanges, 4,
    ),
    Action(
        "paste", "v", "paste",
        "Open a box for the other side's blob, where the terminal's own paste does not arrive.",
        exchange.paste, lambda now: _exchanges(now) and not now.session.connected, 7,
    ),
    Action(
        "theirs", "t", "theirs",
        "Show what they sent: their candidates, which of them are used, and why not the others.",
        exchange.theirs, lambda now: now.session.their_description is not None, 3,
    ),
    Action(
        "message", "m", "messages",
        "Write to the other side over the path, unencrypted, and see each message's round trip.",
        session.message, _can_talk, 7,
    ),
    Action(
        "copy", "c", "copy",
        "Send your own blob to the clipboard, by every way this terminal has.",
        exchange.copy, lambda now: _has_blob(now) and not now.side, 8,
    ),
    Action(
        "save", "w", "save",
        "Save your own blob to a file that only you can read.",
        exchange.save, _has_blob, 2,
    ),
    Action(
        "raw", "u", "unwrapped",
        "Show your own blob on one unwrapped line, to be selected with the mouse.",
        exchange.raw, _has_blob, 1,
    ),
    Action(
        "form", "f", "form",
        "Show and copy your own description as a blob, as SDP, as JSON for a browser or in base64.",
        exchange.form, _has_blob, 1,
    ),
    Action(
        "nominate", "n", "nominate",
        "Use the highlighted pair as the path from now on.",
        session.nominate, _can_nominate, 6,
    ),
    Action(
        "restart", "r", "restart",
        "Restart ICE with new credentials, to be exchanged again; the old path carries on.",
        session.restart, _can_restart, 4,
    ),
    Action(
        "another", "N", "new session",
        "Begin another session in this window; this one can still be looked at and saved.",
        session.another, _can_begin_again, 8,
    ),
    Action(
        "report", "e", "report",
        "Save a report of the session as text, Markdown, HTML, SVG, JSON or CSV.",
        session.report, lambda now: now.session.count > 0, 5,
    ),
    Action(
        "details", "enter", "details",
        "Show everything about the row under the cursor: a pair's story, a finding's pairs.",
        view.details,
        lambda now: now.highlighted is not None or now.focus in ("findings", "log"), 4,
    ),
    Action(
        "diagnosis", "d", "diagnosis",
        "Show all that is going on with its evidence, what the NATs do, and every path so far.",
        view.diagnosis, _always, 6,
    ),
    Action(
        "chart", "p", "chart",
        "Draw the round trips of the pair under the cursor and of the path over time.",
        view.chart, lambda now: bool(now.session.quality), 3,
    ),
    Action(
        "timeline", "T", "timeline",
        "Draw what became of every pair over time.",
        view.timeline, lambda now: bool(now.session.pairs), 2,
    ),
    Action(
        "yank", "y", "copy row",
        "Copy what is under the cursor: the pair, candidate, finding or line of the log.",
        view.yank, lambda now: now.focus in (*TABLES, "findings"), 1,
    ),
    Action(
        "yank-cell", "Y", "copy cell",
        "Copy one value of the row under the cursor, an address for instance.",
        view.yank_cell, _on_table, 0,
    ),
    Action(
        "freeze", "z", "freeze",
        "Hold the screen still to read it; the session goes on behind it.",
        view.freeze, _always, 3,
    ),
    Action(
        "filter", "slash", "filter",
        "Show only the pairs and log lines that match words, !word, field:word or /expression/.",
        view.filter_rows, _always, 3,
    ),
    Action(
        "sort", "s", "sort",
        "Order the table by its next column; a click on a column's name does it too.",
        view.sort, _on_table, 1,
    ),
    Action(
        "reverse", "S", "reverse",
        "Turn the order of the table round.",
        view.reverse, _on_table, 0,
    ),
    Action(
        "columns", "C", "columns",
        "Choose the columns of the table.",
        view.columns, _on_table, 1,
    ),
    Action(
        "zoom", "plus", "zoom",
        "Give the focused pane the whole screen, and again to have all of them back.",
        view.zoom, _always, 2,
    ),
    Action(
        "all", "a", "all messages",
        "Unfold the log: show every STUN message of pairs that work, or fold them again.",
        view.unfold, _always, 0,
    ),
    Action(
        "candidates", "1", "candidates",
        "Go to the candidates: what each side can be reached at.",
        view.go("candidates"), _always, 0,
    ),
    Action(
        "findings", "2", "what is going on",
        "Go to the findings: what it all means and what to do.",
        view.go("findings"), _always, 0,
    ),
    Action("log", "3", "log", "Go to the log: every event as one line.",
           view.go("log"), _always, 0),
    Action("pairs", "4", "pairs", "Go to the pair checks.", view.go("pairs"), _always, 0),
    Action("path", "5", "path", "Go to the path.", view.go("path"), _always, 0),
    Action(
        "side", "x", "other side",
        "Look at the session of the other side: Alice's or Bob's.",
        session.other_side, _on_stage, 8,
    ),
    Action(
        "network", "i", "network",
        "Show the simulated network between both sides, and cut, slow down or rebind it.",
        session.network, _on_stage, 8,
    ),
    Action(
        "earlier", "left_square_bracket", "earlier session",
        "Look at the session before this one.",
        session.earlier, lambda now: now.number > 1, 2,
    ),
    Action(
        "later", "right_square_bracket", "later session",
        "Look at the session after this one.",
        session.later, lambda now: now.number < now.sessions, 6,
    ),
    Action("help", "question_mark,f1", "help", "Explain the focused pane, the keys and the signs.",
           view.show_help, _always, 9),
    Action("leave", "q,ctrl+c", "quit", "Say goodbye to the other side and leave.",
           session.leave, _always, 9),
)  # fmt: skip

BY_ID = {action.id: action for action in ACTIONS}


def clashes(own: Mapping[str, str]) -> list[str]:
    """A sentence for each key of the user's that would do two things."""
    doers: dict[str, list[str]] = {}
    for action in ACTIONS:
        for key in own.get(action.id, action.keys).split(","):
            doers.setdefault(key.strip(), []).append(action.id)
    return [
        f"keys: {key} is of {' and of '.join(dict.fromkeys(ids))}"
        for key, ids in doers.items()
        if len(ids) > 1
    ]
