"""What a user may choose, from a TOML file, ICETUI_* variables and flags, in rising precedence."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from icetui.events import Reason, Server, StartSession, StunServer
from icetui.servers.server_urls import (
    DEFAULT_STUN,
    BadServer,
    Servers,
    Unusable,
    credentialed,
    read_servers,
)
from icetui.settings.preferences import NAMES as DASHBOARD_NAMES
from icetui.settings.preferences import read_values, unknown


class BadSettings(ValueError):
    """A setting that cannot be used; the message is the sentence for the user."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set; the names are those of the flags, of the file, and, in capitals
    behind `ICETUI_`, of the environment."""

    stun: tuple[str, ...] | None = None
    """None: the TURN servers where some are named (they speak STUN too), else two public ones."""
    turn: tuple[str, ...] = ()
    turn_secret: str | None = None
    """Shared with the TURN servers: credentials for a time are made of it."""
    turn_credentials: str | None = None
    """Path of a file that holds user name and password, kept off the command line."""
    no_servers: bool = False
    interface: tuple[str, ...] = ()
    ipv4: bool = True
    ipv6: bool = True
    relay_only: bool = False
    port: int = 0
    pace: int | None = None
    """Milliseconds between two checks, Ta. None: the engine's default."""
    rto: int | None = None
    """Milliseconds until a check is first sent again. None: by the round trips to the servers."""
    strict: bool = False
    """To the letter of the RFCs."""

    def start(self) -> StartSession:
        """The command that opens a session with these settings.

        Raises `BadSettings`.
        """
        if not 0 <= self.port < 65536:
            raise BadSettings(f"--port is between 1 and 65535, or 0 for any, not {self.port}")
        if self.pace is not None and not LEAST_PACE <= self.pace <= MOST_MILLISECONDS:
            raise BadSettings(
                f"--pace is between {LEAST_PACE} ms, the least that RFC 8445 allows, and "
                f"{MOST_MILLISECONDS} ms, not {self.pace}"
            )
        if self.rto is not None and not LEAST_RTO <= self.rto <= MOST_MILLISECONDS:
            raise BadSettings(
                f"--rto is between {LEAST_RTO} and {MOST_MILLISECONDS} ms, not {self.rto}"
            )
        if not (self.ipv4 or self.ipv6):
            raise BadSettings("with both --no-ipv4 and --no-ipv6 there is nothing to gather")
        named = Servers() if self.no_servers else self._servers()
        if self.relay_only and not named.turn:
            raise BadSettings("--relay-only needs a TURN server: --turn turn:user:password@host")
        return StartSession(
            stun_servers=tuple(dict.fromkeys(named.stun)),
            turn_servers=tuple(dict.fromkeys(named.turn)),
            unusable_servers=tuple(_shown(one) for one in named.unusable),
            interfaces=self.interface,
            ipv4=self.ipv4,
            ipv6=self.ipv6,
            relay_only=self.relay_only,
            port=self.port,
            pace=None if self.pace is None else self.pace / 1000,
            rto=None if self.rto is None else self.rto / 1000,
            strict=self.strict,
        )

    def _servers(self) -> Servers:
        """Whoever names a server wants no other one asked; a TURN server answers as STUN server,
        too.

        Raises `BadSettings`.
        """
        try:
            with_turn = read_servers(self.turn, "turn")
            with_stun = read_servers(self.stun or (), "stun")
            turn = credentialed(
                (*with_turn.turn, *with_stun.turn),
                secret=self.turn_secret,
                credentials=self._credentials(),
            )
            stun = (*with_turn.stun, *with_stun.stun)
            if not stun and self.stun is None and not turn:
                stun = read_servers(DEFAULT_STUN, "stun").stun
            elif not stun and self.stun is None:
                stun = tuple(
                    StunServer(host=t.host, port=t.port) for t in turn if t.transport == "udp"
                )
        except BadServer as problem:
            raise BadSettings(str(problem)) from None
        return Servers(stun, turn, (*with_turn.unusable, *with_stun.unusable))

    def _credentials(self) -> str | None:
        """The text of the file with the credentials. Raises `BadSettings`."""
        if self.turn_credentials is None:
            return None
        try:
            with Path(self.turn_credentials).expanduser().open("rb") as file:
                return file.read(LONGEST_FILE).decode("utf-8", "replace")
        except OSError as error:
            raise BadSettings(
                f"--turn-credentials: {self.turn_credentials} cannot be read: {error.strerror}"
            ) from None


def _shown(one: Unusable) -> Server:
    return Server(
        url=one.shown,
        kind="stun" if one.kind == "stun" else "turn",
        state="failed",
        reason=Reason.UNSUPPORTED,
        detail=one.sentence,
    )


LONGEST_FILE = 64 * 1024
LONGEST_SETTINGS = 1024 * 1024
LEAST_PACE, LEAST_RTO, MOST_MILLISECONDS = 5, 50, 10_000
LISTS = ("stun", "turn", "interface")
LONGEST_NUMBER = 9
"""Digits."""


