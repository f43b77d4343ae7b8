"""Messages, texts, and what was refused or dropped."""

from __future__ import annotations

from typing import Literal

from icetui.events.codes import Count, DampedChange, Reason, RefusalKind, Seconds, StrangerKind
from icetui.events.event import Event
from icetui.events.parts import StunAttribute


class StunMessage(Event, frozen=True, kw_only=True):
    """A STUN message on the wire, decoded."""

    direction: Literal["in", "out"]
    local: str
    """`ip:port` of our end."""
    remote: str
    method: str
    message_class: Literal["request", "indication", "response", "error"]
    transaction: str
    """Transaction id, hex."""
    size: Count = 0
    attributes: tuple[StunAttribute, ...] = ()
    pair: str | None = None
    via: str | None = None
    """URI of the TURN server it went through, None when direct."""
    transmission: Count = 1
    """1 for the first sending of a request, 2 for its first retransmission …"""
    error: str | None = None
    """`401 Unauthenticated` for an error answer."""


class Refused(Event, frozen=True, kw_only=True):
    """A datagram we refused: wrong MESSAGE-INTEGRITY, wrong USERNAME, malformed, unknown source."""

    remote: str
    local: str
    reason: Reason
    detail: str
    kind: RefusalKind = "other"
    code: Count | None = None
    """ERROR-CODE it was answered with; None: it was not answered."""
    username: str | None = None
    """USERNAME that it named, where that was why."""
    attributes: tuple[Count, ...] = ()
    """Types of attributes that it wanted us to know."""
    count: Count = 1
    """How many of this kind from this source so far."""


class TextSent(Event, frozen=True, kw_only=True):
    id: Count
    text: str
    size: Count = 0


class TextEchoed(Event, frozen=True, kw_only=True):
    """The peer's icetui said it got text `id`; `seconds` is the round trip."""

    id: Count
    seconds: Seconds


class TextReceived(Event, frozen=True, kw_only=True):
    """Data from the peer, decoded as UTF-8 with replacement and cut at `MAX_TEXT_SHOWN`."""

    text: str
    size: Count = 0
    """Bytes on the wire, before the cut."""
    framed: bool = True
    """False: not from an icetui, a bare datagram."""


class StrangersCounted(Event, frozen=True, kw_only=True):
    """Datagrams that nobody can be held to, of which there were too many to look at, answer or show
    each one. News: the next of the kind says as much."""

    kind: StrangerKind
    count: Count
    """So far, in all."""


class ChangeDamped(Event, frozen=True, kw_only=True):
    """The other side changes our role or the path too often: for now it may not."""

    kind: DampedChange
    pause: Seconds
    """Between two changes, as things are."""


class DataDropped(Event, frozen=True, kw_only=True):
    """Application data not passed on: from no valid pair's address, or more than we can hold."""

    remote: str
    cause: str
    count: Count = 1


MAX_TEXT_SENT = 1200
"""Bytes of text in one message: one datagram that no path fragments."""
MAX_TEXT_SHOWN = 4096
"""Characters of a received text that travel in the stream."""
