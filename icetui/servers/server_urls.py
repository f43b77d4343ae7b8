"""STUN and TURN servers as people have them (RFC 7064, RFC 7065, W3C's iceServers, what TURN REST
services answer) ↔ the servers of a command.

What belongs here: reading one text and naming what is wrong with it; no sentence holds any part
of it that might be a password. Nothing is resolved or asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qs, unquote

import msgspec

from icetui.events import ServerTransport, StunServer, TurnServer

DEFAULT_STUN = ("stun:stun.l.google.com:19302", "stun:stun.cloudflare.com:3478")
"""Asked when nothing else is configured: two, so that a NAT's mapping behaviour shows."""
_SCHEMES = ("stun", "stuns", "turn", "turns")
_BETWEEN = re.compile(r"[\s,;]+(?=(?:stuns?|turns?):)", re.IGNORECASE)
_NAMED_HOST = re.compile(r"(?:[A-Za-z0-9_-]+\.)+[A-Za-z0-9-]+\Z|localhost\Z", re.IGNORECASE)
_BARE = re.compile(r"(?!(?:stuns?|turns?):)[^\s:@]+:[^\s@]+:(?:[\w-]+\.)+[\w-]+:[0-9]{1,5}\Z", re.I)
_PORT = re.compile(r"[0-9]{1,6}\Z")
_MOST_SERVERS = 64


class BadServer(ValueError):
    """A text that names no usable server; the message is the sentence for the user."""


class Unusable(NamedTuple):
    """One of several that cannot be used."""

    kind: str
    """`stun` or `turn`."""
    shown: str
    """As much of it as is no secret."""
    sentence: str


class Servers(NamedTuple):
    """What a list of texts names."""

    stun: tuple[StunServer, ...] = ()
    turn: tuple[TurnServer, ...] = ()
    unusable: tuple[Unusable, ...] = ()


def read_servers(entries: Iterable[str], wanted: str) -> Servers:
    """All servers that `entries` of `--stun` or `--turn` (`wanted`) name: each a URL, several with
    commas or blanks between them, or iceServers as JSON or JavaScript.

    Raises `BadServer` when none of them can be used.
    """
    stun: list[StunServer] = []
    turn: list[TurnServer] = []
    unusable: list[Unusable] = []
    problems: list[BadServer] = []
    for url, username, password in _each(entries, wanted):
        try:
            if isinstance(url, BadServer):
                raise url
            if username is None and password is None and not _is_of_object(url):
                _add(url, wanted, stun, turn)
            else:
                _add_of_object(url, username, password, stun, turn)
        except BadServer as problem:
            problems.append(problem)
            shown = _shown(url) if isinstance(url, str) else f"{wanted}:…"
            sentence = str(problem).removeprefix(f"{shown}: ")
            unusable.append(Unusable(_kind(url, wanted), shown, sentence))
    if problems and not (stun or turn):
        raise problems[0]
    return Servers(tuple(stun), tuple(turn), tuple(unusable))


def credentialed(
    servers: Iterable[TurnServer], *, secret: str | None = None, credentials: str | None = None
) -> tuple[TurnServer, ...]:
    """TURN servers with the credentials that stand elsewhere, where they have none of their own: a
    shared secret, or the text of a file.

    Raises `BadServer`.
    """
    pair = _pair(credentials) if credentials is not None else None
    completed = []
    for server in servers:
        if server.password is None and secret:
            server = msgspec.structs.replace(server, secret=secret)
        elif server.password is None and pair is not None:
            server = msgspec.structs.replace(server, username=pair[0], password=pair[1])
        elif server.password is None and server.username is not None:
            raise BadServer(
                f"{server.url}: write the credentials as user:password@ in front of the host, or "
                "name a --turn-secret"
            )
        completed.append(server)
    return tuple(completed)


def _pair(text: str) -> tuple[str, str]:
    """User name and password in a file: JSON that has both, `user:password`, or a line each."""
    from icetui.signaling.literals import take_values  # late: it takes as long as all else here

    values: list[Any] = []

    def take(value: Any) -> bool:
        values.append(value)
        return True

    take_values(text, take)
    for item in _dicts(values):
        user, password = item.get("username"), item.get("credential", item.get("password"))
        if isinstance(user, str) and isinstance(password, str) and user and password:
            return user, password
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) == 2:
        return lines[0], lines[1]
    user, colon, password = lines[0].rpartition(":") if len(lines) == 1 else ("", "", "")
    if user and colon and password:
        return user, password
    raise BadServer(
        "--turn-credentials: the file holds user:password, the two on a line each, or JSON with "
        "username and credential"
    )


