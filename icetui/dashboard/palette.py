"""The command palette: every action that would do something now, and the colours."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from icetui.dashboard.actions import ACTIONS

if TYPE_CHECKING:
    from icetui.dashboard.app import Dashboard


def palette(app: Dashboard) -> Iterator[SystemCommand]:
    view = app.view()
    for action in ACTIONS:
        if action.enabled(view):
            told = f"{action.help}  ({action.key(view.keys)})"
            yield SystemCommand(action.label.capitalize(), told, partial(app.action_do, action.id))
    yield SystemCommand("Theme", "Change the colours.", app.action_change_theme)