def config_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the file is looked for: `ICETUI_CONFIG`, or icetui.toml in the user's config folder."""
    named = environment.get("ICETUI_CONFIG")
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_config_dir("icetui")) / "icetui.toml"


def load(
    flags: Mapping[str, Any],
    environment: Mapping[str, str] = os.environ,
    problems: list[str] | None = None,
) -> Settings:
    """Settings from file, environment and flags; a flag left out is None or ().

    Raises `BadSettings`; with `problems` not for the file: what of it can be used is used, and
    the rest is said there.
    """
    path, required = config_path(environment), bool(environment.get("ICETUI_CONFIG"))
    if problems is not None:
        chosen = _usable(path, problems)
    else:  # a script is told, and nothing begins
        chosen = _from_file(path, required=required)
    chosen.update(_from_environment(environment))
    chosen.update({k: v for k, v in flags.items() if v is not None and v != ()})
    try:
        return msgspec.convert(chosen, Settings)
    except msgspec.ValidationError as error:
        raise BadSettings(f"a setting cannot be used: {error}") from None


def _from_file(path: Path, *, required: bool) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST_SETTINGS + 1)
        if len(data) > LONGEST_SETTINGS:
            raise BadSettings(f"{path} is too long for settings")
        values = tomllib.loads(data.decode())
    except FileNotFoundError:
        if required:
            raise BadSettings(f"ICETUI_CONFIG names {path}, which does not exist") from None
        return {}
    except OSError as error:
        raise BadSettings(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeError, RecursionError) as error:
        raise BadSettings(f"{path} is not TOML: {error}") from None
    # What concerns the dashboard alone is judged there, and never a reason not to start.
    values = _servers_as_text({k: v for k, v in values.items() if k not in DASHBOARD_NAMES})
    known = [field.name for field in msgspec.structs.fields(Settings)]
    if wrong := unknown(values, [*known, *DASHBOARD_NAMES]):
        raise BadSettings(f"{path}: {'; '.join(wrong)}")
    try:
        msgspec.convert(values, Settings)
    except msgspec.ValidationError as error:
        raise BadSettings(f"{path}: {error}") from None
    return values


def exposed(path: Path) -> list[str]:
    """A sentence if a file holds a TURN password and others on this machine may read it."""
    try:
        readable = os.name == "posix" and path.stat().st_mode & 0o077
        holds = b"turn" in path.read_bytes()[:LONGEST_SETTINGS]
    except OSError:
        return []
    if not (readable and holds):
        return []
    return [f"others on this machine can read the TURN password in it: chmod 600 {path}"]


def _usable(path: Path, problems: list[str]) -> dict[str, Any]:
    """What of the file can be used. Where it cannot be known which servers it allows, none is
    asked by default: it may have forbidden just that."""
    values, unreadable = read_values(path)
    if unreadable:
        problems += [f"{problem}; no server is asked by default" for problem in unreadable]
        return {"stun": ()}
    values = _servers_as_text({k: v for k, v in values.items() if k not in DASHBOARD_NAMES})
    known = [field.name for field in msgspec.structs.fields(Settings)]
    problems += unknown(values, [*known, *DASHBOARD_NAMES])
    problems += exposed(path)
    usable: dict[str, Any] = {}
    for name in known:
        if name not in values:
            continue
        try:
            msgspec.convert({name: values[name]}, Settings)
        except msgspec.ValidationError as error:
            problems.append(f"{name}: {str(error).partition(' - at')[0]}")
            if name in ("stun", "turn", "no_servers"):
                usable["stun"] = ()
        else:
            usable.setdefault(name, values[name])
    return usable


def _servers_as_text(values: dict[str, Any]) -> dict[str, Any]:
    """iceServers written as TOML: `turn = [{urls = "…", username = "…", credential = "…"}]`, and a
    single server without the brackets of a list."""
    for name in ("stun", "turn"):
        given = values.get(name)
        if isinstance(given, dict | str):
            given = [given]
        if isinstance(given, list):
            values[name] = [json.dumps(v) if isinstance(v, dict) else v for v in given]
    return values


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        name = f"ICETUI_{field.name.upper()}"
        text = environment.get(name)
        if text is None:
            continue
        if field.name in ("turn_secret", "turn_credentials"):
            values[field.name] = text
        elif field.name in ("stun", "turn") and "{" in text:
            values[field.name] = (text,)  # iceServers: the blanks in it are its own
        elif field.name in LISTS:
            values[field.name] = tuple(text.split())
        elif field.type is bool:
            if text.lower() not in ("1", "0", "true", "false", "yes", "no", ""):
                raise BadSettings(f"{name} is 1 or 0, not {text[:40]!r}")
            values[field.name] = text.lower() in ("1", "true", "yes")
        elif not (text.isdecimal() and len(text) <= LONGEST_NUMBER):
            raise BadSettings(f"{name} is a number, not {text[:40]!r}")
        else:
            values[field.name] = int(text)
    return values
