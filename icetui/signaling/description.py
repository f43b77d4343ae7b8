"""What one side says of itself, whatever text it was read from, and the error for unreadable text.

What belongs here: the two types everything else in this package speaks of, and its limits.
What must never come in: parsing or writing of any format.
"""

from __future__ import annotations

import msgspec

from icetui import events

MAX_TEXT = 256 * 1024
"""Characters of pasted text; more is refused unread."""
MAX_CANDIDATES = 100
"""Candidates taken from one text; libwebrtc and aioice check no more pairs than this either."""
MAX_WARNINGS = 12
"""Sentences kept with one description."""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """One side's ICE parameters (RFC 8445 section 5.3 and 5.4). The strings hold no controls."""

    ufrag: str
    """`""` only for kind `candidates`, where the text need not say it."""
    pwd: str
    candidates: tuple[events.Candidate, ...] = ()
    """Their ids are `""`: whoever keeps the session gives them."""
    lite: bool = False
    complete: bool = False
    """End-of-candidates was said (RFC 8838 section 14)."""
    made: float | None = None
    """Unix time, seconds; a blob carries whole minutes."""
    kind: str = "blob"
    """What it was read from: `blob`, `sdp`, `json`, `base64` (of JSON), `object` (ICE parameters),
    `jingle` (XML), `candidates`."""
    answers: str | None = None
    """Ufrag of the description this one answers, where known."""
    sdp_type: str | None = None
    """`offer` or `answer`, where known."""
    mid: str | None = None
    """Identification of the media section (RFC 5888); an answer must repeat the offer's."""
    mline: int | None = None
    """Number of that section, from 0."""
    media: tuple[events.MediaSection, ...] = ()
    """All media sections of an SDP, for the answer to it."""
    bundle: tuple[str, ...] | None = None
    """The mids of its BUNDLE group (RFC 9143); None: it has none."""
    ice_options: tuple[str, ...] = ()
    setup: str | None = None
    """DTLS role (RFC 4145): `active`, `passive`, `actpass`, `holdconn`."""
    fingerprint: str | None = None
    mapping: events.NatDependence = "unknown"
    """What the mapping of the NAT in front of this side depends on (RFC 4787 section 4.1)."""
    filtering: events.NatDependence = "unknown"
    """What its filtering depends on (RFC 4787 section 5)."""
    servers: events.ServersSeen = "unknown"
    answering: tuple[bytes, ...] = ()
    """Marks (`server_mark`) of the servers that answer this side over UDP."""
    silent: tuple[bytes, ...] = ()
    """Marks of those that were asked over UDP and do not."""
    warnings: tuple[str, ...] = ()
    """Sentences for the user: what was repaired or ignored."""
    cut: bool = False
    """The text stops in the middle: what would follow may add to this."""


class UnreadableDescription(ValueError):
    """Text that holds no usable description; `str(error)` is the one sentence the user reads."""


class OwnDescription(UnreadableDescription):
    """It is our own, not the other side's."""


class IncompleteDescription(UnreadableDescription):
    """Recognised, but its end is not there (yet): more text could make it whole."""