class _OfObject(str):
    """A URL from iceServers: of either kind, and its credentials stand beside it."""


def _is_of_object(url: str) -> bool:
    return isinstance(url, _OfObject)


def _each(
    entries: Iterable[str], wanted: str
) -> Iterator[tuple[str | BadServer, str | None, str | None]]:
    """Each URL, with the credentials that stand beside it in an object."""
    number = 0
    for entry in entries:
        text = entry.strip()
        found: list[tuple[str | BadServer, str | None, str | None]]
        if "{" in text or text.startswith("["):
            found = list(_in_object(text, wanted))
        else:
            found = [(part, None, None) for part in _BETWEEN.split(text) if part] or [
                ("", None, None)
            ]
        for one in found:
            number += 1
            if number <= _MOST_SERVERS:
                yield one
    if number > _MOST_SERVERS:
        yield BadServer(f"more than {_MOST_SERVERS} servers were named"), None, None


def _in_object(text: str, wanted: str) -> Iterator[tuple[str | BadServer, str | None, str | None]]:
    """The URLs in iceServers, or in what a TURN REST service answers."""
    from icetui.signaling.literals import take_values  # late: it takes as long as all else here

    values: list[Any] = []

    def take(value: Any) -> bool:
        values.append(value)
        return True

    rest = take_values(text, take)
    found = 0
    for item in _dicts(values):
        urls = next((item[k] for k in ("urls", "url", "uris", "uri") if k in item), None)
        username = item.get("username", item.get("user"))
        password = item.get("credential", item.get("password"))
        if urls is None:
            continue
        if item.get("credentialType", "password") != "password":
            yield BadServer("credentials of the type oauth are not supported"), None, None
            continue
        for url in urls if isinstance(urls, list) else [urls]:
            found += 1
            if isinstance(url, str):
                name = username if isinstance(username, str) and username else None
                yield _OfObject(url), name, str(password) if password else None
            else:
                yield BadServer("in iceServers a URL is a text in quotes"), None, None
    if not found:
        plain = [u for value in values for u in _texts(value)]
        if not plain:
            flag = f"--{wanted}"
            said = "it is cut off" if rest.cut else "it has no `urls`"
            yield BadServer(f"the iceServers given with {flag} cannot be read: {said}"), None, None
        for url in plain:
            yield _OfObject(url), None, None


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    waiting = [value]
    for _ in range(1000):
        if not waiting:
            return
        item = waiting.pop(0)
        if isinstance(item, dict):
            yield item
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


def _texts(value: Any) -> list[str]:
    """Of a list of bare URLs."""
    if not isinstance(value, list):
        return []
    return [v for v in value if isinstance(v, str) and v.partition(":")[0].lower() in _SCHEMES]


def _add(url: str, wanted: str, stun: list[StunServer], turn: list[TurnServer]) -> None:
    if wanted == "stun":
        stun.append(parse_stun(url))
    else:
        turn.append(parse_turn(url))


def _add_of_object(
    url: str,
    username: str | None,
    password: str | None,
    stun: list[StunServer],
    turn: list[TurnServer],
) -> None:
    if url.strip().lower().startswith("stun"):
        stun.append(parse_stun(url))
        return
    server = parse_turn(url)
    if username is not None:
        server = msgspec.structs.replace(server, username=username, password=password)
    turn.append(server)


def parse_stun(url: str) -> StunServer:
    """`stun:host[:port]`, default port 3478.

    Raises `BadServer`; the sentence never repeats what might be a password.
    """
    _, rest = _scheme(url, ("stun",))
    shown = _shown(url)
    if "@" in rest or "," in rest:
        raise BadServer(f"{shown}: a STUN server takes no user name; write stun:host:port")
    place, _, query = rest.partition("?")
    if _transport(query) not in (None, "udp"):
        raise BadServer(
            f"{shown}: STUN is asked over UDP, as another transport tells nothing about UDP; leave "
            "?transport= out, or name the server with --turn if it is a TURN server"
        )
    host, port = _host_and_port(shown, place, 3478)
    return StunServer(host=host, port=port)


