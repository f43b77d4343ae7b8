"""The two descriptions on their way, and what theirs says."""

from __future__ import annotations

from typing import Literal

from icetui.events.codes import Count, DescriptionProblem, NatDependence, Seconds, ServersSeen
from icetui.events.event import Event
from icetui.events.parts import Candidate, MediaSection


class BlobChanged(Event, frozen=True, kw_only=True):
    """Our blob, to be sent to the other side. Holds the session's password: never record it."""

    blob: str
    candidates: Count = 0
    complete: bool = False
    """True once gathering is complete: nothing will be added to it."""
    resend: bool = False
    """True when a blob sent before will no longer do (an address in it has changed)."""
    nat_only: bool = False
    """True when only what it says of our NAT is new: a blob sent before serves as well."""


class DescriptionAccepted(Event, frozen=True, kw_only=True):
    """Their description was read. `new_candidates` counts what it added to what we knew."""

    ufrag: str
    kind: str = "blob"
    """`blob`, `sdp`, `json`, `base64` (of JSON), `object` (ICE parameters), `jingle` (XML),
    `candidates`."""
    new_candidates: Count = 0
    known_candidates: Count = 0
    made: Seconds | None = None
    """Unix time at which the other side made it, where the text says so."""
    sdp_type: str | None = None
    """`offer` or `answer`, where known."""
    mid: str | None = None
    """Of the media section; an answer must repeat the offer's (RFC 5888)."""
    answers: str | None = None
    """Ufrag of the description it answers, where it says so."""
    password_length: Count = 0
    """Characters; the password itself stays with the engine."""
    complete: bool = False
    """End-of-candidates was said (RFC 8838 section 14)."""
    lite: bool = False
    ice_options: tuple[str, ...] = ()
    setup: str | None = None
    """DTLS role (RFC 4145), which icetui has no use for."""
    fingerprint: str | None = None
    mapping: NatDependence = "unknown"
    """Of the NAT in front of them, as their side found it."""
    filtering: NatDependence = "unknown"
    servers: ServersSeen = "unknown"
    """What they say of the servers they ask."""
    shared_answering: tuple[str, ...] = ()
    """URIs of servers of ours that answer them over UDP."""
    shared_silent: tuple[str, ...] = ()
    """URIs of servers of ours that do not answer them over UDP."""
    media: tuple[MediaSection, ...] = ()
    """The media sections of their offer, which an answer must have too."""
    bundle: tuple[str, ...] | None = None
    """The mids that they bundle onto one transport (RFC 9143); None: no group was said."""
    warnings: tuple[str, ...] = ()


class DescriptionRefused(Event, frozen=True, kw_only=True):
    """A pasted text was not usable; `problem` is the sentence for the user."""

    problem: str
    kind: DescriptionProblem = "unreadable"


class DescriptionReplaced(Event, frozen=True, kw_only=True):
    """Before a path stood another description of theirs took the place of the one held; what is
    told of the new one follows."""

    former: str
    """Ufrag of the one that was held; `TakeFormer` takes it again."""
    current: str
    cause: Literal["newer", "user", "knock"] = "newer"
    """`newer`: it was pasted later; `user`: asked for; `knock`: its owner checks us with our
    password, the other's has not."""


class CandidatesKept(Event, frozen=True, kw_only=True):
    """Candidates came without a description they could belong to: they are kept for it."""

    candidates: Count
    ufrag: str = ""
    """Of the description that they name."""


class RemoteCandidateAdded(Event, frozen=True, kw_only=True):
    candidate: Candidate


class Knocked(Event, frozen=True, kw_only=True):
    """Someone holding our blob sent a correctly keyed check before we know theirs."""

    address: str
    port: Count
    ufrag: str
    count: Count = 1
