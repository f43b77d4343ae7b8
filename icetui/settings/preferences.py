"""What a user may choose about the dashboard, in the same file as the settings of a session.

A mistake in it never stops the program: what can be used is used, and what cannot is named, with
the nearest name that is valid. What is chosen on the screen itself is remembered elsewhere.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """The names are those of the file and, in capitals behind `ICETUI_`, of the environment."""

    theme: str | None = None
    """Name of a theme: `dark`, `light`, `high-contrast`, `ansi` or one of Textual's."""
    time: Literal["local", "utc"] = "local"
    """How the time of day is shown."""
    layout: Literal["auto", "stacked"] = "auto"
    """`stacked`: one pane below the other whatever the size."""
    keys: dict[str, str] = {}
    """Keys by the action's id, several parted by commas: `copy = "c,f5"`."""
    columns: dict[str, tuple[str, ...]] = {}
    """Ids of the columns wanted, by table: `pairs`, `candidates`, `log`."""
    mask: bool = False
    record: str | None = None
    """Path that every session is recorded to."""
    quiet: bool = False


NAMES = tuple(field.name for field in msgspec.structs.fields(Preferences))
WORDS = ("theme", "time", "layout", "record")
SWITCHES = ("mask", "quiet")


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean X?`, where one is near enough."""
    found = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f"; did you mean {found[0]}?" if found else ""


def unknown(values: Mapping[str, Any], known: Iterable[str]) -> list[str]:
    """A sentence for each name that means nothing."""
    known = list(known)
    return [f"{name} is no setting{nearest(name, known)}" for name in values if name not in known]


def read_values(path: Path) -> tuple[dict[str, Any], list[str]]:
    """What is in the file, and what hinders reading it. Never raises."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file), []
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        return {}, [f"{path} cannot be read: {error.strerror}"]
    except (tomllib.TOMLDecodeError, UnicodeError, RecursionError) as error:
        return {}, [f"{path} is not TOML: {error}"]


def preferences(
    path: Path, environment: Mapping[str, str] = os.environ
) -> tuple[Preferences, list[str]]:
    """The user's, and a sentence for each mistake. Never raises."""
    values, problems = read_values(path)
    chosen: dict[str, Any] = {}
    for name in NAMES:
        value = values.get(name)
        text = environment.get(f"ICETUI_{name.upper()}")
        if text is not None and name in WORDS:
            value = text
        elif text is not None and name in SWITCHES:
            value = text.lower() in ("1", "true", "yes")
        if value is None:
            continue
        try:
            msgspec.convert({name: value}, Preferences)
        except msgspec.ValidationError as error:
            problems.append(f"{name}: {str(error).partition(' - at')[0]}")
        else:
            chosen[name] = value
    return msgspec.convert(chosen, Preferences), problems


# --- what is chosen on the screen ---------------------------------------------------------------


def state_path() -> Path:
    """Where it is kept: not in the user's own file, which is theirs to write."""
    import platformdirs

    return Path(platformdirs.user_state_dir("icetui")) / "dashboard.json"


class Remembered:
    """Theme and columns as they were chosen last."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or state_path()
        self._values: dict[str, Any] = {}
        # Of a file that was damaged, or written by a later version, nothing is remembered.
        with contextlib.suppress(OSError, ValueError):
            values = json.loads(self._path.read_text("utf-8"))
            self._values = values if isinstance(values, dict) else {}

    @property
    def theme(self) -> str | None:
        theme = self._values.get("theme")
        return theme if isinstance(theme, str) else None

    def columns(self, table: str) -> tuple[str, ...]:
        columns = self._values.get("columns")
        chosen = columns.get(table) if isinstance(columns, dict) else None
        return tuple(c for c in chosen if isinstance(c, str)) if isinstance(chosen, list) else ()

    def keep_theme(self, name: str) -> None:
        self._keep({**self._values, "theme": name})

    def keep_columns(self, table: str, chosen: tuple[str, ...]) -> None:
        columns = self._values.get("columns")
        known = columns if isinstance(columns, dict) else {}
        self._keep({**self._values, "columns": {**known, table: list(chosen)}})

    def _keep(self, values: dict[str, Any]) -> None:
        if values == self._values:
            return
        self._values = values
        with contextlib.suppress(OSError):  # a home that cannot be written to remembers nothing
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(values, indent=1), "utf-8")


# --- the file itself ----------------------------------------------------------------------------

TEMPLATE = """\
# Settings of icetui; flags and ICETUI_* win over this file. A line marked "default" says what holds
# without it, every other one is an example.

# --- the session ---
# stun = ["stun:stun.example.org:3478"]     # without: two public ones; [] asks none
# turn = ["turn:user:password@turn.example.org"]
# turn_credentials = "~/.turn"              # a file with user:password
# turn_secret = "…"                         # shared with the server: credentials for a time
# no_servers = false                        # default
# interface = ["eth0"]                      # all but loopback where none is named
# ipv4 = true                               # default
# ipv6 = true                               # default
# relay_only = false                        # default
# port = 0                                  # default; 0 is any free one
# pace = 5                                  # milliseconds between two checks, 5 by itself
# rto = 500                                 # milliseconds until one is sent again, by itself by the
                                            # servers' round trips

# --- the dashboard ---
# theme = "light"                           # dark, light, high-contrast, ansi, nord, gruvbox …
# time = "local"                            # default; or "utc"
# layout = "auto"                           # default; or "stacked"
# mask = false                              # default
# record = "icetui.jsonl"
# quiet = false                             # default; true: no lines after leaving
"""


def write_template(path: Path, rest: str = "") -> bool:
    """Write a file with everything in it, commented out, and `rest` behind that; False where one is
    already.

    Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE + rest)
    except FileExistsError:
        return False
    path.chmod(0o600)  # it may come to hold a TURN password
    return True