def parse_turn(url: str) -> TurnServer:
    """`turn:user:password@host[:port][?transport=udp|tcp]` or `turns:…`, ports 3478 and 5349.

    The last colon in front of the `@` ends the user name: names for a time (coturn, Matrix) have
    colons. Whoever has one in a password writes `%3A`; a `%` that begins no escape is itself.
    `turn:host,user,password` and `user:password:host:port`, with or without `turn:`, are read too.

    Raises `BadServer`; the sentence never repeats the password.
    """
    if _BARE.match(url.strip()):
        url = f"turn:{url.strip()}"
    scheme, rest = _scheme(url, ("turn", "turns"))
    shown = _shown(url)
    credentials, at, place = rest.rpartition("@")
    if not at:
        credentials, place = _without_at(shown, rest)
    place, _, query = place.partition("?")
    username, colon, password = credentials.rpartition(":")
    if at and not colon:
        username, password = credentials, ""  # a name alone: its password is made of a secret
    if credentials and not (username and (password or not colon)):
        raise BadServer(f"{shown}: write the credentials as user:password@ in front of the host")
    transport = _transport(query) or ("tcp" if scheme == "turns" else "udp")
    if transport == "tls":
        raise BadServer(f"{shown}: TURN over TLS is written turns:host, without ?transport=tls")
    if transport not in ("udp", "tcp"):
        raise BadServer(f"{shown}: transport is udp or tcp, no other")
    if scheme == "turns" and transport == "udp":
        raise BadServer(
            f"{shown}: turns: runs over TLS on TCP; DTLS (transport=udp) is unsupported"
        )
    host, port = _host_and_port(shown, place, 5349 if scheme == "turns" else 3478)
    return TurnServer(
        host=host,
        port=port,
        transport=cast(ServerTransport, "tls" if scheme == "turns" else transport),
        username=_unescaped(username) or None,
        password=_unescaped(password) or None,
    )


def _without_at(shown: str, rest: str) -> tuple[str, str]:
    """Credentials and place of forms that have no `@`."""
    place, comma, credentials = rest.partition(",")
    if comma:
        user, comma, password = credentials.partition(",")
        if not comma:
            raise BadServer(f"{shown}: write it as turn:user:password@host:port")
        return f"{user.strip()}:{password.strip().replace(':', '%3A')}", place.strip()
    before, question, query = rest.partition("?")
    parts = before.split(":")
    has_port = _PORT.match(parts[-1]) is not None
    at = -2 if has_port else -1
    if len(parts) + at >= 2 and _NAMED_HOST.match(parts[at]):
        return ":".join(parts[:at]), ":".join(parts[at:]) + question + query
    return "", rest


def _unescaped(text: str) -> str:
    """RFC 3986 section 2.1; what is no UTF-8 when decoded was meant as it stands."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text


def _transport(query: str) -> str | None:
    named = parse_qs(query).get("transport")
    return named[-1].lower() if named else None


def _kind(url: str | BadServer, wanted: str) -> str:
    scheme = url.strip().partition(":")[0].lower() if isinstance(url, str) else ""
    return scheme[:4] if scheme in _SCHEMES else wanted


def _shown(url: str) -> str:
    """A URL without anything that could be a secret: scheme and host, where these are certain."""
    scheme, _, rest = url.strip().partition(":")
    if scheme.lower() not in _SCHEMES:
        return "…"
    place = rest.removeprefix("//").rpartition("@")[2].partition("?")[0]
    certain = "@" in rest or place.count(":") < 2
    if certain and re.fullmatch(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]+)?", place):
        return f"{scheme.lower()}:{place[:80]}"
    return f"{scheme.lower()}:…"


def _scheme(url: str, wanted: tuple[str, ...]) -> tuple[str, str]:
    scheme, colon, rest = url.strip().partition(":")
    scheme = scheme.lower()
    example = " or ".join(f"{w}:" for w in wanted)
    if not colon or scheme not in _SCHEMES:
        raise BadServer(f"this names no server icetui knows: it must begin with {example}")
    if scheme not in wanted:
        hint = "--stun" if scheme.startswith("stun") else "--turn"
        if scheme == "stuns":
            raise BadServer("stuns: (STUN over TLS) tells nothing about UDP; use stun:")
        raise BadServer(f"a {scheme}: server goes with {hint}; here it must begin with {example}")
    return scheme, rest.removeprefix("//")


def _host_and_port(shown: str, place: str, default: int) -> tuple[str, int]:
    match = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](?::(\d+))?", place)
    if match is None:
        if place.count(":") > 1:
            raise BadServer(
                f"{shown}: write an IPv6 address in brackets, as in [2001:db8::1]:3478, and "
                "credentials as user:password@ in front of the host"
            )
        match = re.fullmatch(r"([^\s:/\[\]@,;]+)(?::(\d+))?", place)
    if match is None:
        raise BadServer(f"{shown}: after the scheme comes host or host:port")
    port = int(match[2]) if match[2] else default
    if not 0 < port < 65536:
        raise BadServer(f"{shown}: a port is between 1 and 65535")
    return match[1], port
