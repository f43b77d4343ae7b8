"""What is wrong with a settings file, the session's part and the dashboard's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from icetui.dashboard.actions import BY_ID, clashes
from icetui.dashboard.panes.candidates import CandidatesPane
from icetui.dashboard.panes.log import LogPane
from icetui.dashboard.panes.pairs import PairTable
from icetui.dashboard.table import Column
from icetui.dashboard.themes import full_name, theme_names
from icetui.settings.preferences import nearest, preferences
from icetui.settings.session_settings import BadSettings, exposed, load

TABLES: dict[str, tuple[Column[Any], ...]] = {
    "pairs": PairTable.COLUMNS, "candidates": CandidatesPane.COLUMNS, "log": LogPane.COLUMNS,
}  # fmt: skip


def mistakes(path: Path) -> list[str]:
    """A sentence for each; none where all of it can be used. Never raises."""
    wanted, found = preferences(path, {})
    try:
        if path.exists():
            load({}, {"ICETUI_CONFIG": str(path)}).start()
    except BadSettings as problem:
        found.append(str(problem))
    if wanted.theme is not None and full_name(wanted.theme) is None:
        found.append(f"theme: there is no {wanted.theme}{nearest(wanted.theme, theme_names())}")
    for name in wanted.keys:
        if name not in BY_ID:
            found.append(f"keys: {name} is no action{nearest(name, BY_ID)}")
    found += clashes(wanted.keys)
    for table, chosen in wanted.columns.items():
        if table not in TABLES:
            found.append(f"columns: {table} is no table{nearest(table, TABLES)}")
            continue
        known = [column.id for column in TABLES[table]]
        wrong = (name for name in chosen if name not in known)
        found += [f"columns: {table} has no {name}{nearest(name, known)}" for name in wrong]
    found += exposed(path)
    return list(dict.fromkeys(found))
