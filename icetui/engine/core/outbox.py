"""What the core wants done, in the order in which it is to be done.

What belongs here: the kinds of outputs. Whoever drains them sends, writes and asks.
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

from icetui.engine import stun
from icetui.engine.core.base import Address, Base
from icetui.engine.core.succession import Credentials
from icetui.events import Event, RenewalCause


class SendStun(NamedTuple):
    """A STUN message, from a base of ours."""

    base: Base
    to: Address
    message: stun.Message
    transmission: int = 1
    """1 for the first sending of a request, 2 for its first retransmission …"""
    pair: str | None = None
    """Id of the pair it belongs to."""


class SendData(NamedTuple):
    """Application data."""

    base: Base
    to: Address
    data: bytes


class Moment(NamedTuple):
    """A time by the core's clock inside an event; the shell says it in the stream's."""

    at: float
    digits: int = 6
    """Behind the decimal point."""


class Tell(NamedTuple):
    """An event; the shell stamps it."""

    kind: type[Event]
    fields: dict[str, Any]


class Prepare(NamedTuple):
    """Something will go to this peer: a relay asks for its permission at once."""

    base: Base
    peer: Address


class Prove(NamedTuple):
    """Nothing comes through it: a relay asks whether its allocation still lives."""

    base: Base


class SeenAs(NamedTuple):
    """A peer sees a base of ours at this address (RFC 8445 section 7.2.5.3.1)."""

    base: Base
    mapped: Address


class KnockedBy(NamedTuple):
    """A check keyed with our password came from another user fragment than the one we know: of
    whoever was given our description and has another one than we think."""

    ufrag: str


class Renewed(NamedTuple):
    """A generation with derived credentials has taken the place of the newest (`succession`)."""

    ours: Credentials
    theirs: Credentials
    cause: RenewalCause


Output = SendStun | SendData | Tell | Prepare | Prove | SeenAs | KnockedBy | Renewed


class Outbox:
    """Outputs that nobody has taken yet."""

    def __init__(self) -> None:
        self._waiting: deque[Output] = deque()

    def put(self, output: Output) -> None:
        self._waiting.append(output)

    def tell(self, kind: type[Event], /, **fields: Any) -> None:
        """An event with these fields."""
        self._waiting.append(Tell(kind, fields))

    def take(self) -> Output | None:
        """The next one, None: all are taken."""
        return self._waiting.popleft() if self._waiting else None
