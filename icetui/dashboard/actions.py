"""The one registry of what a user can do: it feeds key bindings, footer, help and palette.

An action whose condition does not hold is not offered anywhere: no key is shown that does nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.binding import Binding

from icetui.events import Pair
from icetui.session import Session


@dataclass(frozen=True, slots=True)
class Situation:
    """What the conditions look at."""

    session: Session
    live: bool
    """False for a recording: there is nobody to command."""
    highlighted: Pair | None = None

    @property
    def commandable(self) -> bool:
        return self.live and self.session.closed is None and self.session.failure is None


def _always(now: Situation) -> bool:
    return True


def _commandable(now: Situation) -> bool:
    return now.commandable


def _has_blob(now: Situation) -> bool:
    """Ours to hand out; a recording holds none, because it is a secret."""
    return now.live and now.session.blob is not None and bool(now.session.blob.blob)


def _can_talk(now: Situation) -> bool:
    return bool(now.session.texts) or (now.commandable and now.session.selected is not None)


def _can_restart(now: Situation) -> bool:
    return now.commandable and now.session.description is not None


def _can_nominate(now: Situation) -> bool:
    pair = now.highlighted
    return (
        now.commandable
        and pair is not None
        and pair.state == "succeeded"
        and pair.id != now.session.selected
        and now.session.role == "controlling"
    )


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a user can do; `id` names the method `action_<id>` of the main screen."""

    id: str
    keys: str
    shown_key: str
    label: str
    help: str
    """One sentence."""
    enabled: Callable[[Situation], bool] = _always
    weight: int = 5
    """How long it stays in a footer that gets narrow; 0 is never there."""

    @property
    def binding(self) -> Binding:
        return Binding(self.keys, self.id, self.label, show=False, tooltip=self.help)


ACTIONS: tuple[Action, ...] = (
    Action(
        "connect", "o", "o", "connect",
        "Open or close the card that says what to send and what to paste.",
        _commandable, 8,
    ),
    Action(
        "paste", "v", "v", "paste",
        "Open a box for the other side's blob, where the terminal's own paste does not arrive.",
        _commandable, 7,
    ),
    Action(
        "theirs", "t", "t", "theirs",
        "Show what they sent: their candidates, which of them are used, and why not the others.",
        lambda now: now.session.their_description is not None, 3,
    ),
    Action(
        "message", "m", "m", "message",
        "Write to the other side over the path, unencrypted, and see each message's round trip.",
        _can_talk, 7,
    ),
    Action(
        "copy", "c", "c", "copy",
        "Send your own blob to the clipboard, by every way this terminal has.",
        _has_blob, 4,
    ),
    Action(
        "save", "w", "w", "save",
        "Save your own blob to a file that only you can read.",
        _has_blob, 2,
    ),
    Action(
        "raw", "u", "u", "unwrapped",
        "Show your own blob on one unwrapped line, to be selected with the mouse.",
        _has_blob, 1,
    ),
    Action(
        "form", "f", "f", "form",
        "Show and copy your own description as a blob, as SDP, as JSON for a browser or in base64.",
        _has_blob, 1,
    ),
    Action(
        "nominate", "n", "n", "nominate",
        "Use the highlighted pair as the path from now on.",
        _can_nominate, 6,
    ),
    Action(
        "restart", "r", "r", "restart",
        "Restart ICE with new credentials, to be exchanged again; the old path carries on.",
        _can_restart, 4,
    ),
    Action(
        "details", "enter", "enter", "details",
        "Show everything known about the highlighted pair, with its STUN messages.",
        lambda now: now.highlighted is not None, 4,
    ),
    Action(
        "diagnosis", "d", "d", "diagnosis",
        "Show all that is going on with its evidence, what the NATs do, and every path so far.",
        _always, 6,
    ),
    Action(
        "freeze", "z", "z", "freeze",
        "Hold the screen still to read it; the session goes on behind it.",
        _always, 3,
    ),
    Action(
        "filter", "slash", "/", "filter",
        "Show only the pairs and log lines that contain what you type.",
        _always, 3,
    ),
    Action(
        "candidates", "1", "1", "candidates",
        "Go to the candidates: what each side can be reached at.",
        _always, 0,
    ),
    Action(
        "findings", "2", "2", "what is going on",
        "Go to the findings: what it all means and what to do.",
        _always, 0,
    ),
    Action("log", "3", "3", "log", "Go to the log: every event as one line.", _always, 0),
    Action("help", "question_mark,f1", "?", "help", "Explain screen and keys.", _always, 9),
    Action("leave", "q", "q", "quit", "Say goodbye to the other side and leave.", _always, 9),
)  # fmt: skip

BY_ID = {action.id: action for action in ACTIONS}
