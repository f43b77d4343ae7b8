"""An engine and its sessions begin, go on and end."""

from __future__ import annotations

from typing import Literal

from icetui.events.codes import PROTOCOL, Count, RenewalCause, Seconds
from icetui.events.event import Event
from icetui.events.parts import Server


class EngineStarted(Event, frozen=True, kw_only=True):
    version: str
    protocol: Count = PROTOCOL
    pid: Count = 0
    python: str = ""
    aioice: str = ""


class EngineFailed(Event, frozen=True, kw_only=True):
    """The engine hit an error of its own and ends. `log`: path of the file with the details."""

    problem: str
    log: str | None = None


class SessionStarted(Event, frozen=True, kw_only=True):
    """A session exists; `ufrag` is public, the password only ever stands in a blob."""

    ufrag: str
    generation: Count = 0
    relay_only: bool = False
    servers: tuple[Server, ...] = ()
    tries_relays: bool = False
    """A `RelayTried` comes for every allocation."""


class SessionRestarted(Event, frozen=True, kw_only=True):
    """An ICE restart (RFC 8445 section 9): new credentials, to be exchanged again. The old path
    carries data until the new generation has one."""

    generation: Count
    ufrag: str
    cause: str = "user"
    """`user`, or `their restart`: the other side began it and waits for our new blob."""


class CredentialsRenewed(Event, frozen=True, kw_only=True):
    """Consent has expired, and both icetui have made the next generation's credentials of the
    present ones (RFC 7675 section 5.1, RFC 8445 section 9): nothing is to be exchanged."""

    generation: Count
    ufrag: str
    their_ufrag: str
    cause: RenewalCause


class PeerLeft(Event, frozen=True, kw_only=True):
    """The other side said goodbye."""


class CommandRefused(Event, frozen=True, kw_only=True):
    command: str
    problem: str


class SessionClosed(Event, frozen=True, kw_only=True):
    cause: str = "user"


class Heartbeat(Event, frozen=True, kw_only=True):
    """The engine is alive: once a second, whatever else there is to tell. Not recorded."""


class EventsDropped(Event, frozen=True, kw_only=True):
    """Events were left out of the stream because they came faster than they were taken: news, of
    which there is more, before anything that decides."""

    where: Literal["engine", "reader", "recording", "output"]
    count: Count
    """So far, in all."""


class ReaderBehind(Event, frozen=True, kw_only=True):
    """Said by a reader of itself: what it shows is of the past. Not recorded."""

    seconds: Seconds
    """How long ago it was; 0: it has caught up."""


class EngineSilent(Event, frozen=True, kw_only=True):
    """Said by a reader: the engine, which had shown signs of life, has shown none for so long.
    Any other event ends the silence."""

    seconds: Seconds
