"""The one-line bars: keys at the bottom, tabs of a narrow screen, the banner for trouble."""

from __future__ import annotations

from textual.content import Content
from textual.style import Style

from icetui.dashboard.actions import ACTIONS, Situation
from icetui.dashboard.panes.base import ACCENT, BAD, MUTED, WARN, Text, line
from icetui.dashboard.text import plain
from icetui.session import Session

TABS = (
    ("candidates", "1", "Candidates"),
    ("findings", "2", "What is going on"),
    ("log", "3", "Log"),
)
HINT_SHOWN = 15.0
REFUSAL_SHOWN = 20.0
"""Seconds a refused command or paste stays in the banner."""


class KeyBar(Text):
    """The keys that do something right now; the weightier ones when there is little room."""

    def show(self, situation: Situation) -> None:
        offered = [a for a in ACTIONS if a.weight and a.enabled(situation)]
        width = self.size.width or 80
        while offered and sum(len(a.shown_key) + len(a.label) + 3 for a in offered) > width:
            offered.remove(min(offered, key=lambda a: a.weight))
        parts = []
        for action in offered:
            click = Style.from_meta({"@click": f"screen.{action.id}"})
            label = line((action.shown_key, ACCENT), f" {action.label}").stylize(click)
            parts.append(label)
        self.put(line(" ") + Content("  ").join(parts))


class TabBar(Text):
    """Which of the three panes a narrow screen shows below the pairs."""

    def show(self, active: str) -> None:
        parts = []
        for name, key, label in TABS:
            click = Style.from_meta({"@click": f"screen.{name}"})
            marked = name == active
            text = line((key, ACCENT), (f" {label} ", "bold reverse" if marked else MUTED)).stylize(
                click
            )
            parts.append(text)
        self.put(line(" ") + Content("  ").join(parts))


class Banner(Text):
    """What the user must not miss; hidden when there is nothing."""

    def show(
        self, session: Session, now: float, *, trouble: str | None, card: bool, hint: str
    ) -> None:
        """`trouble` is the stream's own; with the `card` open a refused paste is said there; the
        `hint` is where the stream comes from, for the first seconds."""
        text, style = _news(session, now, trouble, card)
        if not text and hint and not card and session.t < HINT_SHOWN:
            text, style = plain(hint), MUTED
        self.display = bool(text)
        if text:
            self.put(line((f" {text}", style)))


def _news(session: Session, now: float, trouble: str | None, card: bool) -> tuple[str, str]:
    if session.failure is not None:
        log = f" Details: {plain(session.failure.log, 200)}." if session.failure.log else ""
        problem = _sentence(session.failure.problem)
        return f"✗ {problem}{log} Press q to leave.", f"bold {BAD}"
    if trouble is not None:
        return trouble, f"bold {BAD}" if trouble.startswith("✗") else MUTED
    refused = session.command_refusal
    if refused is not None and now - refused.t < REFUSAL_SHOWN:
        return f"✗ {plain(refused.problem, 300)}", WARN
    wrong = session.refusal
    if wrong is not None and not card and now - wrong.t < REFUSAL_SHOWN:
        return f"✗ What you pasted was not usable: {plain(wrong.problem, 300)}", WARN
    if session.peer_left:
        return "The other side has left.", WARN
    return "", ""


def _sentence(text: str) -> str:
    """Foreign words as a sentence of ours: a capital and a full stop."""
    harmless = plain(text.strip(), 300)
    harmless = harmless[:1].upper() + harmless[1:]
    return harmless if harmless.endswith((".", "!", "?", "…")) else f"{harmless}."
