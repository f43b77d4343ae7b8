"""The user's taste: theme, keys, columns and layout, from the settings file or as chosen last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from icetui.dashboard.actions import BY_ID, clashes
from icetui.dashboard.table import Table
from icetui.dashboard.themes import OWN, SHORT_NAMES, full_name, theme_names
from icetui.settings.preferences import Preferences, Remembered, nearest

if TYPE_CHECKING:
    from icetui.dashboard.app import Dashboard

READ_TIME = 15.0
"""Seconds for which mistakes in the settings are told."""


class Taste:
    """What the file says, what is remembered, and what is wrong with either."""

    def __init__(
        self,
        wanted: Preferences | None = None,
        remembered: Remembered | None = None,
        problems: tuple[str, ...] = (),
    ) -> None:
        """Without `remembered` nothing is kept."""
        self.wanted = wanted or Preferences()
        self._remembered = remembered
        self._problems = list(problems)
        self.keys = self._known_keys(self.wanted.keys)

    def _known_keys(self, keys: Mapping[str, str]) -> dict[str, str]:
        for name in keys:
            if name not in BY_ID:
                self._problems.append(f"keys: {name} is no action{nearest(name, BY_ID)}")
        self._problems += clashes(keys)
        return {name: key for name, key in keys.items() if name in BY_ID}

    def apply(self, app: Dashboard) -> None:
        """Before the first frame."""
        for theme in OWN:
            app.register_theme(theme)
        app.set_keymap(self.keys)
        kept = self._remembered.theme if self._remembered is not None else None
        name = self.wanted.theme or kept
        if name is not None:
            full = full_name(name)
            if full is None:
                self._problems.append(f"theme: there is no {name}{nearest(name, theme_names())}")
            else:
                app.theme = full
        if self.wanted.layout == "stacked":
            app.main.stack()
        for table in (app.main.pairs, app.main.candidates, app.main.log_pane):
            self._choose_columns(table)
        if self._problems:
            app.notify(
                "\n".join(self._problems),
                title="In your settings", severity="warning", timeout=READ_TIME, markup=False,
            )  # fmt: skip

    def _choose_columns(self, table: Table[Any, Any]) -> None:
        name = table.id or ""
        wanted = self.wanted.columns.get(name.removesuffix("-pane"), ())
        known = [column.id for column in table.COLUMNS]
        for column in wanted:
            if column not in known:
                near = nearest(column, known)
                self._problems.append(f"columns: {name} has no {column}{near}")
        if not wanted and self._remembered is not None:
            wanted = self._remembered.columns(name)
        table.chosen = tuple(column for column in wanted if column in known)

    def keep_theme(self, app: Dashboard, name: str) -> None:
        """It was chosen from the palette."""
        if self._remembered is None:
            return
        if self.wanted.theme is not None and full_name(self.wanted.theme) != name:
            app.notify(
                f"Your settings file says theme = {self.wanted.theme}: change it there to keep "
                "this one.",
                markup=False,
            )
        short = {full: short for short, full in SHORT_NAMES.items()}
        self._remembered.keep_theme(short.get(name, name))

    def keep_columns(self, table: Table[Any, Any]) -> None:
        """They were chosen from the list."""
        if self._remembered is not None and table.id is not None:
            self._remembered.keep_columns(table.id, table.chosen)
