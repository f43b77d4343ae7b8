"""The one-line bars: keys at the bottom, tabs of a narrow screen."""

from __future__ import annotations

from textual.content import Content
from textual.style import Style

from icetui.dashboard.actions import ACTIONS
from icetui.dashboard.lines import Bar
from icetui.dashboard.panes.pieces import ACCENT, MUTED, line
from icetui.dashboard.view import View

TABS = (
    ("candidates", "1", "Candidates"),
    ("findings", "2", "What is going on"),
    ("log", "3", "Log"),
)


class KeyBar(Bar):
    """The keys that do something right now; the weightier ones when there is little room."""

    def show(self, view: View) -> None:
        offered = [a for a in ACTIONS if a.weight and a.enabled(view)]
        while offered and sum(len(a.key(view.keys)) + len(a.label) + 3 for a in offered) > (
            self.room
        ):
            offered.remove(min(offered, key=lambda a: a.weight))
        parts = []
        for action in offered:
            click = Style.from_meta({"@click": f"app.do('{action.id}')"})
            label = line((action.key(view.keys), ACCENT), f" {action.label}").stylize(click)
            parts.append(label)
        self.put([line(" ") + Content("  ").join(parts)])


class TabBar(Bar):
    """Which of the three panes a narrow screen shows below the pairs."""

    def show(self, active: str) -> None:
        parts = []
        for name, key, label in TABS:
            click = Style.from_meta({"@click": f"app.do('{name}')"})
            marked = name == active
            text = line((key, ACCENT), (f" {label} ", "bold reverse" if marked else MUTED)).stylize(
                click
            )
            parts.append(text)
        self.put([line(" ") + Content("  ").join(parts)])
