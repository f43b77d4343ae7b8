"""STUN and TURN URIs as people type them (RFC 7064, RFC 7065) ↔ the servers of a command.

What belongs here: reading one URI and naming what is wrong with it. Nothing is resolved or asked.
"""

from __future__ import annotations

import re
from typing import cast
from urllib.parse import parse_qs, unquote

from icetui.events import ServerTransport, StunServer, TurnServer

DEFAULT_STUN = ("stun:stun.l.google.com:19302", "stun:stun.cloudflare.com:3478")
"""Asked when nothing else is configured: two, so that a NAT's mapping behaviour shows."""


class BadServer(ValueError):
    """A URI that names no usable server; the message is the sentence for the user."""


def parse_stun(url: str) -> StunServer:
    """`stun:host[:port]`, default port 3478.

    Raises `BadServer`.
    """
    scheme, rest = _scheme(url, ("stun",))
    if scheme != "stun" or "@" in rest:
        raise BadServer(f"{url}: a STUN server takes no user name; write stun:host:port")
    host, port = _host_and_port(url, rest.partition("?")[0], 3478)
    return StunServer(host=host, port=port)


def parse_turn(url: str) -> TurnServer:
    """`turn:user:password@host[:port][?transport=udp|tcp]` or `turns:…`, ports 3478 and 5349.

    Raises `BadServer`; the sentence never repeats the password.
    """
    scheme, rest = _scheme(url, ("turn", "turns"))
    shown = f"{scheme}:{rest.rpartition('@')[2]}"
    credentials, _, place = rest.rpartition("@")
    place, _, query = place.partition("?")
    username, colon, password = credentials.partition(":")
    if credentials and not (username and colon and password):
        raise BadServer(f"{shown}: write the credentials as user:password@ in front of the host")
    transport = parse_qs(query).get("transport", ["tcp" if scheme == "turns" else "udp"])[-1]
    if transport not in ("udp", "tcp"):
        raise BadServer(f"{shown}: transport is udp or tcp, not {transport[:20]!r}")
    if scheme == "turns" and transport == "udp":
        raise BadServer(
            f"{shown}: turns: runs over TLS on TCP; DTLS (transport=udp) is unsupported"
        )
    if scheme == "turns":
        transport = "tls"
    host, port = _host_and_port(shown, place, 5349 if scheme == "turns" else 3478)
    return TurnServer(
        host=host,
        port=port,
        transport=cast(ServerTransport, transport),
        username=unquote(username) or None,
        password=unquote(password) or None,
    )


def _scheme(url: str, wanted: tuple[str, ...]) -> tuple[str, str]:
    scheme, colon, rest = url.strip().partition(":")
    scheme = scheme.lower()
    example = " or ".join(f"{w}:" for w in wanted)
    if not colon or scheme not in (*wanted, "stun", "turn", "turns", "stuns"):
        named = url.rpartition("@")[2][:60]
        raise BadServer(f"{named!r} names no server icetui knows: it must begin with {example}")
    if scheme not in wanted:
        hint = "--stun" if scheme.startswith("stun") else "--turn"
        if scheme == "stuns":
            raise BadServer("stuns: (STUN over TLS) tells nothing about UDP; use stun:")
        raise BadServer(f"a {scheme}: server goes with {hint}; here it must begin with {example}")
    return scheme, rest.removeprefix("//")


def _host_and_port(url: str, place: str, default: int) -> tuple[str, int]:
    match = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](?::(\d+))?", place)
    if match is None:
        if place.count(":") > 1:
            raise BadServer(f"{url}: write an IPv6 address in brackets, as in [2001:db8::1]:3478")
        match = re.fullmatch(r"([^\s:/\[\]]+)(?::(\d+))?", place)
    if match is None:
        raise BadServer(f"{url}: after the scheme comes host or host:port, not {place[:60]!r}")
    port = int(match[2]) if match[2] else default
    if not 0 < port < 65536:
        raise BadServer(f"{url}: a port is between 1 and 65535, not {match[2]}")
    return match[1], port
