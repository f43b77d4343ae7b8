"""Connectivity checks: pairs, roles, the path, consent."""

from __future__ import annotations

from typing import Literal

from icetui.events.codes import ConnectionState, PathOccasion, Role, Seconds
from icetui.events.event import Event
from icetui.events.parts import Pair


class RoleChanged(Event, frozen=True, kw_only=True):
    role: Role
    cause: str = "ufrags"
    """`ufrags` (compared), `conflict` (repaired by RFC 8445 section 7.3.1.1), `lite`."""


class PairChanged(Event, frozen=True, kw_only=True):
    pair: Pair


class RoundTripMeasured(Event, frozen=True, kw_only=True):
    pair: str
    seconds: Seconds
    purpose: Literal["check", "nomination", "consent", "probe"] = "probe"


class RequestLost(Event, frozen=True, kw_only=True):
    """A probe or consent request on a valid pair that got no answer in time."""

    pair: str
    purpose: Literal["check", "nomination", "consent", "probe"] = "probe"
    sent: float | None = None
    """When it was sent, seconds since the engine's start."""


class SelectedPairChanged(Event, frozen=True, kw_only=True):
    """The pair that data takes. None: no path."""

    pair: str | None
    previous: str | None = None
    occasion: PathOccasion | None = None
    cause: str = ""
    """In words: `first valid pair`, `nominated by us`, `consent expired on L1-R1` …"""


class ConsentRefreshed(Event, frozen=True, kw_only=True):
    """The peer answered on the selected pair: we may send until `expires` (RFC 7675)."""

    pair: str
    expires: Seconds
    """In the stream's `t`, seconds."""


class ConnectionStateChanged(Event, frozen=True, kw_only=True):
    state: ConnectionState
    cause: str = ""
