"""What a new settings file lists of the dashboard: every action's keys, every table's columns."""

from __future__ import annotations

import json

from icetui.dashboard.actions import ACTIONS
from icetui.dashboard.mistakes import TABLES

KEYS = """
# [keys]                                    # by the action's id; several keys are parted by commas
"""
COLUMNS = """
# [columns]                                 # by table; by itself as many as there is room for
"""


def template() -> str:
    """Commented out; the keys are the defaults."""
    keys = [f"# {_setting(a.id, a.keys):41} # default; {a.label}\n" for a in ACTIONS]
    columns = [f"# {_setting(name, [c.id for c in of])}\n" for name, of in TABLES.items()]
    return "".join((KEYS, *keys, COLUMNS, *columns))


def _setting(name: str, value: str | list[str]) -> str:
    """As in TOML; words without escapes are written as in JSON."""
    return f"{name} = {json.dumps(value)}"
