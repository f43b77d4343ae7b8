"""What gathering finds: interfaces, candidates, servers, what the NAT does."""

from __future__ import annotations

from icetui.events.codes import GatheringState, Reason, RelayOutcome, Seconds
from icetui.events.event import Event
from icetui.events.parts import Candidate, Evidence, Interface, NatBehaviour, Server


class InterfaceFound(Event, frozen=True, kw_only=True):
    interface: Interface


class GatheringStateChanged(Event, frozen=True, kw_only=True):
    state: GatheringState


class CandidateGathered(Event, frozen=True, kw_only=True):
    candidate: Candidate


class CandidateFailed(Event, frozen=True, kw_only=True):
    """An address we could not gather from: port in use, no permission to bind …"""

    address: str
    interface: str | None = None
    reason: Reason = Reason.SEND_ERROR
    detail: str = ""
    evidence: Evidence | None = None


class ServerChanged(Event, frozen=True, kw_only=True):
    server: Server


class AllocationChanged(Event, frozen=True, kw_only=True):
    """How long a TURN allocation lives: it was granted, refreshed, or a Refresh gets no answer."""

    server: str
    """URI of the server."""
    relayed: str
    """`ip:port` that it relays for us."""
    lifetime: Seconds
    """Granted last, seconds."""
    expires: Seconds
    """In the stream's `t`: when the server forgets it unless it is refreshed."""
    unanswered: Seconds | None = None
    """In the stream's `t`: when the Refresh was sent that has no answer yet; None: all have."""


class RelayTried(Event, frozen=True, kw_only=True):
    """A datagram was sent out of an allocation to ourselves, and answered into it, or not."""

    url: str
    """The TURN server's, as in `Server`."""
    relayed: str
    """`ip:port` that it lends us."""
    outcome: RelayOutcome
    peer: str | None = None
    """`ip:port` at which the socket that played the peer is seen."""
    seconds: Seconds | None = None
    """From the relay to the peer and back."""
    evidence: Evidence | None = None
    """With what its server refused."""


class MappingSeen(Event, frozen=True, kw_only=True):
    """A server said at which transport address it sees one of ours: a row of the NAT table."""

    local: str
    """Our `ip:port`, the base."""
    mapped: str
    """`ip:port` the server saw."""
    server: str
    """`ip:port` the question was sent to."""
    url: str = ""
    """URI of the server, where one was configured at that address."""
    interface: str | None = None


class NatBehaviourChanged(Event, frozen=True, kw_only=True):
    """More is known of the NAT in front of one local address; carries all that is known of it."""

    nat: NatBehaviour
