"""Everything a user may want of the engine."""

from __future__ import annotations

from typing import Literal

import msgspec

from icetui.events.addresses import bracketed
from icetui.events.codes import Count, Seconds, ServerTransport, kebab
from icetui.events.parts import Part, Server


class Command(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="command", tag=kebab
):
    """Something a user wants of the engine."""

    session: str = ""


class StunServer(Part, frozen=True, kw_only=True):
    """A STUN server (RFC 7064)."""

    host: str
    port: Count = 3478

    @property
    def url(self) -> str:
        return f"stun:{bracketed(self.host)}:{self.port}"


class TurnServer(Part, frozen=True, kw_only=True):
    """A TURN server (RFC 7065) with long-term credentials (RFC 8489 section 9.2)."""

    host: str
    port: Count = 3478
    transport: ServerTransport = "udp"
    username: str | None = None
    password: str | None = None
    secret: str | None = None
    """Shared with the server: user names and passwords for a time are made of it."""

    @property
    def url(self) -> str:
        scheme = "turns" if self.transport == "tls" else "turn"
        return f"{scheme}:{bracketed(self.host)}:{self.port}" + (
            "?transport=tcp" if self.transport == "tcp" else ""
        )


class StartSession(Command, frozen=True, kw_only=True):
    """Open a session and gather at once."""

    stun_servers: tuple[StunServer, ...] = ()
    turn_servers: tuple[TurnServer, ...] = ()
    unusable_servers: tuple[Server, ...] = ()
    """Named beside the others and not usable; they are shown as failed, with why."""
    interfaces: tuple[str, ...] = ()
    """Only these interfaces; empty: all but loopback."""
    ipv4: bool = True
    ipv6: bool = True
    relay_only: bool = False
    port: Count = 0
    """Local UDP port of host candidates; 0: any free one."""
    pace: Seconds | None = None
    """Ta, the seconds between two checks (RFC 8445 section 14.2); None: the engine's default."""
    rto: Seconds | None = None
    """Seconds the first sending of a check waits for its answer (section 14.3); None: by the round
    trips to the servers."""
    try_relays: bool = False
    """Whether each allocation is tried once all servers have answered: a datagram out of it, and
    back."""
    strict: bool = False
    """To the letter of the RFCs, where the engine leaves them on purpose otherwise."""
    binding_lifetime: Seconds = 0.0
    """Longest time in seconds for which an unused NAT binding is watched; 0: none is."""


class Paste(Command, frozen=True, kw_only=True):
    """Text from the user that should hold the other side's description."""

    text: str


class TakeFormer(Command, frozen=True, kw_only=True):
    """Use the description again that the present one has replaced."""


class SendText(Command, frozen=True, kw_only=True):
    text: str


class Nominate(Command, frozen=True, kw_only=True):
    """Use this succeeded pair from now on."""

    pair: str


class Restart(Command, frozen=True, kw_only=True):
    """Restart ICE: a new generation with new credentials on the same sockets."""


class Leave(Command, frozen=True, kw_only=True):
    """Say goodbye, close the session within one second."""


class StartNetwork(Command, frozen=True, kw_only=True):
    """Build a simulated network and run a session on each side of it. Without a text: two homes
    behind NATs, with these differences."""

    text: str = ""
    """A network file's text."""
    alice: str = "prc"
    """The NATs in front of this side, from the LAN outwards, joined by `+`."""
    bob: str = "prc"
    stun: bool = True
    turn: bool = True
    delay: float = 0.025
    """Seconds on each home's way to the internet, in each direction."""
    loss: float = 0.0
    """Share of the packets there that are lost, in each direction."""
    seed: int | None = None
    """Of all chance; None: the file's own, and 0 without one."""
    wall: float | None = None
    """Unix time at which the network's time begins; None: as the network says."""
    speed: float | None = 1.0
    until: float | None = None
    """As in `SetPace`."""


class ChangeNetwork(Command, frozen=True, kw_only=True):
    """Do something to a simulated network, now."""

    what: Literal["cut", "restore", "weather", "rebind", "stop", "start"]
    whom: str
    """A line for the first three, a router, a server."""
    delay: float | None = None
    """Of `weather`: in each direction, seconds; None: as it is."""
    loss: float | None = None
    """Of `weather`: share; None: as it is."""


class SetPace(Command, frozen=True, kw_only=True):
    """Let a simulated network's time go at this speed, or stand still."""

    speed: float | None = 1.0
    paused: bool = False
    until: float | None = None
    """The network's time in seconds at which it stands still again; None: it goes on."""


class WatchNetwork(Command, frozen=True, kw_only=True):
    """Tell of packets and of the ages in NAT tables, or no more."""

    packets: bool = True
