"""TURN credentials out of a shared secret, good for a day (draft-uberti-behave-turn-rest, coturn's
`use-auth-secret`).

What belongs here: one user name and its password. Time is handed in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

import msgspec

from icetui.events import TurnServer

LIFETIME = 24 * 3600
"""Seconds; an allocation that is asked for later has credentials of its own."""


def with_credentials(server: TurnServer, now: float) -> TurnServer:
    """The server with the credentials that hold at `now`."""
    username, password = credentials(server, now)
    return msgspec.structs.replace(server, username=username, password=password)


def credentials(server: TurnServer, now: float) -> tuple[str | None, str | None]:
    """User name and password for a server: its own, or made of its secret at `now` (Unix time).

    The user name is the time at which it ends, and the user's behind a colon where there is one;
    the password is the HMAC-SHA1 of that under the secret.
    """
    if server.secret is None:
        return server.username, server.password
    name = str(int(now) + LIFETIME) + (f":{server.username}" if server.username else "")
    digest = hmac.new(server.secret.encode(), name.encode(), hashlib.sha1).digest()
    return name, base64.b64encode(digest).decode("ascii")
