"""A simulated network as one value: everything in it, its seed, and what happens when.

`network_text.py` reads and writes it as a file, `addressing.py` fills in the addresses that are
left out, `world.py` builds it.
"""

from __future__ import annotations

import msgspec

from icetui.vnet.changes import AnyChange
from icetui.vnet.network_parts import (
    WALL,
    Host,
    Link,
    Name,
    Router,
    Session,
    Value,
)
from icetui.vnet.servers import StunOptions, TurnOptions


class BadNetwork(Exception):
    """The network cannot be built; the message is one sentence for whoever wrote it.

    `path` leads to what is wrong, by names and, in lists, numbers.
    """

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path


class Server(Value, frozen=True):
    """A STUN or TURN server; without a host it stands on one of its own name on the internet."""

    options: StunOptions | TurnOptions
    host: str | None = None


class Network(Value, frozen=True, kw_only=True):
    """All of it."""

    seed: int = 0
    wall: float = WALL
    ipv6: bool = False
    """IPv6 addresses are filled in, too."""
    links: dict[str, Link] = msgspec.field(default_factory=dict)
    routers: dict[str, Router] = msgspec.field(default_factory=dict)
    hosts: dict[str, Host] = msgspec.field(default_factory=dict)
    servers: dict[str, Server] = msgspec.field(default_factory=dict)
    names: dict[str, Name] = msgspec.field(default_factory=dict)
    sessions: dict[str, Session] = msgspec.field(default_factory=dict)
    changes: tuple[AnyChange, ...] = ()
